"""Slots × candidates → choreography: the cheapest legal order of moves.

Costs are of two kinds:

- hard: the hold and the weight foot must meet, difficulty and tempo are bounded, no move
  follows itself;
- soft: the table `weights.WEIGHTS`, each cost from 0 to 1 per eight counts.

Each step to the order is a module: `runs` (which stretches one move may cover), `repertoire`
(what is known of the candidates), `joints` (what may follow what), `costs` (what a move costs in
its place), `options` (which moves fit where; `anew` for plans of which a part stays), `lattice`
(from where a legal end can be reached, and what it costs at least), `motifs` (what it costs to
dance something again), `beam_search` (the way), `steps` and `missing` (what is said about it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from choreo.errors import PlanImpossible
from planning.choreography.anew import Freedom, options_around
from planning.choreography.beam_search import Rules, cheapest_way
from planning.choreography.costs import music_of
from planning.choreography.joints import joints_between
from planning.choreography.lattice import lattice_of, legal_after
from planning.choreography.missing import what_is_missing
from planning.choreography.motifs import form_of
from planning.choreography.options import options_in
from planning.choreography.repertoire import repertoire_of
from planning.choreography.runs import runs_of
from planning.choreography.steps import steps_of, warnings_of
from planning.choreography.weights import DIGITS
from planning.model import Brief, Candidates, Choreography, Earlier, Slots

if TYPE_CHECKING:
    from planning.choreography.arrays import Floats

__all__ = ["choreograph"]


def choreograph(
    brief: Brief,
    slots: Slots,
    candidates: Candidates,
    seed: int,
    preferences: Floats | None = None,
    earlier: Earlier | None = None,
) -> Choreography:
    """Choose and order the moves.

    Args:

        brief: What was asked for.

        slots: The song.

        candidates: The moves, already filtered by difficulty and bans.

        seed: Equal seeds give equal plans.

        preferences: Shape (slots, candidates), 0 to 1: a language model's liking, or None.

        earlier: The plan of which some places are danced anew; all others stay. Its kept moves
            must be among the candidates. A place gets its old move only where nothing else is
            legal.

    Raises:

        PlanImpossible: If there is no legal order; the text says what is missing.
    """
    repertoire = repertoire_of(candidates.moves, brief)
    joints = joints_between(repertoire, candidates.pose, smooth=brief.smooth)
    runs = runs_of(slots, repertoire.lengths)
    nodes = max(run.end for run in runs)
    music = music_of(brief, slots, candidates, nodes, seed, preferences)
    form = form_of(slots.slots)
    for repeats in (False, True):
        for freedom in Freedom if earlier else (Freedom.ANY_CUT,):
            options = (
                [options_in(run, music, repertoire, joints) for run in runs]
                if earlier is None
                else options_around(earlier, freedom, runs, music, repertoire, joints)
            )
            tried = lattice_of(options, nodes)
            legal = legal_after(tried, joints, repeats=repeats)
            if legal[0] is None or not legal[0][-1]:
                continue
            rules = Rules(joints, form, repertoire.wanted, repeats)
            way, cost = cheapest_way(tried, rules, legal)
            steps = steps_of(way, slots, repertoire, joints)
            return Choreography(steps, round(cost, DIGITS), warnings_of(steps, slots))
    raise PlanImpossible(
        what_is_missing(tried, runs, slots, repertoire, joints, anew=earlier is not None)
    )
