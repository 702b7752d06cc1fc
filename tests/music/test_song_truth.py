"""What the analysis finds in songs whose every count is known."""

from __future__ import annotations

import numpy as np
import pytest
from music_truth import Band

from benchmarks.music import f1
from choreo.music import analyse
from choreo.music.beats import decode_beats, find_pulse
from choreo.music.spectrum import RATE, spectrum_of
from choreo.vocabulary import RhythmMode, SectionLabel
from local_emulators.demo_library.synthesiser import Part

HARD_SONGS: dict[str, dict[str, object]] = {
    "plain": {},
    "slow, in major, two bars a chord": {
        "tempo": 101.0,
        "minor": False,
        "bars_per_chord": 2,
        "tonic": 52,
        "seed": 5,
    },
    "fast, sparse bass": {"tempo": 149.0, "bass_pattern": "1-4", "seed": 6},
    "drifting band": {"drift": 0.03},
    "loud güira on every and": {"offbeat_guira": True, "levels": {"guira": 2.0}},
    "noisy and far away": {"noise": 0.03, "room": 0.4, "room_seconds": 2.0, "loudness": -6.0},
    "clipped": {"loudness": 4.0},
    "out of tune, swung": {"tuning": 0.45, "swing": 0.12},
    "walking bass under slow chords": {"bass_pattern": "1-2-3-4", "bars_per_chord": 2, "seed": 11},
}


@pytest.mark.parametrize("changes", HARD_SONGS.values(), ids=HARD_SONGS.keys())
def test_beats_downbeats_and_tempo_are_those_that_were_played(
    played: Band, changes: dict[str, object]
) -> None:
    song = played(**changes)
    assert f1(song.truth.beats, song.analysis.beats) >= 0.98
    assert f1(song.truth.downbeats, song.analysis.downbeats) >= 0.95
    assert song.analysis.tempo == pytest.approx(song.truth.tempo, rel=0.003)


@pytest.mark.parametrize("changes", HARD_SONGS.values(), ids=HARD_SONGS.keys())
def test_the_one_is_right_or_the_analysis_says_that_it_is_not_sure(
    played: Band, changes: dict[str, object]
) -> None:
    song = played(**changes)
    right = f1(song.truth.eight_counts, song.analysis.eight_counts) >= 0.9
    assert right or (song.analysis.confidence < 0.5 and song.analysis.warnings)


def test_beats_carry_no_bias(played: Band) -> None:
    song = played()
    beats = np.array(song.analysis.beats)
    errors = [beats[np.abs(beats - true).argmin()] - true for true in song.truth.beats]
    assert abs(float(np.median(errors))) < 0.006


def test_sections_start_where_the_band_changes(played: Band) -> None:
    song = played()
    bar = 4 * 60 / song.truth.tempo
    truth = tuple(section.start for section in song.truth.sections)[1:]
    assert f1(truth, tuple(s.start for s in song.analysis.sections)[1:], bar) >= 0.8


def test_sections_tell_eighths_from_quarters_and_the_mambo_is_the_peak(played: Band) -> None:
    sections = played().analysis.sections
    assert sections[0].label is SectionLabel.INTRO
    assert any(section.rhythm_mode is RhythmMode.MAJAO for section in sections)
    peak = max(sections, key=lambda section: section.energy)
    assert peak.label is SectionLabel.MAMBO
    assert peak.rhythm_mode is RhythmMode.MAMBO


def test_after_a_break_of_four_the_count_starts_again(played: Band) -> None:
    parts = (
        Part("intro", 2),
        Part("verse", 4, break_counts=4),
        Part("chorus", 4, "majao"),
        Part("mambo", 4, "mambo"),
    )
    song = played(parts=parts)
    assert song.truth.count_resets
    assert song.analysis.count_resets == pytest.approx(song.truth.count_resets, abs=0.07)
    assert f1(song.truth.eight_counts, song.analysis.eight_counts) == 1.0
    assert any(section.label is SectionLabel.BREAK for section in song.analysis.sections)


def test_a_free_introduction_and_the_silence_around_are_not_counted(played: Band) -> None:
    song = played(free_intro=6.0, lead_in=1.0, fade_out=5.0)
    assert song.analysis.beats[0] == pytest.approx(song.truth.beats[0], abs=0.05)
    assert song.analysis.beats[-1] < song.truth.beats[-1] + 1.0
    assert f1(song.truth.beats, song.analysis.beats) >= 0.98
    assert f1(song.truth.eight_counts, song.analysis.eight_counts) >= 0.95


def test_ones_are_downbeats_and_downbeats_are_beats(played: Band) -> None:
    for changes in HARD_SONGS.values():
        analysis = played(**changes).analysis
        assert set(analysis.eight_counts) <= set(analysis.downbeats) <= set(analysis.beats)
        assert set(analysis.count_resets) <= set(analysis.eight_counts)
        assert {section.start for section in analysis.sections} <= set(analysis.eight_counts)
        assert list(analysis.beats) == sorted(set(analysis.beats))
        assert analysis.sections[-1].end == analysis.duration
        for before, after in zip(analysis.sections, analysis.sections[1:], strict=False):
            assert before.end == after.start


def test_the_same_file_gives_the_same_answer(played: Band) -> None:
    song = played()
    assert analyse(song.path) == analyse(song.path)


@pytest.mark.parametrize("suffix", [".m4a", ".mp3", ".ogg", ".flac"])
def test_every_format_puts_the_beats_at_the_same_place(played: Band, suffix: str) -> None:
    parts = (Part("verse", 4), Part("mambo", 3, "mambo"))
    song = played(parts=parts, suffix=suffix)
    beats = np.array(song.analysis.beats)
    errors = [beats[np.abs(beats - true).argmin()] - true for true in song.truth.beats]
    assert abs(float(np.median(errors))) < 0.010


@pytest.mark.parametrize("seconds", [6, 10, 20])
def test_a_clip_of_a_song_has_reliable_beats_and_an_honest_one(played: Band, seconds: int) -> None:
    from choreo.music.analysis import analyse_samples
    from choreo.music.decoding import decode

    song = played()
    start = 20.3
    samples = decode(song.path, RATE).samples[int(start * RATE) : int((start + seconds) * RATE)]
    clip = analyse_samples(samples)
    inside = tuple(b - start for b in song.truth.beats if 0 <= b - start < seconds)
    assert f1(inside, clip.beats) >= 0.93
    ones = tuple(b - start for b in song.truth.eight_counts if 0 <= b - start < seconds)
    assert f1(ones, clip.eight_counts) >= 0.9 or clip.confidence < 0.5


def test_clicks_are_found_where_they_are() -> None:
    period, count = 60 / 123.0, 40
    samples = np.zeros(int((count + 1) * period * RATE), np.float32)
    click = np.sin(2 * np.pi * 900 * np.arange(480) / RATE) * np.exp(-np.arange(480) / 60)
    for beat in range(count):
        at = round((0.3 + beat * period) * RATE)
        samples[at : at + 480] += 0.5 * click
    pulse = find_pulse(spectrum_of(samples))
    truth = 0.3 + period * np.arange(count)
    errors = [pulse.times[np.abs(pulse.times - true).argmin()] - true for true in truth]
    assert abs(float(np.mean(errors))) <= 0.005


def test_the_decoder_finds_the_path_of_the_reference_network() -> None:
    downbeats = pytest.importorskip("madmom_infer.features.downbeats")
    rng = np.random.default_rng(4)
    activation = rng.uniform(0.0, 0.15, 1_200)
    truth = np.cumsum(47 + 1.5 * np.sin(np.arange(24) / 4)).round().astype(int)
    activation[truth] = rng.uniform(0.4, 0.9, len(truth))
    reference = downbeats.DBNDownBeatTrackingProcessor(
        beats_per_bar=[1], min_bpm=98, max_bpm=157, num_tempi=None, fps=100,
        observation_lambda=16, transition_lambda=100, threshold=0, correct=False,
    )  # fmt: skip
    both = np.stack([np.clip(activation, 0.02, 0.98), np.full(len(activation), 1e-9)], axis=1)
    hmm = reference.hmms[0]
    path, _ = hmm.viterbi(both[:, ::-1])
    position = hmm.transition_model.state_space.state_positions[path]
    expected = np.flatnonzero(np.diff(position) < 0) + 1
    found, _ = decode_beats(activation)
    matched = [int(np.abs(found - frame).min()) for frame in expected]
    assert np.mean(np.array(matched) <= 1) >= 0.95
