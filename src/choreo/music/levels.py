"""Loudness by EBU R128, and the picture of a waveform, both streamed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from choreo.errors import InvalidInput, UnreadableMedia
from choreo.music.decoding import converted, resampled

QUIETEST = -70.0
"""LUFS and dBTP: the absolute gate of EBU R128; what lies below is reported as this."""

METER_RATE = 48_000
"""Samples per second at which the meter's filters are defined."""

PICTURE_RATE = 8_000
"""Samples per second for a waveform; its peaks are a picture, not a measurement."""


class Loudness(NamedTuple):
    """How loud a recording is."""

    integrated: float
    """LUFS, EBU R128; -70 for silence."""
    true_peak: float
    """dBTP; -70 for silence."""


def measure_loudness(audio: Path) -> Loudness:
    """Measure a file; see `choreo.music.loudness`."""
    import av

    readings: dict[str, str] = {}
    try:
        for metered in _metered(audio):
            readings = dict(metered.metadata) or readings
    except av.FFmpegError as exc:
        reason = exc.strerror or type(exc).__name__
        raise UnreadableMedia(f"{audio.name}: its loudness cannot be measured: {reason}") from exc
    integrated = float(readings.get("lavfi.r128.I", QUIETEST))
    peak = float(readings.get("lavfi.r128.true_peak", 0.0))
    decibels = 20 * math.log10(peak) if peak > 0 else QUIETEST
    return Loudness(
        round(max(integrated, QUIETEST) if math.isfinite(integrated) else QUIETEST, 3),
        round(max(decibels, QUIETEST), 3),
    )


def _metered(audio: Path) -> Iterator[Any]:
    """Yield the frames behind FFmpeg's meter; their metadata holds the running values."""
    import av
    from av.filter import Graph

    graph: Graph | None = None

    def drained() -> Iterator[Any]:
        while graph is not None:
            try:
                yield graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return

    for frame in converted(audio, "flt", "stereo", METER_RATE):
        if graph is None:
            graph = Graph()
            source = graph.add_abuffer(sample_rate=METER_RATE, format="flt", layout="stereo")
            meter = graph.add("ebur128", "peak=true:metadata=1:framelog=quiet")
            sink = graph.add("abuffersink")
            source.link_to(meter)
            meter.link_to(sink)
            graph.configure()
        graph.push(frame)
        yield from drained()
    if graph is not None:
        graph.push(None)
        yield from drained()


def measure_peaks(audio: Path, n: int) -> tuple[float, ...]:
    """Draw a file; see `choreo.music.peaks`."""
    import numpy as np

    if not 1 <= n <= 100_000:
        raise InvalidInput(f"n is {n}; a waveform has 1 to 100000 slices")
    # Half an hour is read in slices of 10 ms first, so memory stays small at any length.
    fine = PICTURE_RATE // 100
    tops: list[np.ndarray] = []
    rest = np.empty(0, np.float32)
    for block in resampled(audio, PICTURE_RATE, []):
        rest = np.concatenate([rest, np.abs(block)])
        whole = len(rest) // fine * fine
        tops.append(rest[:whole].reshape(-1, fine).max(axis=1))
        rest = rest[whole:]
    if len(rest):
        tops.append(rest.max(keepdims=True))
    heights = np.concatenate(tops) if tops else np.empty(0, np.float32)
    if len(heights) == 0:
        raise UnreadableMedia(f"{audio.name} holds no sound; its audio stream is empty")
    edges = np.arange(n + 1) * len(heights) // n
    return tuple(
        round(float(min(heights[a : max(b, a + 1)].max(), 1.0)), 4)
        for a, b in itertools.pairwise(edges)
    )
