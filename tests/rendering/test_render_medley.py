"""Songs that pass into one another on a count, and clips whose own sound does."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from barcodes import conformed_clip, heard, move, other_clip, plan, write_wav

from choreo.blueprint import Blueprint
from choreo.errors import RenderFailed
from rendering import RenderReport, preview, render

RATE = 48_000
LEVELS = {"a": 1.0, "b": 0.3, "c": 0.6}


def steady(seconds: float, seed: int) -> np.ndarray:
    """Noise of the same level all the time, below 8 kHz."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE)
    spectrum = np.fft.rfft(rng.normal(0, 1, count))
    spectrum[np.fft.rfftfreq(count, 1 / RATE) > 8_000] = 0
    noise = np.fft.irfft(spectrum, count)
    return 0.1 * noise / noise.std()


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    files = {
        f"songs/{name}.wav": write_wav(folder / f"{name}.wav", level * steady(20, seed))
        for seed, (name, level) in enumerate(LEVELS.items())
    }
    times = [number / 30 for number in range(180)]
    return {
        **files,
        "moves/silent.mp4": conformed_clip(folder / "silent.mp4", 0, 480),
        "moves/small.mp4": conformed_clip(folder / "small.mp4", 0, 480, (640, 360)),
        "moves/one.mp4": other_clip(folder / "one.mp4", 1, times, sound=steady(6, 7)),
        "moves/two.mp4": other_clip(folder / "two.mp4", 2, times, sound=steady(6, 8)),
    }


def medley(**fields: Any) -> Blueprint:
    """Three songs: a until 4 s, b until 9 s, c until 13 s."""
    moves = [
        move("silent", start, length, preview_path="moves/small.mp4")
        for start, length in ((0.0, 4.0), (4.0, 5.0), (9.0, 4.0))
    ]
    songs = [
        {"audio_path": "songs/b.wav", "audio_start": 3.25, "start_time": 4.0, "crossfade": 1.0},
        {"audio_path": "songs/c.wav", "audio_start": 2.0, "start_time": 9.0, "crossfade": 2.0},
    ]
    known = fields.pop("known", {})
    return plan(
        moves,
        audio_path="songs/a.wav",
        audio_start=1.5,
        medley=[{**song, "audio_tempo": 120.0, **known} for song in songs],
        **known,
        **fields,
    )


PASSAGES = ((0.0, 4.0, 0, 1.5), (4.0, 9.0, 1, 3.25), (9.0, 13.0, 2, 2.0))
"""First and last second of each song, its seed, and its second at the first."""


def made(blueprint: Blueprint, media: dict[str, Path], output: Path) -> RenderReport:
    return render(
        blueprint, media, output, report=lambda _share, _text: None, cancelled=lambda: False
    )


def share(sound: np.ndarray, song: np.ndarray) -> float:
    """How much of `song` is in `sound`; one channel becomes two of half its power each."""
    power = float(song @ song)
    return float(sound @ song) * 2**0.5 / power if power else 0.0


def decibels(sound: np.ndarray) -> float:
    return 10 * float(np.log10((sound**2).mean()))


def test_songs_pass_on_the_count_and_keep_their_power(
    media: dict[str, Path], tmp_path: Path
) -> None:
    report = made(medley(), media, tmp_path / "v.mp4")
    assert report.quality["drift_ms"] == 0
    assert "silence_after_song" not in report.quality
    sound = heard(tmp_path / "v.mp4")
    for (first, last, seed, own), level in zip(PASSAGES, LEVELS.values(), strict=True):
        # The song on the video's clock: what is before its beginning is never heard.
        song = level * np.roll(steady(20, seed), round((first - own) * RATE))
        for at in (first + 1.2, last - 1.6):
            begin, end = round(at * RATE), round((at + 0.4) * RATE)
            assert share(sound[begin:end], song[begin:end]) == pytest.approx(1, abs=0.05)
        for cut, length in ((4.0, 1.0), (9.0, 2.0)):
            middle = slice(round((cut - 0.01) * RATE), round((cut + 0.01) * RATE))
            wanted = 0.5**0.5 if cut in (first, last) else 0.0
            assert share(sound[middle], song[middle]) == pytest.approx(wanted, abs=0.12)
            before = slice(round((cut - length / 2 - 0.2) * RATE), round((cut - length / 2) * RATE))
            wanted = 1.0 if last == cut else 0.0
            assert share(sound[before], song[before]) == pytest.approx(wanted, abs=0.08)


@pytest.mark.parametrize("stored", [False, True])
def test_each_song_of_a_medley_is_as_loud_as_the_others(
    media: dict[str, Path], tmp_path: Path, stored: bool
) -> None:
    blueprint = medley(output={"normalize_audio": True})
    if stored:
        loud = {name: -20.7 + 20 * float(np.log10(level)) for name, level in LEVELS.items()}
        songs = [
            song.model_copy(update={"audio_loudness": loud[name], "audio_true_peak": -7.0})
            for song, name in zip(blueprint.medley, "bc", strict=True)
        ]
        blueprint = blueprint.model_copy(
            update={
                "audio_loudness": loud["a"],
                "audio_true_peak": -7.0,
                "medley": tuple(songs),
            }
        )
    report = made(blueprint, media, tmp_path / "v.mp4")
    assert report.quality["loudness_lufs"] == pytest.approx(-14, abs=0.5)
    sound = heard(tmp_path / "v.mp4")
    found = [
        decibels(sound[round((first + 1.1) * RATE) : round((last - 1.1) * RATE)])
        for first, last, _, _ in PASSAGES
    ]
    assert max(found) - min(found) < 1.0


def test_a_medley_is_slowed_as_a_whole(media: dict[str, Path], tmp_path: Path) -> None:
    report = made(medley(output={"speed": 0.5}), media, tmp_path / "v.mp4")
    assert report.duration == pytest.approx(26, abs=0.03)
    sound = heard(tmp_path / "v.mp4")
    found = [
        decibels(sound[round((2 * first + 2.5) * RATE) : round((2 * last - 2.5) * RATE)])
        for first, last, _, _ in PASSAGES
    ]
    for level, other in zip(LEVELS.values(), found, strict=True):
        assert other - found[0] == pytest.approx(20 * np.log10(level), abs=1.5)


def test_a_preview_has_the_songs_too(media: dict[str, Path], tmp_path: Path) -> None:
    done = preview(
        medley(),
        media,
        tmp_path / "p.mp4",
        report=lambda _share, _text: None,
        cancelled=lambda: False,
    )
    assert done is not None
    made(medley(), media, tmp_path / "v.mp4")
    assert np.array_equal(heard(tmp_path / "p.mp4"), heard(tmp_path / "v.mp4"))


@pytest.mark.parametrize("lost", ["songs/a.wav", "songs/b.wav", "songs/c.wav"])
def test_a_song_of_a_medley_that_was_not_given_is_named(
    media: dict[str, Path], tmp_path: Path, lost: str
) -> None:
    rest = {name: path for name, path in media.items() if name != lost}
    with pytest.raises(RenderFailed, match=rf"the song {lost}: its file was not given"):
        made(medley(), rest, tmp_path / "v.mp4")
    assert not [*tmp_path.iterdir()]


def test_a_song_of_a_medley_that_is_too_short_is_named(
    media: dict[str, Path], tmp_path: Path
) -> None:
    short = write_wav(tmp_path / "short.wav", steady(1, 9))
    with pytest.raises(RenderFailed, match=r"songs/c\.wav ends before audio_start, 2\.0 s"):
        made(medley(), {**media, "songs/c.wav": short}, tmp_path / "v.mp4")


@pytest.mark.parametrize("kind", ["crossfade", "cut", "fade_black"])
def test_the_clips_own_sound_passes_as_the_pictures_do(
    media: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    moves = [
        move("one", 0.0, 3.0, trim_start=1.0, original_duration=6.0),
        move("two", 3.0, 3.0, trim_start=1.0, original_duration=6.0, transition_type=kind),
    ]
    output = {"add_audio_overlay": False, "transition_duration": 1.0}
    made(plan(moves, output=output), media, tmp_path / "v.mp4")
    sound = heard(tmp_path / "v.mp4")
    own = {
        1: steady(6, 7)[RATE:],
        2: np.concatenate([np.zeros(2 * RATE), steady(6, 8)]),
    }
    lag = encoder_delay(media["moves/one.mp4"])
    shares = {}
    for clip, song in own.items():
        for at in (1.5, 2.75, 3.0, 3.25, 4.5):
            here = slice(round((at - 0.02) * RATE), round((at + 0.02) * RATE))
            shares[clip, at] = share(sound[here], song[here.start - lag : here.stop - lag])
    expected = {
        "crossfade": {2.75: (0.92, 0.38), 3.0: (0.71, 0.71), 3.25: (0.38, 0.92)},
        "cut": {2.75: (1.0, 0.0), 3.25: (0.0, 1.0)},
        "fade_black": {2.75: (0.71, 0.0), 3.25: (0.0, 0.71)},
    }[kind]
    for at, wanted in {1.5: (1.0, 0.0), **expected, 4.5: (0.0, 1.0)}.items():
        assert shares[1, at] == pytest.approx(wanted[0], abs=0.12)
        assert shares[2, at] == pytest.approx(wanted[1], abs=0.12)


def encoder_delay(path: Path) -> int:
    """Samples by which a clip's sound comes later than what was encoded."""
    with av.open(str(path)) as container:
        start = container.streams.audio[0].start_time or 0
    return max(0, start)
