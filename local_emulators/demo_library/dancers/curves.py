"""Curves through keys that never overshoot: a limb may not swing past where it is told to go."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def ease(x: Array) -> Array:
    """The quintic from 0 to 1 that starts and ends at rest; `x` is clipped to 0..1."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * x * (x * (6.0 * x - 15.0) + 10.0)


def glide(x: Array) -> Array:
    """The cubic from 0 to 1; it brakes later than `ease`, so that a step lands and is there."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def through(keys: Sequence[tuple[float, float]], at: Array) -> Array:
    """The monotone cubic (Fritsch and Carlson 1980, harmonic slopes) through `keys`.

    Args:

        keys: (time, value) in ascending time; constant before the first and after the last.

        at: Times, any shape.
    """
    if len(keys) == 1:
        return np.full_like(at, keys[0][1])
    x = np.array([k[0] for k in keys], dtype=np.float64)
    y = np.array([k[1] for k in keys], dtype=np.float64)
    width = np.diff(x)
    slope = np.diff(y) / width
    tangent = np.zeros_like(x)
    before, after = slope[:-1], slope[1:]
    same = before * after > 0
    w1, w2 = 2 * width[1:] + width[:-1], width[1:] + 2 * width[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        harmonic = (w1 + w2) / (w1 / before + w2 / after)
    tangent[1:-1] = np.where(same, harmonic, 0.0)
    t = np.clip(at, x[0], x[-1])
    i = np.clip(np.searchsorted(x, t, side="right") - 1, 0, len(x) - 2)
    s = (t - x[i]) / width[i]
    s2, s3 = s * s, s * s * s
    value: Array = (
        (2 * s3 - 3 * s2 + 1) * y[i]
        + (s3 - 2 * s2 + s) * width[i] * tangent[i]
        + (-2 * s3 + 3 * s2) * y[i + 1]
        + (s3 - s2) * width[i] * tangent[i + 1]
    )
    return value


def lagging(values: Array, step: float, frequency: float, damping: float) -> Array:
    """A damped spring that follows `values` (frames, ...) with mass: hair and cloth.

    Args:

        values: What is followed, one row a frame.

        step: Seconds between rows.

        frequency: Natural frequency, Hz.

        damping: 1 follows without swinging past; 0.3 swings.
    """
    omega = 2 * np.pi * frequency
    out = np.empty_like(values)
    position, speed = values[0].copy(), np.zeros_like(values[0])
    for i, target in enumerate(values):
        speed = (speed + step * omega * omega * (target - position)) / (
            1 + 2 * damping * omega * step + (omega * step) ** 2
        )
        position = position + step * speed
        out[i] = position
    return out
