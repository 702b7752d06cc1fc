"""What other programs read out of a plan: captions, cue sheets, editor timelines."""

import json
import re
from typing import Any

import opentimelineio as otio
import pytest

from choreo import exports
from choreo.blueprint import Blueprint

FPS = 30.0


def a_plan(**fields: Any) -> Blueprint:
    """Three moves at 126.3 BPM, the second one retimed, with handles of different length."""
    beat = 60 / 126.3
    starts = [0.0, 8 * beat, 24 * beat]
    lengths = [8 * beat, 16 * beat, 8 * beat]

    def move(index: int) -> dict[str, Any]:
        start, length = starts[index], lengths[index]
        retimed = index == 1
        shown = length * (1.05 if retimed else 1.0)
        beat_map = [[1.0 + shown * part / 16, start + length * part / 16] for part in range(17)]
        return {
            "clip_id": f"clip-{index}",
            "video_path": f"moves/clip-{index}.mp4",
            "start_time": start,
            "duration": length,
            "transition_type": ("cut", "crossfade", "fade_black")[index],
            "original_duration": shown + 2.0,
            "trim_start": 1.0,
            "trim_end": 1.0,
            "move_name": ("Básico", "<b>Turn</b> & dip --> \n right", "")[index],
            "count_start": (0, 8, 24)[index],
            "counts": (8, 16, 8)[index],
            "beat_map": beat_map if retimed else [],
            "why": "Because <it> fits.",
        }

    return Blueprint.from_document(
        {
            "task_id": "t1",
            "audio_path": "songs/amor/audio.wav",
            "audio_start": 1.5,
            "audio_tempo": 126.3,
            "moves": [move(0), move(1), move(2)],
            "total_duration": 32 * beat,
            "difficulty_level": "beginner",
            "generation_timestamp": "2026-01-01T00:00:00Z",
            "output_config": {"output_path": "outputs/t1.mp4", "frame_rate": FPS},
            "counts": {
                "beats": [index * beat for index in range(33)],
                "ones": [0, 8, 16, 24, 32],
                "resets": [16],
            },
            **fields,
        }
    )


def read_back(plan: Blueprint) -> Any:
    return otio.adapters.read_from_string(exports.timeline(plan), "otio_json")


def read_transitions(plan: Blueprint) -> list[Any]:
    found = read_back(plan)  # the library's children do not outlive their timeline
    [video] = found.video_tracks()
    return [item.clone() for item in video if isinstance(item, otio.schema.Transition)]


def test_captions_tell_each_move_for_as_long_as_it_lasts() -> None:
    plan = a_plan()
    text = exports.captions(plan)
    assert text.startswith("WEBVTT\n\n")
    times = re.findall(r"^(\d\d:\d\d:\d\d\.\d{3}) --> (\d\d:\d\d:\d\d\.\d{3})$", text, re.M)
    assert len(times) == 3
    assert times[0][0] == "00:00:00.000"
    assert times[0][1] == times[1][0] == "00:00:03.800"
    assert times[1][1] == times[2][0] == "00:00:11.401"
    assert "Básico\n8 counts · next: &lt;b&gt;Turn&lt;/b&gt; &amp; dip --&gt; right" in text
    assert "clip-2\n8 counts\n" in text


def test_captions_carry_minutes_and_hours() -> None:
    move = a_plan().moves[0].model_copy(update={"start_time": 3599.9996, "duration": 62.5})
    plan = a_plan().model_copy(update={"moves": (move,)})
    assert "01:00:00.000 --> 01:01:02.500" in exports.captions(plan)


def test_a_cue_sheet_names_time_eight_and_move() -> None:
    lines = exports.cue_sheet(a_plan()).splitlines()
    assert lines[0] == "3 moves · 0:15.2 · 126.3 BPM · beginner"
    assert lines[2].split() == ["Time", "Eight", "Counts", "Move", "Why"]
    assert lines[3].startswith("0:00.0  1 · 1  8")
    assert lines[4].startswith("0:03.8  2 · 1  16      <b>Turn</b> & dip --> right")
    assert lines[5].startswith("0:11.4  4 · 1  8")
    assert len(lines) == 6


def test_a_cue_sheet_for_print_shows_strange_names_as_text() -> None:
    page = exports.cue_sheet_page(a_plan())
    assert "<b>" not in page
    assert "&lt;b&gt;Turn&lt;/b&gt;" in page
    assert "<script" not in page
    assert page.count("<tr>") == 4


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ({"song": {"title": "Calle Catorce"}}, "Calle Catorce"),
        (
            {"song": {"title": "A"}, "songs": [{"title": "Calle Catorce"}, {"title": "Luna <b>"}]},
            "Calle Catorce + Luna <b>",
        ),
        ({}, ""),
        ({"song": "Calle Catorce", "songs": None}, ""),
        ({"song": {"title": 14}}, ""),
    ],
)
def test_sheets_and_timelines_are_named_after_the_songs(told: dict[str, Any], title: str) -> None:
    plan = a_plan(generation_parameters=told)
    assert exports.songs_title(plan) == title
    first, *_ = exports.cue_sheet(plan).splitlines()
    assert first == title or first.startswith("3 moves")
    shown = (title or "Cue sheet").replace("<", "&lt;").replace(">", "&gt;")
    assert f"<h1>{shown}</h1>" in exports.cue_sheet_page(plan)
    assert read_back(plan).name == (title or "choreography t1")


def test_a_plan_without_counts_still_has_all_its_sheets() -> None:
    plan = a_plan(counts=None)
    bare = tuple(
        move.model_copy(update={"count_start": None, "counts": None}) for move in plan.moves
    )
    plan = plan.model_copy(update={"moves": bare})
    assert exports.cues(plan)[0].eights == exports.cues(plan)[0].counts == ""
    assert "count" not in exports.captions(plan)
    found = read_back(plan)
    assert not found.video_tracks()[0].markers


def test_a_timeline_is_read_back_by_the_format_s_own_library() -> None:
    plan = a_plan()
    found = read_back(plan)
    [video], [audio] = found.video_tracks(), found.audio_tracks()
    assert [type(item).__name__ for item in video] == [
        "Clip",
        "Transition",
        "Clip",
        "Transition",
        "Clip",
    ]
    assert found.duration().to_frames() == round(plan.total_duration * FPS)
    assert video.duration() == audio.duration()
    for clip, move in zip(video.find_clips(), plan.moves, strict=True):
        assert clip.media_reference.target_url == move.video_path
        assert clip.source_range.start_time.value == 30
        span = clip.range_in_parent()
        assert span.start_time.to_frames() == round(move.start_time * FPS)
        assert span.end_time_exclusive().to_frames() == round(
            (move.start_time + move.duration) * FPS
        )
    [song] = audio.find_clips()
    assert song.media_reference.target_url == plan.audio_path
    assert song.source_range.start_time.value == 45


def test_transitions_lie_across_the_cut_and_only_use_the_handles() -> None:
    plan = a_plan()
    first, second = read_transitions(plan)
    assert (first.transition_type, second.transition_type) == (
        "SMPTE_Dissolve",
        "Custom_Transition",
    )
    assert (first.in_offset.value, first.out_offset.value) == (4, 4)
    short = plan.moves[1].model_copy(update={"trim_start": 0.05, "trim_end": 1.0})
    tight = plan.model_copy(update={"moves": (plan.moves[0], short, plan.moves[2])})
    first, _second = read_transitions(tight)
    assert (first.in_offset.value, first.out_offset.value) == (1, 4)


def test_clips_without_handles_are_cut() -> None:
    plan = a_plan()
    bare = tuple(
        move.model_copy(update={"trim_start": 0.0, "trim_end": 0.0}) for move in plan.moves
    )
    assert read_transitions(plan.model_copy(update={"moves": bare})) == []


def test_a_retimed_clip_carries_its_speed_and_its_beats() -> None:
    found = read_back(a_plan())
    first, second, _third = found.video_tracks()[0].find_clips()
    assert not first.effects
    [warp] = second.effects
    assert warp.time_scalar == pytest.approx(1.05)
    assert len(second.metadata["choreo"]["beat_map"]) == 17


def test_every_eight_within_the_video_has_a_marker_on_its_one() -> None:
    plan = a_plan()
    found = read_back(plan)
    markers = list(found.video_tracks()[0].markers)
    beat = 60 / plan.audio_tempo
    assert [marker.marked_range.start_time.value for marker in markers] == [
        round(eight * 8 * beat * FPS) for eight in range(4)
    ]
    assert [marker.color for marker in markers] == ["GREEN", "GREEN", "ORANGE", "GREEN"]


def test_the_song_s_track_is_switched_off_where_the_clips_are_heard() -> None:
    plan = a_plan(
        output_config={
            "output_path": "outputs/t1.mp4",
            "frame_rate": FPS,
            "add_audio_overlay": False,
        }
    )
    found = read_back(plan)
    assert found.audio_tracks()[0].enabled is False


def test_equal_plans_give_equal_text() -> None:
    for export in (exports.captions, exports.cue_sheet, exports.cue_sheet_page, exports.timeline):
        assert export(a_plan()) == export(a_plan())
    json.loads(exports.timeline(a_plan()))


def test_the_songs_of_a_medley_follow_one_another_with_a_dissolve_between() -> None:
    plan = a_plan()
    join = plan.moves[1].start_time
    further = {
        "audio_path": "songs/luz/audio.wav",
        "audio_start": 30.0,
        "start_time": join,
        "crossfade": 1.0,
        "audio_tempo": 131.0,
    }
    medley = a_plan(medley=[further])
    assert "2 songs · 126.3, 131.0 BPM" in exports.cue_sheet(medley)
    timeline = otio.adapters.read_from_string(exports.timeline(medley), "otio_json")
    track = timeline.audio_tracks()[0]
    first, dissolve, second = track
    assert isinstance(dissolve, otio.schema.Transition)
    assert dissolve.transition_type == otio.schema.TransitionTypes.SMPTE_Dissolve
    assert dissolve.in_offset == dissolve.out_offset == otio.opentime.RationalTime(15, FPS)
    assert second.media_reference.target_url == "songs/luz/audio.wav"
    assert second.source_range.start_time.to_seconds() == 30.0
    assert first.duration().value == round(join * FPS)
    assert track.duration() == timeline.video_tracks()[0].duration()
