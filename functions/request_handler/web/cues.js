// The cue sheet of one dance for print, in the reader's language: `#/cues/ID`.

import { TASKS } from "./api.js";
import { button, element, link, styles } from "./dom.js";
import { Moments } from "./moments.js";
import { nameOf } from "./player.js";
import { openBooks, spoken } from "./told.js";

const en = {
  "cues.title": "Cue sheet", "cues.print": "Print", "cues.back": "Back to the dance",
  "cues.time": "Time", "cues.eight": "Eight", "cues.counts": "Counts", "cues.move": "Move", "cues.why": "Why",
};

const es = {
  "cues.title": "Hoja de pasos", "cues.print": "Imprimir", "cues.back": "Volver al baile",
  "cues.time": "Minuto", "cues.eight": "Ocho", "cues.counts": "Tiempos", "cues.move": "Paso", "cues.why": "Por qué",
};

export const words = { en, es };

const COLUMNS = ["time", "eight", "counts", "move", "why"];

/** Show the sheet of the dance whose id is `context.rest`; a shared link has its ticket behind a `?`. */
export async function render(view, context) {
  const { t, call, signal, title, rest, language } = context;
  const [id, query = ""] = rest.split("?");
  const read = (part) => call(`${TASKS}${encodeURIComponent(id)}/${part}${query && `?${query}`}`, { signal });
  const heading = element("h1", { tabIndex: -1 }, t("cues.title"));
  view.append(heading);
  const [plan, board] = await Promise.all([read("blueprint"), read("storyboard"), openBooks(), styles("cues")]);
  if (board.title) heading.textContent = board.title;
  title(`${t("cues.title")} · ${board.title}`);
  const tempi = [plan.audio_tempo, ...(plan.medley ?? []).map((song) => song.audio_tempo)].map((tempo) => Math.round(tempo));
  const facts = [board.artist, t("moves", { n: plan.moves.length }), clock(plan.total_duration, language), `${[...new Set(tempi)].join(", ")} BPM`, t(`difficulty.${plan.difficulty_level}`)];
  const moments = new Moments(plan);
  view.append(
    element("p", { className: "small" }, facts.filter(Boolean).join(" · ")),
    element("p", { className: "actions no-print" }, button(t("cues.print"), () => window.print(), { className: "button" }), link(t("cues.back"), `#/task/${rest}`)),
    element(
      "table", {},
      element("thead", {}, element("tr", {}, COLUMNS.map((name) => element("th", { scope: "col" }, t(`cues.${name}`))))),
      element("tbody", {}, plan.moves.map((move) =>
        element(
          "tr", {},
          element("td", {}, clock(move.start_time, language)), element("td", {}, place(move, moments)),
          element("td", {}, move.counts ? String(move.counts) : ""), element("th", { scope: "row" }, nameOf(move)),
          element("td", {}, move.why ? spoken("span", {}, move.why) : ""),
        ),
      )),
    ),
  );
}

/** Minutes, seconds and tenths: `2:07.4`, in Spanish `2:07,4`. */
function clock(seconds, language) {
  const tenths = Math.round(10 * seconds);
  const within = new Intl.NumberFormat(language, { minimumIntegerDigits: 2, minimumFractionDigits: 1 }).format((tenths % 600) / 10);
  return `${Math.floor(tenths / 600)}:${within}`;
}

/** The eight and the count in it that a move starts on: `3 · 1`; nothing before the first 1. */
function place(move, moments) {
  const count = moments.countOf(move.count_start ?? -1);
  return count < 0 ? "" : `${moments.ones.filter((one) => one <= move.count_start).length} · ${count + 1}`;
}
