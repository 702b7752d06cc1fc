// Counting in: four clicks, and the picture starts with the beat that follows them.
//
// A video starts some time after it was told to, and never twice after the same. So it is started
// ahead of the beat, unseen and unheard behind its own first picture, and its speed is bent until
// it runs with the audio clock on which the clicks lie.

import { element } from "./dom.js";

/** Counts that are clicked. */
const COUNTS = 4;
/** Seconds that the video runs behind its first picture. */
const RUN_IN = 0.7;
/** Seconds after the beat in which it may still be bent. */
const RUN_ON = 0.4;
/** Seconds until a video that was told to play moves; where it is less or more, that is bent away. */
const STARTING = 0.06;
/** The volume at which it runs unheard, 60 dB down: a browser that plays at none loses 30 to 50 ms when it is to be heard. */
const HUSHED = 0.001;
/** Seconds from the audio clock that are let be, and the most that the speed is bent: before the beat, and when it is danced. */
const CLOSE = 0.008;
const BENT = 0.3;
const CLOSE_HEARD = 0.02;
const BENT_HEARD = 0.08;
const EVERY_MS = 15;

const happens = (target, event, signal) => new Promise((resolve) => { target.addEventListener(event, resolve, { once: true, signal }); });

export class CountIn {
  /** `show` is told each count, 0 to 7, and -1 when the counting is over. */
  constructor(player, clicks, show) {
    this.player = player;
    this.clicks = clicks;
    this.show = show;
    this.still = element("canvas", { className: "still", hidden: true, "aria-hidden": "true" });
    this.going = null;
  }

  /** Whether it is being counted, and nothing danced yet. */
  get on() {
    return this.player.held !== null;
  }

  /** Click the counts that lead to the first at or after `start`, a second of the plan, then play from it. */
  async begin(start) {
    this.end();
    const { player, clicks } = this;
    const { moments, video } = player;
    const going = new AbortController();
    this.going = going;
    this.start = start;
    this.rate = video.defaultPlaybackRate;
    this.volume = video.volume;
    video.pause();
    player.seek(start);
    player.held = (second) => this.#frame(second);
    clicks.notBefore = start;
    const pace = this.rate * moments.speed; // plan seconds in a second
    const runIn = start > 0.2 ? Math.min(RUN_IN, start / pace) : 0;
    clicks.wake();
    await this.#at(video.currentTime, going.signal);
    if (runIn > 0) {
      this.#cover();
      await this.#at((start - runIn * pace) / moments.speed, going.signal);
    }
    if (going.signal.aborted) return;
    const beat = moments.firstBeatFrom(start - 0.02);
    const first = Math.max(0, moments.countOf(beat));
    const counts = Array.from({ length: COUNTS }, (_, index) => (first + 8 - COUNTS + index) % 8);
    const pulse = moments.pulse(start) / pace;
    const from = clicks.countIn(counts, pulse);
    const lead = ((moments.beats[beat] ?? start) - start) / pace;
    const beaten = from + COUNTS * pulse;
    this.plan = { counts, pulse, from, pace, beaten, due: beaten - lead, play: beaten - lead - runIn - STARTING, shown: -1, started: false };
    const timer = setInterval(() => this.#tick(), EVERY_MS);
    going.signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** Stop counting; the video stands where it was to start. Nothing happens where nothing is counted. */
  stop() {
    const { on, player, start } = this;
    this.end();
    if (!on) return;
    player.video.pause();
    player.seek(start);
  }

  /** Be done: everything is as it was. */
  end() {
    if (!this.going) return;
    this.#uncover();
    this.going.abort();
    this.going = null;
    this.plan = null;
    this.clicks.stop();
    this.player.video.playbackRate = this.rate;
  }

  /** Have the video stand at one of its seconds, ready to play. */
  async #at(second, signal) {
    const { video } = this.player;
    if (video.readyState < HTMLMediaElement.HAVE_METADATA) await happens(video, "loadedmetadata", signal);
    const there = happens(video, "seeked", signal);
    video.currentTime = second;
    await there;
    if (video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) await happens(video, "canplay", signal);
  }

  /** Keep the picture that is seen now over the video. */
  #cover() {
    const { still } = this;
    const { video } = this.player;
    still.width = video.videoWidth;
    still.height = video.videoHeight;
    still.getContext("2d").drawImage(video, 0, 0);
    still.classList.toggle("mirrored", video.classList.contains("mirrored"));
    still.hidden = false;
    video.volume = Math.min(this.volume, HUSHED);
  }

  #frame(second) {
    if (this.plan?.started && second >= this.start) this.#uncover();
  }

  #uncover() {
    if (!this.on) return;
    this.player.held = null;
    this.clicks.notBefore = -Infinity;
    this.still.hidden = true;
    this.player.video.volume = this.volume;
    this.show(-1);
  }

  #tick() {
    const { plan } = this;
    const { video } = this.player;
    const now = this.clicks.heard();
    const index = Math.floor((now - plan.from) / plan.pulse);
    if (index >= 0 && index < COUNTS && index !== plan.shown) {
      plan.shown = index;
      this.show(plan.counts[index]);
    }
    if (!plan.started) {
      if (now < plan.play) return;
      plan.started = true;
      plan.stood = video.currentTime;
      video.play().catch(() => this.stop());
      return;
    }
    if (now >= plan.beaten + RUN_ON) this.end();
    else if (video.currentTime > plan.stood) this.#bend(now);
  }

  /** Let the video catch up with the beat, or wait for it. */
  #bend(now) {
    const { plan, rate, start } = this;
    const { player } = this;
    const { video, moments } = player;
    const late = now - plan.due - (moments.toTimeline(player.seen()) - start) / plan.pace;
    const heard = now > plan.beaten - 0.1;
    const most = heard ? BENT_HEARD : BENT;
    const bent = Math.abs(late) < (heard ? CLOSE_HEARD : CLOSE) ? 0 : Math.max(-most, Math.min(most, late / 0.15));
    if (Math.abs(rate * (1 + bent) - video.playbackRate) > 0.015) video.playbackRate = rate * (1 + bent);
  }
}
