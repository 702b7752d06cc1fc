"""The smallest library that makes videos: songs of seconds, clips of a square that swings."""

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
WIDTH, HEIGHT = 320, 180

SONGS = {"patio": TEMPO, "azotea": 124.0}
TOO_FAST = "carrera"
"""A song that no clip can follow: its tasks must fail, and say why."""

MOVES = (
    ("basic_step", "beginner", "low"),
    ("side_step", "beginner", "medium"),
    ("box_step", "beginner", "high"),
    ("right_turn", "intermediate", "high"),
)


def make_library(library: Path, sources: Path) -> None:
    """Make the songs and clips in `sources` and take them in to `library`.

    Raises:

        RuntimeError: If something was refused.
    """
    from choreo_cli.library import ingest_folders

    (sources / "songs").mkdir(parents=True)
    for seed, (name, tempo) in enumerate([*SONGS.items(), (TOO_FAST, 146.0)]):
        spec = SongSpec(title=name, tempo=tempo, parts=(Part("verse", 1),))
        audio, _truth = synthesise(spec, seed=seed)
        write_audio(sources / "songs" / f"{name}.m4a", audio, title=name, artist="Nobody")
    _write_moves(sources / "moves")
    summary = ingest_folders(
        library, sources / "songs", sources / "moves", None, None, 2, quiet=True
    )
    if summary.refusals:
        raise RuntimeError(f"the library for the run was not made: {summary.refusals}")


def _write_moves(folder: Path) -> None:
    rows = []
    for index, (name, difficulty, energy) in enumerate(MOVES):
        path = folder / name / f"{name}_1.mp4"
        path.parent.mkdir(parents=True)
        write_clip(path, shade=60 + 40 * index)
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


def write_clip(path: Path, shade: int) -> None:
    """Write a clip of one move with 1 s before and after its counts; `shade` is 0 to 255."""
    seconds = 2.0 + COUNTS * 60 / TEMPO
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FRAME_RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(round(seconds * FRAME_RATE)):
            counts = (index / FRAME_RATE - 1.0) * TEMPO / 60
            left = round(140 + 100 * math.sin(math.pi * counts))
            picture = np.full((HEIGHT, WIDTH, 3), shade, np.uint8)
            picture[70:110, left : left + 40] = 255 - shade
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FRAME_RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
