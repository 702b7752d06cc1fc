"""Sound as blocks of samples: decoded, cut, retimed, filtered, added."""

import math
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import islice
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av.error
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.filter import Graph

from choreo.decoding import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, in_fair_pieces, packets_of
from choreo.errors import UnreadableMedia
from rendering.media import opened

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet

SAMPLE_RATE = 48_000

SAMPLE = Fraction(1, SAMPLE_RATE)
"""Seconds."""

BLOCK = 16_384
"""Samples handled at a time: fewer make the threads wait for one another more often."""

ROW, ROWS_AHEAD = 2, 3
"""Blocks made in one go, and how often that is done ahead of their use."""

_BYTES = 4
"""Of one sample of one channel."""

LOUDEST = 8.0
"""Times full scale; beyond it, it is no sound. The analysis draws the same line."""

_ANY_NUMBER = ("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be")
"""Codecs whose samples may be anything, also what is no number."""

LAYOUT = "stereo"
_FORMAT = "fltp"

Blocks = Iterator[AudioFrame]


def samples_in(seconds: float | Fraction) -> int:
    """Return the whole number of samples nearest to `seconds`."""
    return round(seconds * SAMPLE_RATE)


def _check_rate(stream: AudioStream, name: str) -> None:
    """Refuse unknown sound, and so few samples a second that one packet would become hours."""
    if stream.codec_context is None:
        raise UnreadableMedia(f"{name} has sound of an unknown codec")
    rate = stream.codec_context.sample_rate
    if not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE:
        raise UnreadableMedia(
            f"{name} has {rate} samples per second; {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} are read"
        )


def decoded(path: Path, formats: str, skip: int, speed: float, check: Callable[[], None]) -> Blocks:
    """Yield a file's sound from sample `skip` on, in our format and in equal blocks.

    The clock counts samples from the first one the decoder gives, as the analysis does; stamps
    of mp3 files are not to be trusted that far. What cannot be decoded is left out, as there. A
    clip's sound that starts later than its picture is preceded by silence.

    `check` is called for each block, heard or not; what it raises ends the work.

    Raises:

        UnreadableMedia, av.FFmpegError: If there is no sound, or none of it can be decoded.
    """
    fifo = AudioFifo()
    retime = Chain(*_tempo(speed)) if abs(speed - 1) > 1e-4 else None  # inaudible

    def raw() -> Blocks:
        left = skip
        with opened(path, formats) as container:
            for block in _resampled(_frames(container, path.name)):
                check()
                if block.samples > left:
                    yield _tail(block, left)
                left = max(0, left - block.samples)

    for block in retime.through(raw()) if retime else raw():
        block.pts = None
        fifo.write(block)
        yield from fifo.read_many(BLOCK)
    rest = fifo.read(0, partial=True) if fifo.samples else None
    if rest is not None:
        yield rest


def _frames(container: "InputContainer", name: str) -> Blocks:
    """Yield the sound of a file as it is decoded."""
    if not container.streams.audio:
        raise UnreadableMedia(f"{name} has no sound")
    stream = container.streams.audio[0]
    _check_rate(stream, name)
    frames = in_fair_pieces(_decodable(packets_of(container, stream)), name)
    yield from map(_mended, frames) if stream.codec_context.name in _ANY_NUMBER else frames


def _decodable(packets: "Iterator[Packet[AudioStream]]") -> Blocks:
    """Decode packets, leaving out the damaged ones unless all are."""
    heard = False
    fault: av.error.FFmpegError | None = None
    for packet in packets:
        try:
            frames = packet.decode()
        except av.error.EOFError:
            break
        except av.error.FFmpegError as exc:
            fault = exc
            continue
        heard = heard or bool(frames)
        yield from frames
    if fault is not None and not heard:
        raise fault


def _mended(frame: AudioFrame) -> AudioFrame:
    """Return a frame of floating-point numbers in which each is one that sound can have.

    Such files may hold any; one that is none would spoil all that follows.
    """
    kind = "d" if frame.format.name.startswith("dbl") else "f"
    for plane in frame.planes:
        samples = array(kind, bytes(plane))
        loudest = max(max(samples), -min(samples))
        if not math.isfinite(sum(samples)) or loudest > LOUDEST:
            plane.update(array(kind, map(_sane, samples)).tobytes())
    return frame


def _sane(sample: float) -> float:
    return 0.0 if math.isnan(sample) else min(max(sample, -LOUDEST), LOUDEST)


def _resampled(frames: Blocks) -> Blocks:
    """Yield sound in our format, whatever it comes in, and should that change midway."""
    resampler: AudioResampler | None = None
    shape: tuple[object, ...] = ()
    for frame in frames:
        now = (frame.sample_rate, frame.format.name, frame.layout.name)
        if resampler is None or now != shape:
            if resampler is not None:
                yield from resampler.resample(None)
            resampler, shape = AudioResampler(_FORMAT, LAYOUT, SAMPLE_RATE), now
        frame.pts = None
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


SLOWEST_STEP = 0.5
"""Speed below which the filter does not go in one step."""


def _tempo(speed: float) -> list[str]:
    """Return the filters that change the speed and leave the pitch."""
    steps = []
    while speed < SLOWEST_STEP:
        steps.append(f"atempo={SLOWEST_STEP}")
        speed /= SLOWEST_STEP
    return [*steps, f"atempo={speed:.9f}"]


def head(block: AudioFrame, samples: int) -> AudioFrame:
    """Return the first `samples` of a block."""
    return _slice(block, 0, samples)


def _tail(block: AudioFrame, skip: int) -> AudioFrame:
    return block if skip == 0 else _slice(block, skip, block.samples)


def _slice(block: AudioFrame, start: int, end: int) -> AudioFrame:
    piece = AudioFrame(_FORMAT, LAYOUT, end - start)
    piece.sample_rate = block.sample_rate
    for target, plane in zip(piece.planes, block.planes, strict=True):
        samples = bytes(plane)[start * _BYTES : end * _BYTES]
        target.update(samples.ljust(target.buffer_size, b"\0"))
    return piece


def added(first: AudioFrame, second: AudioFrame) -> AudioFrame:
    """Return the sum of two blocks of the same length."""
    both = AudioFrame(_FORMAT, LAYOUT, first.samples)
    both.sample_rate = SAMPLE_RATE
    for target, one, other in zip(both.planes, first.planes, second.planes, strict=True):
        sums = array("f", map(add, memoryview(one).cast("f"), memoryview(other).cast("f")))
        target.update(sums.tobytes())
    return both


def silence(samples: int) -> Blocks:
    """Yield so many samples of nothing."""
    while samples > 0:
        count = min(samples, BLOCK)
        block = AudioFrame(_FORMAT, LAYOUT, count)
        block.sample_rate = SAMPLE_RATE
        for plane in block.planes:
            plane.update(bytes(plane.buffer_size))
        yield block
        samples -= count


def ahead(blocks: Blocks) -> Blocks:
    """Yield the same blocks, made by a thread of their own while earlier ones are used."""
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as maker:
        rows = deque(maker.submit(_some, blocks) for _ in range(ROWS_AHEAD))
        while row := rows.popleft().result():
            rows.append(maker.submit(_some, blocks))
            yield from row


def _some(blocks: Blocks) -> list[AudioFrame]:
    return list(islice(blocks, ROW))


def cut_to(blocks: Blocks, samples: int) -> Blocks:
    """Yield the first `samples`, or all if there are fewer."""
    for block in blocks:
        if block.samples >= samples:
            if samples:
                yield head(block, samples)
            return
        samples -= block.samples
        yield block


class Pipe:
    """Blocks of any length, taken out in the lengths that are asked for."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._fifo = AudioFifo()

    def take(self, samples: int) -> AudioFrame:
        """Return the next `samples`; there must be so many."""
        while self._fifo.samples < samples:
            block = next(self._blocks)
            block.pts = None
            self._fifo.write(block)
        return cast(AudioFrame, self._fifo.read(samples))

    def taken(self, samples: int) -> Blocks:
        """Yield the next `samples` in equal blocks."""
        for start in range(0, samples, BLOCK):
            yield self.take(min(BLOCK, samples - start))


class Chain:
    """A row of filters that sound is sent through."""

    def __init__(self, *steps: str) -> None:
        self._graph = Graph()
        self._graph.threads = 1
        last = self._graph.add_abuffer(
            sample_rate=SAMPLE_RATE, format=_FORMAT, layout=LAYOUT, time_base=SAMPLE
        )
        for step in steps:
            name, _, arguments = step.partition("=")
            node = self._graph.add(name, arguments or None)
            last.link_to(node)
            last = node
        shape = self._graph.add(
            "aformat", f"sample_fmts={_FORMAT}:channel_layouts={LAYOUT}:sample_rates={SAMPLE_RATE}"
        )
        last.link_to(shape)
        shape.link_to(self._graph.add("abuffersink"))
        self._graph.configure()

    def through(self, blocks: Blocks) -> Blocks:
        """Yield what comes out."""
        clock = 0
        for block in blocks:
            block.pts, block.time_base = clock, SAMPLE
            clock += block.samples
            self._graph.push(block)
            yield from self._ready()
        self._graph.push(None)
        yield from self._ready()

    def _ready(self) -> Blocks:
        while True:
            try:
                yield cast(AudioFrame, self._graph.pull())
            except (av.error.BlockingIOError, av.error.EOFError):
                return
