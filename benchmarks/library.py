"""How well the library knows a move again, and what taking one in costs.

    python -m benchmarks.library [--moves 24]

Moves of the drawn couple are taken in twice: as they are, and filmed once more: other clothes and
room, another tempo, other bodies (squeezed), the camera farther off and to the side, every second
take mirrored, noise and a weaker light, 854x480 at 25 frames a second. Then each new take looks
for its family among the first ones, by its pose vector alone:

  rank     mean reciprocal rank of the right family (Voorhees, TREC-8, 1999)
  apart    median cosine between takes of different families
  cost     wall seconds of ingest, on all cores, for each second of clip

With the pose model where it is installed (`make pose-model`), and by the picture's motion alone.
"""

from __future__ import annotations

import argparse
import copy
import os
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from catalog.ingest import ingest
from catalog.pose_models import are_installed, default_folder
from choreo.settings import Role, Settings
from choreo.vectors.packing import unpack
from choreo.vectors.pose import DIMENSIONS
from choreo.wiring import Stack
from local_emulators.demo_library.dancers.clips import MANIFEST, render_clip, write_manifest
from local_emulators.demo_library.dancers.repertoire import repertoire
from local_emulators.demo_library.dancers.score import Score

GOAL_RANK, GOAL_APART, GOAL_COST = 0.9, 0.5, 3.0

_WIDTH, _HEIGHT, _RATE = 854, 480, 25
_SQUEEZE, _ZOOM, _SHIFT = 0.93, 0.82, (40, 24)
_NOISE, _LIGHT = 5.0, 0.85


def main() -> int:
    """Print both tables; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.library",
        description="How well moves are known again, and what taking one in costs.",
        epilog="example: python -m benchmarks.library --moves 12",
    )
    parser.add_argument("--moves", type=int, default=24, help="moves to film twice (default: 24)")
    wanted = parser.parse_args().moves
    scores = _spread(wanted)
    models = default_folder() if are_installed(default_folder()) else None
    if models is None:
        print("The pose model is not installed (make pose-model); by motion alone:")
    met = True
    with tempfile.TemporaryDirectory(prefix="choreo-bench-") as name:
        folder = Path(name)
        _film(scores, folder / "first", again=False)
        _film(scores, folder / "again", again=True)
        print(f"{'described by':<14}{'rank':>7}{'apart':>8}{'cost':>8}")
        for label, pose_models in (("joints", models), ("motion", None)):
            if label == "joints" and models is None:
                continue
            rank, apart, cost = _measured(folder, label, pose_models)
            print(f"{label:<14}{rank:>7.3f}{apart:>8.2f}{cost:>8.2f}")
            if label == "joints":
                met = rank >= GOAL_RANK and apart <= GOAL_APART and cost <= GOAL_COST
        print(f"{'goal (joints)':<14}{GOAL_RANK:>7.3f}{GOAL_APART:>8.2f}{GOAL_COST:>8.2f}")
    return 0 if met else 1


def _spread(count: int) -> list[Score]:
    """Return moves of as many families as possible, in the repertoire's order."""
    moves = [score for score in repertoire() if score.role == "move"]
    seen: dict[str, int] = {}
    order = []
    for place, score in enumerate(moves):
        seen[score.family] = seen.get(score.family, 0) + 1
        order.append((seen[score.family], place))
    return [moves[place] for _, place in sorted(order)[:count]]


def _film(scores: list[Score], folder: Path, *, again: bool) -> None:
    taken = []
    for number, score in enumerate(scores):
        path = folder / score.family / f"{score.name}.mp4"
        if again:
            # Not `replace`, which would begin the dance anew.
            score = copy.copy(score)
            score.session, score.tempo = "evening", 0.96 * score.tempo
        render_clip(score, path)
        if again:
            _film_once_more(path, number, mirrored=number % 2 == 1)
        taken.append(score)
    write_manifest(taken, folder / MANIFEST)


def _film_once_more(path: Path, seed: int, *, mirrored: bool) -> None:
    """Replace a clip by what another camera, other dancers and a worse phone make of it."""
    draw = np.random.default_rng(seed)
    part = path.with_suffix(".part.mp4")
    with av.open(str(path)) as source, av.open(str(part), "w") as to:
        stream = to.add_stream("libx264", rate=_RATE, options={"preset": "veryfast", "crf": "24"})
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        made = 0
        for frame in source.decode(video=0):
            if frame.time is None or frame.time + 1e-6 < made / _RATE:
                continue
            picture = np.asarray(frame.reformat(_WIDTH, _HEIGHT, "rgb24").to_ndarray(), np.uint8)
            taken = av.VideoFrame.from_ndarray(_other(picture, draw, mirrored), format="rgb24")
            taken.pts, taken.time_base = made, Fraction(1, _RATE)
            to.mux(stream.encode(taken))
            made += 1
        to.mux(stream.encode(None))
    part.replace(path)


def _other(
    picture: NDArray[np.uint8], draw: np.random.Generator, mirrored: bool
) -> NDArray[np.uint8]:
    import cv2

    if mirrored:
        picture = np.ascontiguousarray(picture[:, ::-1])
    turn = np.array(
        [
            [_ZOOM * _SQUEEZE, 0, (1 - _ZOOM * _SQUEEZE) * _WIDTH / 2 + _SHIFT[0]],
            [0, _ZOOM, (1 - _ZOOM) * _HEIGHT / 2 + _SHIFT[1]],
        ],
        np.float32,
    )
    moved = cv2.warpAffine(picture, turn, (_WIDTH, _HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    noisy = _LIGHT * moved + draw.normal(0, _NOISE, moved.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def _measured(folder: Path, label: str, pose_models: Path | None) -> tuple[float, float, float]:
    """Return the rank, the median cosine and the cost of both ingests."""
    families: list[list[str]] = []
    spaces: list[NDArray[np.float32]] = []
    wall = length = 0.0
    for take in ("first", "again"):
        stack = Stack(Settings.from_env({"LIBRARY": str(folder / f"{label}-{take}")}, Role.CATALOG))
        began = time.monotonic()
        ingest(None, folder / take, None, stack, workers=os.cpu_count(), pose_models=pose_models)
        wall += time.monotonic() - began
        found = stack.catalogue.embedded_moves()
        length += sum(item.move.duration for item in found)
        families.append([item.move.family for item in found])
        spaces.append(np.concatenate([unpack(item.pose, DIMENSIONS) for item in found]))
    first, again = spaces
    likeness = again @ first.T
    ranks = []
    for row, family in zip(likeness, families[1], strict=True):
        order = np.argsort(-row)
        ranks.append(1 / (1 + next(k for k, i in enumerate(order) if families[0][i] == family)))
    other = np.array(families[1])[:, None] != np.array(families[0])[None, :]
    return float(np.mean(ranks)), float(np.median(likeness[other])), wall / length


if __name__ == "__main__":
    sys.exit(main())
