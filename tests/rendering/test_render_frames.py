"""Which frame is seen when."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from barcodes import (
    HEIGHT,
    WIDTH,
    Video,
    conformed_clip,
    expected_levels,
    levels,
    move,
    noise_song,
    other_clip,
    plan,
    write_wav,
)

from choreo import clip_format
from choreo.blueprint import Blueprint
from choreo.errors import RenderFailed
from rendering import RenderReport, render

CLIPS = 4
CLIP_FRAMES = 180


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    files = {
        f"moves/c{number}.mp4": conformed_clip(folder / f"c{number}.mp4", number, CLIP_FRAMES)
        for number in range(CLIPS)
    }
    files["songs/song.wav"] = write_wav(folder / "song.wav", noise_song(30))
    return files


def made(blueprint: Blueprint, media: dict[str, Path], output: Path) -> RenderReport:
    return render(
        blueprint, media, output, report=lambda _share, _text: None, cancelled=lambda: False
    )


def packets(path: Path) -> dict[int, bytes]:
    """Packet bytes by the time they are shown, in frames of 1/30 s."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return {
            round(float(packet.pts * packet.time_base) * 30): bytes(packet)
            for packet in container.demux(stream)
            if packet.pts is not None
        }


def in_a_row(length: float, count: int = 3, **fields: Any) -> list[dict[str, Any]]:
    return [move(f"c{n}", n * length, length, trim_start=1.0, **fields) for n in range(count)]


@pytest.mark.parametrize("kind", ["cut", "crossfade", "fade_black"])
@pytest.mark.parametrize("even", [False, True])
def test_every_frame_outside_transitions_is_the_planned_one(
    media: dict[str, Path], tmp_path: Path, kind: str, even: bool
) -> None:
    length = 2.345  # not a whole number of frames: rounding must not add up
    blueprint = plan(
        in_a_row(length, transition_type=kind),
        output={"transition_duration": 0.4, "constant_frame_rate": even},
    )
    report = made(blueprint, media, tmp_path / "video.mp4")
    video = Video(tmp_path / "video.mp4")
    assert len(video.lumas) == round(3 * length * 30) == report.frames
    assert np.allclose(video.times, np.arange(len(video.times)) / 30, atol=1e-4)
    starts = [round(n * length * 30) for n in range(4)]
    for number in range(3):
        for frame in range(starts[number], starts[number + 1]):
            near = min(abs(frame - start) for start in starts[1:3])
            if kind == "cut" or near > 6:
                expected = (number, 30 + frame - starts[number])
                assert video.shown[frame] == expected


def test_a_crossfade_mixes_the_frames_of_both_handles(
    media: dict[str, Path], tmp_path: Path
) -> None:
    blueprint = plan(
        in_a_row(2.0, 2, transition_type="crossfade"), output={"transition_duration": 0.4}
    )
    made(blueprint, media, tmp_path / "video.mp4")
    video = Video(tmp_path / "video.mp4")
    for step, frame in enumerate(range(54, 66)):
        share = (step + 0.5) / 12
        before, after = expected_levels(0, 30 + frame), expected_levels(1, 30 + frame - 60)
        mixed = (1 - share) * before + share * after
        assert np.abs(levels(video.lumas[frame]) - mixed).max() < 6


def test_a_fade_through_black_is_darkest_at_the_cut(media: dict[str, Path], tmp_path: Path) -> None:
    blueprint = plan(
        in_a_row(2.0, 2, transition_type="fade_black"), output={"transition_duration": 0.4}
    )
    made(blueprint, media, tmp_path / "video.mp4")
    means = [luma.mean() for luma in Video(tmp_path / "video.mp4").lumas[53:67]]
    assert max(means[6:8]) < 30
    assert all(a > b for a, b in pairwise(means[:7]))
    assert all(a < b for a, b in pairwise(means[7:13]))


def test_the_video_begins_and_ends_in_a_fade(media: dict[str, Path], tmp_path: Path) -> None:
    made(plan(in_a_row(2.0), output={"fade_duration": 0.5}), media, tmp_path / "video.mp4")
    means = [luma.mean() for luma in Video(tmp_path / "video.mp4").lumas]
    for fading in (means[:15], means[::-1][:15]):
        assert fading[0] < 25
        assert all(a < b for a, b in pairwise(fading))
    assert min(means[15:-15]) > 80


def test_untouched_frames_keep_their_bytes(media: dict[str, Path], tmp_path: Path) -> None:
    blueprint = plan(in_a_row(3.0, transition_type="crossfade"))
    report = made(blueprint, media, tmp_path / "video.mp4")
    found = packets(tmp_path / "video.mp4")
    copied = 0
    for number in range(3):
        source = packets(media[f"moves/c{number}.mp4"])
        for frame in range(90):
            copied += found[number * 90 + frame] == source[30 + frame]
    assert copied >= report.quality["copied_frames"] > 180


def test_a_plan_of_cuts_on_key_frames_is_copied_whole(
    media: dict[str, Path], tmp_path: Path
) -> None:
    report = made(plan(in_a_row(2.0)), media, tmp_path / "video.mp4")
    assert report.quality["copied_frames"] == report.frames == 180


@pytest.mark.parametrize("kind", ["cut", "crossfade"])
@pytest.mark.parametrize("speed", [0.93, 0.97, 1.0, 1.04, 1.07])
def test_clips_with_key_frames_at_their_counts_are_copied_up_to_the_transitions(
    media: dict[str, Path], tmp_path: Path, speed: float, kind: str
) -> None:
    counts = [0.8 + 0.47 * count for count in range(9)]
    entry, leaving = counts[0], counts[-1]
    keys = clip_format.joint_keys(entry, leaving)
    clips = {
        f"moves/c{n}.mp4": conformed_clip(tmp_path / f"c{n}.mp4", n, CLIP_FRAMES, keys=keys)
        for n in range(CLIPS)
    }
    length = (leaving - entry) / speed
    moves = [
        move(
            f"c{n}",
            n * length,
            length,
            trim_start=entry,
            trim_end=CLIP_FRAMES / 30 - leaving,
            original_duration=CLIP_FRAMES / 30,
            transition_type=kind,
            beat_map=[[time, n * length + (time - entry) / speed] for time in counts],
        )
        for n in range(CLIPS)
    ]
    report = made(plan(moves), {**media, **clips}, tmp_path / "video.mp4")
    drawn = report.frames - report.quality["copied_frames"]
    transition = 9 if kind == "crossfade" else 0
    rounded = 4
    assert drawn <= (transition + rounded) * (CLIPS - 1)


@pytest.mark.parametrize("even", [False, True])
def test_each_beat_shows_the_clips_beat_frame(
    media: dict[str, Path], tmp_path: Path, even: bool
) -> None:
    beats = [1.0, 1.51, 1.98, 2.5, 3.02, 3.49, 4.0]
    moves = []
    for number in range(2):
        start = number * 3.21
        pairs = [[clip_t, start + 3.21 * step / 6] for step, clip_t in enumerate(beats)]
        moves.append(
            move(
                f"c{number}",
                start,
                3.21,
                trim_start=1.0,
                original_duration=6.0,
                trim_end=2.0,
                beat_map=pairs,
                transition_type="crossfade",
            )
        )
    blueprint = plan(moves, output={"transition_duration": 0.2, "constant_frame_rate": even})
    report = made(blueprint, media, tmp_path / "video.mp4")
    video = Video(tmp_path / "video.mp4")
    if even:
        assert report.frames == round(2 * 3.21 * 30)
        assert report.quality["copied_frames"] == 0
    else:
        assert report.quality["copied_frames"] > 60
    gaps = np.diff(video.times)
    assert gaps.min() > 0.005
    assert gaps.max() < 0.055
    for number, entry in enumerate(moves):
        for clip_t, song_t in entry["beat_map"][1:-1]:
            shown = int(np.searchsorted(video.times, song_t + 1e-6) - 1)
            clip, frame = video.shown[shown]
            assert clip == number
            assert abs(frame - clip_t * 30) <= 1.5
    assert report.duration == pytest.approx(2 * 3.21, abs=0.04)


def test_missing_handles_hold_the_clips_edge_and_keep_the_length(
    media: dict[str, Path], tmp_path: Path
) -> None:
    moves = [
        move("c0", 0.0, 6.0, original_duration=6.0, transition_type="crossfade"),
        move("c1", 6.0, 6.0, original_duration=6.0, transition_type="crossfade"),
    ]
    made(plan(moves, output={"transition_duration": 0.4}), media, tmp_path / "video.mp4")
    video = Video(tmp_path / "video.mp4")
    assert len(video.lumas) == 360
    held = 0.5 * (expected_levels(0, 179) + expected_levels(1, 0))
    assert np.abs(levels(video.lumas[180]) - held).max() < 12


def test_a_transition_longer_than_its_moves_is_shortened(
    media: dict[str, Path], tmp_path: Path
) -> None:
    moves = in_a_row(0.4, 4, transition_type="crossfade")
    report = made(plan(moves, output={"transition_duration": 5.0}), media, tmp_path / "v.mp4")
    assert report.frames == 48
    assert Video(tmp_path / "v.mp4").shown[6] == (0, 36)


def test_moves_without_a_frame_are_passed_over(media: dict[str, Path], tmp_path: Path) -> None:
    moves = [
        move("c0", 0.0, 1.0, trim_start=1.0),
        move("c1", 1.0, 0.01, trim_start=1.0, transition_type="crossfade"),
        move("c2", 1.01, 0.99, trim_start=1.0, transition_type="cut"),
    ]
    made(plan(moves), media, tmp_path / "video.mp4")
    shown = Video(tmp_path / "video.mp4").shown
    assert shown == [(0, 30 + n) for n in range(30)] + [(2, 30 + n) for n in range(30)]


def test_a_plan_shorter_than_a_frame_is_refused(media: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match=r"0\.01 s, less than half a frame"):
        made(plan([move("c0", 0.0, 0.01)]), media, tmp_path / "video.mp4")


@pytest.mark.parametrize("rate", [1, 12.5, 24, 25, 29.97, 60])
def test_other_frame_rates_show_the_nearest_frame(
    media: dict[str, Path], tmp_path: Path, rate: float
) -> None:
    report = made(plan(in_a_row(2.0), output={"frame_rate": rate}), media, tmp_path / "v.mp4")
    video = Video(tmp_path / "v.mp4")
    assert len(video.lumas) == round(6 * rate) == report.frames
    for number, seconds in enumerate(video.times):
        assert seconds == pytest.approx(number / rate, abs=1e-4)
        clip, frame = video.shown[number]
        if seconds % 2 < 2 - 0.5 / rate:
            assert clip == int(seconds // 2 + 1e-6)
            assert abs(frame - 30 - (seconds % 2) * 30) <= 0.51 + 30 * 0.5 / rate


def even_times(rate: float, count: int) -> list[float]:
    return [number / rate for number in range(count)]


def uneven_times(count: int) -> list[float]:
    rng = np.random.default_rng(5)
    return list(np.concatenate([[0.0], np.cumsum(rng.uniform(0.02, 0.06, count - 1))]))


FOREIGN: dict[str, dict[str, Any]] = {
    "open groups": {"options": {"x264-params": "keyint=40:open-gop=1:bframes=3:scenecut=0"}},
    "mpeg4": {"codec": "mpeg4", "options": {"b": "4M"}},
    "hevc": {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=50"}},
    "vp9": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "large": {"size": (WIDTH * 2, HEIGHT * 2)},
    "60 fps": {"times": even_times(60, 240)},
    "uneven": {"times": uneven_times(110)},
    "late start": {"times": [3 + seconds for seconds in even_times(30, 120)]},
    "turned": {"size": (HEIGHT, WIDTH), "rotation": 90},
}


@pytest.mark.parametrize("name", FOREIGN)
def test_clips_of_any_kind_stand_beside_conformed_ones(
    media: dict[str, Path], tmp_path: Path, name: str
) -> None:
    traits = {"times": even_times(30, 120), **FOREIGN[name]}
    times = traits.pop("times")
    suffix = ".webm" if name == "vp9" else ".mp4"
    clip = other_clip(tmp_path / f"other{suffix}", 9, times, **traits)
    moves = [
        move("c0", 0.0, 2.0, trim_start=1.0),
        move("other", 2.0, 2.0, trim_start=0.5),
        move("c1", 4.0, 2.0, trim_start=1.0),
    ]
    report = made(plan(moves), {**media, "moves/other.mp4": clip}, tmp_path / "video.mp4")
    assert report.quality["copied_frames"] >= 110
    shown = Video(tmp_path / "video.mp4").shown
    assert len(shown) == 180
    clock = np.array(times) - times[0]
    for frame, (seen_clip, seen) in enumerate(shown[60:120]):
        assert seen_clip == 9
        wanted = 0.5 + frame / 30
        assert abs(clock[seen] - wanted) <= np.abs(clock - wanted).min() + 0.004


def test_a_clip_of_another_shape_gets_black_bars(media: dict[str, Path], tmp_path: Path) -> None:
    clip = other_clip(tmp_path / "tall.mp4", 9, even_times(30, 60), size=(160, 320))
    made(plan([move("tall", 0.0, 1.5)]), {**media, "moves/tall.mp4": clip}, tmp_path / "v.mp4")
    luma = Video(tmp_path / "v.mp4").lumas[10]
    assert luma[:, : WIDTH // 2 - 50].max() < 24
    assert luma[:, WIDTH // 2 + 50 :].max() < 24
    assert luma[HEIGHT // 2 :, WIDTH // 2 - 40 : WIDTH // 2 + 40].min() > 60


def test_the_bit_rate_is_a_ceiling_for_what_is_encoded(
    media: dict[str, Path], tmp_path: Path
) -> None:
    sizes = []
    for rate in ("1", "150k", "4M", "10000M"):
        output = {"video_bitrate": rate, "constant_frame_rate": True, "frame_rate": 25}
        sizes.append(made(plan(in_a_row(2.0), output=output), media, tmp_path / "v.mp4").file_size)
    assert sizes[0] < sizes[1] < sizes[2] <= sizes[3]
    assert sizes[1] < 250_000
