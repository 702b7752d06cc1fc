"""What comes back in a song comes back at the same place of the eight.

A verse that is sung again has its chords and its tune on the same counts as before, whatever lies
between. So bars that resemble each other tell whether a bar was put in, or a break had four counts,
somewhere between them, even where nothing is heard of it at the place itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CONTEXT = 2
"""Bars on either side that must come back too: one bar resembles many, five in a row do not."""

APART = 8
"""Bars apart from which two may be the same music played again, rather than going on."""

OTHER_MUSIC, SAME_MUSIC = 0.5, 0.7
"""Correlation of harmony and tune up to which it is other music over similar chords, which may
begin elsewhere in their round, and from which it is the same played again."""

CHANCE = 0.03
"""Likeness above that a bar earlier and later that two takes of a held chord show by chance."""

TOLD = 1.0
"""Log-odds, for each bar, that all its likenesses together may add: they tell one thing, where it
is in the tune."""

LEAST_RIDGE = 0.1
"""Sum of likenesses, each above that a bar earlier or later, from which half of `TOLD` is
believed."""


def same_place(harmony: Floats) -> Floats:
    """Return log-odds that two bars have the same place in the eight, shape (bars, bars).

    Never negative: what differs tells nothing. A pair counts where the likeness is clearly above
    that of the pairs one bar earlier and later, so that a chord held for two bars is no witness.

    Args:

        harmony: Pitch classes through each bar, shape (bars, features).
    """
    bars = len(harmony)
    if bars <= APART + 1:
        return np.zeros((bars, bars))
    rows = harmony - harmony.mean(axis=0)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    likeness = _along_diagonals(rows @ rows.T)
    beside = np.pad(likeness, 1, constant_values=-1.0)
    ridge = likeness - np.max(
        [beside[1:-1, :-2], beside[1:-1, 2:], beside[:-2, 1:-1], beside[2:, 1:-1]], axis=0
    )
    same = np.clip((likeness - OTHER_MUSIC) / (SAME_MUSIC - OTHER_MUSIC), 0.0, 1.0)
    ridge = np.where(same > 0.0, np.maximum(ridge - CHANCE, 0.0), 0.0)
    index = np.arange(bars)
    ridge[np.abs(index[:, None] - index) < APART] = 0.0
    total = ridge.sum(axis=1) + LEAST_RIDGE
    return np.asarray(TOLD * same * ridge / np.sqrt(total[:, None] * total))


def _along_diagonals(values: Floats) -> Floats:
    """Return the mean over `CONTEXT` neighbours on either side of each diagonal."""
    total, number = np.zeros(values.shape), np.zeros(values.shape)
    bars = len(values)
    for step in range(-CONTEXT, CONTEXT + 1):
        to = slice(max(0, -step), bars - max(0, step))
        of = slice(max(0, step), bars - max(0, -step))
        total[to, to] += values[of, of]
        number[to, to] += 1
    return np.asarray(total / number)
