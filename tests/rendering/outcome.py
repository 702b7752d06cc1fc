"""The law of every render: a correct video, or a failure that says what is wrong."""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import av
import av.logging

from choreo.blueprint import Blueprint
from choreo.errors import RenderFailed
from rendering import RenderReport, render

AAC_FRAME = 1024 / 48_000
"""Seconds."""


def warnings_of(path: Path) -> list[str]:
    """What the media library says while it reads and decodes every track of a file."""
    before = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture(local=False) as said, av.open(str(path)) as container:
            for stream in container.streams:
                if stream.type == "video":
                    stream.codec_context.options = {"err_detect": "explode"}
            for packet in container.demux():
                if packet.stream.type in ("video", "audio"):
                    packet.decode()
    finally:
        av.logging.set_level(before)
    return [text for _, _, text in said]


def ends_of(path: Path) -> tuple[float, float]:
    """When picture and sound end, in seconds, by the file's own index."""
    with av.open(str(path)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert picture.start_time == 0
        ends = [float((s.start_time + s.duration) * s.time_base) for s in (picture, sound)]
    return ends[0], ends[1]


def proven(path: Path, blueprint: Blueprint, report: RenderReport) -> None:
    """See that a video is what its plan says, to the frame."""
    output = blueprint.output_config
    assert warnings_of(path) == []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (output.width, output.height)
        stamps = [frame.pts for frame in container.decode(stream)]
    assert len(stamps) == report.frames
    assert stamps == sorted(set(stamps))
    length = Fraction(blueprint.total_duration) / Fraction(output.speed)
    bent = any(move.beat_map for move in blueprint.moves) or output.speed != 1
    if output.constant_frame_rate or not bent:
        rate = Fraction(output.frame_rate).limit_denominator(1001)
        assert report.frames == round(length * rate)
    picture_end, sound_end = ends_of(path)
    assert abs(picture_end - sound_end) <= AAC_FRAME
    assert abs(picture_end - float(length)) <= 1 / output.frame_rate


def outcome(
    blueprint: Blueprint,
    media: Mapping[str, Path],
    folder: Path,
    cancelled: Callable[[], bool] = lambda: False,
) -> RenderReport | str:
    """Render into an empty folder: return the report of a proven video, or what was said.

    What is said names a move with its place in the plan, or the field or the song at fault.
    """
    assert list(folder.iterdir()) == []
    path = folder / "video.mp4"
    try:
        report = render(
            blueprint, media, path, report=lambda _share, _text: None, cancelled=cancelled
        )
    except RenderFailed as exc:
        said = str(exc)
    else:
        assert list(folder.iterdir()) == [path]
        proven(path, blueprint, report)
        path.unlink()
        return report
    assert list(folder.iterdir()) == []
    assert str(folder) not in said
    assert re.match(r"moves\[\d+\] '|the song |[a-z_]+ is ", said), said
    return said
