"""How a move looks, as 512 numbers on the count grid.

Numbers 0-191 describe the leader's body, 192-383 the follower's, 384-511 the motion of the
picture. A move whose bodies were not found has zeros in the first two parts, so moves of both
kinds can be compared by what they share. All is measured per count and in body lengths, so
tempo, camera distance and frame rate fall out, and a mirrored take gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from choreo.vectors.packing import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]

DIMENSIONS = 512
BODY_DIMENSIONS = 192
MOTION_DIMENSIONS = 128

JOINTS = (
    "nose",
    *(f"{side}_{part}" for part in ("shoulder", "elbow", "wrist") for side in ("left", "right")),
    *(f"{side}_{part}" for part in ("hip", "knee", "ankle") for side in ("left", "right")),
)
"""Order of the joints in `Bodies.points`: the nose, then six pairs."""

_COUNTS = 8
_POINTS = 32
"""Moments on the grid: four to a count."""
_COEFFICIENTS = 7
"""Of the cosine transform: up to a movement that repeats every 2.3 counts."""
_RHYTHM = BODY_DIMENSIONS - 26 * _COEFFICIENTS
_BODY_SHARE = 0.5
"""Of the bodies in the squared length, where they were found: measured on re-takes, in which
each of two dancers hides the other at times."""
_SLOTS = 16
_TRAVEL = 11
"""Row of the odd series that holds the hips' way across the picture."""
_LEAST_SEEN = 0.5
"""Share of moments at which a body must be seen; below, it is taken as not found."""


@dataclass(frozen=True)
class Bodies:
    """Two people's joints over time."""

    times: Floats
    """Seconds on the clip's clock, ascending, shape (n,)."""
    points: Floats
    """Picture coordinates, x to the right and y down, in one unit for both, shape
    (2, n, 13, 2): leader then follower."""
    seen: Floats
    """How surely each joint was seen, 0 to 1, shape (2, n, 13)."""
    yaw: Floats | None = None
    """Degrees each chest is turned from the camera, -180 to 180, shape (2, n); not a number where
    a body was not seen, None if the finder cannot tell."""


@dataclass(frozen=True)
class Motion:
    """Movement of the picture's blocks over time."""

    times: Floats
    """Seconds on the clip's clock, ascending, shape (n,)."""
    flow: Floats
    """Speed in picture heights per second, x to the right and y down, shape
    (n, rows, columns, 2)."""


def describe(
    beat_times: Sequence[float], *, bodies: Bodies | None = None, motion: Motion | None = None
) -> Floats:
    """Describe one move.

    Args:

        beat_times: Clip time of each count and of the one after the last. Four counts are taken
            twice, more than eight are folded onto eight.

        bodies: Joints, if a pose model found them.

        motion: Motion of the picture.

    Returns:

        float32, shape (512,), unit length; zeros when nothing moves at all.
    """
    grid = _grid(beat_times)
    parts = np.zeros(DIMENSIONS, np.float32)
    if bodies is not None:
        rows = _both_bodies(bodies, grid)
        parts[: 2 * BODY_DIMENSIONS] = unit(rows.ravel())
    found = bool(parts.any())
    if motion is not None:
        share = 1 - _BODY_SHARE if found else 1.0
        parts[2 * BODY_DIMENSIONS :] = np.sqrt(share) * unit(_of_motion(motion, grid))
        if found:
            parts[: 2 * BODY_DIMENSIONS] *= np.sqrt(_BODY_SHARE)
    return unit(parts)


def _grid(beat_times: Sequence[float]) -> NDArray[np.float64]:
    """Return clip times, shape (repeats, 32): the moments of each 8-count of the move."""
    counts = len(beat_times) - 1
    moments = np.arange(_POINTS * max(1, round(counts / _COUNTS))) * _COUNTS / _POINTS % counts
    times = np.interp(moments, np.arange(counts + 1), np.asarray(beat_times, np.float64))
    return times.reshape(-1, _POINTS)


def _of_motion(motion: Motion, grid: NDArray[np.float64]) -> Floats:
    """Return shape (128,): eight measures at each half count."""
    flow = motion.flow
    speed = np.linalg.norm(flow, axis=-1)
    rows, columns = speed.shape[1:]
    weight = speed.mean(axis=0) + 1e-6
    column, row = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows))
    # The couple is where things move: its centre stands in for the body's position.
    x = column - (weight * column).sum() / weight.sum()
    y = row - (weight * row).sum() / weight.sum()
    tall = np.sqrt((weight * y * y).sum() / weight.sum()) + 1e-3
    upper, lower = y < -0.4 * tall, y > 0.4 * tall
    across, along = flow[..., 0], flow[..., 1]
    whole, still = (1, 2), ~(upper | lower)
    even = [
        (speed * upper).sum(axis=whole),
        (speed * still).sum(axis=whole),
        (speed * lower).sum(axis=whole),
        along.sum(axis=whole),
        (across * x + along * y).sum(axis=whole),
    ]
    odd = [
        across.sum(axis=whole),
        (across * lower).sum(axis=whole),
        (along * x - across * y).sum(axis=whole),
    ]
    even_rows = _sampled(motion.times, np.stack(even), grid)
    odd_rows = _sampled(motion.times, np.stack(odd), grid)
    scale = even_rows[:3].mean() + 1e-6
    slots = (
        np.concatenate([even_rows, odd_rows * _handedness(np.cumsum(odd_rows[:1], axis=1))]) / scale
    )
    slots = slots.reshape(len(slots), _SLOTS, -1).mean(axis=2)
    level = slots.mean(axis=1, keepdims=True)
    # How much each part moves at all is told apart from when it moves.
    mixed = (slots - level) + 0.5 * (level - np.array([[0.33]] * 3 + [[0.0]] * 5) * 3)
    return np.asarray(mixed.ravel(), np.float32)


def _both_bodies(bodies: Bodies, grid: NDArray[np.float64]) -> Floats:
    """Return shape (2, 192); a body that was hardly seen has zeros."""
    made = [_one_body(bodies, index, grid) for index in range(2)]
    # One sign for both, or leader and follower would be mirrored apart.
    hand = _handedness(np.stack([odd[_TRAVEL] for _, odd in made]))
    return np.stack([_joined(even, odd, hand) for even, odd in made])


def _one_body(bodies: Bodies, index: int, grid: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """Return the 13 even and 13 odd series on the grid.

    Under a mirror even series stay and odd ones change their sign.
    """
    points, seen = bodies.points[index], bodies.seen[index]
    sure = seen[:, 1:].mean(axis=1) > 0.3
    nothing = np.zeros((13, _POINTS), np.float32)
    if sure.mean() < _LEAST_SEEN or sure.sum() < 4:
        return nothing, nothing
    times = bodies.times[sure]
    points = points[sure]
    left, right = points[:, 1::2], points[:, 2::2]
    hips = (left[:, 3] + right[:, 3]) / 2
    shoulders = (left[:, 0] + right[:, 0]) / 2
    torso = float(np.median(np.linalg.norm(shoulders - hips, axis=1))) + 1e-6
    pairs = [0, 1, 2, 4, 5]
    centre = hips[:, None]
    even = np.concatenate(
        [
            (left - right)[:, pairs, 0],
            ((left + right)[:, pairs, 1] - 2 * centre[..., 1]) / 2,
            (points[:, 0, 1] - hips[:, 1])[:, None],
            hips[:, 1:],
            (left - right)[:, 3:4, 0],
        ],
        axis=1,
    )
    odd = np.concatenate(
        [
            ((left + right)[:, pairs, 0] - 2 * centre[..., 0]) / 2,
            (left - right)[:, pairs, 1],
            (points[:, 0, 0] - hips[:, 0])[:, None],
            hips[:, :1],
            (left - right)[:, 3:4, 1],
        ],
        axis=1,
    )
    even_rows = _sampled(times, even.T / torso, grid)
    odd_rows = _sampled(times, odd.T / torso, grid)
    even_rows[11] -= np.median(even_rows[11])
    odd_rows[_TRAVEL] -= odd_rows[_TRAVEL].mean()
    return even_rows, odd_rows


def _joined(even: Floats, odd: Floats, hand: float) -> Floats:
    if not even.any():
        return np.zeros(BODY_DIMENSIONS, np.float32)
    series = np.concatenate([even - _STANDING[:, None], hand * odd])
    coefficients = series @ _cosines(_COEFFICIENTS).T
    coefficients[:, 0] *= _POSTURE_WEIGHT
    speed = np.abs(np.diff(np.concatenate([even, odd]), axis=1)).sum(axis=0)
    speed = np.append(speed, speed[-1])
    rhythm = (speed - speed.mean()) @ _cosines(_RHYTHM + 1)[1:].T
    joined = np.concatenate([coefficients.ravel(), _RHYTHM_WEIGHT * rhythm])
    # The root keeps one great movement from hiding all the small ones.
    return np.asarray(np.sign(joined) * np.abs(joined) ** _COMPRESSION, np.float32)


_COMPRESSION = 0.8
_RHYTHM_WEIGHT = 0.3
_POSTURE_WEIGHT = 0.25
"""Of the mean posture against its change: people stand alike, and move differently."""

_STANDING = np.array(
    [0.6, 0.8, 0.8, 0.35, 0.4, -1.0, -0.55, -0.3, 0.85, 1.65, -1.5, 0.0, 0.35], np.float32
)
"""The even series of a person who faces the camera with the arms bent, in torso lengths."""


def _cosines(count: int) -> Floats:
    moment = (np.arange(_POINTS) + 0.5) / _POINTS
    rows = np.cos(np.pi * np.arange(count)[:, None] * moment)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _handedness(travel: Floats) -> float:
    """Return 1 or -1, which turns round when left and right change places.

    Args:

        travel: Series that change their sign under a mirror, shape (k, 32). The strongest of
            their slow movements decides: it is the last one that noise can turn.
    """
    slow = (travel @ _cosines(5)[1:].T).ravel()
    return 1.0 if slow[np.argmax(np.abs(slow))] >= 0 else -1.0


def _sampled(times: Floats, series: NDArray[np.floating], grid: NDArray[np.float64]) -> Floats:
    """Return series of shape (k, n) on the grid, shape (k, 32), averaged over the 8-counts."""
    moments = grid.ravel()
    rows = [np.interp(moments, times, row).reshape(grid.shape).mean(axis=0) for row in series]
    return np.asarray(rows, np.float32)
