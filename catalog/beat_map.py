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

LANDING = 0.10
"""Seconds after a count at which the picture is calmest: the body settles on the leg."""

LEAST_SOUND_CONFIDENCE = 0.15
"""Below this the 1 is not known from the sound."""
LEAST_RHYTHM = 0.2
"""Rhythm strength below which the motion is asked: speech and a room's noise have no beat."""


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
    if len(analysis.beats) < 5:
        return None
    if max(analysis.confidence, analysis.rhythm_strength) < LEAST_RHYTHM:
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
    travel: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
) -> BeatMap:
    """Return the counts that the motion of the picture suggests.

    A dancer's body slows when the weight lands, so the frame-to-frame difference has its
    minima right after the counts (kinematic beats; Davis and Agrawala, 2018). The best even grid
    over them gives tempo and phase. Which count is which tells the way across the floor: a couple
    turns round between 3 and 4, and between 7 and 8; without a way, the calmest of four counts
    is the tap, the 4.

    Args:

        times: Seconds of each value of `energy`, ascending.

        energy: Movement of the picture, any unit.

        duration: Seconds of the picture.

        tempo: Beats per minute if a person told them.

        first_count_at: Seconds of the first count if a person told it.

        travel: (times, speed to the right of all that moves), any unit, if it is known.
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
    if first_count_at is None:
        start = (start - LANDING) % beat
    grid = np.arange(start, duration + 0.02, beat)
    first = 1
    if first_count_at is None:
        turning = _count_by_travel(start, beat, travel) if travel is not None else None
        first = turning or _count_of_calmest(grid, beat, times, energy)
    confidence = float(np.clip(scores[best] / 2.0, 0.0, 0.6))
    return BeatMap(tuple(float(time) for time in grid), first, confidence, "motion")


def _count_by_travel(
    start: float, beat: float, travel: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> int | None:
    """Return which count `start` is by the way out and back in eight counts, None without one."""
    times, speed = travel
    if len(times) < 8 or times[-1] - times[0] < 7 * beat:
        return None
    way = np.cumsum((speed - speed.mean()) * np.gradient(times))
    counts = (times - start) / beat
    # Whole eights only, or the rest would pull the phase.
    whole = counts < counts[0] + 8 * max(1, int((counts[-1] - counts[0]) // 8))
    way, counts = way[whole] - way[whole].mean(), counts[whole]
    wave = np.sum(way * np.exp(-2j * np.pi * counts / 8)) / len(way)
    if 2 * abs(wave) < 0.5 * np.sqrt(2) * way.std() or way.std() == 0:
        return None
    farthest = float(-np.angle(wave) * 8 / (2 * np.pi))
    return (round(_TURNING - farthest) - 1) % 4 + 1


_TURNING = 3.5
"""Count at which the couple is farthest out: 3 has landed, 4 is the tap beside it."""


def _standardised(energy: NDArray[np.float32]) -> NDArray[np.float32]:
    smooth = np.convolve(energy, np.array([0.25, 0.5, 0.25]), mode="same")
    spread = float(smooth.std())
    result = (smooth - smooth.mean()) / (spread if spread > 0 else 1.0)
    return np.asarray(np.clip(result, -2.5, 2.5), np.float32)


def _count_of_calmest(
    grid: NDArray[np.float64],
    beat: float,
    times: NDArray[np.float32],
    energy: NDArray[np.float32],
) -> int:
    """Return which count the grid's first beat is, when the calmest of four is the tap."""
    travel = np.array(
        [energy[(times >= time - beat) & (times < time)].sum() for time in grid], np.float64
    )
    calmest = int(
        np.argmin(
            [travel[phase::4].mean() if phase < len(travel) else np.inf for phase in range(4)]
        )
    )
    return (3 - calmest) % 8 + 1
