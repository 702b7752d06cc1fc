"""The count: which beat is the 1.

Three questions in turn, each answered with a probability:

1. Which beat of the bar? Strokes, harmony and arrangement of the whole song are witnesses; see
   `choreo.music.bars`.
2. Does the bar hold through the song? A hidden Markov model over beats, with the song's own
   pattern as template, may slip where the music does.
3. Which bar of the two that make an eight? Sections, phrases of two bars and the return after a
   break begin on 1; a second model over bars may start again after a break.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from choreo.music.bars import bar_odds
from choreo.music.beats import BAND_WEIGHTS
from choreo.music.form import find_form
from choreo.music.repeats import same_place
from choreo.music.spectrum import BANDS, CHROMA_PER_SECOND, FRAMES_PER_SECOND, Spectrum

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HARMONY_REACHES = (4, 8)
"""Half beats on either side over which harmonies are compared."""

SLIP_COST = 9.0
"""Log-odds against losing the bar between two beats."""


OTHER_METRE_MARGIN = 0.1
"""Correlation by which another metre must be more alike than four."""

LEAST_LIKENESS, COMPARABLE = 0.1, 32
"""Correlation that beats have with those one, two or four bars later in any music, and beats from
which on it can be told: a loose band has 0.2, a chant of the same pulse 0.05."""

HALF_TEMPO = 0.8
"""Standard deviations between the strokes on odd and on even beats from which every second one is
empty: bachata, loud on 4, has 0.6 at most, music counted twice too fast 1.0 or more."""

BETWEEN = 0.6
"""Strokes halfway between the beats over those on them, the ratios of mid and bass multiplied, and
that of the güira where it is above one, from which the beat may lie half a beat off. A piano's
montuno has 2.0 * 0.25, a busy bass 0.9 * 0.5; a bass that plays only between a drum's beats, when
it is taken for the beat, 1.5 * 0.33 and 1.3 in the cymbals."""

STOPPED = 0.6
"""Share of the usual strokes around below which the band has stopped on a beat."""

ALONE = 6.0
"""Decibels below the usual around from which it has stopped although somebody plays on: half the
sound is gone."""


@dataclass(frozen=True)
class BeatFeatures:
    """What happens at each beat; arrays have one row per beat."""

    times: Floats
    onsets: dict[str, Floats]
    """Per band: the onset strength on the beat."""
    offbeats: dict[str, Floats]
    """Per band: the onset strength half a beat later."""
    harmony: Floats
    """How much the harmony ahead differs from that behind, at each half beat: two for a beat."""
    chroma: Floats
    """Mean pitch classes of the beat's span, rows of unit length."""
    timbre: Floats
    """Mean log band energies of the beat's span."""
    level: Floats
    """Mean level of the beat's span in decibels."""
    activity: Floats
    """Mean onset of the mid over the beat's span: how much guitars, voice and high bongo do."""


@dataclass(frozen=True)
class Counting:
    """The count of each beat."""

    counts: Ints
    """1 to 8 for each beat."""
    bar_confidence: float
    """Probability that the bars begin where they are said to."""
    eight_confidence: float
    """Probability that the eights begin on the right one of their two bars."""
    breaks: tuple[tuple[int, int], ...]
    """Half-open ranges of beats at which the band stops."""
    section_starts: tuple[int, ...]
    """Beats at which sections start, each counted 1."""
    every_second_empty: bool
    """True when every second beat is hardly played: the music may be half as fast."""
    between_as_strong: bool
    """True when guitars and bass are as strong halfway between the beats as on them."""
    in_four: bool
    """False when the music repeats after 3, 5 or 7 beats rather than after 4, or not at all."""


def features_at(spectrum: Spectrum, times: Floats) -> BeatFeatures:
    """Return the features of each beat."""
    period = float(np.median(np.diff(times))) if len(times) > 1 else 0.5
    following = np.append(times[1:], times[-1] + period)
    halfway = 0.5 * (times + following)
    onsets = {name: _peak_near(values, times) for name, values in spectrum.onsets.items()}
    offbeats = {name: _peak_near(values, halfway) for name, values in spectrum.onsets.items()}
    chroma = _unit(_span_mean(spectrum.chroma, times, following, CHROMA_PER_SECOND))
    timbre = _span_mean(spectrum.timbre, times, following, FRAMES_PER_SECOND)
    level = _span_mean(spectrum.level[:, None], times, following, FRAMES_PER_SECOND)[:, 0]
    activity = _span_mean(spectrum.onsets["mid"][:, None], times, following, FRAMES_PER_SECOND)[
        :, 0
    ]
    return BeatFeatures(
        times=times,
        onsets=onsets,
        offbeats=offbeats,
        harmony=_harmonic_change(_halves(spectrum, times, halfway, following)),
        chroma=chroma,
        timbre=timbre,
        level=level,
        activity=activity,
    )


def _peak_near(values: NDArray[np.float32], times: Floats, reach: int = 4) -> Floats:
    centre = np.round(times * FRAMES_PER_SECOND).astype(int)
    index = np.clip(centre[:, None] + np.arange(-reach, reach + 1), 0, len(values) - 1)
    return np.asarray(values[index].max(axis=1), dtype=float)


def _span_mean(rows: NDArray[np.float32], starts: Floats, ends: Floats, rate: int) -> Floats:
    sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=float)])
    low = np.clip(np.round(starts * rate).astype(int), 0, len(rows) - 1)
    high = np.clip(np.round(ends * rate).astype(int), low + 1, len(rows))
    return np.asarray((sums[high] - sums[low]) / (high - low)[:, None])


def _unit(rows: Floats) -> Floats:
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norm, 1e-9))


def _halves(spectrum: Spectrum, times: Floats, halfway: Floats, following: Floats) -> Floats:
    """Return the pitch classes of each half beat, rows of unit length."""
    starts = np.stack([times, halfway], axis=1).ravel()
    ends = np.stack([halfway, following], axis=1).ravel()
    return _unit(_span_mean(spectrum.chroma, starts, ends, CHROMA_PER_SECOND))


def _harmonic_change(chroma: Floats) -> Floats:
    """Return how much the chords change at each row, 0 to 1.

    The mean over the two and over the four beats before and after: two tell a quick change, four
    are not led astray by a melody.
    """
    change = np.zeros(len(chroma))
    sums = np.concatenate([np.zeros((1, chroma.shape[1])), np.cumsum(chroma, axis=0)])
    for reach in HARMONY_REACHES:
        spans = sums[reach:] - sums[:-reach]
        before, after = spans[:-reach], spans[reach:]
        norms = np.linalg.norm(after, axis=1) * np.linalg.norm(before, axis=1)
        alike = np.sum(after * before, axis=1) / np.maximum(norms, 1e-9)
        alike = np.where(norms > 1e-9, alike, 1.0)
        change[reach : reach + len(alike)] += (1.0 - alike) / len(HARMONY_REACHES)
    return change


def standardised(values: Floats, reach: int = 16) -> Floats:
    """Return z-scores against the beats around, so that a calm verse counts like a full mambo."""
    out = np.zeros(len(values))
    floor = 0.25 * float(values.std()) + 0.01
    for index in range(len(values)):
        near = values[max(0, index - reach) : index + reach + 1]
        out[index] = (values[index] - near.mean()) / (float(near.std()) + floor)
    return np.clip(out, -2.5, 2.5)


def count_beats(features: BeatFeatures) -> Counting:
    """Count the beats from 1 to 8."""
    scores = np.stack(
        [
            standardised(features.onsets["bass"]),
            standardised(features.onsets["bongo"]),
            standardised(features.harmony[::2]),
        ],
        axis=1,
    )
    breaks = find_breaks(features)
    in_four = _repeats_in_four(features)
    empty = _every_second_empty(features)
    between = _between_as_strong(features)
    playing = np.ones(len(scores), dtype=bool)
    for start, end in breaks:
        playing[start:end] = False
    bar_counts, bar_confidence = _bars(features, scores, playing)
    ones = np.flatnonzero(bar_counts == 0)
    if len(ones) < 2:
        starts = tuple(map(int, ones))
        return Counting(
            bar_counts + 1, bar_confidence, 0.5, breaks, starts, empty, between, in_four
        )
    form = find_form(
        bar_rows(features, ones),
        _leaning(features, ones),
        np.array([bar for bar in map(_bar_starting(ones), breaks) if bar > 0], dtype=np.int64),
        same_place(_harmony_through(features, ones)),
    )
    counts = _numbered(bar_counts, ones, form.first)
    return Counting(
        counts=counts,
        bar_confidence=bar_confidence,
        eight_confidence=float(form.certainty.mean()),
        breaks=breaks,
        section_starts=tuple(int(ones[bar]) for bar in form.starts),
        every_second_empty=empty,
        between_as_strong=between,
        in_four=in_four,
    )


def _bars(features: BeatFeatures, scores: Floats, playing: NDArray[np.bool_]) -> tuple[Ints, float]:
    """Return 0 to 3 for each beat, and the probability that 0 is the 1.

    Twice: where the bar slips, what comes after the slip speaks for another beat at first.
    """
    sound = np.concatenate(
        [features.timbre]
        + [np.log(features.onsets[name] + 0.02)[:, None] for name in BANDS]
        + [np.log(features.offbeats[name] + 0.02)[:, None] for name in BANDS],
        axis=1,
    )
    counts = np.arange(len(scores)) % 4
    for _ in range(2):
        odds = bar_odds(counts, scores[:, :2], playing, features.harmony, sound)
        counts = (counts - int(odds.argmax())) % 4
        counts = _bars_through_the_song(scores, playing, counts)
    odds = bar_odds(counts, scores[:, :2], playing, features.harmony, sound)
    return counts, float(odds[0])


def _repeats_in_four(features: BeatFeatures) -> bool:
    """Compare how well the beats resemble those 4 later with those 3, 5 and 7 later."""
    rows = np.stack(
        [standardised(features.onsets[name]) for name in BANDS]
        + [standardised(features.offbeats[name]) for name in BANDS]
        + [standardised(features.harmony[::2])],
        axis=1,
    )

    def likeness(lag: int) -> float:
        if len(rows) < 3 * lag:
            return 0.0
        return float(np.mean(np.sum(rows[lag:] * rows[:-lag], axis=1)) / np.mean(rows**2) / 9)

    four = max(likeness(4), likeness(8), likeness(16))
    if len(rows) >= COMPARABLE and four < LEAST_LIKENESS:
        return False
    return max(likeness(3), likeness(5), likeness(7)) < four + OTHER_METRE_MARGIN


def _every_second_empty(features: BeatFeatures) -> bool:
    strokes = np.mean([standardised(features.onsets[name]) for name in BAND_WEIGHTS], axis=0)
    if len(strokes) < 8:
        return False
    return abs(float(strokes[::2].mean() - strokes[1::2].mean())) > HALF_TEMPO


def _between_as_strong(features: BeatFeatures) -> bool:
    def ratio(band: str) -> float:
        on = float(np.median(features.onsets[band]))
        return float(np.median(features.offbeats[band])) / max(on, 1e-6)

    # A güira alone may well be loud between the beats, and one that is not says nothing.
    return ratio("mid") * ratio("bass") * max(ratio("guira"), 1.0) > BETWEEN


def _bar_starting(ones: Ints) -> Callable[[tuple[int, int]], int]:
    """Return a function that gives the bar that starts at the end of a break, or -1."""

    def find(stop: tuple[int, int]) -> int:
        nearest = int(np.argmin(np.abs(ones - stop[1])))
        return nearest if abs(int(ones[nearest]) - stop[1]) <= 1 else -1

    return find


def _bars_through_the_song(scores: Floats, playing: NDArray[np.bool_], counts: Ints) -> Ints:
    """Return 0 to 3 for each beat, following slips that the song's own pattern shows."""
    for _ in range(2):
        own = np.zeros((4, scores.shape[1]))
        for count in range(4):
            chosen = scores[(counts == count) & playing]
            if len(chosen) >= 2:
                own[count] = chosen.mean(axis=0)
        likely = scores @ own.T - 0.5 * np.sum(own**2, axis=1)
        likely[~playing] = 0.0
        counts = _viterbi_cycle(0.5 * likely, SLIP_COST, int(counts[0]))
    return counts


def _viterbi_cycle(likely: Floats, cost: float, first: int) -> Ints:
    """Return the best path through a cycle of states that steps by one, or jumps at a cost."""
    beats, states = likely.shape
    score = likely[0] - cost * (np.arange(states) != first)
    origin = np.zeros((beats, states), dtype=int)
    for beat in range(1, beats):
        stepped = np.roll(score, 1)
        source = np.roll(np.arange(states), 1)
        leap = int(score.argmax())
        jumps = score[leap] - cost > stepped
        origin[beat] = np.where(jumps, leap, source)
        score = np.where(jumps, score[leap] - cost, stepped) + likely[beat]
    path = np.zeros(beats, dtype=np.int64)
    path[-1] = int(score.argmax())
    for beat in range(beats - 1, 0, -1):
        path[beat - 1] = origin[beat, path[beat]]
    return path


def find_breaks(features: BeatFeatures) -> tuple[tuple[int, int], ...]:
    """Return the ranges of beats, 2 to 8 long, at which the band stops inside the song."""
    drive = np.zeros(len(features.times))
    for name in BANDS:
        both = features.onsets[name] + features.offbeats[name]
        drive += both / max(float(np.median(both)), 1e-9)
    drive /= 4.0
    level = features.level
    quiet = np.zeros(len(drive), dtype=bool)
    for index in range(len(drive)):
        # The same place of the bars around: a 2 is always emptier than a 4.
        before = [at for at in range(index - 4, index - 21, -4) if at >= 0]
        after = [at for at in range(index + 4, index + 21, 4) if at < len(drive)]
        if before and after:
            usual = min(float(np.median(drive[before])), float(np.median(drive[after])))
            loud = min(float(np.median(level[before])), float(np.median(level[after])))
            quiet[index] = drive[index] < STOPPED * usual or level[index] < loud - ALONE
    found: list[tuple[int, int]] = []
    for beat in map(int, np.flatnonzero(quiet)):
        if found and beat - found[-1][1] <= 2:
            found[-1] = (found[-1][0], beat + 1)
        else:
            found.append((beat, beat + 1))
    found = [(start, end) for start, end in found if 2 <= end - start <= 9]
    return tuple(found)


def _leaning(features: BeatFeatures, ones: Ints) -> Floats:
    """Return for each bar the log-odds to be first, from chords that last two bars.

    Chords of one bar change at every bar and say nothing, so small differences are ignored.
    """
    change = _bar_harmony(features, ones) + 0.03
    leaning = np.zeros(len(change))
    if len(change) < 4:
        return leaning
    # Nothing comes before the first bar, so its change is unknown.
    before = np.concatenate([change[2:3], change[1:-1]])
    after = np.concatenate([change[2:], change[-2:-1]])
    ratio = np.log(change[1:] / (0.5 * (before + after)))
    leaning[1:] = np.sign(ratio) * np.clip(np.abs(ratio) - 0.7, 0.0, 1.0)
    return leaning


def _bar_harmony(features: BeatFeatures, ones: Ints) -> Floats:
    bounds = np.append(ones, len(features.times))
    chroma = _unit(
        np.stack(
            [
                features.chroma[bounds[bar] : max(bounds[bar + 1], bounds[bar] + 1)].mean(axis=0)
                for bar in range(len(ones))
            ]
        )
    )
    change = np.zeros(len(ones))
    change[1:] = 1.0 - np.sum(chroma[1:] * chroma[:-1], axis=1)
    return change


def _harmony_through(features: BeatFeatures, ones: Ints) -> Floats:
    """Return the pitch classes of the four beats of each bar, one row per bar."""
    beats = np.pad(features.chroma, ((0, 4), (0, 0)))
    return np.concatenate([beats[ones + beat] for beat in range(4)], axis=1)


def bar_rows(features: BeatFeatures, ones: Ints) -> Floats:
    """Return one row per bar, two bars at least: timbre, rhythm, harmony and the güira's way.

    Whether the güira plays eighths or quarters tells verse from chorus when a voice hides the rest.
    """
    strokes = np.stack(
        [np.log(features.onsets[name] + 0.02) for name in BANDS]
        + [np.log(features.offbeats[name] + 0.02) for name in BANDS],
        axis=1,
    )
    guira = list(BANDS).index("guira")
    way = (strokes[:, guira + len(BANDS)] - strokes[:, guira])[:, None]
    # (values, weight, the least deviation that is a difference at all)
    parts = (
        (features.timbre, 1.0, 0.05),
        (strokes, 1.0, 0.05),
        (features.chroma, 0.4, 0.02),
        (way, 0.5, 0.1),
    )
    bounds = np.append(ones, len(features.times))
    blocks = []
    for values, weight, least in parts:
        means = np.stack(
            [
                values[bounds[bar] : max(bounds[bar + 1], bounds[bar] + 1)].mean(axis=0)
                for bar in range(len(ones))
            ]
        )
        # By how much neighbours differ, not all bars: what a chorus changes is no noise. Medians:
        # one silent bar at an end must not make all others look alike.
        middle = np.median(means, axis=0)
        step = np.median(np.abs(np.diff(means, axis=0)), axis=0)
        spread = 1.4826 / np.sqrt(2) * step + 0.1 * float(means.std()) + least
        scaled = np.clip((means - middle) / spread, -3.0, 3.0)
        blocks.append(weight * scaled / np.sqrt(means.shape[1]))
    rows = np.concatenate(blocks, axis=1)
    if len(rows) > 1 and bounds[-1] - bounds[-2] < 4:
        # A bar that lacks its 4 is not like the others, and yet nothing begins with it.
        rows[-1] = rows[-2]
    return rows


def _numbered(bar_counts: Ints, ones: Ints, first: NDArray[np.bool_]) -> Ints:
    """Return 1 to 8 for each beat, from its place in the bar and the bar's place in the eight."""
    bar_of = np.searchsorted(ones, np.arange(len(bar_counts)), side="right") - 1
    # What comes before the first bar belongs to the bar before it.
    second = np.where(bar_of >= 0, ~first[np.maximum(bar_of, 0)], first[0])
    return np.asarray(bar_counts + 1 + 4 * second, dtype=np.int64)
