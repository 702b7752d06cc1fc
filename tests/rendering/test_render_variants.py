"""Other videos from the same plan, and the same video at less cost."""

from pathlib import Path

import av
import numpy as np
import pytest
from barcodes import (
    HEIGHT,
    WIDTH,
    Video,
    conformed_clip,
    heard,
    levels,
    move,
    noise_song,
    picture,
    plan,
    read_barcode,
    write_wav,
)

import rendering.encoding
from choreo import clip_format
from choreo.blueprint import Blueprint
from choreo.errors import InvalidBlueprint
from rendering import JointCache, RenderReport, preview, render
from rendering.font import drawable
from rendering.labels import write_on

BEATS = [0.5 * n for n in range(12)]
COUNTS = {"beats": BEATS, "ones": [0, 8]}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    files = {f"moves/c{n}.mp4": conformed_clip(folder / f"c{n}.mp4", n, 180) for n in range(4)}
    for n in range(2):
        files[f"moves/c{n}_360p.mp4"] = conformed_clip(folder / f"s{n}.mp4", n, 180, (640, 360))
    rate = 48_000
    clock = np.arange(14 * rate) / rate
    files["songs/tone.wav"] = write_wav(folder / "tone.wav", 0.3 * np.sin(880 * np.pi * clock))
    files["songs/song.wav"] = write_wav(folder / "song.wav", noise_song(14))
    return files


def made(
    blueprint: Blueprint, media: dict[str, Path], output: Path, cache: JointCache | None = None
) -> RenderReport:
    return render(
        blueprint,
        media,
        output,
        report=lambda _share, _text: None,
        cancelled=lambda: False,
        cache=cache,
    )


def two_moves(**output: object) -> Blueprint:
    moves = [
        move("c0", 0.0, 3.0, trim_start=1.0, move_name="Básico"),
        move("c1", 3.0, 3.0, trim_start=1.0, transition_type="crossfade", move_name="Vuelta"),
    ]
    return plan(moves, counts=COUNTS, output=output)


def test_a_mirrored_video_shows_the_same_frames_the_other_way_round(
    media: dict[str, Path], tmp_path: Path
) -> None:
    report = made(two_moves(mirror=True), media, tmp_path / "v.mp4")
    video = Video(tmp_path / "v.mp4")
    assert report.frames == 180
    for frame in (5, 40, 120, 170):
        turned = np.ascontiguousarray(video.lumas[frame][:, ::-1])
        assert read_barcode(turned) == (frame // 90, 30 + frame % 90)


@pytest.mark.parametrize("speed", [0.75, 0.5])
def test_practice_speed_stretches_the_stamps_of_copied_frames(
    media: dict[str, Path], tmp_path: Path, speed: float
) -> None:
    report = made(two_moves(speed=speed), media, tmp_path / "v.mp4")
    video = Video(tmp_path / "v.mp4")
    assert report.duration == pytest.approx(6.0 / speed, abs=0.04)
    assert report.quality["copied_frames"] > 120
    for number, seconds in ((0, 0.5), (0, 2.0), (1, 4.0), (1, 5.5)):
        shown = int(np.searchsorted(video.times, seconds / speed + 1e-6) - 1)
        clip, frame = video.shown[shown]
        assert clip == number
        assert abs(frame - 30 * (1 + seconds - 3 * number)) <= 1


def test_practice_speed_keeps_the_pitch(media: dict[str, Path], tmp_path: Path) -> None:
    blueprint = two_moves(speed=0.5)
    made(blueprint, {**media, "songs/song.wav": media["songs/tone.wav"]}, tmp_path / "v.mp4")
    sound = heard(tmp_path / "v.mp4")
    assert len(sound) / 48_000 == pytest.approx(12.0, abs=0.03)
    piece = sound[3 * 48_000 : 9 * 48_000] * np.hanning(6 * 48_000)
    loudest = np.argmax(np.abs(np.fft.rfft(piece))) / 6
    assert loudest == pytest.approx(440, abs=2)


def test_a_very_slow_clip_keeps_its_own_sound_at_practice_speed() -> None:
    from rendering.samples import _tempo

    assert _tempo(0.4) == ["atempo=0.5", "atempo=0.800000000"]


def test_a_speed_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidBlueprint, match="speed"):
        two_moves(speed=0.25)


@pytest.mark.parametrize(("fit", "bars"), [("letterbox", True), ("crop", False)])
def test_a_portrait_is_cropped_or_stands_between_bars(
    media: dict[str, Path], tmp_path: Path, fit: str, bars: bool
) -> None:
    report = made(two_moves(width=180, height=320, fit=fit), media, tmp_path / "v.mp4")
    luma = Video(tmp_path / "v.mp4").lumas[60]
    assert (report.width, report.height) == (180, 320)
    assert (luma[:40].mean() < 20) == bars
    assert luma[120:200].mean() > 60


def test_the_count_is_written_only_on_request(media: dict[str, Path], tmp_path: Path) -> None:
    for kind in ("none", "counts", "moves"):
        made(two_moves(overlay=kind), media, tmp_path / f"{kind}.mp4")
    plain, counts, moves = (
        Video(tmp_path / f"{kind}.mp4").lumas for kind in ("none", "counts", "moves")
    )
    for frame in (10, 70, 150):
        for labelled in (counts, moves):
            changed = np.abs(labelled[frame].astype(int) - plain[frame]) > 40
            rows, columns = np.nonzero(changed)
            assert rows.min() > HEIGHT // 2
            assert columns.min() < WIDTH // 10
    same_count = np.abs(counts[2].astype(int) - counts[12])[HEIGHT // 2 :, : WIDTH // 8].mean()
    next_count = np.abs(counts[2].astype(int) - counts[17])[HEIGHT // 2 :, : WIDTH // 8].mean()
    assert next_count > same_count + 5


def test_labels_take_any_name_and_any_size() -> None:
    assert drawable("Giro ñandú 春") == "GIRO NANDU ?"
    for width, height in ((16, 16), (64, 36), (1280, 720)):
        frame = picture(np.full((height, width), 90, np.uint8))
        write_on(frame, (("8 " + "W" * 300, 1), ("> X", 3)))
        assert (frame.width, frame.height) == (width, height)


def test_a_label_leaves_the_pictures_that_others_still_need() -> None:
    frame = picture(np.full((360, 640), 90, np.uint8))
    other = av.VideoFrame.from_ndarray(frame.to_ndarray(), "yuv420p")
    write_on(frame, (("8", 1),))
    assert frame.to_ndarray().max() > 200
    assert other.to_ndarray()[:360].max() == 90


def rerolled(**changed: str) -> Blueprint:
    names = {f"m{n}": f"c{n % 3}" for n in range(6)} | changed
    moves = [
        move(name, 2.1 * n, 2.1, trim_start=0.9, transition_type="crossfade")
        for n, name in enumerate(names.values())
    ]
    return plan(moves)


def test_a_kept_joint_is_not_encoded_again_and_looks_the_same(
    media: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = 0
    encode = rendering.encoding._encode

    def counting(*args: object) -> bytes:
        nonlocal encoded
        encoded += 1
        return encode(*args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(rendering.encoding, "_encode", counting)
    cache = JointCache(tmp_path / "cache")
    made(rerolled(), media, tmp_path / "first.mp4", cache)
    first, encoded = encoded, 0
    made(rerolled(), media, tmp_path / "again.mp4", cache)
    again, encoded = encoded, 0
    made(rerolled(m5="c3"), media, tmp_path / "changed.mp4", cache)
    changed = encoded
    made(rerolled(m5="c3"), media, tmp_path / "fresh.mp4")
    assert (tmp_path / "first.mp4").read_bytes() == (tmp_path / "again.mp4").read_bytes()
    assert (tmp_path / "changed.mp4").read_bytes() == (tmp_path / "fresh.mp4").read_bytes()
    assert first >= 4
    # One picture is always encoded, to learn the format's headers.
    assert again == 1
    assert changed == 2


def test_a_clip_of_the_same_name_and_other_pictures_is_no_hit(
    media: dict[str, Path], tmp_path: Path
) -> None:
    cache = JointCache(tmp_path / "cache")
    made(rerolled(), media, tmp_path / "first.mp4", cache)
    swapped = {**media, "moves/c0.mp4": media["moves/c3.mp4"]}
    made(rerolled(), swapped, tmp_path / "swapped.mp4", cache)
    made(rerolled(), swapped, tmp_path / "fresh.mp4")
    assert (tmp_path / "swapped.mp4").read_bytes() == (tmp_path / "fresh.mp4").read_bytes()


def test_a_spoilt_entry_is_made_again(media: dict[str, Path], tmp_path: Path) -> None:
    cache = JointCache(tmp_path / "cache")
    made(rerolled(), media, tmp_path / "first.mp4", cache)
    for entry in (tmp_path / "cache").iterdir():
        entry.write_bytes(entry.read_bytes()[:-7] + b"spoiled")
    made(rerolled(), media, tmp_path / "again.mp4", cache)
    assert (tmp_path / "first.mp4").read_bytes() == (tmp_path / "again.mp4").read_bytes()


def test_a_cache_stays_below_its_size_and_drops_the_oldest(tmp_path: Path) -> None:
    import os

    cache = JointCache(tmp_path / "cache", most_bytes=2_500)
    for number in range(4):
        cache.put(f"k{number}", bytes(1_000))
        os.utime(tmp_path / "cache" / f"k{number}", (number, number))
    cache.tidy()
    assert [cache.get(f"k{n}") is not None for n in range(4)] == [False, False, True, True]


def test_a_preview_is_copied_from_the_small_renditions(
    media: dict[str, Path], tmp_path: Path
) -> None:
    def small(clip_id: str, start: float) -> dict[str, object]:
        return move(
            clip_id,
            start,
            3.0,
            trim_start=1.0,
            transition_type="crossfade",
            preview_path=f"moves/{clip_id}_360p.mp4",
        )

    given = {name: path for name, path in media.items() if "360p" in name or "song" in name}
    report = preview(
        plan([small("c0", 0.0), small("c1", 3.0)], output={"overlay": "moves"}),
        given,
        tmp_path / "p.mp4",
        report=lambda _share, _text: None,
        cancelled=lambda: False,
    )
    assert report is not None
    assert (report.width, report.height, report.frames) == (640, 360, 180)
    assert report.quality["copied_frames"] > 140
    shown = Video(tmp_path / "p.mp4").shown
    assert [shown[n] for n in (10, 89, 90, 150)] == [(0, 40), (0, 119), (1, 30), (1, 90)]


def test_without_small_renditions_there_is_no_preview(
    media: dict[str, Path], tmp_path: Path
) -> None:
    none = preview(
        two_moves(),
        media,
        tmp_path / "p.mp4",
        report=lambda _share, _text: None,
        cancelled=lambda: False,
    )
    assert none is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("width", "height", "rate", "level"),
    [
        (640, 360, 30, "4.0"),
        (1280, 720, 30, "4.0"),
        (1920, 1080, 30, "4.0"),
        (1920, 1080, 60, "4.2"),
        (3840, 2160, 30, "5.1"),
        (3840, 2160, 60, "5.2"),
        (3840, 3840, 60, "6.0"),
        (3840, 3840, 120, "6.1"),
    ],
)
def test_the_level_is_that_of_the_size_and_the_rate(
    width: int, height: int, rate: int, level: str
) -> None:
    assert clip_format.level(width, height, rate) == level


def test_levels_are_read_by_players_from_the_headers(tmp_path: Path) -> None:
    path = conformed_clip(tmp_path / "large.mp4", 0, 2, (3840, 2160))
    with av.open(str(path)) as container:
        extradata = container.streams.video[0].codec_context.extradata
    assert extradata is not None
    assert extradata[3] == 51
    assert levels(Video(path).lumas[1]).max() > 170
