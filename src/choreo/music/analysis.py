"""The analysis of a recording: decode, hear, find the beat, count it, find the form."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from choreo.errors import UnreadableMedia
from choreo.music.beats import BAND_WEIGHTS, FASTEST, Floats, Pulse, find_pulse
from choreo.music.counts import BeatFeatures, Counting, count_beats, features_at
from choreo.music.decoding import decode
from choreo.music.sections import find_sections
from choreo.music.spectrum import RATE, Array, Spectrum, spectrum_of
from choreo.song import SongAnalysis

VERSION = "6"
"""Raised whenever the method changes what it answers."""

SHORTEST = 1.0
"""Seconds; below, nothing can be said about time."""

SILENCE = -60.0
"""Decibels relative to full scale; a recording that never gets louder is silent."""

CERTAIN = 0.5
"""Below this confidence the song carries a warning."""

SURE = 0.75
"""Probability of the bar, and of the eight in which it lies, below which the 1 is called
uncertain: three in four is not enough to dance on."""

UNSURE = 0.65
"""Factor on the confidence below `SURE`; it then stays under `CERTAIN`."""

LEAST_CERTAINTY = 0.35
"""Certainty of the beat below which there is none: speech has 0.2 at most, music nearly 1."""

OTHER_MUSIC = 0.4
"""Factor on the confidence when the music does not repeat in four, may be half as fast (every
second beat is empty, or the count is faster than any bachata), or may have its beat between those
found."""

HOW_TO_CORRECT = "tap every 1, or move the count"


def analyse_file(audio: Path) -> SongAnalysis:
    """Analyse a file; see `choreo.music.analyse`."""
    sound = decode(audio, RATE)
    if sound.duration < SHORTEST:
        raise UnreadableMedia(
            f"{audio.name} lasts {sound.duration:.2f} s; music of {SHORTEST:.0f} s is the least"
        )
    notes = []
    if sound.repaired:
        notes.append(f"{sound.repaired} damaged samples of the recording were replaced by silence.")
    spectrum = spectrum_of(sound.samples)
    # A long song's samples are most of the memory, and have been heard.
    del sound
    return _analysed(spectrum, tuple(notes))


def analyse_samples(samples: Array) -> SongAnalysis:
    """Analyse mono samples at 24 kHz, shape (n,)."""
    return _analysed(spectrum_of(samples), ())


def _analysed(spectrum: Spectrum, notes: tuple[str, ...]) -> SongAnalysis:
    if float(spectrum.level.max()) < SILENCE:
        return _without_beat(spectrum.duration, (*notes, "The recording is silent."))
    pulse = find_pulse(spectrum)
    if len(pulse.times) < 4 or pulse.certainty < LEAST_CERTAINTY:
        return _without_beat(
            spectrum.duration,
            (*notes, "No steady beat was found; choreography needs music with one."),
        )
    features = features_at(spectrum, pulse.times)
    counting = count_beats(features)
    return _described(features, pulse, counting, spectrum.duration, notes)


def _described(
    features: BeatFeatures,
    pulse: Pulse,
    counting: Counting,
    duration: float,
    notes: tuple[str, ...],
) -> SongAnalysis:
    times, counts = pulse.times, counting.counts
    tempo = 60.0 / _slope(times)
    confidence = pulse.certainty * counting.bar_confidence * counting.eight_confidence
    if min(counting.bar_confidence, counting.eight_confidence) < SURE:
        confidence *= UNSURE
    elsewhere = counting.every_second_empty or counting.between_as_strong or tempo > FASTEST
    if not counting.in_four or elsewhere:
        confidence *= OTHER_MUSIC
    ones = np.flatnonzero(counts == 1)
    resets = [int(b) for a, b in itertools.pairwise(ones) if b - a < 8]
    on = sum(float(features.onsets[band].mean()) for band in BAND_WEIGHTS)
    off = sum(float(features.offbeats[band].mean()) for band in BAND_WEIGHTS)
    return SongAnalysis(
        duration=duration,
        tempo=round(tempo, 4),
        beats=_seconds(times),
        downbeats=_seconds(times[(counts == 1) | (counts == 5)]),
        eight_counts=_seconds(times[ones]),
        sections=find_sections(features, counting, duration),
        rhythm_strength=round(float(np.clip((pulse.contrast - 1.0) / 4.0, 0.0, 1.0)), 4),
        syncopation_level=round(float(np.clip(off / max(on + off, 1e-9), 0.0, 1.0)), 4),
        confidence=round(float(np.clip(confidence, 0.0, 1.0)), 4),
        count_resets=_seconds(times[resets]),
        warnings=(*notes, *_warnings(pulse, counting, tempo, confidence)),
        version=VERSION,
    )


def _warnings(pulse: Pulse, counting: Counting, tempo: float, confidence: float) -> list[str]:
    if confidence >= CERTAIN:
        return []
    if pulse.certainty < CERTAIN:
        return [f"The beat is faint or unsteady, so the 1 is a guess; {HOW_TO_CORRECT}."]
    if not counting.in_four:
        return [f"The music does not seem to be in four, as bachata is; {HOW_TO_CORRECT}."]
    if counting.every_second_empty:
        return [f"Every second beat is empty: the music may be half as fast; {HOW_TO_CORRECT}."]
    if tempo > FASTEST:
        return [
            "The count is faster than any bachata: the music may be half as fast; "
            f"{HOW_TO_CORRECT}."
        ]
    if counting.between_as_strong:
        return [f"The strokes between the beats are as strong as those on them; {HOW_TO_CORRECT}."]
    if counting.bar_confidence < counting.eight_confidence:
        return [f"Which beat is the 1 is uncertain; {HOW_TO_CORRECT}."]
    return [f"The bars are clear, but the 1 might be the 5; {HOW_TO_CORRECT}."]


def _slope(times: Floats) -> float:
    """Return seconds per beat: the slope of the least-squares line through the beats."""
    return float(np.polyfit(np.arange(len(times)), times, 1)[0])


def _seconds(times: Floats) -> tuple[float, ...]:
    return tuple(round(float(time), 6) for time in times)


def _without_beat(duration: float, warnings: tuple[str, ...]) -> SongAnalysis:
    return SongAnalysis(
        duration=duration,
        tempo=0.0,
        beats=(),
        downbeats=(),
        eight_counts=(),
        sections=(),
        rhythm_strength=0.0,
        syncopation_level=0.0,
        confidence=0.0,
        warnings=warnings,
        version=VERSION,
    )
