"""What a library lacks is named."""

import numpy as np

from catalog.coverage import coverage
from choreo.database.catalogue import EmbeddedMove
from choreo.move import DanceState, Move
from choreo.vectors.packing import pack, unit
from choreo.vocabulary import Difficulty, EnergyLevel, Foot, Hold, Style


def embedded(name, entry=Hold.OPEN, leave=Hold.OPEN, tempo=125.0, seed=None, **fields):
    beat = 60 / tempo
    move = Move(
        **{
            "id": name,
            "name": name,
            "family": name,
            "difficulty": Difficulty.BEGINNER,
            "energy_level": EnergyLevel.LOW,
            "style": Style.ROMANTIC,
            "duration": 2 + 8 * beat,
            "counts": 8,
            "beat_times": tuple(1 + beat * count for count in range(9)),
            "video_path": f"moves/{name}/720p.mp4",
            "width": 1280,
            "height": 720,
            "frame_rate": 30.0,
            "conformed": True,
            "entry_state": DanceState(hold=entry),
            "exit_state": DanceState(hold=leave),
        }
        | fields
    )
    rng = np.random.default_rng(seed if seed is not None else sum(map(ord, name)))
    rows = [pack(unit(rng.normal(size=size))) for size in (512, 128, 384)]
    return EmbeddedMove(move, *rows)


def test_every_combination_is_counted_and_empty_ones_are_named():
    report = coverage([embedded("a"), embedded("b"), embedded("c", style=Style.MODERN)])
    assert report.moves == 3
    assert len(report.cells) == 3 * 3 * 5
    assert sum(cell.moves for cell in report.cells) == 3
    assert len(report.empty_cells) == 45 - 2


def test_a_move_that_leads_nowhere_is_a_dead_end():
    report = coverage([embedded("a"), embedded("b"), embedded("trap", leave=Hold.HAMMERLOCK)])
    assert report.dead_ends == ("trap",)
    assert report.unreachable == ()


def test_an_outro_may_end_the_dance_and_an_intro_begin_it():
    report = coverage(
        [
            embedded("start", entry=Hold.SHADOW, role="intro"),
            embedded("middle"),
            embedded("end", leave=Hold.SIDE_BY_SIDE, role="outro"),
        ]
    )
    assert report.dead_ends == ()
    assert report.unreachable == ()


def test_feet_must_agree_where_they_are_known():
    left = DanceState(hold=Hold.OPEN, leader_foot=Foot.LEFT)
    right = DanceState(hold=Hold.OPEN, leader_foot=Foot.RIGHT)
    report = coverage(
        [
            embedded("a", entry_state=right, exit_state=left),
            embedded("b", entry_state=right, exit_state=right),
        ]
    )
    assert report.dead_ends == ("a",)


def test_tempo_coverage_is_the_share_within_six_percent():
    report = coverage([embedded("slow", tempo=110.0), embedded("fast", tempo=132.0)])
    shares = dict(report.tempi)
    assert shares[112] == 0.5
    assert shares[132] == 0.5
    assert shares[148] == 0.0


def test_clips_that_look_alike_are_paired():
    report = coverage([embedded("a", seed=1), embedded("b", seed=1), embedded("c", seed=2)])
    ((first, second, cosine),) = report.near_duplicates
    assert {first, second} == {"a", "b"}
    assert cosine == 1.0


def test_an_empty_library_is_reported_too():
    report = coverage([])
    assert report.moves == 0
    assert all(share == 0 for _, share in report.tempi)
