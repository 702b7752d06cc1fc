"""How each family of moves is danced: functions that write steps, curves and hands into a score.

Each takes the score, already filled with the neutral basic, and changes what lies strictly
inside of the move. Degrees for yaws, radians for curves, metres for places.
"""

import numpy as np

from .score import STANDS, Part, Score, floor

Change = tuple[float, float, float]
"""(count, metres along the leader's forward, metres along the leader's left)."""


def turned(part: Part, start: int, end: int, degrees: float) -> None:
    """Turn by `degrees` from count `start` to count `end`, and stay turned."""
    for k in part.yaws:
        if k >= end:
            part.yaws[k] += degrees
        elif k > start:
            part.yaws[k] += degrees * (k - start) / (end - start)


def moved(score: Score, part: Part, *changes: Change) -> None:
    """Displace whole stances on some counts."""
    (fx, fz), (lx, lz) = floor(STANDS[score.entry].leader_yaw)
    for k, ahead, aside in changes:
        x, z = part.spots[int(k)]
        part.spots[int(k)] = (x + ahead * fx + aside * lx, z + ahead * fz + aside * lz)


def both(score: Score, *changes: Change) -> None:
    """Displace both dancers alike."""
    for part in (score.leader, score.follower):
        moved(score, part, *changes)


def joined(score: Score, leader_side: str, follower_side: str, *keys: tuple[float, str]) -> None:
    """Lead two hands that hold each other through the same anchors."""
    score.leader.hand(leader_side, *keys)
    score.follower.hand(follower_side, *keys)


def basic(_: Score) -> None:
    """Step, step, step, tap, both ways."""


def wide(score: Score, reach: float) -> None:
    """Longer side steps."""
    both(score, (2, 0, reach), (3, 0, reach), (4, 0, 0.4 * reach))


def box(score: Score, reach: float) -> None:
    """Side, close, forward, tap; side, close, back, tap."""
    both(score, (2, reach, -0.5 * reach), (3, reach, -0.5 * reach), (4, reach, -0.2 * reach),
         (5, 0.7 * reach, 0))  # fmt: skip


def back_and_forth(score: Score, reach: float) -> None:
    """Walks forward on 1 to 4 and back on 5 to 8."""
    both(score, (1, 0.5 * reach, 0), (2, reach, -0.15), (3, reach, -0.15), (4, 0.6 * reach, 0),
         (5, 0.2 * reach, 0))  # fmt: skip


def follower_turn(score: Score, degrees: float, start: int = 0) -> None:
    """The follower turns under the raised hand; the other hands let go meanwhile."""
    turned(score.follower, start, start + 3, degrees)
    _raised(score, "over", start)


def _raised(score: Score, over: str, start: int) -> None:
    """The leader's left and the follower's right hand go up, the others let go and come back."""
    entry, leave = STANDS[score.entry], STANDS[score.exit]
    for part, side, first, last in (
        (score.leader, "left", entry.leader_hands[0], leave.leader_hands[0]),
        (score.follower, "right", entry.follower_hands[1], leave.follower_hands[1]),
    ):
        part.hand(
            side,
            (start + 0.2, first),
            (start + 1.0, over),
            (start + 2.7, over),
            (start + 3.6, last),
        )
    for part, side, first, last, free in (
        (score.leader, "right", entry.leader_hands[1], leave.leader_hands[1], "rest"),
        (score.follower, "left", entry.follower_hands[0], leave.follower_hands[0], "heart"),
    ):
        part.hand(
            side,
            (start + 0.1, first),
            (start + 0.8, free),
            (start + 2.9, free),
            (start + 3.7, last),
        )


def crossed_turn(score: Score, degrees: float) -> None:
    """The follower turns under both crossed hands."""
    turned(score.follower, 0, 3, degrees)
    entry, leave = STANDS[score.entry], STANDS[score.exit]
    for part, first, last in (
        (score.leader, entry.leader_hands, leave.leader_hands),
        (score.follower, entry.follower_hands, leave.follower_hands),
    ):
        for index, (side, over) in enumerate((("left", "over"), ("right", "over_other"))):
            part.hand(side, (0.2, first[index]), (1.0, over), (2.7, over), (3.7, last[index]))


def styled(score: Score) -> None:
    """The follower's free arm sweeps out before the turn."""
    score.follower.hands["left"] = [
        (0.6, "low_right"), (1.8, "style"), (3.2, "up"), (4.2, "hair"), (5.6, "heart"),
        (6.8, "low_right"),
    ]  # fmt: skip
    score.leader.hands["right"] = [
        (0.6, "low_right"), (1.8, "rest"), (5.6, "rest"), (6.8, "low_right")
    ]  # fmt: skip


def leader_turn(score: Score, degrees: float, start: int = 0) -> None:
    """The leader turns under his own hand."""
    turned(score.leader, start, start + 3, degrees)
    _raised(score, "over_leader", start)


def cross_body(score: Score, turn: float = 0.0) -> None:
    """The follower crosses in front of the leader; the couple turns once around its middle."""
    travelling(score, -360.0)
    if turn:
        turned(score.follower, 1, 4, turn)
        _raised(score, "over", 1)


def _orbit(score: Score, degrees: float, start: int, end: int) -> None:
    """Turn the couple as one around its middle."""
    for part in (score.leader, score.follower):
        for k in range(start + 1, end):
            share = (k - start) / (end - start)
            a = np.radians(degrees * share)
            x, z = part.spots[k]
            # Positive yaw turns +z towards +x.
            part.spots[k] = (
                float(x * np.cos(a) + z * np.sin(a)),
                float(-x * np.sin(a) + z * np.cos(a)),
            )
        turned(part, start, end, degrees)


def travelling(score: Score, degrees: float = 360.0, start: int = 0) -> None:
    """The couple turns as one around its middle, step by step."""
    _orbit(score, degrees, start, score.counts - 2)


def body_roll(score: Score, start: float, length: float, size: float, leader: bool = True) -> None:
    """A wave from the head through chest and waist to the hips; the leader's answers."""
    parts = [(score.follower, 1.0, 0.0)] + ([(score.leader, 0.6, 0.35)] if leader else [])
    for part, share, lag in parts:
        t = start + lag
        a = size * share
        q = length / 8
        part.add(
            "head_pitch", (t, 0), (t + 1.4 * q, -0.50 * a), (t + 4 * q, 0.45 * a), (t + 7 * q, 0)
        )
        part.add(
            "high_pitch",
            (t, 0),
            (t + 2.2 * q, -0.62 * a),
            (t + 4.6 * q, 0.40 * a),
            (t + 7.2 * q, 0),
        )
        part.add(
            "low_pitch",
            (t, 0),
            (t + 1.6 * q, 0.22 * a),
            (t + 3.7 * q, -0.55 * a),
            (t + 6.0 * q, 0.22 * a),
            (t + 7.6 * q, 0),
        )
        part.add(
            "hip_pitch", (t, 0), (t + 2.4 * q, 0.34 * a), (t + 5.2 * q, -0.38 * a), (t + 8 * q, 0)
        )
        part.add(
            "hip_forward", (t, 0), (t + 2.2 * q, -0.10 * a), (t + 5.2 * q, 0.11 * a), (t + 8 * q, 0)
        )
        part.add("drop", (t, 0), (t + 3.0 * q, 0.03 * a), (t + 6.0 * q, 0.11 * a), (t + 8 * q, 0))


def hip_roll(score: Score, start: float, length: float, size: float, turns: int = 1) -> None:
    """Hips in a circle, the chest quiet over them."""
    steps = 8 * turns
    for part, share in ((score.follower, 1.0), (score.leader, 0.55)):
        for i in range(steps + 1):
            t = start + length * i / steps
            fade = np.sin(np.pi * i / steps) ** 0.5 if 0 < i < steps else 0.0
            phi = 2 * np.pi * turns * i / steps
            a = size * share * fade
            part.add("hip_side", (t, 0.085 * a * float(np.sin(phi))))
            part.add("hip_forward", (t, 0.075 * a * float(np.cos(phi))))
            part.add("hip_roll", (t, 0.22 * a * float(np.sin(phi))))
            part.add("hip_pitch", (t, -0.22 * a * float(np.cos(phi))))
            part.add("low_pitch", (t, 0.20 * a * float(np.cos(phi))))
            part.add("low_roll", (t, -0.12 * a * float(np.sin(phi))))
            part.add("drop", (t, 0.055 * a))


def head_roll(score: Score, start: float, length: float, size: float) -> None:
    """The follower's head and shoulders sweep a circle backwards."""
    part = score.follower
    for i in range(9):
        t = start + length * i / 8
        phi = 2 * np.pi * i / 8
        fade = float(np.sin(np.pi * i / 8)) ** 0.6 if 0 < i < 8 else 0.0
        a = size * fade
        part.add("head_roll", (t, 0.55 * a * float(np.sin(phi))))
        part.add("head_pitch", (t, 0.30 * a * float(np.cos(phi)) - 0.35 * a))
        part.add("high_roll", (t, 0.20 * a * float(np.sin(phi))))
        part.add("low_roll", (t, 0.22 * a * float(np.sin(phi))))
        part.add("low_pitch", (t, 0.20 * a * float(np.cos(phi)) - 0.20 * a))
        part.add("drop", (t, 0.05 * a))
    score.leader.add("drop", (start, 0), (start + length / 2, 0.05 * size), (start + length, 0))
    score.leader.add(
        "low_pitch", (start, 0), (start + length / 2, 0.10 * size), (start + length, 0)
    )


def lean(score: Score, start: float, hold: float, size: float) -> None:
    """The couple tilts to one side over a bent knee and comes back."""
    end = start + hold
    for part, sign in ((score.leader, 1.0), (score.follower, -1.0)):
        keys = ((start, 0.0), (start + 1.1, 1.0), (end - 1.0, 1.0), (end, 0.0))
        part.add("low_roll", *((t, -sign * 0.30 * size * v) for t, v in keys))
        part.add("high_roll", *((t, -sign * 0.18 * size * v) for t, v in keys))
        part.add("hip_side", *((t, sign * 0.05 * size * v) for t, v in keys))
        part.add("drop", *((t, 0.09 * size * v) for t, v in keys))
        part.add("head_roll", *((t, sign * 0.12 * size * v) for t, v in keys))


def dip(score: Score, start: float, hold: float, size: float) -> None:
    """The follower arches back over the leader's arm."""
    end = start + hold
    keys = ((start, 0.0), (start + 1.5, 1.0), (end - 1.2, 1.0), (end, 0.0))
    follow, lead = score.follower, score.leader
    for part, amounts in (
        (follow, {"low_pitch": -0.72, "high_pitch": -0.48, "head_pitch": -0.50, "hip_pitch": -0.26,
                  "hip_forward": 0.13, "low_roll": 0.14, "drop": 0.10}),
        (lead, {"hip_pitch": 0.12, "low_pitch": 0.26, "head_pitch": 0.10, "low_roll": 0.10,
                "hip_forward": -0.02, "drop": 0.085}),
    ):  # fmt: skip
        for name, amount in amounts.items():
            part.add(name, *((t, amount * size * v) for t, v in keys))


def change_hold(score: Score) -> None:
    """Places, directions and hands change on the way: the connector between two holds."""
    n = score.counts
    for part in (score.leader, score.follower):
        x1, z1 = part.spots[n - 2]
        yaw0, yaw1 = part.yaws[0], part.yaws[n - 2]
        shortest = (yaw1 - yaw0 + 180) % 360 - 180
        turned_by = yaw0 + shortest - yaw1
        for k in part.yaws:
            if k >= n - 2:
                part.yaws[k] += turned_by
            elif k > 0:
                share = min(1.0, k / (n - 3))
                part.yaws[k] = yaw0 + shortest * share
                w = share * k / (n - 2)
                x, z = part.spots[k]
                part.spots[k] = (x + w * (x1 - x), z + w * (z1 - z))


def side_touch(_: Score) -> None:
    """Side, touch, side, touch."""


def walk_in(score: Score, distance: float) -> None:
    """Both come from their sides and take the hold."""
    (fx, fz), _ = floor(STANDS[score.exit].leader_yaw)
    n = score.counts
    for part, sign, sides in (
        (score.leader, -1.0, ("left", "right")),
        (score.follower, 1.0, ("left", "right")),
    ):
        for k in part.spots:
            away = distance * min(1.0, max(0.0, (n - 3 - k) / (n - 2)))
            x, z = part.spots[k]
            part.spots[k] = (x + sign * away * fx, z + sign * away * fz)
        for side in sides:
            part.hand(side, (-3.0, "rest"), (n - 3.5, "rest"))


def pose(score: Score, deep: bool) -> None:
    """The last figure: a dip that stays, or an embrace."""
    n = score.counts
    for part in (score.leader, score.follower):
        for k in part.feet:
            if k >= n - 1:
                part.feet[k] = "-"
    stay = n + 12.0
    if deep:
        dip(score, n - 3.0, stay, 1.0)
        joined(score, "left", "right", (n - 3.0, "frame"), (n - 1.0, "wide_right"))
        score.follower.hand("left", (n - 3.0, "on_shoulder"), (n - 1.0, "on_neck"))
        score.leader.hand("right", (n - 3.0, "blade"), (n - 1.0, "blade"))
    else:
        lean(score, n - 3.0, stay, 0.6)
        score.leader.hand("left", (n - 3.0, "frame"), (n - 1.0, "waist_right"))
        score.follower.hand("right", (n - 3.0, "frame"), (n - 1.0, "on_chest"))
        score.follower.hand("left", (n - 3.0, "on_shoulder"), (n - 1.0, "on_neck"))
        score.leader.hand("right", (n - 3.0, "blade"), (n - 1.0, "blade"))
