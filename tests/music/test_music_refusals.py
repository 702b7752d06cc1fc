"""What is not danceable music ends in a stated result or a clear refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from music_truth import Band

from benchmarks.music import f1
from choreo.errors import UnreadableMedia
from choreo.music import analyse, decode, loudness, peaks
from choreo.music.analysis import analyse_samples
from choreo.music.spectrum import RATE
from local_emulators.demo_library.songs import write_audio

Wav = Callable[..., Path]


def _speech(seconds: int, seed: int) -> np.ndarray:
    """Syllables of irregular length and pitch."""
    rng = np.random.default_rng(seed)
    samples = np.zeros(seconds * RATE)
    time = 0.2
    while time < seconds - 1.0:
        length = int(rng.uniform(0.08, 0.28) * RATE)
        at = np.arange(length) / RATE
        pitch = rng.uniform(95, 160)
        formant = rng.uniform(400, 900)
        voice = sum(
            np.sin(2 * np.pi * pitch * k * at) / (1 + ((pitch * k - formant) / 300) ** 2)
            for k in range(1, 20)
        )
        start = int(time * RATE)
        samples[start : start + length] += 0.3 * voice * np.hanning(length)
        time += length / RATE + (rng.uniform(0.3, 0.9) if rng.random() < 0.15 else 0.03)
    return samples


def _struck(seconds: float, times: list[float], pitches: list[float], decay: float) -> np.ndarray:
    samples = np.zeros(int(seconds * RATE) + RATE)
    at = np.arange(RATE // 3) / RATE
    for time, pitch in zip(times, pitches, strict=True):
        start = int(time * RATE)
        samples[start : start + len(at)] += np.sin(2 * np.pi * pitch * at) * np.exp(-at * decay)
    return 0.4 * samples[: int(seconds * RATE)]


def _metronome(seconds: int = 40, tempo: float = 120.0) -> np.ndarray:
    times = [0.3 + k * 60 / tempo for k in range(int((seconds - 1) * tempo / 60))]
    return _struck(seconds, times, [1_500.0] * len(times), 150.0)


def _accented_metronome(seconds: int = 40, tempo: float = 124.0) -> np.ndarray:
    """A low click on every fourth beat: a bar, but no chord, no part and no 1 of eight."""
    count = int((seconds - 1) * tempo / 60)
    times = [0.3 + k * 60 / tempo for k in range(count)]
    return _struck(seconds, times, [200.0 if k % 4 == 0 else 900.0 for k in range(count)], 60.0)


def _chant(seconds: int = 30, seed: int = 1) -> np.ndarray:
    """Speech whose syllables keep a pulse, as in a poem."""
    rng = np.random.default_rng(seed)
    samples = np.zeros(seconds * RATE)
    time = 0.3
    while time < seconds - 1.0:
        at = np.arange(int(rng.uniform(0.1, 0.2) * RATE)) / RATE
        pitch, formant = rng.uniform(95, 160), rng.uniform(400, 900)
        voice = sum(
            np.sin(2 * np.pi * pitch * k * at) / (1 + ((pitch * k - formant) / 300) ** 2)
            for k in range(1, 20)
        )
        start = int((time + rng.normal(0, 0.01)) * RATE)
        samples[start : start + len(at)] += 0.3 * voice * np.hanning(len(at))
        time += 0.24 * (1 if rng.random() < 0.8 else 2)
    return samples


def _waltz(seconds: int = 40, tempo: float = 126.0) -> np.ndarray:
    count = int((seconds - 1) * tempo / 60)
    times = [0.3 + k * 60 / tempo for k in range(count)]
    low = [(82.0, 110.0, 98.0, 73.0)[(k // 3) % 4] for k in range(count)]
    return _struck(seconds, times, [low[k] if k % 3 == 0 else 660.0 for k in range(count)], 12.0)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(20 * RATE),
        np.random.default_rng(1).normal(size=20 * RATE) * 0.1,
        np.random.default_rng(2).normal(size=6 * RATE) * 0.1,
        _speech(30, 3),
        0.5 * np.sin(2 * np.pi * 440 * np.arange(20 * RATE) / RATE),
    ],
    ids=["silence", "noise", "short noise", "speech", "held tone"],
)
def test_without_a_beat_there_are_no_beats_and_a_warning(samples: np.ndarray) -> None:
    analysis = analyse_samples(samples.astype(np.float32))
    assert analysis.beats == ()
    assert analysis.tempo == 0
    assert analysis.confidence == 0
    assert analysis.warnings


def _rock(seconds: int = 30, tempo: float = 75.0) -> np.ndarray:
    """Bass drum and bass on 1 and 3, a snare of noise on 2 and 4, a hat on every eighth."""
    eighth = 30.0 / tempo
    slots = range(int((seconds - 1) / eighth))
    low = [0.3 + k * eighth for k in slots if k % 4 == 0]
    drums = _struck(
        seconds, low, [(55.0, 65.4, 49.0, 73.4)[k // 2 % 4] for k in range(len(low))], 9
    )
    rng = np.random.default_rng(8)
    at = np.arange(RATE // 4) / RATE
    for k in slots:
        start = int((0.3 + k * eighth) * RATE)
        gain, decay = (0.4, 25.0) if k % 4 == 2 else (0.05, 80.0)
        drums[start : start + len(at)] += gain * rng.normal(size=len(at)) * np.exp(-decay * at)
    return drums


def test_music_that_may_be_half_as_fast_is_not_trusted() -> None:
    analysis = analyse_samples(_rock().astype(np.float32))
    assert analysis.confidence < 0.5
    assert "half as fast" in analysis.warnings[0]


def _bass_between_the_beats(seconds: int = 40, tempo: float = 124.0) -> np.ndarray:
    """A drum with a bright click on every beat, and a louder bass only between the beats."""
    half = 30.0 / tempo
    times = [0.3 + k * half for k in range(int((seconds - 1) / half))]
    clicks = _struck(seconds, times[::2], [1_200.0] * len(times[::2]), 60.0)
    drums = _struck(seconds, times[::2], [70.0] * len(times[::2]), 20.0)
    pitches = [(55.0, 65.4, 49.0, 73.4)[k // 8 % 4] for k in range(len(times[1::2]))]
    bass = _struck(seconds, times[1::2], pitches, 5.0)
    return np.asarray(clicks + drums + bass + bass)


def test_a_beat_that_may_lie_half_a_beat_off_is_not_trusted() -> None:
    analysis = analyse_samples(_bass_between_the_beats().astype(np.float32))
    assert analysis.confidence < 0.5
    assert "between the beats" in analysis.warnings[0]


@pytest.mark.parametrize(
    "samples",
    [_metronome(), _metronome(tempo=90), _accented_metronome(), _chant(), _waltz(),
     _waltz(tempo=100)],
    ids=["metronome", "slow metronome", "accented metronome", "chant", "waltz", "slow waltz"],
)  # fmt: skip
def test_a_beat_without_a_bachata_count_is_not_trusted(samples: np.ndarray) -> None:
    analysis = analyse_samples(samples.astype(np.float32))
    assert analysis.confidence < 0.5
    assert analysis.warnings


def test_a_metronome_keeps_its_beats() -> None:
    analysis = analyse_samples(_metronome(tempo=124.0).astype(np.float32))
    assert analysis.tempo == pytest.approx(124.0, rel=0.001)
    assert len(analysis.beats) >= 75


@pytest.mark.parametrize("rate", [8_000, 192_000])
def test_any_sample_rate_finds_the_same_beats(played: Band, wav_of: Wav, rate: int) -> None:
    song = played()
    part = decode(song.path, rate).samples[: 25 * rate]
    analysis = analyse(wav_of(part, rate))
    truth = tuple(beat for beat in song.truth.beats if beat < 25)
    assert f1(truth, analysis.beats) >= 0.95


def test_an_offset_and_broken_samples_are_mended_and_told(played: Band, wav_of: Wav) -> None:
    song = played()
    samples = decode(song.path, RATE).samples[: 25 * RATE].copy() * 0.5 + 0.3
    samples[1000:1010] = np.nan
    samples[200_000] = np.inf
    analysis = analyse(wav_of(samples))
    truth = tuple(beat for beat in song.truth.beats if beat < 25)
    assert f1(truth, analysis.beats) >= 0.95
    assert "11 damaged samples" in analysis.warnings[0]


def test_a_file_of_nothing_but_nan_is_silence(wav_of: Wav) -> None:
    analysis = analyse(wav_of(np.full(5 * RATE, np.nan)))
    assert analysis.beats == ()
    assert any("silent" in warning for warning in analysis.warnings)


def test_a_wrong_extension_is_read_by_its_content(played: Band, tmp_path: Path) -> None:
    copy = tmp_path / "song.mp3"
    copy.write_bytes(played().path.read_bytes())
    assert analyse(copy) == played().analysis


def test_a_truncated_song_is_analysed_up_to_the_damage(played: Band, tmp_path: Path) -> None:
    whole = played(suffix=".mp3")
    cut = tmp_path / "cut.mp3"
    data = whole.path.read_bytes()
    cut.write_bytes(data[: len(data) // 2 + 77])
    analysis = analyse(cut)
    assert 0.4 < analysis.duration / whole.analysis.duration < 0.6
    truth = tuple(beat for beat in whole.truth.beats if beat < analysis.duration)
    assert f1(truth, analysis.beats) >= 0.95


def _refused(path: Path, *words: str) -> None:
    for door in (analyse, loudness, peaks):
        with pytest.raises(UnreadableMedia) as caught:
            door(path)
        for word in (path.name, *words):
            assert word in str(caught.value)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    _refused(tmp_path / "absent.mp3", "exists")
    _refused(tmp_path, "exists")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp3"
    path.write_bytes(b"")
    _refused(path, "empty")


def test_text_and_rubbish_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp3"
    text.write_text("this is not a song\n" * 50)
    rubbish = tmp_path / "rubbish.wav"
    rubbish.write_bytes(np.random.default_rng(1).bytes(50_000))
    _refused(text)
    _refused(rubbish)


def test_a_playlist_that_points_elsewhere_is_not_followed(played: Band, tmp_path: Path) -> None:
    song = played().path
    for name, body in (
        ("list.m3u8", f"#EXTM3U\n#EXTINF:10,\nfile://{song}\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", f"ffconcat version 1.0\nfile '{song}'\n"),
    ):
        path = tmp_path / name
        path.write_text(body)
        _refused(path)


def test_an_m4a_cut_before_its_index_is_refused(played: Band, tmp_path: Path) -> None:
    data = played(suffix=".m4a").path.read_bytes()
    path = tmp_path / "cut.m4a"
    path.write_bytes(data[: len(data) // 2])
    _refused(path)


def test_a_moment_is_refused_and_a_second_is_not(wav_of: Wav) -> None:
    with pytest.raises(UnreadableMedia, match=r"lasts 0\.50 s"):
        analyse(wav_of(_metronome(2)[: RATE // 2]))
    assert analyse(wav_of(_metronome(2)[: RATE + 10])).duration == pytest.approx(1.0, abs=0.01)


def test_a_recording_of_more_than_half_an_hour_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mix.wav"
    write_audio(path, np.zeros((1, 1_900 * 8_000)), rate=8_000)
    with pytest.raises(UnreadableMedia, match=r"mix\.wav is longer than 30 minutes"):
        analyse(path)
