"""What a couple dances, written down: steps on counts, and curves for all that moves between.

Counts are numbered from 0 here (a dancer's "1"), and fractions of a count are allowed in curves.
The room's floor is (x, z) in metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from choreo.vocabulary import Difficulty, EnergyLevel, Foot, Hold, Style

Spot = tuple[float, float]
Keys = list[tuple[float, float]]

HANDLE_SECONDS = 0.5
"""Dancing before the first and after the last count, for transitions to draw from: one group of
pictures, so that the first count is a key frame, and room for a crossfade of a second."""

POSE_SECONDS = 4.5
"""Held after the last count of a clip that ends the dance: songs die away for about as long."""

AXIS = -122.0
"""Degrees that a facing couple is turned: the follower half to the camera, joined hands near it."""

TRAVEL = 0.21
"""Metres of one side step in the neutral basic."""

STANCE = 0.085
"""Half the distance between the feet of a standing dancer, metres."""


def floor(yaw: float) -> tuple[Spot, Spot]:
    """Forward and left on the floor for a yaw in degrees."""
    a = np.radians(yaw)
    return (float(np.sin(a)), float(np.cos(a))), (float(np.cos(a)), float(-np.sin(a)))


FOUR = 4
"""Counts of a half phrase."""


@dataclass(frozen=True)
class Stand:
    """How the couple is placed in one hold: yaws in degrees, spots on the floor, hands."""

    leader_yaw: float
    follower_yaw: float
    leader_spot: Spot
    follower_spot: Spot
    travel: float
    leader_hands: tuple[str, str]
    """Anchors of the left and the right hand."""
    follower_hands: tuple[str, str]
    same_feet: bool = False
    """True when both dance on the same foot, one beside or behind the other."""


def _facing(distance: float, leader: tuple[str, str], follower: tuple[str, str]) -> Stand:
    (fx, fz), (lx, lz) = floor(AXIS)
    half = distance / 2
    return Stand(
        AXIS,
        AXIS + 180,
        (-half * fx, -half * fz),
        (half * fx - 0.05 * lx, half * fz - 0.05 * lz),
        TRAVEL,
        leader,
        follower,
    )


def _shadow() -> Stand:
    yaw = -30.0
    (fx, fz), _ = floor(yaw)
    hands = ("shadow_left", "shadow_right")
    return Stand(
        yaw, yaw, (-0.18 * fx, -0.18 * fz), (0.18 * fx, 0.18 * fz), TRAVEL, hands, hands, True
    )


STANDS: dict[Hold, Stand] = {
    Hold.CLOSED: _facing(0.50, ("frame", "blade"), ("on_shoulder", "frame")),
    Hold.OPEN: _facing(0.80, ("low_left", "low_right"), ("low_right", "low_left")),
    Hold.CROSS_HAND: _facing(0.72, ("cross_under", "cross_over"), ("cross_under", "cross_over")),
    Hold.SINGLE_HAND: _facing(0.84, ("low_left", "rest"), ("rest", "low_left")),
    Hold.HAMMERLOCK: _facing(0.54, ("chest_left", "behind"), ("behind", "chest_left")),
    Hold.SHADOW: _shadow(),
    Hold.SIDE_BY_SIDE: Stand(
        -14.0,
        -14.0,
        (0.36, -0.04),
        (-0.36, 0.04),
        TRAVEL,
        ("rest", "between"),
        ("between", "rest"),
        True,
    ),
}

_BASIC = (0, 0, 1, 1, 0, 0, -1, -1)
_BASIC_FEET = "LRLrRLRl"
_OTHER = str.maketrans("LRlr", "RLrl")


@dataclass
class Part:
    """One dancer's part. Upper-case feet take the weight, lower-case ones only touch."""

    spots: dict[int, Spot]
    """Where the dancer stands when the foot of this count lands."""
    yaws: dict[int, float]
    """Degrees, unwrapped: 540 is a turn and a half."""
    feet: dict[int, str]
    curves: dict[str, Keys] = field(default_factory=dict)
    """Additions to the neutral dance, zero at both edges."""
    hands: dict[str, list[tuple[float, str]]] = field(
        default_factory=lambda: {"left": [], "right": []}
    )
    """Anchors to be reached at these counts."""

    def add(self, name: str, *keys: tuple[float, float]) -> None:
        """Write a curve; several on one name are joined in time."""
        self.curves[name] = sorted([*self.curves.get(name, []), *keys])

    def hand(self, side: str, *keys: tuple[float, str]) -> None:
        """Lead a hand through anchors."""
        self.hands[side].extend(keys)


SPAN = range(-6, 30)
"""Counts around every move for which steps are written: handles included."""


def neutral(hold: Hold, counts: Sequence[int] = SPAN, leader: bool = True) -> Part:
    """The basic that is danced in a hold, phase 0 at count 0."""
    stand = STANDS[hold]
    _, (lx, lz) = floor(stand.leader_yaw)
    x, z = stand.leader_spot if leader else stand.follower_spot
    yaw = stand.leader_yaw if leader else stand.follower_yaw
    feet = _BASIC_FEET if leader or stand.same_feet else _BASIC_FEET.translate(_OTHER)
    aside = {k: stand.travel * _BASIC[k % 8] for k in counts}
    return Part(
        {k: (x + aside[k] * lx, z + aside[k] * lz) for k in counts},
        dict.fromkeys(counts, yaw),
        {k: feet[k % 8] for k in counts},
    )


@dataclass
class Score:
    """A move for two, with all that the manifest says of it."""

    name: str
    family: str
    difficulty: Difficulty
    energy_level: EnergyLevel
    style: Style
    counts: int
    entry: Hold
    exit: Hold
    tempo: float
    """Beats per minute."""
    session: str
    description: str
    tags: tuple[str, ...]
    role: str = "move"
    liveliness: float = 1.0
    """Scales hips, bounce and lift inside the move; 1 is the neutral basic."""
    arrives: bool = False
    """True when the couple does not come out of a basic (an intro)."""
    stays: bool = False
    """True when the couple does not go on dancing (an outro)."""
    leader: Part = field(init=False)
    follower: Part = field(init=False)

    def __post_init__(self) -> None:
        self.leader, self.follower = self._opened(True), self._opened(False)

    def _opened(self, leader: bool) -> Part:
        first, last = neutral(self.entry, leader=leader), neutral(self.exit, leader=leader)
        n = self.counts
        part = Part(dict(first.spots), dict(first.yaws), dict(first.feet))
        for k in SPAN:
            if k >= n - 2:
                # The last two counts already belong to the hold that follows, so that the
                # standing foot is where the next clip expects it.
                part.spots[k] = last.spots[k - n]
                part.yaws[k] = last.yaws[k - n]
                part.feet[k] = last.feet[k - n]
        if not leader and STANDS[self.entry].same_feet != STANDS[self.exit].same_feet:
            # One touch where a step would be puts the follower on the foot of the new hold.
            part.feet[n - 3] = part.feet[n - 2].lower()
        if n == FOUR:
            # Side, touch, side, touch: the only four that leave the same foot free.
            part.feet[1] = part.feet[1].lower()
        return part

    @property
    def beat(self) -> float:
        """Seconds from count to count."""
        return 60.0 / self.tempo

    @property
    def loopable(self) -> bool:
        """True when the move can follow itself."""
        return self.entry is self.exit and not self.arrives and not self.stays

    def standing(self, leader: bool, at_exit: bool) -> Foot:
        """The foot that carries the weight just before count 1 of this or the next move."""
        part = self.leader if leader else self.follower
        edge = self.counts if at_exit else 0
        last = max(k for k, foot in part.feet.items() if k < edge and foot.isupper())
        return Foot.LEFT if part.feet[last] == "L" else Foot.RIGHT
