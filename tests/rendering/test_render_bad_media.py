"""Clips and songs as cameras, phones and broken copies leave them: a video, or the clip by name."""

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from barcodes import (
    Video,
    barcode,
    conformed_clip,
    heard,
    move,
    noise_song,
    other_clip,
    picture,
    plan,
    write_wav,
)
from outcome import outcome, proven

from choreo import clip_format
from choreo.blueprint import Blueprint
from rendering import RenderReport, render

SIZE = (160, 90)
RATE = 48_000
BAD = "moves[1] 'bad' (moves/bad.mp4): "

Make = Callable[[Path], object]


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    return {
        "moves/good.mp4": conformed_clip(folder / "good.mp4", 0, 90, SIZE),
        "songs/song.wav": write_wav(folder / "song.wav", noise_song(4)),
    }


def around(**output: object) -> Blueprint:
    """A bad clip between two good ones, with transitions into and out of it."""
    moves = [
        move("good", 0.0, 0.5, trim_start=1.0),
        move("bad", 0.5, 1.2, trim_start=0.3, transition_type="crossfade"),
        move("good", 1.7, 0.5, trim_start=1.0, transition_type="crossfade"),
    ]
    return plan(moves, output={"width": SIZE[0], "height": SIZE[1], **output})


def made(blueprint: Blueprint, media: dict[str, Path], path: Path) -> RenderReport:
    report = render(
        blueprint, media, path, report=lambda _share, _text: None, cancelled=lambda: False
    )
    proven(path, blueprint, report)
    return report


def foreign(path: Path, frames: int = 90) -> Path:
    """A clip of ordinary H.264 with its index in front."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(frames):
            frame = picture(barcode(1, number, *SIZE))
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def unsealed(path: Path) -> Path:
    return conformed_clip(path, 1, 90, SIZE, sealed=False)


def of_codec(codec: str, **options: str) -> Make:
    times = [number / 30 for number in range(90)]
    return lambda path: other_clip(path, 1, times, codec=codec, size=SIZE, options=options)


def without(path: Path, missing: Sequence[int]) -> Path:
    """A clip in the library's format that lacks some packets, by their place in the file."""
    whole = unsealed(path.with_name("whole.mp4"))
    with av.open(str(whole)) as given, av.open(
        str(path), "w", format="mp4", options=clip_format.MP4_OPTIONS
    ) as out:  # fmt: skip
        stream = out.add_stream_from_template(given.streams.video[0])
        for place, packet in enumerate(given.demux(video=0)):
            if packet.pts is not None and place not in missing:
                packet.stream = stream
                out.mux(packet)
    return path


KINDS: dict[str, tuple[Make, str]] = {
    "h264": (foreign, ".mp4"),
    "library": (unsealed, ".mp4"),
    "hevc": (of_codec("libx265", **{"x265-params": "log-level=none"}), ".mp4"),
    "vp9": (of_codec("libvpx-vp9", deadline="realtime", **{"cpu-used": "8"}), ".webm"),
    "mpeg4": (of_codec("mpeg4"), ".mkv"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_overwritten_anywhere_are_mended_or_named(
    media: dict[str, Path], tmp_path: Path, folder: Path, kind: str
) -> None:
    make, suffix = KINDS[kind]
    whole = tmp_path / f"whole{suffix}"
    make(whole)
    chance = random.Random(kind)
    begin = max(whole.read_bytes().find(b"mdat"), 1_500) + 8
    path = tmp_path / f"bad{suffix}"
    for length in (1, 1, 30, 30, 900):
        data = bytearray(whole.read_bytes())
        place = chance.randrange(begin, len(data) - 1_000)
        data[place : place + length] = chance.randbytes(length)
        path.write_bytes(data)
        found = outcome(around(), {**media, "moves/bad.mp4": path}, folder)
        assert not isinstance(found, str) or found.startswith(BAD)


@pytest.mark.parametrize("make", [foreign, unsealed])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.75, 0.98])
def test_a_file_cut_short_serves_as_far_as_it_goes(
    media: dict[str, Path], tmp_path: Path, folder: Path, make: Make, share: float
) -> None:
    path = tmp_path / "bad.mp4"
    make(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    found = outcome(around(), {**media, "moves/bad.mp4": path}, folder)
    assert isinstance(found, str) is (share <= 0.6)
    assert not isinstance(found, str) or found.startswith(BAD)


@pytest.mark.parametrize(
    ("missing", "fails"),
    [((33,), False), ((30,), False), (range(31, 36), False), (range(60, 90), False),
     (range(40, 90), True)],
)  # fmt: skip
def test_packets_that_are_missing_are_stood_in_for_or_the_clip_is_named(
    media: dict[str, Path], tmp_path: Path, folder: Path, missing: Sequence[int], fails: bool
) -> None:
    path = without(tmp_path / "bad.mp4", missing)
    found = outcome(around(), {**media, "moves/bad.mp4": path}, folder)
    assert isinstance(found, str) is fails
    assert not isinstance(found, str) or found.startswith(BAD)


def test_a_clip_that_nobody_sealed_is_copied_when_all_of_it_can_be_decoded(
    media: dict[str, Path], tmp_path: Path, folder: Path
) -> None:
    path = unsealed(tmp_path / "bad.mp4")
    sound = outcome(around(), {**media, "moves/bad.mp4": path}, folder)
    with av.open(str(path)) as container:
        packet = next(p for p in container.demux(video=0) if p.pts == 47 * 512)
        place, size = packet.pos, packet.size
    data = bytearray(path.read_bytes())
    data[place + 8 : place + size] = random.Random(1).randbytes(size - 8)
    path.write_bytes(data)
    hurt = outcome(around(), {**media, "moves/bad.mp4": path}, folder)
    assert isinstance(sound, RenderReport)
    assert sound.quality["copied_frames"] >= 30
    assert isinstance(hurt, str)
    assert hurt.startswith(BAD)


def test_a_clip_that_changes_its_rate_midway_is_shown_by_its_own_clock(
    media: dict[str, Path], tmp_path: Path
) -> None:
    times = [n / 30 for n in range(20)] + [2 / 3 + n / 60 for n in range(30)]
    times += [7 / 6 + n / 15 for n in range(20)]
    path = other_clip(tmp_path / "bad.mp4", 1, times, size=SIZE)
    made(around(), {**media, "moves/bad.mp4": path}, tmp_path / "v.mp4")
    shown = Video(tmp_path / "v.mp4").shown
    for number in range(20, 46):
        clip, frame = shown[number]
        wanted = 0.3 + number / 30 - 0.5
        assert clip == 1
        assert abs(times[frame] - wanted) <= min(abs(t - wanted) for t in times) + 0.002


@pytest.mark.parametrize("shift", [-1.0, 1e7])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_stamps_below_zero_or_far_above_make_a_proven_video(
    media: dict[str, Path], tmp_path: Path, folder: Path, shift: float, suffix: str
) -> None:
    times = [shift + n / 30 for n in range(90)]
    path = other_clip(tmp_path / f"bad{suffix}", 1, times, size=SIZE)
    found = outcome(around(), {**media, "moves/bad.mp4": path}, folder)
    assert isinstance(found, RenderReport)


def offset(sound: np.ndarray, song: np.ndarray, at: int, length: int) -> float:
    """Seconds by which `sound` is late against `song` around a place, to a sample."""
    reach = RATE // 20
    size = 1 << 17
    piece = np.fft.rfft(sound[at : at + length], size)
    window = np.fft.rfft(song[at - reach : at + length + reach], size)
    return (reach - int(np.argmax(np.fft.irfft(window * piece.conj(), size)[: 2 * reach]))) / RATE


def with_sound(path: Path, sound: np.ndarray, late: float, rate: int = RATE) -> Path:
    """A clip whose sound begins later than its picture (or, below 0, the picture later)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        track = container.add_stream("aac", rate=rate, layout="mono")
        for number in range(90):
            frame = picture(barcode(1, number, *SIZE))
            frame.pts, frame.time_base = number + round(30 * max(0, -late)), Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        block = av.AudioFrame.from_ndarray(sound.astype(np.float32).reshape(1, -1), "fltp", "mono")
        block.sample_rate, block.time_base = rate, Fraction(1, rate)
        block.pts = round(max(0.0, late) * rate)
        container.mux(track.encode(block))
        container.mux(track.encode(None))
    return path


@pytest.mark.parametrize(
    ("late", "seconds"), [(0.0, 1.1), (0.5, 3.0), (0.9, 1.1), (-0.5, 3.0), (2.5, 0.5)]
)
def test_a_clips_own_sound_stays_with_its_picture_wherever_it_begins_and_ends(
    media: dict[str, Path], tmp_path: Path, late: float, seconds: float
) -> None:
    clicks = noise_song(seconds, seed=5)
    path = with_sound(tmp_path / "bad.mp4", clicks, late)
    made(
        around(add_audio_overlay=False), {**media, "moves/bad.mp4": path}, tmp_path / "v.mp4"
    )  # fmt: skip
    sound = heard(tmp_path / "v.mp4")
    exact = np.zeros(4 * RATE)
    start = round((0.5 - 0.3 + late) * RATE)
    end = min(start + len(clicks), len(exact))
    exact[max(0, start) : end] = clicks[max(0, -start) : end - start]
    if late < 1:
        assert abs(offset(sound, exact, round(0.75 * RATE), round(0.7 * RATE))) <= 0.002
    silent = np.abs(exact) == 0
    quiet = silent[round(0.8 * RATE) : round(1.4 * RATE)]
    if quiet.sum() > RATE // 10:
        there = sound[round(0.8 * RATE) : round(1.4 * RATE)][quiet]
        assert np.abs(there[2_000:-2_000]).max() < 0.02


def encoded_song(path: Path, sound: np.ndarray, codec: str, rate: int) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        shape = stream.codec_context.format.name
        resampler = av.AudioResampler(shape, "mono", rate, stream.codec_context.frame_size or 1024)
        block = av.AudioFrame.from_ndarray(sound.astype(np.float32).reshape(1, -1), "fltp", "mono")
        block.sample_rate, block.pts = RATE, 0
        for frame in [*resampler.resample(block), *resampler.resample(None)]:
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("codec", "suffix", "rate"),
    [("mp3", ".mp3", 44_100), ("aac", ".m4a", 44_100), ("libopus", ".ogg", 48_000),
     ("pcm_s16le", ".wav", 48_000)],
)  # fmt: skip
def test_a_song_that_begins_in_silence_and_ends_too_soon_stays_on_the_beat(
    media: dict[str, Path], tmp_path: Path, codec: str, suffix: str, rate: int
) -> None:
    song = np.concatenate([np.zeros(RATE // 2), noise_song(3.5)])
    path = encoded_song(tmp_path / f"song{suffix}", song, codec, rate)
    moves = [move("good", 0.0, 2.9), move("good", 2.9, 1.6)]
    blueprint = plan(
        moves, audio_path=f"songs/song{suffix}", audio_start=0.25,
        output={"width": SIZE[0], "height": SIZE[1]},
    )  # fmt: skip
    report = made(blueprint, {**media, f"songs/song{suffix}": path}, tmp_path / "v.mp4")
    assert report.quality["silence_after_song"] == pytest.approx(0.75, abs=0.08)
    sound = heard(tmp_path / "v.mp4")
    for at in (0.1, 1.4, 2.6):
        late = offset(sound, song[RATE // 4 :], round(at * RATE), RATE)
        assert abs(late) <= 0.002


def test_a_damaged_song_keeps_the_analysis_clock(media: dict[str, Path], tmp_path: Path) -> None:
    """What the analysis leaves out is left out here: beats found in it are met in the video."""
    from choreo.music.decoding import decode

    path = encoded_song(tmp_path / "song.mp3", noise_song(4), "mp3", 44_100)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 700] = random.Random(3).randbytes(700)
    path.write_bytes(data)
    blueprint = plan(
        [move("good", 0.0, 2.9)],
        audio_start=1.0,
        output={"width": SIZE[0], "height": SIZE[1]},
    )
    made(blueprint, {**media, "songs/song.wav": path}, tmp_path / "v.mp4")
    known = decode(path, RATE).samples
    assert len(known) < 4.05 * RATE
    sound = heard(tmp_path / "v.mp4")
    for at in (0.1, 1.8):
        assert abs(offset(sound, known[RATE:], round(at * RATE), RATE)) <= 0.002


@pytest.mark.parametrize("codec", ["pcm_f32le", "pcm_f64le"])
def test_samples_that_are_no_numbers_are_silenced(
    media: dict[str, Path], tmp_path: Path, folder: Path, codec: str
) -> None:
    wide = codec == "pcm_f64le"
    sound = noise_song(3).astype(np.float64 if wide else np.float32)
    sound[20_000], sound[40_000], sound[60_000], sound[61_000] = np.nan, np.inf, -1e30, 1e20
    path = tmp_path / "song.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        block = av.AudioFrame.from_ndarray(sound.reshape(1, -1), "dbl" if wide else "flt", "mono")
        block.sample_rate, block.pts = RATE, 0
        container.mux(stream.encode(block))
        container.mux(stream.encode(None))
    blueprint = around(normalize_audio=True)
    given = {**media, "songs/song.wav": path, "moves/bad.mp4": foreign(tmp_path / "bad.mp4")}
    found = outcome(blueprint, given, folder)
    assert isinstance(found, RenderReport)
    assert isinstance(found.quality["loudness_lufs"], float)
