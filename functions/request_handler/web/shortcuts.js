// Keys for practising, and the dialog that shows them and turns them off.

import { element } from "./dom.js";

const STORE = "choreo-shortcuts";

const KEYS = [
  [" ", "play", (practice) => practice.togglePlay()],
  ["ArrowLeft", "back-eight", (practice) => practice.stepEight(-1)],
  ["ArrowRight", "next-eight", (practice) => practice.stepEight(1)],
  ["p", "back-move", (practice) => practice.step(-1)],
  ["n", "next-move", (practice) => practice.step(1)],
  ["-", "slower", (practice) => practice.faster(-1)],
  ["+", "faster", (practice) => practice.faster(1)],
  ["0", "own-speed", (practice) => practice.setSpeed(100)],
  ["m", "mirror", (practice) => practice.toggleMirror()],
  ["l", "loop", (practice) => practice.nextLoop()],
  ["i", "count-in", (practice) => practice.toggleCountIn()],
  ["c", "clicks", (practice) => practice.toggleClicks()],
  ["s", "mute", (practice) => practice.toggleMute()],
  ["f", "full-screen", (practice) => practice.fullScreen()],
  ["?", "shortcuts", (practice) => practice.help.showModal()],
];

const SHOWN = { " ": "␣", ArrowLeft: "←", ArrowRight: "→" };

function allowed() {
  try {
    return localStorage.getItem(STORE) !== "off";
  } catch {
    return true;
  }
}

/** Let keys work while the page is there, except where they mean something else. */
export function shortcuts(practice, signal) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !allowed()) return;
    if (document.querySelector("dialog[open]")) return;
    const at = event.target.closest("input, textarea, select, button, a, summary, [role=slider]");
    const typing = at?.matches("textarea, select, input:not([type=range], [type=radio], [type=checkbox])");
    const moving = at?.matches("input") && event.key.startsWith("Arrow");
    if (typing || moving || (at && event.key === " ")) return;
    const found = KEYS.find(([key]) => key === event.key || key === event.key.toLowerCase());
    if (!found || !practice.player.video.src) return;
    event.preventDefault();
    found[2](practice);
  }, { signal });
}

/** The list of keys. */
export function helpDialog(t) {
  const onoff = element("input", { type: "checkbox", checked: allowed() });
  onoff.addEventListener("change", () => {
    try {
      localStorage.setItem(STORE, onoff.checked ? "on" : "off");
    } catch {
      // they stay on: nothing can be remembered
    }
  });
  return element(
    "dialog", { className: "help", "aria-labelledby": "help-title" },
    element("form", { method: "dialog" },
      element("h2", { id: "help-title" }, t("practice.shortcuts")),
      element("dl", {}, KEYS.map(([key, word]) => [element("dt", {}, element("kbd", {}, SHOWN[key] ?? key.toUpperCase())), element("dd", {}, t(`practice.${word}`))])),
      element("label", { className: "check" }, onoff, " ", t("practice.shortcuts-on")),
      element("p", { className: "actions" }, element("button", { className: "button" }, t("practice.close"))),
    ),
  );
}
