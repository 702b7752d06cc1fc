// Fifteen seconds of a song, from where it is fullest.

import { icon } from "./dom.js";

const SECONDS = 15;

const listener = new Audio();
listener.preload = "none";
let pressed = null;
let end = 0;

/** Stop what is heard. */
export function stopPreview() {
  listener.pause();
  pressed?.setAttribute("aria-pressed", "false");
  if (pressed) pressed.replaceChildren(icon("play"));
  pressed = null;
}

/** Play the song's chorus, or what stands a quarter into it; pressing again stops it. */
export function preview(song, button) {
  const again = pressed === button;
  stopPreview();
  if (again) return;
  const chorus = song.sections.find((section) => section.label === "chorus");
  const start = Math.min(chorus ? chorus.start : song.duration / 4, Math.max(0, song.duration - SECONDS));
  listener.src = `${song.audio_url}#t=${start}`;
  end = start + SECONDS;
  pressed = button;
  button.setAttribute("aria-pressed", "true");
  button.replaceChildren(icon("pause"));
  listener.play().catch(() => {
    if (pressed === button) stopPreview();
  });
}

listener.addEventListener("timeupdate", () => {
  if (listener.currentTime >= end) stopPreview();
});
listener.addEventListener("ended", stopPreview);
