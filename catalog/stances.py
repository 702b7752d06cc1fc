"""How the couple stands at a count, estimated from the dancers' joints.

Lengths are measured in torsos, the way from the middle of the shoulders to that of the hips, about
half a metre. What is said of a hold follows from anatomy: two people whose hips are less than a
torso apart hold each other close; facing each other at arm's length with both hands joined is
open, with one pair of hands apart a single hand; side by side and shadow look the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from choreo.vectors.pose import JOINTS, Bodies
from choreo.vocabulary import Foot, Hold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_SHOULDERS, _WRISTS, _HIPS, _ANKLES = (
    [JOINTS.index(f"{side}_{part}") for side in ("left", "right")]
    for part in ("shoulder", "wrist", "hip", "ankle")
)
_LEAST_SEEN = 0.4
"""Share of a body's joints that must be seen for it to count as seen."""
_CLOSE = 0.95
"""Torsos between the hips below which the couple holds each other close."""
_REACH = 2.5
"""Torsos between the hips that two stretched arms can bridge."""
_HANDS_APART = 0.75
"""Torsos between two hands from which they are not joined."""
_SAME_WAY = 60.0
_FACING = 120.0
"""Degrees between the chests up to which they look the same way, from which at each other."""
_SURE_FOOT = 0.4
"""Share of the feet's way by which one must move less to be taken as the standing one: 99 of 100
right on the drawn couple, 94 without it."""
_TORSOS_TALL = 3.2
"""A body's height in torsos."""


@dataclass(frozen=True)
class Estimate:
    """What was estimated, each with its confidence from 0 to 1; absent: it cannot be told."""

    hold: tuple[Hold, float] | None = None
    leader_foot: tuple[Foot, float] | None = None
    """The foot that carries the weight."""
    follower_foot: tuple[Foot, float] | None = None
    facing: tuple[float, float] | None = None
    """Degrees the leader's chest is turned from the camera."""


def stance_at(bodies: Bodies, time: float, beat: float) -> Estimate:
    """Estimate how the couple stands at a count.

    Args:

        bodies: Both dancers' joints.

        time: Seconds of the count on the clip's clock.

        beat: Seconds from count to count.
    """
    near = np.abs(bodies.times - time) <= 0.6 * beat
    if not near.any():
        return Estimate()
    return Estimate(
        hold=_hold(bodies, near),
        leader_foot=_standing_foot(bodies, 0, time, beat),
        follower_foot=_standing_foot(bodies, 1, time, beat),
        facing=_facing(bodies, near),
    )


def travel(bodies: Bodies, start: float, end: float) -> tuple[float, float] | None:
    """Return the body heights between where the couple is at two times, with its confidence."""
    torso = _torso(bodies)
    places = []
    for time in (start, end):
        near = np.abs(bodies.times - time) <= 0.3
        seen = _seen(bodies)[:, near]
        if not seen.any():
            return None
        hips = bodies.points[:, near][:, :, _HIPS].mean(axis=2)
        places.append(np.median(hips[seen], axis=0))
    way = float(np.linalg.norm(places[1] - places[0]) / (_TORSOS_TALL * torso))
    # One picture tells the way across it; the way towards the camera is seen less.
    return min(way, 20.0), 0.5


def turned(facing_in: float | None, facing_out: float | None) -> float | None:
    """Return the degrees from one facing to the other, the short way, or None."""
    if facing_in is None or facing_out is None:
        return None
    return (facing_out - facing_in + 180.0) % 360.0 - 180.0


def _hold(bodies: Bodies, near: NDArray[np.bool_]) -> tuple[Hold, float] | None:
    both = np.logical_and(*_seen(bodies)[:, near])
    if not both.any():
        return None
    points = bodies.points[:, near][:, both]
    torso = _torso(bodies)
    hips = points[:, :, _HIPS].mean(axis=2)
    apart = float(np.median(np.linalg.norm(hips[0] - hips[1], axis=-1))) / torso
    share = float(both.mean())
    between = _between_chests(bodies, near, both)
    if apart > _REACH:
        return None
    if between is not None and between < _SAME_WAY:
        hold = Hold.SHADOW if apart < _CLOSE else Hold.SIDE_BY_SIDE
        # Close and the same way, with arms across, may be a hammerlock as well.
        return hold, share * (0.4 if hold is Hold.SHADOW else 0.8)
    if apart < _CLOSE:
        # Who is hidden by the other at times is close to them all the more.
        return Hold.CLOSED, max(share, 0.5) * min(1.0, 0.5 + _CLOSE - apart)
    if between is None or between < _FACING:
        return None
    hands = points[:, :, _WRISTS]
    gaps = np.linalg.norm(hands[0][:, :, None] - hands[1][:, None], axis=-1) / torso
    # The leader's left meets the follower's right, and the other way about.
    pairs = sorted((float(np.median(gaps[:, 0, 1])), float(np.median(gaps[:, 1, 0]))))
    if pairs[0] > _HANDS_APART:
        return None
    single = pairs[1] > _HANDS_APART
    return (Hold.SINGLE_HAND, share * 0.6) if single else (Hold.OPEN, share * 0.8)


def _standing_foot(bodies: Bodies, who: int, time: float, beat: float) -> tuple[Foot, float] | None:
    """Return the foot that moves less in the beat before the count: the other one steps on it."""
    window = np.linspace(time - 0.8 * beat, time + 0.15 * beat, 8)
    if window[0] < bodies.times[0] - 0.2:
        return None
    sure = np.interp(window, bodies.times, bodies.seen[who][:, _ANKLES].min(axis=1))
    if sure.min() < _LEAST_SEEN:
        return None
    ways = []
    for ankle in _ANKLES:
        x, y = (
            np.interp(window, bodies.times, bodies.points[who, :, ankle, axis]) for axis in (0, 1)
        )
        ways.append(float(np.hypot(np.diff(x), np.diff(y)).sum()))
    if sum(ways) < 0.1 * _torso(bodies):
        return None
    margin = abs(ways[0] - ways[1]) / sum(ways)
    if margin < _SURE_FOOT:
        return None
    return (Foot.LEFT if ways[0] < ways[1] else Foot.RIGHT), min(0.95, 0.6 + 0.5 * margin)


def _facing(bodies: Bodies, near: NDArray[np.bool_]) -> tuple[float, float] | None:
    if bodies.yaw is None:
        return None
    found = _known(bodies.yaw[0, near])
    if not len(found):
        return None
    mean = np.exp(1j * np.radians(found)).mean()
    # The share of the pictures that agree: 1 when all show the same angle.
    return float(np.degrees(np.angle(mean))), 0.7 * float(np.abs(mean))


def _between_chests(
    bodies: Bodies, near: NDArray[np.bool_], both: NDArray[np.bool_]
) -> float | None:
    if bodies.yaw is None:
        return None
    yaw = bodies.yaw[:, near][:, both]
    gaps = _known(np.abs((yaw[0] - yaw[1] + 180.0) % 360.0 - 180.0))
    return float(np.median(gaps)) if len(gaps) else None


def _known(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def _seen(bodies: Bodies) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = bodies.seen[:, :, 1:].mean(axis=2) > _LEAST_SEEN
    return found


def _torso(bodies: Bodies) -> float:
    shoulders = bodies.points[:, :, _SHOULDERS].mean(axis=2)
    hips = bodies.points[:, :, _HIPS].mean(axis=2)
    lengths = np.linalg.norm(shoulders - hips, axis=-1)[_seen(bodies)]
    return max(float(np.median(lengths)), 1e-3) if len(lengths) else 1.0
