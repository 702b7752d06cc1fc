"""A clip into moves of whole counts, each entering on 1 or 5, with handles where there are some."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.beat_map import BeatMap

HANDLE = 1.0
"""Seconds kept around a move for transitions, where the source has them."""

POSE = 5.0
"""Seconds kept after a move that ends the dance: its last figure is held as the song dies away."""

EDGE = 0.02
"""Seconds by which a count may lie outside the picture: under one frame."""


@dataclass(frozen=True)
class Cut:
    """One move in its source."""

    start: float
    """Seconds on the source's clock where the clip begins, leading handle included."""
    end: float
    counts: int
    beat_times: tuple[float, ...]
    """counts + 1 seconds on the source's clock."""
    enters_on: int
    """1 or 5."""


def cut(
    beats: BeatMap, duration: float, counts: int | None = None, *, ends_the_dance: bool = False
) -> list[Cut]:
    """Return the moves of a clip, in order.

    Args:

        beats: The clip's counts.

        duration: Seconds of the clip.

        counts: Told by a person: one move of so many counts from the first one on. Else as
            many whole 8-counts as fit, entering on 1 if that loses none, and a 4-count at the
            end if one is left.

        ends_the_dance: The last move keeps the figure that is held after it.

    Returns:

        An empty list when not even four counts fit.
    """
    times = [time for time in _closed(beats, duration) if -EDGE <= time <= duration + EDGE]
    if counts is not None:
        if len(times) < counts + 1:
            return []
        return [_window(times, 0, counts, duration, 1, POSE if ends_the_dance else HANDLE)]
    entries = [i for i in range(len(times)) if beats.count_of(i) in (1, 5)]
    if not entries:
        return []
    start = max(entries[:2], key=lambda i: ((len(times) - 1 - i) // 8, beats.count_of(i) == 1, -i))
    cuts = []
    while start + 4 < len(times):
        size = 8 if start + 8 < len(times) else 4
        last = start + size + 4 >= len(times)
        after = POSE if last and ends_the_dance else HANDLE
        cuts.append(_window(times, start, size, duration, beats.count_of(start), after))
        start += size
    return cuts


def _closed(beats: BeatMap, duration: float) -> list[float]:
    """Return the counts and, when it still lies in the clip, the one after the last."""
    times = list(beats.times)
    if len(times) >= 2:
        after = times[-1] + (times[-1] - times[0]) / (len(times) - 1)
        if after <= duration + EDGE:
            times.append(after)
    return times


def _window(
    times: list[float], start: int, counts: int, duration: float, enters_on: int, after: float
) -> Cut:
    inside = times[start : start + counts + 1]
    return Cut(
        start=max(0.0, inside[0] - HANDLE),
        end=min(duration, inside[-1] + after),
        counts=counts,
        beat_times=tuple(inside),
        enters_on=enters_on,
    )
