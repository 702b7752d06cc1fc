"""What comes back comes back at the same place of the eight."""

from __future__ import annotations

import numpy as np
import pytest

from choreo.music.form import find_form
from choreo.music.repeats import same_place

NO_BREAKS = np.array([], dtype=np.int64)
PITCHES = 144


def _tune(bars: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(bars, PITCHES))


def _played(tune: np.ndarray, seed: int) -> np.ndarray:
    """Return a tune as it is played once: never quite the same."""
    return tune + 0.3 * np.random.default_rng(seed).normal(size=tune.shape)


def test_a_tune_that_comes_back_is_at_the_same_place_and_never_beside_it() -> None:
    verse = _tune(16, 1)
    told = same_place(np.concatenate([_played(verse, 2), _tune(9, 3), _played(verse, 4)]))
    again = np.arange(16)
    assert (told[again[2:-2], again[2:-2] + 25] > 0.3).all()
    pairs = np.argwhere(np.triu(told))
    assert (pairs[:, 1] - pairs[:, 0] == 25).all()


def test_bars_that_never_come_back_tell_nothing() -> None:
    assert not same_place(_tune(60, 5)).any()


def test_a_chord_held_for_bars_is_no_witness() -> None:
    held = np.repeat(_tune(2, 6), 16, axis=0)
    told = same_place(_played(np.tile(held, (2, 1)), 7))
    # Within the chord; where it changes, a likeness is one.
    assert told[4:12].sum() < 0.2


def test_similar_chords_under_another_tune_tell_nothing() -> None:
    chords = np.tile(_tune(4, 8), (4, 1))
    assert not same_place(np.concatenate([chords + 1.6 * _tune(16, s) for s in range(4)])).any()


def test_a_song_too_short_to_return_tells_nothing() -> None:
    assert not same_place(_tune(6, 9)).any()


def _song_with_a_bar_put_in(put_in: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sounds and harmony of parts of 16 bars, one bar put in where nothing changes.

    Verse, chorus, verse, chorus; each part sounds its own way, which hardly differs.
    """
    rng = np.random.default_rng(11)
    verse, chorus = _tune(16, 12), _tune(16, 13)
    harmony = np.concatenate(
        [_played(tune, 20 + i) for i, tune in enumerate((verse, chorus, verse, chorus))]
    )
    ways = rng.normal(0.0, 0.4, (2, 40))
    sounds = np.repeat(ways[[0, 1, 0, 1]], 16, axis=0) + rng.normal(0.0, 0.3, (64, 40))
    harmony = np.insert(harmony, put_in, rng.normal(size=PITCHES), axis=0)
    sounds = np.insert(sounds, put_in, sounds[put_in - 1], axis=0)
    return sounds, harmony


@pytest.mark.parametrize("put_in", [16, 24, 40])
def test_a_bar_put_in_without_a_break_shifts_the_count_after_it(put_in: int) -> None:
    sounds, harmony = _song_with_a_bar_put_in(put_in)
    form = find_form(sounds, np.zeros(65), NO_BREAKS, same_place(harmony))
    after = np.arange(put_in + 3, 65)
    before = np.arange(put_in - 2)
    assert (form.first[before] == (before % 2 == 0)).all()
    assert (form.first[after] == (after % 2 == 1)).all()


def test_likeness_changes_nothing_where_all_is_counted_alike() -> None:
    sounds, harmony = _song_with_a_bar_put_in(16)
    sounds, harmony = np.delete(sounds, 16, axis=0), np.delete(harmony, 16, axis=0)
    alone = find_form(sounds, np.zeros(64), NO_BREAKS)
    together = find_form(sounds, np.zeros(64), NO_BREAKS, same_place(harmony))
    assert together.starts == alone.starts
    assert (together.first == alone.first).all()


def test_bars_that_come_back_counted_otherwise_are_less_sure() -> None:
    sounds, _ = _song_with_a_bar_put_in(16)
    told = np.zeros((65, 65))
    alone = find_form(sounds, np.zeros(65), NO_BREAKS, told)
    told[5, 44] = told[44, 5] = 0.5 if alone.first[5] != alone.first[44] else 0.0
    told[6, 44] = told[44, 6] = 0.5 - told[5, 44]
    torn = find_form(sounds, np.zeros(65), NO_BREAKS, told)
    assert (torn.first == alone.first).all()
    assert torn.certainty[44] < alone.certainty[44]
