"""An earlier plan → options: its moves where they stay, and others in the places opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

import numpy as np

from choreo.errors import PlanImpossible
from planning.choreography.arrays import Mask
from planning.choreography.costs import Music, energy_missed
from planning.choreography.joints import Joints
from planning.choreography.options import Options, as_before, options_in
from planning.choreography.repertoire import Repertoire
from planning.choreography.runs import Run
from planning.choreography.weights import WEIGHTS
from planning.model import Earlier


class Freedom(Enum):
    """What a plan that is danced anew in places may do there, the best first."""

    SAME_CUT = 1
    """Another move in each place."""
    ANY_CUT = 2
    """Other moves, of other lengths too."""
    AS_BEFORE = 3
    """The same move where nothing else is legal."""


def options_around(
    earlier: Earlier,
    freedom: Freedom,
    runs: Sequence[Run],
    music: Music,
    repertoire: Repertoire,
    joints: Joints,
) -> list[Options]:
    """Return the one option of each kept place, and those of the free ones.

    Args:

        earlier: What stays and what is danced anew.

        freedom: What the places danced anew may do.

        runs: Every stretch that one move may cover.

        music: What the song asks for.

        repertoire: The candidates, the kept moves among them.

        joints: Their states.

    Raises:

        PlanImpossible: If a kept move is gone, or its place.
    """
    avoided = _among(repertoire, earlier.avoided)
    found = _kept_as_before(earlier, runs, music, repertoire)
    for run in runs:
        start, end = run.seconds_on_timeline(music.slots)
        if any(place.overlaps(start, end) for place in earlier.kept):
            continue
        if freedom is not Freedom.ANY_CUT and not any(
            place.is_at(start, end) for place in earlier.free
        ):
            continue
        before = {place.clip_id for place in earlier.free if place.overlaps(start, end)}
        own = _among(repertoire, before)
        barred = avoided if freedom is Freedom.AS_BEFORE else avoided | own
        options = options_in(run, music, repertoire, joints, barred)
        ids = options.moves
        shown = {place.clip_id for place in earlier.shown if place.overlaps(start, end)}
        cost = options.cost.copy()
        for name, hit in (
            ("as_before", own[ids]),
            ("shown_before", _among(repertoire, shown)[ids]),
            ("family_as_before", np.isin(repertoire.family, repertoire.family[own])[ids]),
            ("energy_missed", energy_missed(music, repertoire, run, ids, earlier.energy)),
        ):
            cost += WEIGHTS[name] * hit
        found.append(replace(options, cost=cost))
    return found


def _kept_as_before(
    earlier: Earlier, runs: Sequence[Run], music: Music, repertoire: Repertoire
) -> list[Options]:
    numbers = {move.id: number for number, move in enumerate(repertoire.moves)}
    found = []
    for place in earlier.kept:
        run = next((r for r in runs if place.is_at(*r.seconds_on_timeline(music.slots))), None)
        if run is None or place.clip_id not in numbers:
            what = "clips" if run else "counts of the song"
            raise PlanImpossible(
                f"the {what} have changed since the plan was made, so that its move at "
                f"{place.start:.1f} s cannot stay as it was; ask for a new video"
            )
        found.append(as_before(run, repertoire, numbers[place.clip_id]))
    return found


def _among(repertoire: Repertoire, names: set[str] | frozenset[str]) -> Mask:
    """Tell which moves have one of the ids, shape (moves,)."""
    return np.array([move.id in names for move in repertoire.moves], bool)
