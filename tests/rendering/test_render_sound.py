"""What is heard, and when."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.filter import Graph
from barcodes import (
    conformed_clip,
    heard,
    move,
    noise_song,
    other_clip,
    plan,
    write_wav,
)

from choreo.blueprint import Blueprint
from choreo.errors import RenderFailed
from rendering import RenderReport, render, voices
from rendering import sound as sounds
from rendering.drift import Listener, drift

RATE = 48_000


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    times = [number / 30 for number in range(150)]
    return {
        "moves/silent.mp4": conformed_clip(folder / "silent.mp4", 0, 600),
        "moves/loud.mp4": other_clip(folder / "loud.mp4", 1, times, sound=noise_song(5, seed=7)),
        "songs/song.wav": write_wav(folder / "song.wav", noise_song(30)),
    }


def made(blueprint: Blueprint, media: dict[str, Path], output: Path) -> RenderReport:
    return render(
        blueprint, media, output, report=lambda _share, _text: None, cancelled=lambda: False
    )


def lateness(sound: np.ndarray, song: np.ndarray, at: int, length: int = RATE // 2) -> float:
    """Seconds by which `sound` is late against `song`, looked for within 50 ms."""
    reach = RATE // 20
    size = 1 << 16
    piece = np.fft.rfft(sound[at : at + length], size)
    window = np.fft.rfft(song[at - reach : at + length + reach], size)
    found = np.fft.irfft(window * piece.conj(), size)[: 2 * reach]
    return (reach - int(np.argmax(found))) / RATE


def loudness(path: Path) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP of a file."""
    graph = Graph()
    source = graph.add_abuffer(sample_rate=RATE, format="fltp", layout="stereo")
    meter = graph.add("ebur128", "metadata=1:peak=true")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    level, peak = -100.0, 0.0
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("fltp", "stereo", RATE)
        frames = [
            block for frame in container.decode(audio=0) for block in resampler.resample(frame)
        ]
    for frame in [*frames, None]:
        if frame is not None:
            frame.pts = None
        graph.push(frame)
        while True:
            try:
                out = sink.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            level = float(out.metadata.get("lavfi.r128.I", level))
            for channel in (0, 1):
                key = f"lavfi.r128.true_peaks_ch{channel}"
                peak = max(peak, float(out.metadata.get(key, 0)))
    return level, 20 * np.log10(max(peak, 1e-9))


@pytest.mark.parametrize("start", [0.0, 3.217])
@pytest.mark.parametrize("normal", [False, True])
def test_the_song_runs_with_the_picture_from_start_to_end(
    media: dict[str, Path], tmp_path: Path, start: float, normal: bool
) -> None:
    blueprint = plan(
        [move("silent", 0.0, 12.0)], audio_start=start, output={"normalize_audio": normal}
    )
    report = made(blueprint, media, tmp_path / "v.mp4")
    assert report.quality["drift_ms"] == 0
    sound = heard(tmp_path / "v.mp4")
    song = noise_song(30)[round(start * RATE) :]
    for at in (1, 6, 10):
        assert abs(lateness(sound, song, at * RATE)) < 0.001
    assert 12.0 <= len(sound) / RATE <= 12.0 + 1024 / RATE


@pytest.mark.parametrize(
    ("rate", "suffix", "codec"),
    [
        (44_100, ".mp3", "mp3"),
        (44_100, ".m4a", "aac"),
        (48_000, ".ogg", "libopus"),
        (22_050, ".flac", "flac"),
    ],
)
def test_songs_of_every_format_keep_time(
    media: dict[str, Path], tmp_path: Path, rate: int, suffix: str, codec: str
) -> None:
    song = noise_song(10)
    path = tmp_path / f"song{suffix}"
    source = write_wav(tmp_path / "source.wav", song)
    with av.open(str(source)) as given, av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        resampler = av.AudioResampler(
            stream.codec_context.format.name, "mono", rate, stream.codec_context.frame_size or 1024
        )
        for frame in [*given.decode(audio=0), None]:
            for block in resampler.resample(frame):
                out.mux(stream.encode(block))
        out.mux(stream.encode(None))
    blueprint = plan([move("silent", 0.0, 8.0)], audio_path=f"songs/song{suffix}")
    made(blueprint, {**media, f"songs/song{suffix}": path}, tmp_path / "v.mp4")
    assert abs(lateness(heard(tmp_path / "v.mp4"), song, 4 * RATE)) < 0.003


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("factor", [0.1, 1.0, 3.0])
def test_the_sound_is_brought_to_the_target(
    media: dict[str, Path], tmp_path: Path, stored: bool, factor: float
) -> None:
    path = write_wav(tmp_path / "song.wav", noise_song(15) * factor)
    known: dict[str, Any] = {"audio_loudness": loudness(path)[0]} if stored else {}
    blueprint = plan([move("silent", 0.0, 14.0)], output={"normalize_audio": True}, **known)
    report = made(blueprint, {**media, "songs/song.wav": path}, tmp_path / "v.mp4")
    level, peak = loudness(tmp_path / "v.mp4")
    assert level == pytest.approx(-14, abs=0.5)
    assert peak <= -1.0
    assert report.quality["loudness_lufs"] == pytest.approx(level, abs=0.3)


def test_a_song_of_sharp_peaks_is_as_loud_as_any(media: dict[str, Path], tmp_path: Path) -> None:
    clicks = np.zeros(15 * RATE)
    for start in range(0, len(clicks) - 400, RATE // 8):
        clicks[start : start + 400] = 0.9 * np.hanning(400) * np.sin(np.arange(400) / 3)
    path = write_wav(tmp_path / "song.wav", clicks)
    blueprint = plan([move("silent", 0.0, 14.0)], output={"normalize_audio": True})
    made(blueprint, {**media, "songs/song.wav": path}, tmp_path / "v.mp4")
    level, peak = loudness(tmp_path / "v.mp4")
    assert level == pytest.approx(-14, abs=0.8)
    assert peak <= -1.0


def loud_after_quiet(path: Path) -> Path:
    """A song of 12 s, the first half of which is 9 dB quieter than the second."""
    return write_wav(path, noise_song(12) * np.repeat([0.7, 2.0], 6 * RATE))


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was decoded and encoded, in order."""
    done: list[str] = []
    for module, name in ((voices, "decoded"), (sounds, "_encode")):
        real = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *given, real=real, name=name: (done.append(name), real(*given))[1]
        )
    return done


@pytest.mark.parametrize(("start", "heard_seconds"), [(0.0, 5.0), (6.5, 5.0), (0.0, 11.9)])
def test_a_song_is_decoded_once_and_encoded_once_whatever_part_is_heard(
    media: dict[str, Path], tmp_path: Path, work: list[str], start: float, heard_seconds: float
) -> None:
    path = loud_after_quiet(tmp_path / "song.wav")
    level, peak = loudness(path)
    blueprint = plan(
        [move("silent", 0.0, heard_seconds)],
        output={"normalize_audio": True, "fade_duration": 0.0},
        audio_start=start,
        audio_loudness=level,
        audio_true_peak=peak,
    )
    made(blueprint, {**media, "songs/song.wav": path}, tmp_path / "v.mp4")
    assert sorted(work) == ["_encode", "decoded"]
    assert loudness(tmp_path / "v.mp4")[0] == pytest.approx(-14, abs=0.5)


def test_the_clips_own_sound_is_decoded_once_and_encoded_once(
    media: dict[str, Path], tmp_path: Path, work: list[str]
) -> None:
    moves = [move("loud", 0.0, 3.0, trim_start=1.0), move("loud", 3.0, 3.0, trim_start=0.5)]
    output = {"add_audio_overlay": False, "normalize_audio": True, "fade_duration": 0.0}
    made(plan(moves, output=output), media, tmp_path / "v.mp4")
    assert sorted(work) == ["_encode", "decoded", "decoded"]


def test_sound_that_is_kept_while_it_is_levelled_is_what_decoding_again_gives(
    media: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = loud_after_quiet(tmp_path / "song.wav")
    blueprint = plan([move("silent", 0.0, 8.0)], output={"normalize_audio": True}, audio_start=2.0)
    made(blueprint, {**media, "songs/song.wav": path}, tmp_path / "kept.mp4")
    monkeypatch.setattr(voices, "KEPT_SECONDS", 0.0)
    made(blueprint, {**media, "songs/song.wav": path}, tmp_path / "again.mp4")
    assert np.array_equal(heard(tmp_path / "kept.mp4"), heard(tmp_path / "again.mp4"))


def test_without_normalising_the_song_keeps_its_level(
    media: dict[str, Path], tmp_path: Path
) -> None:
    made(plan([move("silent", 0.0, 10.0)]), media, tmp_path / "v.mp4")
    given = loudness(media["songs/song.wav"])[0]
    assert loudness(tmp_path / "v.mp4")[0] == pytest.approx(given, abs=0.6)


def test_a_short_song_is_followed_by_silence_and_the_report_says_so(
    media: dict[str, Path], tmp_path: Path
) -> None:
    path = write_wav(tmp_path / "song.wav", noise_song(5))
    blueprint = plan([move("silent", 0.0, 8.0)])
    report = made(blueprint, {**media, "songs/song.wav": path}, tmp_path / "v.mp4")
    assert report.quality["silence_after_song"] == pytest.approx(3.0, abs=0.01)
    assert np.abs(heard(tmp_path / "v.mp4")[round(5.1 * RATE) :]).max() < 0.001


def test_a_song_that_ends_before_its_start_is_refused(
    media: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(RenderFailed, match=r"song\.wav ends before audio_start, 40\.0 s"):
        made(plan([move("silent", 0.0, 2.0)], audio_start=40.0), media, tmp_path / "v.mp4")


def test_the_last_fade_is_heard_too(media: dict[str, Path], tmp_path: Path) -> None:
    blueprint = plan([move("silent", 0.0, 6.0)], output={"fade_duration": 1.0})
    made(blueprint, media, tmp_path / "v.mp4")
    sound = heard(tmp_path / "v.mp4")[: 6 * RATE]
    assert np.abs(sound[-RATE // 50 :]).max() < 0.02


def test_without_overlay_the_clips_own_sound_is_heard_at_their_volumes(
    media: dict[str, Path], tmp_path: Path
) -> None:
    moves = [
        move("silent", 0.0, 2.0),
        move("loud", 2.0, 3.0, trim_start=1.0),
        move("loud", 5.0, 3.0, trim_start=1.0, volume_adjustment=0.25),
    ]
    blueprint = plan(moves, output={"add_audio_overlay": False})
    made(blueprint, media, tmp_path / "v.mp4")
    sound = heard(tmp_path / "v.mp4")
    assert np.abs(sound[: 2 * RATE - 2048]).max() < 0.01
    own = np.concatenate([np.zeros(RATE), noise_song(5, seed=7), np.zeros(8 * RATE)])
    assert abs(lateness(sound, own, 3 * RATE)) < 0.002
    first, second = sound[2 * RATE : 5 * RATE].std(), sound[5 * RATE : 8 * RATE].std()
    assert second / first == pytest.approx(0.25, rel=0.1)


def test_a_retimed_clip_keeps_the_pitch_of_its_own_sound(
    media: dict[str, Path], tmp_path: Path
) -> None:
    clock = np.arange(5 * RATE) / RATE
    times = [number / 30 for number in range(150)]
    clip = other_clip(tmp_path / "t.mp4", 1, times, sound=0.3 * np.sin(2 * np.pi * 440 * clock))
    moves = [
        move(
            "t", 0.0, 3.6, original_duration=5.0, trim_start=0.5, trim_end=0.5,
            beat_map=[[0.5, 0.0], [4.5, 3.6]],
        )
    ]  # fmt: skip
    blueprint = plan(moves, output={"add_audio_overlay": False})
    made(blueprint, {**media, "moves/t.mp4": clip}, tmp_path / "v.mp4")
    sound = heard(tmp_path / "v.mp4")[RATE : 3 * RATE]
    assert np.argmax(np.abs(np.fft.rfft(sound))) / 2 == pytest.approx(440, abs=3)


def test_sound_and_picture_end_within_one_aac_frame(media: dict[str, Path], tmp_path: Path) -> None:
    made(plan([move("silent", 0.0, 3.377)]), media, tmp_path / "v.mp4")
    with av.open(str(tmp_path / "v.mp4")) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        ends = [float((s.start_time + s.duration) * s.time_base) for s in (picture, sound)]
        assert picture.start_time == 0
    assert abs(ends[0] - ends[1]) <= 1024 / RATE
    assert ends[0] == pytest.approx(round(3.377 * 30) / 30, abs=1e-4)


def test_a_late_sound_is_found_by_the_check() -> None:
    song = noise_song(12)
    listeners = []
    for late in (0, round(0.025 * RATE)):
        listener = Listener.for_voices([(0, 11 * RATE)])
        block = av.AudioFrame.from_ndarray(
            np.tile(np.roll(song, late), (2, 1)).astype(np.float32), "fltp", "stereo"
        )
        listener.note(block, 0)
        listeners.append(listener)
    assert drift(*listeners) == pytest.approx(0.025, abs=0.0011)
    assert drift(listeners[0], listeners[0]) == 0
