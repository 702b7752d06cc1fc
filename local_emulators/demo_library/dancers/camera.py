"""One fixed camera at breast height, as a phone on a tripod films a couple."""

import numpy as np

from .curves import Array

WIDTH, HEIGHT = 1280, 720

_EYE = np.array([0.0, 1.50, 6.2])
_AIM = np.array([0.0, 0.985, 0.0])
_PIXELS_PER_METRE = 292.0
"""At the middle of the floor: a couple fills two thirds of the picture's height."""

_depth_axis = (_AIM - _EYE) / np.linalg.norm(_AIM - _EYE)
_right = np.array([1.0, 0.0, 0.0])
_up = np.cross(_right, _depth_axis)
_FOCAL = _PIXELS_PER_METRE * float(np.linalg.norm(_AIM - _EYE))

VIEW = -_depth_axis
"""Unit vector from the scene to the camera."""


def project(points: Array) -> tuple[Array, Array, Array]:
    """Pixels (..., 2), pixels per metre (...) and distance (...) of points (..., 3)."""
    offset = points - _EYE
    depth = offset @ _depth_axis
    scale = _FOCAL / depth
    xy = np.stack(
        [WIDTH / 2 + (offset @ _right) * scale, HEIGHT / 2 - (offset @ _up) * scale], axis=-1
    )
    return xy, scale, depth


def flatten(vectors: Array, scale: Array) -> Array:
    """Directions (..., 3) of short lengths as pixels (..., 2) where `scale` holds."""
    flat = np.stack([vectors @ _right, -(vectors @ _up)], axis=-1)
    out: Array = flat * scale[..., None]
    return out
