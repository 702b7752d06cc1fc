"""A small library for the page's tests: one song of two parts, a few clips that fit it."""

import csv
import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from local_emulators.demo_library.songs import write_audio
from local_emulators.demo_library.synthesiser import Part, SongSpec, synthesise

TEMPO = 126.0
COUNTS = 8
FRAME_RATE = 30

MOVES = (
    ("basic_step", "beginner", "low"),
    ("side_step", "beginner", "medium"),
    ("box_step", "beginner", "high"),
    ("right_turn", "intermediate", "high"),
    ("body_wave", "intermediate", "medium"),
)


def make_song(folder: Path) -> None:
    """Write a song of 8 eights (30 s)."""
    folder.mkdir(parents=True)
    spec = SongSpec(
        title="Patio", tempo=TEMPO, parts=(Part("verse", 4), Part("chorus", 4, "majao"))
    )
    audio, _truth = synthesise(spec, seed=5)
    write_audio(folder / "patio.m4a", audio, title="Patio", artist="Nobody")


def make_clips(folder: Path) -> None:
    """Write one clip a move, in a folder of its name, and the manifest."""
    rows = []
    for index, (name, difficulty, energy) in enumerate(MOVES):
        path = folder / name / f"{name}_1.mp4"
        path.parent.mkdir(parents=True)
        _write_clip(path, hue=index / len(MOVES))
        rows.append(
            {
                "file": f"{name}/{name}_1.mp4",
                "difficulty": difficulty,
                "energy_level": energy,
                "counts": COUNTS,
                "first_count_at": 1.0,
                "tempo": TEMPO,
                "entry_hold": "closed",
                "exit_hold": "closed",
            }
        )
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _write_clip(path: Path, hue: float) -> None:
    """A square that swings from side to side, once every two counts."""
    seconds = 2.0 + COUNTS * 60 / TEMPO
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FRAME_RATE)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.bit_rate = 1_000_000
        for index in range(round(seconds * FRAME_RATE)):
            counts = (index / FRAME_RATE - 1.0) * TEMPO / 60
            left = round(135 + 100 * math.sin(math.pi * counts))
            picture = np.full((180, 320, 3), (60, 60 + round(120 * hue), 110), np.uint8)
            picture[60:120, left : left + 50] = (230, 180, round(255 * hue))
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FRAME_RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
