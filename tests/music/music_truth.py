"""What the music tests share: a short song form and its truth."""

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
