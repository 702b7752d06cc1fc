// The dance from end to end: loudness coloured by sections, moves, the loop, the playhead.

import { clock, element, svg } from "./dom.js";
import { nameOf } from "./player.js";
import { waveform } from "./waveform.js";

const BARS = 200;

/** A slider over a picture of the dance; `board` may still be missing. */
export class Timeline {
  constructor(player, t) {
    this.player = player;
    this.t = t;
    this.second = 0;
    this.input = element("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0, className: "seek", "aria-label": t("practice.position") });
    this.picture = element("div", { className: "picture", "aria-hidden": "true" });
    this.loop = element("div", { className: "loop", hidden: true, "aria-hidden": "true" });
    this.head = element("div", { className: "head", "aria-hidden": "true" });
    this.element = element("div", { className: "timeline" }, this.picture, this.loop, this.head, this.input);
    this.input.addEventListener("input", () => player.seek(Number(this.input.value)));
  }

  /** Draw a plan, with its song when it is known. */
  draw(moments, board) {
    this.moments = moments;
    this.input.max = moments.end;
    const share = (second) => (1000 * second) / moments.end;
    const parts = moments.sections.map(({ start, end, label }) =>
      svg("rect", { class: `band section-${label}`, x: share(start), width: share(end - start), y: 0, height: 40 }),
    );
    const joints = moments.starts.slice(1).map((start) => `M${share(start).toFixed(1)} 0V40`).join("");
    const frame = svg("svg", { class: "bands", viewBox: "0 0 1000 40", preserveAspectRatio: "none" }, ...parts, svg("path", { class: "joints", d: joints }));
    const wave = board?.peaks.length ? waveform({ peaks: board.peaks, duration: moments.end, sections: moments.sections }, BARS) : "";
    const names = element("div", { className: "labels" }, moments.sections.map((part) => {
      const label = element("span", {}, this.t(`section.${part.label}`));
      label.style.setProperty("left", `${share(part.start) / 10}%`);
      label.style.setProperty("max-width", `${share(part.end - part.start) / 10}%`);
      return label;
    }));
    this.picture.replaceChildren(frame, wave, names);
    this.at(this.second);
  }

  /** Move the playhead. */
  at(second) {
    this.second = second;
    if (!this.moments) return;
    const { moments } = this;
    this.head.style.setProperty("left", `${(100 * second) / moments.end}%`);
    this.input.value = second;
    const move = moments.plan.moves[moments.moveAt(second)];
    this.input.setAttribute("aria-valuetext", `${clock(second)}, ${nameOf(move)}`);
  }

  /** Mark what is looped; null for nothing. */
  mark(span) {
    this.loop.hidden = !span;
    if (!span) return;
    this.loop.style.setProperty("left", `${(100 * span.start) / this.moments.end}%`);
    this.loop.style.setProperty("width", `${(100 * (span.end - span.start)) / this.moments.end}%`);
  }
}
