"""What a clip is, before it is decoded: size, rate, length, sound, and whether it is usable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from choreo.decoding import CLIP_FORMATS, PICTURE_DECODERS, SOUND_DECODERS, open_media
from choreo.errors import UnreadableMedia

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

MAX_SECONDS = 600.0
"""A clip may hold several moves; a whole class must be cut first."""
MAX_PIXELS = 4096 * 2304
MIN_SIDE = 64
MIN_SECONDS = 1.0
MAX_RATE = 300


@dataclass(frozen=True)
class ClipFacts:
    """What the container says, checked."""

    width: int
    height: int
    duration: float
    """Seconds, as the container claims; 0 if it does not."""
    frame_rate: float
    """Average frames per second."""
    codec: str
    has_sound: bool
    pixel_aspect: float
    """Width of a pixel over its height; 1 but for DV, some phones and old cameras."""
    sound_delay: float
    """Seconds by which the sound starts after the first picture; may be negative."""


@contextmanager
def opened_clip(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a clip with the readers and decoders that clips need.

    Yields:

        The container and its first moving picture; neither leaves this package.

    Raises:

        UnreadableMedia: Naming the file and the reason, also for faults inside the block.
    """
    import av

    try:
        with open_media(path, CLIP_FORMATS, f"{PICTURE_DECODERS},{SOUND_DECODERS}") as container:
            streams = [s for s in container.streams.video if not _is_cover(s)]
            if not streams:
                raise UnreadableMedia(f"{path.name} has no moving picture, only sound")
            stream = streams[0]
            if not stream.codec_context or stream.codec_context.name not in PICTURE_DECODERS:
                raise UnreadableMedia(f"{path.name} has pictures of a kind that is not read")
            # Clips are decoded side by side in processes; threads inside would only compete.
            stream.codec_context.thread_count = 1
            yield container, stream
    except av.FFmpegError as exc:
        reason = exc.strerror or type(exc).__name__
        raise UnreadableMedia(f"{path.name} cannot be read as video: {reason}") from exc
    except OSError as exc:
        raise UnreadableMedia(f"{path.name} cannot be opened: {exc.strerror}") from exc


def _is_cover(stream: Any) -> bool:
    return "attached_pic" in str(stream.disposition).lower()


def probe(path: Path) -> ClipFacts:
    """Return what is known about a clip from its container.

    Raises:

        UnreadableMedia: When it is no clip, or too long, too large or too small to be used.
    """
    with opened_clip(path) as (container, stream):
        width, height = stream.codec_context.width, stream.codec_context.height
        rate = float(stream.average_rate or stream.guessed_rate or 0)
        duration = _duration(container, stream)
        sound = container.streams.audio[0] if container.streams.audio else None
        facts = ClipFacts(
            width=width,
            height=height,
            duration=duration,
            frame_rate=rate,
            codec=stream.codec_context.name,
            has_sound=sound is not None,
            pixel_aspect=_pixel_aspect(stream),
            sound_delay=_start(sound) - _start(stream) if sound is not None else 0.0,
        )
    _refuse_unusable(path, facts, frames=stream.frames)
    return facts


def _duration(container: InputContainer, stream: VideoStream) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / 1_000_000


def _pixel_aspect(stream: VideoStream) -> float:
    aspect = float(stream.sample_aspect_ratio or 1)
    return aspect if 0.2 < aspect < 5 else 1.0


def _start(stream: Any) -> float:
    base = stream.time_base or Fraction(1)
    return float((stream.start_time or 0) * base)


def _refuse_unusable(path: Path, facts: ClipFacts, frames: int) -> None:
    size = f"{facts.width}x{facts.height}"
    if min(facts.width, facts.height) < MIN_SIDE:
        raise UnreadableMedia(f"{path.name} is {size} pixels; {MIN_SIDE} a side is the least")
    if facts.width * facts.height > MAX_PIXELS:
        raise UnreadableMedia(f"{path.name} is {size} pixels; 4096x2304 is the most, scale it down")
    if facts.duration > MAX_SECONDS:
        raise UnreadableMedia(
            f"{path.name} lasts {facts.duration / 60:.0f} minutes; "
            f"{MAX_SECONDS / 60:.0f} are the most, cut it first"
        )
    if frames == 1:
        raise UnreadableMedia(f"{path.name} holds one frame; it is a still picture")
    if facts.frame_rate > MAX_RATE:
        raise UnreadableMedia(
            f"{path.name} claims {facts.frame_rate:.0f} frames per second; {MAX_RATE} is the most"
        )
    if 0 < facts.duration < MIN_SECONDS:
        raise UnreadableMedia(
            f"{path.name} lasts {facts.duration:.2f} s; a move of four counts needs over "
            f"{MIN_SECONDS:.0f} s"
        )
