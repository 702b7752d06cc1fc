// Mending the "1" of a song: by tapping along, or by moving it.

import { Clicks } from "./clicks.js";
import { button, clock, element, link, setText, svg } from "./dom.js";
import { lastAt } from "./moments.js";
import { waveform } from "./waveform.js";

const BARS = 200;
const COUNTS = ["1", "2", "3", "tap", "5", "6", "7", "tap"];
const SHIFTS = [-2, -1, 1, 2, 4];
/** A tap belongs to what was heard a moment before: a hand is not earlier than the ear. */
const NEAREST_TAPS = 0.25;

/** The count of a song, as `Clicks` asks for it. */
class Count {
  constructor({ beats, eight_counts }, end) {
    this.beats = beats;
    this.ones = eight_counts.map((one) => lastAt(beats, one + 0.001));
    this.end = end;
    this.speed = 1;
  }

  toTimeline(second) {
    return second;
  }

  firstBeatFrom(second) {
    return lastAt(this.beats, second - 0.001) + 1;
  }

  /** 0 for the "1" to 7; before the first "1" it is counted backwards. */
  countOf(beat) {
    if (beat < 0 || !this.ones.length) return -1;
    const one = this.ones[Math.max(0, lastAt(this.ones, beat))];
    return (((beat - one) % 8) + 8) % 8;
  }
}

/** Show the song whose id is `id`. */
export async function render(view, context, id) {
  const { t, call, signal, title } = context;
  const heading = element("h1", { tabIndex: -1 }, t("mend.title"));
  view.append(heading, element("p", {}, link(t("media.back"), "#/media")));
  const address = `/api/songs/${encodeURIComponent(id)}/counts`;
  const [{ songs }, counts] = await Promise.all([call("/api/songs", { signal }), call(address, { signal })]);
  const song = songs.find((one) => one.id === id);
  if (!song) return context.say(context.refusal(t("mend.missing")));
  title(`${t("mend.title")} ${song.title}`);
  const audio = element("audio", { controls: true, preload: "auto", src: song.audio_url, "aria-label": t("mend.song"), id: "mend-song" });
  const desk = { id, address, song, audio, counts, taps: [], undo: [], busy: false };
  const player = { video: audio, moments: new Count(counts, song.duration) };
  const clicks = new Clicks(player, signal);
  const parts = layout(desk, clicks, context);
  view.append(...parts.nodes);
  const redraw = () => {
    player.moments = new Count(desk.counts, song.duration);
    clicks.stop();
    draw(desk, parts, t);
  };
  Object.assign(desk, { redraw, parts, player, hush: context.hush, taps: remembered(id) });
  redraw();
  follow(desk, signal);
  keys(desk, context);
  signal.addEventListener("abort", () => audio.pause());
  return undefined;
}

// What is tapped outlives a change of language, which shows the view anew

const STORE = "choreo-taps";

function remembered(id) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(STORE) ?? "{}");
    return kept.id === id ? kept.taps : [];
  } catch {
    return [];
  }
}

function keep(desk) {
  try {
    sessionStorage.setItem(STORE, JSON.stringify({ id: desk.id, taps: desk.taps }));
  } catch {
    // the taps are on the page until it is left
  }
}

function layout(desk, clicks, context) {
  const { t } = context;
  const dots = element("ol", { className: "counts", "aria-hidden": "true" }, COUNTS.map((count) => element("li", { className: count === "tap" ? "tap" : "" }, count === "tap" ? t("count.tap") : count)));
  const marks = svg("path", { class: "ones" });
  const taps = svg("path", { class: "taps" });
  const head = svg("path", { class: "head" });
  const wave = desk.song.peaks.length ? waveform(desk.song, BARS) : svg("svg", { class: "wave", viewBox: `0 0 ${BARS * 4} 40`, preserveAspectRatio: "none", "aria-hidden": "true" });
  wave.append(marks, taps, head);
  const who = element("p", { className: "small", id: "mend-who" });
  const tap = element("button", { type: "button", className: "tap-one", "aria-label": t("mend.tap-name"), "aria-keyshortcuts": "Space" }, t("mend.tap"));
  // The moment of the press counts; a click without one comes from a screen reader or from Enter.
  tap.addEventListener("pointerdown", (event) => {
    if (event.button === 0) tapNow(desk);
  });
  tap.addEventListener("click", (event) => {
    if (event.detail === 0) tapNow(desk);
  });
  const told = element("p", { role: "status", id: "mend-taps" });
  const untap = button(t("mend.untap"), () => takeBack(desk));
  const clear = button(t("mend.clear"), () => setTaps(desk, []));
  const save = button(t("mend.save"), () => saveTaps(desk, context), { className: "button", id: "mend-save" });
  const shifts = SHIFTS.map((shift) => button(t(`mend.shift.${shift}`), () => correct(desk, { shift }, context), { "data-shift": shift }));
  const undo = button(t("mend.undo"), () => undoLast(desk, context), { id: "mend-undo" });
  const heard = button(t("mend.heard"), () => correct(desk, { heard: true }, context), { id: "mend-heard" });
  const status = element("p", { className: "message", role: "status", id: "mend-status" });
  const hear = element("label", { className: "hear" }, element("input", { type: "checkbox", onchange: (event) => clicks.turn(event.target.checked) }), " ", t("mend.clicks"));
  return {
    dots, marks, taps, head, who, told, untap, clear, save, shifts, undo, heard, status,
    nodes: [
      element("h2", { className: "song" }, desk.song.title),
      element("p", {}, t("mend.how")),
      desk.audio, wave,
      element("section", { className: "now", "aria-label": t("mend.now") }, dots, hear), who,
      element("div", { className: "tapping" }, tap, element("div", {}, told, element("p", { className: "actions" }, save, untap, clear))),
      element("p", { className: "small" }, t("mend.keys")),
      element("fieldset", { className: "shifts" }, element("legend", {}, t("mend.shift")), element("p", { className: "actions" }, shifts)),
      element("p", { className: "actions" }, undo, heard), status,
    ],
  };
}

const x = (desk, second) => ((second / desk.song.duration) * BARS * 4).toFixed(2);

function draw(desk, parts, t) {
  const { counts, taps } = desk;
  const lines = (seconds, top, bottom) => seconds.map((second) => `M${x(desk, second)} ${top}V${bottom}`).join("");
  parts.marks.setAttribute("d", lines(counts.eight_counts, 0, 40));
  parts.taps.setAttribute("d", lines(taps, 0, 16));
  setText(parts.who, counts.corrected_by_person ? t("mend.by-you") : t("mend.by-ear", { confidence: Math.round(100 * counts.confidence) }));
  setText(parts.told, taps.length ? t("mend.taps", { n: taps.length }) : t("mend.too-few"));
  parts.untap.disabled = parts.clear.disabled = !taps.length;
  parts.save.disabled = desk.busy;
  parts.undo.disabled = desk.busy || !desk.undo.length;
  parts.heard.disabled = desk.busy || !counts.can_go_back;
  for (const shift of parts.shifts) shift.disabled = desk.busy;
}

function follow(desk, signal) {
  const { audio, parts, player } = desk;
  let lit = -1;
  const look = () => {
    if (signal.aborted) return;
    const second = audio.currentTime;
    const now = player.moments.countOf(lastAt(player.moments.beats, second));
    if (now !== lit) {
      parts.dots.children[lit]?.classList.remove("on");
      parts.dots.children[now]?.classList.add("on");
      lit = now;
    }
    parts.head.setAttribute("d", `M${x(desk, second)} 0V40`);
    requestAnimationFrame(look);
  };
  look();
}

function setTaps(desk, taps) {
  desk.taps = taps;
  keep(desk);
  desk.redraw();
}

function tapNow(desk) {
  const now = desk.audio.currentTime;
  // Who winds back and taps again means the new one.
  const others = desk.taps.filter((tap) => Math.abs(tap - now) > NEAREST_TAPS);
  desk.hush();
  setTaps(desk, [...others, Number(now.toFixed(3))].sort((a, b) => a - b));
  desk.last = now;
}

function takeBack(desk) {
  const last = desk.taps.reduce((best, tap) => (Math.abs(tap - desk.last) < Math.abs(best - desk.last) ? tap : best), desk.taps.at(-1));
  setTaps(desk, desk.taps.filter((tap) => tap !== last));
}

function keys(desk, { signal }) {
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    const own = target.closest?.("a, button:not(.tap-one), input, audio, select, textarea, dialog");
    if (event.ctrlKey || event.metaKey || event.altKey || own) return;
    if (event.key === " ") {
      event.preventDefault(); // neither a scroll nor a second press of the button
      if (!event.repeat) tapNow(desk);
    } else if (event.key === "Backspace" && desk.taps.length) takeBack(desk);
    else if (event.key.toLowerCase() === "p") {
      if (desk.audio.paused) desk.audio.play();
      else desk.audio.pause();
    }
  }, { signal });
}

// Keeping it

async function saveTaps(desk, context) {
  const { t } = context;
  context.hush();
  if (desk.taps.length < 2) return context.say(context.refusal(t("mend.too-few")));
  if (await correct(desk, { taps: desk.taps }, context)) setTaps(desk, []);
  return undefined;
}

async function correct(desk, body, context, { isUndo = false } = {}) {
  const { t, post, call, signal } = context;
  const before = desk.counts;
  context.hush();
  desk.busy = true;
  desk.redraw();
  setText(desk.parts.status, t("mend.saving"));
  try {
    desk.counts = await post(desk.address, { ...body, version: before.version });
    if (!isUndo) desk.undo.push(wayBack(body, before));
    const second = desk.counts.eight_counts[0] ?? 0;
    setText(desk.parts.status, t("mend.saved", { second: clock(second) === "0:00" ? second.toFixed(2) : second.toFixed(1) }));
    return true;
  } catch (error) {
    setText(desk.parts.status, "");
    if (error.status === 409) {
      desk.undo = [];
      desk.counts = await call(desk.address, { signal });
    }
    context.say(error);
    return false;
  } finally {
    desk.busy = false;
    if (!signal.aborted) desk.redraw();
  }
}

/** What takes a correction back. */
function wayBack(body, before) {
  if (body.shift) return { shift: body.shift === 4 ? 4 : -body.shift };
  return before.can_go_back ? { taps: before.eight_counts } : { heard: true };
}

async function undoLast(desk, context) {
  const back = desk.undo.at(-1);
  if (back && (await correct(desk, back, context, { isUndo: true }))) {
    desk.undo.pop();
    desk.redraw();
  }
}
