"""The beat: where the counts fall, in seconds.

Onsets of three bands make one activation; a dynamic Bayesian network finds the path of beat
periods through it (the state space of Krebs, Böck and Widmer, ISMIR 2015). The network is
solved as a semi-Markov chain over (beat, period), which gives the same path as its frame-wise
form in a tenth of the time and a fiftieth of the memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from choreo.music.spectrum import FRAMES_PER_SECOND, Spectrum

Floats = NDArray[np.float64]

SLOWEST, FASTEST = 98.0, 157.0
"""Counts per minute: bachata lies in 100 to 150 (5th percentile 108, median 130), and a band
that drifts at the edge must not be lost. Less than an octave, so no octave error is possible."""

OTHER_TEMPI = ((65.0, SLOWEST), (FASTEST, 215.0))
"""Where other music may lie, tried only so that it is not forced into bachata's range."""

OTHER_TEMPO_PRICE = 0.06
"""Log-odds per frame by which another range must be better: on bachata the best of the others
is 0.05 worse or more, on music outside the range at least 0.08 better."""

BEAT_SHARE = 16
"""A beat takes a sixteenth of its period; the rest is expected to be calm."""

TEMPO_STIFFNESS = 100.0
"""Weight of a relative change of period from one beat to the next."""

BAND_WEIGHTS = {"bass": 0.4, "bongo": 0.3, "mid": 0.3}
"""The güira stays out: its "and" is as loud as its beat and leads onto the off-beat."""

LATENCY = -0.0025
"""Seconds by which the activation's peaks come late; subtracted from every beat. They come 4 to
7 ms early on dry clicks and drums, and up to 2 ms late on music in a room; between the two, no
kind of sound is off by more than 5 ms."""

FAINT = 0.3
"""Share of the usual stroke below which a beat at the ends of a song is only its echo."""

LEAST_STROKE = 0.2
"""Mean stroke on the beats, in the units of `Spectrum.onsets` summed over bands, below which
nothing is struck: a held tone has 0.1 at most, soft music over 1."""

FAINT_LEVEL = 26.0
"""Decibels below the usual level of beats from which nobody dances any more."""

STEPS = 12
"""Steps per beat at which bars are compared: eighths, triplets and sixteenths fall on them."""

IN_TIME = 0.5
"""Share of the usual likeness between bars from which on music is in time."""

SMOOTHING_BEATS = 4
"""Beats on either side that a beat is fitted to: strokes scatter by 10 ms, feet do not."""


@dataclass(frozen=True)
class Pulse:
    """Beats found, and how much there was to find."""

    times: Floats
    """Seconds, ascending."""
    clarity: float
    """How far the activation repeats with the beat, 0 (not at all) to 1."""
    contrast: float
    """Mean activation on the beats over the mean everywhere."""

    @property
    def certainty(self) -> float:
        """Probability-like measure, 0 to 1, that these are beats which people hear."""
        return float(np.clip((self.clarity - 0.15) / 0.3, 0.0, 1.0))


NO_PULSE = Pulse(np.empty(0), 0.0, 0.0)


def activation_of(spectrum: Spectrum) -> Floats:
    """Return the likeliness of a beat at each frame, 0 to 1."""
    total = np.zeros(len(spectrum.level))
    for band, weight in BAND_WEIGHTS.items():
        onsets = spectrum.onsets[band].astype(np.float64)
        total += weight * _levelled(onsets)
    smooth = np.convolve(total, (0.25, 0.5, 0.25), mode="same")
    peak = _running_max_mean(smooth)
    return np.clip(smooth / np.maximum(peak, 1e-9), 0.0, 1.0)


def _levelled(onsets: Floats) -> Floats:
    """Divide by the mean of the surrounding eight seconds, so that a calm verse counts too."""
    around = moving_mean(onsets, 8 * FRAMES_PER_SECOND)
    floor = 0.15 * float(onsets.mean()) + 1e-3
    return np.asarray(onsets / (around + floor))


def moving_mean(values: Floats, width: int) -> Floats:
    """Return the centred moving mean along the first axis; at the ends over what is there."""
    width = max(1, min(width, len(values)))
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    index = np.arange(len(values))
    low = np.maximum(index - width // 2, 0)
    high = np.minimum(index + width - width // 2, len(values))
    spans = (high - low).reshape((-1,) + (1,) * (values.ndim - 1))
    return np.asarray((sums[high] - sums[low]) / spans)


def _running_max_mean(values: Floats) -> Floats:
    """Return the typical height of the peaks around each frame."""
    step = FRAMES_PER_SECOND // 2
    rows = int(np.ceil(len(values) / step))
    filled = np.zeros(rows * step)
    filled[: len(values)] = values
    peaks = moving_mean(filled.reshape(rows, step).max(axis=1), 17)
    return np.repeat(peaks, step)[: len(values)]


def find_pulse(spectrum: Spectrum) -> Pulse:
    """Find the beats of a recording; `times` is empty when it is too short for any."""
    activation = activation_of(spectrum)
    frames, score = decode_beats(activation)
    for slowest, fastest in OTHER_TEMPI:
        other, other_score = decode_beats(activation, slowest, fastest)
        if other_score > score + OTHER_TEMPO_PRICE:
            frames, score = other, other_score - OTHER_TEMPO_PRICE
    if len(frames) < 4:
        return NO_PULSE
    times = _smoothed(_sharpened(activation, frames)) - LATENCY
    times = times[(times >= 0.0) & (times < spectrum.duration)]
    times = _in_time(activation, _heard(spectrum, times))
    if len(times) < 4:
        return NO_PULSE
    on_beat = np.interp(times + LATENCY, np.arange(len(activation)) / FRAMES_PER_SECOND, activation)
    contrast = float(on_beat.mean() / max(float(activation.mean()), 1e-9))
    return Pulse(times, _clarity(activation, times), contrast)


def decode_beats(
    activation: Floats, slowest: float = SLOWEST, fastest: float = FASTEST
) -> tuple[Floats, float]:
    """Return the frames of the likeliest sequence of beats, and its log-odds per frame.

    Args:

        activation: Likeliness of a beat at each frame, 0 to 1.

        slowest, fastest: Counts per minute that are possible.
    """
    frames_a_minute = 60.0 * FRAMES_PER_SECOND
    periods = np.arange(round(frames_a_minute / fastest), round(frames_a_minute / slowest) + 1)
    frames, kinds = len(activation), len(periods)
    if frames < 2 * int(periods[-1]):
        return np.empty(0), -np.inf
    likely = np.clip(activation, 0.02, 0.98)
    on = np.concatenate([[0.0], np.cumsum(np.log(likely))])
    off = np.concatenate([[0.0], np.cumsum(np.log((1.0 - likely) / (BEAT_SHARE - 1)))])
    ratios = periods[None, :] / periods[:, None]
    change = -TEMPO_STIFFNESS * np.abs(ratios - 1.0)
    change -= np.log(np.exp(change).sum(axis=1, keepdims=True))
    beat_frames = np.ceil(periods / BEAT_SHARE).astype(int)

    # score[t, i]: the best path that has a beat at frame t, followed by the period i.
    score = np.full((frames, kinds), -np.inf)
    origin = np.full((frames, kinds), -1, dtype=np.int16)
    starts = np.arange(frames)[:, None]
    beat_ends = np.minimum(starts + beat_frames, frames)
    ends = np.minimum(starts + periods, frames)
    segment = on[beat_ends] - on[starts] + off[ends] - off[beat_ends]
    own = np.arange(kinds)
    first, longest = int(periods[0]), int(periods[-1])
    score[:longest] = off[:longest, None]
    for frame in range(first, frames):
        since = frame - periods
        usable = since >= 0
        ending = np.where(usable, score[since, own] + segment[since, own], -np.inf)
        paths = ending[:, None] + change
        best = paths.argmax(axis=0)
        value = paths[best, own]
        better = value > score[frame]
        score[frame][better] = value[better]
        origin[frame][better] = best[better]
    tails = np.where(starts + periods >= frames, score + segment, -np.inf)
    frame, kind = (int(found) for found in np.unravel_index(int(tails.argmax()), tails.shape))
    reached = float(tails.max()) / frames
    beats = []
    while True:
        beats.append(frame)
        previous = int(origin[frame, kind])
        if previous < 0:
            break
        frame, kind = frame - int(periods[previous]), previous
    return np.array(beats[::-1], dtype=float), reached


def _sharpened(activation: Floats, frames: Floats) -> Floats:
    """Return seconds: each beat moved to the centre of the peak near it, if there is one."""
    reach = 3
    padded = np.pad(activation, reach + 1)
    seconds = np.empty(len(frames))
    for index, frame in enumerate(frames.astype(int)):
        near = padded[frame + 1 : frame + 2 * reach + 2]
        top = int(near.argmax())
        left, peak, right = padded[frame + top : frame + top + 3]
        bend = left - 2 * peak + right
        shift = 0.5 * (left - right) / bend if bend < -1e-9 else 0.0
        weight = peak / (peak + 0.1)
        seconds[index] = frame + weight * (top - reach + float(np.clip(shift, -0.5, 0.5)))
    return seconds / FRAMES_PER_SECOND


def _smoothed(times: Floats) -> Floats:
    """Return each beat as its neighbours expect it: a line through them, without outliers."""
    reach = min(SMOOTHING_BEATS, (len(times) - 1) // 2)
    if reach < 1:
        return times
    smooth = np.empty(len(times))
    for index in range(len(times)):
        low, high = max(0, index - reach), min(len(times), index + reach + 1)
        at = np.arange(low, high) - index
        near = times[low:high]
        slope, middle = np.polyfit(at, near, 1)
        rest = np.abs(near - (slope * at + middle))
        keep = rest <= max(0.010, 1.5 * float(np.median(rest)))
        if keep.sum() >= 3:
            slope, middle = np.polyfit(at[keep], near[keep], 1)
        smooth[index] = middle
    return smooth


def _heard(spectrum: Spectrum, times: Floats) -> Floats:
    """Return the beats without those before the first and after the last audible stroke."""
    strokes = np.sum([spectrum.onsets[band] for band in BAND_WEIGHTS], axis=0)
    near = np.round(times * FRAMES_PER_SECOND).astype(int)[:, None] + np.arange(-6, 7)
    near = np.clip(near, 0, len(strokes) - 1)
    strength, level = strokes[near].max(axis=1), spectrum.level[near].max(axis=1)
    audible = level >= float(np.median(level)) - FAINT_LEVEL
    loud = np.flatnonzero(audible & (strength >= FAINT * float(np.median(strength))))
    if len(loud) == 0 or float(strength.mean()) < LEAST_STROKE:
        return np.empty(0)
    return times[loud[0] : loud[-1] + 1]


def _folded(activation: Floats, times: Floats) -> Floats:
    """Return the activation on a grid of 12 steps per beat, shape (beats - 1, 12)."""
    position = np.arange((len(times) - 1) * STEPS) / STEPS
    grid = np.interp(position, np.arange(len(times)), times)
    values = np.interp(grid, np.arange(len(activation)) / FRAMES_PER_SECOND, activation)
    return np.asarray(values.reshape(-1, STEPS))


def _in_time(activation: Floats, times: Floats) -> Floats:
    """Return the beats without an introduction or an end that is played freely.

    In time, the strokes around a beat resemble those one to four bars further into the song; the
    ends are cut where that begins and ceases to hold.
    """
    if len(times) < 4 * SMOOTHING_BEATS + 4:
        return times
    gain = _gain_in_time(activation, times)
    low = _start_of_time(gain)
    high = len(times) - _start_of_time(_gain_in_time(activation, times[::-1]))
    if low == 0 or high - low < 4 * SMOOTHING_BEATS + 4:
        return times[low:high]
    # The decoder came from elsewhere and may have been late to join: step back at the new tempo.
    times = times[low:high]
    period = (times[8] - times[0]) / 8
    steps = times[0] - period * np.arange(4, 0, -1)
    longer = np.concatenate([steps[steps >= 0], times])
    joins = len(longer) - len(times)
    gain = _gain_in_time(activation, longer)
    while joins > 0 and gain[joins - 1] > 0:
        joins -= 1
    return longer[joins:]


def _gain_in_time(activation: Floats, times: Floats) -> Floats:
    """Return for each beat how much more than half as usual its span is like those after it."""
    spans = _folded(activation, times)
    spans = spans - spans.mean()
    last = len(spans) - 16
    ahead = np.mean([spans[4 * bar : 4 * bar + last] for bar in range(1, 5)], axis=0)
    norms = np.linalg.norm(spans[:last], axis=1) * np.linalg.norm(ahead, axis=1)
    alike = np.sum(spans[:last] * ahead, axis=1) / np.maximum(norms, 1e-9)
    return np.asarray(alike - IN_TIME * float(np.median(alike)))


def _start_of_time(gain: Floats) -> int:
    return int(np.concatenate([[0.0], np.cumsum(gain)])[: len(gain) // 2 + 1].argmin())


def _clarity(activation: Floats, times: Floats) -> float:
    """Return how alike the activation is from one beat's span to those one and more bars later.

    Noise and speech do not come back on the beat; a played rhythm does.
    """
    folded = _folded(activation, times).ravel()
    folded = folded - folded.mean()
    power = float(np.mean(folded**2))
    if power < 1e-9:
        return 0.0
    best = 0.0
    for lag in (1, 2, 4, 8):
        shift = lag * STEPS
        if len(folded) >= 2 * shift:
            best = max(best, float(np.mean(folded[shift:] * folded[:-shift])) / power)
    return float(np.clip(best, 0.0, 1.0))
