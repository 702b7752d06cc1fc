// The way from an address to a view: #/ #/task/ID #/library #/media #/class #/cues/ID.

import { call, post } from "./api.js";
import { rememberDance } from "./dances.js";
import { element } from "./dom.js";
import { refusal, Refused } from "./problems.js";
import { byId, hush, openDialog, say } from "./shell.js";
import { words } from "./shell_words.js";
import { addWords, chooseLanguage, language, t, translate } from "./words.js";

/** Each view is a module with `words` and `render(element, context)`; it is loaded when it is first shown. */
const VIEWS = {
  "": () => import("./make.js"),
  task: () => import("./task.js"),
  library: () => import("./library.js"),
  media: () => import("./media.js"),
  class: () => import("./classes.js"),
  cues: () => import("./cues.js"),
};

let leave = new AbortController();

/** Return the view and the rest of the address: `#/task/ab12` is `["task", "ab12"]`. */
function place() {
  const old = /^#task=(.+)/.exec(location.hash);
  if (old) location.replace(`#/task/${old[1]}`);
  const [, view = "", ...rest] = location.hash.slice(1).split("/");
  return [view in VIEWS ? view : "", rest.map(decodeURIComponent).join("/")];
}

/** What a view may use of the page. */
function contextOf(rest, signal) {
  return { rest, signal, language: language(), t, call, post, say, hush, refusal, Refused, openDialog, title };
}

function title(text) {
  document.title = text ? `${text} · Choreo` : "Choreo";
}

function showPlace(view) {
  for (const link of document.querySelectorAll(".nav a")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

async function show({ takeFocus }) {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  hush();
  const [view, rest] = place();
  showPlace(view);
  if (view === "task" && rest) rememberDance(rest);
  title("");
  const box = element("div", { className: `view ${view || "make"}` });
  try {
    const module = await VIEWS[view]();
    if (signal.aborted) return;
    addWords(module.words);
    byId("view").replaceChildren(box);
    await module.render(box, contextOf(rest, signal));
  } catch (error) {
    if (signal.aborted) return;
    // A module that does not arrive is a TypeError, as a lost connection is.
    say(error instanceof Refused ? error : refusal(t("shell.missing")));
    if (!(error instanceof Refused)) throw error;
    return;
  }
  if (signal.aborted || !takeFocus) return;
  window.scrollTo(0, 0);
  box.querySelector("h1")?.focus({ preventScroll: true });
}

/** Put the frame into the reader's language, and mark which one it is. */
function dress() {
  translate(document);
  for (const choice of document.querySelectorAll(".languages button")) {
    choice.setAttribute("aria-pressed", String(choice.lang === language()));
  }
}

for (const choice of document.querySelectorAll(".languages button")) {
  choice.addEventListener("click", () => {
    chooseLanguage(choice.lang);
    dress();
    show({ takeFocus: false });
  });
}

addWords(words);
dress();
window.addEventListener("hashchange", () => show({ takeFocus: true }));
show({ takeFocus: false });
