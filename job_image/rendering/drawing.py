"""Pictures made of clip frames: fitted into the output's size, blended, darkened."""

from fractions import Fraction
from typing import TYPE_CHECKING, cast

from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from choreo import clip_format

if TYPE_CHECKING:
    from av.filter.context import FilterContext

_TICK = Fraction(1, 90_000)

_ROTATIONS = {90: "transpose=cclock,", -90: "transpose=clock,", 180: "hflip,vflip,"}
"""Degrees, counter-clockwise, by which the picture must be turned to be seen upright."""


class Fitter:
    """Brings frames of any size, format, shape of pixel and rotation into the output's.

    The whole picture is kept; bars of black fill the rest.
    """

    def __init__(self, width: int, height: int) -> None:
        self._width = width
        self._height = height
        self._key: object = None
        self._graph: Graph | None = None

    def fit(self, frame: VideoFrame, pixel_shape: Fraction) -> VideoFrame:
        """Return `frame` as the output shows it; unchanged if it already is so.

        Args:

            frame: As decoded.

            pixel_shape: Width of its pixels divided by their height.
        """
        turn = round(frame.rotation / 90) * 90
        turn = 180 if turn == -180 else turn
        size_fits = (frame.width, frame.height) == (self._width, self._height)
        plain = frame.format.name == clip_format.PIXEL_FORMAT and pixel_shape == 1
        if size_fits and plain and turn == 0:
            return frame
        colours = (frame.colorspace, frame.color_range)
        key = (frame.width, frame.height, frame.format.name, turn, pixel_shape, colours)
        if key != self._key:
            self._graph, self._key = self._fitting(frame, turn, pixel_shape), key
        assert self._graph is not None  # noqa: S101  # made with the key
        frame.pts, frame.time_base = 0, _TICK
        self._graph.push(frame)
        return cast(VideoFrame, self._graph.pull())

    def _fitting(self, frame: VideoFrame, turn: int, pixel_shape: Fraction) -> Graph:
        graph = Graph()
        graph.threads = 1
        width, height = self._width, self._height
        last = graph.add(
            "buffer",
            f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:"
            f"time_base={_TICK}:pixel_aspect={pixel_shape}:"
            f"colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
        )
        steps = (
            f"{_ROTATIONS.get(turn, '')}"
            f"scale=w={width}:h={height}:force_original_aspect_ratio=decrease:"
            f"force_divisible_by=2:reset_sar=1:flags=bicubic:out_color_matrix=bt709:out_range=tv,"
            f"pad={width}:{height}:-1:-1:black,setsar=1,format={clip_format.PIXEL_FORMAT}"
        )
        for step in steps.split(","):
            name, _, arguments = step.partition("=")
            node = graph.add(name, arguments or None)
            last.link_to(node)
            last = node
        last.link_to(graph.add("buffersink"))
        graph.configure()
        return graph


class Blender:
    """Mixes two frames of the output's size."""

    def __init__(self, width: int, height: int) -> None:
        self._format = VideoFormat(clip_format.PIXEL_FORMAT)
        self._size = (width, height)
        self._black: VideoFrame | None = None

    def mix(self, first: VideoFrame, second: VideoFrame, share: float) -> VideoFrame:
        """Return `first` with `share` (0 to 1) of `second` in it, at each sample."""
        if share <= 0:
            return first
        graph = Graph()
        graph.threads = 1
        tops = [_source(graph, *self._size, self._format) for _ in range(2)]
        blend = graph.add("blend", f"all_mode=normal:all_opacity={1 - share:.6f}")
        sink = graph.add("buffersink")
        for place, top in enumerate(tops):
            top.link_to(blend, 0, place)
        blend.link_to(sink)
        graph.configure()
        for top, frame in zip(tops, (first, second), strict=True):
            frame.pts, frame.time_base = 0, _TICK
            top.push(frame)
            top.push(None)
        return cast(VideoFrame, sink.pull())

    def darken(self, frame: VideoFrame, light: float) -> VideoFrame:
        """Return `frame` with `light` (0 black, 1 unchanged) of its brightness."""
        if light >= 1:
            return frame
        if self._black is None:
            self._black = black_frame(*self._size)
        return self.mix(frame, self._black, 1 - light)


def black_frame(width: int, height: int) -> VideoFrame:
    """Return a black picture in the library's pixel format."""
    frame = VideoFrame(width, height, clip_format.PIXEL_FORMAT)
    for plane, level in zip(frame.planes, (16, 128, 128), strict=True):
        plane.update(bytes([level]) * plane.buffer_size)
    return frame


def _source(graph: Graph, width: int, height: int, layout: VideoFormat) -> "FilterContext":
    return graph.add_buffer(width=width, height=height, format=layout, time_base=_TICK)
