"""A small bachata band: a song from a specification, with the exact time of every count.

The band plays güira, bongo, bass, two guitars, a singing lead and a pad. It exists for the demo
library and as a source of songs whose truth is known, so everything that differs between real
recordings can be turned: instruments and their levels, arrangement, room, swing, noise, drift,
breaks. Nothing here is known to the analyser in `choreo.music`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float64]

SAMPLE_RATE = 44_100
COUNTS_PER_BAR = 4
COUNTS_PER_EIGHT = 8


@dataclass(frozen=True)
class Part:
    """A section of a song.

    `eights` are whole 8-counts; `break_counts` (0, 4 or 8) is a stop of that many counts at
    its end, after which the count starts again on 1.
    """

    label: str
    eights: int
    rhythm_mode: str = "derecho"
    break_counts: int = 0


@dataclass(frozen=True)
class SongSpec:
    """Everything that differs between one song and another."""

    title: str = "Song"
    tempo: float = 126.0
    """Counts per minute."""
    tonic: int = 57
    """MIDI note of the key."""
    minor: bool = True
    chords: tuple[int, ...] = (0, 5, 2, 6)
    """Scale degrees, 0 is the tonic; played in turn."""
    bars_per_chord: int = 1
    parts: tuple[Part, ...] = (
        Part("intro", 2),
        Part("verse", 4),
        Part("chorus", 4, "majao"),
        Part("mambo", 4, "mambo"),
        Part("outro", 2, "majao"),
    )
    drift: float = 0.0
    """Largest deviation from `tempo`, as a fraction; it wanders in two slow waves."""
    swing: float = 0.0
    """Fraction of half a count by which every "and" is late."""
    humanise: float = 0.006
    """Standard deviation, in seconds, of each note's time."""
    levels: dict[str, float] = field(default_factory=dict)
    """Factor for each of guira, bongo, bass, guitar, requinto, lead, pad; absent means 1."""
    bass_pattern: str = "1-2&-3-4"
    """Which eighths the bass plays, by name; see `_BASS_PATTERNS`."""
    offbeat_guira: bool = False
    """True accents every "and" of the güira, which leads trackers onto the off-beat."""
    martillo_low: float = 1.0
    """Strength of the low bongo on 4."""
    room: float = 0.22
    """Share of reverberation, 0 to 1."""
    room_seconds: float = 1.1
    noise: float = 0.0
    """RMS of pink-ish noise relative to full scale."""
    loudness: float = -1.5
    """Peak level in dBFS; above 0 clips."""
    free_intro: float = 0.0
    """Seconds of guitar without a beat before the first count."""
    lead_in: float = 0.25
    """Seconds of silence before everything."""
    fade_out: float = 0.0
    """Seconds of fade at the end."""
    tuning: float = 0.0
    """Semitones away from A = 440 Hz."""


@dataclass(frozen=True)
class TrueSection:
    """A section as it was played."""

    start: float
    end: float
    label: str
    rhythm_mode: str


@dataclass(frozen=True)
class Truth:
    """The exact time of a song; seconds on its own clock."""

    tempo: float
    duration: float
    beats: tuple[float, ...]
    downbeats: tuple[float, ...]
    eight_counts: tuple[float, ...]
    count_resets: tuple[float, ...]
    sections: tuple[TrueSection, ...]


_BASS_PATTERNS: dict[str, tuple[tuple[int, int, float], ...]] = {
    # (eighth of the bar, chord tone, length in eighths)
    "1-2&-3-4": ((0, 0, 2.6), (3, 2, 1.0), (4, 1, 1.8), (6, 2, 1.9)),
    "1-3-4": ((0, 0, 3.6), (4, 2, 1.8), (6, 1, 1.9)),
    "1-4": ((0, 0, 5.0), (6, 2, 1.9)),
    "1-2-3-4": ((0, 0, 1.7), (2, 1, 1.0), (4, 2, 1.8), (6, 0, 1.9)),
}
_ARPEGGIOS: tuple[tuple[int, ...], ...] = (
    (0, 2, 3, 4, 2, 3, 4, 3),
    (0, 3, 2, 4, 3, 2, 4, 2),
    (0, 2, 4, 3, 5, 3, 4, 2),
)
_Motif = list[tuple[float, int, float]]
"""Notes: (eighth, scale step, length in eighths)."""
_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_MINOR = (0, 2, 3, 5, 7, 8, 10)


def synthesise(spec: SongSpec, seed: int = 0) -> tuple[Audio, Truth]:
    """Play a song.

    Args:

        spec: What to play.

        seed: Decides the small irregularities and the melodies; equal seeds give equal songs.

    Returns:

        Samples of shape (2, n) at 44.1 kHz in -1 to 1, and the song's truth.
    """
    score = _lay_out(spec)
    band = _Band(spec, score, np.random.default_rng(seed))
    audio = band.play()
    return audio, score.truth(audio.shape[1] / SAMPLE_RATE)


@dataclass(frozen=True)
class _Bar:
    first: int
    """Index of its first count."""
    part: int
    label: str
    mode: str
    stop: bool
    in_part: int
    last_of_part: bool


@dataclass(frozen=True)
class _Score:
    spec: SongSpec
    times: NDArray[np.float64]
    """Time of each count, and of one more."""
    bars: tuple[_Bar, ...]
    ones: tuple[int, ...]
    fives: tuple[int, ...]
    resets: tuple[int, ...]
    edges: tuple[tuple[int, int, Part], ...]

    def truth(self, duration: float) -> Truth:
        times = self.times
        counts = len(times) - 1
        slope = float(np.polyfit(np.arange(counts), times[:counts], 1)[0])
        downs = sorted(self.ones + self.fives)
        return Truth(
            tempo=60.0 / slope,
            duration=duration,
            beats=_rounded(times[:counts]),
            downbeats=_rounded(times[downs]),
            eight_counts=_rounded(times[list(self.ones)]),
            count_resets=_rounded(times[list(self.resets)]) if self.resets else (),
            sections=tuple(
                TrueSection(
                    round(float(times[a]), 6), round(float(times[b]), 6), p.label, p.rhythm_mode
                )
                for a, b, p in self.edges
            ),
        )


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)


def _lay_out(spec: SongSpec) -> _Score:
    bars: list[_Bar] = []
    ones: list[int] = []
    fives: list[int] = []
    resets: list[int] = []
    edges: list[tuple[int, int, Part]] = []
    count = 0
    for index, part in enumerate(spec.parts):
        first = count
        played = part.eights * COUNTS_PER_EIGHT
        total = played + part.break_counts
        if bars and count - ones[-1] < COUNTS_PER_EIGHT:
            resets.append(count)
        for offset in range(0, total, COUNTS_PER_BAR):
            (ones if offset % COUNTS_PER_EIGHT == 0 else fives).append(count)
            bars.append(
                _Bar(
                    first=count,
                    part=index,
                    label=part.label,
                    mode=part.rhythm_mode,
                    stop=offset >= played,
                    in_part=offset // COUNTS_PER_BAR,
                    last_of_part=offset + COUNTS_PER_BAR >= total,
                )
            )
            count += COUNTS_PER_BAR
        edges.append((first, first + played, part))
        if part.break_counts:
            edges.append((first + played, count, replace(part, label="break")))
    phase = np.arange(count) / max(count, 1)
    wander = 0.7 * np.sin(2 * np.pi * 1.5 * phase + 0.4) + 0.3 * np.sin(2 * np.pi * 4.0 * phase)
    periods = 60.0 / spec.tempo * (1.0 + spec.drift * wander)
    start = spec.lead_in + spec.free_intro
    times = start + np.concatenate([[0.0], np.cumsum(periods)])
    return _Score(spec, times, tuple(bars), tuple(ones), tuple(fives), tuple(resets), tuple(edges))


class _Band:
    """Plays a score into one stereo buffer per group of instruments."""

    def __init__(self, spec: SongSpec, score: _Score, rng: np.random.Generator) -> None:
        self.spec = spec
        self.score = score
        self.rng = rng
        self.length = int((score.times[-1] + 1.6) * SAMPLE_RATE)
        self.dry = np.zeros((2, self.length))
        self.wet = np.zeros(self.length)
        self.scale = _MINOR if spec.minor else _MAJOR
        self.kit = _Kit(spec, rng)
        self.arpeggio = _ARPEGGIOS[int(rng.integers(len(_ARPEGGIOS)))]

    def play(self) -> Audio:
        if self.spec.free_intro > 0:
            self._free_intro()
        motif = self._motif()
        for number, bar in enumerate(self.score.bars):
            chord = self._chord(number)
            if bar.stop:
                self._stop(bar, chord)
                continue
            full = bar.label not in ("intro", "outro", "break")
            self._guira(bar, full)
            self._bongo(bar)
            self._bass(bar, chord)
            self._guitar(bar, chord)
            if bar.label in ("verse", "chorus", "bridge"):
                self._pad(bar, chord)
                self._lead(bar, chord, motif)
            if bar.label in ("mambo", "intro", "outro"):
                self._requinto(bar, chord)
        return self._mixed()

    # time and harmony

    def _time(self, bar: _Bar, eighth: float) -> float:
        """Return the second of an eighth of a bar, swung and a little human."""
        times = self.score.times
        position = bar.first + eighth / 2.0
        if eighth % 2 == 1:
            position += 0.5 * self.spec.swing
        whole = min(int(position), len(times) - 2)
        exact = times[whole] + (position - whole) * (times[whole + 1] - times[whole])
        return float(exact + self.rng.normal(0.0, self.spec.humanise))

    def _eighth(self, bar: _Bar) -> float:
        return float(self.score.times[bar.first + 1] - self.score.times[bar.first]) / 2.0

    def _chord(self, number: int) -> tuple[int, ...]:
        """Return seven rising chord tones, as MIDI notes, the root first."""
        chords = self.spec.chords
        bar = self.score.bars[number]
        degree = chords[(bar.in_part // self.spec.bars_per_chord) % len(chords)]
        tones = [degree + step for step in (0, 2, 4, 7, 9, 11, 14)]
        return tuple(self._note(tone) for tone in tones)

    def _note(self, degree: int) -> int:
        return self.spec.tonic + self.scale[degree % 7] + 12 * (degree // 7)

    def _level(self, name: str) -> float:
        return self.spec.levels.get(name, 1.0)

    def _add(
        self, sound: Audio, time: float, gain: float, pan: float = 0.0, wet: float = 0.5
    ) -> None:
        start = round(time * SAMPLE_RATE)
        if start < 0 or start >= self.length or gain == 0.0:
            return
        piece = sound[: self.length - start] * gain
        sides = (np.cos((pan + 1) * np.pi / 4), np.sin((pan + 1) * np.pi / 4))
        for side in (0, 1):
            self.dry[side, start : start + len(piece)] += sides[side] * piece
        self.wet[start : start + len(piece)] += (0.7 * wet) * piece

    # the players

    def _guira(self, bar: _Bar, full: bool) -> None:
        level = 0.16 * self._level("guira") * (1.0 if full else 0.7)
        accents: tuple[float, ...]
        if bar.mode == "majao":
            accents = (1.0, 0, 0.95, 0, 1.0, 0, 0.95, 0)
        elif bar.mode == "mambo":
            accents = (1.0, 0.65, 0.9, 0.75, 1.0, 0.65, 0.9, 0.8)
        else:
            accents = (1.0, 0.62, 0.85, 0.62, 0.95, 0.62, 0.85, 0.62)
        if self.spec.offbeat_guira:
            accents = (0.5, 1.0, 0.5, 1.0, 0.5, 1.0, 0.5, 1.0)
        for eighth, accent in enumerate(accents):
            if accent:
                long = eighth % 2 == 0
                sound = self.kit.scrape(long, int(self.rng.integers(4)))
                gain = level * accent * self.rng.uniform(0.85, 1.1)
                self._add(sound, self._time(bar, eighth), gain, pan=0.35, wet=0.25)
        if bar.mode == "mambo":
            for late in (3.5, 7.5):
                self._add(self.kit.scrape(False, 0), self._time(bar, late), level * 0.5, 0.35, 0.25)

    def _bongo(self, bar: _Bar) -> None:
        level = 0.30 * self._level("bongo")
        if bar.label == "intro" and bar.in_part < 2:
            level *= 0.5
        high = (0.75, 0.28, 0.42, 0.30, 0.70, 0.32, 0.0, 0.35)
        if bar.last_of_part and bar.label != "outro":
            high = (0.75, 0.3, 0.5, 0.5, 0.8, 0.7, 0.3, 0.8)
        for eighth, accent in enumerate(high):
            gain = level * accent * self.rng.uniform(0.8, 1.15)
            self._add(self.kit.bongo_high, self._time(bar, eighth), gain, pan=-0.25)
        low = level * self.spec.martillo_low * self.rng.uniform(0.9, 1.1)
        self._add(self.kit.bongo_low, self._time(bar, 6), low, pan=-0.4)
        if bar.mode == "mambo":
            self._add(self.kit.bongo_low, self._time(bar, 7), 0.5 * low, pan=-0.4)

    def _bass(self, bar: _Bar, chord: tuple[int, ...]) -> None:
        level = 0.42 * self._level("bass")
        pattern = _BASS_PATTERNS[self.spec.bass_pattern]
        root = chord[0] - 24
        while root < 33:
            root += 12
        while root > 45:
            root -= 12
        for eighth, tone, length in pattern:
            if bar.mode == "majao" and eighth == 3:
                continue
            note = root + (chord[tone] - chord[0])
            gain = level * self.rng.uniform(0.9, 1.08)
            sound = self.kit.bass(note, length * self._eighth(bar))
            self._add(sound, self._time(bar, eighth), gain, wet=0.1)

    def _guitar(self, bar: _Bar, chord: tuple[int, ...]) -> None:
        level = 0.17 * self._level("guitar")
        for eighth in range(8):
            if bar.mode == "majao" and eighth == 1:
                continue
            note = chord[self.arpeggio[eighth]]
            accent = (1.0, 0.7, 0.8, 0.75, 0.9, 0.7, 0.85, 0.75)[eighth]
            gain = level * accent * self.rng.uniform(0.85, 1.1)
            self._add(self.kit.guitar(note), self._time(bar, eighth), gain, pan=-0.5)

    def _pad(self, bar: _Bar, chord: tuple[int, ...]) -> None:
        level = 0.030 * self._level("pad") * (1.4 if bar.label == "chorus" else 1.0)
        length = 8.3 * self._eighth(bar)
        for tone, pan in ((1, -0.6), (2, 0.6), (3, 0.1)):
            self._add(self.kit.pad(chord[tone], length), self._time(bar, 0) - 0.04, level, pan, 0.9)

    def _lead(
        self, bar: _Bar, chord: tuple[int, ...], motif: list[tuple[float, int, float]]
    ) -> None:
        level = 0.12 * self._level("lead") * (1.2 if bar.label == "chorus" else 0.9)
        half = bar.in_part % 2
        for eighth, step, length in motif:
            if not half * 8 <= eighth < half * 8 + 8:
                continue
            note = (
                _nearest(chord, self._note(7 + step)) if eighth % 4 == 0 else self._note(7 + step)
            )
            time = self._time(bar, eighth - half * 8) + self.rng.normal(0.01, 0.012)
            sound = self.kit.voice(note, length * self._eighth(bar))
            self._add(sound, time, level, 0.05, 0.8)

    def _requinto(self, bar: _Bar, chord: tuple[int, ...]) -> None:
        level = (0.24 if bar.label == "mambo" else 0.13) * self._level("requinto")
        half = bar.in_part % 2
        figure = (0, 1, 3, 2, 4, 3, 2, 1) if half == 0 else (4, 3, 5, 4, 3, 2, 1, 3)
        for eighth in range(8):
            if bar.label != "mambo" and eighth in (1, 5, 7):
                continue
            note = chord[figure[eighth]] + 12
            gain = level * self.rng.uniform(0.8, 1.1) * (1.0 if eighth % 2 == 0 else 0.8)
            self._add(self.kit.requinto(note), self._time(bar, eighth), gain, 0.45, 0.6)
            if bar.label == "mambo" and eighth in (3, 7):
                self._add(self.kit.requinto(note), self._time(bar, eighth + 0.5), gain, 0.45, 0.6)

    def _stop(self, bar: _Bar, chord: tuple[int, ...]) -> None:
        """A break: one hit together on the first count, then the guitar rings and bongos answer."""
        time = self._time(bar, 0)
        if bar.in_part % 2 == 0 or not self._is_second_bar_of_stop(bar):
            self._add(self.kit.bass(chord[0] - 12, 1.2), time, 0.45 * self._level("bass"))
            self._add(self.kit.bongo_low, time, 0.3 * self._level("bongo"), -0.3)
            for tone, gain in ((0, 0.3), (1, 0.25), (2, 0.25), (3, 0.2)):
                strum = time + 0.008 * tone
                self._add(
                    self.kit.guitar(chord[tone]), strum, gain * self._level("guitar"), -0.3, 0.9
                )
        for eighth in (5, 6, 7):
            gain = 0.16 * self._level("bongo")
            self._add(self.kit.bongo_high, self._time(bar, eighth), gain, -0.25)

    def _is_second_bar_of_stop(self, bar: _Bar) -> bool:
        index = self.score.bars.index(bar)
        return index > 0 and self.score.bars[index - 1].stop

    def _free_intro(self) -> None:
        chord = self._chord(0)
        time = self.spec.lead_in
        end = self.spec.lead_in + self.spec.free_intro - 0.5
        step = 0
        while time < end:
            note = chord[self.arpeggio[step % 8] % len(chord)]
            self._add(self.kit.guitar(note), time, 0.2 * self._level("guitar"), -0.3, 0.9)
            time += float(self.rng.uniform(0.22, 0.75))
            step += 1

    def _motif(self) -> _Motif:
        """Return two bars of melody: (eighth, scale step, length in eighths)."""
        rng = self.rng
        motif: _Motif = []
        eighth, step = float(rng.choice([0, 1, 2])), int(rng.integers(0, 5))
        while eighth < 14:
            length = float(rng.choice([1, 2, 2, 3, 4]))
            motif.append((eighth, step, 0.9 * length))
            eighth += length
            step = int(np.clip(step + rng.choice([-2, -1, -1, 1, 1, 2]), -2, 6))
        return motif

    # the desk

    def _mixed(self) -> Audio:
        spec = self.spec
        mix = self.dry
        if spec.room > 0:
            mix = mix + spec.room * 1.6 * _reverberated(self.wet, spec.room_seconds, self.rng)
        if spec.fade_out > 0:
            fade = int(spec.fade_out * SAMPLE_RATE)
            end = int(self.score.times[-1] * SAMPLE_RATE)
            gain = np.ones(self.length)
            gain[max(0, end - fade) : end] = np.linspace(1, 0, min(fade, end)) ** 1.5
            gain[end:] = 0.0
            mix = mix * gain
        mix = np.tanh(1.3 * mix) / 1.3
        mix *= 10 ** (spec.loudness / 20) / max(float(np.abs(mix).max()), 1e-9)
        if spec.noise > 0:
            mix = mix + spec.noise * _pinkish(self.length, self.rng)
        return np.clip(mix, -1.0, 1.0)


class _Kit:
    """The sounds of the instruments; each is made once per note and length."""

    def __init__(self, spec: SongSpec, rng: np.random.Generator) -> None:
        self.rng = rng
        self.tuning = spec.tuning + rng.uniform(-0.05, 0.05)
        self.brightness = rng.uniform(0.75, 1.3)
        self.cache: dict[tuple[object, ...], Audio] = {}
        skin = rng.uniform(0.9, 1.12)
        self.bongo_high = _drum(410 * skin, 0.11, 0.30, rng)
        self.bongo_low = _drum(225 * skin, 0.22, 0.16, rng)
        self.scrapes = {
            (long, take): _scrape(long, rng) for long in (True, False) for take in range(4)
        }

    def scrape(self, long: bool, take: int) -> Audio:
        return self.scrapes[long, take]

    def _frequency(self, note: int) -> float:
        return float(440.0 * 2 ** ((note + self.tuning - 69) / 12))

    def _cached(self, key: tuple[object, ...], make: Audio | None = None) -> Audio | None:
        if make is not None:
            self.cache[key] = make
        return self.cache.get(key)

    def guitar(self, note: int) -> Audio:
        key = ("guitar", note)
        found = self._cached(key)
        if found is None:
            found = _pluck(self._frequency(note), 1.3, 0.9 * self.brightness, 0.19, self.rng)
            self._cached(key, found)
        return found

    def requinto(self, note: int) -> Audio:
        key = ("requinto", note)
        found = self._cached(key)
        if found is None:
            found = _pluck(self._frequency(note), 0.8, 1.4 * self.brightness, 0.11, self.rng)
            self._cached(key, found)
        return found

    def bass(self, note: int, seconds: float) -> Audio:
        key = ("bass", note, round(seconds, 2))
        found = self._cached(key)
        if found is None:
            found = _pluck(self._frequency(note), seconds + 0.08, 0.33, 0.3, self.rng, seconds)
            self._cached(key, found)
        return found

    def pad(self, note: int, seconds: float) -> Audio:
        key = ("pad", note, round(seconds, 1))
        found = self._cached(key)
        if found is None:
            found = _sustained(self._frequency(note), seconds, 5, 0.18, 0.0, self.rng)
            self._cached(key, found)
        return found

    def voice(self, note: int, seconds: float) -> Audio:
        key = ("voice", note, round(seconds, 1))
        found = self._cached(key)
        if found is None:
            found = _sustained(self._frequency(note), seconds, 14, 0.05, 0.006, self.rng)
            self._cached(key, found)
        return found


def _seconds(length: float) -> NDArray[np.float64]:
    return np.arange(max(1, int(length * SAMPLE_RATE))) / SAMPLE_RATE


def _pluck(
    frequency: float,
    seconds: float,
    brightness: float,
    position: float,
    rng: np.random.Generator,
    damped_at: float | None = None,
) -> Audio:
    """A plucked string: decaying partials, the higher the shorter, and a click of the nail."""
    time = _seconds(seconds)
    sound = np.zeros_like(time)
    for partial in range(1, 15):
        pitch = frequency * partial * np.sqrt(1 + 6e-5 * partial**2)
        if pitch > 9_000:
            break
        strength = abs(np.sin(np.pi * partial * position)) / partial**1.05
        strength *= np.exp(-(partial - 1) / (6.0 * brightness))
        decay = (1.6 + 0.5 * partial) * (frequency / 220.0) ** 0.4
        sound += (
            strength * np.exp(-decay * time) * np.sin(2 * np.pi * pitch * time + rng.uniform(0, 6))
        )
    click = int(0.006 * SAMPLE_RATE)
    sound[:click] += 0.25 * brightness * rng.normal(size=click) * np.linspace(1, 0, click) ** 2
    rise = min(len(time), int(0.0015 * SAMPLE_RATE))
    sound[:rise] *= np.linspace(0, 1, rise)
    if damped_at is not None:
        sound *= np.clip((damped_at + 0.06 - time) / 0.06, 0, 1)
    tail = min(len(time), int(0.03 * SAMPLE_RATE))
    sound[-tail:] *= np.linspace(1, 0, tail)
    return sound / max(float(np.abs(sound).max()), 1e-9)


def _sustained(
    frequency: float,
    seconds: float,
    partials: int,
    rise: float,
    vibrato: float,
    rng: np.random.Generator,
) -> Audio:
    """A held tone; with vibrato and formants it passes for a voice that sings "ah"."""
    time = _seconds(seconds)
    depth = vibrato * np.clip(time / 0.35, 0, 1)
    phase = 2 * np.pi * np.cumsum(frequency * (1 + depth * np.sin(2 * np.pi * 5.4 * time)))
    phase /= SAMPLE_RATE
    sound = np.zeros_like(time)
    for partial in range(1, partials + 1):
        pitch = frequency * partial
        if pitch > 7_000:
            break
        formants = sum(
            weight / (1 + ((pitch - centre) / width) ** 2)
            for centre, width, weight in ((650, 160, 1.0), (1150, 200, 0.6), (2700, 350, 0.3))
        )
        strength = (0.25 + formants) / partial if vibrato else 1 / partial**1.7
        sound += strength * np.sin(partial * phase + rng.uniform(0, 6))
    envelope = np.clip(time / rise, 0, 1) * np.clip((seconds - time) / 0.08, 0, 1)
    return envelope * sound / max(float(np.abs(sound).max()), 1e-9)


def _drum(frequency: float, decay: float, slap: float, rng: np.random.Generator) -> Audio:
    """A skin: three modes of a drum head whose pitch falls a little, and a slap."""
    time = _seconds(0.5)
    bend = 1 + 0.10 * np.exp(-time / 0.012)
    phase = 2 * np.pi * np.cumsum(frequency * bend) / SAMPLE_RATE
    sound = np.zeros_like(time)
    for ratio, strength in ((1.0, 1.0), (1.59, 0.45), (2.3, 0.25)):
        sound += strength * np.exp(-time * ratio / decay * 2.2) * np.sin(ratio * phase)
    sound += slap * rng.normal(size=len(time)) * np.exp(-time / 0.006)
    rise = int(0.001 * SAMPLE_RATE)
    sound[:rise] *= np.linspace(0, 1, rise)
    return sound / float(np.abs(sound).max())


def _scrape(long: bool, rng: np.random.Generator) -> Audio:
    """A stroke over the güira: bright noise in a row of ridges."""
    length = 0.13 if long else 0.06
    time = _seconds(length + 0.05)
    noise = _high_passed(rng.normal(size=len(time)), 3_500.0)
    ridges = 0.6 + 0.4 * np.sign(np.sin(2 * np.pi * rng.uniform(95, 150) * time))
    envelope = np.clip(time / 0.004, 0, 1) * np.exp(-time / (0.45 * length))
    sound = noise * ridges * envelope
    return sound / float(np.abs(sound).max())


def _high_passed(signal: Audio, cutoff: float) -> Audio:
    spectrum = np.fft.rfft(signal)
    frequency = np.fft.rfftfreq(len(signal), 1 / SAMPLE_RATE)
    return np.fft.irfft(spectrum / (1 + (cutoff / np.maximum(frequency, 1.0)) ** 4), len(signal))


def _reverberated(signal: Audio, seconds: float, rng: np.random.Generator) -> Audio:
    """A room: exponentially decaying noise, darker with time, different at each ear."""
    time = _seconds(1.4 * seconds)
    size = _fast_size(len(signal) + len(time))
    sent = np.fft.rfft(signal, size)
    wet = np.empty((2, len(signal)))
    for side in (0, 1):
        tail = rng.normal(size=len(time)) * np.exp(-6.9 * time / seconds)
        tail[: int(0.012 * SAMPLE_RATE)] = 0.0
        smooth = np.convolve(tail, np.hanning(9) / 4.0, mode="same")
        smooth /= np.sqrt(float(np.sum(smooth**2)))
        wet[side] = np.fft.irfft(sent * np.fft.rfft(smooth, size), size)[: len(signal)]
    return wet


def _fast_size(least: int) -> int:
    """Return the smallest 2^a, 3 * 2^a or 5 * 2^a that is not below `least`."""
    return min(factor << max(0, int(np.ceil(np.log2(least / factor)))) for factor in (1, 3, 5))


def _pinkish(length: int, rng: np.random.Generator) -> Audio:
    size = _fast_size(length)
    spectrum = np.fft.rfft(rng.normal(size=(2, size)), axis=1)
    frequency = np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE), 20.0)
    noise = np.fft.irfft(spectrum / np.sqrt(frequency), size, axis=1)[:, :length]
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))


def _nearest(chord: tuple[int, ...], note: int) -> int:
    tones = [tone + 12 * octave for tone in chord for octave in (-1, 0, 1)]
    return min(tones, key=lambda tone: (abs(tone - note), tone))


def with_levels(spec: SongSpec, **levels: float) -> SongSpec:
    """Return the same song with some instruments louder or softer (0 mutes one)."""
    return replace(spec, levels={**spec.levels, **levels})
