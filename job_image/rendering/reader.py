"""Decoded frames of a clip, asked for by number."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

import av.error

from choreo.decoding import packets_of
from choreo.errors import RenderFailed, UnreadableMedia
from rendering.clip import Clip
from rendering.equipment import Equipment
from rendering.media import VIDEO_FORMATS, check_size, opened, reason, video_stream

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

LARGEST_HOLE = 0.25
"""Seconds of undecodable pictures that the frame before or after them may stand in for."""


class ClipReader:
    """Decodes one clip, forwards where possible; holds one frame at a time.

    Args:

        clip: What to read.

        place: How errors name it.

        equipment: The thread's, which lends the decoder of clips in the library's format.

        check: Called before each packet that is decoded; what it raises ends the work.
    """

    def __init__(
        self, clip: Clip, place: str, equipment: Equipment, check: Callable[[], None]
    ) -> None:
        self._clip = clip
        self._equipment = equipment
        self._place = place
        self._check = check
        self._resources = ExitStack()
        self._container: InputContainer | None = None
        self._codec: VideoCodecContext | None = None
        self._packets: Iterator[Packet[VideoStream]] = iter(())
        self._next_group: Packet[VideoStream] | None = None
        """A key packet that was read and not yet decoded."""
        self._frames: list[VideoFrame] = []
        """Decoded and not yet looked at, the next one last."""
        self._ahead: tuple[int, VideoFrame] | None = None
        self._current: tuple[int, VideoFrame] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._current = self._ahead = None
        self._packets, self._frames = iter(()), []
        self._resources.close()

    def frame(self, number: int) -> "VideoFrame":
        """Return the clip's frame `number`.

        Raises:

            RenderFailed: Naming the clip when it cannot be decoded there.
        """
        try:
            return self._frame(number)
        except (av.error.FFmpegError, ValueError, UnreadableMedia) as exc:
            raise RenderFailed(
                f"{self._place}: decoding frame {number} of {len(self._clip)} failed: {reason(exc)}"
            ) from exc

    def _frame(self, number: int) -> "VideoFrame":
        if self._current is None or not self._near(self._current[0], number):
            self._start_at(number)
        if self._current is None or self._current[0] > number:
            # Some files' indices send us past the frame: read from their beginning.
            self._start_at(0)
        while self._current is None or self._current[0] < number:
            if self._ahead is None:
                self._ahead = self._decoded(number)
            if self._ahead is None or (self._ahead[0] > number and self._current is not None):
                break
            self._current, self._ahead = self._ahead, None
        return self._closest(number)

    def _closest(self, number: int) -> "VideoFrame":
        found = [item for item in (self._current, self._ahead) if item is not None]
        if not found:
            raise UnreadableMedia("no picture can be decoded")
        best = min(found, key=lambda item: abs(item[0] - number))
        gap = abs(self._clip.time(best[0]) - self._clip.time(number))
        if gap > LARGEST_HOLE:
            raise UnreadableMedia(f"pictures are missing for {gap:.2f} s")
        if best[1].is_corrupt:
            raise UnreadableMedia("the picture is damaged")
        return best[1]

    def _near(self, here: int, number: int) -> bool:
        """Say whether reading on from `here` reaches `number` as soon as seeking would."""
        return here <= number and self._clip.key_before(number) <= self._clip.next_key(here + 1)

    def _start_at(self, number: int) -> None:
        self._current = self._ahead = None
        if self._container is None:
            self._container = self._resources.enter_context(
                opened(self._clip.path, VIDEO_FORMATS, self._clip.format is not None)
            )
        stream = video_stream(self._container, self._clip.name)
        if self._codec is None:
            layout = self._clip.format
            self._codec = stream.codec_context
            if layout is not None:
                self._codec = self._resources.enter_context(self._equipment.decoder(layout))
        elif self._codec.is_open:
            self._codec.flush_buffers()
        self._container.seek(
            self._clip.stamps[self._clip.key_before(number)], stream=stream, backward=True
        )
        self._packets = packets_of(self._container, stream)
        self._frames, self._next_group = [], None
        self._current = self._decoded(number)

    def _decoded(self, wanted: int) -> "tuple[int, VideoFrame] | None":
        """Return the next frame; pictures before `wanted` that no other needs are left out.

        A closed group is emptied before the next one's key packet is decoded, which costs as
        much as a dozen others and may never be needed.
        """
        codec = self._codec
        assert codec is not None  # noqa: S101  # `_start_at` has opened it
        stamp = self._clip.stamps[wanted]
        while not self._frames:
            self._check()
            packet, waited = self._next_group, True
            if packet is None:
                packet, waited = next(self._packets, None), False
            if packet is None:
                return None
            self._next_group = None
            if packet.is_keyframe and not waited and self._clip.format is not None:
                self._next_group = packet
                self._frames = codec.decode(None)[::-1]
                codec.flush_buffers()
                continue
            before = packet.pts is not None and packet.pts < stamp
            codec.skip_frame = "NONREF" if before else "DEFAULT"
            self._frames = codec.decode(packet)[::-1]
        frame = self._frames.pop()
        check_size(frame.width, frame.height, self._clip.name)
        if frame.pts is None:
            raise UnreadableMedia("a picture has no timestamp")
        return self._clip.frame_at(frame.pts), frame
