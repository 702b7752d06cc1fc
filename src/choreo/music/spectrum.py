"""What the ear takes from a recording, frame by frame: onsets per band, timbre, harmony.

The bands follow the instruments of bachata: bass; bongo, whose low drum falls on 4; the mid of
guitars and high bongo; and the güira above them. Windows, pitch scales and filter banks are
librosa's; the transform itself is numpy's, on short blocks: a whole spectrogram of a long song
would not fit in memory, and librosa 0.11 compiles for 10 seconds before its first transform.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

RATE = 24_000
"""Samples per second: a whole number of samples per frame, and the güira up to 12 kHz."""
HOP = 240
FRAMES_PER_SECOND = 100
WINDOW = 1024
"""Samples of an onset window: 43 ms, the least that tells bass from bongo."""
LONG_WINDOW = 8192
"""Samples of a harmony window: 341 ms tells semitones apart down to 80 Hz or so."""
LONG_HOP = 2400
CHROMA_PER_SECOND = 10
BLOCK = 2048
"""Frames per block: about 20 MB of work space."""

BANDS: dict[str, tuple[float, float]] = {
    "bass": (35.0, 160.0),
    "bongo": (160.0, 420.0),
    "mid": (420.0, 3_000.0),
    "guira": (4_500.0, 11_500.0),
}
TIMBRE_EDGES = (60, 120, 180, 260, 370, 520, 720, 1_000, 1_400, 2_000, 2_800, 4_000, 6_000, 11_500)
MELS = 80
"""Filters of 40 Hz and wider on the mel scale, each some bins of `WINDOW` wide."""
LOWEST, HIGHEST = 30.0, 11_500.0

CHROMA_BINS = 36
"""Three per semitone, so that no tuning has to be known."""
COMPRESSION = 30.0
"""Strength of the logarithm before differences: a soft stroke counts, hiss does not."""

LOUD_SHARE = 0.05
"""Share of the song, its loudest, that sets the reference of the logarithm. More of it would
make dry strokes in silence seem louder than music, and be heard earlier."""

LOWEST_CHORD, HIGHEST_CHORD = 180.0, 1_600.0
"""Hertz in which harmony is heard: above the bass, which walks while the chord stays."""


@dataclass(frozen=True)
class Spectrum:
    """Frame-wise features of a recording; row k belongs to the time k / 100 s."""

    onsets: dict[str, Array]
    """Per band of `BANDS`: how much energy appears, shape (frames,)."""
    timbre: Array
    """Log energies of 13 bands, shape (frames, 13)."""
    chroma: Array
    """Energy of 36 pitch classes at 10 rows per second, rows of unit length or zero."""
    level: Array
    """RMS in decibels relative to full scale, shape (frames,)."""
    duration: float


def spectrum_of(samples: Array) -> Spectrum:
    """Return the features of a mono recording at `RATE` samples per second."""
    from librosa.core.convert import mel_frequencies
    from librosa.filters import get_window, mel

    duration = len(samples) / RATE
    count = max(1, int(np.ceil(len(samples) / HOP)))
    window = get_window("hann", WINDOW).astype(np.float32)
    # Scaled so that each filter takes the mean of its bins.
    filters = mel(sr=RATE, n_fft=WINDOW, n_mels=MELS, fmin=LOWEST, fmax=HIGHEST).T * (RATE / WINDOW)
    centres = mel_frequencies(MELS + 2, fmin=LOWEST, fmax=HIGHEST)[1:-1]
    bands = {name: _slice(centres, low, high) for name, (low, high) in BANDS.items()}
    edges = np.searchsorted(centres, TIMBRE_EDGES)
    reference = _reference_level(samples)

    onsets = {name: np.zeros(count, np.float32) for name in BANDS}
    timbre = np.zeros((count, len(TIMBRE_EDGES) - 1), np.float32)
    level = np.zeros(count, np.float32)
    before: Array | None = None
    for start in range(0, count, BLOCK):
        part = _windows(samples, WINDOW, HOP, start, min(start + BLOCK, count))
        power = np.square(np.abs(np.fft.rfft(part * window, axis=1)), dtype=np.float32)
        stop = start + len(power)
        level[start:stop] = np.sqrt(power.sum(axis=1) * (2 / (WINDOW * float(np.sum(window**2)))))
        mels = power @ filters
        timbre[start:stop] = np.add.reduceat(mels, edges[:-1], axis=1) / np.diff(edges)
        loud = np.log1p(COMPRESSION / reference * np.sqrt(mels))
        # Two frames back: a stroke's rise takes longer than one frame of 10 ms.
        context = np.repeat(loud[:1], 2, axis=0) if before is None else before
        rise = np.maximum(loud - np.concatenate([context, loud])[: len(loud)], 0.0)
        for name, band in bands.items():
            onsets[name][start:stop] = rise[:, band].mean(axis=1)
        before = np.concatenate([context, loud])[-2:]
    timbre = np.log10(timbre / (reference * reference) + 1e-4)
    decibels = 20 * np.log10(np.maximum(level, 1e-6))
    return Spectrum(onsets, timbre, _chroma(samples), decibels, duration)


def _windows(samples: Array, width: int, hop: int, start: int, stop: int) -> Array:
    """Return the windows centred on frames `start` to `stop`; silence lies around the song."""
    first = start * hop - width // 2
    last = (stop - 1) * hop - width // 2 + width
    part = samples[max(first, 0) : max(last, 0)]
    padded = np.pad(part, (max(-first, 0), last - max(first, 0) - len(part)))
    return np.lib.stride_tricks.sliding_window_view(padded, width)[::hop]


def _slice(frequency: NDArray[np.floating], low: float, high: float) -> slice:
    return slice(int(np.searchsorted(frequency, low)), int(np.searchsorted(frequency, high)))


def _reference_level(samples: Array) -> float:
    """Return the magnitude that a window of the loudest parts of the song has on average."""
    pieces = samples[: len(samples) // HOP * HOP].reshape(-1, HOP)
    if len(pieces) == 0:
        return 1.0
    # A product of matrices rather than squares: half an hour must not be copied.
    power = np.sort(np.einsum("ij,ij->i", pieces, pieces) / HOP)
    loudest = power[-max(1, int(LOUD_SHARE * len(power))) :]
    return max(float(np.sqrt(loudest.mean())), 1e-5) * float(np.sqrt(WINDOW * 0.375))


def _chroma(samples: Array) -> Array:
    from librosa.core.convert import fft_frequencies, hz_to_midi
    from librosa.filters import get_window

    count = max(1, int(np.ceil(len(samples) / LONG_HOP)))
    window = get_window("hann", LONG_WINDOW).astype(np.float32)
    frequency = fft_frequencies(sr=RATE, n_fft=LONG_WINDOW)
    band = _slice(frequency, LOWEST_CHORD, HIGHEST_CHORD)
    pitch = hz_to_midi(frequency[band])
    centres = np.arange(CHROMA_BINS) * 12 / CHROMA_BINS
    distance = (pitch[:, None] - centres[None, :] + 6.0) % 12.0 - 6.0
    weights = np.exp(-0.5 * (distance / 0.22) ** 2).astype(np.float32)
    # Up to four times as many bins fall into a note of a higher octave.
    weights /= (frequency[band] / LOWEST_CHORD)[:, None].astype(np.float32)
    chroma = np.zeros((count, CHROMA_BINS), np.float32)
    for start in range(0, count, BLOCK // 8):
        part = _windows(samples, LONG_WINDOW, LONG_HOP, start, min(start + BLOCK // 8, count))
        magnitude = np.abs(np.fft.rfft(part * window, axis=1)[:, band])
        chroma[start : start + len(part)] = (
            np.sqrt(magnitude).astype(np.float32, copy=False) @ weights
        )
    chroma -= chroma.min(axis=1, keepdims=True)
    norm = np.linalg.norm(chroma, axis=1, keepdims=True)
    return np.asarray(np.where(norm > 1e-6, chroma / np.maximum(norm, 1e-6), 0.0), np.float32)
