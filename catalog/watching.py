"""One look at a clip's picture: small grey frames for motion, and whatever else wants a look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.probing import MAX_SECONDS, ClipFacts, opened_clip
from choreo.decoding import packets_of
from choreo.errors import UnreadableMedia

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

HEIGHT, WIDTH = 54, 96
"""Pixels of a grey frame: enough to see a couple move as blocks of 6 x 6."""

MOST_RATE = 31.0
"""Grey frames per second that finding counts needs; a faster source is thinned."""

MOTION_RATE = 16.0
"""Grey frames per second that describing motion needs: a hand moves two pixels between them."""


@dataclass(frozen=True)
class Watched:
    """What was seen of a clip."""

    times: NDArray[np.float32]
    """Seconds of each grey frame; 0 is the first frame."""
    grey: NDArray[np.uint8]
    """Shape (n, 54, 96); a narrower picture has black sides."""
    duration: float
    """Seconds from the first frame to the end of the last one, as decoded."""
    frames: int
    """Frames that could be decoded."""
    damaged: bool
    """True when the file ends in damage or holds damaged parts."""


def watch(
    path: Path,
    facts: ClipFacts,
    also: Callable[[VideoFrame, float], None] | None = None,
    rate: float = MOST_RATE,
) -> Watched:
    """Decode a clip once.

    Args:

        path: The clip.

        facts: What the probe found.

        also: Called with every frame and its time in seconds, in order.

        rate: Grey frames per second to keep, at most.

    Raises:

        UnreadableMedia: When nothing moves in it: no frame, one frame, or no length.
    """
    times: list[float] = []
    grey: list[NDArray[np.uint8]] = []
    last = step = 0.0
    count = 0
    state: dict[str, bool] = {}
    small = _Small()
    for frame, time in frames_of(path, state=state):
        count += 1
        if count > 1:
            step = time - last
        last = time
        if time > MAX_SECONDS:
            raise UnreadableMedia(
                f"{path.name} is longer than {MAX_SECONDS / 60:.0f} minutes; cut it first"
            )
        if also is not None:
            also(frame, time)
        if not times or time - times[-1] >= 0.98 / rate:
            times.append(time)
            grey.append(small.grey(frame))
    if count < 2:
        found = "holds one frame; it is a still picture" if count else "holds no frame"
        raise UnreadableMedia(f"{path.name} {found}")
    usual = 1 / facts.frame_rate if facts.frame_rate > 0 else step
    duration = last + min(max(step, 0.0) or usual, 1.0)
    return Watched(
        np.array(times, np.float32), np.stack(grey), duration, count, state.get("damaged", False)
    )


def frames_of(
    path: Path, start: float = 0.0, state: dict[str, bool] | None = None
) -> Iterator[tuple[VideoFrame, float]]:
    """Yield decoded frames with ascending times, from at or before `start` seconds on.

    Damaged parts are skipped; `state["damaged"]` is set when there were some.

    Raises:

        UnreadableMedia: When the clip cannot be opened or nothing in it can be decoded.
    """
    import av

    with opened_clip(path) as (container, stream):
        base = float(stream.time_base or 0) or 1e-6
        # Where the container does not say, the first decoded frame is the start.
        origin = stream.start_time * base if stream.start_time is not None else None
        if start > 2.0 and origin is not None:
            # Some readers cannot seek; then everything before is decoded.
            with suppress(av.FFmpegError):
                container.seek(int((start + origin) / base), stream=stream)
        last = -1.0
        fallback = 1.0 / float(stream.average_rate or 30)
        yielded = False
        fault: av.FFmpegError | None = None
        for frame in _decoded(container, stream, state if state is not None else {}):
            if isinstance(frame, av.FFmpegError):
                fault = frame
                continue
            if origin is None:
                origin = frame.pts * base if frame.pts is not None else 0.0
            time = frame.pts * base - origin if frame.pts is not None else last + fallback
            if time <= last and yielded:
                continue
            last = max(time, 0.0)
            yielded = True
            yield frame, last
        if not yielded and fault is not None:
            raise fault


def _decoded(container: Any, stream: Any, state: dict[str, bool]) -> Iterator[Any]:
    """Yield frames, and the library's fault in place of what could not be decoded."""
    import av

    packets = packets_of(container, stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError as exc:
            state["damaged"] = True
            yield exc
            return
        if packet is None:
            return
        try:
            yield from packet.decode()
        except av.EOFError:
            return
        except av.FFmpegError as exc:
            state["damaged"] = True
            yield exc


def turned(frame: VideoFrame) -> int:
    """Return by how many degrees (0, 90, 180, 270) to turn the frame counter-clockwise."""
    return round(frame.rotation / 90) * 90 % 360


class _Small:
    """Scales frames down, with the picture upright in the middle."""

    def __init__(self) -> None:
        from av.video.reformatter import Interpolation, VideoReformatter

        # Kept, since making a scaler anew costs more than scaling a frame.
        self._scaler, self._area = VideoReformatter(), Interpolation.AREA

    def grey(self, frame: VideoFrame) -> NDArray[np.uint8]:
        quarter = turned(frame)
        across, down = frame.width, frame.height
        if quarter in (90, 270):
            across, down = down, across
        wide = int(np.clip(2 * round(HEIGHT * across / down / 2), 8, WIDTH))
        size = (HEIGHT, wide) if quarter in (90, 270) else (wide, HEIGHT)
        small = self._scaler.reformat(frame, *size, "gray8", interpolation=self._area)
        upright = np.rot90(small.to_ndarray(), quarter // 90)
        result = np.zeros((HEIGHT, WIDTH), np.uint8)
        left = (WIDTH - wide) // 2
        result[:, left : left + wide] = upright
        return result
