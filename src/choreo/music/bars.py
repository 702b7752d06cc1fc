"""Which beat of the bar is the 1: evidence of a whole song, pooled.

The bar hardly ever slips, so all bars speak about one question with four answers. Three witnesses
who can be wrong independently are heard:

1. The strokes: by a template measured on 149 real clips, bass and low bongo are loudest on 4 and
   leave 2 empty.
2. The harmony: chords change on 1, often already on the "and" of 4, seldom on 3.
3. The arrangement: sections begin on 1, so the sound changes there for good.

Each gives probabilities that are bounded by how often it misleads as a whole: a walking bass
misleads in every bar of a song, and so do chords that are always late. Their product is therefore
sure only where witnesses agree.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TEMPLATE: dict[str, tuple[float, float, float, float]] = {
    "bass": (0.18, -0.51, -0.02, 0.34),
    "bongo": (0.29, -0.45, -0.25, 0.40),
}
"""Mean z-score of each feature on the counts 1 to 4 of real bachata."""

SONG_SPREAD = 0.5
"""Standard deviation by which one song's own pattern differs from the template: with it, the
template finds the 1 of real 12-second clips as rarely as it really does, in three of four."""

STROKES_RELIED_ON = 0.75
"""Share of songs in which the template points to the 1, as it does on real clips; a walking
bass does not follow it. So the strokes alone are never surer than four in five."""

CHORD_PLACES = (0.45, 0.10, 0.06, 0.03, 0.08, 0.03, 0.06, 0.19)
"""Probability that a clear change of chord is heard on each eighth of the bar, from 1 on: early by
an eighth when anticipated, late by one in an echoing room, and on 3 when two chords share a bar.
It matters only that 1 is likeliest, then the "and" before it."""

CHORDS_COUNTED = 8
"""So many chord changes are believed independently; a song repeats its progression."""

SAME_CHORD, OTHER_CHORD = 0.05, 0.10
"""Change of harmony up to which it is still one chord, and from which it is another: the strokes of
a metronome differ by 0.05, changes of chord by 0.15 and more."""

HARMONY_RELIED_ON = 0.93
"""Share of songs in which the changes of harmony do not mislead as a whole."""

CHANGE_ON_ONE = 0.7
"""Probability that a lasting change of sound is heard on a 1 or 5; the rest falls anywhere."""

CHANGES_COUNTED = 6
"""So many changes of the arrangement are believed independently."""

ARRANGEMENT_RELIED_ON = 0.93
"""Share of songs in which the changes of the arrangement do not mislead as a whole: as many as
for the harmony, so that where both are clear and disagree the bar is in doubt."""

CHANGE_REACH = 8
"""Beats on either side over which the sound is compared: two whole bars, so that the pattern of
the bar itself cancels."""

CHANCE = 2.0 / CHANGE_REACH
"""Change that means of so many beats show when beats differ by chance, in their variances."""

CHANGE_CLEAR = 3.0
"""How many times the median a change of the arrangement must be."""

CHANGE_LEAST = 2.0
"""How many times chance it must be, whatever the median."""


def bar_odds(
    counts: Ints, strokes: Floats, playing: NDArray[np.bool_], harmony: Floats, sound: Floats
) -> Floats:
    """Return for each beat of the bar the probability that it is the 1, shape (4,).

    Args:

        counts: For each beat its place in the bar, 0 to 3, from any beginning.

        strokes: Standardised onsets of bass and bongo on each beat, shape (beats, 2).

        playing: For each beat whether the band plays.

        harmony: How much the harmony changes at each half beat, shape (2 * beats,).

        sound: What is heard around each beat, shape (beats, features).
    """
    witnesses = (
        (_stroke_fit(counts, strokes, playing), STROKES_RELIED_ON),
        (_chord_fit(counts, harmony), HARMONY_RELIED_ON),
        (_change_fit(counts, sound), ARRANGEMENT_RELIED_ON),
    )
    log_odds = np.zeros(4)
    for fit, relied in witnesses:
        log_odds += np.log(relied * shares(fit) + (1 - relied) / 4)
    return shares(log_odds)


def shares(log_odds: Floats) -> Floats:
    """Return the probabilities that belong to log-odds."""
    odds = np.exp(log_odds - log_odds.max())
    return np.asarray(odds / odds.sum())


def _stroke_fit(counts: Ints, strokes: Floats, playing: NDArray[np.bool_]) -> Floats:
    template = np.array(list(TEMPLATE.values())).T
    means = np.zeros(template.shape)
    heard = np.zeros(4)
    for place in range(4):
        chosen = strokes[(counts == place) & playing]
        heard[place] = len(chosen)
        if len(chosen):
            means[place] = chosen.mean(axis=0)
    spread = SONG_SPREAD**2 + 1.0 / np.maximum(heard, 0.5)
    return np.array(
        [
            -float(np.sum((means - np.roll(template, one, axis=0)) ** 2 / (2 * spread[:, None])))
            for one in range(4)
        ]
    )


def _chord_fit(counts: Ints, harmony: Floats) -> Floats:
    """Large changes count for more; together they count for `CHORDS_COUNTED` at most."""
    changes = _peaks(harmony, 4)
    changes = changes[harmony[changes] > np.median(harmony)]
    if len(changes) == 0:
        return np.zeros(4)
    places = 2 * counts[changes // 2] + changes % 2
    heard = np.bincount(places, weights=harmony[changes], minlength=8)
    clear = (harmony[changes] - SAME_CHORD) / (OTHER_CHORD - SAME_CHORD)
    number = float(np.clip(clear, 0.0, 1.0).sum())
    counted = min(number, CHORDS_COUNTED) / max(float(heard.sum()), 1e-9)
    likely = counted * np.log(CHORD_PLACES)
    return np.array([float(heard @ np.roll(likely, 2 * one)) for one in range(4)])


def _change_fit(counts: Ints, sound: Floats) -> Floats:
    change = _lasting_change(sound)
    peaks = _peaks(change, CHANGE_REACH)
    least = max(CHANGE_CLEAR * float(np.median(change)), CHANGE_LEAST * CHANCE)
    peaks = peaks[change[peaks] > least]
    if len(peaks) == 0:
        return np.zeros(4)
    weights = np.sqrt(change[peaks])
    heard = np.bincount(counts[peaks], weights=weights, minlength=4)
    counted = min(len(peaks), CHANGES_COUNTED) / max(float(heard.sum()), 1e-9)
    return np.asarray(heard * counted * np.log(CHANGE_ON_ONE / ((1 - CHANGE_ON_ONE) / 3)))


def _lasting_change(sound: Floats) -> Floats:
    """Return how much the two bars from each beat on differ from the two bars before it.

    The mean over the features of the squared difference, in variances of the whole song.
    """
    change = np.zeros(len(sound))
    reach = CHANGE_REACH
    if len(sound) <= 2 * reach:
        return change
    sums = np.concatenate([np.zeros((1, sound.shape[1])), np.cumsum(sound, axis=0)])
    means = (sums[reach:] - sums[:-reach]) / reach
    least = sound.std(axis=0) + 0.05
    change[reach : len(sound) - reach + 1] = np.mean(
        ((means[reach:] - means[:-reach]) / least) ** 2, axis=1
    )
    return change


def _peaks(values: Floats, reach: int) -> Ints:
    """Return where values are the largest within `reach` on either side, the ends excepted."""
    padded = np.pad(values, reach, constant_values=np.inf)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return np.flatnonzero(values >= around.max(axis=1))
