"""What a library can dance: which cells are filled, which tempi it reaches, where it gets stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from choreo.database.catalogue import EmbeddedMove
from choreo.move import DanceState, Move
from choreo.vocabulary import Difficulty, EnergyLevel, Style

GOOD_RETIMING = 0.06
"""Share by which a clip may be played faster or slower and still look natural."""

NEAR_DUPLICATE = 0.995
"""Cosine of two pose vectors from which two clips look like one and the same."""

TEMPI = tuple(range(100, 154, 4))
"""Beats per minute for which coverage is reported: bachata's range."""


@dataclass(frozen=True)
class Cell:
    """One combination of what a request can ask for."""

    difficulty: Difficulty
    energy_level: EnergyLevel
    style: Style
    moves: int


@dataclass(frozen=True)
class Coverage:
    """What is in a library and what it lacks."""

    moves: int
    families: int
    sessions: int
    seconds: float
    """Length of all moves without their handles."""
    cells: tuple[Cell, ...]
    """Every combination of the vocabulary, empty ones included."""
    tempi: tuple[tuple[int, float], ...]
    """(beats per minute, share of moves that reach it within ±6 %)."""
    dead_ends: tuple[str, ...]
    """Ids of moves after which no other move may follow."""
    unreachable: tuple[str, ...]
    """Ids of moves that no other move may precede; intros are meant to be so."""
    near_duplicates: tuple[tuple[str, str, float], ...]
    """(id, id, cosine) of clips that look alike, the most alike first."""
    guessed: tuple[str, ...]
    """Ids of moves whose counts are uncertain (confidence below 0.5)."""

    @property
    def empty_cells(self) -> tuple[Cell, ...]:
        """The combinations for which there is no move."""
        return tuple(cell for cell in self.cells if not cell.moves)


def coverage(items: Sequence[EmbeddedMove]) -> Coverage:
    """Report on a library.

    Args:

        items: All moves with their vectors, as `catalogue.embedded_moves()` returns them.
    """
    moves = [item.move for item in items]
    count = Counter((move.difficulty, move.energy_level, move.style) for move in moves)
    cells = tuple(
        Cell(difficulty, energy, style, count[difficulty, energy, style])
        for difficulty in Difficulty
        for energy in EnergyLevel
        for style in Style
    )
    return Coverage(
        moves=len(moves),
        families=len({move.family for move in moves}),
        sessions=len({move.session for move in moves}),
        seconds=round(sum(move.beat_times[-1] - move.beat_times[0] for move in moves), 3),
        cells=cells,
        tempi=tuple((tempo, _reach(moves, tempo)) for tempo in TEMPI),
        dead_ends=_lonely(moves, forward=True),
        unreachable=_lonely(moves, forward=False),
        near_duplicates=_near_duplicates(items),
        guessed=tuple(move.id for move in moves if move.confidence < 0.5),
    )


def _reach(moves: Sequence[Move], tempo: float) -> float:
    if not moves:
        return 0.0
    near = sum(abs(tempo / move.tempo - 1) <= GOOD_RETIMING for move in moves)
    return round(near / len(moves), 4)


def _lonely(moves: Sequence[Move], *, forward: bool) -> tuple[str, ...]:
    """Return the moves that no other can follow (or precede), intros and outros aside."""
    meant = "outro" if forward else "intro"
    lonely = []
    for move in moves:
        edge = move.exit_state if forward else move.entry_state
        others = (
            (edge, other.entry_state) if forward else (other.exit_state, edge)
            for other in moves
            if other.id != move.id
        )
        if move.role != meant and not any(
            _joins(leaving, entering) for leaving, entering in others
        ):
            lonely.append(move.id)
    return tuple(lonely)


def _joins(leaving: DanceState, entering: DanceState) -> bool:
    """Return whether a couple that stands as `leaving` can begin a move from `entering`."""
    feet = (
        (leaving.leader_foot, entering.leader_foot),
        (leaving.follower_foot, entering.follower_foot),
    )
    same_feet = all(a is None or b is None or a == b for a, b in feet)
    return leaving.hold == entering.hold and same_feet


def _near_duplicates(items: Sequence[EmbeddedMove]) -> tuple[tuple[str, str, float], ...]:
    if len(items) < 2:
        return ()
    rows = np.stack([np.frombuffer(item.pose, "<f4") for item in items])
    found = []
    for start in range(0, len(rows), 512):
        cosines = rows[start : start + 512] @ rows.T
        for a, b in np.argwhere(cosines >= NEAR_DUPLICATE):
            if start + a < b:
                pair = items[start + a].move.id, items[b].move.id
                found.append((*pair, round(float(cosines[a, b]), 4)))
    return tuple(sorted(found, key=lambda entry: -entry[2]))
