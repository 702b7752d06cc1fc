"""Two bodies: proportions, and joints from the angles of a spine and the places of feet and hands.

Metres. x to the camera's right, y up, z towards the camera. A body's own axes are left, up and
forward; yaw 0 faces the camera and grows to the body's left, in radians.
"""

from dataclasses import dataclass

import numpy as np

from .curves import Array

JOINTS = (
    "head",
    "neck",
    "chest",
    "waist",
    "pelvis",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "left_hand",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "right_hand",
    "left_hip",
    "left_knee",
    "left_ankle",
    "left_toe",
    "right_hip",
    "right_knee",
    "right_ankle",
    "right_toe",
)

SIDES = ("left", "right")


@dataclass(frozen=True)
class Build:
    """Lengths of one body, metres."""

    height: float
    shoulder: float
    """Half the width between the shoulder joints."""
    hip: float
    """Half the width between the hip joints."""
    heel: float
    """Height that the shoes add under the ankle."""

    @property
    def scale(self) -> float:
        """Against a body of 1.78 m."""
        return self.height / 1.78

    @property
    def thigh(self) -> float:
        """Hip to knee."""
        return 0.445 * self.scale

    @property
    def shin(self) -> float:
        """Knee to ankle."""
        return 0.435 * self.scale

    @property
    def upper_arm(self) -> float:
        """Shoulder to elbow."""
        return 0.295 * self.scale

    @property
    def fore_arm(self) -> float:
        """Elbow to the middle of the palm."""
        return 0.335 * self.scale

    @property
    def ankle(self) -> float:
        """Height of the ankle over the floor."""
        return 0.085 * self.scale + self.heel

    @property
    def foot(self) -> float:
        """Ankle to the ball of the foot, on the floor."""
        return 0.13 * self.scale


LEADER = Build(height=1.79, shoulder=0.195, hip=0.092, heel=0.015)
FOLLOWER = Build(height=1.66, shoulder=0.160, hip=0.098, heel=0.055)


@dataclass(frozen=True)
class Body:
    """Joints (frames, 3) and the frames of hips, chest and head (frames, 3, 3)."""

    build: Build
    joints: dict[str, Array]
    hips: Array
    waist: Array
    chest: Array
    head: Array
    yaw: Array


def forward(yaw: Array) -> Array:
    """Unit vectors (..., 3) of where a body with this yaw looks."""
    return np.stack([np.sin(yaw), np.zeros_like(yaw), np.cos(yaw)], axis=-1)


def leftward(yaw: Array) -> Array:
    """Unit vectors (..., 3) to the left of a body with this yaw."""
    return np.stack([np.cos(yaw), np.zeros_like(yaw), -np.sin(yaw)], axis=-1)


def turn(yaw: Array, pitch: Array, roll: Array) -> Array:
    """Rotations (frames, 3, 3): roll about forward (left side up), pitch (bow), then yaw."""
    cy, sy, cp, sp, cr, sr = (
        np.cos(yaw),
        np.sin(yaw),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(roll),
        np.sin(roll),
    )
    out = np.empty((*np.shape(yaw), 3, 3))
    out[..., 0, 0] = cy * cr + sy * sp * sr
    out[..., 0, 1] = -cy * sr + sy * sp * cr
    out[..., 0, 2] = sy * cp
    out[..., 1, 0] = cp * sr
    out[..., 1, 1] = cp * cr
    out[..., 1, 2] = -sp
    out[..., 2, 0] = -sy * cr + cy * sp * sr
    out[..., 2, 1] = sy * sr + cy * sp * cr
    out[..., 2, 2] = cy * cp
    return out


def apply(rotation: Array, vector: tuple[float, float, float]) -> Array:
    """The body-frame `vector` in the room, (frames, 3)."""
    out: Array = rotation @ np.asarray(vector)
    return out


def unit(vector: Array) -> Array:
    """`vector` (..., 3) at length 1."""
    out: Array = vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-9)
    return out


def two_bones(root: Array, end: Array, first: float, second: float, pole: Array) -> Array:
    """The middle joint between `root` and `end`, bent towards `pole` (all frames, 3)."""
    line = end - root
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    reach = np.clip(distance, abs(first - second) + 1e-4, first + second - 1e-4)
    along = (first**2 - second**2 + reach**2) / (2 * reach)
    height = np.sqrt(np.maximum(first**2 - along**2, 0.0))
    axis = line / np.maximum(distance, 1e-9)
    side = unit(pole - np.sum(pole * axis, axis=-1, keepdims=True) * axis)
    out: Array = root + axis * along + side * height
    return out
