"""Runs × repertoire → options: which moves fit where, and how each is shown there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planning.choreography.arrays import Costs, Ints, Mask
from planning.choreography.costs import Music, Showing, cost_in_place
from planning.choreography.joints import Joints
from planning.choreography.repertoire import Repertoire
from planning.choreography.runs import LONGEST_HANDLE, Run
from planning.model import RETIME_LIMIT

KEPT = 160
"""Candidates a run keeps, the cheapest first, so that long libraries cost no more time."""

KEPT_OF_EACH = 4
"""Candidates it keeps besides, of each way from one state into another, for the joints."""


@dataclass(frozen=True)
class Options:
    """The moves that fit a run, how each is shown and what it costs there.

    Every array has one entry per move that fits.
    """

    run: Run
    moves: Ints
    clip_counts: Ints
    """The clip's count that falls on the run's first beat."""
    shortened: Mask
    """True where the clip is left before its end."""
    free: Mask
    """True where it plays at its own speed, since the beat is too uneven."""
    cost: Costs
    kept: bool = False
    """True when it is a move of an earlier plan, in its place: its joint to another kept move is
    not judged again."""


def options_in(
    run: Run,
    music: Music,
    repertoire: Repertoire,
    joints: Joints,
    barred: Mask | None = None,
) -> Options:
    """Return the moves that fit a run: long enough, with room for its ends, and not driven.

    Args:

        run: Where they would be danced.

        music: What the song asks for there.

        repertoire: The candidates.

        joints: Their states.

        barred: Shape (moves,): True for moves that must not be danced there.
    """
    natural = repertoire.counts == run.counts
    longer = repertoire.counts > run.counts
    edge = run.from_end or run.tail > 0 or run.end == music.nodes
    shortened = longer & run.whole & (joints.steady | edge)
    clip_counts = np.where(shortened & run.from_end, repertoire.counts - run.counts, 0)
    allowed = natural | shortened
    if run.tail > LONGEST_HANDLE:
        allowed &= repertoire.role == "outro"
    if barred is not None:
        allowed &= ~barred
    speed = _tempo_in(run, music) / repertoire.tempo
    fits = allowed & _fits_on_the_beat(run, repertoire, clip_counts, speed)
    free = np.zeros(repertoire.size, bool)
    if run.whole and run.counts and not fits.any():
        free = allowed & _fits_beside_the_beat(run, music, repertoire, clip_counts)
        fits = free
    ids = np.flatnonzero(fits)
    # A clip shown up to its own end leaves as it was danced, however late it began.
    cut_off = (shortened & (not run.from_end))[ids]
    showing = Showing(ids, speed[ids], shortened[ids], free[ids])
    cost = cost_in_place(music, repertoire, run, showing)
    kept = _worth_keeping(joints, ids, cost)
    return Options(
        run, ids[kept], clip_counts[ids][kept], cut_off[kept], free[ids][kept], cost[kept]
    )


def as_before(run: Run, repertoire: Repertoire, number: int) -> Options:
    """Return the one option of a place that stays as it was in an earlier plan."""
    longer = bool(repertoire.counts[number] > run.counts)
    return Options(
        run,
        moves=np.array([number]),
        clip_counts=np.array([0]),
        shortened=np.array([longer and not run.from_end]),
        free=np.array([False]),
        cost=np.zeros(1),
        kept=True,
    )


def _tempo_in(run: Run, music: Music) -> float:
    """Return the tempo of a run's own beats, in beats per minute."""
    if not run.counts:
        return music.slots.slots[run.slot].tempo
    return 60.0 * run.counts / (run.seconds - run.lead - run.tail)


def _fits_on_the_beat(run: Run, repertoire: Repertoire, clip_counts: Ints, speed: Costs) -> Mask:
    """Tell which clips follow the beat without being driven, and have the handles it takes."""
    begins, ends = _seconds_shown(run, repertoire, clip_counts)
    steady = np.abs(speed - 1.0) <= RETIME_LIMIT
    room = (begins >= run.lead * speed) & (repertoire.duration - ends >= run.tail * speed - 1e-6)
    fits: Mask = steady & room
    return fits


def _fits_beside_the_beat(
    run: Run, music: Music, repertoire: Repertoire, clip_counts: Ints
) -> Mask:
    """Tell which clips may play at their own speed where no clip can follow the beat."""
    begins, _ = _seconds_shown(run, repertoire, clip_counts)
    near = np.abs(music.slots.slots[run.slot].tempo / repertoire.tempo - 1.0) <= RETIME_LIMIT
    enough = (begins >= run.lead) & (begins - run.lead + run.seconds <= repertoire.duration)
    fits: Mask = near & enough
    return fits


def _seconds_shown(run: Run, repertoire: Repertoire, clip_counts: Ints) -> tuple[Costs, Costs]:
    """Return the seconds of each clip at which the run's first count and its end fall."""
    rows = np.arange(repertoire.size)
    last_count = np.minimum(clip_counts + run.counts, repertoire.counts)
    return repertoire.beats[rows, clip_counts], repertoire.beats[rows, last_count]


def _worth_keeping(joints: Joints, ids: Ints, cost: Costs) -> Ints:
    """Return the places of the cheapest, and of the cheapest of each way from one state to
    another."""
    if len(ids) <= KEPT:
        return np.arange(len(ids))
    order = np.lexsort((ids, cost))
    pairs = (joints.enters[ids] * len(joints.states) + joints.leaves[ids])[order]
    ranks = np.zeros(len(order), np.int64)
    for pair in np.unique(pairs):
        places = np.flatnonzero(pairs == pair)
        ranks[places] = np.arange(len(places))
    keep = (np.arange(len(order)) < KEPT) | (ranks < KEPT_OF_EACH)
    return np.sort(order[keep])
