"""Laws of choosing single moves of a plan anew."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
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
from choreo.blueprint import Blueprint, TransitionType
from choreo.errors import PlanImpossible
from choreo.move import Move
from choreo.song import Song
from choreo.task import GenerationRequest, Reroll, Variant
from choreo.vocabulary import Difficulty, EnergyLevel, Hold
from planning.model import is_avoided, is_kind, move_words
from planning.pipeline import Plan, Tools, plan
from planning.search import IndexCache

MOVES = make_moves(90)
SONG = make_song(break_after=5, parts=(("verse", 6, 0.4), ("chorus", 6, 0.8), ("mambo", 6, 1.0)))


class Studio:
    """Plans, keeps the plans, and plans again from them."""

    def __init__(self, moves: list[Move] | None = None, song: Song = SONG) -> None:
        self.moves = MOVES if moves is None else moves
        self.catalogue = MemoryCatalogue(embed_moves(self.moves), [song])
        self.plans: dict[str, str] = {}
        self.known = {move.id: move for move in self.moves}
        self.cache = IndexCache(self.catalogue, 3600)

    def tools(self) -> Tools:
        return Tools(
            self.catalogue,
            NoMedia(),
            self.cache,
            embed=embed_words,
            clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            earlier_plan=self.plans.get,
        )

    def made(self, request: GenerationRequest, name: str) -> Plan:
        made = plan(request, self.tools(), task_id=name)
        self.plans[name] = made.blueprint.to_json()
        return made

    def first(self, **wishes: Any) -> Blueprint:
        wishes = wishes or {"song_id": "song"}
        return self.made(GenerationRequest(**wishes), "first").blueprint

    def again(self, *slots: int, of: str = "first", seed: int = 0, **wish: Any) -> Plan:
        reroll = Reroll(task_id=of, slots=slots, **wish)
        request = GenerationRequest(song_id="song", seed=seed, reroll=reroll)
        return self.made(request, f"{of}-anew")


def without_joint(move: object) -> dict[str, object]:
    document: dict[str, object] = move.model_dump(mode="json")  # type: ignore[attr-defined]
    del document["transition_type"]
    return document


def test_moves_that_are_not_named_stay_to_the_byte() -> None:
    studio = Studio()
    before = studio.first()
    after = studio.again(2, 7).blueprint
    assert len(after.moves) == len(before.moves)
    for place, (old, new) in enumerate(zip(before.moves, after.moves, strict=True)):
        if place in (2, 7):
            assert new.clip_id != old.clip_id
            assert (new.start_time, new.duration) == (old.start_time, old.duration)
        elif place in (3, 8):
            assert without_joint(new) == without_joint(old)
        else:
            assert new.model_dump_json() == old.model_dump_json()


def test_all_but_moves_ids_and_times_stays_too() -> None:
    studio = Studio()
    before, after = studio.first(), studio.again(4).blueprint
    own = {"task_id", "moves", "generation_parameters", "generation_timestamp", "output_config"}
    assert before.model_dump(exclude=own) == after.model_dump(exclude=own)
    assert after.output_config.output_path == "outputs/first-anew.mp4"


@pytest.mark.parametrize("place", range(0, 13, 2))
def test_the_new_move_is_legal_at_both_ends_and_says_that_it_is_new(place: int) -> None:
    studio = Studio()
    studio.first()
    after = studio.again(place).blueprint
    quality = after.generation_parameters["quality"]
    assert quality["illegal_transitions"] == 0
    assert quality["immediate_repeats"] == 0
    assert quality["retime_max"] <= 0.10
    assert quality["cut_on_8_count"] >= 0.99
    assert after.moves[place].why.startswith("Chosen anew")
    assert not any("anew" in m.why for n, m in enumerate(after.moves) if n != place)


def test_the_same_seed_chooses_the_same_and_all_places_may_be_named() -> None:
    studio = Studio()
    before = studio.first()
    every = range(len(before.moves))
    once, twice = studio.again(*every, seed=3), studio.again(*every, seed=3)
    assert once.blueprint.to_json() == twice.blueprint.to_json()
    assert all(
        a.clip_id != b.clip_id for a, b in zip(before.moves, once.blueprint.moves, strict=True)
    )


def test_choosing_anew_again_and_again_brings_ever_other_moves() -> None:
    studio = Studio()
    seen = [studio.first().moves[3].clip_id]
    name = "first"
    for _ in range(4):
        seen.append(studio.again(3, of=name).blueprint.moves[3].clip_id)
        name += "-anew"
    assert len(set(seen)) == len(seen)


def test_what_is_to_be_avoided_is_not_chosen_by_id_or_family() -> None:
    studio = Studio()
    studio.first()
    places = (1, 2, 3, 6, 7)
    chosen = studio.again(*places).blueprint
    avoid = [chosen.moves[1].clip_id, studio.known[chosen.moves[2].clip_id].family, "Body Rolls"]
    after = studio.again(*places, avoid=tuple(avoid)).blueprint
    for place in places:
        assert not is_avoided(studio.known[after.moves[place].clip_id], avoid)
        assert move_words(studio.known[after.moves[place].clip_id].family) != "body roll"


def test_limits_of_the_first_request_hold_in_places_chosen_anew() -> None:
    studio = Studio()
    before = studio.first(query="beginners, no turns, first 60 seconds")
    after = studio.again(*range(len(before.moves))).blueprint
    used = [studio.known[move.clip_id] for move in after.moves]
    assert all(move.difficulty is Difficulty.BEGINNER for move in used)
    assert not any(is_kind(move, "turn") for move in used)
    assert after.total_duration == before.total_duration


def test_more_energy_is_wished_for_the_places_chosen_anew_and_changes_no_other() -> None:
    studio = Studio()
    before = studio.first()
    for energy in EnergyLevel:
        after = studio.again(2, 8, energy_level=energy).blueprint
        assert {studio.known[after.moves[n].clip_id].energy_level for n in (2, 8)} == {energy}
        others = [n for n in range(len(before.moves)) if n not in (2, 3, 8, 9)]
        assert [after.moves[n] for n in others] == [before.moves[n] for n in others]
        assert after.generation_parameters["brief"] == before.generation_parameters["brief"]
        assert after.generation_parameters["quality"]["illegal_transitions"] == 0


def test_easier_moves_are_wished_for_the_places_chosen_anew_alone() -> None:
    studio = Studio()
    before = studio.first()
    after = studio.again(2, 5, difficulty=Difficulty.BEGINNER).blueprint
    levels = [studio.known[move.clip_id].difficulty for move in after.moves]
    assert levels[2] is levels[5] is Difficulty.BEGINNER
    assert Difficulty.BEGINNER.rank < max(level.rank for level in levels)
    assert after.difficulty_level is max(levels, key=lambda level: level.rank)
    assert before.moves[8] == after.moves[8]


def test_a_reroll_never_lifts_the_limit_of_the_first_request() -> None:
    studio = Studio()
    studio.first(song_id="song", difficulty=Difficulty.BEGINNER)
    after = studio.again(2, 5, difficulty=Difficulty.ADVANCED).blueprint
    assert {studio.known[m.clip_id].difficulty for m in after.moves} == {Difficulty.BEGINNER}
    assert after.difficulty_level is Difficulty.BEGINNER


def test_an_energy_that_nothing_fitting_has_is_told() -> None:
    moves = [make_move(f"m{n}", family=f"f{n}") for n in range(6)]
    studio = Studio(moves, make_song(parts=(("verse", 5, 0.5),)))
    studio.first()
    made = studio.again(1, energy_level=EnergyLevel.HIGH)
    assert "nothing of high energy fits in the place of moves 1" in made.warnings


def test_locked_moves_are_marked_and_stay_in_later_rerolls_too() -> None:
    studio = Studio()
    before = studio.first()
    locked = studio.again(5, lock=(3, 4)).blueprint
    assert [n for n, move in enumerate(locked.moves) if move.locked] == [3, 4]
    later = studio.again(4, 6, of="first-anew")
    assert later.blueprint.moves[4] == locked.moves[4]
    assert later.blueprint.moves[4].clip_id == before.moves[4].clip_id
    assert later.blueprint.moves[6].clip_id != locked.moves[6].clip_id
    assert "moves 4 are locked" in " ".join(later.warnings)
    with pytest.raises(PlanImpossible, match="locked"):
        studio.again(3, 4, of="first-anew")


def test_where_nothing_else_is_legal_the_move_stays_and_the_plan_says_so() -> None:
    moves = [
        *(make_move(f"a{n}", family=f"a{n}", leave=Hold.OPEN) for n in range(3)),
        make_move("there", family="there", leave=Hold.SHADOW, role="connector"),
        make_move("back", family="back", entry=Hold.SHADOW, leave=Hold.OPEN),
    ]
    studio = Studio(moves)
    before = studio.first(query="with back")
    place = next(n for n, move in enumerate(before.moves) if move.clip_id == "back")
    made = studio.again(place)
    assert made.blueprint.moves[place].clip_id == "back"
    assert made.blueprint.moves[place].why.startswith("Nothing else is legal here")
    assert f"nothing else is legal in the place of moves {place}" in " ".join(made.warnings)
    with pytest.raises(PlanImpossible, match="avoid less"):
        studio.again(place, avoid=("back",))


def test_a_long_move_may_become_two_short_ones_and_the_rest_stays() -> None:
    moves = [
        make_move("long", counts=16, family="long"),
        *(make_move(f"s{n}", family=f"s{n}") for n in range(6)),
    ]
    studio = Studio(moves, make_song(parts=(("verse", 8, 0.5),)))
    before = studio.first(query="with long")
    place = next(n for n, move in enumerate(before.moves) if move.clip_id == "long")
    after = studio.again(place).blueprint
    assert len(after.moves) == len(before.moves) + 1
    kept = [move for n, move in enumerate(before.moves) if n not in (place, place + 1)]
    assert all(move in after.moves for move in kept)
    assert "long" not in {move.clip_id for move in after.moves[place : place + 2]}


def test_a_dissolve_into_a_kept_move_becomes_a_cut_where_its_new_neighbour_has_no_handle() -> None:
    moves = [make_move(f"m{n}", family=f"f{n}") for n in range(8)]
    studio = Studio(moves, make_song(parts=(("verse", 6, 0.5),), first=0.0, tail=0.01))
    before = studio.first(query="smooth transitions")
    bare = [move.id for move in moves if move.id not in {m.clip_id for m in before.moves}]
    bare_moves = [
        make_move(move.id, family=move.family, handle=0.0) if move.id in bare else move
        for move in moves
    ]
    studio.catalogue.library = embed_moves(bare_moves)
    studio.catalogue.stamp += 1
    after = studio.again(2).blueprint
    if after.moves[2].clip_id in bare:
        assert after.moves[3].transition_type is TransitionType.CUT
    assert without_joint(after.moves[3]) == without_joint(before.moves[3])


def test_moves_lie_end_to_end_after_every_reroll() -> None:
    studio = Studio()
    studio.first()
    after = studio.again(0, 1, 2, 9).blueprint
    for move, following in pairwise(after.moves):
        assert move.start_time + move.duration == pytest.approx(following.start_time, abs=2e-6)


def test_a_song_heard_again_a_hair_otherwise_is_the_same_song() -> None:
    studio = Studio()
    before = studio.first()
    analysis = SONG.analysis
    assert analysis is not None
    moved = {
        name: tuple(time + 0.0002 for time in getattr(analysis, name))
        for name in ("beats", "downbeats", "eight_counts", "count_resets")
    }
    again = SONG.model_copy(update={"analysis": analysis.model_copy(update=moved)})
    studio.catalogue.save_song(again)
    after = studio.again(2).blueprint
    assert [after.moves[n] for n in (0, 1, 4, 5)] == [before.moves[n] for n in (0, 1, 4, 5)]
    assert after.moves[2].clip_id != before.moves[2].clip_id


def test_a_song_that_is_counted_otherwise_by_now_is_refused() -> None:
    studio = Studio()
    studio.first()
    studio.catalogue.save_song(make_song(parts=(("verse", 18, 0.5),), first=1.1))
    with pytest.raises(PlanImpossible, match="counted differently"):
        studio.again(2)


def test_a_kept_clip_that_left_the_library_is_named_by_its_place() -> None:
    studio = Studio()
    gone = studio.first().moves[4].clip_id
    studio.catalogue.library = [one for one in studio.catalogue.library if one.move.id != gone]
    studio.catalogue.stamp += 1
    with pytest.raises(PlanImpossible, match="clips have changed"):
        studio.again(2)


@pytest.mark.parametrize(("slots", "told"), [((999,), "no 999"), ((1,), "does not say")])
def test_a_plan_that_cannot_be_opened_says_why(slots: tuple[int, ...], told: str) -> None:
    studio = Studio()
    before = studio.first()
    if told == "does not say":
        bare = before.model_copy(update={"generation_parameters": {}})
        studio.plans["first"] = bare.to_json()
    with pytest.raises(PlanImpossible, match=told):
        studio.again(*slots)


def test_what_a_plan_lacks_the_plans_made_from_it_say_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no vectors today")

    studio = Studio()
    with monkeypatch.context() as patched:
        patched.setattr("planning.search.MoveIndex.nearest", broken)
        lacking = studio.made(GenerationRequest(song_id="song"), "first").degraded
        still = studio.again(3).degraded
    assert "no vectors today" in (lacking or "")
    assert still == lacking
    mirrored = GenerationRequest(song_id="song", variant=Variant(task_id="first", mirror=True))
    assert studio.made(mirrored, "mirrored").degraded == lacking
    assert studio.again(3).degraded == lacking
    assert studio.again(4, of="mirrored").degraded == lacking


def test_a_plan_that_lacks_nothing_hands_nothing_on() -> None:
    studio = Studio()
    assert "degraded" not in studio.first().generation_parameters
    mirrored = GenerationRequest(song_id="song", variant=Variant(task_id="first", mirror=True))
    assert studio.made(mirrored, "mirrored").degraded is None
    assert studio.again(3).degraded is None
