"""From a score to joints: feet that stay where they stand, hips over them, hands that meet."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from choreo.clip_format import FRAME_RATE

from .body import (
    FOLLOWER,
    LEADER,
    SIDES,
    Body,
    Build,
    apply,
    forward,
    leftward,
    turn,
    two_bones,
    unit,
)
from .curves import Array, ease, glide, through
from .score import HANDLE_SECONDS, POSE_SECONDS, STANCE, STANDS, Part, Score, floor, neutral

SWING = 0.62
"""Counts that a step is in the air."""

EDGE = 0.5
"""Counts over which a move leaves the neutral basic and comes back to it."""

HIP_TILT = 0.18
"""Radians of hip lift over the standing leg in the neutral basic."""

_CURVES = (
    "drop", "hip_side", "hip_forward", "hip_twist", "hip_roll", "hip_pitch",
    "low_pitch", "low_roll", "low_twist", "high_pitch", "high_roll", "high_twist",
    "head_pitch", "head_roll", "head_yaw",
)  # fmt: skip


@dataclass(frozen=True)
class Motion:
    """Both bodies at every frame of a clip."""

    times: Array
    """Seconds on the clip's clock."""
    counts: Array
    """Counts since the dancer's 1; negative in the first handle."""
    leader: Body
    follower: Body


def frames_of(score: Score) -> int:
    """Frames of the clip, handles included."""
    last = POSE_SECONDS if score.stays else HANDLE_SECONDS
    return round((HANDLE_SECONDS + score.counts * score.beat + last) * FRAME_RATE)


def perform(score: Score, counts: Array | None = None) -> Motion:
    """Dance `score`: joints of both bodies.

    Args:

        counts: When to look, in counts since the dancer's 1; every frame of the clip if None.
    """
    if counts is None:
        counts = (np.arange(frames_of(score)) / FRAME_RATE - HANDLE_SECONDS) / score.beat
    lead = _spine(_lower(score, score.leader, True, counts), LEADER)
    follow = _spine(_lower(score, score.follower, False, counts), FOLLOWER)
    _hands(score, counts, lead, follow)
    return Motion(counts * score.beat + HANDLE_SECONDS, counts, lead, follow)


Channels = dict[str, Array]


def _lower(score: Score, part: Part, leader: bool, u: Array) -> Channels:
    """Feet, hips and spine angles, equal to the neutral basic outside the move."""
    n = score.counts
    before = _danced(neutral(score.entry, leader=leader), u, leader, np.ones_like(u))
    inside_share = np.minimum(ease((u - 0.1) / 0.9), ease((n - 0.1 - u) / 0.9))
    move = _danced(part, u, leader, 1 + (score.liveliness - 1) * inside_share)
    after = _danced(neutral(score.exit, leader=leader), u - n, leader, np.ones_like(u))
    into = np.ones_like(u) if score.arrives else ease(u / EDGE)
    out = np.zeros_like(u) if score.stays else ease((u - n + EDGE) / EDGE)
    stand = STANDS[score.exit]
    turned = np.radians(part.yaws[n] - (stand.leader_yaw if leader else stand.follower_yaw))
    for name in ("yaw", "left_foot_yaw", "right_foot_yaw"):
        after[name] = after[name] + turned
    mixed: Channels = {}
    for name, value in move.items():
        w = [s if value.ndim == 1 else s[:, None] for s in (into, out)]
        mixed[name] = (before[name] * (1 - w[0]) + value * w[0]) * (1 - w[1]) + after[name] * w[1]
    return mixed


def _danced(part: Part, u: Array, leader: bool, lively: Array) -> Channels:
    build = LEADER if leader else FOLLOWER
    out: Channels = {}
    yaw_keys = [(float(k), np.radians(part.yaws[k])) for k in sorted(part.yaws)]
    yaw = through(yaw_keys, u)
    landings = {"L": _landings(part, "L"), "R": _landings(part, "R")}
    for name, side in (("left", "L"), ("right", "R")):
        ball, foot_yaw, rise = _foot(landings[side], u, yaw, lively)
        out[f"{name}_ball"], out[f"{name}_foot_yaw"], out[f"{name}_rise"] = ball, foot_yaw, rise
    centre = _centre(part, landings, u)
    roll, twist = _cuban(part, u)
    out["yaw"] = yaw
    for name in _CURVES:
        keys = part.curves.get(name)
        out[name] = through(keys, u) if keys else np.zeros_like(u)
    amount = HIP_TILT * (1.0 if leader else 1.25)
    out["hip_roll"] = out["hip_roll"] + amount * lively * roll
    out["hip_twist"] = out["hip_twist"] + 0.5 * amount * lively * twist
    out["hip_side"] = out["hip_side"] + 0.04 * lively * roll
    bounce = 0.5 + 0.5 * np.cos(2 * np.pi * (u - 0.22))
    out["drop"] = out["drop"] + 0.022 * build.scale * lively * bounce
    out["centre"] = centre
    return out


@dataclass(frozen=True)
class Landing:
    """One foot coming to the floor."""

    count: int
    ball: Array
    """Where the ball of the foot lands, (3,)."""
    yaw: float
    heel: float
    """1 when only the ball touches, 0 when the foot takes the weight."""


def _landings(part: Part, side: str) -> list[Landing]:
    sign = 1.0 if side == "L" else -1.0
    found = []
    for k in sorted(part.feet):
        if part.feet[k].upper() != side:
            continue
        touches = part.feet[k].islower()
        aside = sign * STANCE * (0.85 if touches else 1.0)
        ahead = 0.14 if touches else 0.09
        (fx, fz), (lx, lz) = floor(part.yaws[k])
        x, z = part.spots[k]
        ball = np.array([x + aside * lx + ahead * fx, 0.0, z + aside * lz + ahead * fz])
        found.append(Landing(k, ball, float(np.radians(part.yaws[k])), float(touches)))
    return found


def _foot(
    landings: list[Landing], u: Array, yaw: Array, lively: Array
) -> tuple[Array, Array, Array]:
    """The ball of a foot, its yaw and how far its heel is up (0 to 1)."""
    first = landings[0]
    ball = np.repeat(first.ball[None], len(u), axis=0)
    rise = np.full_like(u, first.heel)
    held = np.full_like(u, first.yaw)
    for here, there in pairwise(landings):
        start = max(here.count + 0.25, there.count - SWING)
        s = glide((u - start) / (there.count - start))
        span = u > here.count
        air = 4 * s * (1 - s)
        way = there.ball - here.ball
        place = here.ball + s[:, None] * way
        reach = min(1.0, float(np.linalg.norm(way)) / 0.25)
        place[:, 1] += (0.02 + 0.035 * reach) * air * lively
        ball[span] = place[span]
        lifted = here.heel * (1 - s) + there.heel * s + 0.7 * air
        rise[span] = np.clip(lifted, 0, 1)[span]
        held[span] = (here.yaw + s * (there.yaw - here.yaw))[span]
    # A standing foot keeps its direction until the body has turned too far; then it pivots.
    twist = np.radians(35)
    facing = yaw - np.clip(yaw - held, -twist, twist)
    return ball, facing, rise


def _centre(part: Part, landings: dict[str, list[Landing]], u: Array) -> Array:
    """Where the hips are over the floor: they arrive over the standing foot after each step."""
    spots = {side: landings[side][0].ball for side in landings}
    at = {side: {step.count: step.ball for step in landings[side]} for side in landings}
    xs: list[tuple[float, float]] = []
    zs: list[tuple[float, float]] = []
    for k in sorted(part.feet):
        foot = part.feet[k]
        side = foot.upper()
        if side not in at:
            continue
        spots[side] = at[side][k]
        other = "R" if side == "L" else "L"
        standing, free = (other, side) if foot.islower() else (side, other)
        p = 0.66 * spots[standing] + 0.34 * spots[free]
        a = np.radians(part.yaws[k])
        xs.append((k + 0.16, float(p[0] - 0.06 * np.sin(a))))
        zs.append((k + 0.16, float(p[2] - 0.06 * np.cos(a))))
    return np.stack([through(xs, u), through(zs, u)], axis=-1)


def _cuban(part: Part, u: Array) -> tuple[Array, Array]:
    """Hip tilt and twist, -1 to 1: up over the standing leg, a pop on the tap."""
    roll: list[tuple[float, float]] = []
    twist: list[tuple[float, float]] = []
    for k in sorted(part.feet):
        foot = part.feet[k]
        sign = {"L": 1.0, "R": -1.0}.get(foot.upper())
        if sign is None:
            continue
        if foot.islower():
            roll += [(k + 0.04, 1.45 * sign), (k + 0.42, -0.35 * sign)]
            twist += [(k + 0.04, -1.0 * sign), (k + 0.45, 0.2 * sign)]
        else:
            roll.append((k + 0.45, sign))
            twist.append((k + 0.45, -sign))
    return through(roll, u), through(twist, u)


def _spine(c: Channels, build: Build) -> Body:
    """Joints of legs, spine and head; the arms come when both bodies stand."""
    scale = build.scale
    j: dict[str, Array] = {}
    balls, ankles = {}, {}
    for side in SIDES:
        ball, yaw, rise = c[f"{side}_ball"].copy(), c[f"{side}_foot_yaw"], c[f"{side}_rise"]
        ball[:, 1] += 0.025
        angle = 0.75 * rise
        up = build.ankle - 0.025
        ankle = ball - forward(yaw) * (build.foot * np.cos(angle) - up * np.sin(angle))[:, None]
        ankle[:, 1] += up * np.cos(angle) + build.foot * np.sin(angle)
        balls[side], ankles[side] = ball, ankle
        j[f"{side}_ankle"], j[f"{side}_toe"] = ankle, ball
    yaw = c["yaw"] + c["hip_twist"]
    hips = turn(yaw, c["hip_pitch"], c["hip_roll"])
    lean = turn(c["yaw"] + 0.25 * c["hip_twist"], c["hip_pitch"] + c["low_pitch"],
                0.1 * c["hip_roll"] + c["low_roll"])  # fmt: skip
    lean = lean @ turn(c["low_twist"], 0 * yaw, 0 * yaw)
    chest = lean @ turn(c["high_twist"], c["high_pitch"], c["high_roll"])
    head = chest @ turn(c["head_yaw"], c["head_pitch"] - 0.6 * c["high_pitch"], c["head_roll"])
    pelvis = np.empty((len(yaw), 3))
    offset = (
        leftward(c["yaw"]) * c["hip_side"][:, None] + forward(c["yaw"]) * c["hip_forward"][:, None]
    )
    pelvis[:, 0] = c["centre"][:, 0] + offset[:, 0]
    pelvis[:, 2] = c["centre"][:, 1] + offset[:, 2]
    leg = build.thigh + build.shin
    sockets = {
        s: apply(hips, ((1 if s == "left" else -1) * build.hip, -0.05 * scale, 0.0)) for s in SIDES
    }
    highest = np.full(len(yaw), leg * 0.985 + build.ankle + 0.05 * scale)
    for side in SIDES:
        gap = pelvis + sockets[side] - ankles[side]
        flat = np.minimum(np.hypot(gap[:, 0], gap[:, 2]), leg * 0.9)
        room = np.sqrt((leg * 0.992) ** 2 - flat**2) + ankles[side][:, 1] - sockets[side][:, 1]
        # A soft minimum, so that the hips do not kink when the other leg becomes the tighter one.
        highest = -0.012 * np.logaddexp(-highest / 0.012, -room / 0.012)
    pelvis[:, 1] = highest - c["drop"]
    j["pelvis"] = pelvis
    for side in SIDES:
        hip = pelvis + sockets[side]
        j[f"{side}_hip"] = hip
        pole = forward(c[f"{side}_foot_yaw"]) + 0.7 * forward(yaw)
        pole += leftward(yaw) * (0.22 if side == "left" else -0.22)
        j[f"{side}_knee"] = two_bones(hip, ankles[side], build.thigh, build.shin, pole)
    j["waist"] = pelvis + apply(hips, (0, 0.10 * scale, 0.0))
    j["chest"] = j["waist"] + apply(lean, (0, 0.20 * scale, 0.005))
    j["neck"] = j["chest"] + apply(chest, (0, 0.215 * scale, -0.005))
    j["head"] = (
        j["neck"] + apply(chest, (0, 0.045 * scale, 0.01)) + apply(head, (0, 0.115 * scale, 0.02))
    )
    for side in SIDES:
        sign = 1 if side == "left" else -1
        j[f"{side}_shoulder"] = j["chest"] + apply(
            chest, (sign * build.shoulder, 0.165 * scale, 0.0)
        )
    return Body(build, j, hips, lean, chest, head, c["yaw"])


OWN_PLACES = frozenset(("rest", "style", "up", "hip", "hair", "heart"))
"""Anchors on a dancer's own body: a hand there holds nobody's."""


LETTING_GO = 0.35
"""Counts that two hands need to part after a grip, and to find each other before it."""


@dataclass(frozen=True)
class Grip:
    """Two hands that hold each other from one count to another."""

    leader_hand: str
    follower_hand: str
    start: float
    end: float


def grips(score: Score) -> list[Grip]:
    """Who holds whose hand, and when, in counts; the handles before and after belong to it."""
    routes = _routes(score)
    found: list[Grip] = []
    for mine in SIDES:
        for hers in SIDES:
            shared = [s for s in _legs(routes[True, mine]) if s in _legs(routes[False, hers])]
            for t0, t1, a, b in shared:
                if OWN_PLACES & {a, b}:
                    continue
                last = found[-1] if found else None
                if last and (last.leader_hand, last.follower_hand, last.end) == (mine, hers, t0):
                    t0 = found.pop().start
                found.append(Grip(mine, hers, t0, t1))
    return found


Route = list[tuple[float, str]]


def _legs(keys: Route) -> list[tuple[float, float, str, str]]:
    """A route's (start, end, from, to), the waits before and after it included."""
    inner = [(t0, t1, a, b) for (t0, a), (t1, b) in pairwise(keys)]
    (first, a), (last, b) = keys[0], keys[-1]
    return [(-np.inf, first, a, a), *inner, (last, np.inf, b, b)]


def _anchor(name: str, side: str, own: Body, lead: Body, follow: Body) -> Array:
    """A place for a hand, (frames, 3); the shared ones are the same for both dancers."""
    sign = 1 if side == "left" else -1
    lj, fj = lead.joints, follow.joints
    own_places = {
        "rest": ("pelvis", own.waist, (sign * 0.25, -0.04, 0.17)),
        "style": ("chest", own.chest, (sign * 0.56, 0.06, 0.16)),
        "up": ("chest", own.chest, (sign * 0.26, 0.62, 0.10)),
        "hip": ("pelvis", own.hips, (sign * 0.19, 0.07, 0.05)),
        "hair": ("head", own.head, (sign * 0.13, 0.07, -0.03)),
        "heart": ("chest", own.chest, (sign * 0.03, 0.06, 0.16)),
    }
    if name in OWN_PLACES:
        own_joint, frame, offset = own_places[name]
        out: Array = own.joints[own_joint] + own.build.scale * apply(frame, offset)
        return out
    on_body = {
        "blade": (fj["chest"], follow.chest, (0.075, -0.01, -0.115)),
        "behind": (fj["waist"], follow.waist, (0.03, 0.04, -0.135)),
        "on_shoulder": (lj["right_shoulder"], lead.chest, (-0.015, 0.045, 0.045)),
        "on_neck": (lj["neck"], lead.chest, (-0.05, 0.02, -0.06)),
        "on_chest": (lj["chest"], lead.chest, (-0.07, 0.06, 0.13)),
        "waist_left": (fj["waist"], follow.hips, (0.155, 0.02, 0.05)),
        "waist_right": (fj["waist"], follow.hips, (-0.155, 0.02, 0.05)),
        "shadow_left": (fj["waist"], follow.waist, (0.30, 0.02, 0.17)),
        "shadow_right": (fj["waist"], follow.waist, (-0.30, 0.02, 0.17)),
        "wide_left": (fj["chest"], follow.chest, (0.50, 0.12, 0.08)),
        "wide_right": (fj["chest"], follow.chest, (-0.50, 0.12, 0.08)),
        "wrap": (fj["waist"], follow.waist, (-0.05, 0.06, 0.17)),
        "over": (fj["head"], np.broadcast_to(np.eye(3), follow.head.shape), (0.0, 0.27, 0.0)),
        "over_other": (
            fj["head"],
            np.broadcast_to(np.eye(3), follow.head.shape),
            (0.0, 0.21, 0.08),
        ),
        "over_leader": (lj["head"], np.broadcast_to(np.eye(3), lead.head.shape), (0.0, 0.26, 0.0)),
        "her_hair": (fj["head"], follow.head, (0.11, 0.02, 0.03)),
    }
    if name in on_body:
        joint, frame, offset = on_body[name]
        return joint + apply(frame, offset)
    between = {
        "frame": (0.46, 1.40, -0.11),
        "frame_low": (0.34, 1.02, 0.03),
        "low_left": (0.20, 1.03, 0.0),
        "low_right": (-0.20, 1.03, 0.0),
        "high_left": (0.28, 1.45, 0.0),
        "high_right": (-0.28, 1.45, 0.0),
        "cross_under": (0.06, 1.00, 0.0),
        "cross_over": (-0.06, 1.09, 0.0),
        "chest_left": (0.24, 1.24, 0.02),
        "between": (0.0, 0.98, 0.0),
    }
    aside, height, ahead = between[name]
    middle = 0.5 * (lj["chest"] + fj["chest"])
    line = fj["chest"] - lj["chest"]
    line[:, 1] = 0
    axis = unit(line)
    left = np.stack([axis[:, 2], np.zeros(len(axis)), -axis[:, 0]], axis=-1)
    place = middle + axis * ahead + left * aside
    if name == "between":
        place = 0.5 * (lj["right_hip"] + fj["left_hip"]) + 0.12 * forward(lead.yaw)
    place[:, 1] = height + 0.5 * (middle[:, 1] - 1.24)
    return place


def _routes(score: Score) -> dict[tuple[bool, str], Route]:
    """The anchors of every hand, the holds at both edges included."""
    routes = {}
    for leader in (True, False):
        part = score.leader if leader else score.follower
        for index, side in enumerate(SIDES):
            edges = [
                (stand.leader_hands if leader else stand.follower_hands)[index]
                for stand in (STANDS[score.entry], STANDS[score.exit])
            ]
            keys = sorted(part.hands[side])
            if not (score.arrives and keys):
                keys.insert(0, (0.0, edges[0]))
            if not (score.stays and keys):
                keys.append((float(score.counts), edges[1]))
            routes[leader, side] = keys
    return routes


def _hands(score: Score, u: Array, lead: Body, follow: Body) -> None:
    routes = _routes(score)
    targets = {
        (leader, side): _travelled(keys, side, lead if leader else follow, lead, follow, u)
        for (leader, side), keys in routes.items()
    }
    for grip in grips(score):
        pair = ((True, grip.leader_hand), (False, grip.follower_hand))
        outside = np.maximum(grip.start - u, u - grip.end)
        share = 1 - ease(outside / LETTING_GO)[:, None]
        place = _met(targets[pair[0]], grip.leader_hand, grip.follower_hand, lead, follow)
        for hand in pair:
            targets[hand] = targets[hand] + share * (place - targets[hand])
    for leader, side in targets:
        _arm(lead if leader else follow, side, targets[leader, side])


def _travelled(keys: Route, side: str, own: Body, lead: Body, follow: Body, u: Array) -> Array:
    place = _anchor(keys[0][1], side, own, lead, follow)
    for (t0, a), (t1, b) in pairwise(keys):
        if a != b:
            w = ease((u - t0) / max(t1 - t0, 1e-6))[:, None]
            place = place * (1 - w) + _anchor(b, side, own, lead, follow) * w
    return place


def _reach(own: Body, side: str, place: Array) -> Array:
    root = own.joints[f"{side}_shoulder"]
    longest = 0.985 * (own.build.upper_arm + own.build.fore_arm)
    line = place - root
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    out: Array = root + line * np.minimum(1.0, longest / np.maximum(distance, 1e-9))
    return out


def _met(place: Array, mine: str, hers: str, lead: Body, follow: Body) -> Array:
    """Draw a shared grip to where both arms can reach it."""
    for _ in range(8):
        place = _reach(follow, hers, _reach(lead, mine, place))
    return place


def _arm(own: Body, side: str, place: Array) -> None:
    sign = 1 if side == "left" else -1
    j, build = own.joints, own.build
    root = j[f"{side}_shoulder"]
    place = _reach(own, side, place)
    pole = apply(own.chest, (sign * 0.75, -1.0, -0.45))
    elbow = two_bones(root, place, build.upper_arm, build.fore_arm, pole)
    j[f"{side}_elbow"] = elbow
    j[f"{side}_wrist"] = elbow + 0.78 * (place - elbow)
    j[f"{side}_hand"] = place
