"""Pictures made of clip frames: fitted into the output's size, blended, darkened."""

from ctypes import memset
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

    Args:

        width: Of the output, in pixels.

        height: Likewise.

        crop: True fills the output and lets edges go; false keeps the whole picture between
            bars of black.

        mirror: True swaps left and right.
    """

    def __init__(self, width: int, height: int, crop: bool = False, mirror: bool = False) -> None:
        self._width = width
        self._height = height
        self._crop = crop
        self._mirror = mirror
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
        if size_fits and plain and turn == 0 and not self._mirror:
            return frame
        colours = (frame.colorspace, frame.color_range)
        key = (frame.width, frame.height, frame.format.name, turn, pixel_shape, colours)
        if self._graph is None or key != self._key:
            self._graph, self._key = self._fitting(frame, turn, pixel_shape), key
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
        keep = "increase" if self._crop else "decrease"
        shape = f"crop={width}:{height}" if self._crop else f"pad={width}:{height}:-1:-1:black"
        steps = (
            f"{_ROTATIONS.get(turn, '')}"
            f"scale=w={width}:h={height}:force_original_aspect_ratio={keep}:"
            f"force_divisible_by=2:reset_sar=1:flags=bicubic:out_color_matrix=bt709:out_range=tv,"
            f"{shape},{'hflip,' if self._mirror else ''}"
            f"setsar=1,format={clip_format.PIXEL_FORMAT}"
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
        self._size = (width, height)
        self._black: VideoFrame | None = None
        self._mask = VideoFrame(width, height, clip_format.PIXEL_FORMAT)
        self._graph: Graph | None = None
        self._tops: list[FilterContext] = []
        self._count = 0

    def mix(self, first: VideoFrame, second: VideoFrame, share: float) -> VideoFrame:
        """Return `first` with `share` (0 to 1) of `second` in it, at each sample.

        The share is kept to 1/255, which is exact to one level of grey.
        """
        level = round(share * 255)
        if level <= 0:
            return first
        if self._graph is None:
            self._graph = self._mixing()
        # A mask of one level: the only blend in the library that uses vector instructions. It is
        # written over: nothing looks at it again once the mixed picture is out.
        for plane in self._mask.planes:
            memset(plane.buffer_ptr, level, plane.buffer_size)
        for top, frame in zip(self._tops, (first, second, self._mask), strict=True):
            frame.pts, frame.time_base = self._count, _TICK
            top.push(frame)
        self._count += 1
        return cast(VideoFrame, self._graph.pull())

    def darken(self, frame: VideoFrame, light: float) -> VideoFrame:
        """Return `frame` with `light` (0 black, 1 unchanged) of its brightness."""
        if light >= 1:
            return frame
        if self._black is None:
            self._black = black_frame(*self._size)
        return self.mix(frame, self._black, 1 - light)

    def _mixing(self) -> Graph:
        graph = Graph()
        graph.threads = 1
        width, height = self._size
        layout = VideoFormat(clip_format.PIXEL_FORMAT)
        self._tops = [
            graph.add_buffer(width=width, height=height, format=layout, time_base=_TICK)
            for _ in range(3)
        ]
        merge = graph.add("maskedmerge")
        for place, top in enumerate(self._tops):
            top.link_to(merge, 0, place)
        merge.link_to(graph.add("buffersink"))
        graph.configure()
        return graph


def black_frame(width: int, height: int) -> VideoFrame:
    """Return a black picture in the library's pixel format."""
    return _flat_frame(width, height, (16, 128, 128))


def _flat_frame(width: int, height: int, levels: tuple[int, int, int]) -> VideoFrame:
    frame = VideoFrame(width, height, clip_format.PIXEL_FORMAT)
    for plane, level in zip(frame.planes, levels, strict=True):
        plane.update(bytes([level]) * plane.buffer_size)
    return frame
