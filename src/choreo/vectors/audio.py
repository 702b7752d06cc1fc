"""What music sounds like to a dancer, as 128 numbers on the count grid.

One function describes a slot of a song and the sound a clip was danced to, so both live in one
space; `from_tempo` describes the music that a silent clip fits. The vector is six blocks of
fixed share:

======= ========== =================================================================
numbers block      what it holds
======= ========== =================================================================
0-31    tempo      beats per minute, spread over bumps on a logarithmic axis
32-79   rhythm     onsets in three bands on the 16 eighths of an 8-count
80-95   bands      energy of 16 bands, against the usual fall towards high sounds
96-103  harmony    change of chroma at each count
104-119 energy     loudness and density, spread over bumps
120-127 character  off-beat share and change of pace per band, brightness, contrast
======= ========== =================================================================

Tempo and energy are spread over bumps so that the cosine falls with distance: of two tempi that
differ by 6 % (a good retiming) 0.6 of that block remains, at 15 % nothing. Energy is relative to
the whole recording, since recordings are mastered to different levels. The other blocks are
centred, so that what is unknown (zeros) neither attracts nor repels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from choreo.vectors.packing import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]

DIMENSIONS = 128
RATE = 22_050
"""Samples per second; everything a güira does lies below half of it."""

Span = tuple[float, float, Sequence[float]]
"""(start, end, count times from start on), seconds on the file's clock."""

_SHARES = {
    "tempo": 0.30,
    "rhythm": 0.22,
    "bands": 0.10,
    "harmony": 0.06,
    "energy": 0.24,
    "character": 0.08,
}
"""Share of each block in the squared length: what decides whether a move fits comes first."""

_COUNTS = 8
_EIGHTHS = 2 * _COUNTS
_FFT = 1024
_HOP = 256
_FRAME_RATE = RATE / _HOP
_CHROMA_FFT = 16_384
_BANDS = 16
_GROUPS = (slice(0, 4), slice(4, 11), slice(11, 16))
"""Bass and low bongo (below 260 Hz), bongo and guitar (to 2.6 kHz), güira (above)."""
_TEMPO_RANGE = (70.0, 190.0)
_TEMPO_WIDTH = 0.041
"""Of a bump, in natural log of tempo: 6 % apart leaves 0.6."""
_ENERGY_WIDTH = 0.16
_PINK = np.linspace(0.9, -0.9, _BANDS, dtype=np.float32)
_SILENCE_DB = -70.0
_HEARD_REACH = 24.0
"""Decibels below a band's loudest moments from which a rise counts as an onset."""
_LOUDNESS_REACH = 10.0
"""Decibels from half the scale of energy to its end: a mambo is some 3 dB above a verse."""

_BACHATA = np.array(
    [
        # bass: long on 1, then "2-and", 3 and 4, the low bongo on 4 loudest
        [3, 0, 0, 2, 3, 0, 4, 0] * 2,
        # bongo's martillo and the guitar: eighths, the 4 marked
        [2, 1, 2, 1, 2, 1, 3, 2] * 2,
        # güira: quarters with light eighths between
        [3, 2, 3, 2, 3, 2, 3, 2] * 2,
    ],
    np.float32,
)


def describe(audio_file: Path, spans: Sequence[Span]) -> Floats:
    """Describe parts of a file's sound.

    Args:

        audio_file: A song, or a clip with sound.

        spans: (start, end, counts): seconds; `counts` are the count times inside, ascending,
            the first at `start`. An 8-count is usual; other numbers are folded onto it.

    Returns:

        float32, shape (len(spans), 128), rows of unit length.

    Raises:

        UnreadableMedia: When the file's sound cannot be read.

        ValueError: When a span has no counts, or they do not ascend inside it.
    """
    from choreo.music.decoding import decode

    for start, end, counts in spans:
        if not counts or list(counts) != sorted(counts) or not start < end:
            raise ValueError(f"the span {start:.3f}-{end:.3f} s needs ascending counts inside it")
    if not spans:
        return np.empty((0, DIMENSIONS), np.float32)
    samples = decode(audio_file, RATE).samples
    bands = _band_levels(samples)
    onsets = _onsets(bands)
    usual = _Usual(_loudness(bands), float(onsets.mean()) + 1e-6)
    rows = [_described(samples, bands, onsets, span, usual) for span in spans]
    return np.stack(rows)


def from_tempo(tempo: float, energy: float = 0.5) -> Floats:
    """Describe the bachata that a clip without sound fits.

    Args:

        tempo: Beats per minute at which the clip is danced.

        energy: 0 for the calmest move to 1 for the fullest.

    Returns:

        float32, shape (128,), unit length.
    """
    rhythm = np.concatenate([_centred(row) for row in _BACHATA])
    return _joined(
        tempo=_tempo_bumps(tempo),
        rhythm=rhythm,
        energy=np.concatenate([_bumps(energy, 8), _bumps(energy, 8)]),
    )


class _Usual(NamedTuple):
    """What the energy of a part is compared with: the same recording as a whole."""

    loudness: float
    density: float


def _described(samples: Floats, bands: Floats, onsets: Floats, span: Span, usual: _Usual) -> Floats:
    start, end, counts = span
    edges = np.array([*counts, end], np.float64)
    edges = edges[np.concatenate([[True], np.diff(edges) > 1e-3])]
    if len(edges) < 2:
        edges = np.array([start, end])
    grid = _on_eighths(onsets, edges)
    rhythm = np.concatenate([_centred(row) for row in grid])
    part = bands[_frame(start) : max(_frame(start) + 1, _frame(end))]
    if not len(part):
        part = np.full((1, _BANDS), _SILENCE_DB, np.float32)
    level = part.mean(axis=0)
    louder = (_loudness(part) - usual.loudness) / _LOUDNESS_REACH
    heard = onsets[:, _frame(start) : max(_frame(start) + 1, _frame(end))]
    denser = (float(heard.mean()) / usual.density - 1) if heard.size else -1.0
    return _joined(
        tempo=_tempo_bumps(60.0 * (len(edges) - 1) / (edges[-1] - edges[0])),
        rhythm=rhythm,
        bands=_centred(level - level.mean() - 12 * _PINK),
        harmony=_centred(_harmony(samples, edges)),
        energy=np.concatenate([_bumps(0.5 + louder, 8), _bumps(0.5 + denser, 8)]),
        character=_character(grid, level, part),
    )


def _loudness(levels: Floats) -> float:
    return float(10 * np.log10(np.mean(10 ** (levels / 10)) + 1e-9))


def _joined(**blocks: Floats) -> Floats:
    sizes = {"tempo": 32, "rhythm": 48, "bands": 16, "harmony": 8, "energy": 16, "character": 8}
    parts = [
        np.sqrt(_SHARES[name]) * unit(blocks.get(name, np.zeros(size, np.float32)))
        for name, size in sizes.items()
    ]
    return unit(np.concatenate(parts))


def _band_levels(samples: Floats) -> Floats:
    """Return decibels, shape (frames, 16): bands of equal width on the mel scale from 40 Hz."""
    padded = np.pad(samples, _FFT // 2)
    count = max(1, 1 + (len(padded) - _FFT) // _HOP)
    edges = _mel_edges()
    window = np.hanning(_FFT).astype(np.float32)
    levels = np.empty((count, _BANDS), np.float32)
    # In parts: the whole spectrogram of a long song would take hundreds of megabytes.
    for at in range(0, count, 2048):
        index = np.arange(at, min(at + 2048, count))[:, None] * _HOP + np.arange(_FFT)
        power = np.abs(np.fft.rfft(padded[np.minimum(index, len(padded) - 1)] * window)) ** 2
        sums = np.add.reduceat(power, edges[:-1], axis=1) / np.diff(
            np.append(edges[:-1], edges[-1])
        )
        levels[at : at + len(index)] = 10 * np.log10(sums / _FFT + 10 ** (_SILENCE_DB / 10))
    return levels


def _mel_edges() -> NDArray[np.int64]:
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in (40.0, 10_000.0))
    hertz = 700 * (10 ** (np.linspace(low, high, _BANDS + 1) / 2595) - 1)
    edges = np.round(hertz * _FFT / RATE).astype(np.int64)
    # Low bands are narrower than a bin; each still gets one of its own.
    for index in range(1, len(edges)):
        edges[index] = max(edges[index], edges[index - 1] + 1)
    return edges


def _onsets(bands: Floats) -> Floats:
    """Return the rise of level in dB per frame, shape (3, frames), for the three groups."""
    # Rises far below what a band reaches are not heard beside it.
    floor = np.quantile(bands, 0.98, axis=0) - _HEARD_REACH
    heard = np.maximum(bands, floor)
    rise = np.maximum(0, np.diff(heard, axis=0, prepend=heard[:1]))
    return np.stack([rise[:, group].mean(axis=1) for group in _GROUPS])


def _on_eighths(onsets: Floats, edges: NDArray[np.float64]) -> Floats:
    """Return the strength around each eighth, shape (3, 16); other spans are folded or repeated."""
    counts = len(edges) - 1
    times = np.interp(np.arange(2 * counts) / 2, np.arange(counts + 1), edges)
    reach = 0.06
    values = np.zeros((len(onsets), 2 * counts), np.float32)
    for index, time in enumerate(times):
        part = onsets[:, max(0, _frame(time - reach)) : max(0, _frame(time + reach)) + 1]
        if part.size:
            values[:, index] = part.max(axis=1)
    folded = np.zeros((len(onsets), _EIGHTHS), np.float32)
    for index in range(_EIGHTHS):
        same = values[:, index % (2 * counts) :: _EIGHTHS]
        folded[:, index] = same.mean(axis=1)
    return np.asarray(folded / 4, np.float32)


def _harmony(samples: Floats, edges: NDArray[np.float64]) -> Floats:
    """Return how far the chroma at each of eight counts is from the count before, shape (8,)."""
    rows = []
    length = float(np.median(np.diff(edges)))
    for time in [edges[0] - length, *edges[:-1]]:
        first = max(0, round(time * RATE))
        part = samples[first : first + min(_CHROMA_FFT, round(length * RATE))]
        rows.append(_chroma(part))
    chroma = unit(np.stack(rows))
    change = 1 - np.sum(chroma[1:] * chroma[:-1], axis=1)
    return np.array([change[i % len(change) :: _COUNTS].mean() for i in range(_COUNTS)], np.float32)


def _chroma(part: Floats) -> Floats:
    if len(part) < 64:
        return np.zeros(12, np.float32)
    size = np.abs(np.fft.rfft(part * np.hanning(len(part)), _CHROMA_FFT))
    first, last = (round(hertz * _CHROMA_FFT / RATE) for hertz in (100, 2000))
    hertz = np.arange(first, last) * RATE / _CHROMA_FFT
    pitch = np.round(12 * np.log2(hertz / 440)).astype(np.int64) % 12
    return np.bincount(pitch, weights=size[first:last], minlength=12).astype(np.float32)


def _character(grid: Floats, level: Floats, part: Floats) -> Floats:
    on, off = grid[:, ::2].mean(axis=1), grid[:, 1::2].mean(axis=1)
    off_beat = off / (on + off + 1e-6) - 0.4
    first, second = grid[:, :_COUNTS].mean(axis=1), grid[:, _COUNTS:].mean(axis=1)
    pace = (second - first) / (first + second + 1e-6)
    weights = 10 ** (level / 20)
    brightness = float((weights * np.linspace(-0.5, 0.5, _BANDS)).sum() / (weights.sum() + 1e-9))
    contrast = float(np.clip(part.std() / 12 - 1, -1, 1))
    return np.array([*off_beat, *pace, brightness + 0.25, contrast], np.float32)


def _tempo_bumps(tempo: float) -> Floats:
    low, high = np.log(_TEMPO_RANGE)
    at = np.clip(np.log(max(tempo, 1.0)), low, high)
    centres = np.linspace(low, high, 32)
    return np.asarray(np.exp(-((centres - at) ** 2) / (2 * _TEMPO_WIDTH**2)), np.float32)


def _bumps(value: float, count: int) -> Floats:
    centres = np.linspace(0, 1, count)
    at = np.clip(value, 0, 1)
    return np.asarray(np.exp(-((centres - at) ** 2) / (2 * _ENERGY_WIDTH**2)), np.float32)


def _centred(values: Floats) -> Floats:
    return np.asarray(values - values.mean(), np.float32)


def _frame(time: float) -> int:
    return round(max(0.0, time) * _FRAME_RATE)
