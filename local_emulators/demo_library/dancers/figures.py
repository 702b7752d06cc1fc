"""A dressed leader and a dressed follower as shapes, frame by frame."""

from dataclasses import dataclass

import numpy as np

from choreo.clip_format import FRAME_RATE

from .body import SIDES, Body, apply, forward
from .camera import VIEW, project
from .curves import Array, lagging
from .shapes import Colour, Shape, bone, cap, limb, patch, shade, trunk, tube


@dataclass(frozen=True)
class Outfit:
    """Colours of both dancers, 0xAARRGGBB."""

    leader_skin: Colour
    leader_hair: Colour
    shirt: Colour
    trousers: Colour
    leader_shoes: Colour
    follower_skin: Colour
    follower_hair: Colour
    dress: Colour
    follower_shoes: Colour
    lips: Colour


LEGS_BEHIND = 0.10
"""Metres: the clothes of the trunk hang over the legs, whichever of them is nearer."""


def _depth(*points: Array, nearer: float = 0.0) -> Array:
    out: Array = np.mean([project(p)[2] for p in points], axis=0) - nearer
    return out


def leader_shapes(body: Body, outfit: Outfit) -> list[Shape]:
    """Shirt, dark trousers, short hair."""
    j, s = body.joints, body.build.scale
    shapes = []
    for side in SIDES:
        hip, knee, ankle = j[f"{side}_hip"], j[f"{side}_knee"], j[f"{side}_ankle"]
        shapes.append(_shoe(body, side, outfit.leader_shoes, 0.046))
        low = ankle + np.array([0.0, -0.035, 0.0])
        shapes.append(
            limb([hip, knee, low], (0.098, 0.094, 0.082, 0.068, 0.064, 0.060, 0.058),
                 outfit.trousers, _depth(hip, knee, ankle, nearer=-LEGS_BEHIND))
        )  # fmt: skip
        shapes.append(_arm(body, side, outfit.leader_skin, 1.0, outfit.shirt))
    pelvis, waist, chest, neck = j["pelvis"], j["waist"], j["chest"], j["neck"]
    seat = [
        (pelvis + apply(body.hips, (0, -0.12 * s, 0)), body.hips, 0.128, 0.112),
        (pelvis + apply(body.hips, (0, -0.03 * s, 0)), body.hips, 0.160, 0.118),
        (pelvis + apply(body.hips, (0, 0.06 * s, 0)), body.hips, 0.150, 0.108),
    ]
    trousers = trunk(seat, outfit.trousers, _depth(pelvis, nearer=0.02), flat=(0.15, 0.2))
    # The outline goes behind the legs, so that legs and seat are one pair of trousers.
    shapes.append(Shape(_depth(pelvis, nearer=-0.25), trousers.layers[:1]))
    shapes.append(Shape(trousers.depth, [(trousers.layers[1][0], trousers.layers[2][1])]))
    torso = [
        (pelvis + apply(body.hips, (0, 0.045 * s, 0)), body.hips, 0.152, 0.110),
        (waist + apply(body.waist, (0, 0.02, 0)), body.waist, 0.150, 0.106),
        (chest + apply(body.waist, (0, -0.03, 0)), body.waist, 0.172, 0.118),
        (chest + apply(body.chest, (0, 0.08 * s, 0)), body.chest, 0.196, 0.122),
        (chest + apply(body.chest, (0, 0.165 * s, 0)), body.chest, 0.186, 0.095),
        (neck + apply(body.chest, (0, -0.03, 0)), body.chest, 0.080, 0.070),
    ]
    shapes.append(trunk(torso, outfit.shirt, _depth(waist, chest, nearer=0.03)))
    shapes += _head(
        body, outfit.leader_skin, outfit.leader_hair, shade(outfit.leader_skin, -0.3), False
    )
    return shapes


def follower_shapes(body: Body, outfit: Outfit) -> list[Shape]:
    """A dress whose skirt swings after the hips, bare arms, long tied hair, heels."""
    j, s = body.joints, body.build.scale
    shapes = []
    for side in SIDES:
        hip, knee, ankle = j[f"{side}_hip"], j[f"{side}_knee"], j[f"{side}_ankle"]
        shapes.append(_shoe(body, side, outfit.follower_shoes, 0.034))
        shapes.append(
            limb([hip, knee, ankle], (0.088, 0.080, 0.064, 0.050, 0.053, 0.044, 0.032),
                 outfit.follower_skin, _depth(hip, knee, ankle, nearer=-LEGS_BEHIND))
        )  # fmt: skip
        shapes.append(_arm(body, side, outfit.follower_skin, 0.80, None))
    pelvis, waist, chest, neck = j["pelvis"], j["waist"], j["chest"], j["neck"]
    shapes += _skirt(body, outfit.dress)
    torso = [
        (pelvis + apply(body.hips, (0, -0.04 * s, 0)), body.hips, 0.160, 0.118),
        (pelvis + apply(body.hips, (0, 0.05 * s, 0)), body.hips, 0.136, 0.104),
        (waist + apply(body.waist, (0, 0.03, 0)), body.waist, 0.108, 0.084),
        (chest + apply(body.waist, (0, -0.02, 0.006)), body.waist, 0.128, 0.104),
        (chest + apply(body.chest, (0, 0.07 * s, 0.012)), body.chest, 0.142, 0.116),
        (chest + apply(body.chest, (0, 0.135 * s, 0.0)), body.chest, 0.134, 0.082),
    ]
    upper = [
        (chest + apply(body.chest, (0, 0.10 * s, 0)), body.chest, 0.132, 0.080),
        (chest + apply(body.chest, (0, 0.165 * s, 0)), body.chest, 0.150, 0.070),
        (neck + apply(body.chest, (0, -0.015, 0)), body.chest, 0.055, 0.050),
    ]
    shapes.append(trunk(upper, outfit.follower_skin, _depth(waist, chest, nearer=0.025)))
    shapes.append(trunk(torso, outfit.dress, _depth(waist, chest, nearer=0.03)))
    shapes += _head(body, outfit.follower_skin, outfit.follower_hair, outfit.lips, True)
    return shapes


def _shoe(body: Body, side: str, colour: Colour, radius: float) -> Shape:
    ankle, toe = body.joints[f"{side}_ankle"], body.joints[f"{side}_toe"]
    along = toe - ankle
    flat = along.copy()
    flat[:, 1] = 0
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    heel = ankle - 0.04 * flat
    heel[:, 1] -= 0.45 * (ankle[:, 1] - toe[:, 1])
    tip = toe + 0.085 * flat * body.build.scale
    tip[:, 1] = toe[:, 1] - 0.004
    points = np.stack([heel, 0.5 * (heel + toe) + np.array([0, 0.012, 0]), toe, tip], axis=1)
    xy, scale, _ = project(points)
    profile = np.array([radius * 0.92, radius * 1.0, radius * 0.86, radius * 0.5])
    return tube(xy, scale * profile, colour, _depth(ankle, toe, nearer=-0.01))


def _arm(body: Body, side: str, skin: Colour, girth: float, sleeve: Colour | None) -> Shape:
    j = body.joints
    shoulder, elbow, wrist, hand = (
        j[f"{side}_{n}"] for n in ("shoulder", "elbow", "wrist", "hand")
    )
    depth = _depth(shoulder, elbow, hand, hand, nearer=0.02)

    def part(a: Array, b: Array, *radii: float, colour: Colour = skin) -> Shape:
        return bone(a, b, tuple(r * girth for r in radii), colour, depth)

    tip = hand + 0.75 * (hand - wrist)
    thick = 0.75 + 0.25 / girth
    palm = part(wrist, tip, *(r * thick for r in (0.027, 0.036, 0.037, 0.030, 0.018)))
    upper = part(shoulder, elbow, 0.056, 0.054, 0.048, 0.043)
    lower = part(elbow, wrist, 0.043, 0.047, 0.042, 0.036, 0.029)
    # Outlines first: no line crosses the elbow or the wrist then.
    layers = [s.layers[0] for s in (palm, lower, upper)]
    layers += [layer for s in (palm, upper, lower) for layer in s.layers[1:]]
    if sleeve is not None:
        cuff = shoulder + 0.86 * (elbow - shoulder)
        layers += part(shoulder, cuff, 0.062, 0.060, 0.055, 0.053, colour=sleeve).layers
    return Shape(depth, layers)


def _head(body: Body, skin: Colour, hair: Colour, lips: Colour, long: bool) -> list[Shape]:
    j, s, frame = body.joints, body.build.scale, body.head
    centre = j["head"]
    depth = _depth(centre, nearer=0.04)
    neck = bone(
        j["neck"] + apply(body.chest, (0, -0.02, 0)),
        centre + apply(frame, (0, -0.05, -0.015)),
        (0.041 * s, 0.041 * s, 0.041 * s) if long else (0.056 * s, 0.050 * s, 0.048 * s),
        skin,
        _depth(j["waist"], j["chest"], nearer=0.035),
    )
    wide = 1.0 if not long else 0.95
    skull = [
        (centre + apply(frame, (0, y * s, z * s)), frame, w * s * wide, d * s)
        for y, z, w, d in (
            (-0.106, 0.040, 0.030, 0.030),
            (-0.085, 0.028, 0.050, 0.054),
            (-0.040, 0.012, 0.066, 0.080),
            (0.010, 0.000, 0.073, 0.090),
            (0.055, -0.006, 0.071, 0.090),
            (0.080, -0.008, 0.058, 0.074),
        )
    ]
    face = trunk(skull, skin, depth, flat=(0.5, 0.4), dense=10)
    axes = (0.083 * s, 0.112 * s, 0.104 * s)
    top = centre + apply(frame, (0, 0.018 * s, -0.008 * s))
    towards, angle = ((0.0, 0.90, -0.42), 88.0) if long else ((0.0, 0.93, -0.37), 86.0)
    dark = shade(hair, -0.5)
    layers = list(face.layers)
    for sign in (-1, 1):
        layers.append(_ear(centre, frame, sign * 0.076 * s * wide, s, skin))
        layers.append(
            patch(
                centre,
                frame,
                (sign * 0.030 * s, 0.004 * s, 0.088 * s),
                (0.0125 * s, 0.0075 * s),
                0xFFF6EFE6,
            )
        )
        layers.append(
            patch(
                centre,
                frame,
                (sign * 0.030 * s, 0.003 * s, 0.090 * s),
                (0.0065 * s, 0.0075 * s),
                0xFF2A1A14,
            )
        )
        layers.append(
            patch(
                centre,
                frame,
                (sign * 0.031 * s, 0.024 * s, 0.089 * s),
                (0.017 * s, 0.0035 * s),
                dark,
            )
        )
    layers.append(
        patch(centre, frame, (0, -0.022 * s, 0.100 * s), (0.010 * s, 0.013 * s), shade(skin, -0.14))
    )
    layers.append(patch(centre, frame, (0, -0.056 * s, 0.086 * s), (0.020 * s, 0.0065 * s), lips))
    layers.append(cap(top, frame, axes, towards, angle, dark, grow=1.0))
    layers.append(cap(top, frame, axes, towards, angle, hair))
    layers.append(cap(top, frame, axes, (0.25, 0.8, -0.5), 34.0, shade(hair, 0.10)))
    shapes = [neck, Shape(depth, layers)]
    if long:
        shapes.append(_tail(body, hair))
    return shapes


def _ear(centre: Array, frame: Array, aside: float, s: float, skin: Colour) -> tuple[Array, Colour]:
    phi = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    local = np.stack(
        [np.full(8, aside), 0.022 * s * np.sin(phi) - 0.012 * s, 0.013 * s * np.cos(phi)], axis=-1
    )
    xy, _, _ = project(centre[:, None] + np.einsum("fij,pj->fpi", frame, local))
    seen = apply(frame, (np.sign(aside), 0.0, 0.0)) @ VIEW > 0.15
    return np.where(seen[:, None, None], xy, xy[:, :1]), shade(skin, -0.22)


def _tail(body: Body, hair: Colour) -> Shape:
    """A pony tail: each link follows the one above later and swings more."""
    frame, s = body.head, body.build.scale
    root = body.joints["head"] + apply(frame, (0, 0.045 * s, -0.105 * s))
    links_down = [
        root
        + 0.5 * apply(frame, (0, -0.3 * down, -0.45 * min(down, 0.12)))
        + np.array([0, -0.85 * down, 0])
        for down in (0.0, 0.08, 0.17, 0.26)
    ]
    hang = np.stack(links_down, axis=1)
    step = 1 / FRAME_RATE
    links = [hang[:, 0]]
    for i, (hz, damping) in enumerate(((3.2, 0.55), (2.3, 0.45), (1.8, 0.42)), start=1):
        links.append(lagging(hang[:, i], step, hz, damping))
    points = np.stack(links, axis=1)
    xy, scale, _ = project(points)
    shape = tube(xy, scale * np.array([0.030, 0.043, 0.036, 0.010]) * s, hair, np.zeros(1))
    away = project(root)[2] - project(body.joints["head"])[2]
    return Shape(_depth(body.joints["head"], nearer=0.045) + 1.2 * away, shape.layers)


def _skirt(body: Body, dress: Colour) -> list[Shape]:
    j, s = body.joints, body.build.scale
    pelvis = j["pelvis"]
    step = 1 / FRAME_RATE
    knees = 0.5 * (j["left_knee"] + j["right_knee"])
    hang = 0.55 * pelvis + 0.45 * knees
    hang[:, 1] = pelvis[:, 1] - 0.40 * s
    hem = lagging(hang, step, 1.9, 0.5)
    hem[:, 1] = hang[:, 1]
    rate = np.gradient(body.yaw) / step
    spread = np.linalg.norm((j["left_knee"] - j["right_knee"])[:, [0, 2]], axis=1) / 2
    flare = lagging(np.clip(np.abs(rate) / 9.0, 0, 1)[:, None], step, 1.6, 0.6)[:, 0]
    radius = np.maximum(0.215 * s + 0.13 * flare, spread + 0.12)
    radius = lagging(radius[:, None], step, 3.0, 0.8)[:, 0]
    hem[:, 1] += 0.10 * flare
    hip = pelvis + apply(body.hips, (0, -0.05 * s, 0))
    waist = pelvis + apply(body.hips, (0, 0.085 * s, 0))
    middle = 0.5 * (hip + hem)
    centres = np.stack([waist, hip, middle, hem], axis=1)
    xy, scale, depth = project(centres)
    wide = np.stack(
        [
            np.full_like(radius, 0.118 * s),
            np.full_like(radius, 0.166 * s),
            0.5 * radius + 0.088 * s,
            radius,
        ],
        axis=1,
    )
    front = tube(xy, scale * wide, dress, depth[:, 1] - 0.13, flat=(0.3, 0.24))
    layers = list(front.layers)
    # Folds turn with the body, so that a turn is seen in the cloth.
    for i in range(9):
        angle = body.yaw + 2 * np.pi * i / 9
        out_way = forward(angle)
        low = hem + out_way * (0.97 * radius)[:, None]
        top = hip + out_way * 0.15 * s
        side = forward(angle + np.pi / 2) * 0.020
        ends = np.stack([top, low - side, low + side], axis=1)
        pts, _, _ = project(ends)
        seen = out_way[:, 2] > 0.4
        pts = np.where(seen[:, None, None], pts, pts[:, :1])
        layers.append((pts, shade(dress, -0.34) & 0x70FFFFFF))
    inside = tube(
        xy[:, 2:],
        scale[:, 2:] * wide[:, 2:] * 0.97,
        shade(dress, -0.5),
        depth[:, 3] + 0.16,
        flat=(0.0, 0.24),
    )
    back_hem = Shape(inside.depth, inside.layers[1:2])
    return [back_hem, Shape(front.depth, layers)]
