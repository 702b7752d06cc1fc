"""Writing the video's file: packets of all segments in one track, the sound beside it."""

import heapq
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import av
import av.error
from av.packet import Packet
from av.stream import Disposition

from choreo.decoding import open_media
from choreo.errors import RenderFailed
from rendering.captions import Cue
from rendering.clip import Clip
from rendering.encoding import Encoded
from rendering.media import UNDECODED, UNPROBED, VIDEO_FORMATS, opened, reason, video_stream
from rendering.timeline import Clock

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.container.core import Chapter
    from av.video.stream import VideoStream

REORDERED = 1
"""Frames by which the library's format decodes ahead of what it shows."""


LONGEST_CAPTION = 1_000
"""Bytes of one text; its length is written in two bytes."""

_MILLISECOND = Fraction(1, 1000)

_Timed = tuple[float, "Packet[Any]"]
"""A packet after the second at which it is decoded."""


class VideoWriter:
    """Writes one mp4 file.

    Packets come in the order in which they are decoded. Each is given the decoding time of the
    frame shown `REORDERED` places earlier, which keeps both clocks ascending for any stamps.
    """

    def __init__(
        self,
        path: Path,
        template: bytes,
        clock: Clock,
        end: int,
        sound: Path,
        captions: Sequence[Cue],
        chapters: Sequence[Cue],
    ) -> None:
        """Create the file.

        Args:

            path: What to write.

            template: An mp4 whose picture track has the format of all packets to come.

            clock: Of the stamps to come.

            end: The tick at which the video's last frame ends.

            sound: An mp4 file with the finished sound.

            captions: Texts of the subtitle track, which players show when asked to.

            chapters: Titles of the parts.

        Raises:

            RenderFailed: When it cannot be created.
        """
        self._clock = clock
        self._end = end
        self._resources = ExitStack()
        self._waiting: list[int] = []
        self._decoded = 0
        """The decoding time of the packet written last."""
        self._count = 0
        self._path = path
        options = {
            "movflags": "+faststart",
            "video_track_timescale": str(clock.ticks_per_second),
        }
        with self._failing("creating the video"):
            self._template = self._resources.enter_context(
                av.open(io.BytesIO(template), "r", format="mp4", options=UNDECODED)
            )
            self._container: OutputContainer = av.open(
                str(path), "w", format="mp4", options=options
            )
            self._video: VideoStream = self._container.add_stream_from_template(
                self._template.streams.video[0]
            )
            self._video.time_base = Fraction(1, clock.ticks_per_second)
            self._tick = Fraction(1, clock.ticks_per_second)
            self._others = heapq.merge(
                self._sound_packets(sound), self._caption_packets(captions), key=itemgetter(0)
            )
            self._next_other = next(self._others, None)
            self._container.set_chapters([_chapter(*item) for item in enumerate(chapters)])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is None:
            with self._failing("finishing the video"):
                self._write_others_until(None)
                self._container.close()
        else:
            self._abandon()
        self._resources.close()

    def _abandon(self) -> None:
        # Closing writes an index: on a full disk that fails once more, and adds nothing.
        try:
            self._container.close()
        except (av.error.FFmpegError, OSError):
            return

    def copy(
        self,
        clip: Clip,
        start: int,
        ticks: Sequence[int],
        place: str,
        alive: Callable[[], None],
        last: bool,
    ) -> None:
        """Take over the packets of a row of a clip's frames.

        Args:

            clip: Where they are.

            start: The first frame, a key frame.

            ticks: When each frame is shown.

            place: How errors name the clip.

            alive: Called for each packet; what it raises ends the work.

            last: True if nothing comes after them.

        Raises:

            RenderFailed: Naming the clip, when packets are missing or cannot be written.
        """
        end = start + len(ticks)
        with opened(clip.path, VIDEO_FORMATS, known=True) as container:
            stream = video_stream(container, clip.name)
            container.seek(clip.stamps[start], stream=stream, backward=True)
            wanted = dict(zip(range(start, end), ticks, strict=True))
            left = end - start
            try:
                for packet in container.demux(stream):
                    alive()
                    if packet.pts is None or packet.size == 0:
                        continue
                    frame = clip.frame_at(packet.pts)
                    tick = wanted.pop(frame, None) if packet.pts == clip.stamps[frame] else None
                    if tick is not None:
                        left -= 1
                        self._write(packet, tick, last and frame == end - 1, last and not left)
                    if left == 0:
                        break
            except av.error.FFmpegError as exc:
                raise RenderFailed(f"{place}: copying its packets failed: {reason(exc)}") from exc
        if left:
            raise RenderFailed(f"{place}: {left} packets of frames {start} to {end} are missing")

    def add(self, encoded: Encoded, last: bool) -> None:
        """Take over the packets of an encoded segment.

        Args:

            encoded: The segment.

            last: True if nothing comes after it.

        Raises:

            RenderFailed: When they cannot be written.
        """
        with av.open(
            io.BytesIO(encoded.data),
            "r",
            format="mp4",
            container_options=UNPROBED,
            options=UNDECODED,
        ) as container:
            stream = container.streams.video[0]
            step = 1 / (stream.time_base or 1) / self._clock.rate
            left = len(encoded.ticks)
            for packet in container.demux(stream):
                if packet.pts is None or packet.size == 0:
                    continue
                left -= 1
                tick = encoded.ticks[round(packet.pts / step)]
                with self._failing("writing the video"):
                    self._write(packet, tick, last and tick == encoded.ticks[-1], last and not left)

    def _write(
        self, packet: "Packet[VideoStream]", tick: int, shown_last: bool, decoded_last: bool
    ) -> None:
        """Write a packet that is shown at `tick`.

        The file ends its picture where the packet shown last does, and counts its length from the
        decoding times and the duration of the packet decoded last: both are to say the plan's end.
        """
        heapq.heappush(self._waiting, tick)
        step = self._clock.ticks_per_frame
        early = self._count - REORDERED
        decoded = heapq.heappop(self._waiting) if early >= 0 else early * step
        duration = step
        if shown_last:
            duration = self._end - tick
            if decoded_last and early >= 0:
                decoded = max(self._decoded + 1, tick - step)
        elif decoded_last:
            duration = max(1, self._end - REORDERED * step - decoded)
        self._decoded = decoded
        self._count += 1
        packet.stream = self._video
        packet.time_base = self._tick
        packet.pts, packet.dts, packet.duration = tick, decoded, duration
        self._write_others_until(decoded / self._clock.ticks_per_second)
        self._container.mux_one(packet)

    def _sound_packets(self, path: Path) -> "Iterator[_Timed]":
        source: InputContainer = self._resources.enter_context(open_media(path, "mov", "aac"))
        track = source.streams.audio[0]
        stream: AudioStream = self._container.add_stream_from_template(track)
        second = 1 / float(track.time_base or _MILLISECOND)

        def packets() -> "Iterator[_Timed]":
            for packet in source.demux(track):
                if packet.dts is not None:
                    packet.stream = stream
                    yield packet.dts / second, packet

        return packets()

    def _caption_packets(self, cues: Sequence[Cue]) -> "Iterator[_Timed]":
        stream = self._container.add_mux_stream("mov_text", time_base=_MILLISECOND)
        stream.time_base = _MILLISECOND
        stream.disposition = Disposition(0)

        def packets() -> "Iterator[_Timed]":
            for cue in cues:
                text = cue.text.encode()[:LONGEST_CAPTION]
                packet = Packet(len(text).to_bytes(2, "big") + text)
                packet.stream, packet.time_base = stream, _MILLISECOND
                packet.pts = packet.dts = round(cue.start * 1000)
                packet.duration = round(cue.end * 1000) - packet.pts
                yield packet.pts / 1000, packet

        return packets()

    def _write_others_until(self, seconds: float | None) -> None:
        while self._next_other is not None:
            time, packet = self._next_other
            if seconds is not None and time > seconds:
                return
            self._container.mux_one(packet)
            self._next_other = next(self._others, None)

    def _failing(self, operation: str) -> "_Failing":
        return _Failing(operation, self._path.name)


def _chapter(number: int, cue: Cue) -> "Chapter":
    return {
        "id": number,
        "start": round(cue.start * 1000),
        "end": round(cue.end * 1000),
        "time_base": _MILLISECOND,
        "metadata": {"title": cue.text},
    }


class _Failing:
    """Turns the media library's errors into ours."""

    def __init__(self, operation: str, name: str) -> None:
        self._operation = operation
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(exc, av.error.FFmpegError | OSError):
            raise RenderFailed(f"{self._operation} {self._name} failed: {reason(exc)}") from exc
