"""Repertoire → joints: which move may follow which, and what the joint costs.

Whether one move may follow another depends on the hold and the weight feet that the one ends in
and the other begins in; moves that agree in these are of one state. All passes over the song
reckon with the few states, not with the many pairs of moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from choreo.move import DanceState
from planning.choreography.arrays import Floats, Ints, Mask
from planning.choreography.repertoire import Repertoire
from planning.choreography.weights import DIGITS, SMOOTH_FACTOR, WEIGHTS
from planning.model import may_follow


@dataclass(frozen=True)
class Joints:
    """What may follow what, and at which cost."""

    states: tuple[DanceState, ...]
    enters: Ints
    """Shape (moves,): the index of the state in which each move begins."""
    leaves: Ints
    """Shape (2 moves,): of that in which each ends, and then of that in which each ends when it
    is shown shortened: in a tap, which leaves the weight free."""
    steady: Mask
    """Shape (moves,): True where a move ends in the hold that it began in."""
    follows: Mask
    """Shape (states, states): whether a move that begins in the second state may follow one that
    ends in the first."""
    cost: Floats
    """Shape (moves, moves): of the second after the first."""
    jump: Floats
    """Shape (moves, moves): how far the pose changes between them, 0 to 1."""

    def left_after(self, moves: Ints, shortened: Mask) -> Ints:
        """Return the states in which moves end as they are shown, both of shape (n,)."""
        left: Ints = self.leaves[shown(moves, shortened, len(self.enters))]
        return left


def shown(moves: Ints, shortened: Mask, size: int) -> Ints:
    """Return one index for a move and how it is shown, 0 to 2 `size` - 1.

    Args:

        moves: Indices of moves, shape (n,).

        shortened: True where the move is cut short, shape (n,).

        size: How many moves there are.
    """
    indices: Ints = moves + size * shortened
    return indices


def joints_between(repertoire: Repertoire, pose: Floats, *, smooth: bool) -> Joints:
    """Find out what may follow what.

    Args:

        repertoire: The candidates.

        pose: Shape (moves, 512), rows of unit length or zero.

        smooth: True weighs continuity more.
    """
    moves = repertoire.moves
    numbers: dict[tuple[object, ...], int] = {}
    states: list[DanceState] = []

    def code(state: DanceState) -> int:
        key = (state.hold, state.leader_foot, state.follower_foot)
        if key not in numbers:
            numbers[key] = len(states)
            states.append(state)
        return numbers[key]

    enters = [code(move.entry_state) for move in moves]
    leaves = [code(move.exit_state) for move in moves]
    taps = [code(DanceState(hold=move.exit_state.hold)) for move in moves]
    jump = _jumps(repertoire, pose)
    factor = SMOOTH_FACTOR if smooth else 1.0
    session, family = repertoire.session, repertoire.family
    cost = factor * WEIGHTS["pose_continuity"] * jump
    cost += factor * WEIGHTS["session"] * (session[:, None] != session[None, :])
    cost += WEIGHTS["same_family"] * (family[:, None] == family[None, :])
    return Joints(
        states=tuple(states),
        enters=np.array(enters),
        leaves=np.array([*leaves, *taps]),
        steady=np.array([move.entry_state.hold == move.exit_state.hold for move in moves], bool),
        follows=np.array([[may_follow(a, b) for b in states] for a in states], bool),
        cost=np.round(cost, DIGITS),
        jump=np.round(jump, DIGITS),
    )


def _jumps(repertoire: Repertoire, pose: Floats) -> Floats:
    """Return how far the pose changes, and where it is known the facing, half of it each."""
    jump: Floats = np.clip(1.0 - pose @ pose.T, 0.0, 1.0)
    out, into = (
        np.array([np.nan if s.facing is None else s.facing for s in states], np.float32)
        for states in (
            [move.exit_state for move in repertoire.moves],
            [move.entry_state for move in repertoire.moves],
        )
    )
    known = ~np.isnan(out[:, None] + into[None, :])
    if known.any():
        turned = np.abs((into[None, :] - out[:, None] + 180) % 360 - 180) / 180
        jump[known] = 0.5 * jump[known] + 0.5 * turned[known]
    return jump
