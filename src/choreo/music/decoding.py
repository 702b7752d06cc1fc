"""Sound out of a file: one channel, one rate, in bounded memory.

Files are opened by `choreo.decoding`: a playlist or an exotic format inside a file with a
harmless name is refused instead of followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from choreo.decoding import (
    COVER_DECODERS,
    MAX_SAMPLE_RATE,
    MIN_SAMPLE_RATE,
    SONG_FORMATS,
    SOUND_DECODERS,
    in_fair_pieces,
    open_media,
    packets_of,
)
from choreo.errors import UnreadableMedia

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_DURATION = 1_830.0
"""Seconds: half an hour, and the half minute by which players round it."""

DECODERS = f"{SOUND_DECODERS},{COVER_DECODERS}"
"""Pictures are probed beside the sound; nothing of them is ever shown."""


class Sound(NamedTuple):
    """Decoded sound."""

    samples: NDArray[np.float32]
    """One channel, shape (n,), finite, mean 0, about -1 to 1."""
    rate: int
    """Samples per second of `samples`."""
    duration: float
    """Seconds, counted from the decoded samples."""
    repaired: int
    """How many samples were not finite numbers and became silence."""


def decode(path: Path, rate: int, *, max_duration: float = MAX_DURATION) -> Sound:
    """Decode a file's sound to one channel.

    Args:

        path: A sound file or a clip with sound.

        rate: Samples per second of the result.

        max_duration: Seconds that are accepted; memory grows with them (4 bytes a sample).

    Raises:

        UnreadableMedia: When the file is missing, is not sound, is damaged, holds no samples
            or is too long; the text names the file and the reason.
    """
    import numpy as np

    # Grown by half as needed: a list of blocks would double the memory when joined.
    samples = np.empty(rate * 60, np.float32)
    repairs: list[int] = []
    total = 0
    for block in resampled(path, rate, repairs):
        start, total = total, total + len(block)
        if total > max_duration * rate:
            raise UnreadableMedia(
                f"{path.name} is longer than {max_duration / 60:.0f} minutes; cut it first"
            )
        if total > len(samples):
            samples.resize(total + total // 2, refcheck=False)
        samples[start:total] = block
    if total == 0:
        raise UnreadableMedia(f"{path.name} holds no sound; its audio stream is empty")
    samples.resize(total, refcheck=False)
    # Floating-point files may hold anything; beyond this it is not sound.
    np.clip(samples, -8.0, 8.0, out=samples)
    samples -= np.float32(samples.mean(dtype=np.float64))
    return Sound(samples, rate, total / rate, sum(repairs))


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open a file's first sound stream, and turn every fault of the library into our own.

    Yields:

        PyAV's container and stream; neither leaves this package.

    Raises:

        UnreadableMedia: Naming the file and the reason, also for faults inside the block.
    """
    import av

    if not path.is_file():
        raise UnreadableMedia(f"{path.name} is not a file that exists")
    if path.stat().st_size == 0:
        raise UnreadableMedia(f"{path.name} is empty (0 bytes)")
    try:
        with open_media(path, SONG_FORMATS, DECODERS) as box:
            if not box.streams.audio:
                raise UnreadableMedia(f"{path.name} has no sound, only other streams")
            stream = box.streams.audio[0]
            context = stream.codec_context
            if context is None or context.name not in SOUND_DECODERS.split(","):
                name = "unknown" if context is None else context.name
                raise UnreadableMedia(
                    f"{path.name} has sound of the kind {name}, which is not known"
                )
            if not MIN_SAMPLE_RATE <= (context.sample_rate or 0) <= MAX_SAMPLE_RATE:
                raise UnreadableMedia(
                    f"{path.name} claims {context.sample_rate} samples per second; "
                    f"{MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} can be read"
                )
            yield box, stream
    except av.FFmpegError as exc:
        raise UnreadableMedia(
            f"{path.name} cannot be read as sound: {exc.strerror or type(exc).__name__}"
        ) from exc
    except OSError as exc:
        raise UnreadableMedia(f"{path.name} cannot be opened: {exc.strerror}") from exc


def frames(path: Path, repairs: list[int] | None = None) -> Iterator[Any]:
    """Yield decoded frames; damage inside the file is skipped, damage everywhere is refused.

    Samples that are no numbers are silenced; how many is appended to `repairs`.

    Raises:

        UnreadableMedia: See `opened`; also when not one packet could be decoded.
    """
    import av

    with opened(path) as (box, stream):
        decoded = 0
        fault: av.FFmpegError | None = None
        packets = packets_of(box, stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    break
                for frame in packet.decode():
                    decoded += 1
                    yield _mended(frame, repairs if repairs is not None else [])
            except av.FFmpegError as exc:
                # A truncated or scratched file still plays up to the damage and after it.
                fault = exc
                if packet is None or isinstance(exc, av.EOFError):
                    break
        if decoded == 0 and fault is not None:
            raise fault


def resampled(path: Path, rate: int, repairs: list[int]) -> Iterator[NDArray[np.float32]]:
    """Yield blocks of one channel; the number of samples mended is appended to `repairs`."""
    for frame in converted(path, "fltp", "mono", rate, repairs):
        yield frame.to_ndarray()[0]


def converted(
    path: Path, sample_format: str, layout: str, rate: int, repairs: list[int] | None = None
) -> Iterator[Any]:
    """Yield decoded frames of one format, layout and rate, as FFmpeg names them.

    Raises:

        UnreadableMedia: See `frames`.
    """
    import av

    resampler: av.AudioResampler | None = None
    shape: tuple[object, ...] = ()
    for frame in in_fair_pieces(frames(path, repairs), path.name):
        now = (frame.sample_rate, frame.format.name, frame.layout.name)
        if resampler is None or now != shape:
            # A stream that changes its rate or layout midway needs a new resampler.
            if resampler is not None:
                yield from resampler.resample(None)
            resampler, shape = (
                av.AudioResampler(format=sample_format, layout=layout, rate=rate),
                now,
            )
        frame.pts = None
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def _mended(frame: Any, repairs: list[int]) -> Any:
    """Silence samples that are no numbers: one would spread through the resampler's window."""
    import av
    import numpy as np

    if frame.format.name not in ("flt", "fltp", "dbl", "dblp"):
        return frame
    array = frame.to_ndarray()
    finite = np.isfinite(array)
    if finite.all():
        return frame
    repairs.append(int(np.count_nonzero(~finite)))
    clean = av.AudioFrame.from_ndarray(
        np.where(finite, array, 0).astype(array.dtype), frame.format.name, frame.layout.name
    )
    clean.sample_rate = frame.sample_rate
    return clean
