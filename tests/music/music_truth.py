"""What the music tests share: a short song form, its truth, and a matcher."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from choreo.song import SongAnalysis
from local_emulators.demo_library.synthesiser import Part, Truth

SHORT_FORM = (
    Part("intro", 2),
    Part("verse", 4),
    Part("chorus", 4, "majao"),
    Part("mambo", 4, "mambo"),
)


class Played(NamedTuple):
    path: Path
    truth: Truth
    analysis: SongAnalysis


Band = Callable[..., Played]


def f1(truth: tuple[float, ...], found: tuple[float, ...], tolerance: float = 0.07) -> float:
    """Return the F1 of a one-to-one match."""
    hits = i = j = 0
    while i < len(truth) and j < len(found):
        if abs(truth[i] - found[j]) <= tolerance:
            hits, i, j = hits + 1, i + 1, j + 1
        elif truth[i] < found[j]:
            i += 1
        else:
            j += 1
    return 2 * hits / max(len(truth) + len(found), 1)
