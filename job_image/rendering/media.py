"""Opening media from outside: only known formats, only plain files, only sane sizes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error

from choreo.errors import UnreadableMedia

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

VIDEO_FORMATS = "mov,matroska,webm"
"""Demuxers for clips. `mov` reads mp4 as well."""

SOUND_FORMATS = "wav,mp3,ogg,flac,mov,aac,matroska,webm"
"""Demuxers for songs."""

UNDECODED = {"skip_frame": "all"}
"""Opening a file decodes some pictures to learn what the header of every format that we take
already says: that costs nine tenths of the time, and would come before any check of size."""

MAX_SIDE = 4096
"""Pixels of a clip's width or height; more is refused before it is decoded."""


@contextmanager
def opened(path: Path, formats: str) -> Iterator["InputContainer"]:
    """Open a media file for reading and close it again.

    Neither playlists nor formats that fetch other files are ever opened, and no picture is
    decoded yet.

    Raises:

        UnreadableMedia: With the file's name and the media library's own message.
    """
    if not path.is_file():
        raise UnreadableMedia(f"{path.name} is not a file")
    try:
        container = av.open(
            str(path),
            "r",
            container_options={"format_whitelist": formats, "protocol_whitelist": "file"},
            options=UNDECODED,
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, ValueError, OSError) as exc:
        raise UnreadableMedia(f"{path.name} cannot be opened: {reason(exc)}") from exc
    with container:
        yield container


def reason(exc: BaseException) -> str:
    """Return the media library's message without our folders in it."""
    text = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
    return str(text).splitlines()[0]


def video_stream(container: "InputContainer", name: str) -> "VideoStream":
    """Return the picture track of a clip, set to be decoded by the calling thread alone.

    Raises:

        UnreadableMedia: If it has none, or one that is too large.
    """
    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & stream.disposition.__class__.attached_pic
    ]
    if not streams:
        raise UnreadableMedia(f"{name} has no picture track")
    stream = streams[0]
    if stream.codec_context is None:
        raise UnreadableMedia(f"{name} has a picture of an unknown codec")
    check_size(stream.codec_context.width, stream.codec_context.height, name)
    if not stream.codec_context.is_open:
        stream.thread_count = 1
    stream.codec_context.skip_frame = "DEFAULT"
    return stream


def check_size(width: int, height: int, name: str) -> None:
    """Refuse pictures that are empty or larger than `MAX_SIDE`.

    Raises:

        UnreadableMedia: With the size.
    """
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise UnreadableMedia(
            f"{name} has pictures of {width}x{height}; 1x1 to {MAX_SIDE}x{MAX_SIDE} can be used"
        )
