"""How loud sound is (EBU R128), and the gain that brings it to the target."""

import math
from collections.abc import Callable

from rendering.samples import Blocks, Chain

TARGET_LOUDNESS = -14.0
"""LUFS."""

PEAK_LIMIT = -2.0
"""Decibels of full scale that samples stay below. The wave between samples and the AAC encoder
go past them by up to 1 dB, and -1 dBTP is promised."""

MOST_GAIN = 30.0
"""Decibels; more would only raise the noise of a song that is all but silent."""

LIGHTLY_LIMITED = 1.5
"""Decibels that the limiter may take from the highest peak and leave the loudness as it is."""

MOST_MISSED = 0.2
"""LU beside the target at which another gain is tried."""

MOST_TRIALS = 6
"""Times a gain is tried; each halves what is missed, or better."""

SILENT = -60.0
"""LUFS below which there is nothing to level."""

METER = "ebur128=metadata=1"


class Meter:
    """Reads the loudness that the filter `METER` writes beside the samples."""

    def __init__(self) -> None:
        self._value = -math.inf

    def read(self, blocks: Blocks) -> Blocks:
        """Pass blocks on."""
        for block in blocks:
            text = block.metadata.get("lavfi.r128.I")
            if text is not None:
                self._value = float(text)
            yield block

    @property
    def loudness(self) -> float | None:
        """LUFS of what has passed, or None when it is silent."""
        return self._value if self._value > SILENT else None


def limiter(gain: float) -> str:
    """Return the filter that raises sound by `gain` decibels and holds its peaks."""
    return (
        f"alimiter=level_in={10 ** (gain / 20):.6f}:limit={10 ** (PEAK_LIMIT / 20):.6f}:"
        f"attack=5:release=50:level=0:latency=1"
    )


def stored_gain(loudness: float | None, peak: float | None) -> float | None:
    """Return the gain that ingest's numbers give, where the limiter has next to nothing to do.

    Args:

        loudness: LUFS of the whole song.

        peak: dBTP.

    Returns: Decibels, or None where the gain has to be searched.
    """
    if loudness is None or peak is None:
        return None
    gain = _gain_for(loudness)
    return gain if peak + gain <= PEAK_LIMIT + LIGHTLY_LIMITED else None


def searched_gain(blocks: Callable[[], Blocks], loudness: float | None) -> float:
    """Return the decibels that bring the sound to the target, once limited.

    The loudness of a plan is that of the whole song, and the limiter takes some away: so the
    first guess is metered, which is a tenth of the work of encoding, and bettered if need be.

    Args:

        blocks: Gives the sound, each time anew.

        loudness: LUFS that the sound is believed to have, if anything is known.
    """
    gain = _gain_for(_measured(blocks()) if loudness is None else loudness)
    for _ in range(MOST_TRIALS):
        off = missed(_measured(Chain(limiter(gain)).through(blocks())))
        if abs(off) <= MOST_MISSED:
            break
        gain = min(gain + off, MOST_GAIN)
    return gain


def missed(loudness: float | None) -> float:
    """Return the decibels from `loudness` to the target; 0 for silence."""
    return 0.0 if loudness is None else TARGET_LOUDNESS - loudness


def _gain_for(loudness: float | None) -> float:
    if loudness is None or loudness < SILENT:
        return 0.0
    return min(TARGET_LOUDNESS - loudness, MOST_GAIN)


def _measured(blocks: Blocks) -> float | None:
    meter = Meter()
    for _ in meter.read(Chain(METER).through(blocks)):
        pass
    return meter.loudness
