"""A bachata band of recorded instruments, with the exact time of every count.

Arrangements follow what bachata bands do: güira in eighths behind the verse and, in most songs, in
quarters behind the chorus; bongo in martillo with its low drum on 4, repiques at the ends of
phrases; a bass of 1-3-4 and its variants; segunda and requinto, chords that come on the "and" of 4;
sung phrases that begin before their bar; breaks of four and eight counts, stops inside a bar, bars
put in, introductions of a guitar alone, with and without time; choruses played twice; a rise of the
key; a modern band with kick, pads and piano. Everything is chosen by the seed. It shares nothing
with the demo library's synthesiser but the form of its truth, and the analysis knows neither.

Run with `python -m benchmarks.sampled_band [--seeds FIRST LAST] [--folder DIR]`.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.soundfont import DRUMS, Instrument, Note, missing, play
from local_emulators.demo_library.instruments import SAMPLE_RATE, Audio, pinkish
from local_emulators.demo_library.songs import write_audio
from local_emulators.demo_library.synthesiser import TrueSection, Truth

SEATS: dict[str, tuple[tuple[int, ...], int, int, int]] = {
    # programs or drum kit, volume, pan, vibrato
    "guira": ((DRUMS,), 100, 84, 0),
    "bongo": ((DRUMS,), 104, 50, 0),
    "kit": ((DRUMS,), 96, 64, 0),
    "bass": ((33, 33, 32, 34, 36), 112, 64, 0),
    "segunda": ((24, 25, 27, 25), 84, 36, 0),
    "requinto": ((25, 24, 27, 26), 98, 76, 0),
    "voice": ((53, 54, 65, 66, 40, 71, 73, 56, 22), 108, 64, 45),
    "coro": ((52, 53, 61, 48), 84, 64, 20),
    "pad": ((48, 49, 89, 50), 70, 64, 0),
    "piano": ((0, 1, 4, 21), 84, 92, 0),
}
"""General MIDI: the sounds a player may have, from which a song takes one."""

SCRAPES = ((74, 73), (73, 73), (69, 69), (70, 70), (82, 82), (73, 69), (69, 70), (42, 42))
"""Drum notes for a güira's beat and "and": guiro, cabasa, maracas, shaker, closed cymbals."""

MAJOR, MINOR = (0, 4, 7), (0, 3, 7)
CHORDS = {
    "i": (0, MINOR), "III": (3, MAJOR), "iv": (5, MINOR), "V": (7, MAJOR), "VI": (8, MAJOR),
    "VII": (10, MAJOR), "I": (0, MAJOR), "ii": (2, MINOR), "iii": (4, MINOR), "IV": (5, MAJOR),
    "vi": (9, MINOR),
}  # fmt: skip
PROGRESSIONS = {
    True: ("i iv V i", "i VI III VII", "i VII VI V", "iv i V i", "VI VII i i", "i i V V",
           "i V V i", "iv VII III VI", "i VI iv V"),
    False: ("I IV V IV", "I vi IV V", "I V vi IV", "ii V I vi", "I I V V", "I V V I",
            "IV V iii vi", "vi IV I V"),
}  # fmt: skip
SCALES = {True: (0, 2, 3, 5, 7, 8, 10), False: (0, 2, 4, 5, 7, 9, 11)}

BASSES: tuple[tuple[tuple[float, int, float], ...], ...] = (
    # (beat of the bar, tone of the chord: root, third, fifth, octave; length in beats)
    ((0, 0, 1.8), (2, 2, 0.9), (3, 3, 0.9)),
    ((0, 0, 1.4), (1.5, 2, 0.5), (2, 0, 0.9), (3, 2, 0.9)),
    ((0, 0, 1.8), (2, 1, 0.9), (3, 2, 0.5), (3.5, 3, 0.5)),
    ((0, 0, 1.4), (1.5, 2, 1.3), (3, 3, 0.9)),
    ((0, 0, 0.9), (2, 2, 0.9), (3, 2, 0.9)),
    ((0, 0, 0.6), (1.5, 0, 0.4), (2.5, 2, 0.4), (3, 3, 0.8)),
)
STRUMS: tuple[tuple[tuple[float, int], ...], ...] = (
    # (beat, velocity); the first of a bar may be the chord's bass alone
    ((0, 78), (1, 66), (1.5, 84), (2.5, 64), (3, 90), (3.5, 60)),
    ((0, 84), (0.5, 50), (1, 60), (1.5, 76), (2, 66), (2.5, 56), (3, 84), (3.5, 62)),
    ((0, 88), (1, 70), (1.5, 72), (2, 78), (3, 82), (3.5, 72)),
    ((0, 84), (0.75, 56), (1.5, 80), (2, 60), (3, 84), (3.5, 66)),
)
ORDERS = (
    (0, 2, 3, 4, 2, 3, 4, 3),
    (3, 2, 4, 2, 3, 1, 4, 2),
    (0, 3, 2, 4, 5, 4, 3, 2),
    (4, 3, 2, 3, 4, 3, 5, 3),
)
"""Strings of an arpeggio in eighths, from low to high."""
RIFFS = (
    (0, 0.75, 1.5, 2, 2.75, 3.5), (0, 0.5, 1, 1.75, 2.5, 3, 3.5), (0.5, 1, 1.5, 2.5, 3, 3.5),
    (0, 0.75, 1.25, 2, 2.5, 3.25), (0, 0.25, 0.5, 1.5, 2, 2.25, 2.5, 3.5), (0, 1.5, 2, 3, 3.5),
)  # fmt: skip
HITS: tuple[tuple[float, ...], ...] = (
    (0,), (0, 1.5), (0, 0.5, 1.5), (0, 1, 2, 3), (0, 1.5, 3), (0.0, 0.75, 1.5),
)  # fmt: skip
"""Where a stop's strokes fall, all players together."""
SILENT = (9.0,)
"""A place that no bar has."""
KICKS = ((0, 2), (0, 1, 2, 3), (0, 1.5, 2), (0, 3), (0, 1.5, 3))

FORMS: tuple[str, ...] = (
    "intro 8, verse 16, chorus 8, mambo 8, verse 8, chorus 8, mambo 16, outro 4",
    "intro 8, verse 8, verse 8, chorus 16, mambo 8, bridge 8, chorus 16",
    "intro 4, verse 16, chorus 16, mambo 8, verse 8, chorus 8, chorus 8, outro 8",
    "chorus 8, mambo 8, verse 16, chorus 8, bridge 8, mambo 8, chorus 8, outro 4",
    "intro 8, verse 8, chorus 8, verse 8, chorus 8, mambo 16, chorus 8, mambo 8, outro 2",
    "mambo 8, verse 16, verse 8, chorus 8, mambo 8, verse 8, chorus 16, mambo 8",
    "intro 16, verse 8, chorus 8, mambo 8, verse 8, bridge 4, chorus 8, chorus 8, mambo 8, outro 4",
    "verse 8, intro 8, verse 16, chorus 8, mambo 8, chorus 8, bridge 8, chorus 16, outro 4",
)
"""Parts and their bars; two of one name are a verse and what leads on, or a chorus sung twice."""

LOUD = {"intro": 0.72, "verse": 0.75, "chorus": 0.9, "mambo": 1.0, "bridge": 0.62, "outro": 0.75}


@dataclass(frozen=True)
class Part:
    """A part of the song as it is arranged."""

    label: str
    bars: int
    mode: str
    guira: str
    """eighths, gallop, quarters, or nothing."""
    players: frozenset[str]
    loud: float
    key: int = 0
    """Semitones above the song's."""
    stop: int = 0
    """Counts of a break at its end."""
    late: float = 0.0
    """Beats after its beginning at which bass and percussion come in."""


class Bar(NamedTuple):
    """A bar to be played."""

    first: int
    """Its first count."""
    part: Part
    place: int
    """Which bar of its part."""
    chord: tuple[int, tuple[int, ...]]
    following: tuple[int, tuple[int, ...]]
    early: bool
    """Its chord was there on the "and" before."""
    next_early: bool
    hits: tuple[float, ...]
    """When not empty: those who strike do so here only; `SILENT` for nowhere."""


@dataclass(frozen=True)
class Song:
    """A song ready to be played."""

    instruments: tuple[Instrument, ...]
    notes: tuple[Note, ...]
    truth: Truth
    traits: dict[str, object]
    """What is unusual about it."""
    rng: np.random.Generator
    """Where its chances stand; the recording goes on from there."""


def compose(seed: int, tempi: tuple[float, float] = (105.0, 150.0)) -> Song:
    """Return the song of a seed."""
    return _Band(seed, tempi).song()


def record(song: Song) -> Audio:
    """Return the sound of a song, shape (2, n) at 44.1 kHz: played, pressed, with some noise."""
    rng = copy.deepcopy(song.rng)
    sound = play(song.instruments, song.notes, float(rng.uniform(-0.3, 0.3)))
    sound /= np.abs(sound).max()
    # A limiter as records have it: the louder, the more of each stroke is pressed.
    sound = np.tanh(float(rng.uniform(1.0, 3.5)) * sound)
    sound *= 10 ** (float(rng.uniform(-9, -0.3)) / 20) / np.abs(sound).max()
    level = 10 ** (float(rng.uniform(-75, -45)) / 20)
    sound += level * pinkish(sound.shape[1], rng)
    if song.traits["fade"]:
        gain = np.ones(sound.shape[1])
        gain[-8 * SAMPLE_RATE :] = np.linspace(1.0, 0.0, 8 * SAMPLE_RATE)
        sound *= gain
    return np.asarray(sound)


def write(folder: Path, song: Song, name: str = "song") -> Path:
    """Record a song into a file, of the kind that its traits name."""
    path = folder / f"{name}.{song.traits['file']}"
    write_audio(path, record(song), bit_rate=128_000)
    return path


class _Band:
    """Composes and arranges one song."""

    def __init__(self, seed: int, tempi: tuple[float, float]) -> None:
        self.rng = rng = np.random.default_rng([20261129, seed])
        self.tempo = float(rng.uniform(*tempi))
        self.minor = bool(rng.random() < 0.6)
        self.tonic = int(rng.integers(0, 12))
        self.modern = bool(rng.random() < 0.35)
        self.scrape = SCRAPES[int(rng.integers(len(SCRAPES)))]
        self.chorus_quarters = bool(rng.random() < 0.7)
        self.mambo_quarters = bool(rng.random() < 0.4)
        self.anticipates = float(rng.choice([0.0, 0.15, 0.4, 0.8], p=[0.35, 0.3, 0.2, 0.15]))
        self.swing = float(rng.uniform(0.0, 0.12))
        self.jitter = float(rng.uniform(0.003, 0.010))
        self.lags = {name: float(rng.normal(0.0, 0.006)) for name in SEATS}
        self.lags["voice"] += float(rng.uniform(0.0, 0.04))
        self.verse_bass, self.chorus_bass, self.mambo_bass = (
            BASSES[int(rng.choice(len(BASSES), p=p))]
            for p in (
                (0.4, 0.2, 0.15, 0.2, 0.05, 0.0),
                (0.25, 0.15, 0.15, 0.1, 0.35, 0.0),
                (0.2, 0.15, 0.15, 0.1, 0.1, 0.3),
            )
        )
        self.bass_accents = rng.normal((0, 0, 0, 5), 6, 4)
        self.strum = {label: STRUMS[int(rng.integers(len(STRUMS)))] for label in LOUD}
        self.order = {label: ORDERS[int(rng.integers(len(ORDERS)))] for label in LOUD}
        self.kick = KICKS[int(rng.integers(len(KICKS)))]
        self.martillo_low = float(rng.uniform(85, 115))
        self.parts = self._arranged()
        self.progressions = {label: self._progression() for label in LOUD}
        if rng.random() < 0.5:
            self.progressions["mambo"] = self.progressions["chorus"]
        if rng.random() < 0.6:
            self.progressions["intro"] = self.progressions["verse"]
        self.tunes = {label: self._tune() for label in LOUD}
        self.riffs = [self._riff() for _ in range(2)]
        self.notes: list[Note] = []

    # What is played when.

    def _arranged(self) -> tuple[Part, ...]:
        rng = self.rng
        plan = [p.split() for p in FORMS[int(rng.integers(len(FORMS)))].split(", ")]
        names = [name for name, _ in plan]
        bars = [int(count) for _, count in plan]
        inner = np.arange(1, len(plan) - 1)
        if rng.random() < 0.25:  # A bar put in: the band waits for the singer.
            bars[int(rng.choice(inner))] += 1
        if rng.random() < 0.15:
            bars[int(rng.choice(inner))] += 2
        stops = dict.fromkeys(range(len(plan)), 0)
        if rng.random() < 0.45:
            for index in rng.choice(inner, int(rng.integers(1, 4)), replace=False):
                stops[int(index)] = int(rng.choice([4, 4, 8]))
        self.bare_intro = bool(rng.random() < 0.45)
        self.rubato = float(rng.uniform(4, 9)) if rng.random() < 0.15 else 0.0
        rise = int(rng.integers(1, 3)) if rng.random() < 0.15 else 0
        last_chorus = max((i for i, name in enumerate(names) if name == "chorus"), default=99)
        parts = []
        for index, name in enumerate(names):
            late = float(rng.choice([0.0, 2.0, 3.0, 4.0])) if stops.get(index - 1) else 0.0
            parts.append(
                Part(
                    name,
                    bars[index],
                    *self._way(name, names[index - 1 : index] == [name]),
                    players=self._players(name, index, names),
                    loud=LOUD[name] + float(rng.uniform(-0.08, 0.08)),
                    key=rise if index >= last_chorus else 0,
                    stop=stops[index],
                    late=late,
                )
            )
        return tuple(parts)

    def _way(self, name: str, again: bool) -> tuple[str, str]:
        """Return the mode and what the güira plays."""
        double = "gallop" if self.rng.random() < 0.35 else "eighths"
        if name == "mambo":
            return "mambo", "quarters" if self.mambo_quarters else double
        if name == "chorus" and self.chorus_quarters:
            return "majao", "quarters"
        if name == "verse" and again and self.rng.random() < 0.3:
            return "majao", "quarters"
        return "derecho", double

    def _players(self, name: str, index: int, names: Sequence[str]) -> frozenset[str]:
        rng = self.rng
        players = {"guira", "bongo", "bass", "segunda", "requinto"}
        if name in ("verse", "chorus", "bridge"):
            players.add("voice")
        if name == "chorus" or (name == "mambo" and rng.random() < 0.3):
            players |= {"coro"} if rng.random() < 0.7 else set()
        if self.modern:
            players |= {"piano"} if name in ("intro", "verse", "chorus", "bridge") else set()
            players |= {"pad"} if name in ("chorus", "bridge", "mambo") else set()
            players |= {"kit"} if name in ("chorus", "mambo", "verse") else set()
        elif name == "mambo" and rng.random() < 0.5:
            players.add("kit")
        if name == "bridge":
            players -= set(rng.choice(["guira", "bongo", "bass", "requinto", "kit"], 2, False))
        if name == "verse" and index and names[index - 1] != "verse" and rng.random() < 0.3:
            players.discard("requinto")
        if index == 0 and name in ("intro", "verse") and self.bare_intro:
            players -= {"guira", "bongo", "bass", "kit"}
        if index == len(names) - 1 and name == "outro" and rng.random() < 0.4:
            players -= {"guira", "bongo", "kit"}
        return frozenset(players)

    def _progression(self) -> list[tuple[int, tuple[int, ...]]]:
        """Return one chord a bar."""
        choices = PROGRESSIONS[self.minor]
        chords = [CHORDS[name] for name in choices[int(self.rng.integers(len(choices)))].split()]
        bars = int(self.rng.choice([1, 1, 1, 2, 2, 4]))
        return [chord for chord in chords for _ in range(bars)]

    def _tune(self) -> list[list[tuple[float, float, int]]]:
        """Return four phrases of two bars: (beat, length, step of the scale) each."""
        rng = self.rng
        made: list[list[tuple[float, float, int]]] = []
        for _ in range(2):
            at = float(rng.choice([-1.5, -1.0, -0.5, -0.5, 0.0, 0.5, 1.0]))
            stop, step = float(rng.uniform(4.5, 6.5)), int(rng.integers(2, 7))
            phrase = []
            while at < stop:
                length = float(rng.choice([0.25, 0.5, 0.5, 0.5, 0.75, 1.0, 1.0, 1.5]))
                phrase.append((at, length, step))
                at += length + (0.5 if rng.random() < 0.12 else 0.0)
                step = int(np.clip(step + rng.choice([-2, -1, -1, 0, 1, 1, 2]), 0, 9))
            phrase[-1] = (phrase[-1][0], 1.5, phrase[-1][2])
            made.append(phrase)
        first, second = made
        return [first, second, first, [(a, n, max(s - 1, 0)) for a, n, s in second]]

    def _riff(self) -> list[tuple[float, int]]:
        """Return a guitar's figure of two bars: (beat, step)."""
        rng = self.rng
        one, two = (RIFFS[int(i)] for i in rng.integers(len(RIFFS), size=2))
        beats = [*one, *(4 + beat for beat in two)]
        steps = np.clip(np.cumsum(rng.choice([-2, -1, 0, 1, 2], len(beats))) + 7, 4, 13)
        return [(float(beat), int(step)) for beat, step in zip(beats, steps, strict=True)]

    def song(self) -> Song:
        """Return the song."""
        rng = self.rng
        bars, ones, fives, resets, edges = self._laid_out()
        counts = bars[-1].first + 4
        drift = float(rng.choice([0.0, 0.004, 0.012, 0.03], p=[0.2, 0.4, 0.3, 0.1]))
        knots = np.cumsum(rng.normal(0.0, 1.0, counts // 32 + 3))
        knots = (knots - knots.mean()) / max(float(np.abs(knots - knots.mean()).max()), 1e-6)
        wander = np.interp(np.arange(counts), 32 * np.arange(len(knots)), knots)
        periods = 60 / self.tempo * (1 + drift * wander)
        start = float(rng.uniform(0.1, 1.5)) + self.rubato
        self.times = start + np.concatenate([[0.0], np.cumsum(periods)])
        self.muted: list[tuple[frozenset[str], float, float]] = []
        self._mute(edges)
        self._free_intro(start)
        for bar in bars:
            self._play(bar)
        ends_on_one = bool(rng.random() < 0.6)
        if ends_on_one:
            self._end(counts, bars[-1])
            ones.append(counts)
            if counts - ones[-2] < 8:
                resets.append(counts)
        truth = self._truth(counts + int(ends_on_one), ones, fives, resets, edges)
        traits: dict[str, object] = {
            "tempo": self.tempo,
            "modern": self.modern,
            "bare intro": self.bare_intro,
            "rubato": self.rubato > 0,
            "resets": len(resets),
            "stops": sum(part.stop > 0 for part in self.parts),
            "bars put in": sum(part.bars % 2 for part in self.parts),
            "anticipates": self.anticipates,
            "drift": drift,
            "fade": not ends_on_one and bool(rng.random() < 0.6),
            "file": str(rng.choice(["wav", "mp3"])),
        }
        seats = []
        for sounds, volume, pan, vibrato in SEATS.values():
            sound = int(rng.choice(sounds))
            drum = sound == DRUMS
            loud = int(np.clip(volume + rng.normal(0, 9), 40, 127))
            room = int(rng.integers(10, 100))
            seats.append(
                Instrument(DRUMS if drum else 0, 0 if drum else sound, loud, pan, room, vibrato)
            )
        return Song(tuple(seats), tuple(self.notes), truth, traits, rng)

    def _laid_out(
        self,
    ) -> tuple[list[Bar], list[int], list[int], list[int], list[tuple[int, int, str, str]]]:
        rng = self.rng
        places = [
            (part, place) for part in self.parts for place in range(part.bars + part.stop // 4)
        ]
        chords = []
        for part, place in places:
            root, kind = self.progressions[part.label][place % len(self.progressions[part.label])]
            chords.append(((root + part.key + self.tonic) % 12, kind))
        early = rng.random(len(places)) < self.anticipates
        early &= np.array([place > 0 or part.late == 0 for part, place in places])
        early[0] = False
        bars: list[Bar] = []
        ones: list[int] = []
        fives: list[int] = []
        resets: list[int] = []
        edges: list[tuple[int, int, str, str]] = []
        for index, (part, place) in enumerate(places):
            first = 4 * index
            if place == 0:
                if ones and first - ones[-1] < 8:
                    resets.append(first)
                edges.append((first, first + 4 * part.bars, part.label, part.mode))
                if part.stop:
                    edges.append((edges[-1][1], edges[-1][1] + part.stop, "break", part.mode))
            (fives if place % 2 else ones).append(first)
            last = place == part.bars - 1
            hits: tuple[float, ...] = ()
            if last and rng.random() < 0.15:
                hits = HITS[int(rng.integers(len(HITS)))]
            if place >= part.bars:
                hits = (0.0,) if place == part.bars else SILENT
            nxt = (index + 1) % len(places)
            now = bool(early[index] and chords[index] != chords[index - 1])
            then = bool(early[nxt] and chords[nxt] != chords[index])
            bars.append(Bar(first, part, place, chords[index], chords[nxt], now, then, hits))
        return bars, ones, fives, resets, edges

    def _mute(self, edges: Sequence[tuple[int, int, str, str]]) -> None:
        """Say who is silent in breaks, and who comes back late."""
        rhythm = frozenset({"guira", "bongo", "kit", "bass"})
        parts = iter(self.parts)
        for start, stop, label, _ in edges:
            if label == "break":
                # Somebody may go on alone, or lead back with the last beats.
                alone = str(self.rng.choice(["voice", "requinto", "bongo", "nobody", "coro"]))
                lead = float(self.rng.choice([0.0, 0.0, 1.0, 2.0]))
                who = frozenset(SEATS) - {alone}
                self.muted.append((who, start + 0.2, stop - lead))
                continue
            part = next(parts)
            if part.late:
                self.muted.append((rhythm, start - 0.6, start + part.late))

    def _truth(
        self,
        counts: int,
        ones: list[int],
        fives: list[int],
        resets: list[int],
        edges: list[tuple[int, int, str, str]],
    ) -> Truth:
        times = self.times
        beats = times[:counts]
        return Truth(
            tempo=60 / float(np.polyfit(np.arange(counts), beats, 1)[0]),
            duration=float(times[-1]) + 2.0,
            beats=tuple(map(float, beats)),
            downbeats=tuple(float(times[i]) for i in sorted(ones + fives)),
            eight_counts=tuple(float(times[i]) for i in ones),
            count_resets=tuple(float(times[i]) for i in resets),
            sections=tuple(
                TrueSection(float(times[a]), float(times[b]), label, mode)
                for a, b, label, mode in edges
            ),
        )

    # The players.

    def _hit(self, player: str, beat: float, length: float, pitch: int, velocity: float) -> None:
        """Let a player sound a tone, unless he is silent there; `beat` and `length` in counts."""
        if any(player in who and start <= beat < stop for who, start, stop in self.muted):
            return
        whole = np.floor(beat)
        within = beat - whole
        # Swing: the "and" comes late, and what lies between moves with it.
        late = self.swing * min(within, 1 - within)
        counts = np.arange(len(self.times))
        period = 60 / self.tempo
        at = float(np.interp(whole + within + late, counts, self.times))
        if beat < 0:
            at = float(self.times[0] + beat * period)
        at += self.lags[player] + float(self.rng.normal(0.0, self.jitter))
        loud = velocity + float(self.rng.normal(0.0, 5.0))
        channel = list(SEATS).index(player)
        self.notes.append(Note(channel, max(at, 0.0), length * period, pitch, round(loud)))

    def _play(self, bar: Bar) -> None:
        players = {
            "guira": self._guira,
            "bongo": self._bongo,
            "kit": self._kit,
            "bass": self._bass,
            "segunda": self._segunda,
            "requinto": self._requinto,
            "voice": self._voice,
            "coro": self._coro,
            "pad": self._pad,
            "piano": self._piano,
        }
        for name in SEATS:
            if name in bar.part.players:
                for beat, length, pitch, velocity in players[name](bar):
                    struck = name not in ("voice", "coro", "pad")
                    if struck and bar.hits:
                        near = any(abs(beat - hit) < 0.2 for hit in bar.hits)
                        # In a break, who is not silent goes on.
                        goes_on = bar.place >= bar.part.bars and beat >= 1
                        if not near and not goes_on:
                            continue
                    self._hit(name, bar.first + beat, length, pitch, velocity * bar.part.loud)

    def _guira(self, bar: Bar) -> Iterator[tuple[float, float, int, float]]:
        on, off = self.scrape
        for beat in range(4):
            yield beat, 0.4, on, 96 + (6 if beat in (0, 2) else 0)
            if bar.part.guira in ("eighths", "gallop"):
                yield beat + 0.5, 0.25, off, 74
            if bar.part.guira == "gallop":
                yield beat + 0.75, 0.2, off, 66

    def _bongo(self, bar: Bar) -> Iterator[tuple[float, float, int, float]]:
        rng = self.rng
        if bar.place == bar.part.bars - 1 and rng.random() < 0.6:
            # A repique leads over.
            for step in range(16):
                if rng.random() < 0.75:
                    yield step / 4, 0.2, int(rng.choice([60, 60, 61])), float(rng.uniform(70, 118))
            return
        busy = 0.35 if bar.part.label == "mambo" else 0.08
        for beat, loud in enumerate((98, 72, 92, self.martillo_low)):
            yield beat, 0.4, 61 if beat == 3 else 60, loud
            if rng.random() > busy:
                yield beat + 0.5, 0.3, 61 if beat == 3 and rng.random() < 0.6 else 60, 62
            else:
                for part in (0.25, 0.5, 0.75):
                    yield beat + part, 0.2, int(rng.choice([60, 61])), float(rng.uniform(60, 110))

    def _kit(self, bar: Bar) -> Iterator[tuple[float, float, int, float]]:
        if not self.modern:
            for count in range(4):  # The bell of the mambo.
                yield count, 0.4, 56, 84 if count % 2 == 0 else 66
            return
        for beat in self.kick:
            yield beat, 0.4, 36, 96
        if bar.part.label != "verse":
            for beat in (1, 3):
                yield beat, 0.3, 37, 80
        if bar.place == 0 and bar.part.label in ("chorus", "mambo"):
            yield 0, 2.0, 49, 80

    def _bass(self, bar: Bar) -> Iterator[tuple[float, float, int, float]]:
        rng = self.rng
        kind = bar.part.label
        pattern = {"chorus": self.chorus_bass, "mambo": self.mambo_bass}.get(kind, self.verse_bass)
        if rng.random() < 0.15:
            pattern = BASSES[int(rng.integers(len(BASSES)))]
        for beat, tone, length in pattern:
            if beat == 0 and bar.early and rng.random() < 0.7:
                continue
            yield beat, length, _tone(bar.chord, tone, 28), 92 + self.bass_accents[int(beat)]
        if bar.next_early:
            yield 3.5, 1.4, _tone(bar.following, 0, 28), 96

    def _segunda(self, bar: Bar) -> Iterator[tuple[float, float, int, float]]:
        rng = self.rng
        for beat, loud in self.strum[bar.part.label]:
            chord = bar.following if beat >= 3.5 and bar.next_early else bar.chord
            if beat == 0 and rng.random() < 0.5:
                yield beat, 1.0, _tone(chord, 0, 40), loud + 6
                continue
            strings = [_tone(chord, tone, 45) for tone in (0, 2, 3, 4)]
            for string, pitch in enumerate(strings if rng.random() < 0.6 else strings[::-1]):
                yield beat + 0.025 * string, 0.7, pitch, loud

    def _requinto(self, bar: Bar) -> Iterator[tuple[float, float, int, float]]:
        rng = self.rng
        lead = bar.part.label in ("mambo", "intro") and "voice" not in bar.part.players
        if lead and (bar.part.label == "mambo" or self.modern):
            riff = self.riffs[bar.place // 8 % 2]
            half = 4 * (bar.place % 2)
            for beat, step in riff:
                if half <= beat < half + 4:
                    pitch = self._step(step, bar, strong=(beat % 1 == 0))
                    yield beat - half, 0.5, pitch + 12, 100
                    yield beat - half, 0.5, self._step(step - 2, bar, strong=False) + 12, 84
            return
        for index, string in enumerate(self.order[bar.part.label]):
            beat = index / 2
            chord = bar.following if beat == 3.5 and bar.next_early else bar.chord
            pitch = _tone(chord, string, 52)
            if rng.random() < 0.08:  # A slide into the tone.
                yield beat - 0.12, 0.12, pitch - 1, 66
            yield beat, 0.6, pitch, 82 if index % 2 == 0 else 72
            if rng.random() < 0.1:
                yield beat + 0.25, 0.25, _tone(chord, string + 1, 52), 70

    def _voice(self, bar: Bar) -> Iterator[tuple[float, float, int, float]]:
        if bar.place % 2 or bar.place >= bar.part.bars:
            return
        rng = self.rng
        for beat, length, step in self.tunes[bar.part.label][bar.place // 2 % 4]:
            varied = step + (int(rng.choice([-1, 1])) if rng.random() < 0.1 else 0)
            pitch = self._step(varied + 7, bar, strong=beat % 2 == 0)
            yield beat + float(rng.normal(0, 0.04)), 0.95 * length, pitch, 92

    def _coro(self, bar: Bar) -> Iterator[tuple[float, float, int, float]]:
        if bar.place % 4 in (1, 3) and bar.place < bar.part.bars:
            for tone in (1, 2, 3):
                yield 0.5, 1.4, _tone(bar.chord, tone, 57), 80
                yield 2.0, 1.8, _tone(bar.chord, tone, 57), 84

    def _pad(self, bar: Bar) -> Iterator[tuple[float, float, int, float]]:
        for tone in (0, 1, 2):
            yield 0.0, 4.0, _tone(bar.chord, tone, 55), 66

    def _piano(self, bar: Bar) -> Iterator[tuple[float, float, int, float]]:
        if bar.part.label == "verse":
            for index, tone in enumerate((0, 2, 3, 4, 3, 2, 3, 2)):
                yield index / 2, 0.6, _tone(bar.chord, tone, 57), 66
            return
        for beat in (0, 1.5, 3) if bar.part.label == "chorus" else (0, 2):
            for tone in (0, 1, 2, 3):
                yield beat, 1.2, _tone(bar.chord, tone, 55), 76

    def _step(self, step: int, bar: Bar, *, strong: bool) -> int:
        """Return the note of a step of the song's scale, on strong beats one of the chord."""
        scale = SCALES[self.minor]
        octave, place = divmod(step, len(scale))
        pitch = 48 + self.tonic % 12 - (12 if self.tonic > 6 else 0) + bar.part.key
        pitch += 12 * octave + scale[place]
        if strong:
            tones = {(bar.chord[0] + tone) % 12 for tone in bar.chord[1]}
            pitch = min(
                range(pitch - 3, pitch + 4), key=lambda p: (p % 12 not in tones, abs(p - pitch))
            )
        return pitch

    def _free_intro(self, start: float) -> None:
        """A guitar alone, before time begins."""
        at, channel = 0.3, list(SEATS).index("requinto")
        chord = ((self.tonic) % 12, MINOR if self.minor else MAJOR)
        while at < start - 1.2 and self.rubato:
            pitch = _tone(chord, int(self.rng.integers(0, 6)), 52)
            self.notes.append(Note(channel, at, 1.2, pitch, int(self.rng.integers(60, 95))))
            at += float(self.rng.choice([0.18, 0.3, 0.45, 0.7, 1.1]) * self.rng.uniform(0.8, 1.25))

    def _end(self, count: int, bar: Bar) -> None:
        for player, pitch in (("bongo", 61), ("guira", self.scrape[0])):
            if player in bar.part.players:
                self._hit(player, count, 0.5, pitch, 100)
        home = (self.tonic + bar.part.key) % 12, MINOR if self.minor else MAJOR
        self._hit("bass", count, 2.0, _tone(home, 0, 28), 96)
        for tone in (0, 2, 3, 4, 5):
            self._hit("segunda", count + 0.02 * tone, 2.5, _tone(home, tone, 45), 84)


def _tone(chord: tuple[int, tuple[int, ...]], tone: int, lowest: int) -> int:
    """Return the note of a chord's tone, counted upwards from its root at or above `lowest`."""
    root, kind = chord
    octave, place = divmod(tone, len(kind))
    return lowest + (root - lowest) % 12 + 12 * octave + kind[place]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write songs and their truth into a folder, to be listened to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 3), help="first, and after last")
    parser.add_argument("--folder", type=Path, default=Path("sampled_band"))
    options = parser.parse_args(arguments)
    if why := missing():
        print(f"not played: it needs {why}")
        return 0
    options.folder.mkdir(parents=True, exist_ok=True)
    for seed in range(*options.seeds):
        song = compose(seed)
        path = write(options.folder, song, f"song_{seed}")
        path.with_suffix(".json").write_text(
            json.dumps(asdict(song.truth) | {"traits": song.traits})
        )
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
