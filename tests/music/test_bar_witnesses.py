"""Which beat of the bar is the 1: what each witness says, and what they say together."""

from __future__ import annotations

import numpy as np
import pytest

from choreo.music.bars import STROKES_RELIED_ON, TEMPLATE, bar_odds

BEATS = 64


def _odds(
    *,
    strokes_on: int | None = None,
    chords_at: list[int] | None = None,
    chord: float = 0.3,
    parts_at: list[int] | None = None,
) -> np.ndarray:
    """Return the odds of a song with its strokes' 1 on a beat, chords at half beats, parts."""
    counts = np.arange(BEATS) % 4
    strokes = np.zeros((BEATS, 2))
    if strokes_on is not None:
        strokes = np.array(list(TEMPLATE.values())).T[(counts - strokes_on) % 4]
    harmony = np.full(2 * BEATS, 0.02)
    harmony[chords_at or []] = chord
    sound = 0.1 * np.random.default_rng(1).normal(size=(BEATS, 3))
    for part in parts_at or []:
        sound[part:] += 2.0 if part % 32 else -2.0
    return bar_odds(counts, strokes, np.ones(BEATS, dtype=bool), harmony, sound)


def test_nothing_heard_leaves_every_beat_as_likely() -> None:
    assert _odds() == pytest.approx([0.25] * 4, abs=0.12)


def test_strokes_alone_are_believed_as_often_as_they_are_right() -> None:
    odds = _odds(strokes_on=2)
    assert odds.argmax() == 2
    assert odds[2] <= STROKES_RELIED_ON + (1 - STROKES_RELIED_ON) / 4 + 1e-9


@pytest.mark.parametrize("one", range(4))
def test_witnesses_who_agree_are_sure(one: int) -> None:
    odds = _odds(
        strokes_on=one,
        chords_at=[2 * (one + bar) for bar in range(4, 56, 4)],
        parts_at=[16 + one, 40 + one],
    )
    assert odds.argmax() == one
    assert odds[one] > 0.97


def test_witnesses_who_disagree_leave_doubt() -> None:
    odds = _odds(strokes_on=0, chords_at=[2 * (2 + bar) for bar in range(4, 56, 4)])
    assert odds.max() < 0.85
    assert min(odds[0], odds[2]) > max(odds[1], odds[3])


def test_chords_on_the_and_before_it_speak_for_the_one() -> None:
    odds = _odds(chords_at=[2 * (1 + bar) - 1 for bar in range(4, 56, 4)])
    assert odds.argmax() == 1


def test_ripples_within_one_chord_say_nothing() -> None:
    quiet = _odds(chords_at=[2 * bar for bar in range(4, 56, 4)], chord=0.045)
    assert quiet == pytest.approx(_odds(), abs=0.01)
