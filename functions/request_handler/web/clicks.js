// The count as sound: clicks that are laid on the audio clock ahead of the video's own time.

/** Seconds of a lookahead; longer than a busy page keeps a timer waiting. */
const AHEAD = 0.4;
const EVERY_MS = 100;
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
    this.next = -1;
    const anew = () => this.#silence();
    for (const event of ["pause", "seeking", "ratechange", "waiting"]) player.video.addEventListener(event, anew, { signal });
    for (const event of ["playing", "seeked"]) player.video.addEventListener(event, () => this.#lay(), { signal });
    const timer = setInterval(() => this.#lay(), EVERY_MS);
    signal.addEventListener("abort", () => {
      clearInterval(timer);
      anew();
      this.audio?.close();
    });
  }

  /** Turn the clicks on or off; called by a press, since browsers allow sound only then. */
  turn(on) {
    this.on = on;
    if (on) this.#wake();
    else this.#silence();
  }

  /** Click `counts` (0 to 7 each) every `pulse` seconds; returns seconds until the first click. */
  countIn(counts, pulse) {
    this.#wake();
    const lead = 0.15;
    const start = this.audio.currentTime + lead;
    counts.forEach((count, index) => this.#click(count, start + index * pulse));
    return lead;
  }

  /** Take back what has not sounded yet. */
  stop() {
    this.#silence();
  }

  #wake() {
    this.audio ??= new AudioContext();
    if (this.audio.state === "suspended") this.audio.resume();
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
    const now = moments.toTimeline(video.currentTime);
    const clock = this.audio.currentTime;
    if (this.next < 0) this.next = moments.firstBeatFrom(now);
    while (this.next < moments.beats.length && moments.beats[this.next] < Math.min(moments.end, now + AHEAD * rate)) {
      const count = moments.countOf(this.next);
      const late = (moments.beats[this.next] - now) / rate;
      if (count >= 0 && late >= 0) this.#click(count, clock + late);
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
    this.laid.push(tone);
  }
}
