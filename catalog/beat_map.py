"""When each count of a clip falls: told by a person, heard in its sound, or seen in its motion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from choreo.errors import ChoreoError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLOWEST, FASTEST = 96.0, 152.0
"""Beats per minute that bachata is danced at, with some room."""

LEAST_SOUND_CONFIDENCE = 0.15
"""Below this the motion is asked: a clip with speech or a room's noise has no beat."""


@dataclass(frozen=True)
class BeatMap:
    """Count times of a clip."""

    times: tuple[float, ...]
    """Seconds on the clip's clock of consecutive counts, ascending."""
    first: int
    """Which count of the eight `times[0]` is, 1 to 8."""
    confidence: float
    source: str
    """`person`, `sound` or `motion`."""

    def count_of(self, index: int) -> int:
        """Return which count of the eight `times[index]` is, 1 to 8."""
        return (self.first - 1 + index) % 8 + 1


def told(first_count_at: float, tempo: float, duration: float) -> BeatMap:
    """Return the even grid that a person described; its first count is a 1."""
    beat = 60.0 / tempo
    # Half a frame of tolerance: the last count may fall on the very end of the clip.
    number = int((duration + 0.02 - first_count_at) / beat) + 1
    times = tuple(first_count_at + beat * index for index in range(max(0, number)))
    return BeatMap(times, 1, 1.0, "person")


def heard(path: Path, delay: float, duration: float, tempo: float | None = None) -> BeatMap | None:
    """Return the counts of a clip's own sound, or None when it has no beat.

    Args:

        path: A clip with sound.

        delay: Seconds by which the sound starts after the first picture.

        duration: Seconds of the picture.

        tempo: Told by a person: a sound whose beat is another one is not trusted.
    """
    from choreo.music import analyse

    try:
        analysis = analyse(path)
    except ChoreoError:
        return None
    if len(analysis.beats) < 5 or analysis.confidence < LEAST_SOUND_CONFIDENCE:
        return None
    if tempo is not None and abs(analysis.tempo / tempo - 1) > 0.06:
        return None
    ones = set(analysis.eight_counts)
    beats = analysis.beats
    index = next((i for i, beat in enumerate(beats) if beat in ones), None)
    first = 1 if index is None else (-index) % 8 + 1
    times = [beat + delay for beat in beats]
    skipped = sum(time < 0 for time in times)
    kept = tuple(time for time in times[skipped:] if time <= duration + 0.02)
    if len(kept) < 5:
        return None
    return BeatMap(kept, (first - 1 + skipped) % 8 + 1, analysis.confidence, "sound")


def seen(
    times: NDArray[np.float32],
    energy: NDArray[np.float32],
    duration: float,
    tempo: float | None = None,
    first_count_at: float | None = None,
) -> BeatMap:
    """Return the counts that the motion of the picture suggests.

    A dancer's body slows when the weight lands, so the frame-to-frame difference has its
    minima on the counts (kinematic beats; Davis and Agrawala, 2018). The best even grid over
    them gives tempo and phase; of four counts the calmest is the tap, the 4.

    Args:

        times: Seconds of each value of `energy`, ascending.

        energy: Movement of the picture, any unit.

        duration: Seconds of the picture.

        tempo: Beats per minute if a person told them.

        first_count_at: Seconds of the first count if a person told it.
    """
    calm = -_standardised(energy)
    candidates = [tempo] if tempo else list(np.arange(SLOWEST, FASTEST + 0.25, 0.5))
    scores = {}
    for candidate in candidates:
        beat = 60.0 / candidate
        phases = (
            [first_count_at % beat]
            if first_count_at is not None
            else list(np.arange(0, beat, min(0.02, beat / 16)))
        )
        for phase in phases:
            grid = np.arange(phase, duration, beat)
            if len(grid) >= 4:
                between = grid[:-1] + beat / 2
                contrast = (
                    np.interp(grid, times, calm).mean() - np.interp(between, times, calm).mean()
                )
                # A gentle prior keeps noise near the tempo that most bachata has.
                prior = -0.15 * (np.log(candidate / 127.0) / 0.12) ** 2
                scores[candidate, phase] = float(contrast) + 0.1 * prior
    if not scores:
        beat = 60.0 / (tempo or 127.0)
        even = tuple(np.arange(first_count_at or 0.0, duration, beat).tolist())
        return BeatMap(even, 1, 0.0, "motion")
    best = max(scores, key=lambda key: scores[key])
    beat = 60.0 / best[0]
    start = first_count_at if first_count_at is not None else best[1]
    grid = np.arange(start, duration + 0.02, beat)
    first = 1 if first_count_at is not None else _count_of_first(grid, beat, times, energy)
    confidence = float(np.clip(scores[best] / 2.0, 0.0, 0.6))
    return BeatMap(tuple(float(time) for time in grid), first, confidence, "motion")


def _standardised(energy: NDArray[np.float32]) -> NDArray[np.float32]:
    smooth = np.convolve(energy, np.array([0.25, 0.5, 0.25]), mode="same")
    spread = float(smooth.std())
    result = (smooth - smooth.mean()) / (spread if spread > 0 else 1.0)
    return np.asarray(np.clip(result, -2.5, 2.5), np.float32)


def _count_of_first(
    grid: NDArray[np.float64],
    beat: float,
    times: NDArray[np.float32],
    energy: NDArray[np.float32],
) -> int:
    """Return which count the grid's first beat is: the four-grid's calmest count is the tap."""
    travel = np.array(
        [energy[(times >= time - beat) & (times < time)].sum() for time in grid], np.float64
    )
    calmest = int(
        np.argmin(
            [travel[phase::4].mean() if phase < len(travel) else np.inf for phase in range(4)]
        )
    )
    return (3 - calmest) % 8 + 1
