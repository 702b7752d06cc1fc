"""The band of recorded instruments knows exactly what it plays."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from benchmarks import soundfont
from benchmarks.sampled_band import compose
from benchmarks.soundfont import Instrument, Note, midi_file


def test_the_same_seed_is_the_same_song() -> None:
    assert compose(4).notes == compose(4).notes
    assert compose(4).truth != compose(5).truth


@pytest.mark.parametrize("seed", range(8))
def test_its_truth_is_a_count(seed: int) -> None:
    truth = compose(seed).truth
    beats = list(truth.beats)
    assert beats == sorted(set(beats))
    assert set(truth.eight_counts) <= set(truth.downbeats) <= set(beats)
    ones = [beats.index(one) for one in truth.eight_counts]
    resets = [beats.index(reset) for reset in truth.count_resets]
    assert [b for a, b in itertools.pairwise(ones) if b - a < 8] == resets
    assert {section.start for section in truth.sections} <= set(truth.downbeats)
    for before, after in itertools.pairwise(truth.sections):
        assert before.end == after.start


def test_bars_are_put_in_and_breaks_are_played() -> None:
    traits = [compose(seed).traits for seed in range(40)]
    assert 0 < sum(bool(t["stops"]) for t in traits) < 40
    assert 0 < sum(bool(t["bars put in"]) for t in traits) < 40


def test_notes_are_written_as_midi_at_their_time() -> None:
    seat = Instrument(0, 24, 100)
    score = midi_file([seat], [Note(0, 1.0, 0.5, 60, 90), Note(0, 1.5, 0.25, 60, 80)])
    assert score[:4] == b"MThd"
    assert int.from_bytes(score[12:14], "big") == soundfont.TICKS
    # 15,000 ticks are 5,000 after the first tone, whose end comes before the second begins.
    off_then_on = bytes((0x80, 60, 0, 0, 0x90, 60, 80))
    assert bytes((0xCE, 0x10, 0x90, 60, 90)) in score
    assert bytes((0xA7, 0x08)) + off_then_on in score


def test_a_machine_without_a_soundfont_is_told_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOUNDFONT", str(tmp_path / "none.sf2"))
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert "SoundFont" in soundfont.missing()
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert "fluidsynth" in soundfont.missing()


def test_every_tone_is_one_that_midi_has() -> None:
    notes = compose(7).notes
    assert all(0 <= note.pitch <= 127 and note.start >= 0 and note.length > 0 for note in notes)
    assert np.ptp([note.channel for note in notes]) > 3
