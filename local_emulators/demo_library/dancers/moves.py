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


def placed(part: Part, k: int, spot: tuple[float, float], yaw: float | None = None) -> None:
    """Put a stance somewhere."""
    part.spots[k] = spot
    if yaw is not None:
        part.yaws[k] = yaw


def joined(score: Score, leader_side: str, follower_side: str, *keys: tuple[float, str]) -> None:
    """Lead two hands that hold each other through the same anchors."""
    score.leader.hand(leader_side, *keys)
    score.follower.hand(follower_side, *keys)


def released(part: Part, side: str, start: float, end: float, *keys: tuple[float, str]) -> None:
    """Let a hand go at `start`, pass `keys`, and be back at `end`."""
    first = keys[0][1] if keys else "rest"
    last = keys[-1][1] if keys else "rest"
    part.hand(side, (start, first), *keys, (end, last))


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


def follower_turn(score: Score, degrees: float, start: int = 0, both_hands: bool = False) -> None:
    """The follower turns under the raised hand."""
    part = score.follower
    turned(part, start, start + 3, degrees)
    joined(score, "left", "right", (start + 0.2, _now(score, True)), (start + 1.0, "over"),
           (start + 2.7, "over"), (start + 3.6, _then(score, True)))  # fmt: skip
    if both_hands:
        joined(score, "right", "left", (start + 0.2, _now(score, False)), (start + 1.0, "over"),
               (start + 2.7, "over"), (start + 3.6, _then(score, False)))  # fmt: skip
    else:
        _free_right(score, start + 0.1, start + 3.7)


def _now(score: Score, left: bool) -> str:
    return STANDS[score.entry].leader_hands[0 if left else 1]


def _then(score: Score, left: bool) -> str:
    return STANDS[score.exit].leader_hands[0 if left else 1]


def _free_right(score: Score, start: float, end: float) -> None:
    """The leader's right and the follower's left hand let go and come back."""
    lead, follow = STANDS[score.entry], STANDS[score.exit]
    for part, side, first, last in (
        (score.leader, "right", lead.leader_hands[1], follow.leader_hands[1]),
        (score.follower, "left", lead.follower_hands[0], follow.follower_hands[0]),
    ):
        if first != "rest":
            part.hand(side, (start, first))
        part.hand(side, (start + 0.7, "rest" if part is score.leader else "heart"),
                  (end - 0.7, "rest" if part is score.leader else "heart"))  # fmt: skip
        if last != "rest":
            part.hand(side, (end, last))


def leader_turn(score: Score, degrees: float, start: int = 0) -> None:
    """The leader turns under his own hand."""
    turned(score.leader, start, start + 3, degrees)
    joined(score, "left", "right", (start + 0.2, _now(score, True)), (start + 1.0, "over_leader"),
           (start + 2.7, "over_leader"), (start + 3.6, _then(score, True)))  # fmt: skip
    _free_right(score, start + 0.1, start + 3.7)


def cross_body(score: Score, turn: float = 0.0) -> None:
    """The follower crosses in front of the leader, the couple turns once around."""
    _orbit(score, -360.0, 0, score.counts - 2)
    if turn:
        turned(score.follower, 1, 4, turn)
        joined(score, "left", "right", (0.6, _now(score, True)), (1.6, "over"), (3.6, "over"),
               (4.6, _then(score, True)))  # fmt: skip
        _free_right(score, 0.3, 5.2)


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


def travelling(score: Score, degrees: float = 360.0) -> None:
    """The couple turns as one around its middle, step by step."""
    _orbit(score, degrees, 0, score.counts - 2)


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
    follow.add("low_pitch", *((t, -0.55 * size * v) for t, v in keys))
    follow.add("high_pitch", *((t, -0.45 * size * v) for t, v in keys))
    follow.add("head_pitch", *((t, -0.55 * size * v) for t, v in keys))
    follow.add("hip_pitch", *((t, -0.12 * size * v) for t, v in keys))
    follow.add("hip_forward", *((t, 0.10 * size * v) for t, v in keys))
    follow.add("low_roll", *((t, 0.16 * size * v) for t, v in keys))
    follow.add("drop", *((t, 0.16 * size * v) for t, v in keys))
    lead.add("hip_pitch", *((t, 0.20 * size * v) for t, v in keys))
    lead.add("low_pitch", *((t, 0.22 * size * v) for t, v in keys))
    lead.add("head_pitch", *((t, 0.10 * size * v) for t, v in keys))
    lead.add("drop", *((t, 0.15 * size * v) for t, v in keys))


def change_hold(score: Score, follower_spin: float = 0.0) -> None:
    """Only hands and places change: the connector between two holds."""
    lead, follow = STANDS[score.entry], STANDS[score.exit]
    n = score.counts
    for leader in (True, False):
        part = score.leader if leader else score.follower
        end_yaw = follow.leader_yaw if leader else follow.follower_yaw
        start_yaw = lead.leader_yaw if leader else lead.follower_yaw
        extra = 0.0 if leader else follower_spin
        goal = end_yaw + extra
        for k in part.yaws:
            if k >= n - 2:
                part.yaws[k] = goal
            elif k > 0:
                part.yaws[k] = start_yaw + (goal - start_yaw) * min(1.0, k / (n - 3))
        x0, z0 = part.spots[0]
        x1, z1 = part.spots[n - 2]
        for k in range(1, n - 2):
            w = min(1.0, k / (n - 3))
            bx, bz = part.spots[k]
            part.spots[k] = (bx + w * (x1 - bx) * (k / (n - 2)), bz + w * (z1 - bz) * (k / (n - 2)))


def tap_hold(score: Score) -> None:
    """Stand and breathe through a break: touches in place."""
    for part in (score.leader, score.follower):
        for k in range(1, score.counts - 2):
            part.feet[k] = "-"
            part.yaws[k] = part.yaws[0]


def hands_only(score: Score) -> None:
    """The hold changes in place."""
    change_hold(score)


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
    stay = n + 8.0
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
        score.follower.add("head_roll", (n - 3.0, 0), (n - 1.0, 0.25))
