"""What was danced before, and what it costs to dance it again.

A chorus that comes back brings the start of its dance with it: that is a motif, and a reward.
Everything else that comes back is a repetition: it costs by how often and how lately the move was
danced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from choreo.vocabulary import SectionLabel
from planning.choreography.arrays import Costs, Ints, Mask, Small
from planning.choreography.weights import WEIGHTS
from planning.model import Slot

LATELY = 4
"""Moves that count as lately."""

LONG_AGO = 40
"""Moves after which it no longer matters how long ago one was danced."""

AGO = np.arange(LONG_AGO + 1)
"""How many moves ago a move was danced; 1 is the last one, `LONG_AGO` at least so many or never."""

SEEN_LATELY = np.where((AGO > 0) & (AGO <= LATELY), 1.0 - (AGO - 1) / (2 * LATELY), 0.0)
USED_OF_LATE = 1.0 - AGO / LONG_AGO
"""What these two cost for each number of moves ago, 0 to 1."""

MOST_USES = 5
"""Uses of a move up to which each further one costs more; then a poor library is poor."""

MOTIF = 4
"""Slots at the start of a section in which its motif returns, at most: 32 counts, which dancers
learn as one piece."""

LABELS = tuple(SectionLabel)


@dataclass(frozen=True)
class Form:
    """The song's form: its sections, and where in them motifs return."""

    section: tuple[int, ...]
    """Of each slot."""
    opens: tuple[bool, ...]
    """Whether each slot lies at the start of its section, where a motif may return."""
    label_of: Ints
    """Shape (sections + 1,): the index of each section's label; the last entry, -1, stands for
    no section."""


def form_of(slots: Sequence[Slot]) -> Form:
    """Return the form; motifs return in the first half of a section, in `MOTIF` slots at most."""
    members: dict[int, list[int]] = {}
    for number, slot in enumerate(slots):
        members.setdefault(slot.section, []).append(number)
    opens = tuple(
        members[slot.section].index(number) < min(MOTIF, (len(members[slot.section]) + 1) / 2)
        for number, slot in enumerate(slots)
    )
    labels = np.full(max(members) + 2, -1, np.int64)
    for section, numbers in members.items():
        labels[section] = LABELS.index(slots[numbers[0]].label)
    return Form(tuple(slot.section for slot in slots), opens, labels)


@dataclass(frozen=True)
class Memory:
    """What partial sequences have danced; row i of every array is one of them."""

    uses: Small
    """Shape (rows, moves): how often each was danced."""
    danced: Small
    """Shape (rows, 1): how many moves so far."""
    latest: Small
    """Shape (rows, moves): how many had been danced when each was begun last."""
    earlier: Mask
    """Shape (rows, labels, moves): danced in an earlier section of that label."""
    here: Mask
    """Shape (rows, moves): danced in the current section."""
    section: Ints
    """Shape (rows,): the current section, -1 before the first move."""


def nothing_danced(size: int) -> Memory:
    """Return the memory of one sequence without a move, of a repertoire of `size` moves."""
    return Memory(
        uses=np.zeros((1, size), np.int16),
        danced=np.zeros((1, 1), np.int16),
        latest=np.full((1, size), -LONG_AGO, np.int16),
        earlier=np.zeros((1, len(LABELS), size), bool),
        here=np.zeros((1, size), bool),
        section=np.array([-1]),
    )


def with_danced(memory: Memory, rows: Ints, moves: Ints, form: Form, slot: int) -> Memory:
    """Return the memory of some of the sequences, each with one move more.

    Args:

        memory: What they have danced.

        rows: Which of them, shape (n,).

        moves: What each dances now, shape (n,).

        form: The song's form.

        slot: Index of the slot in which it starts.
    """
    section = form.section[slot]
    earlier, here = memory.earlier[rows], memory.here[rows]
    for row in np.flatnonzero(memory.section[rows] != section):
        left = memory.section[rows[row]]
        if left >= 0:
            earlier[row, form.label_of[left]] |= here[row]
        here[row] = False
    uses, latest = memory.uses[rows], memory.latest[rows]
    order = np.arange(len(rows))
    uses[order, moves] += 1
    here[order, moves] = True
    latest[order, moves] = memory.danced[rows, 0]
    return Memory(
        uses=uses,
        danced=memory.danced[rows] + np.int16(1),
        latest=latest,
        earlier=earlier,
        here=here,
        section=np.full(len(rows), section),
    )


def joined(memories: Sequence[Memory]) -> Memory:
    """Return the rows of several memories as those of one, in their order."""
    return Memory(
        uses=np.concatenate([memory.uses for memory in memories]),
        danced=np.concatenate([memory.danced for memory in memories]),
        latest=np.concatenate([memory.latest for memory in memories]),
        earlier=np.concatenate([memory.earlier for memory in memories]),
        here=np.concatenate([memory.here for memory in memories]),
        section=np.concatenate([memory.section for memory in memories]),
    )


@dataclass(frozen=True)
class Recalled:
    """What is remembered of some moves, shape (rows, n) each."""

    uses: Small
    """How often each was danced."""
    ago: Small
    """How many moves ago last, at most `LONG_AGO`."""


def recalled(memory: Memory, moves: Ints) -> Recalled:
    """Return what each sequence remembers of some moves, shape (n,)."""
    ago = np.minimum(memory.danced - memory.latest[:, moves], LONG_AGO)
    return Recalled(memory.uses[:, moves], ago)


def seen_lately(known: Recalled) -> Costs:
    """Return what it costs that moves were seen a moment ago, shape (rows, n)."""
    cost: Costs = WEIGHTS["seen_lately"] * SEEN_LATELY[known.ago]
    return cost


def danced_again(
    memory: Memory, known: Recalled, moves: Ints, form: Form, slot: int, eights: float
) -> Costs:
    """Return what it costs to dance moves that were danced before, shape (rows, n).

    Args:

        memory: What the sequences have danced.

        known: What of it concerns these moves.

        moves: Shape (n,).

        form: The song's form.

        slot: Index of the slot in which they would start.

        eights: How long they would be danced, in phrases of eight counts.
    """
    again: Costs = eights * (
        WEIGHTS["used_before"] * np.minimum(known.uses, MOST_USES)
        + WEIGHTS["used_of_late"] * USED_OF_LATE[known.ago]
    )
    if not form.opens[slot]:
        return again
    motif = WEIGHTS["motif_return"] + WEIGHTS["motif_again"] * (known.uses - 1)
    # A motif that comes back is no repetition.
    return np.where(_returns(memory, moves, form, slot), eights * motif, again)


def _returns(memory: Memory, moves: Ints, form: Form, slot: int) -> Mask:
    """Tell which moves were danced in an earlier section of the label that the slot has."""
    section = form.section[slot]
    label, left = form.label_of[section], memory.section != section
    returns = memory.earlier[:, label][:, moves] & (left[:, None] | ~memory.here[:, moves])
    # The section just left is not among the earlier ones yet.
    alike = left & (form.label_of[memory.section] == label)
    returns |= alike[:, None] & memory.here[:, moves]
    again: Mask = returns
    return again
