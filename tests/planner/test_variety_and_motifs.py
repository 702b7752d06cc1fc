"""Laws of what is danced again, and when."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.planning_material import (
    MemoryCatalogue,
    NoMedia,
    embed_moves,
    embed_words,
    make_move,
    make_song,
)
from choreo.blueprint import Blueprint
from choreo.move import DanceState, Move
from choreo.song import Song
from choreo.task import GenerationRequest
from choreo.vocabulary import EnergyLevel
from local_emulators.demo_library.dancers import repertoire
from local_emulators.demo_library.dancers.score import HANDLE_SECONDS, POSE_SECONDS, Score
from planning.choreography.motifs import MOTIF
from planning.pipeline import Tools, plan
from planning.search import IndexCache


def planned(moves: list[Move], song: Song, seed: int = 0) -> Blueprint:
    catalogue = MemoryCatalogue(embed_moves(moves), [song])
    tools = Tools(catalogue, NoMedia(), IndexCache(catalogue, 3600), embed=embed_words)
    request = GenerationRequest(song_id=song.id, seed=seed)
    return plan(request, tools, task_id="t").blueprint


def one_of_each(count: int, tempi: Sequence[float] = (126.0,)) -> list[Move]:
    """Moves of every energy, each of a family of its own, at every tempo alike."""
    return [
        make_move(
            f"move_{number:03d}",
            family=f"family_{number}",
            tempo=tempi[number % len(tempi)],
            energy=list(EnergyLevel)[number // len(tempi) % 3],
        )
        for number in range(count)
    ]


def test_nothing_comes_twice_while_there_is_something_new() -> None:
    song = make_song(parts=(("verse", 8, 0.4), ("chorus", 8, 0.7), ("mambo", 8, 1.0)))
    made = planned(one_of_each(40), song)
    ids = [move.clip_id for move in made.moves]
    assert len(set(ids)) == len(ids)


def test_what_must_come_again_is_what_was_not_seen_for_longest() -> None:
    song = make_song(parts=(("verse", 40, 0.5),))
    moves = [make_move(f"move_{n}", family=f"family_{n}") for n in range(10)]
    ids = [move.clip_id for move in planned(moves, song).moves]
    gaps = [
        place - max(at for at in range(place) if ids[at] == ids[place])
        for place in range(len(ids))
        if ids[place] in ids[:place]
    ]
    assert len(gaps) >= 25
    assert min(gaps) >= 5
    assert sum(gaps) / len(gaps) >= 8, "ten moves in turn"


def test_a_motif_comes_back_at_the_start_of_its_section_for_at_most_four_eights() -> None:
    parts = (("verse", 8, 0.4), ("chorus", 12, 0.7), ("verse", 8, 0.4), ("chorus", 12, 0.7))
    song = make_song(parts=parts, first=0.0, tail=0.0)
    for seed in range(3):
        made = planned(one_of_each(70), song, seed)
        ids = [move.clip_id for move in made.moves]
        assert len(ids) == 40
        first, second = ids[8:20], ids[28:40]
        again = [place for place, name in enumerate(second) if name in first]
        assert again, "the chorus brings its motif"
        assert max(again) < MOTIF
        assert not set(ids[20:28]) & set(first), "and no other part does"


def test_clips_danced_near_the_songs_tempo_are_taken_while_there_are_enough() -> None:
    song = make_song(tempo=129.0, parts=(("verse", 12, 0.4), ("chorus", 12, 0.8)))
    made = planned(one_of_each(80, (119.0, 134.0)), song)
    assert made.generation_parameters["quality"]["retime_max"] <= 0.06
    assert made.generation_parameters["quality"]["distinct"] >= 0.9


def danced(score: Score) -> Move:
    """A clip of the demo couple, without its picture."""
    beats = tuple(round(HANDLE_SECONDS + k * score.beat, 6) for k in range(score.counts + 1))
    entry, leave = (
        DanceState(
            hold=hold,
            leader_foot=score.standing(leader=True, at_exit=at_exit),
            follower_foot=score.standing(leader=False, at_exit=at_exit),
        )
        for hold, at_exit in ((score.entry, False), (score.exit, True))
    )
    return make_move(
        score.name,
        counts=score.counts,
        family=score.family,
        role=score.role,
        session=score.session,
        difficulty=score.difficulty,
        energy=score.energy_level,
        style=score.style,
    ).model_copy(
        update={
            "beat_times": beats,
            "duration": beats[-1] + (POSE_SECONDS if score.stays else HANDLE_SECONDS),
            "entry_state": entry,
            "exit_state": leave,
        }
    )


@pytest.mark.parametrize("tempo", [116, 122, 127, 133, 138])
def test_the_demo_couple_has_enough_to_dance_for_a_song_of_four_minutes(tempo: int) -> None:
    song = make_song(tempo=float(tempo), drift=0.01, break_after=11, seed=tempo)
    made = planned([danced(score) for score in repertoire()], song, seed=tempo)
    quality = made.generation_parameters["quality"]
    assert quality["distinct"] >= 0.6
    assert quality["energy_fit"] >= 0.6
    assert quality["structure_echo"] > 0.05
    assert quality["cut_on_8_count"] >= 0.99
    assert quality["illegal_transitions"] == quality["immediate_repeats"] == 0
