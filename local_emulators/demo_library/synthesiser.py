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

from local_emulators.demo_library.instruments import (
    SAMPLE_RATE,
    Audio,
    Kit,
    crowd,
    pinkish,
    reverberated,
)

_PLAYERS = ("guira", "bongo", "bass", "guitar", "requinto", "lead", "pad")
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
    lags: dict[str, float] = field(default_factory=dict)
    """Seconds by which each of them is behind the others, always; absent means 0."""
    looseness: float = 0.0
    """Standard deviation, in seconds, by which each player leaves the others from bar to bar."""
    bass_pattern: str = "1-2&-3-4"
    """Which eighths the bass plays, by name; see `_BASS_PATTERNS`."""
    bass_variation: float = 0.0
    """Share of bars in which the bass plays another of its patterns."""
    anticipation: float = 0.0
    """Share of chords that guitar, bass and pad bring half a count early, on the "and" of 4."""
    turnaround: bool = False
    """True changes the chord on 3 too, in every fourth bar."""
    melisma: bool = False
    """True lets the lead sing freely: phrases that start anywhere, runs, slides and vowels."""
    dynamics: float = 0.0
    """Decibels by which the calmest part is softer than the mambo."""
    sparse_intro: bool = False
    """True leaves guitar and requinto alone in the first bars, as many songs begin."""
    offbeat_guira: bool = False
    """True accents every "and" of the güira, which leads trackers onto the off-beat; where it
    plays quarters, it accents 2 and 4."""
    martillo_low: float = 1.0
    """Strength of the low bongo on 4."""
    room: float = 0.22
    """Share of reverberation, 0 to 1."""
    room_seconds: float = 1.1
    noise: float = 0.0
    """RMS of pink-ish noise relative to full scale."""
    crowd: float = 0.0
    """RMS of a talking, clapping room relative to full scale."""
    drive: float = 1.3
    """How hard the mix is pressed into its limiter."""
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
    "1-3-4-4&": ((0, 0, 3.4), (4, 2, 1.6), (6, 1, 0.9), (7, 2, 0.9)),
    "1-2-3-4": ((0, 0, 1.7), (2, 1, 1.0), (4, 2, 1.8), (6, 0, 1.9)),
}
CALM = {"intro": 1.0, "outro": 0.9, "bridge": 0.9, "verse": 0.65, "chorus": 0.3, "mambo": 0.0}
"""Share of `SongSpec.dynamics` by which a part is softer."""

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
    band = _Band(spec, score, seed)
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

    def __init__(self, spec: SongSpec, score: _Score, seed: int) -> None:
        self.spec = spec
        self.score = score
        self.rng = rng = np.random.default_rng(seed)
        self.length = int((score.times[-1] + 1.6) * SAMPLE_RATE)
        self.dry = np.zeros((2, self.length))
        self.wet = np.zeros(self.length)
        self.scale = _MINOR if spec.minor else _MAJOR
        self.kit = Kit(spec.tuning, rng)
        self.arpeggio = _ARPEGGIOS[int(rng.integers(len(_ARPEGGIOS)))]
        # Of its own, so that a song without these liberties is the same song as ever.
        self.free = np.random.default_rng([seed, len(score.bars)])
        self.early = self.free.random(len(score.bars)) < spec.anticipation
        self.away = {name: self._wander() for name in _PLAYERS}
        self.part_gain = 1.0

    def _wander(self) -> NDArray[np.float64]:
        """Return the seconds by which a player leaves the others in each bar."""
        steps = self.free.normal(0.0, 1.0, len(self.score.bars))
        away = np.zeros(len(steps))
        for index in range(1, len(steps)):
            away[index] = 0.8 * away[index - 1] + 0.6 * steps[index]
        return np.asarray(away * self.spec.looseness)

    def play(self) -> Audio:
        if self.spec.free_intro > 0:
            self._free_intro()
        motif = self._motif()
        for number, bar in enumerate(self.score.bars):
            self.part_gain = 10 ** (-self.spec.dynamics * CALM.get(bar.label, 0.6) / 20)
            if bar.stop:
                self._stop(bar, self._chord(number))
                continue
            full = bar.label not in ("intro", "outro", "break")
            alone = self.spec.sparse_intro and bar.label == "intro" and bar.in_part < 4
            if not alone:
                self._guira(bar, full)
                self._bongo(bar)
                self._bass(number)
            self._guitar(number)
            if bar.label in ("verse", "chorus", "bridge"):
                self._pad(number)
                if not self.spec.melisma:
                    self._lead(bar, self._chord(number), motif)
            if bar.label in ("mambo", "intro", "outro"):
                self._requinto(bar, self._chord(number))
        self.part_gain = 1.0
        if self.spec.melisma:
            self._sing()
        return self._mixed()

    # time and harmony

    def _time(self, bar: _Bar, eighth: float, player: str = "lead") -> float:
        """Return the second at which a player plays an eighth of a bar: swung, a little human."""
        times = self.score.times
        position = bar.first + eighth / 2.0
        if eighth % 2 == 1:
            position += 0.5 * self.spec.swing
        whole = min(int(position), len(times) - 2)
        exact = times[whole] + (position - whole) * (times[whole + 1] - times[whole])
        behind = self.spec.lags.get(player, 0.0) + self.away[player][bar.first // COUNTS_PER_BAR]
        return float(exact + behind + self.rng.normal(0.0, self.spec.humanise))

    def _eighth(self, bar: _Bar) -> float:
        return float(self.score.times[bar.first + 1] - self.score.times[bar.first]) / 2.0

    def _chord(self, number: int, eighth: float = 0) -> tuple[int, ...]:
        """Return seven rising chord tones at a place, as MIDI notes, the root first."""
        chords = self.spec.chords
        bars = self.score.bars
        if eighth == 7 and number + 1 < len(bars) and self.early[number]:
            number += 1
            eighth = 0
        bar = bars[number]
        place = bar.in_part // self.spec.bars_per_chord
        if self.spec.turnaround and eighth >= 4 and bar.in_part % 4 == 3:
            place += len(chords) // 2
        degree = chords[place % len(chords)]
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
        piece = sound[: self.length - start] * (gain * self.part_gain)
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
        if self.spec.offbeat_guira and bar.mode == "majao":
            accents = (0.6, 0, 1.0, 0, 0.6, 0, 1.0, 0)
        elif self.spec.offbeat_guira:
            accents = (0.5, 1.0, 0.5, 1.0, 0.5, 1.0, 0.5, 1.0)
        for eighth, accent in enumerate(accents):
            if accent:
                long = eighth % 2 == 0
                sound = self.kit.scrape(long, int(self.rng.integers(4)))
                gain = level * accent * self.rng.uniform(0.85, 1.1)
                self._add(sound, self._time(bar, eighth, "guira"), gain, pan=0.35, wet=0.25)
        if bar.mode == "mambo":
            for late in (3.5, 7.5):
                self._add(
                    self.kit.scrape(False, 0),
                    self._time(bar, late, "guira"),
                    level * 0.5,
                    0.35,
                    0.25,
                )

    def _bongo(self, bar: _Bar) -> None:
        level = 0.30 * self._level("bongo")
        if bar.label == "intro" and bar.in_part < 2:
            level *= 0.5
        high = (0.75, 0.28, 0.42, 0.30, 0.70, 0.32, 0.0, 0.35)
        if bar.last_of_part and bar.label != "outro":
            high = (0.75, 0.3, 0.5, 0.5, 0.8, 0.7, 0.3, 0.8)
        for eighth, accent in enumerate(high):
            gain = level * accent * self.rng.uniform(0.8, 1.15)
            self._add(self.kit.bongo_high, self._time(bar, eighth, "bongo"), gain, pan=-0.25)
        low = level * self.spec.martillo_low * self.rng.uniform(0.9, 1.1)
        self._add(self.kit.bongo_low, self._time(bar, 6, "bongo"), low, pan=-0.4)
        if bar.mode == "mambo":
            self._add(self.kit.bongo_low, self._time(bar, 7, "bongo"), 0.5 * low, pan=-0.4)

    def _bass(self, number: int) -> None:
        bar = self.score.bars[number]
        level = 0.42 * self._level("bass")
        name = self.spec.bass_pattern
        if self.spec.bass_variation and self.free.random() < self.spec.bass_variation:
            name = str(self.free.choice(sorted(_BASS_PATTERNS)))
        tied = number > 0 and bool(self.early[number - 1]) and not self.score.bars[number - 1].stop
        notes = [
            note
            for note in _BASS_PATTERNS[name]
            if not (bar.mode == "majao" and note[0] == 3) and not (tied and note[0] == 0)
        ]
        if self.early[number]:
            notes = [*(note for note in notes if note[0] != 7), (7, 0, 3.2)]
        for eighth, tone, length in notes:
            chord = self._chord(number, eighth)
            root = chord[0] - 24
            while root < 33:
                root += 12
            while root > 45:
                root -= 12
            note = root + (chord[tone] - chord[0])
            gain = level * self.rng.uniform(0.9, 1.08)
            sound = self.kit.bass(note, length * self._eighth(bar))
            self._add(sound, self._time(bar, eighth, "bass"), gain, wet=0.1)

    def _guitar(self, number: int) -> None:
        bar = self.score.bars[number]
        level = 0.17 * self._level("guitar")
        for eighth in range(8):
            if bar.mode == "majao" and eighth == 1:
                continue
            note = self._chord(number, eighth)[self.arpeggio[eighth]]
            accent = (1.0, 0.7, 0.8, 0.75, 0.9, 0.7, 0.85, 0.75)[eighth]
            gain = level * accent * self.rng.uniform(0.85, 1.1)
            self._add(self.kit.guitar(note), self._time(bar, eighth, "guitar"), gain, pan=-0.5)

    def _pad(self, number: int) -> None:
        bar, chord = self.score.bars[number], self._chord(number)
        level = 0.030 * self._level("pad") * (1.4 if bar.label == "chorus" else 1.0)
        length = 8.3 * self._eighth(bar)
        early = self._eighth(bar) if number and self.early[number - 1] else 0.0
        for tone, pan in ((1, -0.6), (2, 0.6), (3, 0.1)):
            held = self.kit.pad(chord[tone], length)
            self._add(held, self._time(bar, 0, "pad") - 0.04 - early, level, pan, 0.9)

    def _sing(self) -> None:
        """A free lead: phrases of one to three bars that start anywhere, runs and held notes."""
        rng = self.free
        level = 0.12 * self._level("lead")
        bars = self.score.bars
        eighths = [
            (number, eighth)
            for number, bar in enumerate(bars)
            if bar.label in ("verse", "chorus", "bridge") and not bar.stop
            for eighth in range(8)
        ]
        at, step, before = 0, int(rng.integers(0, 5)), self._note(7)
        while at < len(eighths):
            at += int(rng.integers(1, 8))
            end = min(at + int(rng.integers(8, 26)), len(eighths))
            while at < end:
                number, eighth = eighths[at]
                bar = bars[number]
                run = rng.random() < 0.2
                length = 0.5 if run else float(rng.choice([1, 1, 2, 2, 3, 5]))
                step = int(np.clip(step + rng.choice([-2, -1, -1, 0, 1, 1, 2]), -3, 7))
                note = self._note(7 + step)
                if eighth % 4 == 0 and rng.random() < 0.6:
                    note = _nearest(self._chord(number), note)
                for part in range(2 if run else 1):
                    time = self._time(bar, eighth + 0.5 * part, "lead") + rng.normal(0.015, 0.025)
                    sung = self.kit.sung(note + part, length * self._eighth(bar), before, rng)
                    self._add(sung, time, level * rng.uniform(0.6, 1.2), 0.05, 0.8)
                    before = note + part
                at += max(1, int(length))

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
            string = self.kit.requinto(note)
            self._add(string, self._time(bar, eighth, "requinto"), gain, 0.45, 0.6)
            if bar.label == "mambo" and eighth in (3, 7):
                self._add(string, self._time(bar, eighth + 0.5, "requinto"), gain, 0.45, 0.6)

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
            mix = mix + spec.room * 1.6 * reverberated(self.wet, spec.room_seconds, self.rng)
        if spec.fade_out > 0:
            fade = int(spec.fade_out * SAMPLE_RATE)
            end = int(self.score.times[-1] * SAMPLE_RATE)
            gain = np.ones(self.length)
            gain[max(0, end - fade) : end] = np.linspace(1, 0, min(fade, end)) ** 1.5
            gain[end:] = 0.0
            mix = mix * gain
        mix = np.tanh(spec.drive * mix) / spec.drive
        mix *= 10 ** (spec.loudness / 20) / max(float(np.abs(mix).max()), 1e-9)
        if spec.noise > 0:
            mix = mix + spec.noise * pinkish(self.length, self.rng)
        if spec.crowd > 0:
            mix = mix + spec.crowd * crowd(self.length, self.free)
        return np.clip(mix, -1.0, 1.0)


def _nearest(chord: tuple[int, ...], note: int) -> int:
    tones = [tone + 12 * octave for tone in chord for octave in (-1, 0, 1)]
    return min(tones, key=lambda tone: (abs(tone - note), tone))


def with_levels(spec: SongSpec, **levels: float) -> SongSpec:
    """Return the same song with some instruments louder or softer (0 mutes one)."""
    return replace(spec, levels={**spec.levels, **levels})
