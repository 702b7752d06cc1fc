"""Parts of a song are found by what lasts, however much its bars differ."""

from __future__ import annotations

import numpy as np
import pytest

from choreo.music.form import find_form

NO_BREAKS = np.array([], dtype=np.int64)


def _bars(starts: list[int], count: int, seed: int, first_bar: int = 0) -> np.ndarray:
    """Return bars that differ much in six ways, by a singer; their parts differ less in two."""
    rng = np.random.default_rng(seed)
    sung = rng.normal(0.0, 1.0, (count, 6)) @ rng.normal(0.0, 0.5, (6, 40))
    rows = sung + rng.normal(0.0, 0.3, (count, 40))
    ways = rng.normal(0.0, 0.4, (2, 40))
    for part, (start, end) in enumerate(zip(starts, [*starts[1:], count], strict=True)):
        rows[start:end] += ((1, 0), (-1, 0.5), (0, -1))[part % 3] @ ways
    return rows[first_bar:]


@pytest.mark.parametrize("seed", range(4))
def test_parts_that_differ_less_than_bars_are_found(seed: int) -> None:
    starts = [0, 8, 24, 32, 48]
    form = find_form(_bars(starts, 60, seed), np.zeros(60), NO_BREAKS)
    assert form.starts == tuple(starts)
    assert form.first[::2].all()
    assert not form.first[1::2].any()


def test_a_recording_that_begins_on_a_five_is_counted_so_when_its_parts_say_so() -> None:
    form = find_form(_bars([0, 8, 24, 32, 48], 60, 1, first_bar=1), np.zeros(59), NO_BREAKS)
    assert form.first[1::2].all()
