"""A lattice without a way through it → which clip is missing, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from planning.choreography.joints import Joints
from planning.choreography.lattice import Lattice
from planning.choreography.repertoire import Repertoire
from planning.choreography.runs import Run
from planning.model import Slots, listed

_NOTHING = -1
"""Stands for the state before the first move, which every move may follow."""


def what_is_missing(
    lattice: Lattice,
    runs: Sequence[Run],
    slots: Slots,
    repertoire: Repertoire,
    joints: Joints,
    *,
    anew: bool,
) -> str:
    """Say where and why every way ends before the song does.

    Args:

        lattice: All that may be danced; no legal way leads to its last node.

        runs: Every stretch that one move may cover.

        slots: The song.

        repertoire: The candidates.

        joints: What may follow what.

        anew: True when other moves stay as they were in an earlier plan.
    """
    furthest, stuck = _furthest(lattice, joints)
    there = [run for run in runs if run.start == furthest]
    place = f"{slots.beats[there[0].first_beat]:.1f} s"
    if anew:
        return (
            f"no other move is legal at {place} between the moves that stay; choose a "
            "neighbour anew too, or avoid less"
        )
    options = lattice.starting_at(furthest)
    if not options:
        lengths = " or ".join(str(n) for n in sorted({run.counts for run in there}))
        have = listed([str(n) for n in sorted(repertoire.lengths)])
        tempi = f"{repertoire.tempo.min():.0f} to {repertoire.tempo.max():.0f} BPM"
        return (
            f"no clip fits at {place}, where a move of {lengths} counts is needed; the "
            f"clips that the request allows ({repertoire.size}) have {have} counts at {tempi}"
        )
    holds = listed(sorted({joints.states[s].hold.value for s in stuck if s != _NOTHING}))
    into = {
        joints.states[joints.enters[number]].hold.value for one in options for number in one.moves
    }
    return (
        f"no legal move follows at {place}: the moves before it end in {holds or 'no'} hold, "
        f"and those that fit there begin in {listed(sorted(into))}; a clip that leads from "
        "one hold (and weight foot) to the other is missing"
    )


def _furthest(lattice: Lattice, joints: Joints) -> tuple[int, set[int]]:
    """Walk forward by states alone; return the last node reached, and the states left there."""
    at: dict[int, set[int]] = {0: {_NOTHING}}
    furthest = 0
    for node in range(lattice.nodes):
        reached = at.get(node)
        if not reached:
            continue
        furthest = node
        for options in lattice.starting_at(node):
            left = joints.left_after(options.moves, options.shortened)
            for entry, leaves in zip(joints.enters[options.moves], left, strict=True):
                if _NOTHING in reached or any(joints.follows[s, entry] for s in reached):
                    at.setdefault(options.run.end, set()).add(int(leaves))
    return furthest, at[furthest]
