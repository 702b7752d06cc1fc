"""What a viewer may switch on: the count and the move's name, and a chapter for each move."""

from bisect import bisect_left
from typing import NamedTuple

from choreo.blueprint import Blueprint, BlueprintMove

COUNTS = 8
"""Bachata is counted in eights."""


class Cue(NamedTuple):
    """A text and the seconds of the timeline during which it is shown."""

    start: float
    end: float
    text: str


def title_of(move: BlueprintMove) -> str:
    """Return the move's name for people, or the clip's when it has none."""
    return move.move_name or move.clip_id


def chapters(blueprint: Blueprint) -> list[Cue]:
    """Return one cue for each move."""
    return [
        Cue(move.start_time, move.start_time + move.duration, title_of(move))
        for move in blueprint.moves
    ]


class Counted(NamedTuple):
    """The seconds of the timeline that one count lasts."""

    start: float
    end: float
    number: int
    """1 to 8."""
    move: BlueprintMove


def counted(blueprint: Blueprint) -> list[Counted]:
    """Return each count with its number and the move danced on it; nothing without counts."""
    if blueprint.counts is None or not blueprint.counts.ones:
        return []
    beats = [beat for beat in blueprint.counts.beats if beat < blueprint.total_duration]
    ends = [*beats[1:], blueprint.total_duration]
    starts = [move.start_time for move in blueprint.moves]
    first = blueprint.counts.ones[0]
    ones = set(blueprint.counts.ones)
    number = (-first) % COUNTS
    found = []
    for place, (start, end) in enumerate(zip(beats, ends, strict=True)):
        if place in ones:
            number = 0
        # A beat and the move that begins on it may differ by a rounding.
        move = blueprint.moves[max(0, bisect_left(starts, start + 0.02) - 1)]
        if end > start:
            found.append(Counted(start, end, number % COUNTS + 1, move))
        number += 1
    return found


def count_cues(blueprint: Blueprint) -> list[Cue]:
    """Return one cue for each count, with its number and the move; without counts, the moves."""
    found = [
        Cue(start, end, f"{number} · {title_of(move)}")
        for start, end, number, move in counted(blueprint)
    ]
    return found or chapters(blueprint)
