"""A folder of own media, as a dancer has it: one short song, a few small clips, a manifest."""

import csv
import math
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from local_emulators.demo_library.songs import write_audio
from local_emulators.demo_library.synthesiser import Part, SongSpec, synthesise

TEMPO = 126.0
COUNTS = 8
FRAME_RATE = 25
"""Not the library's: these clips must be conformed."""

MOVES = (
    ("basic_step", "beginner", "low", "closed", "closed"),
    ("side_step", "beginner", "medium", "closed", "closed"),
    ("box_step", "beginner", "high", "closed", "closed"),
    ("opening", "beginner", "medium", "closed", "open"),
    ("closing", "beginner", "medium", "open", "closed"),
    ("right_turn", "intermediate", "high", "open", "open"),
)


def make_song(folder: Path) -> Path:
    """Write a song of 12 eights (46 s at 126 BPM)."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = SongSpec(
        title="Patio",
        tempo=TEMPO,
        parts=(Part("verse", 4), Part("chorus", 4, "majao"), Part("mambo", 2, "mambo")),
    )
    audio, _truth = synthesise(spec, seed=5)
    path = folder / "patio.m4a"
    write_audio(path, audio, title="Patio", artist="Nobody")
    return path


def make_clips(folder: Path) -> None:
    """Write one clip a move, in a folder of its name, and the manifest."""
    rows = []
    for index, (name, difficulty, energy, entry, exit_hold) in enumerate(MOVES):
        path = folder / name / f"{name}_1.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_clip(path, hue=index / len(MOVES))
        rows.append(
            {
                "file": f"{name}/{name}_1.mp4",
                "difficulty": difficulty,
                "energy_level": energy,
                "counts": COUNTS,
                "first_count_at": 1.0,
                "tempo": TEMPO,
                "entry_hold": entry,
                "exit_hold": exit_hold,
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
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.bit_rate = 1_000_000
        for index in range(round(seconds * FRAME_RATE)):
            counts = (index / FRAME_RATE - 1.0) * TEMPO / 60
            left = round(135 + 100 * math.sin(math.pi * counts))
            picture = np.full((240, 320, 3), (60, 60 + round(120 * hue), 110), np.uint8)
            picture[90:150, left : left + 50] = (230, 180, round(255 * hue))
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FRAME_RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    # For tools/image_flow.py, which takes the media in through the image of the catalogue.
    target = Path(sys.argv[1])
    make_song(target / "songs")
    make_clips(target / "moves")
