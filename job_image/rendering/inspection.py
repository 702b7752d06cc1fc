"""Looking at the finished file before anybody else does."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error

from choreo.errors import RenderFailed
from rendering.drift import LENGTH, STEP, Listener, drift
from rendering.media import reason
from rendering.sound import AAC_FRAME, SAMPLE_RATE
from rendering.timeline import Timeline

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

LONGEST_OVERHANG = AAC_FRAME / SAMPLE_RATE
"""Seconds by which sound and picture may end apart: one AAC frame."""

MOST_DRIFT = 0.01
"""Seconds."""

BLACK_LEVEL = 20
"""Mean luma (16 is black) at or below which a picture counts as black."""

SAMPLED_PIXELS = 1_500
"""Pixels of a picture that are looked at; a mean of them is good to a level or two."""

DARKEST_PLANNED = 0.5
"""Light of a planned fade below which a black picture is no surprise."""

MOST_LOOKS = 60
"""Key frames decoded at most, however long the video: keeps the check cheap."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was seen in the file."""

    frames: int
    duration: float
    """Seconds of the longer track."""
    black_frames: int
    """Of the pictures looked at, those that are black without a planned fade."""
    looked_at: int
    drift: float | None
    """Seconds by which the sound is late against the song, where it is worst."""


def inspect_video(path: Path, timeline: Timeline, frames: int, before: Listener) -> Findings:
    """Check a video against its plan.

    Args:

        path: The file.

        timeline: The plan.

        frames: How many frames were written.

        before: What was heard of the sound before it was levelled and encoded.

    Raises:

        RenderFailed: When a frame is missing, a stamp goes back, picture and sound do not end
            together, or the sound has drifted from the song.
    """
    try:
        with av.open(str(path), "r") as container:
            stream = container.streams.video[0]
            stamps: list[int] = []
            keys: list[int] = []
            last_decoded: int | None = None
            sound_end = 0.0
            for packet in container.demux():
                if packet.size == 0 or packet.pts is None or packet.dts is None:
                    continue
                if packet.stream.type not in ("audio", "video"):
                    continue
                if packet.stream.type == "audio":
                    sound_end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    continue
                if last_decoded is not None and packet.dts <= last_decoded:
                    raise RenderFailed(
                        f"the video's decoding clock goes back at frame {len(stamps)}"
                    )
                last_decoded = packet.dts
                stamps.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
            _check_picture(stamps, frames)
            length = timeline.ticks / timeline.clock.ticks_per_second
            if abs(sound_end - length) > LONGEST_OVERHANG:
                raise RenderFailed(
                    f"the picture ends at {length:.3f} s and the sound at {sound_end:.3f} s"
                )
            late = drift(before, _heard(container, before.starts))
            if late is not None and abs(late) > MOST_DRIFT:
                raise RenderFailed(f"the sound is {late * 1000:.0f} ms late against the song")
            chosen = _chosen(keys, timeline)
            black = 0
            for stamp in chosen:
                container.seek(stamp, stream=stream, backward=True)
                frame = next(container.decode(stream))
                if _mean_luma(frame) <= BLACK_LEVEL and not _dark_by_plan(timeline, stamp):
                    black += 1
    except (av.error.FFmpegError, StopIteration) as exc:
        raise RenderFailed(f"the finished video cannot be read back: {reason(exc)}") from exc
    return Findings(len(stamps), max(length, sound_end), black, len(chosen), late)


def _heard(container: "InputContainer", starts: Sequence[int]) -> Listener:
    """Note the finished sound at the same places."""
    after = Listener(starts)
    stream = container.streams.audio[0]
    for start in starts:
        first, end = start * STEP, (start + LENGTH) * STEP
        container.seek(max(0, first - 4 * AAC_FRAME), stream=stream, backward=True)
        for frame in container.decode(stream):
            if frame.pts is None or frame.pts >= end:
                break
            after.note(frame, frame.pts)
    return after


def _check_picture(stamps: list[int], frames: int) -> None:
    if len(stamps) != frames:
        raise RenderFailed(f"the video has {len(stamps)} frames; the plan has {frames}")
    if len(set(stamps)) != len(stamps):
        raise RenderFailed("two frames of the video have the same time")
    if min(stamps) != 0:
        raise RenderFailed(f"the video's first frame is shown at tick {min(stamps)}, not at 0")


def _chosen(keys: list[int], timeline: Timeline) -> list[int]:
    """Return the key frames to look at: around joints first, then evenly."""
    step = timeline.clock.ticks_per_frame
    near = set()
    for joint in timeline.joints:
        for frame in (joint.start, joint.end):
            near.add(keys[max(0, bisect_right(keys, frame * step) - 1)])
    if len(near) < MOST_LOOKS // 2:
        near.update(keys[:: max(1, len(keys) // (MOST_LOOKS // 2))])
    ordered = sorted(near)
    return ordered[:: -(-len(ordered) // MOST_LOOKS)]


def _mean_luma(frame: "VideoFrame") -> float:
    plane = frame.planes[0]
    data = memoryview(plane)
    rows = [data[row * plane.line_size :][: frame.width] for row in range(0, frame.height, 16)]
    step = max(1, len(rows) * frame.width // SAMPLED_PIXELS)
    values = [value for row in rows for value in row[::step]]
    return sum(values) / len(values)


def _dark_by_plan(timeline: Timeline, stamp: int) -> bool:
    frame = min(timeline.frames - 1, stamp // timeline.clock.ticks_per_frame)
    return timeline.picture(frame).light <= DARKEST_PLANNED
