"""The one place where media files from outside are opened.

FFmpeg's libraries, which come inside PyAV's wheel, know hundreds of formats; some of them are
lists of other files and addresses. Whatever a file is called and whatever it holds, here it is
read as one plain local file, by the demuxers and decoders that the caller names, and no picture
larger than `MAX_PIXELS` is given memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from choreo.errors import UnreadableMedia

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

_Stream = TypeVar("_Stream", bound="Stream")

MAX_PIXELS = 4096 * 4096
"""Pixels of one picture. Decoders ask before they take memory, so a header that claims more
costs nothing."""

MAX_STREAMS = 32
"""Tracks of one file; a recording has a handful."""

MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 4_000, 384_000
"""Samples per second. More is a broken header; less is no music, and hours of it fit into a
kilobyte."""

MIN_PIECE = 16
"""Samples that the packets of a sound hold on average. Every format in use packs hundreds; an
index that says one sample each makes a file cost a thousand times its length."""

_PIECES_FORGIVEN = 2_000

CLIP_FORMATS = "mov,matroska,avi,mpegts,mpeg"
"""FFmpeg demuxers for clips; `mov` is also mp4 and 3gp, `matroska` also webm."""

SONG_FORMATS = "aac,aiff,flac,matroska,mov,mp3,ogg,wav,w64"
"""FFmpeg demuxers for songs; `mov` is also m4a and mp4, `matroska` also webm."""

PICTURE_DECODERS = (
    "h264,hevc,mpeg4,mpeg2video,mpeg1video,h263,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,"
    "mjpeg,prores,dnxhd"
)

COVER_DECODERS = "h264,hevc,mpeg4,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,mjpeg,png"
"""What stands beside the sound in a song's file; it is probed and never shown."""

SOUND_DECODERS = (
    "aac,mp3,mp3float,opus,libopus,vorbis,libvorbis,flac,alac,ac3,eac3,mp2,mp2float,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_u8,pcm_f32le,pcm_f32be,"
    "pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav,amr_nb,amrnb"
)

_NOTHING: Mapping[str, str] = MappingProxyType({})


def open_media(
    path: Path,
    formats: str,
    decoders: str,
    *,
    container_options: Mapping[str, str] = _NOTHING,
    stream_options: Mapping[str, str] = _NOTHING,
) -> InputContainer:
    """Open a local file for reading.

    Args:

        path: The file; its name is never taken for an address or a pattern.

        formats: Demuxers that may read it, separated by commas.

        decoders: Decoders that may be run on it, here and later, separated by commas.

        container_options: Further options of the demuxer.

        stream_options: Further options of the decoders that look into it while it is opened.

    Returns:

        PyAV's container; closing it is the caller's part.

    Raises:

        av.FFmpegError, ValueError: As the library says it; callers say it in their own words.
    """
    import av

    limits = {"codec_whitelist": decoders, "max_pixels": str(MAX_PIXELS)}
    container = av.open(
        f"file:{path.resolve()}",
        "r",
        container_options={
            **container_options,
            "protocol_whitelist": "file",
            "format_whitelist": formats,
            "codec_whitelist": decoders,
            "max_streams": str(MAX_STREAMS),
        },
        options={**stream_options, **limits},
        metadata_errors="replace",
    )
    for stream in container.streams:
        _limit(stream, limits)
    return container


def _limit(stream: Any, limits: Mapping[str, str]) -> None:
    """Hold a stream's decoder to the limits too: the options above end with the opening."""
    context = stream.codec_context
    if context is not None:
        context.options = dict(limits)


def packets_of(container: InputContainer, stream: _Stream) -> Iterator[Packet[_Stream]]:
    """Yield the packets of one stream, and the empty ones at its end that empty its decoder.

    A transport stream may begin further streams in its midst. PyAV did not count those when it
    took note of what was wanted, and may ask for one that it has not got; that happens behind the
    last packet of every stream that it knows.

    Raises:

        av.FFmpegError: Where the file cannot be read.
    """
    # The library's own types tell nothing of the kind of stream.
    packets: Iterator[Any] = container.demux(stream)
    while True:
        try:
            yield next(packets)
        except (StopIteration, IndexError):
            return


def in_fair_pieces(frames: Iterable[AudioFrame], name: str) -> Iterator[AudioFrame]:
    """Yield decoded sound as it comes.

    Raises:

        UnreadableMedia: When it comes in pieces of less than `MIN_PIECE` samples.
    """
    samples = 0
    for pieces, frame in enumerate(frames, start=1):
        samples += frame.samples
        if pieces > _PIECES_FORGIVEN and samples < pieces * MIN_PIECE:
            raise UnreadableMedia(
                f"{name} has its sound in pieces of {samples / pieces:.1f} samples; its index is "
                "damaged"
            )
        yield frame


def open_picture(path: Path) -> InputContainer:
    """Open a JPEG of this product's own making; raises as `open_media` does."""
    import av

    limits = {"codec_whitelist": "mjpeg", "max_pixels": str(MAX_PIXELS)}
    container = av.open(
        f"file:{path.resolve()}",
        "r",
        format="image2",
        container_options={
            "pattern_type": "none",
            "protocol_whitelist": "file",
            "codec_whitelist": "mjpeg",
        },
        options=limits,
    )
    for stream in container.streams:
        _limit(stream, limits)
    return container
