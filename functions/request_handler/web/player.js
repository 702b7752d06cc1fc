// The video, and the count that turns with its frames.

import { element, setText } from "./dom.js";

export const COUNTS = ["1", "2", "3", "·", "5", "6", "7", "·"];

/** Seconds for which a painted frame tells where the video is. */
const FRESH = 0.1;

/** A player of one dance; `onMoment` is called when the beat or the move changes. */
export class Player {
  constructor({ t, signal }, onMoment) {
    this.t = t;
    this.onMoment = onMoment;
    this.moments = null;
    this.second = 0;
    this.last = "";
    this.watchers = [];
    this.painted = null; // the newest frame's `mediaTime` and `expectedDisplayTime`
    this.held = null; // while it is set, it alone is told the frames
    this.video = element("video", { playsInline: true, preload: "auto", id: "video" });
    this.counts = element("ol", { className: "counts", id: "counts", "aria-hidden": "true" }, COUNTS.map((count) => element("li", { className: count === "·" ? "tap" : "" }, count)));
    this.now = element("strong", { id: "move-now" });
    this.next = element("span", { id: "move-next" });
    const { video } = this;
    if ("requestVideoFrameCallback" in video) {
      const onFrame = (_now, frame) => {
        this.painted = frame;
        this.#frame(frame.mediaTime);
        if (!signal.aborted) video.requestVideoFrameCallback(onFrame);
      };
      video.requestVideoFrameCallback(onFrame);
      // Standing still, the frame that was sought may be painted before the callback is asked for anew.
      video.addEventListener("seeked", () => {
        if (video.paused && !this.held) this.#at(this.moments?.toTimeline(video.currentTime) ?? video.currentTime);
      });
    } else {
      video.addEventListener("timeupdate", () => this.#frame(video.currentTime));
    }
    signal.addEventListener("abort", () => {
      video.pause();
      video.removeAttribute("src");
      video.load();
    });
  }

  /** Go over to another video at the same second, playing on if it played. */
  load(address) {
    const { moments, second, video } = this;
    const playing = Boolean(video.src) && !video.paused;
    video.src = address;
    // At its very start the poster is better than a picture that fades in from black.
    if (second > 0.1) video.currentTime = moments ? moments.frameOf(second) : second;
    if (playing) video.play().catch(() => {});
  }

  setMoments(moments) {
    this.moments = moments;
    this.counts.hidden = !moments.beats.length;
    this.refresh();
  }

  /** The second of the video whose picture is seen now; the picture may be behind the video's own clock. */
  seen() {
    const { painted, video } = this;
    const age = (performance.now() - painted?.expectedDisplayTime) / 1000;
    return Math.abs(age) < FRESH ? painted.mediaTime + age * video.playbackRate : video.currentTime;
  }

  /** Go to a second of the plan. */
  seek(second) {
    const { moments, video } = this;
    const end = moments ? moments.end : video.duration;
    this.second = Math.min(Math.max(0, second), end - 0.05);
    video.currentTime = moments ? moments.frameOf(this.second) : this.second;
  }

  #frame(mediaTime) {
    const second = this.moments ? this.moments.ofFrame(mediaTime) : mediaTime;
    if (this.held) this.held(second);
    else this.#at(second);
  }

  #at(second) {
    this.second = second;
    this.#show(second);
    for (const watch of this.watchers) watch(second);
  }

  #show(second) {
    const { moments } = this;
    if (!moments) return;
    const beat = moments.beatAt(second);
    const index = moments.moveAt(second);
    const moment = `${beat}/${index}`;
    if (moment === this.last) return;
    this.last = moment;
    this.showCount(moments.countOf(beat));
    const { moves } = moments.plan;
    setText(this.now, nameOf(moves[index]));
    setText(this.next, moves[index + 1] ? this.t("practice.then", { move: nameOf(moves[index + 1]) }) : "");
    this.onMoment({ beat, index, second });
  }

  /** Show the count of the present second again. */
  refresh() {
    this.last = "";
    this.#show(this.second);
  }

  /** Light one count, 0 to 7; -1 for none. */
  showCount(count) {
    [...this.counts.children].forEach((node, place) => node.classList.toggle("on", place === count));
  }
}

export const nameOf = (move) => move.move_name || move.clip_id;
