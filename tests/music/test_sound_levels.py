"""Loudness, waveforms and decoding."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from machine import PATIENCE_SECONDS
from music_truth import Band

from choreo.errors import InvalidInput
from choreo.music import decode, loudness, peaks
from local_emulators.demo_library.songs import write_audio

Wav = Callable[..., Path]


def _tone(level: float, seconds: int = 6, rate: int = 48_000) -> np.ndarray:
    return 10 ** (level / 20) * np.sin(2 * np.pi * 997 * np.arange(seconds * rate) / rate)


def test_a_reference_tone_has_its_reference_loudness(tmp_path: Path) -> None:
    # EBU Tech 3341, case 1: a stereo sine of -23 dBFS at 1 kHz measures -23 LUFS.
    path = tmp_path / "tone.wav"
    write_audio(path, np.stack([_tone(-23.0)] * 2), rate=48_000)
    measured = loudness(path)
    assert measured.integrated == pytest.approx(-23.0, abs=0.1)
    assert measured.true_peak == pytest.approx(-23.0, abs=0.2)


def test_a_peak_between_samples_is_seen(tmp_path: Path) -> None:
    # EBU Tech 3341, case 15 ff.: a quarter of the rate, 45 degrees off, peaks between samples.
    path = tmp_path / "between.wav"
    wave = 0.5 * np.sin(2 * np.pi * 12_000 * np.arange(4 * 48_000) / 48_000 + np.pi / 4)
    wave *= np.clip(np.minimum(np.arange(len(wave)), np.arange(len(wave))[::-1]) / 4_800, 0, 1)
    write_audio(path, np.stack([wave] * 2), rate=48_000)
    assert loudness(path).true_peak == pytest.approx(-6.0, abs=0.4)


def test_silence_has_the_least_loudness(wav_of: Wav) -> None:
    assert loudness(wav_of(np.zeros(48_000 * 3), 48_000)) == (-70.0, -70.0)


def test_broken_samples_do_not_break_the_meter(wav_of: Wav) -> None:
    samples = _tone(-20.0)
    samples[5_000:5_005] = np.nan
    measured = loudness(wav_of(samples, 48_000))
    assert -30 < measured.integrated < -10


@pytest.mark.parametrize("n", [1, 7, 600, 5_000])
def test_a_waveform_has_as_many_peaks_as_asked_for(played: Band, n: int) -> None:
    heights = peaks(played().path, n)
    assert len(heights) == n
    assert all(0 <= height <= 1 for height in heights)
    assert max(heights) > 0.5


def test_a_waveform_shows_where_the_sound_is(wav_of: Wav) -> None:
    samples = np.concatenate([np.zeros(24_000), _tone(-6.0, 1, 24_000), np.zeros(24_000)])
    heights = peaks(wav_of(samples), 30)
    assert max(heights[:9]) < 0.05
    assert min(heights[11:19]) > 0.4
    assert max(heights[21:]) < 0.05


def test_a_waveform_of_no_slices_is_refused(played: Band) -> None:
    with pytest.raises(InvalidInput, match="n is 0"):
        peaks(played().path, 0)


@pytest.mark.parametrize("suffix", [".wav", ".m4a", ".mp3", ".ogg", ".flac"])
def test_a_click_stays_where_it_was_in_every_format(tmp_path: Path, suffix: str) -> None:
    audio = np.zeros((2, 44_100 * 3))
    audio[:, 66_150:66_190] = 0.9 * np.hanning(40)
    path = tmp_path / f"click{suffix}"
    write_audio(path, audio)
    sound = decode(path, 44_100)
    assert abs(int(np.abs(sound.samples).argmax()) - 66_170) <= 25
    assert sound.duration == pytest.approx(3.0, abs=0.06)


def test_importing_music_loads_no_library() -> None:
    code = (
        "import sys, choreo.music\n"
        "heavy = {'numpy', 'librosa', 'av', 'scipy', 'numba'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE_SECONDS)
