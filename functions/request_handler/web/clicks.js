// The count as sound: clicks that are laid on the audio clock ahead of the video's own time.

/** Seconds of a lookahead; longer than a busy page keeps a timer waiting. */
const AHEAD = 0.4;
const EVERY_MS = 100;
/** Milliseconds between the readings of two clocks, above which they say nothing about each other. */
const APART_MS = 5;
/** Seconds until a count-in's first click. */
const LEAD = 0.15;
/** Pitches in Hz: the "1", the "5", the taps, and all other counts. */
const PITCHES = { 0: 1760, 4: 1320, 3: 660, 7: 660 };
const OTHER = 990;

export class Clicks {
  /** `player` has `video` and `moments`. */
  constructor(player, signal) {
    this.player = player;
    this.on = false;
    this.audio = null;
    this.laid = [];
    this.counting = [];
    this.next = -1;
    this.notBefore = -Infinity; // no beat before this second of the plan is clicked
    const anew = () => this.#silence();
    for (const event of ["pause", "seeking", "ratechange", "waiting"]) player.video.addEventListener(event, anew, { signal });
    for (const event of ["playing", "seeked", "ratechange"]) player.video.addEventListener(event, () => this.#lay(), { signal });
    const timer = setInterval(() => this.#lay(), EVERY_MS);
    signal.addEventListener("abort", () => {
      clearInterval(timer);
      anew();
      this.stop();
      this.audio?.close();
    });
  }

  /** Turn the clicks on or off; called by a press, since browsers allow sound only then. */
  turn(on) {
    this.on = on;
    if (on) this.wake();
    else this.#silence();
  }

  /** Click `counts` (0 to 7 each) every `pulse` seconds; returns the first one's second on the audio clock. */
  countIn(counts, pulse) {
    const from = this.audio.currentTime + LEAD;
    this.counting = counts.map((count, index) => this.#click(count, from + index * pulse));
    return from;
  }

  /** Take back what is left of a count-in. */
  stop() {
    for (const node of this.counting) node.stop();
    this.counting = [];
  }

  /** Have the audio clock go; called by a press. */
  wake() {
    this.audio ??= new AudioContext();
    if (this.audio.state === "suspended") this.audio.resume();
  }

  /** The second on the audio clock that is heard now: what is laid is heard only after the device's delay. */
  heard() {
    const { audio } = this;
    const { contextTime, performanceTime } = audio.getOutputTimestamp?.() ?? {};
    if (!performanceTime) return audio.currentTime - (audio.outputLatency || 0);
    return contextTime + (performance.now() - performanceTime) / 1000;
  }

  #silence() {
    for (const node of this.laid) node.stop();
    this.laid = [];
    this.next = -1;
  }

  #lay() {
    const { video, moments } = this.player;
    if (!this.on || !moments || video.paused || video.seeking || video.readyState < 3) return;
    const rate = video.playbackRate * moments.speed; // plan seconds in a second
    const asked = performance.now();
    const now = moments.toTimeline(video.currentTime);
    const clock = this.heard(); // as the video's own time is that of the picture and sound that are there now
    if (performance.now() - asked > APART_MS) return; // a busy machine came between the two; there is another turn
    if (this.next < 0) this.next = moments.firstBeatFrom(Math.max(now, this.notBefore - 0.02));
    while (this.next < moments.beats.length && moments.beats[this.next] < Math.min(moments.end, now + AHEAD * rate)) {
      const count = moments.countOf(this.next);
      const late = (moments.beats[this.next] - now) / rate;
      if (count >= 0 && late >= 0) this.laid.push(this.#click(count, clock + late));
      this.next += 1;
    }
  }

  #click(count, when) {
    const { audio } = this;
    const tone = new OscillatorNode(audio, { type: "triangle", frequency: PITCHES[count] ?? OTHER });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.setValueAtTime(0.5, when);
    volume.gain.exponentialRampToValueAtTime(0.001, when + 0.06);
    tone.connect(volume).connect(audio.destination);
    tone.start(when);
    tone.stop(when + 0.07);
    tone.addEventListener("ended", () => { this.laid = this.laid.filter((node) => node !== tone); });
    return tone;
  }
}
