"""How the couple stands is read from the joints, and what cannot be told is left open."""

import numpy as np
import pytest

from catalog.stances import stance_at, travel, turned
from choreo.vectors.pose import JOINTS, Bodies
from choreo.vocabulary import Foot, Hold

TORSO = 100.0
BEAT = 0.5
TIMES = np.arange(0.0, 4.0, 0.125, dtype=np.float32)


def body(x: float, hands: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Return a standing body's joints, shape (n, 13, 2); hands are x from the middle."""
    points = np.zeros((len(TIMES), 13, 2), np.float32)
    heights = {"nose": 60, "shoulder": 100, "elbow": 150, "wrist": 170, "hip": 200, "knee": 280}
    for index, joint in enumerate(JOINTS):
        side, _, part = joint.rpartition("_")
        points[:, index, 0] = x + {"left": 10, "right": -10, "": 0}[side]
        points[:, index, 1] = heights.get(part or joint, 380)
    for side, at in zip(("left", "right"), hands, strict=True):
        points[:, JOINTS.index(f"{side}_wrist"), 0] = x + at
    return points


def couple(
    apart: float,
    yaws: tuple[float, float],
    hands: tuple[tuple[float, float], tuple[float, float]] = ((0, 0), (0, 0)),
) -> Bodies:
    points = np.stack([body(300.0, hands[0]), body(300.0 + apart, hands[1])])
    seen = np.ones((2, len(TIMES), 13), np.float32)
    yaw = np.repeat(np.array(yaws, np.float32)[:, None], len(TIMES), axis=1)
    return Bodies(TIMES, points, seen, yaw)


REACHING = ((60.0, 60.0), (-60.0, -60.0))
ONE_HAND = ((60.0, 0.0), (10.0, -60.0))


@pytest.mark.parametrize(
    ("apart", "yaws", "hands", "hold"),
    [
        (0.5 * TORSO, (90, -90), REACHING, Hold.CLOSED),
        (1.2 * TORSO, (90, -90), REACHING, Hold.OPEN),
        (1.2 * TORSO, (90, -90), ONE_HAND, Hold.SINGLE_HAND),
        (1.4 * TORSO, (10, -5), REACHING, Hold.SIDE_BY_SIDE),
        (0.3 * TORSO, (10, -5), REACHING, Hold.SHADOW),
    ],
)
def test_a_hold_is_known_by_distance_facing_and_hands(apart, yaws, hands, hold):
    found = stance_at(couple(apart, yaws, hands), 2.0, BEAT).hold
    assert found is not None
    assert found[0] is hold
    assert 0.3 <= found[1] <= 1


def test_a_couple_across_the_room_has_no_hold():
    assert stance_at(couple(4 * TORSO, (90, -90)), 2.0, BEAT).hold is None


def test_a_hold_is_not_told_of_one_body_alone():
    bodies = couple(0.5 * TORSO, (90, -90))
    bodies.seen[1] = 0
    assert stance_at(bodies, 2.0, BEAT).hold is None


@pytest.mark.parametrize("stepping", [Foot.LEFT, Foot.RIGHT])
def test_the_foot_that_does_not_step_onto_the_count_carries_the_weight(stepping):
    bodies = couple(1.2 * TORSO, (90, -90))
    ankle = JOINTS.index(f"{stepping.value}_ankle")
    moving = (TIMES >= 1.5) & (TIMES <= 2.0)
    bodies.points[0, :, ankle, 0] += np.where(
        TIMES > 2.0, 60, np.where(moving, (TIMES - 1.5) * 120, 0)
    ).astype(np.float32)
    found = stance_at(bodies, 2.0, BEAT)
    assert found.leader_foot is not None
    assert found.leader_foot[0] is not stepping
    assert found.follower_foot is None  # stands still: no foot can be told


def test_the_facing_is_the_leaders():
    facing = stance_at(couple(1.2 * TORSO, (178, -2)), 2.0, BEAT).facing
    assert facing is not None
    assert facing[0] == pytest.approx(178, abs=1)


def test_travel_is_measured_in_body_heights():
    bodies = couple(1.2 * TORSO, (90, -90))
    bodies.points[:, :, :, 0] += np.linspace(0, 3.2 * TORSO, len(TIMES), dtype=np.float32)[
        None, :, None
    ]
    found = travel(bodies, 0.0, float(TIMES[-1]))
    assert found is not None
    assert found[0] == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize(("a", "b", "way"), [(170, -170, 20), (-90, 90, -180), (10, 5, -5)])
def test_turning_goes_the_short_way(a, b, way):
    assert turned(a, b) == way
    assert turned(None, b) is None
