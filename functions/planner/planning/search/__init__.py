"""Slots × library → candidates: nearest moves by music, words and movement.

`index` searches a library's vectors, `library` keeps it in memory, `filters` are what a request
rules out; here is how much of what they find the sequence is made from.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from choreo.move import POSE_DIMENSIONS
from choreo.vocabulary import EnergyLevel
from planning.model import Brief, Candidates, Slots
from planning.search.filters import fits_tempo, hard_filters, of_kinds, soft_filters
from planning.search.index import MoveIndex, Query, query_vectors
from planning.search.library import IndexCache, read_library

__all__ = [
    "IndexCache",
    "MoveIndex",
    "Query",
    "every_candidate",
    "find_candidates",
    "query_vectors",
    "read_library",
]

CHOICE = 3
"""Candidates per slot, at least, when the library has them: a sequence that must not repeat
itself needs more than the nearest few, which are often the same for every slot."""

DEPTH = 4
"""Times `top_k` hits are fetched at once, and used where the nearest are not choice enough."""

EVERY_UP_TO = 4_000
"""Moves that are sequenced all at once, at most, where the nearest ones have no legal order."""


def find_candidates(
    brief: Brief,
    slots: Slots,
    index: MoveIndex,
    query: Query,
    top_k: int,
    *,
    kept: Collection[str] = (),
    every: bool = False,
    only_energy: EnergyLevel | None = None,
) -> Candidates:
    """Find the moves from which the sequence is made.

    What the request rules out never comes back: a higher difficulty, banned kinds, clips that
    would have to be played more than 10 % off their speed. A style, then an energy, is given up
    when too few moves are left for variety, and `relaxed` says so.

    Args:

        brief: What was asked for.

        slots: The song.

        index: The library.

        query: The song's music and the sentence.

        top_k: Nearest moves that each slot is searched for.

        kept: Ids of moves that are candidates in any case.

        every: Take all moves that the request allows, not only the nearest.

        only_energy: Look among moves of just this energy, while there are enough.

    Raises:

        PlanImpossible: If no move passes, naming the filter that left none.
    """
    library = index.library
    allowed = hard_filters(brief, slots, index)
    style, energy, relaxed = soft_filters(brief, index, allowed, min(top_k, len(slots.slots)))
    filtered = allowed & style & energy
    vectors = query_vectors(query, len(slots.slots))
    always = allowed & (index.serving | of_kinds(library.moves, brief.wanted))
    if brief.style is not None and style.all():
        # Too few for all places, and so the first to be taken.
        always |= allowed & (index.style == brief.style.value)
    reach = 1
    if only_energy is not None:
        reach = 0
        exact = filtered & (index.energy == only_energy.rank)
        always |= exact & (exact.sum() < top_k)
    deep = DEPTH * top_k
    hits = np.full((len(vectors), deep), -1, np.int64)
    for (rank, tempo), members in _alike(brief, slots).items():
        there = filtered & fits_tempo(index, tempo)
        mask = there & (np.abs(index.energy - rank) <= reach)
        found = index.nearest(vectors[members], deep, mask if mask.sum() >= top_k else there)
        hits[members, : found.shape[1]] = found
    wanted = min(int(filtered.sum()), CHOICE * len(slots.slots))
    for k in (top_k, deep):
        chosen = always.copy()
        chosen[hits[:, :k][hits[:, :k] >= 0]] = True
        if (chosen & filtered).sum() >= wanted:
            break
    else:
        # All slots like the same few: what is left is taken too, up to what suffices.
        rest = np.flatnonzero(filtered & ~chosen)
        chosen[rest[: wanted - int((chosen & filtered).sum())]] = True
    if every and allowed.sum() <= EVERY_UP_TO:
        chosen |= allowed
    if kept:
        chosen |= np.array([move.id in kept for move in library.moves], bool)
    ids = np.flatnonzero(chosen)
    known = query.audio is not None
    music = (
        np.asarray(query.audio @ library.audio[ids].T, np.float32)
        if known and query.audio is not None
        else np.zeros((len(slots.slots), len(ids)), np.float32)
    )
    text = (
        library.text[ids] @ query.text if query.text is not None else np.zeros(len(ids), np.float32)
    )
    return Candidates(
        moves=tuple(library.moves[i] for i in ids),
        pose=library.pose[ids],
        music=music,
        text=np.asarray(text, np.float32),
        relaxed=relaxed,
        degraded=index.degraded,
    )


def every_candidate(
    brief: Brief, slots: Slots, index: MoveIndex, reason: str, kept: Collection[str] = ()
) -> Candidates:
    """Return all moves that the request allows, unranked: what is left when search fails.

    Raises:

        PlanImpossible: As `find_candidates`.
    """
    moves = index.library.moves
    also = np.array([move.id in kept for move in moves], bool)
    ids = np.flatnonzero(hard_filters(brief, slots, index) | also)
    return Candidates(
        moves=tuple(moves[i] for i in ids),
        pose=np.zeros((len(ids), POSE_DIMENSIONS), np.float32),
        music=np.zeros((len(slots.slots), len(ids)), np.float32),
        text=np.zeros(len(ids), np.float32),
        degraded=f"moves in the order of rules alone, since search failed: {reason}",
    )


def _alike(brief: Brief, slots: Slots) -> dict[tuple[int, float], list[int]]:
    """Group the slots by the energy that the music has there, as a rank, and by tempo."""
    groups: dict[tuple[int, float], list[int]] = {}
    for number, slot in enumerate(slots.slots):
        rank = round(2 * slot.energy) if brief.energy is None else brief.energy.rank
        groups.setdefault((rank, slot.tempo), []).append(number)
    return groups
