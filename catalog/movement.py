"""Movement of the picture: how much, where and which way, without a model."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.watching import HEIGHT, MOTION_RATE, WIDTH, Watched
from choreo.vectors.pose import Motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 6
"""Pixels a side of a block of the grey frames."""

_NOISE = 40.0
"""Added to the gradients' energy: a flat, noisy wall does not move."""


def frame_energy(watched: Watched) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return times and the mean difference from frame to frame, shapes (n,) and (n,)."""
    grey = watched.grey
    energy = np.array(
        [np.abs(b.astype(np.int16) - a).mean() for a, b in itertools.pairwise(grey)],
        np.float32,
    )
    middle = (watched.times[1:] + watched.times[:-1]) / 2
    gaps = np.diff(watched.times)
    return _floats(middle), _floats(energy / np.maximum(gaps, 1e-3))


def block_motion(watched: Watched, start: float, end: float) -> Motion:
    """Return the speed of each block between two times of the clip.

    The least-squares flow of each block (Lucas and Kanade, 1981), in picture heights a second.
    """
    inside = np.flatnonzero((watched.times >= start - 0.1) & (watched.times <= end + 0.1))
    rate = len(inside) / max(end - start, 1e-3)
    inside = inside[:: max(1, round(rate / MOTION_RATE))]
    if len(inside) < 2:
        rows, columns = HEIGHT // BLOCK, WIDTH // BLOCK
        return Motion(
            np.array([start, end], np.float32), np.zeros((2, rows, columns, 2), np.float32)
        )
    times = watched.times[inside]
    frames = watched.grey[inside].astype(np.float32)
    flow = np.stack([_flow(a, b) for a, b in itertools.pairwise(frames)])
    flow /= np.diff(times)[:, None, None, None] * HEIGHT
    return Motion(_floats((times[1:] + times[:-1]) / 2), _floats(flow))


def _flow(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = (a + b) / 2
    down, across = np.gradient(mean)
    change = b - a
    xx, yy, xy, xt, yt = (
        _blocks(_floats(product))
        for product in (across**2, down**2, across * down, across * change, down * change)
    )
    xx, yy = xx + _NOISE, yy + _NOISE
    determinant = xx * yy - xy * xy
    x = -(yy * xt - xy * yt) / determinant
    y = -(xx * yt - xy * xt) / determinant
    # A block's content cannot be followed further than its own size.
    return np.clip(np.stack([x, y], axis=-1), -BLOCK, BLOCK)


def _blocks(values: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = HEIGHT // BLOCK, WIDTH // BLOCK
    parts = values[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return np.asarray(parts.sum(axis=(1, 3)), np.float32)


def travel(motion: Motion) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return times and the speed to the right of all that moves, shapes (n,) and (n,)."""
    return motion.times, _floats(motion.flow[..., 0].sum(axis=(1, 2)))


def activity(motion: Motion) -> float:
    """Return how much the couple moves: mean speed of the blocks that move, heights a second."""
    speed = np.linalg.norm(motion.flow, axis=-1)
    moving = speed.max(axis=0) > 0.05
    return float(speed[:, moving].mean()) if moving.any() else 0.0


def _floats(values: Any) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)
