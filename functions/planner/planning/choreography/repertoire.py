"""Moves → repertoire: what is known of each candidate, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from choreo.move import Move
from choreo.vocabulary import Style
from planning.choreography.arrays import Costs, Ints, Mask
from planning.model import Brief, is_kind

STYLE_DISTANCE: Mapping[frozenset[Style], float] = {
    frozenset((Style.SENSUAL, Style.ROMANTIC)): 0.3,
    frozenset((Style.MODERN, Style.FUSION)): 0.4,
    frozenset((Style.TRADITIONAL, Style.ROMANTIC)): 0.6,
    frozenset((Style.MODERN, Style.SENSUAL)): 0.7,
    frozenset((Style.FUSION, Style.SENSUAL)): 0.8,
}
"""How far apart styles are that dancers mix, 0 to 1; all others are 1 apart. It decides what
fills in when one style has too few moves."""


@dataclass(frozen=True)
class Repertoire:
    """The candidates; every array has one entry per candidate, in the order of `moves`."""

    moves: tuple[Move, ...]
    counts: Ints
    tempo: Costs
    """Beats per minute at which it was danced."""
    energy: Costs
    """0 to 1."""
    level: Ints
    """Difficulty, 0 to 2."""
    style_missed: Costs
    """0 for the style asked for, 1 for those furthest away."""
    role: NDArray[np.str_]
    duration: Costs
    """Seconds of the clip."""
    beats: Costs
    """Shape (moves, longest + 1): seconds of the clip at each count and at the end of the last;
    infinite beyond."""
    family: Ints
    """Equal numbers for equal families."""
    session: Ints
    """Equal numbers for what was filmed in one session."""
    wanted: Mask
    """True where the request asked for this kind of move."""

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.moves)

    @property
    def lengths(self) -> frozenset[int]:
        """The counts that there are clips of."""
        return frozenset(self.counts.tolist())


def repertoire_of(moves: tuple[Move, ...], brief: Brief) -> Repertoire:
    """Return what is known of the candidates, at least one of them."""
    counts = np.array([move.counts for move in moves])
    beats = np.full((len(moves), int(counts.max()) + 1), np.inf)
    for row, move in zip(beats, moves, strict=True):
        row[: move.counts + 1] = move.beat_times
    return Repertoire(
        moves=moves,
        counts=counts,
        tempo=np.array([move.tempo for move in moves]),
        energy=np.array([move.energy_level.rank / 2 for move in moves]),
        level=np.array([move.difficulty.rank for move in moves]),
        style_missed=np.array([style_missed(brief.style, move.style) for move in moves]),
        role=np.array([move.role for move in moves]),
        duration=np.array([move.duration for move in moves]),
        beats=beats,
        family=_codes([move.family for move in moves]),
        session=_codes([move.session for move in moves]),
        wanted=np.array([any(is_kind(m, kind) for kind in brief.wanted) for m in moves], bool),
    )


def style_missed(asked: Style | None, found: Style) -> float:
    """Return 0 for the style asked for, more for those further away, at most 1."""
    if asked is None or asked is found:
        return 0.0
    return STYLE_DISTANCE.get(frozenset((asked, found)), 1.0)


def _codes(names: Sequence[str]) -> Ints:
    """Number the different names in the order in which they appear."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
