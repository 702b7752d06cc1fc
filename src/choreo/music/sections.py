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
from choreo.music.spectrum import BANDS
from choreo.song import Section
from choreo.vocabulary import RhythmMode, SectionLabel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EIGHTHS_FROM = 0.5
"""From this ratio of güira strokes between the beats to strokes on them, it plays eighths."""

EVEN_SONG = 5.0
"""Decibels between the calmest and the fullest section that fill the whole range of energy."""


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
    energies = _energies(features, spans)
    modes = [_guira_ratio(features, span) for span in spans]
    labels = _labels(spans, energies, modes)
    sections = []
    for index, span in enumerate(spans):
        last = index + 1 == len(spans)
        mode = RhythmMode.DERECHO if modes[index] >= EIGHTHS_FROM else RhythmMode.MAJAO
        if labels[index] is SectionLabel.MAMBO:
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
        spans.append(Span(start, end, end - start <= 8 and stopped >= 0.4 * (end - start)))
    return spans


def _nearest(ones: Ints, beat: int) -> int:
    return int(ones[np.argmin(np.abs(ones - beat))])


def _energies(features: BeatFeatures, spans: list[Span]) -> Floats:
    """Return 0 to 1 per span: its loudness and how many strokes it has, within this song."""
    density = np.zeros(len(features.times))
    for name in BANDS:
        density += features.onsets[name] + features.offbeats[name]
    loud = np.array([float(features.level[s.start : s.end].mean()) for s in spans])
    dense = np.array([float(density[s.start : s.end].mean()) for s in spans])
    combined = loud + 6.0 * np.log2(np.maximum(dense, 1e-6) / max(float(dense.mean()), 1e-6))
    low, high = float(combined.min()), float(combined.max())
    width = max(high - low, EVEN_SONG)
    middle = 0.5 * (low + high)
    return np.asarray(np.clip((combined - middle) / width + 0.5, 0.0, 1.0))


def _guira_ratio(features: BeatFeatures, span: Span) -> float:
    on = features.onsets["guira"][span.start : span.end]
    off = features.offbeats["guira"][span.start : span.end]
    return float(np.median(off) / max(float(np.median(on)), 1e-6))


def _labels(spans: list[Span], energies: Floats, modes: list[float]) -> list[SectionLabel]:
    body = [i for i, span in enumerate(spans) if not span.stop]
    labels = [SectionLabel.BREAK] * len(spans)
    if not body:
        return labels
    middle = float(np.median(energies[body]))
    top = float(energies[body].max())
    for place, index in enumerate(body):
        span = spans[index]
        eights = (span.end - span.start) / 8
        energy = float(energies[index])
        after_half = place >= 0.4 * len(body)
        if place == 0 and len(body) > 2 and (energy <= middle or eights <= 4):
            label = SectionLabel.INTRO
        elif place == len(body) - 1 and len(body) > 2 and (energy <= middle or eights <= 2):
            label = SectionLabel.OUTRO
        elif after_half and energy >= top - 0.08 and modes[index] >= EIGHTHS_FROM:
            label = SectionLabel.MAMBO
        elif modes[index] < EIGHTHS_FROM:
            label = SectionLabel.CHORUS
        elif after_half and energy < middle - 0.25:
            label = SectionLabel.BRIDGE
        else:
            label = SectionLabel.VERSE
        labels[index] = label
    return labels
