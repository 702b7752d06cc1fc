"""The blueprint: what is accepted, what is refused, and that every fault is told."""

import contextlib
import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from samples import a_blueprint, a_document, a_move_document

from choreo.blueprint import MAX_FAULTS, Blueprint, json_schema
from choreo.errors import InvalidBlueprint


def faults_of(document: object) -> tuple[str, ...]:
    with pytest.raises(InvalidBlueprint) as raised:
        Blueprint.from_json(json.dumps(document))
    return raised.value.faults


def changed(place: str, value: object) -> dict:
    """Return a good document with one value changed; `place` is like `moves.0.duration`."""
    document = copy.deepcopy(a_document())
    *way, last = place.split(".")
    target = document
    for step in way:
        target = target[int(step)] if step.isdigit() else target[step]
    target[last] = value
    return document


def second_song(**fields: object) -> dict:
    return {
        "audio_path": "songs/luna/audio.m4a",
        "audio_start": 12.0,
        "start_time": 4.0,
        "audio_tempo": 126.0,
        **fields,
    }


def test_a_medley_passes_from_song_to_song_where_a_move_starts():
    blueprint = Blueprint.from_document(changed("medley", [second_song()]))
    assert [song.start_time for song in blueprint.medley] == [blueprint.moves[1].start_time]


def test_a_blueprint_comes_back_from_its_own_text_byte_for_byte():
    text = a_blueprint().to_json()
    assert Blueprint.from_json(text) == a_blueprint()
    assert Blueprint.from_json(text).to_json() == text


def test_fields_of_ours_are_optional_and_have_defaults():
    blueprint = Blueprint.from_document(a_document())
    assert blueprint.schema_version == "1.0"
    assert blueprint.counts is None
    assert blueprint.moves[0].beat_map == ()
    assert blueprint.output_config.frame_rate == 30.0


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("task_id", "", "task_id"),
        ("task_id", "../../etc", "task_id"),
        ("audio_path", "/etc/passwd", "audio_path is '/etc/passwd'"),
        ("audio_path", "../song.mp3", "audio_path"),
        ("audio_tempo", -1, "audio_tempo is -1"),
        ("audio_tempo", "fast", "audio_tempo is 'fast'"),
        ("audio_tempo", True, "audio_tempo is True"),
        ("moves", [], "moves"),
        ("moves", "all", "moves"),
        ("moves.1.video_path", "gs://b/o", "moves[1].video_path is 'gs://b/o'"),
        ("moves.0.video_path", "a\0b", "moves[0].video_path"),
        ("moves.0.duration", 0, "moves[0].duration is 0"),
        ("moves.0.duration", -4, "moves[0].duration is -4"),
        ("moves.0.trim_start", -0.1, "moves[0].trim_start is -0.1"),
        ("moves.0.trim_start", 5.5, "moves[0] shows nothing"),
        ("moves.0.trim_end", 2.0, "only 3.000 s of the clip are left"),
        ("moves.0.transition_type", "wipe", "moves[0].transition_type is 'wipe'"),
        ("moves.0.volume_adjustment", 5, "moves[0].volume_adjustment is 5"),
        ("moves.1.start_time", 3.9, "overlap of 0.100 s"),
        ("moves.1.start_time", 4.1, "gap of 0.100 s"),
        ("moves.0.start_time", 0.5, "gap of 0.500 s"),
        ("moves.0.beat_map", [[1.0, 0.0]], "needs at least two"),
        ("moves.0.beat_map", [[1.0, 0.0], [1.0, 4.0]], "must ascend"),
        ("moves.0.beat_map", [[1.0, 0.5], [5.0, 4.0]], "beat_map starts 0.5 s"),
        ("moves.0.beat_map", [[1.0, 0.0], [4.0, 4.0]], "ends at clip time 4.0 s"),
        ("moves.0.counts", 0, "moves[0].counts is 0"),
        ("total_duration", 9.0, "the last move ends at 7.500000 s"),
        ("difficulty_level", "expert", "difficulty_level is 'expert'"),
        ("output_config.video_codec", "gif", "output_config.video_codec is 'gif'"),
        ("output_config.output_path", "../x.mp4", "output_config.output_path"),
        ("output_config.video_bitrate", "-f null", "output_config.video_bitrate"),
        ("output_config.frame_rate", 0, "output_config.frame_rate is 0"),
        ("output_config.width", 1281, "output_config.width is 1281"),
        ("counts", {"beats": [1.0, 1.0], "ones": [0]}, "counts.beats must ascend"),
        ("counts", {"beats": [1.0], "ones": [1]}, "counts.ones names beat 1; there are 1"),
        ("medley", [second_song(start_time=2.0)], "medley[0].start_time is 2.0 s; no move starts"),
        ("medley", [second_song(crossfade=9.0)], "less half its crossfade of 9.0 s"),
        ("medley", [second_song(audio_start=0.2)], "half the crossfade, 0.5 s, must lie before"),
        ("medley", [second_song(), second_song()], "medley[1].start_time is 4.0 s"),
        ("medley", [second_song(audio_path="file:x")], "medley[0].audio_path"),
        ("schema_version", "2.0", "schema_version is '2.0'"),
        ("seed", 1.5, "seed is 1.5"),
        ("surprise", 1, "surprise"),
        ("moves.0.surprise", 1, "moves[0].surprise"),
    ],
)
def test_each_fault_names_its_field_and_value(place, value, words):
    faults = faults_of(changed(place, value))
    assert any(words in fault for fault in faults), faults


@pytest.mark.parametrize(
    "field",
    [
        "task_id",
        "audio_path",
        "audio_tempo",
        "moves",
        "total_duration",
        "difficulty_level",
        "generation_timestamp",
        "output_config",
    ],
)
def test_each_field_of_the_owner_is_required(field):
    document = a_document()
    del document[field]
    assert f"{field} is missing" in faults_of(document)


def test_all_faults_are_listed_up_to_a_bound():
    document = a_document(durations=[1.0] * 100)
    for move in document["moves"]:
        move["volume_adjustment"] = -1
    faults = faults_of(document)
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1] == "and 50 more"


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", '"text"', "1", "[" * 100_000, '{"task_id": 1e999}', "\x00"],
)
def test_what_is_no_document_is_refused(text):
    with pytest.raises(InvalidBlueprint):
        Blueprint.from_json(text)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(number):
    text = json.dumps(a_document()).replace("129.2", number)
    with pytest.raises(InvalidBlueprint):
        Blueprint.from_json(text)


def test_ten_thousand_moves_are_refused():
    document = a_document(durations=[1.0] * 10_000)
    text = json.dumps(document)
    with pytest.raises(InvalidBlueprint, match="moves"):
        Blueprint.from_json(text)


def test_a_joint_may_be_off_by_what_other_writers_round():
    Blueprint.from_document(changed("moves.1.start_time", 4.001))


@given(st.lists(st.floats(0.2, 30, allow_nan=False), min_size=1, max_size=60))
def test_moves_that_lie_end_to_end_are_accepted(durations):
    blueprint = Blueprint.from_document(a_document(durations=durations))
    assert len(blueprint.moves) == len(durations)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*a_document(), *a_move_document(0, 1)]), inner)
        ),
        max_leaves=12,
    )
)
def test_no_document_makes_anything_but_a_blueprint_or_its_faults(document):
    with contextlib.suppress(InvalidBlueprint):
        Blueprint.from_document(document)


def test_the_published_schema_accepts_what_is_written_and_refuses_what_is_not():
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert list(validator.iter_errors(json.loads(a_blueprint().to_json()))) == []
    assert list(validator.iter_errors(changed("moves.0.duration", -1)))
    assert list(validator.iter_errors(changed("surprise", 1)))
