// Two doors to a dance: a song of the library, or a sentence.

import { chips, clock, element, icon, setText } from "./dom.js";
import { preview, stopPreview } from "./preview.js";
import { openBooks, spoken } from "./told.js";
import { waveform } from "./waveform.js";

export { words } from "./make_words.js";

const WISHES = ["difficulty", "energy_level", "style"];
const DRAFT = "choreo-draft";
const BARS = 72;
const CARDS_AT_ONCE = 24;
/** Below this a search field is in the way. */
const SEARCH_FROM = 9;
const EXAMPLES = {
  en: ["A romantic bachata for beginners with smooth transitions", "Something playful and full of turns, more energy in the mambo"],
  es: ["Una bachata sensual y tranquila, con ondas y poco giro", "Bachata tradicional con mucha energía para bailar en una fiesta"],
};
const CALLS = { song: "/api/choreography/generate-from-song", sentence: "/api/choreography/generate-with-ai" };

/** What is chosen and typed; it outlives a reload, a lost connection and a change of language. */
function readDraft() {
  const empty = { door: "song", song: "", query: "", search: "", difficulty: "", energy_level: "", style: "" };
  try {
    return { ...empty, ...JSON.parse(sessionStorage.getItem(DRAFT) ?? "{}") };
  } catch {
    return empty;
  }
}

function keepDraft(draft) {
  try {
    sessionStorage.setItem(DRAFT, JSON.stringify(draft));
  } catch {
    // the browser keeps nothing; the fields themselves still do
  }
}

const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Show the two doors. */
export async function render(view, context) {
  const { t, call, signal, title } = context;
  title("");
  const draft = readDraft();
  const form = element("form", { noValidate: true, id: "make" }, element("h1", { tabIndex: -1 }, t("make.title")), doors(t, draft));
  view.append(form);
  signal.addEventListener("abort", stopPreview);
  const parts = { song: element("section", { id: "door-song", "aria-label": t("make.door.song") }), sentence: element("section", { id: "door-sentence", "aria-label": t("make.door.sentence") }) };
  const go = element("button", { className: "go", id: "go" }, t("make.go"));
  form.append(parts.song, parts.sentence, go);
  let loaded = false;
  const showDoor = () => {
    for (const [door, part] of Object.entries(parts)) part.hidden = door !== draft.door;
    go.disabled = draft.door === "song" && !loaded; // there is no song to send yet
  };
  showDoor();
  form.addEventListener("change", (event) => {
    const { name, value } = event.target;
    if (!(name in draft)) return;
    draft[name] = value;
    keepDraft(draft);
    if (name !== "door") return;
    showDoor();
    context.hush();
    stopPreview();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(draft, go, parts.sentence.querySelector("textarea"), context);
  });
  sentenceDoor(parts.sentence, draft, context);
  parts.song.append(element("p", { className: "small" }, t("make.loading")));
  const [{ songs }, options] = await Promise.all([call("/api/songs", { signal }), call("/api/options", { signal })]);
  if (songs.some((song) => !song.available)) await openBooks();
  if (signal.aborted) return;
  parts.sentence.dispatchEvent(new CustomEvent("limit", { detail: options.limits.query_characters }));
  songDoor(parts.song, songs, options, draft, context);
  loaded = true;
  showDoor();
  import("./task.js"); // what comes next is there when the connection is lost meanwhile
  if (!options.moves) context.say(context.refusal(t("make.no-moves")));
}

function doors(t, draft) {
  return element(
    "div", { className: "doors", role: "radiogroup", "aria-label": t("make.doors") },
    ["song", "sentence"].map((door) =>
      element(
        "label", {},
        element("input", { type: "radio", name: "door", value: door, checked: draft.door === door }),
        element("span", {}, t(`make.door.${door}`)),
      ),
    ),
  );
}

// The door of songs

function songDoor(part, songs, options, draft, { t }) {
  const available = songs.filter((song) => song.available);
  if (!available.some((song) => song.id === draft.song)) draft.song = available[0]?.id ?? "";
  const list = element("ul", { className: "songs", id: "songs" });
  const found = element("p", { className: "small found", role: "status" });
  const more = element("button", { type: "button", className: "button quiet", hidden: true }, t("make.more"));
  let shown = CARDS_AT_ONCE;
  const fill = () => {
    const wanted = folded(draft.search.trim());
    const matching = songs.filter((song) => folded(`${song.title} ${song.artist}`).includes(wanted));
    list.replaceChildren(...matching.slice(0, shown).map((song) => songCard(song, draft, t)));
    setText(found, songs.length >= SEARCH_FROM ? t("make.songs", { n: matching.length }) : "");
    more.hidden = matching.length <= shown;
  };
  more.addEventListener("click", () => {
    const first = shown;
    shown += CARDS_AT_ONCE;
    fill();
    list.children[first]?.querySelector("input").focus();
  });
  const search = element("input", { type: "search", id: "search", value: draft.search, "aria-label": t("make.search"), placeholder: t("make.search"), autocomplete: "off" });
  search.addEventListener("input", () => {
    draft.search = search.value;
    shown = CARDS_AT_ONCE;
    keepDraft(draft);
    fill();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // looking for a song is not sending the form
  });
  if (songs.length < SEARCH_FROM) draft.search = "";
  fill();
  part.replaceChildren(
    ...(songs.length >= SEARCH_FROM ? [element("div", { className: "search" }, search, found)] : []),
    songs.length
      ? element("fieldset", { className: "plain" }, element("legend", {}, t("make.song")), list, more)
      : element("p", { className: "notice" }, t("make.no-songs")),
    wishes(options, draft, t),
  );
}

function songCard(song, draft, t) {
  const facts = [clock(song.duration), song.tempo ? `${Math.round(song.tempo)} BPM` : t("make.not-analysed")];
  if (song.confidence !== null && song.confidence < 0.5) facts.push(t("make.uncertain"));
  const labels = [...new Set(song.sections.map((section) => section.label))];
  const card = element(
    "label", {},
    element("input", { type: "radio", name: "song", value: song.id, checked: song.id === draft.song, disabled: !song.available }),
    element("span", { className: "title" }, song.title),
    element("span", { className: "artist" }, song.artist || "\u00a0"),
    song.peaks.length ? waveform(song, BARS) : null,
    labels.length
      ? element("span", { className: "sections" }, labels.map((label) => element("span", { className: `section-${label}` }, t(`section.${label}`))))
      : null,
    element("span", { className: "facts" }, facts.join(" · "), ...(song.available ? [] : [" · ", spoken("span", {}, song.unavailable_because)])),
  );
  const item = element("li", {}, card);
  if (song.available) {
    const listen = element("button", { type: "button", className: "preview", "aria-pressed": "false", "aria-label": t("make.listen", { title: song.title }) }, icon("play"));
    listen.addEventListener("click", () => preview(song, listen));
    item.append(listen);
  }
  return item;
}

// The wishes: only what the library has is offered, given what else is wished for

function wishes(options, draft, t) {
  const box = element("div", { className: "wishes", id: "wishes" });
  const ranks = new Map(options.difficulty.map((choice, rank) => [choice.value, rank]));
  const count = (wanted) =>
    options.combinations
      .filter((found) =>
        WISHES.every((name) => !wanted[name] || (name === "difficulty" ? ranks.get(found.difficulty) <= ranks.get(wanted.difficulty) : found[name] === wanted[name])),
      )
      .reduce((sum, found) => sum + found.moves, 0);
  const fieldset = (name) => {
    const held = options[name].filter((choice) => choice.moves > 0);
    if (!held.some((choice) => choice.value === draft[name])) draft[name] = "";
    const choices = held.map((choice) => {
      const moves = count({ ...draft, [name]: choice.value });
      return { value: choice.value, text: t(`${name}.${choice.value}`, {}, choice.label), disabled: moves === 0 && draft[name] !== choice.value, title: t("moves", { n: moves }) };
    });
    return chips(t(`make.${name}`), name, [{ value: "", text: t(`make.any.${name}`) }, ...choices], draft[name]);
  };
  const fill = () => box.replaceChildren(...WISHES.map(fieldset));
  box.addEventListener("change", (event) => {
    const { name, value } = event.target;
    draft[name] = value;
    fill();
    box.querySelector(`input[name="${name}"]:checked`).focus();
  });
  fill();
  return box;
}

// The door of sentences

function sentenceDoor(part, draft, { t, language }) {
  let limit = 2000;
  const query = element("textarea", { id: "query", name: "query", rows: 4, value: draft.query, "aria-describedby": "query-count" });
  const left = element("p", { className: "small count", id: "query-count", role: "status" });
  const changed = () => {
    draft.query = query.value;
    keepDraft(draft);
    const room = limit - [...query.value].length;
    setText(left, room < 0 ? t("make.too-long", { n: -room }) : room < 200 ? t("make.left", { n: room }) : "");
  };
  query.addEventListener("input", changed);
  part.addEventListener("limit", (event) => {
    limit = event.detail;
    changed();
  });
  const order = language === "es" ? ["es", "en"] : ["en", "es"];
  const examples = order.flatMap((lang) =>
    EXAMPLES[lang].map((text) => {
      const use = () => {
        query.value = text;
        changed();
        query.focus();
      };
      return element("li", { lang }, element("button", { type: "button", onclick: use }, text));
    }),
  );
  part.append(
    element("label", { className: "field", htmlFor: "query" }, t("make.query")),
    query, left,
    element("p", { className: "small", id: "examples-label" }, t("make.examples")),
    element("ul", { className: "examples", "aria-labelledby": "examples-label" }, examples),
  );
}

async function send(draft, go, query, { t, post, say, hush, refusal, signal }) {
  hush();
  stopPreview();
  const fromSong = draft.door === "song";
  if (fromSong && !draft.song) return say(refusal(t("make.pick-first")));
  if (!fromSong && !draft.query.trim()) {
    query.focus();
    return say(refusal(t("make.describe-first")));
  }
  const body = fromSong
    ? { song_id: draft.song, ...Object.fromEntries(WISHES.map((name) => [name, draft[name] || null])) }
    : { query: draft.query };
  go.disabled = true;
  try {
    const task = await post(CALLS[draft.door], body);
    if (!signal.aborted) location.hash = `#/task/${task.task_id}`;
  } catch (error) {
    say(error);
  } finally {
    go.disabled = false;
  }
  return undefined;
}
