// The page: two doors to a dance, its progress, and the video with its counts.
// No framework, no build step. All text from outside is set as text, never as markup.

const COUNT_WORDS = ["1", "2", "3", "tap", "5", "6", "7", "tap"];
const STAGES = [
  ["queued", "Waiting"],
  ["analysing", "Listening"],
  ["searching", "Finding moves"],
  ["sequencing", "Putting them in order"],
  ["rendering", "Making the video"],
  ["uploading", "Saving"],
];
const WISHES = [
  ["difficulty", "Difficulty", "Any level"],
  ["energy_level", "Energy", "Any energy"],
  ["style", "Style", "Any style"],
];
const POLL_MS = 1000;
const LONGEST_POLL_MS = 8000;
const PREVIEW_SECONDS = 15;
const TASKS = "/api/choreography/tasks/";

const byId = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const clock = (seconds) => {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

// Talking to the service

class Refused extends Error {
  constructor(problem, status) {
    super(problem.detail || `The service answered with status ${status}.`);
    this.status = status;
    this.faults = problem.errors || [];
  }
}

const TOKEN = "choreo-token";
let asking = null;

/** Ask for a token, once however many calls wait for it; it stays in this tab only. */
function askForToken(wasWrong) {
  asking ??= new Promise((resolve) => {
    const box = byId("token-box");
    setText(byId("token-note"), wasWrong ? "This token is not known here. Please try another one." : "This service asks for a token. Whoever runs it can give you one.");
    box.returnValue = "";
    byId("token").value = "";
    box.showModal();
    box.addEventListener("close", () => {
      const token = box.returnValue ? byId("token").value.trim() : "";
      if (token) sessionStorage.setItem(TOKEN, token);
      asking = null;
      resolve(Boolean(token));
    }, { once: true });
  });
  return asking;
}

async function call(path, options = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  const reply = await fetch(path, { ...options, headers });
  if (reply.status === 401) {
    const newer = sessionStorage.getItem(TOKEN) !== token;
    if (newer || (await askForToken(Boolean(token)))) return call(path, options);
  }
  const body = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Refused(body, reply.status);
  return body;
}

function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

function say(error) {
  const lost = "The connection was lost. Nothing you entered is gone; please try again.";
  const text = error instanceof Refused ? error.message : lost;
  const faults = error.faults || [];
  byId("alert").replaceChildren(
    ...(faults.length > 1
      ? [element("ul", {}, ...faults.map((f) => element("li", {}, `${f.field} ${f.message}`)))]
      : [element("p", {}, sentence(text))]),
  );
  byId("alert").scrollIntoView({ block: "nearest" });
}

const hush = () => byId("alert").replaceChildren();

// The two doors

const listener = new Audio();
listener.preload = "none";
let previewed = null;
let previewEnd = 0;

function stopPreview() {
  listener.pause();
  previewed?.setAttribute("aria-pressed", "false");
  if (previewed) previewed.textContent = "▶";
  previewed = null;
}

function startPreview(song, button) {
  const again = previewed === button;
  stopPreview();
  if (again) return;
  const chorus = song.sections.find((section) => section.label === "chorus");
  const start = Math.min(chorus ? chorus.start : song.duration / 4, Math.max(0, song.duration - PREVIEW_SECONDS));
  listener.src = `${song.audio_url}#t=${start}`;
  previewEnd = start + PREVIEW_SECONDS;
  previewed = button;
  button.setAttribute("aria-pressed", "true");
  button.textContent = "❚❚";
  listener.play().catch(() => {
    if (previewed === button) stopPreview();
  });
}

listener.addEventListener("timeupdate", () => {
  if (listener.currentTime >= previewEnd) stopPreview();
});
listener.addEventListener("ended", stopPreview);

const SVG = "http://www.w3.org/2000/svg";
const WAVE_BARS = 72;

function waveform(song) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WAVE_BARS * 4} 40`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (let bar = 0; bar < WAVE_BARS; bar += 1) {
    const from = Math.floor((bar * song.peaks.length) / WAVE_BARS);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * song.peaks.length) / WAVE_BARS));
    const height = Math.max(2, 38 * Math.max(...song.peaks.slice(from, to)));
    const second = ((bar + 0.5) / WAVE_BARS) * song.duration;
    const section = song.sections.find((part) => part.start <= second && second < part.end);
    const line = document.createElementNS(SVG, "rect");
    const place = { x: bar * 4, y: 20 - height / 2, width: 2.6, height, rx: 1.3, opacity: 0.3 + 0.7 * (section?.energy ?? 0.5) };
    for (const [name, value] of Object.entries(place)) line.setAttribute(name, value);
    svg.append(line);
  }
  return svg;
}

function songCard(song, chosen) {
  const facts = [clock(song.duration)];
  if (song.tempo) facts.push(`${Math.round(song.tempo)} BPM`);
  if (song.confidence !== null && song.confidence < 0.5) facts.push("counts uncertain");
  if (!song.available) facts.push(song.unavailable_because);
  const radio = element("input", { type: "radio", name: "song", value: song.id, checked: chosen, disabled: !song.available });
  const label = element(
    "label", {}, radio,
    element("span", { className: "title" }, song.title),
    element("span", { className: "artist" }, song.artist || "\u00a0"),
    ...(song.peaks.length ? [waveform(song)] : []),
    element("span", { className: "facts" }, facts.join(" · ")),
  );
  const item = element("li", {}, label);
  if (song.available) {
    const button = element("button", { type: "button", className: "preview", "aria-pressed": "false", "aria-label": `Listen to ${song.title}` }, "▶");
    button.addEventListener("click", () => startPreview(song, button));
    item.append(button);
  }
  return item;
}

function chip(name, value, text, more = {}) {
  return element("label", {}, element("input", { type: "radio", name, value, ...more }), element("span", {}, text));
}

function wishes(options) {
  return WISHES.map(([name, title, any]) =>
    element(
      "fieldset", {}, element("legend", {}, title),
      element(
        "div", { className: "chips" },
        chip(name, "", any, { checked: true }),
        ...options[name].map((choice) =>
          chip(name, choice.value, choice.label, { disabled: choice.moves === 0, title: `${choice.moves} moves in the library` }),
        ),
      ),
    ),
  );
}

let limit = 2000;

async function openDoors() {
  byId("make").hidden = false;
  byId("watch").hidden = true;
  document.title = "Choreo";
  showDoor();
  if (byId("songs").childElementCount) return;
  try {
    const [{ songs }, options] = await Promise.all([call("/api/songs"), call("/api/options")]);
    limit = options.limits.query_characters;
    const first = songs.find((song) => song.available);
    byId("songs").replaceChildren(...songs.map((song) => songCard(song, song === first)));
    byId("wishes").replaceChildren(...wishes(options));
    if (!songs.length) {
      byId("songs").replaceChildren(element("li", { className: "notice" }, "There are no songs yet. Add yours with “choreo ingest --songs FOLDER --moves FOLDER”, then load this page again."));
    }
    if (!options.moves) say(new Refused({ detail: "The library has no moves yet, so no dance can be made. Add clips with “choreo ingest”." }));
  } catch (error) {
    say(error);
  }
}

const form = byId("make");

// Browsers restore the chosen door when a page is loaded again.
function showDoor() {
  const door = new FormData(form).get("door");
  byId("door-song").hidden = door !== "song";
  byId("door-sentence").hidden = door !== "sentence";
}

form.addEventListener("change", (event) => {
  if (event.target.name !== "door") return;
  showDoor();
  hush();
  stopPreview();
});

byId("query").addEventListener("input", () => {
  const left = limit - [...byId("query").value].length;
  byId("query-count").textContent = left < 200 ? `${left} characters left` : "";
});

for (const button of document.querySelectorAll(".examples button")) {
  button.addEventListener("click", () => {
    byId("query").value = button.textContent;
    byId("query").focus();
  });
}

// One key per distinct request: a double click or a retry after a lost answer makes one task.
let lastRequest = { text: "", key: "" };

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  hush();
  stopPreview();
  const answers = new FormData(form);
  const fromSong = answers.get("door") === "song";
  const body = fromSong ? { song_id: answers.get("song") } : { query: byId("query").value };
  if (fromSong) for (const [name] of WISHES) body[name] = answers.get(name) || null;
  if (fromSong && !body.song_id) return say(new Refused({ detail: "Pick a song first." }));
  if (!fromSong && !body.query.trim()) {
    byId("query").focus();
    return say(new Refused({ detail: "Describe the dance in a sentence first, or use an example." }));
  }
  const text = JSON.stringify(body);
  if (lastRequest.text !== text) lastRequest = { text, key: randomKey() };
  byId("go").disabled = true;
  try {
    const task = await call(fromSong ? "/api/choreography/generate-from-song" : "/api/choreography/generate-with-ai", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": lastRequest.key },
      body: text,
    });
    lastRequest = { text: "", key: "" };
    location.hash = `task=${task.task_id}`;
  } catch (error) {
    say(error);
  } finally {
    byId("go").disabled = false;
  }
});

// Waiting and watching

const video = byId("video");
let current = null;

function action(text, handler) {
  const button = element("button", { type: "button", className: "button quiet" }, text);
  button.addEventListener("click", () => handler(button));
  return button;
}

const link = (text, href, more = {}) => element("a", { className: "button quiet", href, ...more }, text);

function copyLink(button) {
  const done = () => { button.textContent = "Link copied"; };
  if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(done, () => {});
  else window.prompt("The link to this dance", location.href);
}

async function cancel(button) {
  button.disabled = true;
  try {
    show(current, await call(TASKS + current.id, { method: "DELETE" }));
  } catch (error) {
    say(error);
    button.disabled = false;
  }
}

function showStages(task) {
  const at = STAGES.findIndex(([name]) => name === task.stage);
  const done = task.status === "completed";
  byId("stages").replaceChildren(
    ...STAGES.map(([, text], index) =>
      element("li", { className: done || index < at ? "done" : "", ...(index === at && !done ? { "aria-current": "step" } : {}) }, text),
    ),
  );
}

const TITLES = {
  pending: "Your dance is on its way",
  running: "Your dance is on its way",
  completed: "Your dance",
  failed: "This dance could not be made",
  cancelled: "Cancelled",
};

function show(view, task) {
  if (view !== current) return;
  const ended = ["completed", "failed", "cancelled"].includes(task.status);
  view.progress = Math.max(view.progress, task.progress);
  setText(byId("watch-title"), TITLES[task.status]);
  document.title = ended ? `${TITLES[task.status]} · Choreo` : `${view.progress} % · Choreo`;
  byId("progress").hidden = task.status === "completed";
  byId("progress").classList.toggle("ended", ended);
  byId("bar").value = view.progress;
  showStages(task);
  const said = task.status === "failed" ? `${task.error || "The reason is not known."} You can change your request and try again.` : task.status === "cancelled" ? "Nothing more is made for this request." : `${sentence(task.message)} · ${view.progress} %`;
  setText(byId("message"), said);
  const doubts = [...(task.degraded ? [task.degraded] : []), ...(task.warnings || [])];
  byId("doubts").hidden = !doubts.length;
  setText(byId("doubts"), doubts.join(" "));
  if (view.shown !== task.status) showActions(view, task, ended);
  view.shown = task.status;
  if (task.status === "completed") showVideo(task, task.video_url);
  else if (task.preview_url) showVideo(task, task.preview_url);
  if (!view.plan && ["rendering", "uploading"].includes(task.stage)) loadPlan(view);
}

/** An address that the browser opens by itself, where it sends no token: the ticket stands for it. */
const opened = (task, path) => `${TASKS + task.task_id}/${path}${task.ticket ? `?ticket=${task.ticket}` : ""}`;

function showActions(view, task, ended) {
  const actions = [];
  if (!ended) actions.push(action("Cancel", cancel));
  if (task.status === "completed") {
    actions.push(
      link("Download", task.video_url, { download: "choreography.mp4" }),
      link("Cue sheet", opened(task, "cue-sheet"), { target: "_blank" }),
      link("Captions", opened(task, "captions.vtt"), { download: "choreography.vtt" }),
      link("Editor timeline", opened(task, "timeline.otio")),
    );
  }
  if (task.status !== "failed" && task.status !== "cancelled") actions.push(action("Copy link", copyLink));
  actions.push(link("New dance", "#"));
  byId("actions").replaceChildren(...actions);
}

/** Show the small video as soon as there is one, and go over to the whole one at the same second. */
function showVideo(task, address) {
  const kind = address === task.video_url ? "whole" : "preview";
  if (!byId("player").hidden && video.dataset.kind === kind) return;
  const second = byId("player").hidden ? 0 : video.currentTime;
  const playing = !byId("player").hidden && !video.paused;
  byId("player").hidden = false;
  video.dataset.kind = kind;
  setText(byId("quality"), task.quality?.sentence || (kind === "preview" ? "A small preview; the whole video follows." : ""));
  video.src = address;
  if (second) video.currentTime = second;
  if (playing) video.play().catch(() => {});
  video.replaceChildren(element("track", { kind: "captions", srclang: "en", label: "Moves", src: opened(task, "captions.vtt") }));
  for (const button of byId("moves").querySelectorAll("button")) button.disabled = false;
  showMoment(second);
}

async function loadPlan(view) {
  view.plan = {};
  try {
    const plan = await call(`${TASKS + view.id}/blueprint`);
    if (view !== current) return;
    view.plan = plan;
    showPlan(plan);
  } catch (error) {
    // There is no plan yet: the next poll asks again. Anything else is said by the poll itself.
    view.plan = null;
  }
}

function showPlan(plan) {
  byId("plan").hidden = false;
  const facts = [`${plan.moves.length} moves`, clock(plan.total_duration), `${Math.round(plan.audio_tempo)} BPM`, plan.difficulty_level];
  setText(byId("plan-facts"), facts.join(" · "));
  byId("moves").replaceChildren(
    ...plan.moves.map((move) => {
      const button = element(
        "button", { type: "button", disabled: byId("player").hidden },
        element("span", { className: "time" }, clock(move.start_time)),
        element("span", { className: "name" }, move.move_name || move.clip_id),
        ...(move.why ? [element("span", { className: "why" }, move.why)] : []),
      );
      button.addEventListener("click", () => {
        video.currentTime = move.start_time + 0.01;
        video.play().catch(() => {});
      });
      return element("li", {}, button);
    }),
  );
  byId("counts").hidden = !plan.counts;
  byId("counts").replaceChildren(...COUNT_WORDS.map((word) => element("li", { className: word === "tap" ? "tap" : "" }, word)));
  if (!byId("player").hidden) showMoment(video.currentTime);
}

/** Index of the last value that is not above `wanted`, or -1. */
function lastAt(values, wanted) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

let lastMoment = "";

/** Show the count and the move of a second of the video; a thousandth covers rounding of times. */
function showMoment(second) {
  const plan = current?.plan;
  if (!plan?.moves) return;
  const at = second + 0.001;
  const { beats = [], ones = [] } = plan.counts || {};
  const beat = at < plan.total_duration ? lastAt(beats, at) : -1;
  const one = lastAt(ones, beat);
  const count = one < 0 ? -1 : (beat - ones[one]) % 8;
  plan.starts ??= plan.moves.map((move) => move.start_time);
  const index = Math.max(0, lastAt(plan.starts, at));
  const moment = `${beat}/${index}`;
  if (moment === lastMoment) return;
  lastMoment = moment;
  [...byId("counts").children].forEach((node, place) => node.classList.toggle("on", place === count));
  const name = (move) => move.move_name || move.clip_id;
  setText(byId("move-now"), name(plan.moves[index]));
  setText(byId("move-next"), plan.moves[index + 1] ? `then ${name(plan.moves[index + 1])}` : "");
  [...byId("moves").children].forEach((item, place) => {
    if (place === index) item.firstChild.setAttribute("aria-current", "true");
    else item.firstChild.removeAttribute("aria-current");
  });
}

if ("requestVideoFrameCallback" in video) {
  const onFrame = (_now, frame) => {
    showMoment(frame.mediaTime);
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
} else {
  video.addEventListener("timeupdate", () => showMoment(video.currentTime));
}

// A signed address expires: take a new one and go on where it stopped.
video.addEventListener("error", async () => {
  const view = current;
  if (!view || view.renewed) return;
  view.renewed = true;
  const second = video.currentTime;
  try {
    const task = await call(TASKS + view.id);
    const address = task.video_url || task.preview_url;
    if (view !== current || !address) return;
    video.src = address;
    video.currentTime = second;
  } catch (error) {
    say(error);
  }
});

async function follow(view) {
  let pause = POLL_MS;
  while (view === current) {
    try {
      const task = await call(TASKS + view.id);
      if (view !== current) return;
      if (pause > POLL_MS) hush();
      pause = POLL_MS;
      show(view, task);
      const planned = view.plan?.moves || task.status !== "completed";
      if (["failed", "cancelled"].includes(task.status)) return;
      if (task.status === "completed" && planned) return;
    } catch (error) {
      if (error instanceof Refused && error.status < 500) {
        say(error);
        setText(byId("watch-title"), "There is no such dance");
        byId("progress").hidden = true;
        byId("actions").replaceChildren(link("New dance", "#"));
        return;
      }
      setText(byId("message"), "The connection was lost; trying again. Your dance goes on meanwhile.");
      pause = Math.min(pause * 2, LONGEST_POLL_MS);
    }
    await new Promise((resolve) => { setTimeout(resolve, pause); });
  }
}

function route() {
  hush();
  stopPreview();
  video.pause();
  const id = new URLSearchParams(location.hash.slice(1)).get("task");
  current = null;
  if (!id) return openDoors();
  current = { id: encodeURIComponent(id), progress: 0, plan: null, shown: "" };
  lastMoment = "";
  byId("make").hidden = true;
  byId("watch").hidden = false;
  byId("player").hidden = true;
  byId("plan").hidden = true;
  byId("doubts").hidden = true;
  byId("progress").hidden = false;
  setText(byId("watch-title"), TITLES.pending);
  setText(byId("message"), "");
  byId("actions").replaceChildren();
  byId("watch-title").focus({ preventScroll: true });
  window.scrollTo(0, 0);
  return follow(current);
}

window.addEventListener("hashchange", route);
route();
