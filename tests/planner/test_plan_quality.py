"""Laws of the quality report: it sees what is wrong with a plan, and says so in words."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.planning_material import (
    MemoryCatalogue,
    NoMedia,
    embed_moves,
    embed_words,
    make_move,
    make_moves,
    make_song,
)
from choreo.blueprint import Blueprint, BlueprintMove
from choreo.move import Move
from choreo.song import Song
from choreo.task import GenerationRequest
from choreo.vocabulary import Difficulty, Hold
from planning.pipeline import Tools, plan
from planning.quality import assess
from planning.search import IndexCache

SONG = make_song(break_after=11)
MOVES = {move.id: move for move in make_moves(90)}


@pytest.fixture(scope="module")
def blueprint() -> Blueprint:
    catalogue = MemoryCatalogue(embed_moves(list(MOVES.values())), [SONG])
    tools = Tools(catalogue, NoMedia(), IndexCache(catalogue, 3600), embed=embed_words)
    return plan(GenerationRequest(song_id="song"), tools, task_id="t").blueprint


def measured(blueprint: Blueprint, **changes: Any) -> dict[str, Any]:
    return assess(blueprint.model_copy(update=changes), SONG, MOVES)


def shifted(move: BlueprintMove, seconds: float) -> BlueprintMove:
    return move.model_copy(
        update={
            "start_time": move.start_time + seconds,
            "beat_map": tuple((clip, song + seconds) for clip, song in move.beat_map),
        }
    )


def test_the_stored_report_is_the_one_that_inspection_gives(blueprint: Blueprint) -> None:
    stored = blueprint.generation_parameters["quality"]
    assert assess(blueprint, SONG, MOVES.values()) == stored


def test_a_plan_that_is_late_by_a_quarter_beat_is_found_out(blueprint: Blueprint) -> None:
    late = measured(blueprint, moves=tuple(shifted(move, 0.12) for move in blueprint.moves))
    assert late["cut_on_8_count"] == 0
    assert late["in_clip_beat_agreement"] < 0.1
    assert late["cut_error_median"] == pytest.approx(0.12, abs=0.005)


def test_a_plan_that_starts_its_moves_on_2_steps_on_the_beat_with_the_wrong_foot(
    blueprint: Blueprint,
) -> None:
    beat = 60 / 126
    off = measured(blueprint, moves=tuple(shifted(move, beat) for move in blueprint.moves))
    assert off["cut_on_8_count"] == 0
    assert off["in_clip_beat_agreement"] > 0.9
    assert off["count_agreement"] < 0.2


def test_holds_that_do_not_join_are_counted_and_said(blueprint: Blueprint) -> None:
    names = [make_move("o", family="a"), make_move("s", entry=Hold.SHADOW, family="b")]
    library: dict[str, Move] = {move.id: move for move in names}
    moves = tuple(
        move.model_copy(update={"clip_id": "os"[number % 2]})
        for number, move in enumerate(blueprint.moves)
    )
    report = assess(blueprint.model_copy(update={"moves": moves}), SONG, library)
    assert report["illegal_transitions"] == len(moves) - 1
    assert f"{len(moves) - 1} holds do not join" in report["sentence"]
    assert report["distinct_moves"] == 2
    assert report["repeats_within_4"] > 0.9


def test_too_hard_moves_and_banned_ones_are_counted(blueprint: Blueprint) -> None:
    asked = {"brief": {"banned": ["turn"], "wanted": ["lambada"], "style": "sensual"}}
    report = measured(blueprint, difficulty_level=Difficulty.BEGINNER, generation_parameters=asked)
    used = [MOVES[move.clip_id] for move in blueprint.moves]
    assert report["difficulty_above_request"] == sum(m.difficulty.rank > 0 for m in used)
    assert report["banned_moves"] == sum("turn" in move.family for move in used)
    assert report["wanted_present"] == 0
    assert report["style_fit"] == pytest.approx(
        sum(move.style == "sensual" for move in used) / len(used), abs=1e-3
    )


def test_a_dance_that_ends_early_covers_less(blueprint: Blueprint) -> None:
    half = blueprint.moves[: len(blueprint.moves) // 2]
    assert measured(blueprint, moves=half)["coverage"] < 0.6


def test_the_random_plan_beside_it_is_worse_where_music_counts(blueprint: Blueprint) -> None:
    report = measured(blueprint)
    assert report["baseline"]["cut_on_8_count"] < 0.2
    assert report["baseline"]["illegal_transitions"] > 0
    assert "random moves on a fixed grid" in report["sentence"]


def test_what_cannot_be_measured_is_null_not_wrong(blueprint: Blueprint) -> None:
    unknown: Song = SONG.model_copy(update={"analysis": None})
    report = assess(blueprint, unknown, MOVES)
    assert report["cut_on_8_count"] is None
    assert report["energy_fit"] is None
    assert report["illegal_transitions"] == 0
    strangers = assess(blueprint, SONG, {})
    assert strangers["moves"] == 0
    assert strangers["distinct"] is None
