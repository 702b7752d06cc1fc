"""What a request rules out, and what it would rather not have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from choreo.errors import PlanImpossible
from choreo.move import Move
from planning.model import RETIME_LIMIT, Brief, Slots, is_kind, listed
from planning.search.index import MoveIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]


def of_kinds(moves: Sequence[Move], kinds: Sequence[str]) -> Mask:
    """Return which moves are of one of these kinds."""
    if not kinds:
        return np.zeros(len(moves), bool)
    return np.array([any(is_kind(move, kind) for kind in kinds) for move in moves], bool)


def hard_filters(brief: Brief, slots: Slots, index: MoveIndex) -> Mask:
    """Return which moves the request allows and some part of the song can be danced with.

    Raises:

        PlanImpossible: If no move passes, naming the filter that left none.
    """
    moves = index.library.moves
    if not moves:
        raise PlanImpossible("the library has no move; add clips with `choreo ingest --moves DIR`")
    ceiling = brief.difficulty
    easy = np.ones(len(moves), bool) if ceiling is None else index.difficulty <= ceiling.rank
    if ceiling is not None and not easy.any():
        lowest = moves[int(index.difficulty.argmin())].difficulty
        raise PlanImpossible(
            f"no move of the library is {ceiling.value} or easier; the easiest of its "
            f"{len(moves)} moves is {lowest.value}"
        )
    permitted = ~of_kinds(moves, brief.banned)
    if not (easy & permitted).any():
        raise PlanImpossible(
            f"no move is left without {listed(brief.banned)}: all {int(easy.sum())} moves of the "
            "right difficulty are of these kinds"
        )
    allowed: Mask = easy & permitted
    usable = np.zeros(len(moves), bool)
    for tempo in slots.tempi:
        fitting = allowed & fits_tempo(index, tempo)
        if not fitting.any():
            left = index.tempo[allowed]
            raise PlanImpossible(
                f"the song runs at {tempo:.0f} BPM; the clips that the request allows were "
                f"danced at {left.min():.0f} to {left.max():.0f} BPM, and may be played at most "
                f"{100 * RETIME_LIMIT:.0f} % faster or slower: clips at "
                f"{tempo / (1 + RETIME_LIMIT):.0f} to {tempo / (1 - RETIME_LIMIT):.0f} "
                "BPM are missing"
            )
        usable |= fitting
    return usable


def fits_tempo(index: MoveIndex, tempo: float) -> Mask:
    """Return which moves can be retimed to a slot's tempo, in beats per minute."""
    # A little room: the tempo of one slot differs from that of its song.
    fits: Mask = np.abs(tempo / index.tempo - 1) <= RETIME_LIMIT + 0.02
    return fits


def soft_filters(
    brief: Brief, index: MoveIndex, allowed: Mask, enough: int
) -> tuple[Mask, Mask, tuple[str, ...]]:
    """Return the filters for style and energy, and which of them had to be given up."""
    every = np.ones(len(allowed), bool)
    style = every if brief.style is None else index.style == brief.style.value
    asked = brief.energy
    energy = every if asked is None else np.abs(index.energy - asked.rank) <= 1
    relaxed = []
    if brief.style is not None and (allowed & style & energy).sum() < enough:
        left = int((allowed & style).sum())
        relaxed.append(
            f"only {left} {brief.style.value} moves fit the song and the difficulty; the styles "
            "nearest to it fill in"
        )
        style = every
    if asked is not None and (allowed & style & energy).sum() < min(enough, allowed.sum()):
        left = int((allowed & energy).sum())
        relaxed.append(f"only {left} moves are near {asked.value} energy; others fill in")
        energy = every
    return style, energy, tuple(relaxed)
