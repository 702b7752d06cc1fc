"""Opening media from outside: only known formats, only plain files, only sane sizes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import av.error

from choreo.decoding import PICTURE_DECODERS, SOUND_DECODERS, open_media
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

UNPROBED = {"probesize": "32", "analyzeduration": "0"}
"""For mp4 files that were read before or are our own: their index says all, and looking for more
in their packets takes nine tenths of the time."""


@contextmanager
def opened(path: Path, formats: str, known: bool = False) -> Iterator["InputContainer"]:
    """Open a media file for reading and close it again.

    Neither playlists nor formats that fetch other files are ever opened, and no picture is
    decoded yet.

    Args:

        path: The file.

        formats: Names of the demuxers that may read it.

        known: True for an mp4 file that was read before.

    Raises:

        UnreadableMedia: With the file's name and the media library's own message.
    """
    if not path.is_file():
        raise UnreadableMedia(f"{path.name} is not a file")
    try:
        container = open_media(
            path,
            formats,
            f"{PICTURE_DECODERS},{SOUND_DECODERS}",
            container_options=UNPROBED if known else {},
            stream_options=UNDECODED,
        )
    except (av.error.FFmpegError, ValueError, OSError) as exc:
        raise UnreadableMedia(f"{path.name} cannot be opened: {reason(exc)}") from exc
    with container:
        yield container


def is_upright(path: Path) -> bool | None:
    """Say whether every track of an mp4 file is shown as it is stored.

    None where its index does not tell, as in other kinds of file. The index is read here since
    the library tells a rotation only with a decoded picture.
    """
    matrices = []
    with path.open("rb") as file:
        moov = _box(file, b"moov", 0, path.stat().st_size)
        if moov is None:
            return None
        place, end = moov
        while (track := _box(file, b"trak", place, end)) is not None:
            header = _box(file, b"tkhd", *track)
            if header is None:
                return None
            file.seek(header[0])
            version = file.read(1)
            file.seek(header[0] + (52 if version == b"\x01" else 40))
            matrices.append(file.read(36))
            place = track[1]
    return all(matrix == _UPRIGHT for matrix in matrices) if matrices else None


_UPRIGHT = b"".join(
    value.to_bytes(4, "big") for value in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
)


def _box(file: BinaryIO, kind: bytes, place: int, end: int) -> tuple[int, int] | None:
    """Return where the body of the next box of this kind begins and ends."""
    while place + 8 <= end:
        file.seek(place)
        head = file.read(16)
        size, body = int.from_bytes(head[:4], "big"), place + 8
        if size == 1 and len(head) == 16:
            size, body = int.from_bytes(head[8:], "big"), place + 16
        if size < body - place:
            return None
        if head[4:8] == kind:
            return body, min(place + size, end)
        place += size
    return None


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
