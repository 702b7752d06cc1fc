"""The smallest media that make videos: songs of seconds, clips of a square that swings."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from local_emulators.demo_library.songs import write_audio
from local_emulators.demo_library.synthesiser import Part, SongSpec, synthesise

TEMPO = 126.0
"""Beats per minute that the clips are danced at, and songs are played at."""

COUNTS = 8
FRAME_RATE = 30
WIDTH, HEIGHT = 320, 180


@dataclass(frozen=True, slots=True)
class Move:
    """What the manifest says of a clip."""

    name: str
    difficulty: str
    energy_level: str
    entry_hold: str = "closed"
    exit_hold: str = "closed"


MOVES = (
    Move("basic_step", "beginner", "low"),
    Move("side_step", "beginner", "medium"),
    Move("box_step", "beginner", "high"),
    Move("right_turn", "intermediate", "high"),
    Move("body_wave", "intermediate", "medium"),
)


def write_song(
    folder: Path, title: str, parts: Sequence[Part], tempo: float = TEMPO, seed: int = 5
) -> Path:
    """Write a song by nobody, in a file of its title; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = SongSpec(title=title, tempo=tempo, parts=tuple(parts))
    audio, _truth = synthesise(spec, seed=seed)
    path = folder / f"{title.lower()}.m4a"
    write_audio(path, audio, title=title, artist="Nobody")
    return path


def write_moves(
    folder: Path,
    moves: Sequence[Move] = MOVES,
    frame_rate: int = FRAME_RATE,
    height: int = HEIGHT,
) -> None:
    """Write one clip a move, in a folder of its name, and the manifest."""
    rows = []
    for index, move in enumerate(moves):
        path = folder / move.name / f"{move.name}_1.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_clip(path, index / len(moves), frame_rate, height)
        rows.append(
            {
                "file": f"{move.name}/{path.name}",
                "difficulty": move.difficulty,
                "energy_level": move.energy_level,
                "counts": COUNTS,
                "first_count_at": 1.0,
                "tempo": TEMPO,
                "entry_hold": move.entry_hold,
                "exit_hold": move.exit_hold,
            }
        )
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_clip(path: Path, hue: float, frame_rate: int = FRAME_RATE, height: int = HEIGHT) -> None:
    """Write a clip of 8 counts with 1 s before and after: a square swings once every two counts.

    Args:

        path: An mp4 file.

        hue: Of the wall and the square, 0 to 1.

        frame_rate: Frames per second.

        height: In pixels; the width is 320.
    """
    seconds = 2.0 + COUNTS * 60 / TEMPO
    top = height // 3
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=frame_rate)
        stream.width, stream.height, stream.pix_fmt = WIDTH, height, "yuv420p"
        stream.bit_rate = 1_000_000
        for index in range(round(seconds * frame_rate)):
            counts = (index / frame_rate - 1.0) * TEMPO / 60
            left = round(135 + 100 * math.sin(math.pi * counts))
            picture = np.full((height, WIDTH, 3), (60, 60 + round(120 * hue), 110), np.uint8)
            picture[top : top + 60, left : left + 50] = (230, 180, round(255 * hue))
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, frame_rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
