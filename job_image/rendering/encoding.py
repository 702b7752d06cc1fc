"""Encoding a segment's pictures as a small mp4 in memory, in the library's format.

Such a segment is a clip like any other: its packets are copied into the video the same way.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import av.error

from choreo import clip_format
from choreo.errors import RenderFailed
from rendering.cache import JointCache, key_of
from rendering.clip import VideoFormat
from rendering.drawing import Fitter, black_frame
from rendering.equipment import Equipment
from rendering.labels import Labels, write_on
from rendering.media import UNDECODED, reason
from rendering.reader import ClipReader
from rendering.timeline import Clock, Picture, Shot

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

PRESET = "superfast"
"""A joint is a dozen frames: what the library's slower preset saves in bits is not worth a third
more time. It leaves the parameter sets as they are."""

JOINT_CRF = 18.5
"""Finer than the library's own: a joint is a copy of copies, and a blend of two pictures' grain,
which is fainter than either, has less to hide an error in. SSIM 0.97 on grainy 720p."""

_JOINT = "keyint=250:subme=0:merange=4:b-adapt=0:partitions=i8x8:aq-mode=2:no-deblock=1"
"""One key frame, at the front, the cheapest search, which is 40 % less work on a joint, and bits
where the picture is plain (x264's auto-variance). At this quality smoothing between blocks changes
next to nothing and takes a thirtieth of the time. None of it is told in the parameter sets."""

IN_BETWEEN = (2, 5)
"""Pictures in a row that are predicted from both sides: one takes a quarter of the work of a
picture predicted from one side. Fewer or more would change the parameter sets."""

READERS = 2
"""Clips kept open at once: the one shown and the one coming in. Each holds 11 MB at 720p."""

LEAST_BIT_RATE, MOST_BIT_RATE = 50_000, 500_000_000
"""Bits per second that the encoder's rate control can be held to."""

LEAST_OF_BLOCK = 0.5
"""Bits of a block of 16 x 16 in each picture; with less, what moves is seen to stand still."""


def bits_per_second(text: str) -> int:
    """Read a bit rate such as `4M` or `192k`."""
    factor = {"k": 1_000, "M": 1_000_000}.get(text[-1])
    return int(text[:-1]) * factor if factor else int(text)


@dataclass(frozen=True, slots=True)
class Target:
    """What every picture is encoded to."""

    width: int
    height: int
    clock: Clock
    bit_rate: int | None
    """Bits per second that encoded pictures stay below, at constant quality up to there. None for
    a joint between copied frames, whose quality it keeps."""
    crop: bool = False
    """True fills the picture with clips of another shape; false shows them whole."""
    mirror: bool = False


@dataclass(frozen=True, slots=True)
class Encoded:
    """A segment's packets, as an mp4 file's bytes, and the ticks of its frames as shown."""

    data: bytes
    ticks: tuple[int, ...]


def format_of(target: Target) -> tuple[VideoFormat, bytes]:
    """Return the format that clips must have to be copied, and a one-picture mp4 in it."""
    data = _encode(target, [black_frame(target.width, target.height)], 1)
    with av.open(io.BytesIO(data), "r", format="mp4", options=UNDECODED) as container:
        codec = container.streams.video[0].codec_context
        extradata = codec.extradata or b""
    return VideoFormat(target.width, target.height, target.clock.rate, extradata), data


def encode_pictures(
    target: Target,
    shots: list[Shot],
    pictures: Iterable[Picture],
    labels: Labels | None,
    cache: JointCache | None,
    equipment: Equipment,
    check: Callable[[], None],
) -> Encoded:
    """Draw and encode pictures.

    Args:

        target: Size, rate, bit rate and the like.

        shots: What the pictures' numbers mean.

        pictures: In the order they are shown.

        labels: What is written into them, if anything.

        cache: Where the same pictures may have been kept, if anywhere.

        equipment: What the thread draws with.

        check: Called before each picture; what it raises ends the work.

    Raises:

        RenderFailed: Naming the clip that cannot be decoded.
    """
    wanted = list(pictures)
    scale = target.clock.ticks_per_second
    lines = [labels.at(picture.tick / scale) if labels else () for picture in wanted]
    ticks = tuple(picture.tick for picture in wanted)
    key = _key(target, shots, wanted, lines) if cache else ""
    kept = cache.get(key) if cache else None
    if kept is not None:
        return Encoded(kept, ticks)

    def drawn() -> "Iterable[VideoFrame]":
        with _Studio(target, shots, equipment, check) as studio:
            for picture, text in zip(wanted, lines, strict=True):
                check()
                frame = studio.draw(picture)
                write_on(frame, text)
                yield frame

    data = _encode(target, drawn(), len(wanted))
    if cache:
        cache.put(key, data)
    return Encoded(data, ticks)


def _key(
    target: Target, shots: list[Shot], pictures: list[Picture], lines: Sequence[object]
) -> str:
    """Name the pictures by what is seen in them, wherever they stand in whatever plan."""
    used = {number for picture in pictures for number in (picture.shot, picture.other)}
    content = {number: shots[number].clip.digest for number in used if number >= 0}
    seen = [
        (content[p.shot], p.frame, content.get(p.other), p.other_frame, p.share, p.light)
        for p in pictures
    ]
    return key_of("joint", av.library_versions, (PRESET, JOINT_CRF, _JOINT), target, seen, lines)


class _Studio(ExitStack):
    """Draws pictures, keeping the clips open that it needs next."""

    def __init__(
        self, target: Target, shots: list[Shot], equipment: Equipment, check: Callable[[], None]
    ) -> None:
        super().__init__()
        self._equipment = equipment
        self._check = check
        self._shots = shots
        self._readers: dict[int, ClipReader] = {}
        self._fitters: dict[int, Fitter] = {}
        self._target = target

    def draw(self, picture: Picture) -> "VideoFrame":
        frame = self._shown(picture.shot, picture.frame)
        if picture.other >= 0:
            other = self._shown(picture.other, picture.other_frame)
            frame = self._equipment.blender.mix(frame, other, picture.share)
        return self._equipment.blender.darken(frame, picture.light)

    def _shown(self, number: int, frame: int) -> "VideoFrame":
        shot = self._shots[number]
        if number not in self._readers:
            while len(self._readers) >= READERS:
                oldest = next(iter(self._readers))
                self._readers.pop(oldest).__exit__(None, None, None)
                del self._fitters[oldest]
            self._readers[number] = self.enter_context(
                ClipReader(shot.clip, shot.place, self._equipment, self._check)
            )
            self._fitters[number] = Fitter(
                self._target.width, self._target.height, self._target.crop, self._target.mirror
            )
        found = self._readers[number].frame(frame)
        try:
            return self._fitters[number].fit(found, shot.clip.pixel_shape)
        except (av.error.FFmpegError, ValueError) as exc:
            raise RenderFailed(
                f"{shot.place}: scaling frame {frame} to {self._target.width}x"
                f"{self._target.height} failed: {reason(exc)}"
            ) from exc


def _encode(target: Target, frames: "Iterable[VideoFrame]", count: int) -> bytes:
    file = io.BytesIO()
    scale = {"video_track_timescale": str(target.clock.ticks_per_second)}
    try:
        with av.open(file, "w", format="mp4", options=scale) as container:
            stream = _open_encoder(container, target, count)
            for number, frame in enumerate(frames):
                frame.pts, frame.time_base = number, 1 / target.clock.rate
                frame.pict_type = 0
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except av.error.FFmpegError as exc:
        raise RenderFailed(
            f"encoding {target.width}x{target.height} pictures failed: {reason(exc)}"
        ) from exc
    return file.getvalue()


def _open_encoder(container: "OutputContainer", target: Target, count: int) -> "VideoStream":
    stream = clip_format.open_encoder(
        container, target.width, target.height, frame_rate=Fraction(target.clock.rate)
    )
    options = {**stream.codec_context.options, "preset": PRESET}
    if target.bit_rate is None:
        options |= {
            "crf": str(JOINT_CRF),
            "x264-params": f"{options['x264-params']}:{_JOINT}:bframes={_in_between(count)}",
        }
    else:
        blocks = -(-target.width // 16) * -(-target.height // 16)
        least = max(LEAST_BIT_RATE, int(blocks * target.clock.rate * LEAST_OF_BLOCK))
        ceiling = min(max(target.bit_rate, least), MOST_BIT_RATE)
        options |= {"maxrate": str(ceiling), "bufsize": str(2 * ceiling)}
    stream.codec_context.options = options
    return stream


def _in_between(count: int) -> int:
    """Return how many pictures lie between two others when those are spread evenly."""
    least, most = IN_BETWEEN
    rows = max(1, -(-(count - 1) // (most + 1)))
    return max(least, -(-(count - 1) // rows) - 1)
