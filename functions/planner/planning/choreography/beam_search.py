"""Lattice → the cheapest way through it: a beam search.

The beam (Lowerre 1976) walks forward over the nodes and keeps at each the partial sequences that
are cheapest by what they cost and by the least that they will cost, as A* does (Hart, Nilsson and
Raphael 1968). What was danced before decides what may be danced well, so no exact search over
nodes would do; and since only steps are taken after which a legal end can be reached, the beam
never runs into a dead end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planning.choreography.arrays import Costs, Ints, Mask
from planning.choreography.joints import Joints, shown
from planning.choreography.lattice import Lattice, least_ahead
from planning.choreography.motifs import (
    Form,
    Memory,
    danced_again,
    joined,
    nothing_danced,
    recalled,
    seen_lately,
    with_danced,
)
from planning.choreography.options import Options
from planning.choreography.weights import DIGITS, WEIGHTS

BEAM = 160
"""Partial sequences kept at each cell: plans cost 5 % less than with 48, and with 600 hardly
any less, for three times the time."""


@dataclass(frozen=True)
class Rules:
    """What a step from one move to the next is judged by."""

    joints: Joints
    form: Form
    wanted: Mask
    """Shape (moves,): True where the request asked for this kind of move."""
    repeats: bool
    """True lets a move follow itself, dearly."""


@dataclass(frozen=True)
class Chosen:
    """One of the moves that fit a run."""

    options: Options
    place: int
    """Index into the arrays of `options`."""


@dataclass(frozen=True)
class _Trail:
    """The steps of a partial sequence, last first."""

    before: _Trail | None
    chosen: Chosen


@dataclass(frozen=True)
class _Beam:
    """Partial sequences that end at one node; row i of every array is one of them."""

    cost: Costs
    last: Ints
    """The last move and how it was shown; twice the number of moves when there is none yet."""
    memory: Memory
    trails: Sequence[_Trail | None]


@dataclass(frozen=True)
class _Arrival:
    """Partial sequences that wait at a node: rows of a beam, each with one more move."""

    cost: Costs
    whole: Costs
    """The cost, and the least of what is to come."""
    rows: Ints
    places: Ints
    """Of the moves, in `options`."""
    beam: _Beam
    options: Options


def cheapest_way(
    lattice: Lattice, rules: Rules, legal: Sequence[Mask | None]
) -> tuple[tuple[Chosen, ...], float]:
    """Return the moves from the song's start to its end, and what they cost together.

    Args:

        lattice: All that may be danced.

        rules: What a step is judged by.

        legal: From where the end can be reached, as `legal_after` gives it; it can be from node
            0 with nothing before.
    """
    waiting: dict[int, list[_Arrival]] = {}
    ahead = least_ahead(lattice, rules.joints, legal)
    beam = _nothing_yet(len(rules.wanted))
    for node in range(lattice.nodes):
        if node:
            arrived = waiting.pop(node, [])
            if not arrived:
                continue
            beam = _arrived(arrived, rules)
        kept_joint = node in lattice.between_kept
        for options in lattice.starting_at(node):
            after = legal[options.run.end]
            if after is None:
                continue
            cost = _extended(beam, options, after, rules, kept_joint=kept_joint)
            left = rules.joints.left_after(options.moves, options.shortened)
            whole = np.round(cost + ahead[options.run.end][left], DIGITS).ravel()
            picks = _cheapest(whole)
            if not len(picks):
                continue
            rows, places = np.divmod(picks, len(options.moves))
            waiting.setdefault(options.run.end, []).append(
                _Arrival(cost.ravel()[picks], whole[picks], rows, places, beam, options)
            )
    end = _arrived(waiting[lattice.nodes], rules)
    best = int(np.argmin(end.cost))
    return _steps_of(end.trails[best]), float(end.cost[best])


def _nothing_yet(size: int) -> _Beam:
    return _Beam(np.zeros(1), np.array([2 * size]), nothing_danced(size), [None])


def _extended(
    beam: _Beam, options: Options, after: Mask, rules: Rules, *, kept_joint: bool
) -> Costs:
    """Return the cost of each partial sequence followed by each option; inf if illegal.

    Shape (rows, options). `after` tells after which moves the end can be reached.
    """
    ids, run, joints = options.moves, options.run, rules.joints
    size = len(rules.wanted)
    known = recalled(beam.memory, ids)
    cost: Costs = beam.cost[:, None] + options.cost[None, :]
    cost += seen_lately(known)
    cost += danced_again(beam.memory, known, ids, rules.form, run.slot, run.eights)
    cost += WEIGHTS["wanted"] * (rules.wanted[ids][None, :] & (known.uses == 0))
    if beam.last[0] < 2 * size and not kept_joint:
        last = beam.last % size
        cost += joints.cost[last][:, ids]
        cost[~joints.follows[joints.leaves[beam.last]][:, joints.enters[ids]]] = np.inf
        again = last[:, None] == ids[None, :]
        cost[again] += WEIGHTS["immediate_repeat"] if rules.repeats else np.inf
    cost[:, ~after[shown(ids, options.shortened, size)]] = np.inf
    return np.round(cost, DIGITS)


def _cheapest(costs: Costs) -> Ints:
    """Return the places of the `BEAM` lowest finite costs, equal ones by place."""
    # A partition alone would order equal costs as the machine's instructions happen to.
    limit = np.partition(costs, BEAM - 1)[BEAM - 1] if len(costs) > BEAM else np.inf
    places = np.flatnonzero((costs <= limit) & np.isfinite(costs))
    return places[np.argsort(costs[places], kind="stable")[:BEAM]]


def _arrived(arrived: Sequence[_Arrival], rules: Rules) -> _Beam:
    """Join what was waiting at a node and keep the cheapest."""
    costs = np.concatenate([part.whole for part in arrived])
    source = np.repeat(np.arange(len(arrived)), [len(part.whole) for part in arrived])
    within = np.concatenate([np.arange(len(part.whole)) for part in arrived])
    keep = np.argsort(costs, kind="stable")[:BEAM]
    made = []
    for number, part in enumerate(arrived):
        picks = within[keep[source[keep] == number]]
        if len(picks):
            made.append(_stepped(part, picks, rules))
    return _Beam(
        cost=np.concatenate([part.cost for part in made]),
        last=np.concatenate([part.last for part in made]),
        memory=joined([part.memory for part in made]),
        trails=[trail for part in made for trail in part.trails],
    )


def _stepped(arrival: _Arrival, picks: Ints, rules: Rules) -> _Beam:
    """Return some of the waiting sequences, with the move that each has danced now."""
    beam, options = arrival.beam, arrival.options
    rows, places = arrival.rows[picks], arrival.places[picks]
    moves = options.moves[places]
    return _Beam(
        cost=arrival.cost[picks],
        last=shown(moves, options.shortened[places], len(rules.wanted)),
        memory=with_danced(beam.memory, rows, moves, rules.form, options.run.slot),
        trails=[
            _Trail(beam.trails[row], Chosen(options, int(place)))
            for row, place in zip(rows, places, strict=True)
        ],
    )


def _steps_of(trail: _Trail | None) -> tuple[Chosen, ...]:
    steps = []
    while trail is not None:
        steps.append(trail.chosen)
        trail = trail.before
    return tuple(reversed(steps))
