// One dance: waiting for it, watching and practising it.

import { TASKS } from "./api.js";
import { button, clock, element, link, sentence, setText } from "./dom.js";
import { Moments } from "./moments.js";
import { Player, nameOf } from "./player.js";

export { words } from "./task_words.js";

const STAGES = ["queued", "analysing", "searching", "sequencing", "rendering", "uploading"];
const ENDED = ["completed", "failed", "cancelled"];
const POLL_MS = 1000;
const LONGEST_POLL_MS = 8000;

/** Show the dance whose id is `context.rest`. */
export async function render(view, context) {
  const { t, rest } = context;
  const dance = { id: encodeURIComponent(rest), progress: 0, plan: null, task: null };
  const heading = element("h1", { tabIndex: -1, id: "watch-title" }, t("task.pending"));
  const progress = progressPart(t);
  const doubts = element("p", { id: "doubts", className: "notice", hidden: true });
  const stage = element("section", { id: "player", hidden: true, "aria-label": t("practice.title") });
  const actions = element("p", { className: "actions", id: "actions" });
  const plan = element("section", { id: "plan", hidden: true, "aria-labelledby": "plan-title" });
  view.append(heading, progress.element, doubts, stage, actions, plan);
  const player = new Player(context, ({ index }) => markMove(plan, index));
  player.video.controls = true;
  const quality = element("p", { className: "small quality", id: "quality" });
  stage.append(player.video, element("div", { className: "now" }, player.counts, element("p", { className: "names" }, player.now, " ", player.next)), quality);
  const parts = { heading, progress, doubts, stage, actions, plan, player, quality };
  follow(dance, parts, context);
}

function progressPart(t) {
  const stages = element("ol", { className: "stages", id: "stages" }, STAGES.map((name) => element("li", {}, t(`stage.${name}`))));
  const bar = element("progress", { id: "bar", max: 100, value: 0, "aria-label": t("task.progress") });
  const message = element("p", { id: "message", className: "message", role: "status" });
  return { element: element("div", { id: "progress" }, stages, bar, message), stages, bar, message };
}

async function follow(dance, parts, context) {
  const { call, signal, t, hush } = context;
  let pause = POLL_MS;
  while (!signal.aborted) {
    try {
      const task = await call(TASKS + dance.id, { signal });
      if (signal.aborted) return;
      if (pause > POLL_MS) hush();
      pause = POLL_MS;
      await show(dance, task, parts, context);
      if (ENDED.includes(task.status)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof context.Refused && error.status < 500) return showMissing(error, parts, context);
      setText(parts.progress.message, t("task.lost"));
      pause = Math.min(pause * 2, LONGEST_POLL_MS);
    }
    await new Promise((resolve) => { setTimeout(resolve, pause); });
  }
}

function showMissing(error, parts, { say, t, title }) {
  say(error);
  setText(parts.heading, t("task.missing"));
  title(t("task.missing"));
  parts.progress.element.hidden = true;
  parts.actions.replaceChildren(link(t("task.new"), "#/"));
}

async function show(dance, task, parts, context) {
  const { t, title } = context;
  const ended = ENDED.includes(task.status);
  const before = dance.task;
  dance.task = task;
  dance.progress = Math.max(dance.progress, task.progress);
  setText(parts.heading, t(`task.${task.status}`));
  title(ended ? t(`task.${task.status}`) : `${dance.progress} %`);
  showProgress(dance, task, parts.progress, ended, t);
  const doubts = [...(task.degraded ? [task.degraded] : []), ...(task.warnings || [])];
  parts.doubts.hidden = !doubts.length;
  setText(parts.doubts, doubts.map(sentence).join(" "));
  if (before?.status !== task.status) showActions(dance, task, ended, parts, context);
  const address = task.video_url ?? task.preview_url;
  if (address) showVideo(dance, task, parts, context);
  if (!dance.plan && (task.status === "completed" || ["rendering", "uploading"].includes(task.stage))) {
    await loadPlan(dance, parts, context);
  }
}

function showProgress(dance, task, progress, ended, t) {
  progress.element.hidden = task.status === "completed";
  progress.element.classList.toggle("ended", ended);
  progress.bar.value = dance.progress;
  const at = STAGES.indexOf(task.stage);
  [...progress.stages.children].forEach((item, index) => {
    item.className = index < at ? "done" : "";
    if (index === at) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
  const said = {
    failed: () => `${task.error || t("task.no-reason")} ${t("task.try-again")}`,
    cancelled: () => t("task.nothing-more"),
  }[task.status] ?? (() => `${t(`doing.${task.stage}`)} · ${dance.progress} %`);
  setText(progress.message, said());
}

/** An address that the browser opens by itself, where it sends no token: the ticket stands for it. */
const opened = (task, path) => `${TASKS + task.task_id}/${path}${task.ticket ? `?ticket=${task.ticket}` : ""}`;

function showActions(dance, task, ended, parts, context) {
  const { t } = context;
  const actions = [];
  if (!ended) actions.push(button(t("task.cancel"), (event) => cancel(event.currentTarget, dance, parts, context)));
  if (task.status === "completed") {
    actions.push(
      link(t("take.download"), task.video_url, { download: "choreography.mp4" }),
      link(t("take.cue-sheet"), opened(task, "cue-sheet"), { target: "_blank" }),
      link(t("take.captions"), opened(task, "captions.vtt"), { download: "choreography.vtt" }),
      link(t("take.timeline"), opened(task, "timeline.otio")),
    );
  }
  if (task.status !== "failed" && task.status !== "cancelled") actions.push(button(t("take.copy-link"), (event) => copyLink(event.currentTarget, t)));
  actions.push(link(t("task.new"), "#/"));
  parts.actions.replaceChildren(...actions);
}

function copyLink(pressed, t) {
  const done = () => { pressed.textContent = t("take.copied"); };
  if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(done, () => {});
  else window.prompt(t("take.the-link"), location.href);
}

async function cancel(pressed, dance, parts, context) {
  pressed.disabled = true;
  try {
    await show(dance, await context.call(TASKS + dance.id, { method: "DELETE" }), parts, context);
  } catch (error) {
    context.say(error);
    pressed.disabled = false;
  }
}

/** Show the small video as soon as there is one, and go over to the whole one at the same second. */
function showVideo(dance, task, { stage, quality, player, plan }, { t }) {
  const kind = task.video_url ? "whole" : "preview";
  if (dance.kind === kind) return;
  dance.kind = kind;
  stage.hidden = false;
  setText(quality, task.quality?.sentence || (kind === "preview" ? t("practice.preview") : ""));
  player.load(task.video_url ?? task.preview_url, { captions: opened(task, "captions.vtt") });
  for (const jump of plan.querySelectorAll("button")) jump.disabled = false;
}

async function loadPlan(dance, { plan: part, player, stage }, { call, t }) {
  try {
    dance.plan = await call(`${TASKS + dance.id}/blueprint`);
  } catch {
    return; // there is no plan yet, or the connection is lost: the next poll asks again
  }
  const { plan } = dance;
  player.setMoments(new Moments(plan));
  part.hidden = false;
  const facts = [t("moves", { n: plan.moves.length }), clock(plan.total_duration), `${Math.round(plan.audio_tempo)} BPM`, t(`difficulty.${plan.difficulty_level}`)];
  part.replaceChildren(
    element("h2", { id: "plan-title" }, t("plan.title")),
    element("p", { className: "small", id: "plan-facts" }, facts.join(" · ")),
    element("ol", { id: "moves", className: "moves" }, plan.moves.map((move) => moveCard(move, player, stage.hidden))),
  );
}

function moveCard(move, player, disabled) {
  const jump = () => {
    player.seek(move.start_time);
    player.video.play().catch(() => {});
  };
  return element(
    "li", {},
    element(
      "button", { type: "button", disabled, onclick: jump },
      element("span", { className: "time" }, clock(move.start_time)),
      element("span", { className: "name" }, nameOf(move)),
      move.why ? element("span", { className: "why", lang: "en" }, move.why) : null,
    ),
  );
}

function markMove(plan, index) {
  plan.querySelectorAll("#moves li > button").forEach((jump, place) => {
    if (place === index) jump.setAttribute("aria-current", "true");
    else jump.removeAttribute("aria-current");
  });
}
