"""The same move by others is near, a different move is far."""

import numpy as np
import pytest

from choreo.vectors import packing, pose
from choreo.vectors.pose import Bodies, Motion

BEATS = tuple(1.0 + 0.5 * count for count in range(9))
STANDING = np.array(
    [[0, -1.6]]
    + [[s * x, y] for x, y in ((0.35, -1.0), (0.5, -0.5), (0.4, -0.2)) for s in (-1, 1)]
    + [[s * x, y] for x, y in ((0.2, 0.0), (0.22, 0.85), (0.25, 1.7)) for s in (-1, 1)]
)
"""Joints of a standing person in torso lengths, hips at the origin."""


def dance(seed, *, noise=0.0, scale=100.0, place=(500.0, 400.0), mirror=False, fps=15.0, again=0):
    """Two bodies that do a move of their own, given by `seed`: smooth paths of all joints."""
    rng = np.random.default_rng(seed)
    times = np.arange(0, 6.0, 1 / fps)
    counts = np.clip((times - 1.0) / 0.5, 0, 8)
    paths = np.zeros((2, len(times), 13, 2))
    for harmonic in range(1, 5):
        size = rng.normal(0, 0.3 / harmonic, (2, 1, 13, 2))
        phase = rng.uniform(0, 2 * np.pi, (2, 1, 13, 2))
        paths += size * np.sin(2 * np.pi * harmonic * counts[None, :, None, None] / 8 + phase)
    paths += np.cumsum(rng.normal(0, 0.15, (2, 1, 1, 2)), axis=0)
    points = STANDING + paths
    points[1, ..., 0] += 1.2
    if mirror:
        points[..., 0] *= -1
        swap = [0] + [index for k in range(1, 13, 2) for index in (k + 1, k)]
        points = points[:, :, swap]
    points = points * scale + np.array(place)
    points += np.random.default_rng(again).normal(0, noise * scale, points.shape)
    return Bodies(
        times.astype(np.float32), points.astype(np.float32), np.ones(points.shape[:3], np.float32)
    )


MOVES = [pose.describe(BEATS, bodies=dance(seed)) for seed in range(30)]


@pytest.mark.parametrize(
    "take",
    [
        {"noise": 0.05},
        {"scale": 40.0, "place": (100.0, 900.0)},
        {"mirror": True},
        {"fps": 8.0},
        {"mirror": True, "noise": 0.05, "scale": 60.0, "fps": 8.0},
    ],
)
def test_another_take_of_a_move_is_found_first(take):
    space = np.stack(MOVES)
    ranks = []
    for seed in range(len(MOVES)):
        vector = pose.describe(BEATS, bodies=dance(seed, **take, again=seed))
        order = list(np.argsort(-(space @ vector)))
        ranks.append(1 / (1 + order.index(seed)))
    assert np.mean(ranks) >= 0.9


def test_different_moves_are_far_apart():
    cosines = np.stack(MOVES) @ np.stack(MOVES).T
    assert np.median(cosines[~np.eye(len(cosines), dtype=bool)]) <= 0.5


def test_tempo_falls_out():
    slow = dance(4)
    fast = Bodies(slow.times / 1.2, slow.points, slow.seen)
    quick = pose.describe(tuple(time / 1.2 for time in BEATS), bodies=fast)
    assert float(quick @ MOVES[4]) == pytest.approx(1, abs=1e-3)


def test_a_body_that_hides_for_a_while_is_bridged():
    bodies = dance(7)
    bodies.seen[1, 30:45] = 0
    bodies.points[1, 30:45] = 0
    assert float(pose.describe(BEATS, bodies=bodies) @ MOVES[7]) > 0.8


def test_a_body_that_is_never_seen_leaves_its_part_empty():
    bodies = dance(7)
    bodies.seen[1] = 0
    vector = pose.describe(BEATS, bodies=bodies)
    assert not vector[192:384].any()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def moving(across, down):
    times = np.arange(0, 6, 1 / 16, dtype=np.float32)
    flow = np.zeros((len(times), 9, 16, 2), np.float32)
    for row, column, share in ((2, 7, 0.5), (4, 7, 1.0), (6, 8, 1.5)):
        flow[:, row, column, 0] = share * across(times)
        flow[:, row, column, 1] = share * down(times)
    return Motion(times, flow)


def still(times):
    return 0 * times + 0.01


def test_motion_alone_tells_moves_apart_and_knows_a_mirrored_take():
    sway = moving(lambda t: np.sin(np.pi * t / 2), still)
    mirrored = Motion(sway.times, sway.flow[:, :, ::-1] * np.array([-1, 1], np.float32))
    bounce = moving(still, lambda t: np.sin(2 * np.pi * t))
    a, b, c = (pose.describe(BEATS, motion=motion) for motion in (sway, mirrored, bounce))
    assert float(a @ b) > 0.9
    assert float(a @ c) < 0.5


def test_four_and_sixteen_counts_have_vectors_too():
    for counts in (4, 12, 16):
        beats = tuple(0.5 + 0.3 * count for count in range(counts + 1))
        vector = pose.describe(beats, bodies=dance(1), motion=moving(np.sin, np.cos))
        assert vector.shape == (512,)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_bytes_and_text_hold_the_same_rows():
    rows = np.stack(MOVES[:3])
    np.testing.assert_array_equal(packing.unpack(packing.pack(rows), 512), rows)
    np.testing.assert_array_equal(packing.from_base64(packing.to_base64(rows), 512), rows)
    with pytest.raises(ValueError, match="not rows"):
        packing.unpack(b"12345", 512)
