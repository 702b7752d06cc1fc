"""Flat shapes of round things: outlines of tubes, ellipsoids and cloth, shaded in nested tones.

Everything is computed for all frames of a clip at once. A shape is a list of layers, each one
polygon a frame and one colour; a polygon that is not seen collapses to a point.
"""

from dataclasses import dataclass

import numpy as np

from .body import apply, unit
from .camera import VIEW, flatten, project
from .curves import Array

LIGHT = np.array([-0.55, -0.835])
"""Where the light comes from on the picture: above, a little from the left."""

OUTLINE = 1.5
"""Pixels of the dark line around a shape."""

Colour = int
"""0xAARRGGBB."""


def shade(colour: Colour, amount: float) -> Colour:
    """`colour` darker (amount below 0, towards a warm dark) or lighter (above 0)."""
    target = (34, 14, 30) if amount < 0 else (255, 240, 214)
    a = abs(amount)
    parts = [(colour >> s) & 255 for s in (16, 8, 0)]
    mixed = [round(p * (1 - a) + t * a) for p, t in zip(parts, target, strict=True)]
    return (colour & 0xFF000000) | mixed[0] << 16 | mixed[1] << 8 | mixed[2]


@dataclass(frozen=True)
class Shape:
    """Layers from the bottom up, and the distance that decides what hides what."""

    depth: Array
    layers: list[tuple[Array, Colour]]


def tones(colour: Colour) -> list[tuple[float, float, float, Colour]]:
    """(growth in pixels, width share, shift to the light, colour) of the nested layers."""
    # Light adds less to a dark cloth than to a bright one.
    bright = sum((colour >> s) & 255 for s in (16, 8, 0)) / 765
    lit = 0.04 + 0.09 * bright
    return [
        (OUTLINE, 1.0, 0.0, shade(colour, -0.60)),
        (0.0, 1.0, 0.0, shade(colour, -0.20)),
        (0.0, 0.80, 0.16, shade(colour, -0.04)),
        (0.0, 0.50, 0.34, shade(colour, lit)),
    ]


_CAP = np.radians([-58, -22, 22, 58])


def tube(
    centres: Array,
    half: Array,
    colour: Colour,
    depth: Array,
    *,
    flat: tuple[float, float] = (1.0, 1.0),
) -> Shape:
    """A bent tube through `centres` (frames, n, 2) with half widths `half` (frames, n), pixels.

    `flat` says how round its first and last end are: 1 a half circle, 0 cut straight.
    """
    tangent = np.gradient(centres, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=-1, keepdims=True), 1e-6)
    normal = np.stack([-tangent[..., 1], tangent[..., 0]], axis=-1)
    lit = normal * (normal @ LIGHT)[..., None]
    layers = []
    for grow, share, shift, tone in tones(colour):
        width = (half * share + grow)[..., None]
        middle = centres + lit * (half * shift)[..., None]
        caps = []
        for end, sign in ((-1, 1.0), (0, -1.0)):
            t, n, w = tangent[:, end] * flat[end], normal[:, end], width[:, end]
            caps.append(
                np.stack(
                    [middle[:, end] + sign * (t * np.cos(a) - n * np.sin(a)) * w for a in _CAP],
                    axis=1,
                )
            )
        contour = np.concatenate(
            [middle + normal * width, caps[0], (middle - normal * width)[:, ::-1], caps[1]], axis=1
        )
        layers.append((contour, tone))
    return Shape(depth, layers)


def limb_weights(bend: float = 0.16, samples: int = 4) -> Array:
    """Weights (n, 3) of a smooth line along two bones that rounds the joint between them."""
    rows = [[1 - t, t, 0.0] for t in np.linspace(0, 1 - bend, samples)]
    for s in (0.33, 0.67):
        a, b = np.array([bend, 1 - bend, 0]), np.array([0, 1 - bend, bend])
        rows.append(list((1 - s) ** 2 * a + 2 * s * (1 - s) * np.array([0, 1, 0]) + s * s * b))
    rows += [[0.0, 1 - t, t] for t in np.linspace(bend, 1, samples)]
    return np.array(rows)


_LIMB = limb_weights()


def limb(joints: list[Array], radii: tuple[float, ...], colour: Colour, depth: Array) -> Shape:
    """A tube along three joints; `radii` in metres are spread evenly along it."""
    line = np.einsum("nk,fkc->fnc", _LIMB, np.stack(joints, axis=1))
    xy, scale, _ = project(line)
    profile = np.interp(
        np.linspace(0, 1, len(_LIMB)), np.linspace(0, 1, len(radii)), np.array(radii)
    )
    return tube(xy, scale * profile, colour, depth)


def bone(start: Array, end: Array, radii: tuple[float, ...], colour: Colour, depth: Array) -> Shape:
    """A straight tube; `radii` in metres from start to end."""
    t = np.linspace(0, 1, len(radii))[None, :, None]
    xy, scale, _ = project(start[:, None] * (1 - t) + end[:, None] * t)
    return tube(xy, scale * np.array(radii), colour, depth)


def trunk(
    rings: list[tuple[Array, Array, float, float]],
    colour: Colour,
    depth: Array,
    *,
    flat: tuple[float, float] = (0.4, 0.6),
    dense: int = 9,
) -> Shape:
    """A body of elliptic rings: (centre, frame, half width, half depth) from below to above."""
    centres = np.stack([r[0] for r in rings], axis=1)
    sides = np.stack([apply(r[1], (r[2], 0, 0)) for r in rings], axis=1)
    fronts = np.stack([apply(r[1], (0, 0, r[3])) for r in rings], axis=1)
    grid = np.linspace(0, len(rings) - 1, dense)
    weights = _spline(len(rings), grid)
    xy, scale, _ = project(centres)
    a, b = flatten(sides, scale), flatten(fronts, scale)
    xy, a, b = (np.einsum("nk,fkc->fnc", weights, v) for v in (xy, a, b))
    tangent = np.gradient(xy, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=-1, keepdims=True), 1e-6)
    normal = np.stack([-tangent[..., 1], tangent[..., 0]], axis=-1)
    half = np.hypot(np.sum(normal * a, -1), np.sum(normal * b, -1))
    return tube(xy, half, colour, depth, flat=flat)


def _spline(n: int, grid: Array) -> Array:
    """Weights of a Catmull-Rom curve through n keys, evaluated at `grid`."""
    out = np.zeros((len(grid), n))
    for row, g in enumerate(grid):
        i = min(int(g), n - 2)
        t = g - i
        basis = (
            -0.5 * t + t * t - 0.5 * t**3,
            1 - 2.5 * t * t + 1.5 * t**3,
            0.5 * t + 2 * t * t - 1.5 * t**3,
            -0.5 * t * t + 0.5 * t**3,
        )
        for k, w in zip((i - 1, i, i + 1, i + 2), basis, strict=True):
            out[row, min(max(k, 0), n - 1)] += w
    return out


def cap(
    centre: Array,
    frame: Array,
    axes: tuple[float, float, float],
    towards: tuple[float, float, float],
    angle: float,
    colour: Colour,
    grow: float = 0.0,
) -> tuple[Array, Colour]:
    """The seen part of a round patch on an ellipsoid: hair on a skull.

    The edge is the seen arc of the patch's rim, closed along the ellipsoid's own contour where
    the rim passes behind it.

    Args:

        centre: Of the ellipsoid, (frames, 3).

        frame: Its axes' rotation, (frames, 3, 3).

        axes: Half axes in metres: left, up, forward.

        towards: Body-frame direction of the patch's middle.

        angle: Its half opening, degrees, below 90.

        colour: Of the patch.

        grow: Pixels to grow by, away from the middle.
    """
    a = np.array(axes)
    t = np.array(towards) / np.linalg.norm(towards)
    side = np.cross(t, [0.0, 1.0, 0.01])
    side /= np.linalg.norm(side)
    top = np.cross(side, t)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    seen = unit(np.einsum("fji,j->fi", frame, VIEW) / a)
    tm, sm, pm = seen @ t, seen @ side, seen @ top
    kappa = np.clip(-c * tm / np.maximum(s * np.hypot(sm, pm), 1e-6), -1, 1)
    beta = np.arccos(kappa)
    phi = np.arctan2(pm, sm)[:, None] + beta[:, None] * np.linspace(-1, 1, 15)
    rim = c * t + s * (np.cos(phi)[..., None] * side + np.sin(phi)[..., None] * top)
    first = unit(t - tm[:, None] * seen)
    second = np.cross(seen, first)
    last = rim[:, -1]
    gamma = np.arctan2(np.sum(last * second, -1), np.sum(last * first, -1))
    psi = gamma[:, None] * np.linspace(1, -1, 9)[1:-1]
    contour = np.cos(psi)[..., None] * first[:, None] + np.sin(psi)[..., None] * second[:, None]
    contour = np.where((kappa <= -1)[:, None, None], last[:, None], contour)
    ring = np.concatenate([rim, contour], axis=1)
    ring = np.where((kappa >= 1)[:, None, None], ring[:, :1], ring)
    xy, _, _ = project(centre[:, None] + np.einsum("fij,fpj->fpi", frame, ring * a))
    if grow:
        away = xy - xy.mean(axis=1, keepdims=True)
        length = np.linalg.norm(away, axis=-1, keepdims=True)
        xy = xy + grow * away / np.maximum(length, 2.0)
    return xy, colour


def patch(
    centre: Array,
    frame: Array,
    place: tuple[float, float, float],
    size: tuple[float, float],
    colour: Colour,
    *,
    points: int = 8,
    least: float = 0.12,
) -> tuple[Array, Colour]:
    """A small ellipse lying on a body: an eye, a mouth; gone when it looks away."""
    phi = np.linspace(0, 2 * np.pi, points, endpoint=False)
    across, along = place[0] + size[0] * np.cos(phi), place[1] + size[1] * np.sin(phi)
    local = np.stack([across, along, np.full(points, place[2])], axis=-1)
    room = centre[:, None] + np.einsum("fij,pj->fpi", frame, local)
    out_way = unit(apply(frame, (place[0] * 1.2, 0.0, place[2])))
    seen = out_way @ VIEW > least
    xy, _, _ = project(np.where(seen[:, None, None], room, centre[:, None]))
    return np.where(seen[:, None, None], xy, xy[:, :1]), colour
