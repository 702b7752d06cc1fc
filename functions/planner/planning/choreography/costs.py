"""What a move costs in its place, apart from what is danced before and after it.

Two kinds of cost: those that last, for eight counts, and those that are paid once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from choreo.vocabulary import EnergyLevel, SectionLabel
from planning.choreography.arrays import Costs, Floats, Ints, Mask
from planning.choreography.energy import energy_targets
from planning.choreography.repertoire import Repertoire
from planning.choreography.runs import Run
from planning.choreography.weights import DIGITS, SPREAD, WEIGHTS
from planning.model import RETIME_GOOD, RETIME_LIMIT, Brief, Candidates, SlotKind, Slots

SHORT_SECONDS = 1.6
"""A clip shown for less than this is a flash; the neighbour's handle takes its place."""


@dataclass(frozen=True)
class Music:
    """What each slot of the song asks of the moves in it."""

    slots: Slots
    nodes: int
    """The last node, at the song's end."""
    energy: Costs
    """Shape (slots,), 0 to 1."""
    level: Costs
    """Shape (slots,): the difficulty that suits it, 0 to 2."""
    music_missed: Costs
    """Shape (slots, moves), 0 for the move whose music is most like it, 1 for the least."""
    text_missed: Costs
    """Shape (moves,), the same for the sentence."""
    disliked: Floats | None
    """Shape (slots, moves), 0 to 1: a language model's dislike."""
    noise: Costs
    """Shape (slots, moves), seeded, below `SPREAD`."""


def music_of(
    brief: Brief,
    slots: Slots,
    candidates: Candidates,
    nodes: int,
    seed: int,
    preferences: Floats | None,
) -> Music:
    """Return what the slots of a song ask for; the arguments are those of `choreograph`."""
    # What `random` gives for a seed is fixed for PCG64, on every machine and release.
    draw = np.random.Generator(np.random.PCG64(seed))
    energy = energy_targets(slots.slots, brief.energy)
    ceiling = 1 if brief.difficulty is None else brief.difficulty.rank
    return Music(
        slots=slots,
        nodes=nodes,
        energy=energy,
        level=ceiling * (0.4 + 0.6 * energy),
        music_missed=np.array([_from_best(row) for row in candidates.music]),
        text_missed=_from_best(candidates.text),
        disliked=None if preferences is None else 1.0 - preferences,
        noise=SPREAD * draw.random((len(slots.slots), len(candidates.moves))),
    )


@dataclass(frozen=True)
class Showing:
    """How some moves would be shown in a run; every array has one entry per move."""

    moves: Ints
    speed: Costs
    """1 for as fast as it was danced."""
    shortened: Mask
    free: Mask
    """True where it plays at its own speed, since the beat is too uneven."""


def cost_in_place(music: Music, repertoire: Repertoire, run: Run, showing: Showing) -> Costs:
    """Return what each of the moves costs in a run, shape (n,)."""
    slot = music.slots.slots[run.slot]
    ids, free = showing.moves, showing.free
    role_missed = _role_missed(music, repertoire, run, ids)
    dances = _dances(repertoire, ids, role_missed)
    lasting: Mapping[str, Costs | float] = {
        "music_fit": music.music_missed[run.slot, ids],
        "text_fit": music.text_missed[ids],
        "energy_arc": dances * np.abs(music.energy[run.slot] - repertoire.energy[ids]),
        "difficulty_arc": np.abs(music.level[run.slot] - repertoire.level[ids]) / 2,
        "style": dances * repertoire.style_missed[ids],
        "retime": np.where(free, 1.0, _retimed(np.abs(showing.speed - 1.0))),
        "language_model": 0.0 if music.disliked is None else music.disliked[run.slot, ids],
    }
    once: Mapping[str, Costs | Mask | float] = {
        "serving_role": role_missed,
        "break_fit": (0.3 + 0.7 * repertoire.energy[ids]) * (repertoire.role[ids] != "hold")
        if slot.kind is SlotKind.BREAK
        else 0.0,
        "starts_on_five": float(not run.on_one and slot.kind is SlotKind.DANCE),
        "shortened": showing.shortened,
        "across_sections": float(run.crosses),
        "uneven_beat": free,
        "sliver": float(run.seconds < SHORT_SECONDS),
    }
    cost = music.noise[run.slot, ids].copy()
    cost += sum(run.eights * WEIGHTS[name] * value for name, value in lasting.items())
    cost += sum(WEIGHTS[name] * np.asarray(value, float) for name, value in once.items())
    rounded: Costs = np.round(cost, DIGITS)
    return rounded


def energy_missed(
    music: Music, repertoire: Repertoire, run: Run, ids: Ints, asked: EnergyLevel | None
) -> Costs:
    """Return how far moves are from an energy that was asked for, shape (n,), 0 to 1."""
    if asked is None:
        return np.zeros(len(ids))
    missed = np.abs(repertoire.energy[ids] - asked.rank / 2)
    dances = _dances(repertoire, ids, _role_missed(music, repertoire, run, ids))
    return np.asarray(missed * dances, float)


def _role_missed(music: Music, repertoire: Repertoire, run: Run, ids: Ints) -> Costs:
    slot, role = music.slots.slots[run.slot], repertoire.role[ids]
    opens = slot.kind is SlotKind.LEAD_IN or (run.start == 0 and slot.label is SectionLabel.INTRO)
    closes = slot.kind is SlotKind.TAIL or run.end == music.nodes
    there = repertoire.role
    return np.select(
        [role == "intro", role == "outro", role == "hold", role == "connector"],
        [
            np.full(len(ids), 0.0 if opens else 1.0),
            np.full(len(ids), 0.0 if closes else 1.0),
            np.full(len(ids), 0.0 if slot.kind is SlotKind.BREAK else 1.0),
            np.full(len(ids), 0.3),
        ],
        default=float((opens and "intro" in there) or (closes and "outro" in there)),
    )


def _dances(repertoire: Repertoire, ids: Ints, role_missed: Costs) -> Mask:
    """Tell which are judged by their energy and style: a clip in the place that it was made
    for is right there, however full the music is."""
    dances: Mask = (repertoire.role[ids] == "move") | (role_missed > 0)
    return dances


def _retimed(off: Costs) -> Costs:
    """1 for what is played at the limit; one half of it grows with the square, the other half is
    for all that is not within what looks as it was danced."""
    result: Costs = 0.5 * (off / RETIME_LIMIT) ** 2 + 0.5 * (off > RETIME_GOOD)
    return result


def _from_best(similarity: Floats) -> Costs:
    """Turn similarities into costs: 0 for the best, 1 for the worst; 0 when all are alike."""
    values = np.round(similarity.astype(np.float64), 5)
    reach = values.max() - values.min()
    return np.zeros(len(values)) if reach < 1e-4 else (values.max() - values) / reach
