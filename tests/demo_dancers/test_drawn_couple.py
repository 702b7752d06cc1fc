import csv
import hashlib
import json
from collections import Counter, defaultdict
from itertools import pairwise

import av
import numpy as np
import pytest

from choreo.clip_format import FRAME_RATE, GOP_FRAMES, TIME_BASE, joint_keys
from choreo.vocabulary import Difficulty, EnergyLevel, Foot, Hold, Style
from local_emulators.demo_library.dancers import render_clip, repertoire
from local_emulators.demo_library.dancers.clips import (
    COLUMNS,
    manifest_row,
    paint_frames,
    truth,
    write_manifest,
)
from local_emulators.demo_library.dancers.motion import frames_of, grips, perform
from local_emulators.demo_library.dancers.score import HANDLE_SECONDS

SCORES = {score.name: score for score in repertoire()}
MOVES = [score for score in SCORES.values() if score.role == "move"]
SHORT = ("hip_roll_short", "opening_short")

NEARLY_THERE = 0.005
"""Share of a step's way: with less left, the foot has landed."""

STILL = 0.001
"""Metres that a standing foot may move."""


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for name in SHORT:
        render_clip(SCORES[name], folder / f"{name}.mp4")
    return {name: folder / f"{name}.mp4" for name in SHORT}


def dancers(score, motion):
    return ((score.leader, motion.leader), (score.follower, motion.follower))


@pytest.mark.parametrize("name", SCORES)
def test_every_step_lands_on_its_count_within_half_a_frame(name):
    score = SCORES[name]
    half_frame = 0.5 / FRAME_RATE / score.beat
    fine = np.arange(0.4, score.counts + 0.25, 0.004)
    motion = perform(score, fine)
    for part, body in dancers(score, motion):
        for side, letter in (("left", "L"), ("right", "R")):
            ball = body.joints[f"{side}_toe"]
            for k in range(1, score.counts + 1):
                if part.feet[k].upper() != letter:
                    continue
                landed = ball[np.argmin(abs(fine - k))]
                near = (fine > k - 0.6) & (fine <= k)
                away = np.linalg.norm(ball[near] - landed, axis=1)
                if away.max() < 0.01:
                    continue  # A foot that touches where it stood does not travel.
                arrival = fine[near][np.flatnonzero(away > NEARLY_THERE * away.max())[-1]]
                assert abs(arrival - k) <= half_frame, (part.feet[k], side, k, arrival)
                resting = ball[(fine >= k) & (fine <= k + 0.2)]
                assert np.linalg.norm(resting - landed, axis=1).max() < STILL


@pytest.mark.parametrize("name", SCORES)
def test_hands_that_hold_each_other_stay_together(name):
    score = SCORES[name]
    motion = perform(score)
    held = grips(score)
    assert held
    for grip in held:
        span = (motion.counts >= grip.start) & (motion.counts <= grip.end)
        mine = motion.leader.joints[f"{grip.leader_hand}_hand"][span]
        hers = motion.follower.joints[f"{grip.follower_hand}_hand"][span]
        if len(mine):
            assert np.linalg.norm(mine - hers, axis=1).max() < 0.03, grip


@pytest.mark.parametrize("name", SCORES)
def test_bones_keep_their_length_and_nobody_sinks_into_the_floor(name):
    motion = perform(SCORES[name])
    for body in (motion.leader, motion.follower):
        j, build = body.joints, body.build
        for side in ("left", "right"):
            thigh = np.linalg.norm(j[f"{side}_hip"] - j[f"{side}_knee"], axis=1)
            upper = np.linalg.norm(j[f"{side}_shoulder"] - j[f"{side}_elbow"], axis=1)
            shin = np.linalg.norm(j[f"{side}_knee"] - j[f"{side}_ankle"], axis=1)
            assert np.allclose(thigh, build.thigh, atol=1e-6)
            assert np.allclose(upper, build.upper_arm, atol=1e-6)
            assert np.abs(shin - build.shin).max() < 0.02
            assert j[f"{side}_toe"][:, 1].min() > 0
        assert all(np.isfinite(joint).all() for joint in j.values())


def poses_at(score, count):
    motion = perform(score, np.array([float(count)]))
    return np.concatenate(
        [np.stack(list(body.joints.values())) for body in (motion.leader, motion.follower)]
    )


def test_one_hold_has_one_pose_at_every_edge_of_every_move():
    edges = defaultdict(list)
    for score in MOVES:
        edges[score.entry].append((score.name, "in", poses_at(score, 0)))
        edges[score.exit].append((score.name, "out", poses_at(score, score.counts)))
    for found in edges.values():
        for name, edge, pose in found:
            assert np.abs(pose - found[0][2]).max() < 1e-3, (name, edge)


def test_no_hold_is_a_dead_end_at_any_difficulty():
    for ceiling in Difficulty:
        legal = [s for s in MOVES if s.difficulty.rank <= ceiling.rank]
        onward = defaultdict(set)
        for score in legal:
            onward[score.entry].add(score.exit)
        for start in onward:
            reached, todo = {start}, [start]
            while todo:
                for hold in onward[todo.pop()] - reached:
                    reached.add(hold)
                    todo.append(hold)
            assert Hold.CLOSED in reached, (ceiling, start)
            assert Hold.OPEN in reached, (ceiling, start)
            assert all(onward[hold] for hold in reached)


@pytest.mark.parametrize("tempo", range(115, 140, 3))
def test_a_song_of_any_usual_tempo_has_every_way_and_every_energy(tempo):
    fitting = [s for s in SCORES.values() if abs(tempo / s.tempo - 1) <= 0.1]
    ways = {(s.entry, s.exit) for s in MOVES}
    assert {(s.entry, s.exit) for s in fitting if s.role == "move"} == ways
    assert {s.role for s in fitting} == {"move", "hold", "intro", "outro"}
    near = [s for s in fitting if abs(tempo / s.tempo - 1) <= 0.06]
    assert len(near) >= 35
    for hold in (Hold.CLOSED, Hold.OPEN):
        energies = Counter(s.energy_level for s in near if s.entry is s.exit is hold)
        assert len(energies) == 3
        assert min(energies.values()) >= 3


def test_the_next_move_finds_the_weight_where_the_last_one_left_it():
    feet = defaultdict(set)
    for score in MOVES:
        for hold, at_exit in ((score.entry, False), (score.exit, True)):
            feet[hold].add((score.standing(True, at_exit), score.standing(False, at_exit)))
    assert all(len(found) == 1 for found in feet.values()), dict(feet)
    for score in SCORES.values():
        for part in (score.leader, score.follower):
            steps = [part.feet[k] for k in range(score.counts + 1) if part.feet[k].isupper()]
            assert all(a != b for a, b in pairwise(steps)), score.name


def test_every_kind_of_request_finds_moves():
    assert len(SCORES) >= 100
    assert all(
        sum(s.difficulty.rank <= ceiling.rank for s in MOVES) >= 12 for ceiling in Difficulty
    )
    assert min(Counter(s.style for s in MOVES)[style] for style in Style) >= 6
    assert min(Counter(s.energy_level for s in MOVES)[energy] for energy in EnergyLevel) >= 10
    roles = Counter(s.role for s in SCORES.values())
    assert roles["intro"] >= 1
    assert roles["outro"] >= 1
    assert roles["hold"] >= 2


def test_the_manifest_speaks_the_vocabulary(tmp_path):
    write_manifest(SCORES.values(), tmp_path / "manifest.csv")
    with (tmp_path / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len({row["file"] for row in rows}) == len(rows) == len(SCORES)
    for row in rows:
        Difficulty(row["difficulty"]), EnergyLevel(row["energy_level"]), Style(row["style"])
        Hold(row["entry_hold"]), Hold(row["exit_hold"])
        assert row["file"] == f"{row['family']}/{row['name']}.mp4"
        assert 110 <= float(row["tempo"]) <= 140
        assert int(row["counts"]) in (4, 8, 16)
        assert -180 <= float(row["facing_in"]) <= 180
        assert Foot(row["leader_foot_in"]) is Foot.RIGHT
        assert Foot(row["leader_foot_out"]) is Foot.RIGHT
        assert row["loopable"] in ("true", "false")
        assert row["description"]


def test_clips_have_the_stitchable_format(clips):
    headers = set()
    for name, path in clips.items():
        with av.open(str(path)) as container:
            assert len(container.streams) == 1
            stream = container.streams.video[0]
            codec = stream.codec_context
            headers.add(bytes(codec.extradata))
            assert (codec.width, codec.height, codec.pix_fmt) == (1280, 720, "yuv420p")
            assert (codec.name, codec.profile) == ("h264", "High")
            assert stream.time_base == TIME_BASE
            assert stream.average_rate == FRAME_RATE
            packets = [p for p in container.demux(stream) if p.pts is not None]
        stamps = sorted(p.pts for p in packets)
        assert len(packets) == frames_of(SCORES[name])
        assert stamps == [i * TIME_BASE.denominator // FRAME_RATE for i in range(len(stamps))]
        keys = [p.pts * FRAME_RATE // TIME_BASE.denominator for p in packets if p.is_keyframe]
        score = SCORES[name]
        last = HANDLE_SECONDS + score.counts * score.beat
        assert joint_keys(HANDLE_SECONDS, last) <= set(keys)
        assert keys[0] == 0
        assert max(np.diff([*keys, len(packets)])) <= GOP_FRAMES
    assert len(headers) == 1


def test_a_clip_lasts_its_counts_and_two_handles(clips):
    for name in clips:
        score = SCORES[name]
        seconds = 2 * HANDLE_SECONDS + score.counts * 60 / score.tempo
        assert frames_of(score) == round(seconds * FRAME_RATE)


def test_the_picture_moves_at_every_frame_and_shows_the_couple_where_the_truth_says(clips):
    told = json.loads(clips[SHORT[0]].with_suffix(".truth.json").read_text())
    with av.open(str(clips[SHORT[0]])) as container:
        frames = [f.to_ndarray(format="gray") for f in container.decode(video=0)]
    assert len(frames) == len(told["joints"]["leader"]) == len(told["joints"]["follower"])
    changes = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(frames)]
    assert min(changes) > 0.005
    spread = np.std(np.stack(frames[:: GOP_FRAMES // 3]).astype(float), axis=0)
    for who in ("leader", "follower"):
        joints = np.array(told["joints"][who])
        assert joints.shape[1:] == (len(told["joint_names"]), 2)
        assert (joints.min(axis=(0, 1)) >= 0).all()
        assert (joints.max(axis=(0, 1)) < (1280, 720)).all()
        x, y = joints[0, told["joint_names"].index("pelvis")].astype(int)
        assert spread[y - 40 : y + 40, x - 40 : x + 40].max() > 5


def test_truth_tells_the_beats_of_the_clip():
    score = SCORES["basic_closed"]
    told = truth(score, perform(score))
    beats = np.array(told["beat_times"])
    assert beats[0] == HANDLE_SECONDS
    assert np.allclose(np.diff(beats), 60 / score.tempo, atol=1e-5)
    taps = {(p["dancer"], p["foot"], p["count"]) for p in told["plants"] if not p["weight"]}
    assert taps == {
        ("leader", "right", 3), ("leader", "left", 7),
        ("follower", "left", 3), ("follower", "right", 7),
    }  # fmt: skip
    assert manifest_row(score)["first_count_at"] == "0.500"


def test_the_same_score_gives_the_same_bytes(clips, tmp_path):
    name = SHORT[0]
    again = tmp_path / "again.mp4"
    render_clip(SCORES[name], again)
    digests = {hashlib.sha256(p.read_bytes()).hexdigest() for p in (again, clips[name])}
    assert len(digests) == 1


def test_the_empty_room_outside_of_the_couple_is_never_touched():
    score = SCORES["right_turn"]
    frames = paint_frames(score, perform(score, np.linspace(0.0, 3.0, 6)))
    first = None
    for pixels, (left, top, right, bottom) in frames:
        outside = pixels.copy()
        outside[top:bottom, left:right] = 0
        if first is None:
            first = pixels.copy()
        reference = first.copy()
        reference[top:bottom, left:right] = 0
        rows = np.abs(outside.astype(int) - reference).max(axis=(1, 2))
        assert rows[:40].max() == 0
