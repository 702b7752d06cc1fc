"""What a clip's file holds: its frames' times, its key frames, and whether it can be stitched."""

import itertools
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import av.error

from choreo import clip_format
from choreo.decoding import packets_of
from choreo.errors import UnreadableMedia
from rendering.media import VIDEO_FORMATS, is_upright, opened, reason, video_stream

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

MAX_SPAN = 86_400.0
"""Seconds between a clip's first and last frame; more means broken timestamps."""

_SLICE_IDR = 5
_SLICE_OTHER = 1
_KINDS_COPIED = (_SLICE_OTHER, _SLICE_IDR, 6, 9, 12)
"""Slices, remarks (SEI), delimiters and filling. Parameter sets have no place inside a track."""

_ESCAPE = 3
"""After two zero bytes no unit holds a byte below this one (7.4.1 of the standard): where one
stands, the file was damaged after it was written."""


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """What packets of two clips must share to stand in one track."""

    width: int
    height: int
    rate: Fraction
    extradata: bytes
    """The decoder's configuration: SPS and PPS."""


@dataclass(frozen=True)
class Clip:
    """One clip's frames. Frames are numbered from 0 in the order in which they are shown."""

    path: Path
    name: str
    stamps: Sequence[int]
    """When each frame is shown, ascending, in units of `time_base`."""
    time_base: Fraction
    decode_order: Sequence[int]
    """The frame that each packet carries."""
    keys: Sequence[int]
    """Key frames, ascending: decoding can start at each."""
    format: VideoFormat | None
    """None when the packets cannot be copied into another track."""
    rate: Fraction | None
    """Frames per second, or None when they are not evenly spaced."""
    pixel_shape: Fraction
    """Width of a pixel divided by its height."""
    has_sound: bool
    sound_start: float = 0.0
    """Second of the clip's clock at which its own sound begins."""
    digest: str = ""
    """Hash of the file's bytes."""

    def __len__(self) -> int:
        return len(self.stamps)

    @cached_property
    def positions(self) -> Sequence[int]:
        """The packet that carries each frame."""
        places = array("q", bytes(8 * len(self.decode_order)))
        for place, frame in enumerate(self.decode_order):
            places[frame] = place
        return places

    def time(self, frame: int) -> float:
        """Return when `frame` is shown, in seconds on the clip's clock."""
        base = self.time_base
        return (self.stamps[frame] - self.stamps[0]) * base.numerator / base.denominator

    @cached_property
    def mean_rate(self) -> float:
        """Frames per second on average; 1 for a clip of one frame."""
        last = self.time(len(self) - 1)
        return (len(self) - 1) / last if last > 0 else 1.0

    @cached_property
    def end(self) -> float:
        """Seconds on the clip's clock at which its last frame ends."""
        return self.time(len(self) - 1) + 1 / self.mean_rate

    def nearest(self, seconds: float) -> int:
        """Return the frame shown closest to `seconds`; the first or last one outside."""
        stamp = self.stamps[0] + seconds / self.time_base
        after = bisect_left(self.stamps, stamp)
        if after == 0:
            return 0
        if after == len(self.stamps):
            return after - 1
        before = after - 1
        closer = stamp - self.stamps[before] <= self.stamps[after] - stamp
        return before if closer else after

    def frame_at(self, stamp: int) -> int:
        """Return the frame whose stamp is `stamp`, or the last one before it."""
        return max(0, bisect_right(self.stamps, stamp) - 1)

    def key_before(self, frame: int) -> int:
        """Return the last key frame at or before `frame`; the first one if there is none."""
        return self.keys[max(0, bisect_right(self.keys, frame) - 1)]

    def next_key(self, frame: int) -> int:
        """Return the first key frame at or after `frame`, or the number of frames."""
        place = bisect_left(self.keys, frame)
        return self.keys[place] if place < len(self.keys) else len(self)

    def copyable_end(self, end: int) -> int:
        """Return how far packets can be copied, at most to frame `end`, leaving no hole.

        A group of pictures may be left early: what was decoded until then is shown whole as
        long as no packet is missing in between.
        """
        first = self.key_before(max(0, end - 1))
        start = self.positions[first]
        seen, last = 0, -1
        best = first
        for frame in self.decode_order[start : start + (end - first)]:
            seen, last = seen + 1, max(last, frame)
            if last >= end:
                break
            if last - first + 1 == seen:
                best = last + 1
        return best


def read_clip(path: Path, name: str, alive: Callable[[], None]) -> Clip:
    """Read a clip's packets.

    They are not decoded, unless they could be copied and nobody has vouched for them: a file in
    the library's format that was never sealed is decoded once, since what is copied is not seen.

    Args:

        path: The file.

        name: How errors call it.

        alive: Called for each packet; what it raises ends the work.

    Raises:

        UnreadableMedia: For a file that cannot be opened, has no pictures or was changed after it
            was sealed.
    """
    if not path.is_file():
        raise UnreadableMedia(f"{path.name} is not a file")
    try:
        digest, sealed = clip_format.digest_of(path)
    except OSError as exc:
        raise UnreadableMedia(f"{path.name} cannot be opened: {reason(exc)}") from exc
    if sealed is not None and sealed != digest:
        raise UnreadableMedia(
            f"{name} is damaged: its bytes are not those that were written at ingest"
        )
    with opened(path, VIDEO_FORMATS, known=sealed is not None) as container:
        clip = replace(
            _indexed(container, path, name, alive, sealed is not None), digest=digest.hex()
        )
    if clip.format is not None and sealed is None and not _decodes(path, name, alive):
        return replace(clip, format=None)
    return clip


def _decodes(path: Path, name: str, alive: Callable[[], None]) -> bool:
    """Say whether all pictures of a clip can be decoded without a fault."""
    with opened(path, VIDEO_FORMATS, known=True) as container:
        stream = video_stream(container, name)
        stream.codec_context.options = {**stream.codec_context.options, "err_detect": "explode"}
        try:
            for packet in packets_of(container, stream):
                alive()
                if any(frame.is_corrupt for frame in packet.decode()):
                    return False
        except (av.error.FFmpegError, ValueError):
            return False
    return True


def _indexed(
    container: "InputContainer", path: Path, name: str, alive: Callable[[], None], sealed: bool
) -> Clip:
    stream = video_stream(container, name)
    length_size = _length_size(stream.codec_context.extradata)
    shown: list[int] = []
    entries: set[int] = set()
    whole = length_size is not None
    try:
        for packet in packets_of(container, stream):
            alive()
            stamp = packet.pts if packet.pts is not None else packet.dts
            if packet.size == 0 or stamp is None:
                continue
            if packet.is_discard or packet.is_corrupt or packet.pts is None:
                whole = False
                if packet.is_discard:
                    continue
            if packet.is_keyframe:
                entries.add(stamp)
            # What ingest wrote needs no second look at each byte.
            whole = whole and (sealed or _is_sound(packet, length_size or 0))
            shown.append(stamp)
    except (av.error.FFmpegError, ValueError) as exc:
        raise UnreadableMedia(f"{name} cannot be read: {reason(exc)}") from exc
    if not shown:
        raise UnreadableMedia(f"{name} has no pictures")
    time_base = stream.time_base or Fraction(1, 90_000)
    stamps = array("q", sorted(set(shown)))
    if float((stamps[-1] - stamps[0]) * time_base) > MAX_SPAN:
        raise UnreadableMedia(f"{name} has timestamps more than a day apart")
    whole = whole and len(stamps) == len(shown)
    places = {stamp: place for place, stamp in enumerate(stamps)}
    order = array("q", (places[stamp] for stamp in shown))
    keys = array("q", sorted(places[stamp] for stamp in entries)) or array("q", [0])
    whole = whole and _groups_are_closed(order, keys)
    codec = stream.codec_context
    rate = _constant_rate(stamps, time_base)
    upright = is_upright(path) if whole else None
    if upright is None:
        upright = _rotation(container, stream, name) == 0
    pixel_shape = codec.sample_aspect_ratio or Fraction(1)
    layout = None
    if whole and codec.name == "h264" and rate is not None and pixel_shape == 1 and upright:
        layout = VideoFormat(codec.width, codec.height, rate, codec.extradata or b"")
    return Clip(
        path=path,
        name=name,
        stamps=stamps,
        time_base=time_base,
        decode_order=order,
        keys=keys,
        format=layout,
        rate=rate,
        pixel_shape=pixel_shape,
        has_sound=bool(container.streams.audio),
        sound_start=_sound_start(container, float(stamps[0] * time_base)),
    )


def _sound_start(container: "InputContainer", picture_start: float) -> float:
    for track in container.streams.audio:
        if track.start_time is not None and track.time_base is not None:
            return float(track.start_time * track.time_base) - picture_start
        break
    return 0.0


def _rotation(container: "InputContainer", stream: "VideoStream", name: str) -> int:
    # The display matrix is told by the first decoded frame only.
    try:
        container.seek(0)
        for packet in packets_of(container, stream):
            for frame in packet.decode():
                return frame.rotation
    except (av.error.FFmpegError, ValueError) as exc:
        raise UnreadableMedia(f"{name} cannot be decoded: {reason(exc)}") from exc
    raise UnreadableMedia(f"{name} has packets, but no picture can be decoded from them")


def _length_size(extradata: bytes | None) -> int | None:
    """Return the size of a NAL unit's length field, or None if packets are not so framed."""
    if not extradata or len(extradata) < 7 or extradata[0] != 1:
        return None
    return (extradata[4] & 3) + 1


def _is_sound(packet: "Packet[VideoStream]", length_size: int) -> bool:
    """Say whether a packet is built as it must be to be copied unseen.

    Its units fill it exactly, are of kinds that may be copied and hold no forbidden
    bytes; a key packet is an IDR picture, any other is none.
    """
    data = bytes(packet)
    place, slices = 0, 0
    wanted = _SLICE_IDR if packet.is_keyframe else _SLICE_OTHER
    while place < len(data):
        start = place + length_size
        end = start + int.from_bytes(data[place:start], "big")
        if not start < end <= len(data) or data[start] & 0x80:
            return False
        kind = data[start] & 0x1F
        if kind not in _KINDS_COPIED or (kind in (_SLICE_OTHER, _SLICE_IDR) and kind != wanted):
            return False
        slices += kind == wanted
        zeros = data.find(b"\0\0", start, end - 2)
        while zeros >= 0:
            if data[zeros + 2] < _ESCAPE:
                return False
            zeros = data.find(b"\0\0", zeros + 2, end - 2)
        place = end
    return slices > 0


def _groups_are_closed(order: Sequence[int], keys: Sequence[int]) -> bool:
    """Say whether every group of pictures holds exactly the frames up to the next key frame."""
    bounds = [*keys, len(order)]
    if bounds[0] != 0:
        return False
    for first, end in itertools.pairwise(bounds):
        group = order[first:end]
        if group[0] != first or min(group) != first or max(group) != end - 1:
            return False
    return True


def _constant_rate(stamps: Sequence[int], time_base: Fraction) -> Fraction | None:
    if len(stamps) < 2:
        return None
    first, span, steps = stamps[0], stamps[-1] - stamps[0], len(stamps) - 1
    # In whole numbers: fractions would take longer than all the rest of reading a clip.
    if any(
        abs((stamp - first) * steps - span * place) > steps for place, stamp in enumerate(stamps)
    ):
        return None
    return steps / (span * time_base)
