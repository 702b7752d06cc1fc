"""A person's word about the count, which no analysis overrules."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence

from choreo.errors import InvalidInput
from choreo.song import Section, SongAnalysis
from choreo.vocabulary import RhythmMode, SectionLabel

TAP_TOLERANCE = 0.35
"""Share of a beat by which a tap may miss its beat; people tap within 0.1 s."""


def correct_counts(analysis: SongAnalysis, shift: int) -> SongAnalysis:
    """Move the 1 by a number of counts.

    Args:

        analysis: What was found.

        shift: Counts by which every 1 comes later; negative for earlier. 8 changes nothing.

    Returns:

        The analysis with new downbeats and 8-counts, full confidence and no warning.

    Raises:

        InvalidInput: When there is no beat to count, or `shift` is beyond 64 counts.
    """
    if not analysis.beats:
        raise InvalidInput("the song has no beats to count; tap every 1 instead")
    if abs(shift) > 64:
        raise InvalidInput(f"shift is {shift} counts; -64 to 64 make sense")
    ones = _indices(analysis.beats, analysis.eight_counts)
    return _recounted(analysis, analysis.beats, [one + shift % 8 for one in ones] or [shift % 8])


def correct_by_taps(analysis: SongAnalysis, taps: Sequence[float]) -> SongAnalysis:
    """Count from a person's taps on every 1.

    Between taps about eight beats apart the found beats stay; where the taps disagree with
    them, or nothing was found, the taps decide and the beats between are spaced evenly.

    Args:

        analysis: What was found.

        taps: Seconds on the song's clock, ascending, one for each 1 that the person heard; gaps
            of whole eights are filled, shorter gaps of 4 counts are resets.

    Raises:

        InvalidInput: When there are fewer than two taps, they do not ascend, lie outside the
            song, or are not whole counts apart at a tempo that people dance to.
    """
    times = [float(tap) for tap in taps]
    if len(times) < 2:
        raise InvalidInput(f"{len(times)} taps were given; two or more are needed")
    if any(not 0 <= time <= analysis.duration for time in times):
        raise InvalidInput(f"taps must lie between 0 and {analysis.duration:.3f} s")
    if any(b <= a for a, b in itertools.pairwise(times)):
        raise InvalidInput("taps must ascend")
    if _agree(analysis, times):
        ones = sorted({_nearest(analysis.beats, time) for time in times})
        return _recounted(analysis, analysis.beats, ones)
    beats, ones = _beats_from(times, analysis.duration)
    return _recounted(analysis, beats, ones)


def _agree(analysis: SongAnalysis, taps: Sequence[float]) -> bool:
    beats = analysis.beats
    if len(beats) < 8:
        return False
    period = (beats[-1] - beats[0]) / (len(beats) - 1)
    near = [_nearest(beats, tap) for tap in taps]
    on_time = all(
        abs(beats[i] - tap) <= TAP_TOLERANCE * period for i, tap in zip(near, taps, strict=True)
    )
    return on_time and all((b - a) % 4 == 0 for a, b in itertools.pairwise(near))


def _beats_from(taps: Sequence[float], duration: float) -> tuple[tuple[float, ...], list[int]]:
    gaps = sorted(b - a for a, b in itertools.pairwise(taps))
    eight = gaps[len(gaps) // 2]
    while eight > 8 * 60 / 75:
        eight /= 2
    if not eight >= 8 * 60 / 200:
        raise InvalidInput(
            f"taps are {eight:.2f} s apart; tap every 1, which comes every 2.4 to 6.4 s"
        )
    beats: list[float] = []
    ones: list[int] = []
    for start, end in itertools.pairwise(taps):
        bars = max(1, round((end - start) / (eight / 2)))
        ones.extend(len(beats) + bar * 4 for bar in range(0, bars, 2))
        beats.extend(start + (end - start) * k / (4 * bars) for k in range(4 * bars))
    ones.append(len(beats))
    time = taps[-1]
    while time < duration:
        beats.append(time)
        time += eight / 8
    before = []
    time = taps[0] - eight / 8
    while time >= 0:
        before.append(time)
        time -= eight / 8
    merged = before[::-1] + beats
    return tuple(round(beat, 6) for beat in merged), [one + len(before) for one in ones]


def _recounted(
    analysis: SongAnalysis, beats: tuple[float, ...], anchors: Sequence[int]
) -> SongAnalysis:
    """Count the beats from anchors, each of which is a 1; between them every eighth beat is."""
    anchors = sorted(anchor for anchor in set(anchors))
    first = anchors[0] % 8
    ones = list(range(first, anchors[0], 8))
    for start, end in zip(anchors, [*anchors[1:], len(beats)], strict=True):
        ones.extend(range(start, min(end, len(beats)), 8))
    ones = [one for one in ones if one < len(beats)]
    if not ones:
        raise InvalidInput("no 1 is left in the song after this correction")
    fives = [a + 4 for a, b in zip(ones, [*ones[1:], len(beats)], strict=True) if a + 4 < b]
    if ones[0] >= 4:
        fives.append(ones[0] - 4)
    eights = tuple(beats[one] for one in ones)
    return analysis.model_copy(
        update={
            "beats": beats,
            "downbeats": tuple(beats[i] for i in sorted(set(ones) | set(fives))),
            "eight_counts": eights,
            "count_resets": tuple(beats[b] for a, b in itertools.pairwise(ones) if b - a < 8),
            "sections": _moved(analysis.sections, eights, analysis.duration),
            "tempo": analysis.tempo if beats == analysis.beats else _tempo(beats),
            "confidence": 1.0,
            "warnings": (),
            "corrected_by_person": True,
        }
    )


def _tempo(beats: Sequence[float]) -> float:
    count = len(beats)
    middle, mean = (count - 1) / 2, sum(beats) / count
    above = sum((k - middle) * (beat - mean) for k, beat in enumerate(beats))
    below = sum((k - middle) ** 2 for k in range(count))
    return round(60.0 * below / above, 4)


def _moved(
    sections: tuple[Section, ...], eights: tuple[float, ...], duration: float
) -> tuple[Section, ...]:
    """Return the sections with each start on the nearest 1; those that vanish are left out."""
    if not sections:
        # Nothing was known about a song without a found beat; it is one part until analysed.
        whole = {"label": SectionLabel.VERSE, "rhythm_mode": RhythmMode.DERECHO, "energy": 0.5}
        return (Section.model_validate({"start": eights[0], "end": duration, **whole}),)
    starts: list[tuple[float, Section]] = []
    for section in sections:
        start = eights[_nearest(eights, section.start)]
        if starts and start <= starts[-1][0]:
            continue
        starts.append((start, section))
    ends = [start for start, _ in starts[1:]] + [duration]
    return tuple(
        section.model_copy(update={"start": start, "end": end})
        for (start, section), end in zip(starts, ends, strict=True)
        if end > start
    )


def _indices(beats: Sequence[float], chosen: Sequence[float]) -> list[int]:
    return [_nearest(beats, time) for time in chosen]


def _nearest(times: Sequence[float], time: float) -> int:
    place = bisect.bisect_left(times, time)
    if place == 0:
        return 0
    if place == len(times):
        return place - 1
    return place if times[place] - time < time - times[place - 1] else place - 1
