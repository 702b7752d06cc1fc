"""Any clip becomes the library's format, and shows the right frame at every moment."""

from fractions import Fraction

import av
import numpy as np
import pytest
from catalog_media import keys_of, read_number, turn_by_metadata, write_clip

from catalog.conforming import HEIGHT, WIDTH, conform, is_conformed
from catalog.probing import probe
from choreo.clip_format import GOP_FRAMES, MP4_OPTIONS, open_encoder


def shown(path):
    with av.open(str(path)) as container:
        frames = container.decode(container.streams.video[0])
        return [(frame.time, frame.to_ndarray(format="rgb24")) for frame in frames]


def picture_in(frame, aspect):
    """Cut the picture out of its black bars."""
    high, wide = frame.shape[:2]
    if aspect < wide / high:
        width = round(high * aspect)
        left = (wide - width) // 2
        return frame[:, left : left + width]
    height = round(wide / aspect)
    top = (high - height) // 2
    return frame[top : top + height]


KINDS = {
    "24 fps": {"rate": Fraction(24)},
    "25 fps, 4:3": {"rate": Fraction(25), "size": (320, 240)},
    "29.97 fps, mpeg4": {"rate": Fraction(30_000, 1001), "codec": "mpeg4"},
    "50 fps, portrait": {"rate": Fraction(50), "size": (180, 320)},
    "60 fps, wide": {"rate": Fraction(60), "size": (480, 200)},
    "webm, vp9": {"codec": "libvpx-vp9", "suffix": ".webm"},
    "motion jpeg, avi": {"codec": "mjpeg", "suffix": ".avi"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_moment_shows_the_source_frame_of_that_moment(kind, tmp_path):
    options = dict(KINDS[kind])
    source = tmp_path / f"clip{options.pop('suffix', '.mp4')}"
    times = write_clip(source, seconds=4.0, **options)
    start, end = 1.27, 3.31
    frames = conform(source, start, end, tmp_path / "720.mp4", tmp_path / "360.mp4")
    assert frames == round((end - start) * 30)
    width, height = options.get("size", (320, 180))
    for rendition in ("720.mp4", "360.mp4"):
        seen = shown(tmp_path / rendition)
        assert len(seen) == frames
        for k, (time, frame) in enumerate(seen):
            number = read_number(picture_in(frame, width / height))
            assert time == pytest.approx(k / 30, abs=1e-4)
            assert abs(times[number] - (start + k / 30)) <= 1 / 30 + 1e-6


def test_a_clip_of_variable_rate_keeps_its_time(tmp_path):
    gaps = np.tile([0.02, 0.05, 0.033, 0.1], 30)
    stamps = np.concatenate([[0.0], np.cumsum(gaps)]).tolist()
    write_clip(tmp_path / "vfr.mp4", stamps=stamps)
    frames = conform(tmp_path / "vfr.mp4", 0.5, 4.5, tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert frames == 120
    for k, (_, frame) in enumerate(shown(tmp_path / "a.mp4")):
        nearest = min(abs(time - (0.5 + k / 30)) for time in stamps)
        assert abs(stamps[read_number(frame)] - (0.5 + k / 30)) <= nearest + 1e-3


def test_a_turned_clip_stands_upright(tmp_path):
    # The telephone was held upright: its 320x180 picture is to be shown as 180x320.
    def sideways(number, width, height):
        upright = np.full((width, height, 3), 30, np.uint8)
        upright[: width // 2] = 220
        return np.rot90(upright)

    write_clip(tmp_path / "phone.mp4", seconds=1.5, picture=sideways)
    turn_by_metadata(tmp_path / "phone.mp4")
    conform(tmp_path / "phone.mp4", 0, 1, tmp_path / "a.mp4", tmp_path / "b.mp4")
    (_, frame), *_ = shown(tmp_path / "a.mp4")
    middle = frame[:, WIDTH // 2 - 20 : WIDTH // 2 + 20].mean(axis=(1, 2))
    assert middle[: HEIGHT // 2 - 20].min() > 180
    assert middle[HEIGHT // 2 + 20 :].max() < 80
    assert frame[:, :200].max() < 40


def test_what_conforming_writes_is_recognised_as_conformed(tmp_path):
    write_clip(tmp_path / "clip.mp4", seconds=2.0)
    conform(tmp_path / "clip.mp4", 0, 2, tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert is_conformed(tmp_path / "a.mp4")
    assert not is_conformed(tmp_path / "b.mp4")
    assert not is_conformed(tmp_path / "clip.mp4")


def test_both_renditions_have_key_frames_where_joints_begin_and_end(tmp_path):
    write_clip(tmp_path / "clip.mp4", seconds=5.0)
    files = tmp_path / "a.mp4", tmp_path / "b.mp4"
    conform(tmp_path / "clip.mp4", 0.4, 4.8, *files, counts=(1.2, 4.0))
    for file in files:
        keys = keys_of(file)
        # The counts are frames 24 and 108; a crossfade of 0.3 s takes 4 frames before, 5 after.
        assert {24, 30, 104} <= set(keys)
        assert max(np.diff([*keys, 132])) <= GOP_FRAMES
    assert is_conformed(files[0])


def test_a_clip_whose_key_frames_lie_far_apart_is_not_conformed(tmp_path):
    for apart in (GOP_FRAMES, 2 * GOP_FRAMES):
        with av.open(str(tmp_path / "clip.mp4"), "w", options=MP4_OPTIONS) as container:
            stream = open_encoder(container, WIDTH, HEIGHT)
            codec = stream.codec_context
            keyint = f"{codec.options['x264-params']}:keyint={apart}:min-keyint={apart}"
            codec.options = {**codec.options, "x264-params": keyint}
            for number in range(31):
                frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, 30)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        assert np.diff(keys_of(tmp_path / "clip.mp4"))[0] == apart
        assert is_conformed(tmp_path / "clip.mp4") == (apart == GOP_FRAMES)


def test_conformed_clips_have_no_sound(tmp_path):
    write_clip(tmp_path / "loud.mp4", seconds=2.0, clicks_at=[0.5, 1.0, 1.5])
    assert probe(tmp_path / "loud.mp4").has_sound
    conform(tmp_path / "loud.mp4", 0, 2, tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert not probe(tmp_path / "a.mp4").has_sound
