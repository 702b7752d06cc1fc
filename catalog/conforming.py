"""Clips of any kind into the library's two renditions, frame by frame, and a thumbnail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.probing import opened_clip
from catalog.watching import frames_of, turned
from choreo.clip_format import (
    CRF,
    FRAME_RATE,
    GOP_FRAMES,
    MP4_OPTIONS,
    PIXEL_FORMAT,
    PRESET,
    TIME_BASE,
    TIMESCALE,
    joint_keys,
    open_encoder,
    seal,
)
from choreo.decoding import packets_of
from choreo.errors import UnreadableMedia

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

WIDTH, HEIGHT = 1280, 720
PREVIEW_WIDTH, PREVIEW_HEIGHT = 640, 360
PREVIEW_CRF = 26.0
"""A quarter of the pixels at a third of the bits: for a page, not for a screen."""
PREVIEW_PRESET = "superfast"
"""Previews are made by the hour and looked at once; this takes half the library preset's time and
writes the same parameter sets."""
ANIMATION_WIDTH, ANIMATION_HEIGHT, ANIMATION_RATE = 240, 136, 10
ANIMATION_SECONDS = 5.0
"""An 8-count at 100 BPM; of a longer move the beginning is shown."""

_FRAME_TICKS = TIMESCALE // FRAME_RATE
_ANY, _KEY = 0, 1
"""Kinds of picture that an encoder is asked for (AV_PICTURE_TYPE_NONE and I)."""


class Rendition:
    """One mp4 of the library's format that is being written."""

    def __init__(
        self, path: Path, width: int, height: int, crf: float = CRF, preset: str = PRESET
    ) -> None:
        import av
        from av.video.reformatter import Interpolation, VideoReformatter

        # Kept, since making a scaler anew costs more than scaling a frame.
        self._scaler, self._area = VideoReformatter(), Interpolation.AREA
        self._path = path
        self._container = av.open(str(path), "w", options=MP4_OPTIONS)
        self._stream = open_encoder(self._container, width, height, crf=crf)
        codec = self._stream.codec_context
        if preset != PRESET:
            quick = codec.options["x264-params"] + ":b-adapt=0:subme=0"
            codec.options = {**codec.options, "preset": preset, "x264-params": quick}
        self._width, self._height = width, height
        self.frames = 0

    def add(self, frame: VideoFrame, key: bool = False) -> None:
        """Append a frame, scaled if it has another size; as a key frame if it must be one."""
        small = self._scaler.reformat(
            frame, self._width, self._height, PIXEL_FORMAT, interpolation=self._area
        )
        small.pts, small.time_base = self.frames, Fraction(1, FRAME_RATE)
        small.pict_type = _KEY if key else _ANY
        self._container.mux(self._stream.encode(small))
        self.frames += 1

    def close(self) -> None:
        """Write what the encoder still holds, the end of the file, and its seal.

        Without any frame there is no file.
        """
        if self.frames == 0:
            self._container.close()
            return
        self._container.mux(self._stream.encode(None))
        self._container.close()
        seal(self._path)


@contextmanager
def preview_of(path: Path) -> Iterator[Rendition]:
    """Open a small rendition at `path`."""
    rendition = Rendition(path, PREVIEW_WIDTH, PREVIEW_HEIGHT, PREVIEW_CRF, PREVIEW_PRESET)
    try:
        yield rendition
    finally:
        rendition.close()


def conform(
    source: Path,
    start: float,
    end: float,
    to: Path,
    preview: Path,
    pixel_aspect: float = 1.0,
    counts: tuple[float, float] | None = None,
) -> int:
    """Write a part of a clip in the library's format, at both sizes.

    Frame k shows the source at `start + k / 30`: the source frame whose time is nearest. A
    picture of another shape stands between black bars; rotation is applied; sound is left out.

    Args:

        source: The clip.

        start: Seconds on the source's clock.

        end: Seconds on the source's clock.

        to: The mp4 at library size.

        preview: The small mp4, frame for frame the same.

        pixel_aspect: Width of the source's pixels over their height.

        counts: Seconds on the source's clock of the counts on which the move begins and ends, if
            they are known: where joints will be, both get key frames.

    Returns:

        The number of frames written: `round((end - start) * 30)`, less where the source ends.

    Raises:

        UnreadableMedia: When the source has no frame there.
    """
    large = Rendition(to, WIDTH, HEIGHT)
    keys = joint_keys(counts[0] - start, counts[1] - start) if counts else frozenset()
    with preview_of(preview) as small:
        try:
            letterbox = _Letterbox(pixel_aspect)
            for number, frame in enumerate(_at_constant_rate(source, start, end)):
                shaped = letterbox.apply(frame)
                large.add(shaped, number in keys)
                small.add(shaped, number in keys)
        finally:
            large.close()
    if large.frames == 0:
        raise UnreadableMedia(f"{source.name} has no frame from {start:.2f} to {end:.2f} s")
    return large.frames


def _at_constant_rate(source: Path, start: float, end: float) -> Iterator[VideoFrame]:
    """Yield for each moment of the constant grid the frame of the source nearest to it."""
    total = round((end - start) * FRAME_RATE)
    made = 0
    before: VideoFrame | None = None
    before_time = 0.0
    for frame, time in frames_of(source, start):
        if before is not None:
            # Up to the middle between two frames the earlier one is nearer.
            middle = (before_time + time) / 2
            while made < total and start + made / FRAME_RATE <= middle:
                yield before
                made += 1
        if made >= total:
            return
        before, before_time = frame, time
    if before is not None and before_time > start - 1.0:
        while made < total:
            yield before
            made += 1


class _Letterbox:
    """Turns, scales and pads frames to the library's size; rebuilt when the source changes."""

    def __init__(self, pixel_aspect: float) -> None:
        self._pixel_aspect = pixel_aspect
        self._shape: tuple[object, ...] = ()
        self._graph: Any = None
        self._last: tuple[VideoFrame, VideoFrame] | None = None

    def apply(self, frame: VideoFrame) -> VideoFrame:
        if self._last is not None and self._last[0] is frame:
            return self._last[1]
        quarter = turned(frame)
        shape = (frame.width, frame.height, frame.format.name, quarter)
        if shape != self._shape:
            self._graph, self._shape = _graph(frame, quarter, self._pixel_aspect), shape
        self._graph.push(frame)
        shaped: VideoFrame = self._graph.pull()
        self._last = frame, shaped
        return shaped


def _graph(frame: VideoFrame, quarter: int, pixel_aspect: float) -> Any:
    from av.filter import Graph

    across, down = frame.width, frame.height
    across_shown = across * pixel_aspect
    if quarter in (90, 270):
        across_shown, down = float(down), round(across_shown)
    scale = min(WIDTH / across_shown, HEIGHT / down)
    wide = min(WIDTH, 2 * round(across_shown * scale / 2))
    high = min(HEIGHT, 2 * round(down * scale / 2))
    steps = {90: ["transpose=cclock"], 180: ["hflip", "vflip"], 270: ["transpose=clock"]}
    chain = [
        *steps.get(quarter, []),
        f"scale={wide}:{high}:flags=bicubic:out_color_matrix=bt709:out_range=tv",
        f"format={PIXEL_FORMAT}",
        f"pad={WIDTH}:{HEIGHT}:(ow-iw)/2:(oh-ih)/2",
        "setsar=1",
    ]
    graph = Graph()
    nodes = [
        graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=TIME_BASE
        )
    ]
    for step in chain:
        name, _, arguments = step.partition("=")
        nodes.append(graph.add(name, arguments or None))
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes)
    graph.configure()
    return graph


def is_conformed(path: Path) -> bool:
    """Return whether a file already is a clip of the library's format and size, without sound."""
    parameters = _library_parameters()
    with opened_clip(path) as (container, stream):
        codec = stream.codec_context
        if (
            len(container.streams) != 1
            or (codec.width, codec.height) != (WIDTH, HEIGHT)
            or stream.time_base != TIME_BASE
            or codec.extradata != parameters
        ):
            return False
        stamps = []
        for packet in packets_of(container, stream):
            if packet.pts is not None:
                stamps.append((packet.pts, packet.is_keyframe))
        stamps.sort()
        if any(pts != index * _FRAME_TICKS for index, (pts, _) in enumerate(stamps)):
            return False
        keys = [index for index, (_, key) in enumerate(stamps) if key]
        apart = [after - before for before, after in pairwise([*keys, len(stamps)])]
        return keys[:1] == [0] and max(apart) <= GOP_FRAMES


@cache
def _library_parameters() -> bytes | None:
    """Return the parameter sets that this build's encoder writes for the library's format."""
    import av

    memory = BytesIO()
    # Without the options of a file: moving the index to the front needs one.
    with av.open(memory, "w", format="mp4") as container:
        stream = open_encoder(container, WIDTH, HEIGHT)
        black = av.VideoFrame(WIDTH, HEIGHT, PIXEL_FORMAT)
        for plane, value in zip(black.planes, (16, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        black.pts = 0
        container.mux(stream.encode(black))
        container.mux(stream.encode(None))
    memory.seek(0)
    with av.open(memory) as container:
        parameters: bytes | None = container.streams.video[0].codec_context.extradata
        return parameters


def write_thumbnail(picture: NDArray[np.uint8], to: Path) -> None:
    """Write RGB pixels, shape (height, width, 3), as JPEG."""
    import av

    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    codec = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height = frame.width, frame.height
    codec.pix_fmt = "yuvj420p"
    codec.options = {"qmin": "4", "qmax": "4"}
    codec.time_base = Fraction(1, FRAME_RATE)
    shown = frame.reformat(format="yuvj420p")
    shown.pts = 0
    packets = [*codec.encode(shown), *codec.encode(None)]
    to.write_bytes(b"".join(bytes(packet) for packet in packets))


def write_animation(clip: Path, start: float, end: float, to: Path) -> None:
    """Write what happens in a clip from `start` to `end` seconds as a WebP that plays for ever."""
    import av

    end = min(end, start + ANIMATION_SECONDS)
    with av.open(str(to), "w", format="webp", options={"loop": "0"}) as container:
        stream: Any = container.add_stream("libwebp_anim", rate=ANIMATION_RATE)
        stream.width, stream.height = ANIMATION_WIDTH, ANIMATION_HEIGHT
        stream.pix_fmt = PIXEL_FORMAT
        stream.codec_context.options = {"quality": "50", "compression_level": "4"}
        shown = 0
        for frame, time in frames_of(clip, start):
            if time >= end:
                break
            if time + 1e-6 < start + shown / ANIMATION_RATE:
                continue
            small = frame.reformat(ANIMATION_WIDTH, ANIMATION_HEIGHT, PIXEL_FORMAT)
            small.pts, small.time_base = shown, Fraction(1, ANIMATION_RATE)
            container.mux(stream.encode(small))
            shown += 1
        container.mux(stream.encode(None))


def thumbnail_of(clip: Path, time: float) -> NDArray[np.uint8]:
    """Return the frame nearest before `time`, RGB, shape (height, width, 3)."""
    chosen: VideoFrame | None = None
    for frame, at in frames_of(clip, time):
        if chosen is not None and at > time:
            break
        chosen = frame
    if chosen is None:
        raise UnreadableMedia(f"{clip.name} has no frame at {time:.2f} s")
    return np.asarray(chosen.to_ndarray(format="rgb24"), np.uint8)
