"""Does the finished sound still run with the song?

The loudness of each millisecond is noted before the sound is levelled and encoded, at three
places, and once more from the finished file; the shift at which both agree best is the drift.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import sqrt
from operator import mul

from av.audio.frame import AudioFrame

STEP = 48
"""Samples of one value: a millisecond at 48 kHz."""

LENGTH = 3_000
"""Values noted at each place: three seconds hold several beats."""

REACH = 40
"""Milliseconds by which the sound is looked for on either side."""

CLEARLY_BETTER = 0.05
"""Correlation by which another shift must beat none: a held tone agrees with any."""

_SILENT = 1e-6
"""Variance of an envelope, per value, at or below which nothing is heard in it."""


@dataclass(slots=True)
class Listener:
    """Notes the envelope of passing sound, `LENGTH` milliseconds from each start."""

    starts: Sequence[int]
    """Milliseconds."""
    heard: dict[int, list[float]] = field(default_factory=dict)

    @classmethod
    def for_voices(cls, spans: Sequence[tuple[int, int]]) -> "Listener":
        """Choose the start of a sound, and the middle and the end of each of its voices.

        Args:

            spans: First sample and end of each voice. Of several, the middle is left out.
        """
        starts = []
        for number, (first, end) in enumerate(spans):
            earliest, room = first // STEP + REACH, (end - first) // STEP - LENGTH - 2 * REACH
            if room > 0:
                starts += [earliest] if number == 0 else []
                starts += [earliest + room // 2] if len(spans) == 1 else []
                starts += [earliest + room]
        return cls(sorted(set(starts)))

    def listen(self, blocks: Iterator[AudioFrame]) -> Iterator[AudioFrame]:
        """Pass blocks on, which begin at sample 0 and have no gaps."""
        place = 0
        for block in blocks:
            self.note(block, place)
            place += block.samples
            yield block

    def note(self, block: AudioFrame, place: int) -> None:
        """Note what is wanted of a block whose first sample has the number `place`."""
        for start in self.starts:
            first, end = start * STEP, (start + LENGTH) * STEP
            if place + block.samples <= first or place >= end:
                continue
            sums = self.heard.setdefault(start, [0.0] * LENGTH)
            samples = memoryview(block.planes[0]).cast("f")
            begin = max(0, first - place)
            while begin < min(block.samples, end - place):
                value = (place + begin - first) // STEP
                upto = min(block.samples, first + (value + 1) * STEP - place)
                sums[value] += sum(map(abs, samples[begin:upto]))
                begin = upto


def drift(before: Listener, after: Listener) -> float | None:
    """Return the largest shift found, in seconds; None where nothing was loud enough to tell."""
    shifts = [
        shift
        for start in before.starts
        if start in before.heard and start in after.heard
        for shift in [_shift(before.heard[start], after.heard[start])]
        if shift is not None
    ]
    return max(shifts, key=abs) / 1000 if shifts else None


def _shift(before: Sequence[float], after: Sequence[float]) -> int | None:
    """Return by how many milliseconds `after` is late."""
    middle = _flat(before[REACH:-REACH])
    if middle is None:
        return None
    count = len(middle)
    sums = [0.0, *accumulate(after)]
    squares = [0.0, *accumulate(map(mul, after, after))]

    def agreement(shift: int) -> float:
        first = REACH + shift
        total = sums[first + count] - sums[first]
        size = squares[first + count] - squares[first] - total * total / count
        if size <= _SILENT * count:
            return 0.0
        # `middle` has no mean, so that of the other need not be taken away.
        product: float = sum(map(mul, middle, after[first : first + count]))
        return product / sqrt(size)

    best = max(range(-REACH, REACH + 1), key=agreement)
    return best if agreement(best) > agreement(0) + CLEARLY_BETTER else 0


def _flat(values: Sequence[float]) -> list[float] | None:
    """Return values without their mean and of unit length, or None if nothing is heard."""
    mean = sum(values) / len(values)
    around = [value - mean for value in values]
    size = sum(map(mul, around, around))
    return [value / sqrt(size) for value in around] if size > _SILENT * len(values) else None
