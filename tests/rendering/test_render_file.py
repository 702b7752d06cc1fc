"""The file itself: what players and other programs make of it."""

import random
from pathlib import Path

import av
import av.logging
import numpy as np
import pytest
from barcodes import (
    Video,
    barcode,
    conformed_clip,
    grainy,
    move,
    noise_song,
    plan,
    write_wav,
)

from benchmarks.likeness import psnr, ssim
from choreo.blueprint import Blueprint
from rendering import RenderReport, render


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    files = {f"moves/c{n}.mp4": conformed_clip(folder / f"c{n}.mp4", n, 150) for n in range(3)}
    files["songs/song.wav"] = write_wav(folder / "song.wav", noise_song(12))
    return files


def made(blueprint: Blueprint, media: dict[str, Path], output: Path) -> RenderReport:
    return render(
        blueprint, media, output, report=lambda _share, _text: None, cancelled=lambda: False
    )


def packets(path: Path) -> dict[bytes, int]:
    """Each packet's bytes, in the order shown."""
    with av.open(str(path)) as container:
        found = [(p.pts, bytes(p)) for p in container.demux(video=0) if p.pts is not None]
    return {data: stamp for stamp, data in sorted(found)}


def mixed_plan() -> Blueprint:
    pairs = [[1.0, 3.1], [2.0, 4.05], [3.1, 5.1], [4.0, 6.1]]
    return plan(
        [
            move("c0", 0.0, 3.1, trim_start=0.9, transition_type="cut"),
            move(
                "c1", 3.1, 3.0, trim_start=1.0, trim_end=1.0, original_duration=5.0,
                beat_map=pairs, transition_type="crossfade", move_name="Vuelta",
            ),
            move("c2", 6.1, 3.0, trim_start=0.7, transition_type="fade_black"),
        ],
        output={"fade_duration": 0.4},
    )  # fmt: skip


@pytest.fixture(scope="module")
def video(media: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "video.mp4"
    made(mixed_plan(), media, path)
    return path


def test_it_is_decoded_without_a_word_of_warning(video: Path) -> None:
    before = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture(local=False) as said, av.open(str(video)) as container:
            container.streams.video[0].codec_context.options = {"err_detect": "explode"}
            frames = sum(1 for _ in container.decode(video=0))
        with av.logging.Capture(local=False) as heard, av.open(str(video)) as container:
            for _ in container.decode(audio=0):
                pass
    finally:
        av.logging.set_level(before)
    assert frames > 250
    assert [*said, *heard] == []


def boxes(
    data: bytes, inside: tuple[bytes, ...] = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
) -> list[tuple[bytes, bytes]]:
    found, place = [], 0
    while place + 8 <= len(data):
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        body = data[place + 8 : place + size]
        found.append((kind, body if kind != b"mdat" else b""))
        if kind in (*inside, b"edts"):
            found += boxes(body, inside)
        place += max(size, 8)
    return found


def test_its_index_comes_first_and_describes_one_kind_of_picture(video: Path) -> None:
    found = boxes(video.read_bytes())
    kinds = [kind for kind, _ in found]
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    descriptions = [body for kind, body in found if kind == b"stsd"]
    assert {int.from_bytes(body[4:8], "big") for body in descriptions} == {1}
    assert descriptions[0][12:16] == b"avc1"
    edits = [body for kind, body in found if kind == b"elst"]
    assert {int.from_bytes(body[4:8], "big") for body in edits} == {1}
    enabled = {body[3] & 1: kind for kind, body in found if kind == b"tkhd"}
    assert len(enabled) == 2


def test_chapters_and_captions_tell_the_moves_and_the_counts(
    media: dict[str, Path], tmp_path: Path
) -> None:
    beats = [0.5 * n for n in range(12)]
    moves = [move("c0", 0.0, 3.0), move("c1", 3.0, 3.0, move_name="Vuelta")]
    blueprint = plan(moves, counts={"beats": beats, "ones": [2, 10]})
    made(blueprint, media, tmp_path / "v.mp4")
    with av.open(str(tmp_path / "v.mp4")) as container:
        titles = [chapter["metadata"]["title"] for chapter in container.chapters()]
        track = container.streams.subtitles[0]
        texts = {
            packet.pts: bytes(packet)[2:].decode()
            for packet in container.demux(track)
            if packet.pts is not None and packet.size > 2
        }
    assert titles == ["c0", "Vuelta"]
    assert texts[0] == "7 · c0"
    assert texts[1000] == "1 · c0"
    assert texts[3000] == "5 · Vuelta"
    assert texts[5000] == "1 · Vuelta"


def test_decoding_times_ascend_and_never_pass_the_shown_ones(video: Path) -> None:
    with av.open(str(video)) as container:
        stamps = [
            (packet.dts, packet.pts)
            for packet in container.demux(video=0)
            if packet.dts is not None and packet.pts is not None
        ]
    decoded = [dts for dts, _ in stamps]
    assert decoded == sorted(set(decoded))
    assert all(dts <= pts for dts, pts in stamps)
    assert min(pts for _, pts in stamps) == 0


def test_seeking_anywhere_shows_what_playing_shows(video: Path) -> None:
    whole = Video(video)
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        for number in random.Random(3).sample(range(len(whole.times)), 12):
            stamp = round(whole.times[number] / stream.time_base)
            container.seek(stamp, stream=stream)
            frame = next(f for f in container.decode(stream) if f.pts >= stamp)
            plane = frame.planes[0]
            luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            assert np.array_equal(luma[: frame.height, : frame.width], whole.lumas[number])


def test_encoded_joints_look_like_their_copied_neighbours(
    media: dict[str, Path], tmp_path: Path
) -> None:
    moves = [move("c0", 0.0, 2.1, trim_start=0.7), move("c1", 2.1, 2.1, trim_start=0.9)]
    report = made(plan(moves), media, tmp_path / "v.mp4")
    assert 0 < report.quality["copied_frames"] < report.frames
    shown = Video(tmp_path / "v.mp4")
    noise = []
    for (clip, frame), luma in zip(shown.shown, shown.lumas, strict=True):
        noise.append(psnr(luma, barcode(clip, frame)))
    copied = packets(media["moves/c0.mp4"]) | packets(media["moves/c1.mp4"])
    own = packets(tmp_path / "v.mp4")
    kept = [number for number, data in enumerate(own) if data in copied]
    drawn = [number for number, data in enumerate(own) if data not in copied]
    assert np.mean([noise[n] for n in drawn]) > np.mean([noise[n] for n in kept]) - 1.5


def likeness_of_joints(media: dict[str, Path], path: Path) -> list[list[float]]:
    """SSIM of each encoded frame of each of two joints against the exact picture."""
    moves = [
        move(f"c{n}", 2.1 * n, 2.1, trim_start=0.9, transition_type="crossfade") for n in range(3)
    ]
    report = made(plan(moves), media, path)
    assert report.quality["copied_frames"] > 60
    clips = [Video(media[f"moves/c{n}.mp4"]).lumas for n in range(3)]
    joints: list[list[float]] = [[], []]
    for number, luma in enumerate(Video(path).lumas):
        exact = clips[number // 63][27 + number % 63].astype(float)
        for cut in (63, 126):
            step = number - (cut - 4)
            if 0 <= step < 9:
                share = (step + 0.5) / 9
                before, after = cut // 63 - 1, cut // 63
                exact = (1 - share) * clips[before][27 + number - 63 * before] + share * clips[
                    after
                ][27 + number - 63 * after]
        if not np.array_equal(luma, exact):
            joints[number > 94].append(ssim(luma, exact))
    return joints


def test_joints_are_nearly_the_exact_blend(media: dict[str, Path], tmp_path: Path) -> None:
    assert min(map(min, likeness_of_joints(media, tmp_path / "v.mp4"))) >= 0.97


def test_joints_of_grainy_clips_are_nearly_the_exact_blend(
    media: dict[str, Path], tmp_path: Path
) -> None:
    rough = {
        f"moves/c{n}.mp4": conformed_clip(tmp_path / f"c{n}.mp4", n, 120, drawn=grainy)
        for n in range(3)
    }
    for joint in likeness_of_joints({**media, **rough}, tmp_path / "v.mp4"):
        assert np.mean(joint) >= 0.97
        assert min(joint) >= 0.94


def test_a_thousand_short_moves_are_all_there(media: dict[str, Path], tmp_path: Path) -> None:
    moves = [
        move(f"c{n % 3}", n * 0.07, 0.07, trim_start=0.5 * (n % 7), transition_type=kind)
        for n, kind in enumerate(["cut", "crossfade", "fade_black", "cut"] * 250)
    ]
    report = made(plan(moves), media, tmp_path / "v.mp4")
    assert report.frames == 2100
    assert report.duration == pytest.approx(70, abs=0.05)
    assert report.quality["silence_after_song"] == pytest.approx(58, abs=0.05)


def test_the_same_plan_gives_the_same_file(media: dict[str, Path], tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        made(mixed_plan(), media, tmp_path / name)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
