// Practising: speed with the pitch kept, mirror, loops with a count-in, clicks, full screen.

import { Clicks } from "./clicks.js";
import { CountIn } from "./countin.js";
import { clock, element, icon, setText } from "./dom.js";
import { Player } from "./player.js";
import { helpDialog, shortcuts } from "./shortcuts.js";
import { Timeline } from "./timeline.js";

const SLOWEST = 50;
const FASTEST = 110;
const STEP = 5;
const LOOPS = ["off", "eight", "move", "section"];

/** The stage: video, counts, timeline and controls. `onMoment` is told each beat and move. */
export class Practice {
  constructor(context, onMoment) {
    const { t, signal } = context;
    this.t = t;
    this.loop = "off";
    this.span = null;
    this.player = new Player(context, (moment) => {
      this.#followLoop();
      onMoment(moment);
    });
    this.timeline = new Timeline(this.player, t);
    this.clicks = new Clicks(this.player, signal);
    this.counting = new CountIn(this.player, this.clicks, (count) => this.#showCounting(count));
    this.player.watchers.push((second) => this.#tick(second));
    this.#build(context);
    this.#listen(signal);
    shortcuts(this, signal);
  }

  #build(context) {
    const { t } = this;
    const press = (label, text, onclick, more = {}) => element("button", { type: "button", className: "control", "aria-label": label, title: label, onclick, ...more }, text);
    const toggle = (label, name, flip) =>
      element("button", { type: "button", className: "control wide", "aria-pressed": "false", dataset: { control: name }, onclick: () => flip.call(this) }, label);
    this.play = press(t("practice.play"), icon("play"), () => this.togglePlay(), { className: "control big", dataset: { control: "play" } });
    this.time = element("span", { className: "time" }, "0:00");
    this.speed = element("input", { type: "range", min: SLOWEST, max: FASTEST, step: STEP, value: 100, id: "speed" });
    this.speedShown = element("output", { htmlFor: "speed" }, "100 %");
    this.speed.addEventListener("input", () => this.setSpeed(Number(this.speed.value)));
    this.mirror = toggle(t("practice.mirror"), "mirror", this.toggleMirror);
    this.countIn = toggle(t("practice.count-in"), "count-in", this.toggleCountIn);
    this.mute = toggle(t("practice.mute"), "mute", this.toggleMute);
    this.clicking = toggle(t("practice.clicks"), "clicks", this.toggleClicks);
    this.loops = element(
      "fieldset", { className: "loops" }, element("legend", {}, t("practice.loop")),
      element("div", { className: "chips small-chips" }, LOOPS.map((kind) =>
        element("label", {}, element("input", { type: "radio", name: "loop", value: kind, checked: kind === "off" }), element("span", {}, t(`practice.loop.${kind}`))),
      )),
    );
    this.loops.addEventListener("change", (event) => this.setLoop(event.target.value));
    this.loopShown = element("p", { className: "small loop-shown", role: "status" });
    this.help = helpDialog(t);
    this.screen = element("div", { className: "screen" }, this.player.video, this.counting.still, element("p", { className: "counting", "aria-hidden": "true", hidden: true }));
    this.now = element("div", { className: "now" }, this.player.counts, element("p", { className: "names" }, this.player.now, " ", this.player.next));
    this.controls = element(
      "div", { className: "controls", role: "group", "aria-label": t("practice.controls") },
      element("div", { className: "row" },
        press(t("practice.back-move"), icon("back"), () => this.step(-1)), this.play, press(t("practice.next-move"), icon("next"), () => this.step(1)), this.time,
        element("label", { className: "speed" }, element("span", {}, t("practice.speed")), this.speed, this.speedShown),
        press(t("practice.full-screen"), icon("full"), () => this.fullScreen(), { className: "control end", dataset: { control: "full-screen" } }),
        press(t("practice.shortcuts"), "?", () => context.openDialog(this.help), { dataset: { control: "help" } }),
      ),
      element("div", { className: "row" }, this.loops, element("div", { className: "row toggles" }, this.countIn, this.mirror, this.clicking, this.mute)),
      this.loopShown,
    );
    this.element = element("div", { className: "practice" }, this.screen, this.now, this.timeline.element, this.controls, this.help);
    this.screen.addEventListener("click", () => this.togglePlay());
  }

  #listen(signal) {
    const { video } = this.player;
    const shown = () => {
      const playing = !video.paused || this.counting.on;
      this.play.replaceChildren(icon(playing ? "pause" : "play"));
      this.play.setAttribute("aria-label", this.t(playing ? "practice.pause" : "practice.play"));
      this.play.title = this.play.getAttribute("aria-label");
    };
    for (const event of ["play", "pause", "counting"]) video.addEventListener(event, shown, { signal });
    video.addEventListener("seeked", () => {
      if (!this.counting.on) this.#place(this.player.moments?.toTimeline(video.currentTime) ?? video.currentTime);
    }, { signal });
    video.addEventListener("emptied", () => {
      if (this.counting.on) this.#count(this.counting.start); // another video: it is counted into that one
    }, { signal });
    signal.addEventListener("abort", () => this.counting.end());
    video.addEventListener("ended", () => {
      if (this.span) this.#again();
    }, { signal });
  }

  /** Show a plan; the song's sections come with `board`. */
  setPlan(moments, board) {
    this.player.setMoments(moments);
    this.timeline.draw(moments, board);
    const { loops } = this;
    loops.querySelector("[value=eight]").disabled = !moments.ones.length;
    loops.querySelector("[value=section]").disabled = !moments.sections.length;
    this.#setSpan();
  }

  /** Take the timeline back that was shown while there was no video. */
  adopt(waiting) {
    if (waiting.contains(this.timeline.element)) this.now.after(this.timeline.element);
  }

  // What controls and shortcuts do

  togglePlay() {
    const { video } = this.player;
    if (this.counting.on) return this.counting.stop();
    if (!video.paused) return video.pause();
    if (video.ended) this.player.seek(0);
    if (this.#countsIn) return this.#count(this.span?.start ?? this.#eightHere());
    return video.play().catch(() => {});
  }

  /** Go to the start of this move, or of the one before or after it, and play. */
  step(by) {
    const { moments, second } = this.player;
    if (!moments) return;
    const here = moments.moveAt(second);
    // Back goes to the start of this move first, as in every player.
    const back = by < 0 && second - moments.starts[here] > 1 ? here : here + by;
    this.goTo(moments.starts[Math.min(Math.max(0, back), moments.starts.length - 1)]);
  }

  /** Go one eight back or on. */
  stepEight(by) {
    const { moments, second } = this.player;
    if (!moments?.ones.length) return;
    const here = moments.eightAt(second);
    const back = second - here.start > 0.5 ? here.start : moments.eightAt(Math.max(0, here.start - 0.05)).start;
    this.goTo(by < 0 ? back : Math.min(here.end, moments.end - 0.1));
  }

  /** Go to a second; a loop moves along. */
  goTo(second) {
    this.counting.stop();
    this.player.seek(second);
    this.#setSpan();
    this.#place(second);
  }

  /** Percent of the song's own speed, 50 to 110. */
  setSpeed(percent) {
    const { video } = this.player;
    const wanted = Math.min(FASTEST, Math.max(SLOWEST, percent));
    const counting = this.counting.on;
    this.counting.stop();
    video.preservesPitch = true;
    video.defaultPlaybackRate = wanted / 100; // a new source begins with it
    video.playbackRate = wanted / 100;
    this.speed.value = wanted;
    setText(this.speedShown, `${wanted} %`);
    if (counting) this.#count(this.counting.start);
  }

  faster(by) {
    this.setSpeed(Number(this.speed.value) + by * STEP);
  }

  toggleMirror() {
    this.player.video.classList.toggle("mirrored", this.#flip(this.mirror));
  }

  toggleCountIn() {
    this.#flip(this.countIn);
  }

  toggleClicks() {
    this.clicks.turn(this.#flip(this.clicking));
  }

  /** Take the song away, so that only clicks are heard. */
  toggleMute() {
    this.player.video.muted = this.#flip(this.mute);
  }

  nextLoop() {
    const open = LOOPS.filter((kind) => !this.loops.querySelector(`[value=${kind}]`).disabled);
    this.setLoop(open[(open.indexOf(this.loop) + 1) % open.length]);
  }

  setLoop(kind) {
    this.loop = kind;
    this.loops.querySelector(`[value=${kind}]`).checked = true;
    this.#setSpan();
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.element.requestFullscreen?.().catch(() => {});
  }

  // Loops

  #flip(button) {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    return on;
  }

  #setSpan() {
    const { moments, second } = this.player;
    if (!moments) return;
    const spans = {
      off: () => null,
      eight: () => moments.eightAt(second),
      move: () => moments.moveSpan(moments.moveAt(second)),
      section: () => moments.sectionAt(second) ?? moments.eightAt(second),
    };
    this.span = spans[this.loop]();
    this.timeline.mark(this.span);
    setText(this.loopShown, this.span ? this.t("practice.looping", { from: clock(this.span.start), to: clock(this.span.end) }) : "");
  }

  #tick(second) {
    this.timeline.at(second);
    setText(this.time, clock(second));
    // The last frame has come: what a seek takes is about what it would still have stood.
    const { moments, video } = this.player;
    if (this.span && second >= this.span.end - 2 * moments.halfFrame * moments.speed && !video.seeking) this.#again();
  }

  /** A person who goes out of the loop takes it along. */
  #followLoop() {
    if (!this.span || this.counting.on) return;
    const { second } = this.player;
    if (second < this.span.start - 0.1 || second > this.span.end + 0.5) this.#setSpan();
  }

  #again() {
    if (this.#countsIn) this.#count(this.span.start);
    else {
      this.player.seek(this.span.start);
      if (this.player.video.paused) this.player.video.play().catch(() => {});
    }
  }

  get #countsIn() {
    return this.countIn.getAttribute("aria-pressed") === "true" && this.player.moments?.beats.length > 1;
  }

  /** The second at which the eight begins that is danced now. */
  #eightHere() {
    const { moments, second } = this.player;
    return moments.ones.length ? moments.eightAt(second).start : second;
  }

  #count(start) {
    this.counting.begin(start);
    this.player.video.dispatchEvent(new Event("counting"));
  }

  #showCounting(count) {
    const box = this.screen.querySelector(".counting");
    box.hidden = count < 0;
    if (count < 0) {
      this.player.refresh();
      this.player.video.dispatchEvent(new Event("counting"));
      return;
    }
    box.textContent = count % 4 === 3 ? "·" : String(count + 1);
    this.player.showCount(count);
  }

  #place(second) {
    this.timeline.at(second);
    setText(this.time, clock(second));
  }
}
