"""Looking at the finished file before anybody else does."""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import av.error

from choreo.decoding import open_media
from choreo.errors import RenderFailed
from rendering.drift import LENGTH, STEP, Listener, drift
from rendering.media import UNDECODED, reason
from rendering.samples import SAMPLE_RATE
from rendering.sound import AAC_FRAME
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

BRIGHTEST, BRIGHTEST_LEVEL = 64, 40
"""One in so many pixels, the brightest, is as dark as this on average, or the picture shows
something."""

SAMPLED_PIXELS = 1_500
"""Pixels of a picture that are looked at; a mean of them is good to a level or two."""

DARKEST_PLANNED = 0.5
"""Light of a planned fade below which a black picture is no surprise."""

MOST_LOOKS = 40
"""Key frames looked at, however long the video: keeps the check cheap."""

DECODED_JOINTS = 4
"""Of these, key frames after joints that are decoded however large they are."""

LARGEST_BLACK = 16
"""Bytes that each 16 x 16 pixels of a black key frame take at most: noise that is left in it is
below what the encoder's quality keeps. Decoding a key frame that is larger tells nothing more."""

MOST_BLACK = 0.1
"""Share of the pictures looked at that may be black without a plan: a clip may have a dark
moment of its own, a video of black is broken."""

LONGEST_STILL = 0.3
"""Seconds from which a picture that stands still is seen as frozen."""

MOST_FROZEN = 0.1
"""Share of the frames that may stand still: a dancer may hold a pose, a video may not."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was seen in the file."""

    frames: int
    duration: float
    """Seconds of the longer track."""
    black_frames: int
    """Of the pictures looked at, those that are black without a planned fade."""
    looked_at: int
    frozen_frames: int
    """Frames in rows, `LONGEST_STILL` or longer, in which nothing moves."""
    drift: float | None
    """Seconds by which the sound is late against the song, where it is worst."""


class _Packet(NamedTuple):
    stamp: int
    size: int
    key: bool


class _Packets:
    """All pictures' packets as shown, eight bytes each: an hour has a hundred thousand."""

    def __init__(self) -> None:
        self._packed = array("Q")

    def __len__(self) -> int:
        return len(self._packed)

    def add(self, packet: _Packet) -> None:
        self._packed.append(packet.stamp << 32 | packet.size << 1 | packet.key)

    def order(self) -> None:
        """Sort by the time shown."""
        self._packed = array("Q", sorted(self._packed))

    def __iter__(self) -> Iterator[_Packet]:
        for value in self._packed:
            yield _Packet(value >> 32, value >> 1 & 0x7FFF_FFFF, bool(value & 1))


def inspect_video(
    path: Path, timeline: Timeline, frames: int, before: Listener, check: Callable[[], None]
) -> Findings:
    """Check a video against its plan.

    Args:

        path: The file.

        timeline: The plan.

        frames: How many frames were written.

        before: What was heard of the sound before it was levelled and encoded.

        check: Called for each packet and picture; what it raises ends the work.

    Raises:

        RenderFailed: When a frame is missing, a stamp goes back, picture and sound do not end
            together, the sound has drifted from the song, or more is black or frozen than
            `MOST_BLACK` and `MOST_FROZEN` allow.
    """
    try:
        with open_media(path, "mov", "h264,aac,mov_text", stream_options=_QUICKLY) as container:
            packets, sound_end = _packets(container, check)
            _check_picture(packets, frames)
            length = timeline.ticks / timeline.clock.ticks_per_second
            picture = container.streams.video[0]
            picture_end = float((picture.duration or 0) * (picture.time_base or 0))
            ends = (picture_end, sound_end, length)
            if max(ends) - min(ends) > LONGEST_OVERHANG:
                raise RenderFailed(
                    f"the picture ends at {picture_end:.3f} s, the sound at {sound_end:.3f} s and "
                    f"the plan at {length:.3f} s"
                )
            late = drift(before, _heard(container, before.starts, check))
            if late is not None and abs(late) > MOST_DRIFT:
                raise RenderFailed(f"the sound is {late * 1000:.0f} ms late against the song")
            rows = _frozen(packets, timeline)
            frozen = sum(row.frames for row in rows)
            if frozen > MOST_FROZEN * frames:
                longest = max(rows, key=attrgetter("frames"))
                raise RenderFailed(
                    f"{_place_at(timeline, longest.stamp)}: {frozen} of {frames} frames of the "
                    "video stand still, most of them in a row here"
                )
            chosen = _chosen(packets, timeline)
            black = []
            for stamp, doubtful in chosen.items():
                check()
                if doubtful and _is_black(container, stamp, timeline):
                    black.append(stamp)
            if len(black) > MOST_BLACK * len(chosen):
                raise RenderFailed(
                    f"{_place_at(timeline, black[0])}: {len(black)} of {len(chosen)} pictures "
                    "looked at are black, the first one here, but no fade is planned"
                )
    except (av.error.FFmpegError, StopIteration) as exc:
        raise RenderFailed(f"the finished video cannot be read back: {reason(exc)}") from exc
    return Findings(len(packets), max(length, sound_end), len(black), len(chosen), frozen, late)


_QUICKLY = {"skip_loop_filter": "all", "threads": "1", **UNDECODED}
"""Enough to tell black from a picture."""


def _packets(container: "InputContainer", check: Callable[[], None]) -> tuple[_Packets, float]:
    """Return the pictures' packets in the order shown, and when the sound ends."""
    packets = _Packets()
    last_decoded: int | None = None
    sound_end = 0.0
    for packet in container.demux(container.streams.video[0], container.streams.audio[0]):
        check()
        if packet.size == 0 or packet.pts is None or packet.dts is None:
            continue
        if packet.stream.type == "audio":
            sound_end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            continue
        if last_decoded is not None and packet.dts <= last_decoded:
            raise RenderFailed(f"the video's decoding clock goes back at frame {len(packets)}")
        last_decoded = packet.dts
        if packet.pts < 0:
            raise RenderFailed(f"frame {len(packets)} of the video is shown before it begins")
        packets.add(_Packet(packet.pts, packet.size, packet.is_keyframe))
    packets.order()
    return packets, sound_end


def _blocks(timeline: Timeline) -> int:
    return -(-timeline.width // 16) * -(-timeline.height // 16)


class _Row(NamedTuple):
    """Frames one after another in which nothing moves."""

    stamp: int
    """Of the first."""
    frames: int


def _frozen(packets: _Packets, timeline: Timeline) -> list[_Row]:
    """Return the rows of frames that stand still, from the size of their packets alone.

    A picture equal to the one before it takes a dozen bytes and more with its blocks, one in which
    anything moves takes several times that. A key frame says nothing by its size: it neither
    begins nor ends a row.
    """
    blocks = _blocks(timeline)
    most = min(48 + blocks // 40, 13 + blocks)
    longest = max(1, timeline.clock.frame(LONGEST_STILL))
    rows: list[_Row] = []
    row = _Row(0, 0)
    for packet in packets:
        if packet.key:
            continue
        if packet.size <= most and not _dark_by_plan(timeline, packet.stamp):
            row = _Row(row.stamp if row.frames else packet.stamp, row.frames + 1)
            continue
        rows += [row] if row.frames >= longest else []
        row = _Row(0, 0)
    return [*rows, row] if row.frames >= longest else rows


def _is_black(container: "InputContainer", stamp: int, timeline: Timeline) -> bool:
    stream = container.streams.video[0]
    stream.codec_context.skip_frame = "DEFAULT"
    container.seek(stamp, stream=stream, backward=True)
    packet = next(container.demux(stream))
    frames = stream.codec_context.decode(packet) or stream.codec_context.decode(None)
    stream.codec_context.flush_buffers()
    return bool(frames) and _shows_nothing(frames[0]) and not _dark_by_plan(timeline, stamp)


def _heard(
    container: "InputContainer", starts: Sequence[int], check: Callable[[], None]
) -> Listener:
    """Note the finished sound at the same places."""
    after = Listener(starts)
    stream = container.streams.audio[0]
    for start in starts:
        first, end = start * STEP, (start + LENGTH) * STEP
        check()
        container.seek(max(0, first - 4 * AAC_FRAME), stream=stream, backward=True)
        for frame in container.decode(stream):
            if frame.pts is None or frame.pts >= end:
                break
            after.note(frame, frame.pts)
    return after


def _check_picture(packets: _Packets, frames: int) -> None:
    if len(packets) != frames:
        raise RenderFailed(f"the video has {len(packets)} frames; the plan has {frames}")
    first = next(iter(packets))
    if first.stamp != 0:
        raise RenderFailed(f"the video's first frame is shown at tick {first.stamp}, not at 0")
    for before, after in pairwise(packets):
        if before.stamp == after.stamp:
            raise RenderFailed("two frames of the video have the same time")


def _chosen(packets: _Packets, timeline: Timeline) -> dict[int, bool]:
    """Return the key frames to look at: the smallest, those at joints, and some evenly.

    Each with whether it has to be decoded; a large one between joints shows something.
    """
    share = MOST_LOOKS // 3
    keys = [packet for packet in packets if packet.key]
    stamps = [packet.stamp for packet in keys]
    small = sorted(
        (packet for packet in keys if packet.size <= _blocks(timeline)), key=attrgetter("size")
    )
    step = timeline.clock.ticks_per_frame
    joints = [
        stamps[max(0, bisect_right(stamps, joint.end * step) - 1)] for joint in timeline.joints
    ]
    large = {packet.stamp for packet in keys if packet.size > LARGEST_BLACK * _blocks(timeline)}
    decoded = set(_some(joints, DECODED_JOINTS))
    chosen = {packet.stamp for packet in small[:share]}.union(
        decoded, _some(joints, share), _some(stamps, share)
    )
    return {stamp: stamp in decoded or stamp not in large for stamp in sorted(chosen)}


def _some(stamps: list[int], most: int) -> list[int]:
    return stamps[:: max(1, -(-len(stamps) // most))]


def _shows_nothing(frame: "VideoFrame") -> bool:
    """Say whether a picture is black, and not only small between wide bars."""
    plane = frame.planes[0]
    data = memoryview(plane)
    apart = max(1, min(16, frame.height // 8))
    lines = range(apart // 2, frame.height, apart)
    rows = [data[row * plane.line_size :][: frame.width] for row in lines]
    step = max(1, len(rows) * frame.width // SAMPLED_PIXELS)
    values = [value for row in rows for value in row[::step]]
    brightest = sorted(values)[-max(1, len(values) // BRIGHTEST) :]
    return sum(values) <= BLACK_LEVEL * len(values) and sum(brightest) <= BRIGHTEST_LEVEL * len(
        brightest
    )


def _dark_by_plan(timeline: Timeline, stamp: int) -> bool:
    return timeline.picture(_frame_at(timeline, stamp)).light <= DARKEST_PLANNED


def _place_at(timeline: Timeline, stamp: int) -> str:
    """Return how errors name the move that is seen at a time."""
    return timeline.shots[timeline.shot_at(_frame_at(timeline, stamp))].place


def _frame_at(timeline: Timeline, stamp: int) -> int:
    return min(timeline.frames - 1, stamp // timeline.clock.ticks_per_frame)
