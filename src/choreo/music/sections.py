"""The form of a song: sections that begin on a 1, what they are, and how they feel.

Where sections start is found with the count (see `choreo.music.form`). Labels are rules about
energy, rhythm and place: what sources call verse or mambo differs, what the güira does can be
measured.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from choreo.music.counts import BeatFeatures, Counting
from choreo.song import Section
from choreo.vocabulary import RhythmMode, SectionLabel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EIGHTHS_FROM = 0.4
"""From this ratio of güira strokes between the beats to strokes on them, it plays eighths, in a
song that has one way only."""

LEAST_EIGHTHS, MOST_EIGHTHS = 0.2, 0.7
"""Where a song's own two ways to play the güira may part. Guitars and voices reach into its band
and fill the gaps between quarters; a soft hand leaves the "and" of eighths faint."""

TWO_WAYS = 1.4
"""How many times the ratio of one group of sections must be that of another to be another way to
play. Relative, since a soft "and" doubles a low ratio and a loud one does no more."""

RESTS = 0.45
"""Share of the güira's usual stroke below which it rests, and says nothing about the way."""

LOUDNESS, ACTIVITY, BRIGHTNESS = 1.0, 0.5, 0.5
"""Weights of what energy is made of, each in standard deviations of the song's bars. The güira's
rate stays out: it halves in the chorus, which is fuller all the same."""

LOW_BANDS, BRIGHT_BANDS = slice(0, 6), slice(8, 12)
"""Bands of `Spectrum.timbre`: up to 720 Hz, and 1.4 to 6 kHz."""

STOPPED_SHARE = 0.25
"""Share of the beats of a section of one eight or less on which the band has stopped, from which
it is a break: a hit on its 1 and a drum's answer are part of one."""

PEAK_WIDTH = 0.15
"""Energy below the fullest section down to which a section is as full."""


@dataclass(frozen=True)
class Span:
    """A section in the making; indices into the beats."""

    start: int
    end: int
    stop: bool
    """True for a break of the band."""


def find_sections(
    features: BeatFeatures, counting: Counting, duration: float
) -> tuple[Section, ...]:
    """Return the sections from the first 1 to the end of the song.

    They lie end to end and each starts on a beat counted 1.
    """
    ones = np.flatnonzero(counting.counts == 1)
    if len(ones) == 0:
        return ()
    starts = sorted({_nearest(ones, start) for start in counting.section_starts})
    spans = _with_breaks(starts, ones, len(features.times), counting.breaks)
    energies = _energies(features, counting.counts, spans)
    eighths = _eighths(features, spans)
    full = _full(spans, energies)
    labels = _labels(spans, energies, eighths, full)
    sections = []
    for index, span in enumerate(spans):
        last = index + 1 == len(spans)
        mode = RhythmMode.DERECHO if eighths[index] else RhythmMode.MAJAO
        if full[index] and eighths[index] and not span.stop:
            # Also a beginning or an end in which the band plays as in a mambo.
            mode = RhythmMode.MAMBO
        sections.append(
            Section(
                start=round(float(features.times[span.start]), 6),
                end=duration if last else round(float(features.times[spans[index + 1].start]), 6),
                label=labels[index],
                energy=round(float(energies[index]), 4),
                rhythm_mode=mode,
            )
        )
    return tuple(sections)


def _with_breaks(
    starts: list[int], ones: Ints, beats: int, breaks: tuple[tuple[int, int], ...]
) -> list[Span]:
    """Return the spans with each break that fills whole counts from a 1 as a span of its own."""
    edges = set(starts)
    for start, end in breaks:
        first, after = _nearest(ones, start), _nearest(ones, end)
        if abs(first - start) <= 1 and abs(after - end) <= 1 and 4 <= after - first <= 8:
            edges |= {first, after}
    spans = []
    for start, end in itertools.pairwise([*sorted(edges), beats]):
        stopped = sum(max(0, min(end, b) - max(start, a)) for a, b in breaks)
        spans.append(
            Span(start, end, end - start <= 8 and stopped >= STOPPED_SHARE * (end - start))
        )
    return spans


def _nearest(ones: Ints, beat: int) -> int:
    return int(ones[np.argmin(np.abs(ones - beat))])


def _energies(features: BeatFeatures, counts: Ints, spans: list[Span]) -> Floats:
    """Return 0 to 1 per span: how full its bars are among all bars of this song, on average.

    A bar's fullness is its loudness, activity and brightness. Ranks rather than decibels: one
    silent break must not make all else look alike, and a song without contrast stays at a half.
    """
    timbre = features.timbre
    bright = timbre[:, BRIGHT_BANDS].mean(axis=1) - timbre[:, LOW_BANDS].mean(axis=1)
    starts = np.flatnonzero((counts == 1) | (counts == 5))
    edges = np.append(starts, len(counts))
    fullness = np.zeros(len(starts))
    for values, weight in (
        (features.level, LOUDNESS),
        (features.activity, ACTIVITY),
        (bright, BRIGHTNESS),
    ):
        bars = np.array([values[a:b].mean() for a, b in itertools.pairwise(edges)])
        fullness += weight * (bars - bars.mean()) / max(float(bars.std()), 1e-3)
    # The middle of the ranks that equal bars share, so that a machine's loop stays at a half.
    ordered = np.sort(np.round(fullness, 3))
    below = np.searchsorted(ordered, np.round(fullness, 3), side="left")
    upto = np.searchsorted(ordered, np.round(fullness, 3), side="right")
    ranks = 0.5 * (below + upto) / len(fullness)
    return np.array(
        [float(ranks[(starts >= span.start) & (starts < span.end)].mean()) for span in spans]
    )


def _eighths(features: BeatFeatures, spans: list[Span]) -> list[bool]:
    """Return for each span whether the güira plays eighths rather than quarters.

    Where it rests, the calm of a verse goes on: eighths.
    """
    strokes = np.array([_guira_strokes(features, span) for span in spans])
    ratios = strokes[:, 1] / np.maximum(strokes[:, 0], 1e-6)
    usual = float(np.median(features.onsets["guira"]))
    plays = strokes[:, 0] >= RESTS * usual
    heard = [i for i, span in enumerate(spans) if plays[i] and not span.stop]
    if not heard:
        return [True] * len(spans)
    beats = np.array([spans[i].end - spans[i].start for i in heard])
    from_here = _parting(np.clip(ratios[heard], 0.05, 1.0), beats)
    return [bool(ratio >= from_here) for ratio in np.where(plays, ratios, 1.0)]


def _parting(ratios: Floats, beats: Ints) -> float:
    """Return the ratio between a song's two ways to play, if it has two.

    The cut that leaves the least spread of the logarithm on both sides (Otsu, 1979), each section
    weighted by its beats.
    """
    order = np.argsort(ratios)
    values, weights = np.log(ratios[order]), beats[order].astype(float)
    best, parting = 0.0, float(np.log(EIGHTHS_FROM))
    for cut in range(1, len(values)):
        low = float(np.average(values[:cut], weights=weights[:cut]))
        high = float(np.average(values[cut:], weights=weights[cut:]))
        between = weights[:cut].sum() * weights[cut:].sum() * (high - low) ** 2
        if high - low >= np.log(TWO_WAYS) and between > best:
            best, parting = between, 0.5 * (low + high)
    return float(np.clip(np.exp(parting), LEAST_EIGHTHS, MOST_EIGHTHS))


def _guira_strokes(features: BeatFeatures, span: Span) -> tuple[float, float]:
    """Return the güira's usual stroke on the beats of a span and between them."""
    on = features.onsets["guira"][span.start : span.end]
    off = features.offbeats["guira"][span.start : span.end]
    return float(np.median(on)), float(np.median(off))


def _full(spans: list[Span], energies: Floats) -> list[bool]:
    """Return for each span whether it is one of the fullest of the song."""
    body = energies[[i for i, span in enumerate(spans) if not span.stop]]
    if len(body) == 0:
        return [False] * len(spans)
    least = max(float(body.max()) - PEAK_WIDTH, float(np.median(body)) + 1e-6)
    return [bool(energy >= least) for energy in energies]


def _labels(
    spans: list[Span], energies: Floats, eighths: list[bool], full: list[bool]
) -> list[SectionLabel]:
    body = [i for i, span in enumerate(spans) if not span.stop]
    labels = [SectionLabel.BREAK] * len(spans)
    if not body:
        return labels
    middle = float(np.median(energies[body]))
    one_way = all(eighths[i] for i in body)
    for place, index in enumerate(body):
        span = spans[index]
        eights = (span.end - span.start) / 8
        energy = float(energies[index])
        after_half = place >= 0.4 * len(body)
        if place == 0 and len(body) > 2 and (energy <= middle or eights <= 4):
            label = SectionLabel.INTRO
        elif place == len(body) - 1 and len(body) > 2 and (energy <= middle or eights <= 2):
            label = SectionLabel.OUTRO
        elif full[index] and eighths[index]:
            label = SectionLabel.MAMBO
        elif not eighths[index] or (one_way and energy > middle):
            label = SectionLabel.CHORUS
        elif after_half and energy < middle - 0.2:
            label = SectionLabel.BRIDGE
        else:
            label = SectionLabel.VERSE
        labels[index] = label
    return labels
