"""What a thread draws with, kept from one segment to the next.

A decoder's pictures are memory that the system hands out page by page and clears: taking it anew
for each clip of each joint costs a thirtieth of a render.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import TYPE_CHECKING

from av.codec.context import CodecContext

from choreo.decoding import MAX_PIXELS
from rendering.clip import VideoFormat
from rendering.drawing import Blender

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

MOST_IDLE = 2
"""Decoders kept by each thread: one for the clip shown, one for the clip coming in."""


class Equipment(local):
    """A blender and decoders; each thread that uses it has its own.

    Args:

        width: Of the output, in pixels.

        height: Likewise.
    """

    def __init__(self, width: int, height: int) -> None:
        self.blender = Blender(width, height)
        self._idle: list[tuple[VideoFormat, VideoCodecContext]] = []

    @contextmanager
    def decoder(self, layout: VideoFormat) -> "Iterator[VideoCodecContext]":
        """Lend a decoder for clips of this format, with nothing in it."""
        kept = [number for number, (known, _) in enumerate(self._idle) if known == layout]
        codec = self._idle.pop(kept[0])[1] if kept else _new_decoder(layout)
        yield codec
        codec.flush_buffers()
        self._idle = [*self._idle, (layout, codec)][-MOST_IDLE:]


def _new_decoder(layout: VideoFormat) -> "VideoCodecContext":
    codec = CodecContext.create("h264", "r")
    codec.extradata = layout.extradata
    codec.thread_count = 1
    codec.options = {"max_pixels": str(MAX_PIXELS)}
    return codec
