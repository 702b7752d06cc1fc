"""Labels drawn into the picture, for those who ask: the count, the move's name, the next one."""

from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from choreo.blueprint import Blueprint, Overlay
from rendering.captions import counted, title_of
from rendering.font import COLUMNS, drawable, rows

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

INK, PAPER = 235, 24
"""Grey of the letters and of the box behind them."""

NEUTRAL = 128
"""Chroma without colour."""

LINES_OF_DOTS = 120
"""Dots from the picture's top to its bottom: a letter is a seventeenth of its height."""

MARGIN = 4
"""Dots between the label and the picture's edge."""

_Line = tuple[str, int]
"""A text and how many times the usual size it is drawn."""


class Labels:
    """What is written in the picture, and when."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._kind = blueprint.output_config.overlay
        self._cues = counted(blueprint)
        self._starts = [cue.start for cue in self._cues]
        self._titles = [drawable(title_of(move)) for move in blueprint.moves]
        self._firsts = [move.start_time for move in blueprint.moves]

    def at(self, seconds: float) -> tuple[_Line, ...]:
        """Return the lines shown at a time of the timeline."""
        place = bisect_right(self._starts, seconds + 1e-6) - 1
        count = self._cues[place].number if place >= 0 else None
        shown = str(count) if count is not None else ""
        if self._kind is Overlay.COUNTS:
            return ((shown, 3),) if shown else ()
        move = max(0, bisect_right(self._firsts, seconds + 1e-6) - 1)
        lines: list[_Line] = [(f"{shown} {self._titles[move]}".strip(), 1)]
        if move + 1 < len(self._titles):
            lines.append((f"> {self._titles[move + 1]}", 1))
        return tuple(lines)


def write_on(frame: "VideoFrame", lines: tuple[_Line, ...]) -> None:
    """Write lines into the lower left corner of a frame, which is changed."""
    if not lines:
        return
    frame.make_writable()
    box = _box(lines, frame.width, frame.height)
    dot = _dot(frame.height)
    left = MARGIN * dot & ~1
    top = (frame.height - len(box) - MARGIN * dot) & ~1
    for place, plane in enumerate(frame.planes):
        data = memoryview(plane).cast("B")
        if place == 0:
            for number, row in enumerate(box):
                start = (top + number) * plane.line_size + left
                data[start : start + len(row)] = row
            continue
        grey = bytes([NEUTRAL]) * (len(box[0]) // 2)
        for number in range(len(box) // 2):
            start = (top // 2 + number) * plane.line_size + left // 2
            data[start : start + len(grey)] = grey


def _dot(height: int) -> int:
    return max(1, height // LINES_OF_DOTS)


@lru_cache(maxsize=64)
def _box(lines: tuple[_Line, ...], width: int, height: int) -> list[bytes]:
    """Return the box's rows, an even number, of an even length that fits the picture."""
    dot = _dot(height)
    room = width - 2 * MARGIN * dot
    drawn: list[bytes] = []
    blank = b""
    for text, scale in lines:
        size = dot * scale
        most = max(1, (room // size - 2) // (COLUMNS + 1))
        drawn += [blank] * dot + rows(text[:most], size, INK, PAPER) + [blank] * dot
    drawn += [blank] * (len(drawn) % 2)
    across = min(room, max(map(len, drawn)) + 2 * dot) & ~1
    paper = bytes([PAPER])
    found = [(paper * dot + row)[:across].ljust(across, paper) for row in drawn]
    most_rows = (height - 2 * MARGIN * dot) & ~1
    return found[: min(most_rows, len(found) & ~1)]
