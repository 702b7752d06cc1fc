// What a plan says about a second: its count, its eight, its move, its section.
//
// All seconds are the plan's own ("timeline"). A slow rendition lasts longer than its timeline;
// `toTimeline` and `frameOf` go between the two.

/** Index of the last value that is not above `wanted`, or -1. */
export function lastAt(values, wanted) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export class Moments {
  /** `sections` are the song's, in seconds of its file. */
  constructor(plan, sections = []) {
    this.plan = plan;
    this.end = plan.total_duration;
    this.beats = plan.counts?.beats ?? [];
    this.ones = plan.counts?.ones ?? [];
    this.starts = plan.moves.map((move) => move.start_time);
    this.speed = plan.output_config.speed ?? 1;
    this.halfFrame = 0.5 / (plan.output_config.frame_rate ?? 30);
    this.sections = this.#onEights(sections, plan.audio_start ?? 0);
  }

  toTimeline(videoSecond) {
    return videoSecond * this.speed;
  }

  /**
   * Where in the video to look for the frame nearest to `second`. Retimed frames last up to a
   * tenth longer than others: a little more than half a frame on, it is never the one before.
   */
  frameOf(second) {
    return second / this.speed + 1.2 * this.halfFrame;
  }

  /**
   * The second that the frame shown at `mediaTime` stands for. A cut or a beat belongs to the
   * frame nearest to it, which may begin up to half a frame before it.
   */
  ofFrame(mediaTime) {
    return this.toTimeline(mediaTime + this.halfFrame);
  }

  /** Index of the beat that sounds at `second`; -1 before the first, and after the end. */
  beatAt(second) {
    return second < this.end ? lastAt(this.beats, second) : -1;
  }

  /** The count of a beat, 0 for the "1" to 7 for the second tap; -1 before the first "1". */
  countOf(beat) {
    const one = lastAt(this.ones, beat);
    return beat < 0 || one < 0 ? -1 : (beat - this.ones[one]) % 8;
  }

  /** Index of the first beat that sounds at `second` or after it. */
  firstBeatFrom(second) {
    return lastAt(this.beats, second - 0.001) + 1;
  }

  moveAt(second) {
    return Math.max(0, lastAt(this.starts, second));
  }

  /** The eight around `second`, `{start, end}`; what lies before the first "1" goes with it. */
  eightAt(second) {
    const ones = this.ones.map((beat) => this.beats[beat]).filter((start) => start < this.end);
    const index = Math.max(0, lastAt(ones, second));
    return { index, start: index === 0 ? 0 : ones[index], end: ones[index + 1] ?? this.end };
  }

  moveSpan(index) {
    const move = this.plan.moves[index];
    return { index, start: move.start_time, end: this.starts[index + 1] ?? this.end };
  }

  sectionAt(second) {
    const index = this.sections.findIndex((part) => part.start <= second && second < part.end);
    return index < 0 ? null : { index, ...this.sections[index] };
  }

  /** Seconds from one beat to the next around `second`. */
  pulse(second) {
    const beat = Math.min(Math.max(0, lastAt(this.beats, second)), this.beats.length - 2);
    return beat < 0 ? 60 / this.plan.audio_tempo : this.beats[beat + 1] - this.beats[beat];
  }

  /** Sections begin and end with an eight: that is where a dancer would loop. */
  #onEights(sections, audioStart) {
    const ones = this.ones.map((beat) => this.beats[beat]);
    const nearest = (second) => ones.reduce((best, one) => (Math.abs(one - second) < Math.abs(best - second) ? one : best), second <= (ones[0] ?? 0) ? 0 : (ones[0] ?? second));
    return sections
      .map(({ start, end, label, energy }, index) => ({
        label,
        energy,
        start: index === 0 ? 0 : nearest(start - audioStart),
        end: index === sections.length - 1 ? this.end : nearest(end - audioStart),
      }))
      .filter((part) => part.end > part.start);
  }
}
