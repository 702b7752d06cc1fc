"""Options → lattice: what may start at each node, and from where the end can be reached.

The two passes from the song's end are Viterbi's dynamic programming (1967), over the states that
moves begin and end in: one asks whether there is a legal way, the other what it costs at least.
Both are exact for what they ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planning.choreography.arrays import Costs, Mask
from planning.choreography.joints import Joints, shown
from planning.choreography.options import Options


@dataclass(frozen=True)
class Lattice:
    """All that may be danced, from node to node."""

    nodes: int
    """The last node, at the song's end; the first is 0."""
    starting: Mapping[int, Sequence[Options]]
    """What may start at each node; a node where nothing may is missing."""
    between_kept: frozenset[int]
    """Nodes between two moves that stay as they were: their joint is not judged again."""

    def starting_at(self, node: int) -> Sequence[Options]:
        """Return what may start at a node."""
        return self.starting.get(node, ())


def lattice_of(options: Iterable[Options], nodes: int) -> Lattice:
    """Return all that may be danced, of options in the order in which they are tried."""
    starting: dict[int, list[Options]] = {}
    after_kept = set()
    for one in options:
        if len(one.moves):
            starting.setdefault(one.run.start, []).append(one)
        if one.kept:
            after_kept.add(one.run.end)
    between = {node for node in after_kept & starting.keys() if starting[node][0].kept}
    return Lattice(nodes, starting, frozenset(between))


def legal_after(lattice: Lattice, joints: Joints, *, repeats: bool) -> tuple[Mask | None, ...]:
    """Return, for each node, after which last moves a legal end can be reached.

    Each entry has the shape (2 moves + 1,): after each move, after each move shown shortened, and
    (last) with nothing before. It is None where no legal end can be reached at all.

    Args:

        lattice: All that may be danced.

        joints: What may follow what.

        repeats: True lets a move follow itself.
    """
    size = len(joints.enters)
    legal: list[Mask | None] = [None] * (lattice.nodes + 1)
    legal[lattice.nodes] = np.ones(2 * size + 1, bool)
    for node in range(lattice.nodes - 1, -1, -1):
        good = np.zeros(size, bool)
        for options in lattice.starting_at(node):
            after = legal[options.run.end]
            if after is not None:
                good[options.moves] |= after[shown(options.moves, options.shortened, size)]
        if not good.any():
            continue
        if node in lattice.between_kept:
            legal[node] = np.ones(2 * size + 1, bool)
            continue
        entering = np.bincount(joints.enters[good], minlength=len(joints.states))
        choices = (joints.follows @ entering)[joints.leaves]
        if not repeats:
            entered = np.tile(joints.enters, 2)
            choices = choices - (np.tile(good, 2) & joints.follows[joints.leaves, entered])
        legal[node] = np.append(choices > 0, True)
    return tuple(legal)


def least_ahead(
    lattice: Lattice, joints: Joints, legal: Sequence[Mask | None]
) -> tuple[Costs, ...]:
    """Return, for each node, the least that the way to the end costs after each state.

    Shape (states,) each; only what a move costs in its place counts here, not what it costs
    after others. It keeps the beam from what is cheap now and dear in the end.

    Args:

        lattice: All that may be danced.

        joints: What may follow what.

        legal: From where the end can be reached, as `legal_after` gives it.
    """
    ahead = [np.full(len(joints.states), np.inf) for _ in range(lattice.nodes + 1)]
    ahead[lattice.nodes] = np.zeros(len(joints.states))
    for node in range(lattice.nodes - 1, -1, -1):
        if legal[node] is None:
            continue
        entering = np.full(len(joints.states), np.inf)
        for options in lattice.starting_at(node):
            left = joints.left_after(options.moves, options.shortened)
            cost = options.cost + ahead[options.run.end][left]
            np.minimum.at(entering, joints.enters[options.moves], cost)
        if node in lattice.between_kept:
            ahead[node][:] = entering.min()
        else:
            ahead[node] = np.where(joints.follows, entering[None, :], np.inf).min(axis=1)
    return tuple(ahead)
