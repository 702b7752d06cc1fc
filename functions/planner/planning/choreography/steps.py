"""What was chosen → steps, and what the dancer should know about them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from choreo.vocabulary import SectionLabel
from planning.choreography.beam_search import Chosen
from planning.choreography.joints import Joints
from planning.choreography.repertoire import Repertoire
from planning.model import Slots, Step, listed


def steps_of(
    way: Sequence[Chosen], slots: Slots, repertoire: Repertoire, joints: Joints
) -> tuple[Step, ...]:
    """Return the moves of a way through the song as the plan's steps, in order."""
    steps: list[Step] = []
    before = -1
    seen: dict[SectionLabel, dict[int, int]] = {}
    for chosen in way:
        options, place = chosen.options, chosen.place
        run, number = options.run, int(options.moves[place])
        slot = slots.slots[run.slot]
        first_seen = seen.setdefault(slot.label, {}).setdefault(number, slot.section)
        steps.append(
            Step(
                move=repertoire.moves[number],
                slot=run.slot,
                first_beat=run.first_beat,
                counts=run.counts,
                clip_count=int(options.clip_counts[place]),
                lead=run.lead,
                tail=run.tail,
                free=bool(options.free[place]),
                wanted=bool(repertoire.wanted[number]),
                returns=first_seen != slot.section,
                jump=float(joints.jump[before, number]) if before >= 0 else 0.0,
            )
        )
        before = number
    return tuple(steps)


def warnings_of(steps: Sequence[Step], slots: Slots) -> tuple[str, ...]:
    """Return a sentence for each thing about the steps that the dancer should know."""
    warnings = []
    again = [a.move.id for a, b in pairwise(steps) if a.move.id == b.move.id]
    if again:
        warnings.append(
            f"a move follows itself {len(again)} times, since nothing else may follow "
            f"{listed(sorted(set(again))[:3])}; more clips would make it a dance"
        )
    free = [step for step in steps if step.free]
    if free:
        places = listed([f"{slots.beats[step.first_beat]:.0f} s" for step in free[:5]])
        warnings.append(
            f"the beat is too uneven to step on at {places}; there {len(free)} of "
            f"{len(steps)} moves play at their own speed"
        )
    return tuple(warnings)
