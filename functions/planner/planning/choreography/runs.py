"""Slots → runs: every stretch of the song that one move may cover.

The song is a row of cells of four counts, node n lying before cell n. A run goes from one node
to a later one: half a slot, a slot, several slots joined for a long move, and each of these with
an end of the song that is too short for a clip of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from planning.model import SlotKind, Slots

LONGEST_HANDLE = 2.2
"""Seconds of an end of the song that a clip's handle may have to fill."""

LONGEST_POSE = 5.0
"""Seconds of the song's end that an outro clip may fill with the pose it ends in, where it was
filmed for so long: less than eight counts are left there, and a clip begun anew would be cut
before its pose."""


@dataclass(frozen=True)
class Run:
    """A stretch of cells that one move may cover."""

    start: int
    """Node."""
    end: int
    """Node."""
    slot: int
    """Index of the slot in which it starts."""
    first_beat: int
    """Index into `Slots.beats`."""
    counts: int
    lead: float
    """Seconds before the first beat that it covers too."""
    tail: float
    """Seconds after its last count that it covers too."""
    whole: bool
    """True when it covers one slot exactly, so that a longer clip may be shortened to it."""
    on_one: bool
    """True when it starts with its slot."""
    crosses: bool
    """True when it runs from one section into another."""
    seconds: float
    """All of it, with lead and tail."""
    from_end: bool
    """True before the first 1, where a clip is shown so that its end leads into the 1."""

    @property
    def eights(self) -> float:
        """Its length in phrases of eight counts, at least a quarter of one."""
        return max(self.counts, 2) / 8

    def seconds_on_timeline(self, slots: Slots) -> tuple[float, float]:
        """Return the seconds of the timeline at which it starts and ends."""
        start = slots.beats[self.first_beat] - self.lead
        return start, start + self.seconds


def runs_of(slots: Slots, lengths: Collection[int]) -> tuple[Run, ...]:
    """List every stretch of the song that one move may cover.

    Args:

        slots: The song, at least one slot.

        lengths: The counts that there are clips of; slots are joined to these alone.
    """
    nodes = _nodes(slots)
    runs: list[Run] = []
    for number, slot in enumerate(slots.slots):
        here = nodes[number]
        whole = _Stretch(number, number, here[0], here[-1], slot.first_beat, slot.counts)
        runs.append(whole.run(slots, lead=slot.lead, tail=slot.tail, whole=True))
        if len(here) == 3:
            beat = slot.first_beat
            halves = (
                _Stretch(number, number, here[0], here[1], beat, 4),
                _Stretch(number, number, here[1], here[2], beat + 4, slot.counts - 4),
            )
            runs += [half.run(slots, whole=half.counts < 4) for half in halves]
        joined = [whole, *_joined(slots, nodes, whole, lengths)]
        runs += [stretch.run(slots) for stretch in joined[1:]]
        runs += _with_ends(slots, nodes, joined)
    return tuple(runs)


def _nodes(slots: Slots) -> list[list[int]]:
    """Return, for each slot, the node before each of its cells and the one after the last."""
    nodes: list[list[int]] = []
    node = 0
    for slot in slots.slots:
        ends = slot.kind in (SlotKind.LEAD_IN, SlotKind.TAIL) and slot.counts < 8
        cells = 2 if slot.counts > 4 and not ends else 1
        nodes.append(list(range(node, node + cells + 1)))
        node += cells
    return nodes


@dataclass(frozen=True)
class _Stretch:
    """Slots `first` to `last`, or a part of one, between two nodes."""

    first: int
    last: int
    start: int
    end: int
    beat: int
    counts: int

    def run(
        self, slots: Slots, *, lead: float = 0.0, tail: float = 0.0, whole: bool = False
    ) -> Run:
        members = slots.slots[self.first : self.last + 1]
        seconds = slots.beats[self.beat + self.counts] + tail - slots.beats[self.beat] + lead
        partial = members[0].kind is SlotKind.LEAD_IN and (
            members[0].counts < 8 or members[0].lead > 0
        )
        return Run(
            start=self.start,
            end=self.end,
            slot=self.first,
            first_beat=self.beat,
            counts=self.counts,
            lead=lead,
            tail=tail,
            whole=whole,
            on_one=self.beat == members[0].first_beat,
            crosses=len({slot.section for slot in members}) > 1,
            seconds=seconds,
            from_end=partial and whole,
        )


def _joined(
    slots: Slots, nodes: Sequence[Sequence[int]], whole: _Stretch, lengths: Collection[int]
) -> list[_Stretch]:
    """Join a slot with those after it, as far as a move may run on and a clip is that long."""
    found = []
    last = whole.first
    while last + 1 < len(slots.slots) and slots.slots[last + 1].joins_previous:
        last += 1
        counts = whole.counts + 8 * (last - whole.first)
        if counts > max(lengths):
            break
        if counts in lengths:
            found.append(replace(whole, last=last, end=nodes[last][-1], counts=counts))
    return found


def _with_ends(
    slots: Slots, nodes: Sequence[Sequence[int]], stretches: Sequence[_Stretch]
) -> list[Run]:
    """Let a move's handles take over an end of the song that is too short for a clip."""
    runs = []
    lead, tail = 0.0, 0.0
    first, last = slots.slots[0], slots.slots[-1]
    if first.kind is SlotKind.LEAD_IN and first.counts < 8 and len(slots.slots) > 1:
        lead = slots.end(first) - slots.start(first)
    if last.kind is SlotKind.TAIL and len(slots.slots) > 1:
        tail = slots.end(last) - slots.start(last)
    for stretch in stretches:
        after_lead = 0 < lead <= LONGEST_HANDLE and stretch.first == 1
        before_tail = 0 < tail <= LONGEST_POSE and stretch.last == len(slots.slots) - 2
        longer = replace(stretch, end=nodes[-1][-1])
        earlier = replace(stretch, start=0)
        whole = stretch.first == stretch.last
        if after_lead:
            runs.append(earlier.run(slots, lead=lead, whole=whole))
        if before_tail:
            runs.append(longer.run(slots, tail=tail, whole=whole))
        if after_lead and before_tail:
            both = replace(stretch, start=0, end=nodes[-1][-1])
            runs.append(both.run(slots, lead=lead, tail=tail, whole=whole))
    return runs
