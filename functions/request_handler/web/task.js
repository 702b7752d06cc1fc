// One dance: waiting for it, watching and practising it, changing it, taking it away.

import { TASKS } from "./api.js";
import { changePanel, Marks } from "./change.js";
import { button, clock, element, link, setText } from "./dom.js";
import { Moments } from "./moments.js";
import { Practice } from "./practice.js";
import { Storyboard } from "./storyboard.js";
import { special, takeAway } from "./takeaway.js";
import { openBooks, spoken } from "./told.js";
import { comparison, remember, versionBar } from "./versions.js";

export { words } from "./task_words.js";

const STAGES = ["queued", "analysing", "searching", "sequencing", "rendering", "uploading"];
const ENDED = ["completed", "failed", "cancelled"];
const PLANNED = ["rendering", "uploading"];
const POLL_MS = 1000;
const LONGEST_POLL_MS = 8000;
/** An address that fails sooner than this after it was made does not fail because it expired. */
const RENEWED_MS = 30_000;
const PLACE = "choreo-second-";

/** Show the dance whose id is `context.rest`; a shared link has its ticket behind a `?`. */
export async function render(view, context) {
  const [id, query = ""] = context.rest.split("?");
  const ticket = new URLSearchParams(query).get("ticket");
  await openBooks();
  const dance = new Dance(view, encodeURIComponent(id), { ...context, shared: Boolean(ticket) }, ticket);
  dance.follow();
}

class Dance {
  constructor(view, id, context, ticket) {
    this.id = id;
    this.context = context;
    this.ticket = ticket;
    this.progress = 0;
    this.task = null;
    this.plan = null;
    this.board = null;
    this.video = "";
    this.renewed = -Infinity;
    const { t } = context;
    this.heading = element("h1", { tabIndex: -1, id: "watch-title" }, t("task.pending"));
    this.facts = element("p", { className: "small", id: "plan-facts" });
    this.bar = element("progress", { id: "bar", max: 100, value: 0, "aria-label": t("task.progress") });
    this.stages = element("ol", { className: "stages", id: "stages" }, STAGES.map((name) => element("li", {}, t(`stage.${name}`))));
    this.message = element("p", { id: "message", className: "message", role: "status" });
    this.wait = element("div", { id: "progress" }, this.stages, this.bar, this.message);
    this.actions = element("p", { className: "actions", id: "actions" });
    this.doubts = element("ul", { id: "doubts", className: "notice", hidden: true });
    this.practice = new Practice(context, ({ index }) => {
      this.storyboard.light(index);
      this.change?.show();
      this.#keepPlace();
    });
    this.quality = element("p", { className: "small quality", id: "quality" });
    this.stage = element("section", { id: "player", hidden: true, "aria-label": t("practice.title") }, this.practice.element, this.quality);
    this.storyboard = new Storyboard(context, (second) => this.#jump(second));
    this.planned = element("section", { id: "plan", hidden: true, "aria-labelledby": "plan-title" }, element("h2", { id: "plan-title" }, t("plan.title")), this.storyboard.element);
    this.preview = element("div", { className: "waiting-line", hidden: true });
    this.panels = element("div", { className: "panels" });
    this.compared = element("div", {});
    this.versions = element("div", {});
    view.append(this.heading, this.facts, this.versions, this.wait, this.doubts, this.stage, this.preview, this.actions, this.compared, this.planned, this.panels);
    this.practice.player.video.addEventListener("error", () => this.#renew(), { signal: context.signal });
  }

  #address(path = "", ticket = this.ticket) {
    return `${TASKS}${this.id}${path && `/${path}`}${ticket ? `?ticket=${ticket}` : ""}`;
  }

  /** Poll until the dance has ended and everything about it is shown. */
  async follow() {
    const { call, signal, hush, t, Refused } = this.context;
    let pause = POLL_MS;
    while (!signal.aborted) {
      try {
        const task = await call(this.#address(), { signal });
        if (pause > POLL_MS) hush();
        pause = POLL_MS;
        await this.#show(task);
        if (["failed", "cancelled"].includes(task.status) || (task.status === "completed" && this.plan)) return;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused && error.status < 500) {
          this.#missing(error);
          return;
        }
        setText(this.message, t("task.lost"));
        pause = Math.min(pause * 2, LONGEST_POLL_MS);
      }
      await new Promise((resolve) => { setTimeout(resolve, pause); });
    }
  }

  #missing(error) {
    const { t, say, title } = this.context;
    const word = { "link-expired": "task.expired", "unknown-link": "task.no-token" }[error.kind] ?? "task.missing";
    if (word === "task.missing") setText(this.facts, t("task.missing.why"));
    else say(error);
    setText(this.heading, t(word));
    title(t(word));
    this.wait.hidden = true;
    this.actions.replaceChildren(link(t("task.new"), "#/", { className: "button" }));
  }

  async #show(task) {
    const { t, title } = this.context;
    const before = this.task;
    const ended = ENDED.includes(task.status);
    this.task = task;
    this.progress = Math.max(this.progress, task.progress);
    if (!this.plan && (task.status === "completed" || PLANNED.includes(task.stage))) await this.#loadPlan();
    const name = task.status === "completed" && this.board?.title ? this.board.title : t(`task.${task.status}`);
    setText(this.heading, name);
    title(ended ? name : `${this.progress} %`);
    this.#showProgress(task, ended);
    this.#showFacts();
    this.planned.classList.toggle("settled", ended && task.status !== "completed"); // nothing comes of marks any more
    const doubts = [...new Set([...(task.degraded ? [task.degraded] : []), ...(task.warnings || [])])];
    this.doubts.hidden = !doubts.length;
    this.doubts.replaceChildren(...doubts.map((text) => spoken("li", {}, text)));
    this.#showVideo(task);
    if (before?.status !== task.status) this.#showActions(task, ended);
    if (task.status === "completed" && this.plan && !this.panels.childElementCount) this.#showPanels(task);
  }

  #showProgress(task, ended) {
    const { t } = this.context;
    const removed = task.status === "completed" && !task.video_url;
    this.wait.hidden = task.status === "completed" && !removed;
    this.wait.classList.toggle("ended", ended);
    this.bar.value = this.progress;
    const at = STAGES.indexOf(task.stage);
    [...this.stages.children].forEach((item, index) => {
      item.className = index < at ? "done" : "";
      if (index === at) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    });
    if (removed) setText(this.message, t(this.context.shared ? "task.removed" : "task.removed.again"));
    else if (task.status === "failed") {
      const reason = task.error ? spoken("span", {}, task.error) : t("task.no-reason");
      this.message.replaceChildren(reason, ` ${t("task.try-again")}`);
    } else if (task.status === "cancelled") setText(this.message, t("task.nothing-more"));
    else setText(this.message, `${t(`doing.${task.stage}`)} · ${this.progress} %`);
  }

  #showActions(task, ended) {
    const { t, shared } = this.context;
    const actions = [];
    if (task.status === "completed" && !task.video_url && !shared) actions.push(button(t("task.make-again"), (event) => this.#makeAgain(event.currentTarget), { className: "button" }));
    if (!ended && !shared) actions.push(button(t("task.cancel"), (event) => this.#cancel(event.currentTarget)));
    if (!ended) actions.push(button(t("task.copy-link"), (event) => this.#copyLink(event.currentTarget)));
    const back = task.reroll_of ?? task.variant_of;
    if (ended && task.status !== "completed" && back) actions.push(link(t("versions.undo"), `#/task/${back}`));
    actions.push(link(t(task.status === "failed" ? "task.change-request" : "task.new"), "#/"));
    this.actions.replaceChildren(...actions);
    const bar = shared ? null : versionBar(task, this.context, task.status === "completed" ? () => this.#compare() : null);
    this.versions.replaceChildren(...(bar ? [bar] : []));
  }

  /** The same moves once more, as they were: a variant that varies nothing. */
  async #makeAgain(pressed) {
    const { post, say, signal } = this.context;
    if (!this.plan) return; // it is asked for again until it comes
    pressed.disabled = true;
    try {
      const made = await post(this.#address("variants"), { mirror: Boolean(this.plan.output_config.mirror) });
      remember(made.task_id, this.task.task_id);
      if (!signal.aborted) location.hash = `#/task/${made.task_id}`;
    } catch (error) {
      say(error);
      pressed.disabled = false;
    }
  }

  async #copyLink(pressed) {
    const { t } = this.context;
    try {
      await navigator.clipboard.writeText(location.href);
      pressed.textContent = t("share.copied");
    } catch {
      pressed.textContent = t("task.the-link-is-above");
    }
  }

  async #cancel(pressed) {
    pressed.disabled = true;
    try {
      await this.#show(await this.context.call(this.#address(), { method: "DELETE" }));
    } catch (error) {
      this.context.say(error);
      pressed.disabled = false;
    }
  }

  // The plan

  async #loadPlan() {
    const { call, t, shared } = this.context;
    try {
      [this.plan, this.board] = await Promise.all([call(this.#address("blueprint")), call(this.#address("storyboard"))]);
    } catch {
      this.plan = null;
      return; // there is no plan yet, or the connection is lost: the next poll asks again
    }
    const { plan, board } = this;
    const moments = new Moments(plan, board.sections);
    this.practice.setPlan(moments, board);
    this.marks = shared ? null : new Marks(plan, t, () => this.change?.show());
    this.planned.hidden = false;
    this.stage.classList.toggle("upright", plan.output_config.height > plan.output_config.width);
    this.storyboard.draw(moments, board, this.marks, false);
    const [opening] = board.moves;
    if (opening?.thumbnail_url) this.practice.player.video.poster = opening.thumbnail_url; // the video begins in black
    this.preview.hidden = !this.stage.hidden;
    if (this.stage.hidden) this.preview.append(this.practice.timeline.element);
  }

  #showFacts() {
    const { plan, board, task } = this;
    const { t } = this.context;
    if (!plan) return;
    const title = task.status === "completed" ? "" : board.title; // then it is the heading
    const facts = [title, board.artist, t("moves", { n: plan.moves.length }), clock(plan.total_duration / (plan.output_config.speed ?? 1)), `${Math.round(plan.audio_tempo)} BPM`, t(`difficulty.${plan.difficulty_level}`), ...special(plan, t)];
    setText(this.facts, facts.filter(Boolean).join(" · "));
  }

  #jump(second) {
    this.practice.goTo(second);
    this.practice.player.video.play().catch(() => {});
    this.stage.scrollIntoView({ block: "nearest" });
  }

  // The video: the small one as soon as there is one, then the whole one at the same second

  #showVideo(task) {
    const { t } = this.context;
    const kind = task.video_url ? "whole" : task.preview_url ? "preview" : "";
    if (!kind && this.video) this.#hideVideo();
    if (!kind || kind === this.video) return;
    const first = this.video === "";
    this.video = kind;
    this.stage.hidden = false;
    this.practice.adopt(this.preview);
    this.preview.hidden = true;
    this.stage.dataset.kind = kind;
    this.quality.replaceChildren(task.quality?.sentence ? spoken("span", {}, task.quality.sentence) : kind === "preview" ? t("practice.preview") : "");
    if (first) this.practice.player.second = Number(sessionStorage.getItem(PLACE + this.id) ?? 0);
    this.practice.player.load(task.video_url ?? task.preview_url);
    this.storyboard.allowJumps(true);
  }

  /** The video was removed while the page was open. */
  #hideVideo() {
    this.video = "";
    this.stage.hidden = true;
    this.storyboard.allowJumps(false);
    this.panels.replaceChildren();
    this.#showActions(this.task, true);
  }

  #keepPlace() {
    sessionStorage.setItem(PLACE + this.id, String(this.practice.player.second.toFixed(2)));
  }

  /** A signed address expires: take a new one and go on where it stopped. */
  async #renew() {
    const now = performance.now();
    if (!this.video || now - this.renewed < RENEWED_MS) return;
    this.renewed = now;
    try {
      const task = await this.context.call(this.#address());
      const address = task.video_url ?? task.preview_url;
      if (address) this.practice.player.load(address);
      else await this.#show(task);
    } catch (error) {
      this.context.say(error);
    }
  }

  // What can be done with a finished dance

  #showPanels(task) {
    const { plan, board, marks } = this;
    const { player } = this.practice;
    const panels = [];
    if (marks) {
      this.change = changePanel({ plan, board, marks, here: () => player.moments.sectionAt(player.second) }, this.context);
      panels.push(this.change.element);
    }
    panels.push(takeAway(task, plan, board, (path) => this.#address(path, task.ticket ?? this.ticket), this.context));
    this.panels.replaceChildren(...panels);
  }

  async #compare() {
    const { context, practice } = this;
    if (this.compared.childElementCount) {
      this.compared.replaceChildren();
      return;
    }
    try {
      const panel = await comparison(this.task, this.plan, context, ({ task, plan }) => {
        const { second } = practice.player;
        practice.setPlan(new Moments(plan, this.board.sections), this.board);
        practice.player.second = Math.min(second, plan.total_duration - 0.1);
        practice.player.load(task.video_url);
      });
      this.compared.replaceChildren(panel);
      panel.focus({ preventScroll: true });
      panel.scrollIntoView({ block: "nearest" });
    } catch (error) {
      context.say(error);
    }
  }
}
