"""Songs, moves and stores made of numbers, for the planner's tests and benchmarks."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from choreo.database.catalogue import EmbeddedMove
from choreo.errors import MediaMissing, UnknownSong
from choreo.move import DanceState, Move
from choreo.song import Section, Song, SongAnalysis
from choreo.vocabulary import Difficulty, EnergyLevel, Foot, Hold, RhythmMode, SectionLabel, Style

PARTS = (
    ("intro", 3, 0.15),
    ("verse", 8, 0.4),
    ("chorus", 8, 0.7),
    ("verse", 8, 0.4),
    ("chorus", 8, 0.75),
    ("mambo", 12, 1.0),
    ("chorus", 8, 0.7),
    ("mambo", 4, 0.95),
    ("outro", 4, 0.2),
)
"""Label, eights, energy: about four minutes."""

OTHER_PARTS = (
    ("intro", 2, 0.3),
    ("mambo", 4, 0.8),
    ("verse", 8, 0.5),
    ("chorus", 6, 0.6),
    ("mambo", 4, 0.9),
    ("verse", 8, 0.45),
    ("chorus", 8, 0.65),
    ("mambo", 12, 1.0),
    ("verse", 4, 0.5),
    ("chorus", 8, 0.8),
    ("outro", 2, 0.2),
)
"""As long, and of a form in which three parts come three times: much of it is motif."""


def make_song(
    *,
    tempo: float = 126.0,
    parts: Sequence[tuple[str, int, float]] = PARTS,
    first: float = 0.6,
    tail: float = 2.5,
    break_after: int | None = None,
    drift: float = 0.0,
    song_id: str = "song",
    title: str = "Luna Clara",
    artist: str = "Los Ensayos",
    seed: int = 0,
    analysed: bool = True,
) -> Song:
    """Return a song that starts its first 1 at `first` and ends `tail` seconds after its last
    count; `break_after` puts a break of four counts after so many eights."""
    period = 60.0 / tempo
    beats: list[float] = []
    ones: list[int] = []
    resets: list[int] = []
    sections: list[Section] = []
    at = first
    eights = 0
    for label, count, energy in parts:
        start = at if sections else 0.0
        for _ in range(count):
            ones.append(len(beats))
            for _ in range(8):
                beats.append(at)
                at += period * (1 + drift * np.sin(len(beats) / 40))
            eights += 1
            if eights == break_after:
                ones.append(len(beats))
                for _ in range(4):
                    beats.append(at)
                    at += period
                resets.append(len(beats))
        sections.append(
            Section(
                start=start,
                end=at,
                label=SectionLabel(label),
                energy=energy,
                rhythm_mode=RhythmMode.DERECHO,
            )
        )
    duration = at + tail
    sections[-1] = sections[-1].model_copy(update={"end": duration})
    rounded = tuple(round(float(beat), 4) for beat in beats)
    analysis = SongAnalysis(
        duration=duration,
        tempo=tempo,
        beats=rounded,
        downbeats=tuple(rounded[i + k] for i in ones for k in (0, 4) if i + k < len(beats)),
        eight_counts=tuple(rounded[i] for i in ones),
        sections=tuple(sections),
        rhythm_strength=0.6,
        syncopation_level=0.4,
        confidence=0.9,
        count_resets=tuple(rounded[i] for i in resets if i < len(rounded)),
    )
    draw = np.random.default_rng(seed)
    vectors = unit_rows(draw, len(ones), 128)
    return Song(
        id=song_id,
        title=title,
        artist=artist,
        audio_path=f"songs/{song_id}.m4a",
        duration=duration,
        loudness=-12.0,
        true_peak=-1.0,
        analysis=analysis if analysed else None,
        slot_vectors=base64.b64encode(vectors.astype("<f4").tobytes()).decode(),
    )


def unit_rows(draw: np.random.Generator, count: int, dimensions: int) -> np.ndarray:
    rows = draw.standard_normal((count, dimensions))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), "<f4")


def make_move(
    move_id: str,
    *,
    counts: int = 8,
    tempo: float = 126.0,
    entry: Hold = Hold.OPEN,
    leave: Hold | None = None,
    foot: Foot | None = None,
    handle: float = 1.0,
    difficulty: Difficulty = Difficulty.BEGINNER,
    energy: EnergyLevel = EnergyLevel.MEDIUM,
    style: Style = Style.TRADITIONAL,
    family: str = "basic",
    role: str = "move",
    session: str = "a",
) -> Move:
    period = 60.0 / tempo
    beats = tuple(round(handle + k * period, 6) for k in range(counts + 1))
    return Move(
        id=move_id,
        name=family.replace("_", " ").title(),
        family=family,
        difficulty=difficulty,
        energy_level=energy,
        style=style,
        duration=beats[-1] + handle,
        counts=counts,
        beat_times=beats,
        video_path=f"moves/{move_id}.mp4",
        width=1280,
        height=720,
        frame_rate=30.0,
        conformed=True,
        entry_state=DanceState(hold=entry, leader_foot=foot),
        exit_state=DanceState(hold=leave or entry, leader_foot=foot),
        role=role,
        session=session,
    )


FAMILIES = (
    "basic", "side_basic", "box_step", "turn", "cross_body_lead", "body_roll", "hip_roll",
    "shadow_walk", "dip", "hammerlock_turn", "head_roll", "footwork",
)  # fmt: skip


def make_moves(
    count: int, *, seed: int = 0, holds: Sequence[Hold] = tuple(Hold), tempo: float = 126.0
) -> list[Move]:
    """Return a library of `count` varied moves, with clips of 4, 8 and 16 counts, of which
    every pair of holds has a way between them."""
    draw = np.random.default_rng(seed)
    moves = []
    for number in range(count):
        here = holds[number % len(holds)] if number % 3 == 0 else holds[0]
        there = holds[0] if number % 5 else holds[(number // 5) % len(holds)]
        role = {1: "hold", 2: "intro", 3: "outro"}.get(number % 40, "move")
        moves.append(
            make_move(
                f"move_{number:05d}",
                counts=4 if role == "hold" else int(draw.choice([8, 8, 8, 16])),
                tempo=tempo * float(draw.uniform(0.96, 1.04)),
                entry=holds[0] if role != "move" else here,
                leave=holds[0] if role != "move" else there,
                difficulty=list(Difficulty)[int(draw.integers(3))],
                energy=list(EnergyLevel)[int(draw.integers(3))]
                if role == "move"
                else EnergyLevel.LOW,
                style=list(Style)[int(draw.integers(len(Style)))],
                family=FAMILIES[int(draw.integers(len(FAMILIES)))],
                role=role,
                session=f"session_{int(draw.integers(4))}",
            )
        )
    return moves


def embed_moves(moves: Sequence[Move], seed: int = 0) -> list[EmbeddedMove]:
    draw = np.random.default_rng(seed)
    pose, audio, text = (unit_rows(draw, len(moves), size) for size in (512, 128, 384))
    return [
        EmbeddedMove(move, pose[i].tobytes(), audio[i].tobytes(), text[i].tobytes())
        for i, move in enumerate(moves)
    ]


@dataclass
class MemoryCatalogue:
    """A catalogue in memory."""

    library: list[EmbeddedMove] = field(default_factory=list)
    all_songs: list[Song] = field(default_factory=list)
    reads: int = 0
    stamp: int = 1

    def songs(self) -> list[Song]:
        return sorted(self.all_songs, key=lambda song: song.title)

    def song(self, song_id: str) -> Song:
        for song in self.all_songs:
            if song.id == song_id:
                return song
        raise UnknownSong(f"there is no song {song_id!r}")

    def save_song(self, song: Song) -> None:
        self.all_songs = [other for other in self.all_songs if other.id != song.id] + [song]

    def embedded_moves(self) -> list[EmbeddedMove]:
        self.reads += 1
        return list(self.library)

    def version(self) -> str:
        return f"{len(self.library)}@{self.stamp}"


class NoMedia:
    """A store without objects, which nobody writes to."""

    def fetch(self, path: str, to: Path) -> None:
        raise MediaMissing(f"nothing is stored under {path} for {to}")

    def publish(self, file: Path, path: str) -> int:
        raise AssertionError(f"planning stores nothing, but {file} as {path}")

    def size(self, path: str) -> int | None:
        return None if path else 0

    def remove(self, path: str) -> None:
        raise AssertionError(f"planning removes nothing, but {path}")


def embed_words(sentences: Sequence[str]) -> np.ndarray:
    """Stand in for the sentence model: a unit vector drawn from the words' letters."""
    seeds = [sum(map(ord, sentence)) for sentence in sentences]
    return np.concatenate([unit_rows(np.random.default_rng(s), 1, 384) for s in seeds])
