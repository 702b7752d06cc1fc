"""A render that ends before its end: cancelled at any moment, or with no room left."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from barcodes import conformed_clip, move, noise_song, other_clip, plan, write_wav
from machine import PATIENCE_SECONDS

from choreo.blueprint import Blueprint
from choreo.errors import ClaimLost, RenderFailed
from rendering import progress, render

SIZE = (160, 90)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    times = [number / 30 for number in range(60)]
    return {
        "moves/good.mp4": conformed_clip(folder / "good.mp4", 0, 90, SIZE),
        "moves/other.mp4": other_clip(folder / "other.mp4", 1, times, size=SIZE),
        "songs/song.wav": write_wav(folder / "song.wav", noise_song(4)),
    }


def blueprint() -> Blueprint:
    moves = [
        move("good", 0.0, 1.0, trim_start=0.5),
        move("other", 1.0, 0.7, trim_start=0.3, transition_type="crossfade"),
        move("good", 1.7, 1.0, trim_start=1.0, transition_type="fade_black"),
    ]
    output = {"width": SIZE[0], "height": SIZE[1], "normalize_audio": True}
    return plan(moves, output=output)


def test_cancelled_at_any_look_it_stops_and_leaves_nothing(
    media: dict[str, Path], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(progress, "REPORT_SECONDS", 0.0)
    stages: list[str] = []

    def until(look: int) -> Callable[[], bool]:
        asked = iter(range(1_000_000))
        return lambda: next(asked) >= look

    def followed(look: int) -> None:
        said: list[str] = []
        try:
            render(
                blueprint(), media, folder / "video.mp4",
                report=lambda _share, text: said.append(text), cancelled=until(look),
            )  # fmt: skip
        finally:
            stages.extend(said)

    looks = 0
    while looks < 5_000:
        try:
            followed(looks)
        except ClaimLost:
            assert list(folder.iterdir()) == []
        else:
            break
        looks = looks * 3 // 2 + 1
    assert [file.name for file in folder.iterdir()] == ["video.mp4"]
    for stage in ("reading the clips", "levelling the sound", "move ", "checking the video"):
        assert any(text.startswith(stage) for text in stages)


ROOM = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], str(Path(sys.argv[1]).parent)]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from choreo.errors import RenderFailed
from rendering import JointCache, render
from test_render_stopping import blueprint
media = {"moves/good.mp4": Path(sys.argv[2]), "moves/other.mp4": Path(sys.argv[3]),
         "songs/song.wav": Path(sys.argv[4])}
output = Path(sys.argv[5])
for room in map(int, sys.argv[6:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    try:
        render(blueprint(), media, output, cache=JointCache(output.parent.parent / f"kept{room}"),
               report=lambda share, text: None, cancelled=lambda: False)
        print(room, "made", output.stat().st_size, flush=True)
        output.unlink()
    except RenderFailed as exc:
        print(room, "failed:", exc, flush=True)
    assert list(output.parent.iterdir()) == [], list(output.parent.iterdir())
"""


def test_however_little_room_there_is_no_part_of_a_video_stays(
    media: dict[str, Path], folder: Path
) -> None:
    rooms = [0, 100, 5_000, 20_000, 40_000, 55_000, 60_000, 65_000, 10_000_000]
    done = subprocess.run(
        [
            sys.executable, "-c", ROOM, str(Path(__file__).parent),
            *map(str, media.values()), str(folder / "video.mp4"), *map(str, rooms),
        ],
        capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(rooms)
    assert all(" made " in line or "File too large" in line for line in lines), lines
    assert " failed: " in lines[0]
    assert " made " in lines[-1]
    made = [int(line.split()[2]) for line in lines if " made " in line]
    assert len(set(made)) == 1


@pytest.mark.parametrize("place", ["file", "proc"])
def test_a_folder_that_takes_no_files_is_a_clear_failure(
    media: dict[str, Path], tmp_path: Path, place: str
) -> None:
    parent = Path("/proc/self") if place == "proc" else tmp_path / "plain"
    if place == "file":
        parent.write_bytes(b"")
    elif not parent.is_dir():
        pytest.skip("this system shows no processes as files")
    with pytest.raises(RenderFailed, match=r"the folder of video\.mp4 cannot be written to: "):
        render(
            blueprint(), media, parent / "video.mp4",
            report=lambda _share, _text: None, cancelled=lambda: False,
        )  # fmt: skip
