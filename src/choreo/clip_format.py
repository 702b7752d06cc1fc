"""The one video format of the library: what makes clips of different origin stitchable.

Packets of two clips can stand in one track only if both were encoded with the same parameter
sets (SPS, PPS), the same clock and closed groups of pictures. So everyone who encodes for the
library or joins its clips opens the encoder here.

A clip that is copied is never decoded, so damage inside its packets would go unseen: whoever
writes one seals it with a hash of its bytes, which readers compare.

PyAV is not imported by this module; the caller brings its container.
"""

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

FRAME_RATE = 30
"""Frames per second, constant."""

GOP_FRAMES = 15
"""Key frames are at most this far apart (0.5 s), so that a trim encodes little again."""

LEAD_FRAMES, SETTLED_FRAMES = 4, 6
"""What a crossfade of the usual 0.3 s takes of the clip before the count at which the move ends,
and of the next clip after it; the latter with one frame more, as retiming and rounding move it."""

TIMESCALE = 15_360
"""Ticks per second of the mp4 track: 512 a frame, so retimed stamps stay exact to 0.1 ms."""

TIME_BASE = Fraction(1, TIMESCALE)

PIXEL_FORMAT = "yuv420p"

CRF = 20
"""x264's constant quality of the library's clips: transparent for a filmed room at 720p."""

PRESET = "veryfast"

MP4_OPTIONS = {"movflags": "+faststart", "video_track_timescale": str(TIMESCALE)}
"""Give these as `options` when opening the container for writing."""

_BT709 = 1  # AVCOL_PRI_BT709, AVCOL_TRC_BT709 and AVCOL_SPC_BT709 share the number.
_LIMITED_RANGE = 1  # AVCOL_RANGE_MPEG

_X264 = (
    f"keyint={GOP_FRAMES}:min-keyint={GOP_FRAMES}:scenecut=0:open-gop=0:bframes=2:b-pyramid=none:"
    "ref=3:stitchable=1:force-cfr=1"
)

_LEVELS = (
    ("4.0", 8_192, 245_760),
    ("4.2", 8_704, 522_240),
    ("5.1", 36_864, 983_040),
    ("5.2", 36_864, 2_073_600),
    ("6.0", 139_264, 4_177_920),
    ("6.1", 139_264, 8_355_840),
    ("6.2", 139_264, 16_711_680),
)
"""H.264 table A-1: level, macroblocks of a picture, macroblocks a second. None below 4.0, which
every player has, so that clips up to 1080p30 differ in nothing but their size."""


def level(width: int, height: int, frame_rate: int | Fraction) -> str:
    """Return the lowest H.264 level, at least 4.0, that holds pictures of this size and rate."""
    blocks = -(-width // 16) * -(-height // 16)
    for name, most_blocks, most_a_second in _LEVELS:
        if blocks <= most_blocks and blocks * frame_rate <= most_a_second:
            return name
    return _LEVELS[-1][0]


def joint_keys(entry: float, exit: float) -> frozenset[int]:
    """Return the frames of a clip at which key frames are asked for, whatever their distance.

    Nearly every joint of a video begins and ends at such frames, a cut at the counts, a crossfade
    around them: what lies between joints is then copied whole.

    Args:

        entry: Seconds from the clip's first frame to the count on which its move begins.

        exit: Likewise, to the count on which it ends.
    """
    first, end = round(entry * FRAME_RATE), round(exit * FRAME_RATE)
    return frozenset((first, first + SETTLED_FRAMES, end - LEAD_FRAMES))


def open_encoder(
    container: "OutputContainer",
    width: int,
    height: int,
    *,
    crf: float = CRF,
    bit_rate: int | None = None,
    frame_rate: int | Fraction = FRAME_RATE,
    threads: int = 1,
) -> "VideoStream":
    """Add an H.264 stream in the library's format to `container`.

    Encode frames of `PIXEL_FORMAT` in BT.709 with `pts` counted in frames and
    `time_base = 1 / frame_rate`. A frame whose `pict_type` is I becomes a key frame. Neither `crf`
    nor `bit_rate` changes the parameter sets; `width`, `height` and `frame_rate` do.

    Args:

        container: Opened for writing, with `MP4_OPTIONS` if it is an mp4 file.

        width: Even, in pixels.

        height: Even, in pixels.

        crf: Constant quality, 0 (lossless) to 51; lower is better.

        bit_rate: Average bits per second, instead of `crf`.

        frame_rate: Frames per second.

        threads: Encoder threads. The same number gives the same bytes.
    """
    quality = {} if bit_rate is not None else {"crf": str(crf)}
    stream = container.add_stream(
        "libx264",
        rate=Fraction(frame_rate),
        options={
            "preset": PRESET,
            "profile": "high",
            "forced-idr": "1",
            "x264-params": f"{_X264}:level={level(width, height, frame_rate)}",
            **quality,
        },
    )
    codec = stream.codec_context
    codec.width, codec.height, codec.pix_fmt = width, height, PIXEL_FORMAT
    codec.time_base = 1 / Fraction(frame_rate)
    codec.gop_size = GOP_FRAMES
    codec.thread_count = threads
    codec.color_primaries = codec.color_trc = codec.colorspace = _BT709
    codec.color_range = _LIMITED_RANGE
    if bit_rate is not None:
        codec.bit_rate = bit_rate
    return stream


_SEAL = (56).to_bytes(4, "big") + b"uuid" + hashlib.blake2b(b"choreo seal", digest_size=16).digest()
"""The head of an mp4 box of a private kind (ISO 14496-12, 4.2), which players pass over."""

_DIGEST = 32
"""Bytes of a hash, which is all that the box holds."""

_BLOCK = 1 << 18
"""Bytes read at a time."""


def seal(path: Path) -> None:
    """Append the hash of a finished mp4 file to it, as a box at its end.

    Raises:

        OSError: If it cannot be read or written.
    """
    digest, _ = digest_of(path)
    with path.open("ab") as file:
        file.write(_SEAL + digest)


def digest_of(path: Path) -> tuple[bytes, bytes | None]:
    """Return the hash of a file's bytes without its seal, and the hash that it was sealed with.

    The second is None for a file without a seal. The two differ when the file was changed.

    Raises:

        OSError: If it cannot be read.
    """
    length = len(_SEAL) + _DIGEST
    # One block for all: new memory for each costs a third of what hashing does.
    block = memoryview(bytearray(_BLOCK))
    with path.open("rb", buffering=0) as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - length))
        end = file.read()
        sealed = end[len(_SEAL) :] if len(end) == length and end.startswith(_SEAL) else None
        left = size - length if sealed is not None else size
        file.seek(0)
        found = hashlib.blake2b(digest_size=_DIGEST)
        while left > 0 and (count := file.readinto(block[: min(left, _BLOCK)])):
            found.update(block[:count])
            left -= count
    return found.digest(), sealed
