"""What the güira tells of a section, what it does not, and where the band has stopped."""

from __future__ import annotations

import numpy as np
import pytest

from choreo.music.counts import BeatFeatures, Counting, find_breaks
from choreo.music.sections import find_sections
from choreo.music.spectrum import BANDS
from choreo.song import Section
from choreo.vocabulary import RhythmMode, SectionLabel

PART = 32
"""Counts of each part: four eights."""


def _features(
    parts: int, guira: list[tuple[float, float]], levels: list[float] | None = None
) -> BeatFeatures:
    """Return a song of equal parts; each has the güira's strokes on and between beats, a level."""
    beats = parts * PART
    rng = np.random.default_rng(3)
    shape = 1.0 + 0.02 * rng.normal(size=beats)
    on = {name: shape.copy() for name in BANDS}
    off = dict.fromkeys(BANDS, 0.5 * shape)
    strokes = np.repeat(np.array(guira), PART, axis=0)
    on["guira"], off["guira"] = strokes[:, 0] * shape, strokes[:, 1] * shape
    level = np.repeat(np.array(levels or [-20.0] * parts), PART) + 0.1 * rng.normal(size=beats)
    return BeatFeatures(
        times=0.5 * np.arange(beats),
        onsets=on,
        offbeats=off,
        harmony=np.zeros(2 * beats),
        chroma=np.full((beats, 36), 1 / 6),
        timbre=np.zeros((beats, 13)),
        level=level,
        activity=np.ones(beats),
    )


def _sections(features: BeatFeatures) -> tuple[Section, ...]:
    beats = len(features.times)
    counting = Counting(
        counts=np.arange(beats) % 8 + 1,
        bar_confidence=1.0,
        eight_confidence=1.0,
        breaks=(),
        section_starts=tuple(range(0, beats, PART)),
        every_second_empty=False,
        between_as_strong=False,
        in_four=True,
    )
    return find_sections(features, counting, 0.5 * beats)


@pytest.mark.parametrize("softer", [1.0, 0.55])
def test_eighths_and_quarters_are_told_apart_however_soft_the_and(softer: float) -> None:
    eighths, quarters = (1.0, 0.6 * softer), (1.0, 0.28 * softer)
    sections = _sections(_features(5, [eighths, quarters, eighths, quarters, eighths]))
    majao = [section.rhythm_mode is RhythmMode.MAJAO for section in sections]
    assert majao == [False, True, False, True, False]


def test_a_guira_that_rests_says_nothing_of_the_rhythm() -> None:
    eighths, quarters, rests = (1.0, 0.6), (1.0, 0.2), (0.2, 0.04)
    sections = _sections(
        _features(6, [eighths, quarters, eighths, quarters, rests, quarters],
                  [-22, -20, -22, -20, -30, -20])
    )  # fmt: skip
    assert sections[4].rhythm_mode is RhythmMode.DERECHO
    assert sections[4].label is not SectionLabel.CHORUS
    assert sections[5].rhythm_mode is RhythmMode.MAJAO


def test_where_the_guira_has_one_way_the_fuller_parts_are_choruses() -> None:
    sections = _sections(_features(7, [(1.0, 0.6)] * 7, [-26, -24, -19, -24, -19, -14, -26]))
    assert sections[1].label is SectionLabel.VERSE
    assert sections[2].label is sections[4].label is SectionLabel.CHORUS
    assert sections[5].label is SectionLabel.MAMBO


def test_a_break_in_which_somebody_plays_on_is_heard_by_what_is_gone() -> None:
    features = _features(4, [(1.0, 0.6)] * 4)
    features.level[64:68] -= 9.0
    assert find_breaks(features) == ((64, 68),)


def test_a_softer_part_is_no_break() -> None:
    assert find_breaks(_features(4, [(1.0, 0.6)] * 4, [-14, -22, -14, -20])) == ()
