"""The form of a song over its bars: where sections start, and with them the 1 of each eight.

Every section begins on a 1 and, breaks aside, lasts whole eights. So the two questions "where
do sections start?" and "which of two bars holds the 1?" are one: a semi-Markov model whose
segments are sections. Its best path gives both answers, its sums over all paths say how sure
they are. Where music comes back, the count is shifted until it comes back on the same counts, if
that is worth the sections that it costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONGEST = 64
"""Bars in one section, at most: two minutes at 128 counts a minute."""

SECTION_PRICE = 8.0
"""Log-odds against another section, paid with each."""

SHORT_PRICE = 4.0
"""The same on top for sections of less than 4 bars: songs rarely have them."""

ODD_PRICE = 8.0
"""Log-odds against a section that ends in the middle of an eight, without a break."""

ODD_PRICE_AT_BREAK = 0.7
"""The same at the end of a break: about every second one starts the count again."""

AFTER_BREAK = 4.0
"""Log-odds for a section to start when the band comes back: that beat is a 1."""

BEGINS_ON_FIVE = 1.5
"""Log-odds against a recording whose first bar is the second of an eight: songs begin on a 1, but
clips begin anywhere, and a first bar may be missed."""

CONTRAST_WEIGHT = 1.0
"""Log-odds per unit of noise by which bars differ from their section; below the 2.5 that
independent bars would give with `LASTING` directions, because bars of one part are not
independent."""

CYCLE = 8
"""Bars in which most progressions come round: four chords of one or of two bars."""

CYCLE_REACH = 20
"""Bars on either side in which the progression is learnt."""

LEAST_NOISE = 0.02
"""Least variation between bars, for machines that repeat themselves exactly."""

CERTAINTY_SCALE = 0.35
"""Share of the log-odds that is believed when certainty is stated: real songs are less tidy, and
one part heard wrongly speaks in each of its bars."""

LASTING = 5
"""Directions in which bars are compared: parts differ in few ways, bars in many."""

NOISE_SHRUNK = 0.3
"""Share by which the noise between neighbours is taken as equal in all directions: a song has
about as many bars as they have features."""

LEAST_BARS = 16
"""Bars from which on lasting differences can be told from chance."""

REACHED_AT_ONCE = 12
"""Places tried for the first of two shifts of the count: one alone may not pay, two together do."""

MOST_SHIFTS = 8
"""Rounds in which shifts of the count are looked for."""

OUTLIER = 3.0
"""Deviations beyond which a bar is no more different: a fill or a shout is no part."""


@dataclass(frozen=True)
class Form:
    """Sections over bars."""

    starts: tuple[int, ...]
    """Bars at which sections start; each is the first bar of an eight."""
    first: NDArray[np.bool_]
    """For each bar whether it is the first of its eight (counts 1 to 4)."""
    certainty: Floats
    """For each bar the probability that `first` is right."""


def find_form(
    rows: Floats, leaning: Floats, break_ends: Ints, same_place: Floats | None = None
) -> Form:
    """Divide bars into sections.

    Args:

        rows: What is heard in each bar, shape (bars, features), comparable between columns.

        leaning: For each bar the log-odds that it is the first of its eight, from what does not
            depend on sections; 0 when nothing speaks for either.

        break_ends: Bars at which the band comes back after a break.

        same_place: Log-odds that two bars have the same place in their eights, shape (bars, bars).
    """
    scores = _section_scores(_without_cycle(_that_lasts(rows)), leaning, break_ends)
    starts, first = _best(scores, len(rows))
    told = np.zeros((len(rows), len(rows))) if same_place is None else same_place
    if told.any():
        starts, first = _best(_counted_as(scores, _agreeing(scores, first, told)), len(rows))
    chance = _chance_of_first(CERTAINTY_SCALE * scores, len(rows))
    return Form(starts, first, _shared(np.where(first, chance, 1.0 - chance), first, told))


def _shared(certainty: Floats, first: NDArray[np.bool_], told: Floats) -> Floats:
    """Return certainties of which bars that come back share theirs: they are right together."""
    odds = np.log(np.clip(certainty, 1e-9, 1.0) / np.clip(1.0 - certainty, 1e-9, 1.0))
    signs = np.where(first, 1.0, -1.0)
    weights = told * np.outer(signs, signs)
    pooled = (odds + weights @ odds) / (1.0 + told.sum(axis=1))
    return np.asarray(1.0 / (1.0 + np.exp(-pooled)))


def _agreeing(scores: Floats, first: NDArray[np.bool_], told: Floats) -> NDArray[np.bool_]:
    """Return which bars are first when what comes back is counted alike, if sections allow it.

    From the best division on, the count of all that follows a bar is shifted wherever that makes
    sections and likenesses together likelier; two shifts at once move the bars between them.
    """
    best = first
    for _ in range(MOST_SHIFTS):
        here = _after_shifts(scores, best, told)
        found, reached = best, float(here[-1]) + 1e-6
        resets = np.flatnonzero(best[1:] == best[:-1]) + 1
        for place in np.union1d(_promising(here[:-1]), resets):
            once = _shifted(best, int(place))
            further = _after_shifts(scores, once, told)
            again = int(further.argmax())
            if further[again] > reached:
                reached = float(further[again])
                found = once if again == len(first) else _shifted(once, again)
        if found is best:
            break
        best = found
    return best


def _promising(values: Floats) -> Ints:
    """Return the bars with the best values among their neighbours, and the song's beginning."""
    beside = np.pad(values, 1, constant_values=-np.inf)
    tops = np.flatnonzero((values >= beside[:-2]) & (values >= beside[2:]) & np.isfinite(values))
    tops = tops[np.argsort(values[tops])[::-1][:REACHED_AT_ONCE]]
    return np.union1d(tops, [0])


def _shifted(first: NDArray[np.bool_], place: int) -> NDArray[np.bool_]:
    return np.where(np.arange(len(first)) >= place, ~first, first)


def _after_shifts(scores: Floats, first: NDArray[np.bool_], told: Floats) -> Floats:
    """Return the log-odds of the song when all from each bar on is shifted, and when nothing is.

    Shape (bars + 1,); the last one is that of no shift.
    """
    bars = len(first)
    signs = np.where(first, 1.0, -1.0)
    agreement = told * np.outer(signs, signs)
    whole = float(np.triu(agreement, 1).sum())
    # across[b]: what bars before b and from b on tell each other.
    sums = np.zeros((bars + 1, bars + 1))
    sums[1:, 1:] = agreement.cumsum(axis=0).cumsum(axis=1)
    index = np.arange(bars + 1)
    across = sums[index, bars] - sums[index, index]
    other = _counted_as(scores, ~first)
    ahead = _best_before(_counted_as(scores, first))
    values = ahead + _best_after(other) + whole - 2.0 * across
    values[0] = _best_before(other)[bars] + whole
    values[bars] = ahead[bars] + whole
    return np.asarray(values)


def _counted_as(scores: Floats, first: NDArray[np.bool_]) -> Floats:
    """Return the scores of those sections only whose bars are counted so; none of the others."""
    bars = len(first)
    signs = np.where(first, 1, -1) * np.where(np.arange(bars) % 2 == 0, 1, -1)
    sums = np.concatenate([[0], np.cumsum(signs)])
    starts, ends = np.arange(-1, bars)[:, None], np.arange(bars + 1)[None, :]
    low = np.maximum(starts, 0)
    way = np.where(starts % 2 == 0, 1, -1)
    fits = way * (sums[ends] - sums[low]) == ends - low
    return np.where(fits, scores, -np.inf)


def _best_before(scores: Floats) -> Floats:
    """Return for each bar the score of the best division of all before it."""
    bars = len(scores) - 1
    total = np.full(bars + 1, -np.inf)
    total[0] = 0.0
    for end in range(1, bars + 1):
        total[end] = max(float((scores[1 : end + 1, end] + total[:end]).max()), scores[0, end])
    return total


def _best_after(scores: Floats) -> Floats:
    """Return for each bar the score of the best division from it to the end."""
    bars = len(scores) - 1
    total = np.full(bars + 1, -np.inf)
    total[bars] = 0.0
    for start in range(bars - 1, -1, -1):
        total[start] = float((scores[start + 1, start + 1 :] + total[start + 1 :]).max())
    return total


def _that_lasts(rows: Floats) -> Floats:
    """Return the rows along the directions that change between parts rather than between bars.

    The greatest ratio of the variance of all bars to that between neighbours one and two bars
    apart, as in slow feature analysis (Wiskott and Sejnowski, 2002); columns are in deviations of
    the latter. A singer changes every bar in every way; what the band does holds for a part.
    """
    if len(rows) < LEAST_BARS:
        return rows
    features = rows.shape[1]
    noise = np.zeros((features, features))
    for lag in (1, 2):
        steps = rows[lag:] - rows[:-lag]
        noise += steps.T @ steps / (4 * len(steps))
    even = (float(np.trace(noise)) + LEAST_NOISE) / features
    noise = (1 - NOISE_SHRUNK) * noise + NOISE_SHRUNK * even * np.eye(features)
    white = np.linalg.inv(np.linalg.cholesky(noise)).T
    ratios, directions = np.linalg.eigh(white.T @ np.cov(rows.T) @ white)
    # What is left when as much as neighbours differ is taken off; none below.
    lasting = np.sqrt(np.maximum(1.0 - 1.0 / np.maximum(ratios[-LASTING:], 1.0), 0.0))
    slow = (rows - np.median(rows, axis=0)) @ white @ directions[:, -LASTING:] * lasting
    return np.asarray(np.clip(slow, -OUTLIER, OUTLIER))


def _without_cycle(rows: Floats) -> Floats:
    """Return the rows without what comes back every eight bars, as a chord progression does.

    Otherwise bars of one section differ by their chords as much as sections do.
    """
    bars = len(rows)
    plain = rows.copy()
    for bar in range(bars):
        low, high = max(0, bar - CYCLE_REACH), min(bars, bar + CYCLE_REACH + 1)
        same = np.arange(low + (bar - low) % CYCLE, high, CYCLE)
        if len(same) >= 3:
            plain[bar] -= rows[same].mean(axis=0) - rows[low:high].mean(axis=0)
    return plain


def _section_scores(rows: Floats, leaning: Floats, break_ends: Ints) -> Floats:
    """Return the log-odds of each section, shape (bars + 1, bars + 1).

    Row a + 1, column b: the section from bar a up to bar b; a = -1 is the section whose first
    bar was not recorded, so that the song begins on a 5.
    """
    bars = len(rows)
    steps = 0.5 * np.sum(np.diff(rows, axis=0) ** 2, axis=1)
    noise = (float(np.median(steps)) if len(steps) else 0.0) + 0.05 * float(
        np.sum(rows.var(axis=0))
    )
    noise = max(noise, LEAST_NOISE)
    sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
    squares = np.concatenate([[0.0], np.cumsum(np.sum(rows**2, axis=1))])
    signs = np.where(np.arange(bars) % 2 == 0, 0.5, -0.5)
    leanings = np.concatenate([[0.0], np.cumsum(signs * leaning)])
    returns = np.zeros(bars + 1, dtype=bool)
    returns[break_ends] = True
    scores = np.full((bars + 1, bars + 1), -np.inf)
    for start in range(-1, bars):
        low = max(start, 0)
        ends = np.arange(low + 1, min(start + LONGEST, bars) + 1)
        heard = ends - low
        inside = squares[ends] - squares[low]
        inside = inside - np.sum((sums[ends] - sums[low]) ** 2, axis=1) / heard
        score = -CONTRAST_WEIGHT * inside / noise - SECTION_PRICE
        sign = 1.0 if start % 2 == 0 else -1.0
        score = score + sign * (leanings[ends] - leanings[low])
        length = ends - start
        last = ends == bars
        score = score - np.where(length < 4, SHORT_PRICE, 0.0)
        odd = np.where(returns[ends], ODD_PRICE_AT_BREAK, ODD_PRICE)
        score = score - np.where((length % 2 == 1) & ~last, odd, 0.0)
        score = score + np.where(returns[ends] & ~last, AFTER_BREAK, 0.0)
        scores[start + 1, ends] = score
    scores[0] -= BEGINS_ON_FIVE
    return scores


def _best(scores: Floats, bars: int) -> tuple[tuple[int, ...], NDArray[np.bool_]]:
    total = np.full(bars + 1, -np.inf)
    origin = np.zeros(bars + 1, dtype=int)
    for end in range(1, bars + 1):
        paths = scores[1 : end + 1, end] + np.where(np.arange(end) == 0, 0.0, total[:end])
        origin[end] = int(paths.argmax())
        total[end] = paths[origin[end]]
        if scores[0, end] > total[end]:
            total[end], origin[end] = scores[0, end], -1
    starts = []
    first = np.zeros(bars, dtype=bool)
    end = bars
    while end > 0:
        start = int(origin[end])
        first[np.arange(start, end, 2)[np.arange(start, end, 2) >= 0]] = True
        starts.append(start)
        end = start
    ordered = starts[::-1]
    # A section that began before the recording has its first 1 in its second bar.
    return tuple(sorted({max(start, 0) if start >= 0 else 1 for start in ordered})), first


def _chance_of_first(scores: Floats, bars: int) -> Floats:
    """Return the probability of each bar to be first in its eight, over all divisions."""
    before = np.full(bars + 1, -np.inf)
    before[0] = 0.0
    for end in range(1, bars + 1):
        paths = scores[1 : end + 1, end] + before[:end]
        before[end] = np.logaddexp(np.logaddexp.reduce(paths), scores[0, end])
    after = np.full(bars + 1, -np.inf)
    after[bars] = 0.0
    for start in range(bars - 1, 0, -1):
        after[start] = np.logaddexp.reduce(scores[start + 1, start + 1 :] + after[start + 1 :])
    chance = np.zeros(bars)
    for start in range(-1, bars):
        lead = before[start] if start >= 0 else 0.0
        weight = np.exp(np.minimum(lead + scores[start + 1, 1:] + after[1:] - before[bars], 0.0))
        # covering[k]: the chance of a section from `start` that reaches beyond bar k.
        covering = np.cumsum(weight[::-1])[::-1]
        firsts = np.arange(start, bars, 2)
        firsts = firsts[firsts >= 0]
        chance[firsts] += covering[firsts]
    return np.clip(chance, 0.0, 1.0)
