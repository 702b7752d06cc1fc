// Own media: files dropped here are sent one after the other, and taken in by the local stack.

import { button, element, link, sentence, setText, styles } from "./dom.js";
import { sentencesOf } from "./problems.js";
import { openBooks, spoken, told } from "./told.js";

export { words } from "./media_words.js";

const UPLOADS = "/api/library/uploads";
const POLL_MS = 1000;
const LONGEST_POLL_MS = 8000;
const SONGS = ["mp3", "wav", "ogg", "oga", "opus", "flac", "m4a", "aac"];
const CLIPS = ["mp4", "mov", "m4v", "webm", "mkv", "avi", "mpg", "mpeg", "mts", "m2ts", "ts", "3gp"];
const MOST_LINKS = 8;

/** What is still to be sent, or could not be: `{file, name, state, reason, lang}`. It outlives the view. */
const outbox = [];
let sender = null;
let changed = () => {};

const ending = (name) => name.slice(name.lastIndexOf(".") + 1).toLowerCase();

/** Show own media, or one song or clip of it: `#/media/song/ID`, `#/media/move/ID`. */
export async function render(view, context) {
  await Promise.all([styles("media"), openBooks()]);
  const [, kind, id] = /^(song|move)\/(.+)$/.exec(context.rest) ?? [];
  if (kind === "song") return (await import("./mend.js")).render(view, context, id);
  if (kind === "move") return (await import("./edit.js")).render(view, context, id);
  return files(view, context);
}

async function files(view, context) {
  const { t, call, signal, title } = context;
  title(t("media.title"));
  view.append(element("h1", { tabIndex: -1 }, t("media.title")));
  const options = await call("/api/options", { signal });
  const limit = options.limits.upload_bytes;
  if (!limit) {
    view.append(element("p", { className: "notice" }, t("media.only-local")));
    return;
  }
  const bar = element("progress", { max: 100, value: 0, "aria-label": t("media.progress"), hidden: true });
  const said = element("p", { className: "message", role: "status", id: "media-status" });
  const list = element("ul", { className: "files", id: "files" });
  const songs = element("ul", { className: "files", id: "media-songs" });
  const parts = { bar, said, list, songs, state: null, polling: false };
  const take = (found) => {
    context.hush();
    if (!found.length) return context.say(context.refusal(t("media.nothing")));
    enqueue(found, limit, t);
    changed();
    send(context.call);
    return watch(parts, context);
  };
  view.append(
    dropZone(take, context),
    element("section", { "aria-labelledby": "files-title" }, element("h2", { id: "files-title" }, t("media.files")), bar, said, list),
    element(
      "section", { "aria-labelledby": "songs-title" }, element("h2", { id: "songs-title" }, t("media.songs")), songs,
      element("p", { className: "actions" }, element("span", { className: "small" }, t("media.moves")), link(t("media.to-library"), "#/library")),
    ),
  );
  changed = () => show(parts, context);
  signal.addEventListener("abort", () => { changed = () => {}; });
  parts.state = await call("/api/library/ingest", { signal });
  changed();
  await listSongs(parts, context);
  if (parts.state.working || sender) watch(parts, context);
}

function dropZone(take, { t, signal }) {
  const picker = (more) => {
    const input = element("input", { type: "file", multiple: true, hidden: true, ...more });
    input.addEventListener("change", () => {
      take([...input.files].map((file) => ({ file, name: file.webkitRelativePath || file.name })));
      input.value = "";
    });
    return input;
  };
  const accept = [...SONGS, ...CLIPS].map((suffix) => `.${suffix}`).join(",");
  const some = picker({ accept, id: "choose" });
  const folder = picker({ webkitdirectory: true, id: "choose-folder" });
  const zone = element(
    "section", { className: "drop", "aria-label": t("media.drop") },
    element("p", { className: "call" }, t("media.drop")),
    element("p", { className: "small" }, t("media.drop-hint")),
    element("p", { className: "actions" }, some, folder, button(t("media.choose"), () => some.click(), { className: "button" }), button(t("media.choose-folder"), () => folder.click())),
  );
  // A file that misses the zone must not replace the page.
  for (const event of ["dragover", "drop"]) {
    window.addEventListener(event, (dragged) => {
      if ([...(dragged.dataTransfer?.types ?? [])].includes("Files")) dragged.preventDefault();
    }, { signal });
  }
  zone.addEventListener("dragover", () => zone.classList.add("over"));
  zone.addEventListener("dragleave", (event) => {
    if (!zone.contains(event.relatedTarget)) zone.classList.remove("over");
  });
  zone.addEventListener("drop", async (event) => {
    zone.classList.remove("over");
    take(await dropped(event.dataTransfer));
  });
  return zone;
}

/** Return what was dropped, folders opened: `{file, name}` each. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => ({ file, name: file.name }));
  return (await Promise.all(entries.map(opened))).flat();
}

async function opened(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => { entry.file(resolve, reject); });
    return [{ file, name: entry.fullPath.slice(1) || file.name }];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!some.length) return (await Promise.all(found.map(opened))).flat();
    found.push(...some);
  }
}

// Sending

function enqueue(found, limit, t) {
  for (const { file, name } of found) {
    const short = name.split("/").slice(-2).join("/");
    // What lies beside media in every folder is passed over, as long as a folder was given.
    const known = [...SONGS, ...CLIPS].includes(ending(name));
    if (file.name.startsWith(".") || (!known && name.includes("/"))) continue;
    const reason = !known ? t("media.not-media") : file.size > limit ? t("media.too-large", { limit: Math.floor(limit / 2 ** 20) }) : file.size === 0 ? t("media.empty") : "";
    const again = outbox.findIndex((item) => item.name === short && item.state === "failed");
    if (again >= 0) outbox.splice(again, 1);
    outbox.push({ file, name: short, state: reason ? "failed" : "queued", reason, final: Boolean(reason) });
  }
}

/** Send what waits, one file at a time; leaving the view does not stop it. */
function send(call) {
  sender ??= (async () => {
    for (;;) {
      const item = outbox.find((one) => one.state === "queued");
      if (!item) break;
      item.state = "sending";
      changed();
      try {
        await call(`${UPLOADS}?name=${encodeURIComponent(item.name)}`, {
          method: "POST",
          headers: { "Content-Type": "application/octet-stream" },
          body: item.file,
        });
        outbox.splice(outbox.indexOf(item), 1);
      } catch (error) {
        Object.assign(item, { state: "failed", error, final: error.status === 422 || error.status === 413 });
      }
      changed();
    }
    sender = null;
    changed();
  })();
}

window.addEventListener("beforeunload", (event) => {
  if (sender) event.preventDefault();
});

// Watching

async function watch(parts, context) {
  if (parts.polling) return;
  parts.polling = true;
  const { call, signal } = context;
  let pause = POLL_MS;
  let idle = 0;
  // An upload wakes the other process: what it says before it has looked is not the end.
  while (!signal.aborted && idle < 2) {
    try {
      parts.state = await call("/api/library/ingest", { signal });
      pause = POLL_MS;
      idle = sender || parts.state.working || parts.state.waiting ? 0 : idle + 1;
      if (parts.state.fault && !sender && !parts.state.working) idle = 2;
      changed();
    } catch (error) {
      if (signal.aborted) break;
      context.say(error);
      pause = Math.min(pause * 2, LONGEST_POLL_MS);
    }
    await new Promise((resolve) => { setTimeout(resolve, pause); });
  }
  parts.polling = false;
  if (!signal.aborted) await listSongs(parts, context).catch(context.say);
}

function show(parts, context) {
  const { t } = context;
  const { state, bar, said, list } = parts;
  const sending = outbox.find((item) => item.state === "sending");
  const busy = sending || state?.working;
  bar.hidden = !busy;
  if (state?.working && state.doing) bar.value = state.progress;
  else bar.removeAttribute("value");
  setText(said, status(state, sending, t));
  // The service may list what came before it has answered that it did.
  const twice = (file) => sending && file.state === "waiting" && file.file.endsWith(`/${sending.name}`);
  const known = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const rows = [
    ...outbox.map((item) => ({ key: `out ${item.name}`, text: JSON.stringify([item.name, item.state]), make: () => outboxRow(item, context) })),
    ...(state?.files ?? []).filter((file) => !twice(file)).map((file) => ({ key: file.file, text: JSON.stringify(file), make: () => fileRow(file, t) })),
  ].map(({ key, text, make }) => {
    const before = known.get(key);
    if (before?.dataset.text === text) return before; // what has not changed keeps its focus
    const row = make();
    Object.assign(row.dataset, { key, text });
    return row;
  });
  const nodes = rows.length ? rows : [element("li", { className: "small" }, t("media.none"))];
  if (nodes.length !== list.children.length || nodes.some((node, index) => node !== list.children[index])) list.replaceChildren(...nodes);
}

function status(state, sending, t) {
  if (sending) return t("media.sending", { name: sending.name });
  if (!state) return "";
  if (state.working) return `${t(state.doing === "ingesting" ? "media.ingesting" : "media.reading")} · ${state.progress} %`;
  if (state.fault) return t("media.fault", { fault: sentence(told(state.fault)[0]) });
  const count = (...states) => state.files.filter((file) => states.includes(file.state)).length;
  const refused = count("refused");
  const taken = count("made", "unchanged");
  if (!taken && !refused) return "";
  return [taken ? t("media.done", { n: taken }) : "", refused ? t("media.refused-count", { n: refused }) : ""].filter(Boolean).join(" ");
}

const row = (className, name, state, ...more) =>
  element("li", { className }, element("span", { className: "name" }, name), element("span", { className: "state" }, state), more);

function outboxRow(item, context) {
  const { t } = context;
  const again = () => {
    item.state = "queued";
    send(context.call);
    changed();
  };
  const error = item.error;
  return row(
    `out ${item.state}`, item.name, t(`media.state.${item.state}`),
    item.reason ? element("p", { className: "why" }, item.reason) : null,
    error ? sentencesOf(error).map(([text, lang]) => element("p", { className: "why", lang }, sentence(text))) : null,
    item.state === "failed" && !item.final ? button(t("media.again"), again) : null,
  );
}

function fileRow(file, t) {
  const links = file.ids.slice(0, MOST_LINKS).map((id) =>
    file.kind === "song"
      ? link(t("media.mend"), `#/media/song/${id}`, { "aria-label": t("media.mend-of", { title: id }) })
      : link(t("media.edit", { name: id }), `#/media/move/${id}`),
  );
  return row(
    file.state, file.file.replace(/^(songs|moves)\//, ""), t(`media.state.${file.state}`),
    [...(file.reason ? [file.reason] : []), ...file.warnings].map((text) => spoken("p", { className: "why" }, text)),
    links.length ? element("p", { className: "links" }, links) : null,
  );
}

async function listSongs(parts, { call, signal, t }) {
  const { songs } = await call("/api/songs", { signal });
  parts.songs.replaceChildren(
    ...songs.map((song) =>
      row(
        "", song.title, song.tempo === null ? t("media.not-analysed") : `${Math.round(song.tempo)} BPM${song.confidence < 0.5 ? ` · ${t("media.uncertain")}` : ""}`,
        song.tempo === null ? null : element("p", { className: "links" }, link(t("media.mend"), `#/media/song/${song.id}`, { "aria-label": t("media.mend-of", { title: song.title }) })),
      ),
    ),
  );
}
