"""Laws of dances to several songs."""

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
    make_moves,
    make_song,
)
from choreo.blueprint import Blueprint
from choreo.errors import PlanImpossible
from choreo.song import Song
from choreo.task import GenerationRequest, Reroll
from planning.medley import CROSSFADE, PART_SECONDS, hear
from planning.model import Brief, Span, SpanKind
from planning.pipeline import Plan, Tools, plan
from planning.quality import assess
from planning.search import IndexCache
from planning.slots import cut_into_slots
from planning.song_choice import choose_songs

MOVES = make_moves(120)
SONGS = [
    make_song(song_id="luna", title="Luna Clara", artist="Los Ensayos", tempo=122.0, seed=1),
    make_song(song_id="sol", title="Sol de Enero", artist="Rita", tempo=131.0, seed=2, drift=0.01),
    make_song(song_id="mar", title="Mar", artist="Rita", tempo=126.0, seed=3, break_after=9),
]


class Studio:
    """Plans medleys, and plans again from them."""

    def __init__(self, songs: list[Song] | None = None) -> None:
        self.catalogue = MemoryCatalogue(embed_moves(MOVES), SONGS if songs is None else songs)
        self.cache = IndexCache(self.catalogue, 3600)
        self.plans: dict[str, str] = {}

    def made(self, name: str = "first", **request: Any) -> Plan:
        tools = Tools(
            self.catalogue,
            NoMedia(),
            self.cache,
            embed=embed_words,
            clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            earlier_plan=self.plans.get,
        )
        made = plan(GenerationRequest(**request), tools, task_id=name)
        self.plans[name] = made.blueprint.to_json()
        return made


@pytest.fixture(scope="module")
def medley() -> Blueprint:
    return Studio().made(song_ids=("luna", "sol", "mar")).blueprint


def test_songs_pass_on_a_1_at_which_a_move_starts(medley: Blueprint) -> None:
    assert medley.audio_path == "songs/luna.m4a"
    assert [song.audio_path for song in medley.medley] == ["songs/sol.m4a", "songs/mar.m4a"]
    assert medley.counts is not None
    ones = {medley.counts.beats[one] for one in medley.counts.ones}
    again = {medley.counts.beats[reset] for reset in medley.counts.resets}
    starts = [move.start_time for move in medley.moves]
    for song in medley.medley:
        assert min(abs(song.start_time - start) for start in starts) < 1e-5
        assert min(abs(song.start_time - one) for one in ones) < 1e-5
        assert min(abs(song.start_time - reset) for reset in again) < 1e-5
        assert song.crossfade == CROSSFADE


def test_counts_are_those_of_the_song_that_is_heard(medley: Blueprint) -> None:
    assert medley.counts is not None
    edges = [0.0, *(song.start_time for song in medley.medley), medley.total_duration]
    starts = [medley.audio_start, *(song.audio_start for song in medley.medley)]
    for number, (begin, end) in enumerate(pairwise(edges)):
        analysis = SONGS[number].analysis
        assert analysis is not None
        heard = [b - begin + starts[number] for b in medley.counts.beats if begin <= b < end]
        for beat in heard:
            if beat <= analysis.beats[-1]:
                assert min(abs(beat - other) for other in analysis.beats) < 0.001
        assert min(abs(starts[number] - one) for one in analysis.eight_counts) < 0.001


def test_the_count_goes_on_across_the_joint(medley: Blueprint) -> None:
    counts = medley.counts
    assert counts is not None
    assert all(b - a in (4, 8) for a, b in pairwise(counts.ones))
    assert all(0.4 < b - a < 0.56 for a, b in pairwise(counts.beats))
    for move, after in pairwise(medley.moves):
        assert move.start_time + move.duration == pytest.approx(after.start_time, abs=2e-6)


def test_energy_is_told_of_the_whole_medley_and_of_each_song(medley: Blueprint) -> None:
    quality = medley.generation_parameters["quality"]
    assert quality["energy_fit"] >= 0.6
    assert len(quality["energy_fit_by_song"]) == len(medley.medley) + 1
    known = [fit for fit in quality["energy_fit_by_song"] if fit is not None]
    assert known
    assert all(-1 <= fit <= 1 for fit in known)


def test_the_laws_of_one_song_hold_across_songs(medley: Blueprint) -> None:
    quality = medley.generation_parameters["quality"]
    assert quality["cut_on_8_count"] >= 0.99
    assert quality["in_clip_beat_agreement"] >= 0.95
    assert quality["illegal_transitions"] == 0
    assert quality["immediate_repeats"] == 0
    assert quality["retime_max"] <= 0.10
    assert quality["coverage"] >= 0.98
    assert quality["structure_echo"] > 0, "motifs come back in the next song"


def test_every_song_has_about_its_share_and_the_last_one_its_end(medley: Blueprint) -> None:
    parts = medley.generation_parameters["songs"]
    assert [part["title"] for part in parts] == ["Luna Clara", "Sol de Enero", "Mar"]
    for part in parts:
        assert 0.6 * PART_SECONDS < part["end"] - part["start"] < 1.5 * PART_SECONDS
    assert parts[-1]["end"] == pytest.approx(SONGS[2].duration, abs=1e-4)


@pytest.mark.parametrize("seconds", [40, 60, 100])
def test_a_length_is_that_of_the_whole_medley(seconds: int) -> None:
    span = Span(SpanKind.SECONDS, 0.0, float(seconds))
    heard = hear(SONGS, span)
    length = sum(part.end - part.start for part in heard.parts)
    assert 0.7 * seconds < length <= seconds + 0.1
    assert len(heard.parts) == 3
    assert all(part.end - part.start > 3.0 for part in heard.parts)


def test_only_the_mambo_is_the_mambo_of_each_song() -> None:
    from choreo.vocabulary import SectionLabel

    heard = hear(SONGS, Span(SpanKind.SECTION, section=SectionLabel.MAMBO))
    slots = cut_into_slots(heard.song, heard.span, heard.joins)
    assert {slot.label for slot in slots.slots} == {SectionLabel.MAMBO}
    assert len({slot.section for slot in slots.slots}) == 3
    assert len(slots.tempi) == 3


def test_no_move_runs_from_one_song_into_the_next() -> None:
    heard = hear(SONGS, Span())
    slots = cut_into_slots(heard.song, heard.span, heard.joins)
    joined = [slot for slot in slots.slots if slot.joins_previous]
    for join in heard.joins:
        at = join - slots.audio_start
        assert not any(abs(slots.start(slot) - at) < 0.001 for slot in joined)


def test_single_moves_of_a_medley_are_chosen_anew_and_the_rest_stays() -> None:
    studio = Studio()
    before = studio.made(song_ids=("luna", "sol")).blueprint
    wish = Reroll(task_id="first", slots=(4, 9))
    after = studio.made("second", song_ids=("luna", "sol"), reroll=wish).blueprint
    assert after.medley == before.medley
    assert after.counts == before.counts
    changed = [n for n, m in enumerate(after.moves) if m.clip_id != before.moves[n].clip_id]
    assert changed == [4, 9]
    assert after.generation_parameters["songs"] == before.generation_parameters["songs"]


def test_a_medley_is_the_same_each_time_and_may_be_measured_from_its_plan_alone() -> None:
    from planning.medley import heard_again

    studio = Studio()
    one = studio.made(song_ids=("sol", "mar")).blueprint
    assert one.to_json() == studio.made(song_ids=("sol", "mar")).blueprint.to_json()
    heard = heard_again(one.generation_parameters, Span(), studio.catalogue.song)
    assert heard is not None
    report = assess(one, heard.song, MOVES)
    assert report == one.generation_parameters["quality"]


def test_a_song_without_a_beat_is_no_part_of_a_medley() -> None:
    still = make_song(song_id="still", parts=(("verse", 1, 0.5),))
    with pytest.raises(PlanImpossible, match=r"songs/still\.m4a"):
        Studio([SONGS[0], still]).made(song_ids=("luna", "still"))


def test_a_song_whose_tempo_no_clip_fits_is_named_by_its_tempo() -> None:
    fast = make_song(song_id="fast", tempo=170.0)
    with pytest.raises(PlanImpossible, match="the song runs at 170 BPM"):
        Studio([SONGS[0], fast]).made(song_ids=("luna", "fast"))


@pytest.mark.parametrize(
    ("sentence", "ids"),
    [
        ("a medley of Luna Clara and Mar", ["luna", "mar"]),
        ("una mezcla de Mar y Luna Clara para principiantes", ["mar", "luna"]),
        ("bachata to Sol de Enero, Luna Clara and Mar please", ["sol", "luna", "mar"]),
        ("Luna Clara by Los Ensayos followed by Sol de Enero", ["luna", "sol"]),
        ("popurrí romántico de Sol de Enero con Mar", ["sol", "mar"]),
        ("first 60 seconds of a mix of mar and luna clara", ["mar", "luna"]),
        ("Luna Clara with the sound of the mar", ["luna"]),
        ("a mix of turns and body rolls to Mar", ["mar"]),
        ("Sol de Enero", ["sol"]),
    ],
)
def test_songs_named_in_a_sentence_are_danced_in_their_order(sentence: str, ids: list[str]) -> None:
    assert [song.id for song in choose_songs(Brief(sentence=sentence), SONGS, 0)] == ids


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        ("a medley", 2),
        ("a medley of three songs", 3),
        ("mezcla de 3 canciones románticas", 3),
        ("a song of three minutes", 1),
        ("three songs", 1),
    ],
)
def test_a_medley_whose_songs_are_not_named_is_made_of_those_that_suit(
    sentence: str, number: int
) -> None:
    assert len(choose_songs(Brief(sentence=sentence), SONGS, 0)) == number


def test_a_title_inside_another_is_not_named_by_it() -> None:
    songs = [*SONGS, make_song(song_id="bravo", title="Mar Bravo")]
    chosen = choose_songs(Brief(sentence="medley of Mar Bravo and Luna Clara"), songs, 0)
    assert [song.id for song in chosen] == ["bravo", "luna"]


def test_a_medley_is_as_sure_as_its_least_sure_song_and_names_it() -> None:
    analysis = SONGS[1].analysis
    assert analysis is not None
    unsure = SONGS[1].model_copy(
        update={"analysis": analysis.model_copy(update={"confidence": 0.3})}
    )
    made = Studio([SONGS[0], unsure]).made(song_ids=("luna", "sol"))
    told = [warning for warning in made.warnings if "uncertain" in warning]
    assert len(told) == 1
    assert "Sol de Enero" in told[0]
    assert told[0] in made.blueprint.generation_parameters["warnings"]
