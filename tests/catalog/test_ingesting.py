"""Folders become a library: what is good is taken, what is not is named, nothing is done twice."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from catalog_media import keys_of, library, write_clip

from catalog.ingest import ingest
from catalog.manifest import read_manifest
from catalog.scratch import scratch_folder
from choreo.clip_format import joint_keys
from choreo.errors import InvalidInput
from choreo.vocabulary import Difficulty, EnergyLevel, Hold, Style

COLUMNS = (
    "file,name,family,difficulty,energy_level,style,counts,first_count_at,tempo,"
    "entry_hold,exit_hold,loopable,session,tags,description"
)
MANIFEST = f"""{COLUMNS}
turn/turn_1.mp4,Lady's turn,turn,advanced,high,sensual,8,1.0,120,closed,open,true,studio,spin,Hi
basic/long.mp4,,,hard,low,,,1.0,120,,,,,,
absent.mp4,,,,,,,,,,,,,,
"""


def write_song(path: Path, seconds: float = 12.0) -> None:
    from local_emulators.demo_library.songs import write_audio

    moments = np.arange(int(seconds * 44_100)) / 44_100
    beat = 60 / 126
    phase = moments % beat
    kick = np.sin(2 * np.pi * 70 * phase) * np.exp(-phase * 25)
    tick = np.sin(2 * np.pi * 6000 * phase) * np.exp(-(moments % (beat / 2)) * 90)
    write_audio(path, np.stack([0.5 * kick + 0.2 * tick] * 2), title="Una Prueba", artist="Nadie")


def grey(_number: int, width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Good and bad files of every kind, and a picture of the folder before the ingest."""
    root = tmp_path_factory.mktemp("sources")
    songs, moves = root / "songs", root / "Bachata_steps"
    songs.mkdir()
    write_song(songs / "una_prueba.wav")
    shutil.copy(songs / "una_prueba.wav", songs / "una_prueba_copy.wav")
    (songs / "broken.mp3").write_bytes(b"this is not sound" * 100)
    (songs / "empty.mp3").touch()
    (songs / "notes.txt").write_text("passed over")

    write_clip(moves / "turn/turn_1.mp4", seconds=6.0)
    # 1 + 16 counts of 0.5 s + 4 counts + 1: two eights and a four.
    write_clip(moves / "basic/long.mp4", seconds=12.0)
    shutil.copy(moves / "turn/turn_1.mp4", moves / "turn/turn_1_again.mp4")
    shutil.copy(songs / "una_prueba.wav", moves / "only_sound.mp4")
    (moves / "empty.mp4").touch()
    (moves / "text.mp4").write_text("#EXTM3U\nhttp://127.0.0.1/x.ts\n")
    whole = (moves / "basic/long.mp4").read_bytes()
    (moves / "truncated.mp4").write_bytes(whole[: len(whole) // 3])
    write_clip(moves / "one_frame.mp4", stamps=[0.0])
    write_clip(moves / "short.mp4", seconds=0.5)
    write_clip(moves / "three_hours.mp4", stamps=[0.0, 1.0, 10_800.0])
    write_clip(moves / "no_time.mp4", stamps=[number / 90_000 for number in range(3)])
    write_clip(moves / "eight_k.mp4", stamps=[0.0, 1.0], size=(7680, 4320), picture=grey)
    write_clip(moves / "tiny.mp4", seconds=3, size=(32, 32))
    (moves / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    (root / "outside.mp4").write_bytes(whole)
    (moves / "link.mp4").symlink_to(root / "outside.mp4")
    (moves / os.fsdecode(b"caf\xe9.mp4")).write_bytes(whole[:1000])
    (moves / "manifest.csv").write_text(MANIFEST)
    before = {path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in root.rglob("*")}
    return songs, moves, before


@pytest.fixture(scope="module")
def ingested(sources, tmp_path_factory):
    songs, moves, _ = sources
    stack = library(tmp_path_factory.mktemp("lib"))
    shown = []
    summary = ingest(
        songs,
        moves,
        None,
        stack,
        workers=2,
        progress=lambda what, share: shown.append((what, share)),
    )
    return stack, summary, shown


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("una_prueba_copy.wav", "is the same file as una_prueba.wav"),
        ("broken.mp3", "cannot be read as sound"),
        ("empty.mp3", "is empty"),
        ("turn/turn_1_again.mp4", "is the same file as turn/turn_1.mp4"),
        ("only_sound.mp4", "cannot be read as video"),
        ("empty.mp4", "is empty"),
        ("text.mp4", "cannot be read as video"),
        ("truncated.mp4", "cannot be read as video"),
        ("one_frame.mp4", "one frame"),
        ("short.mp4", "at least four counts|needs over"),
        ("three_hours.mp4", "lasts 180 minutes; 10 are the most"),
        ("no_time.mp4", "lasts 0.03 s; a move of four counts needs over"),
        ("eight_k.mp4", "7680x4320 pixels; 4096x2304 is the most"),
        ("tiny.mp4", "64 a side is the least"),
        ("photo.jpg", "is a still picture"),
        ("link.mp4", "leads out of the folder"),
        ("caf\\udce9.mp4", "not UTF-8"),
        ("manifest.csv", "difficulty is 'hard'; it must be one of beginner"),
        ("manifest.csv", "speaks of 'absent.mp4', which is not there"),
    ],
)
def test_every_bad_file_is_named_with_its_reason(file, reason, ingested):
    import re

    _, summary, _ = ingested
    reasons = [refusal.reason for refusal in summary.refusals if refusal.file == file]
    assert any(re.search(reason, text) for text in reasons), summary.refusals


def test_joints_find_key_frames_around_the_counts_of_every_move(ingested, tmp_path):
    made, _, _ = ingested
    # A move's media, taken for a clip: they are in the library's format and not encoded again.
    folder, again = made.settings.media_root, library(tmp_path / "lib")
    (first, *_) = made.catalogue.moves()
    (tmp_path / "moves").mkdir()
    shutil.copy(folder / first.video_path, tmp_path / "moves/turn_1.mp4")
    (tmp_path / "moves/manifest.csv").write_text(
        f"{COLUMNS}\nturn_1.mp4,,,,,,{first.counts},{first.beat_times[0]},120,,,,,,\n"
    )
    ingest(None, tmp_path / "moves", None, again, workers=1)
    (copied,) = again.catalogue.moves()
    assert (again.settings.media_root / copied.video_path).read_bytes() == (
        folder / first.video_path
    ).read_bytes()
    for stack in (made, again):
        for move in stack.catalogue.moves():
            wanted = joint_keys(move.beat_times[0], move.beat_times[-1])
            keys = keys_of(stack.settings.media_root / move.video_path)
            assert wanted <= set(keys)
            assert keys_of(stack.settings.media_root / move.preview_path) == keys


def test_all_that_is_good_is_in_the_library(ingested):
    stack, summary, _ = ingested
    assert summary.usable
    assert summary.songs_made == ("una_prueba",)
    assert set(summary.moves_made) == {"turn_1", *(f"basic_long_{n}" for n in (1, 2, 3))}
    store = stack.object_store()
    for move in stack.catalogue.moves():
        for path in (
            move.video_path, move.preview_path, move.thumbnail_path, move.animation_path,
        ):  # fmt: skip
            assert store.size(path)
    (song,) = stack.catalogue.songs()
    assert store.size(song.audio_path)
    assert song.title == "Una Prueba"
    assert song.analysis.tempo == pytest.approx(126, rel=0.02)
    assert song.loudness < 0
    assert len(song.peaks) == 600


def test_a_persons_word_wins_over_every_estimate(ingested):
    stack, _, _ = ingested
    moves = {move.id: move for move in stack.catalogue.moves()}
    turn = moves["turn_1"]
    assert (turn.difficulty, turn.energy_level, turn.style) == (
        Difficulty.ADVANCED,
        EnergyLevel.HIGH,
        Style.SENSUAL,
    )
    assert (turn.entry_state.hold, turn.exit_state.hold) == (Hold.CLOSED, Hold.OPEN)
    assert turn.estimated == ()
    assert turn.confidence == 1
    assert turn.session == "studio"
    assert turn.tempo == pytest.approx(120)
    assert "difficulty" in moves["basic_long_1"].estimated


def test_a_long_clip_gives_whole_eights_and_a_four_with_handles(ingested):
    stack, _, _ = ingested
    parts = [move for move in stack.catalogue.moves() if move.family == "basic"]
    assert [move.counts for move in parts] == [8, 8, 4]
    for move in parts:
        assert move.beat_times[0] == pytest.approx(1.0, abs=1e-6)
        assert move.duration - move.beat_times[-1] == pytest.approx(1.0, abs=0.05)


def test_vectors_are_of_unit_length(ingested):
    stack, _, _ = ingested
    for item in stack.catalogue.embedded_moves():
        for vector in (item.pose, item.audio, item.text):
            assert np.linalg.norm(np.frombuffer(vector, "<f4")) == pytest.approx(1, abs=1e-5)


def test_slot_vectors_match_the_eight_counts(ingested):
    from choreo.vectors.packing import from_base64

    stack, _, _ = ingested
    (song,) = stack.catalogue.songs()
    assert from_base64(song.slot_vectors, 128).shape == (len(song.analysis.eight_counts), 128)


def test_source_folders_are_never_written_to(sources, ingested):
    songs, _, before = sources
    root = songs.parent
    after = {path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in root.rglob("*")}
    assert after == before


def test_progress_ends_at_all(ingested):
    _, _, shown = ingested
    assert shown[-1] == ("ingesting", 1.0)


def test_a_second_run_changes_nothing_and_a_changed_word_only_its_move(sources, ingested, tmp_path):
    songs, moves, _ = sources
    stack, first, _ = ingested
    version = stack.catalogue.version()
    again = ingest(songs, moves, None, stack, workers=2)
    assert again.songs_made == again.moves_made == ()
    assert again.songs_unchanged == first.songs_made
    assert again.moves_unchanged == first.moves_made
    assert stack.catalogue.version() == version

    # One eight instead of all that fits: the parts that are gone are forgotten.
    changed = tmp_path / "words.csv"
    changed.write_text(MANIFEST.replace("hard,low,,,1.0,120", "beginner,low,,8,1.0,120"))
    third = ingest(None, moves, changed, stack, workers=1)
    assert third.moves_made == ("basic_long",)
    assert third.moves_unchanged == ("turn_1",)
    assert third.moves_removed == ("basic_long_1", "basic_long_2", "basic_long_3")
    assert {move.id for move in stack.catalogue.moves()} == {"basic_long", "turn_1"}


def test_a_run_that_is_killed_leaves_a_library_that_works(tmp_path):
    for number in range(6):
        write_clip(tmp_path / f"clips/step_{number}.mp4", seconds=4 + number / 10, size=(160, 90))
    rows = "".join(f"step_{number}.mp4,0.5,130\n" for number in range(6))
    (tmp_path / "clips/manifest.csv").write_text("file,first_count_at,tempo\n" + rows)
    program = (
        "import sys; sys.path.insert(0, sys.argv[3])\n"
        "from pathlib import Path\nfrom catalog_media import library\n"
        "from catalog.ingest import ingest\n"
        "if __name__ == '__main__':\n"
        "    ingest(None, Path(sys.argv[1]), None, library(Path(sys.argv[2])), workers=1,\n"
        "           progress=lambda what, share: print(what, share, flush=True))\n"
    )
    (tmp_path / "program.py").write_text(program)
    arguments = [tmp_path / "clips", tmp_path / "lib", Path(__file__).parent]
    running = subprocess.Popen(
        [sys.executable, tmp_path / "program.py", *arguments], stdout=subprocess.PIPE, text=True
    )
    for line in running.stdout:
        if line.startswith("ingesting") and float(line.split()[1]) >= 0.3:
            break
    running.send_signal(signal.SIGKILL)
    running.wait()
    running.stdout.close()

    stack = library(tmp_path / "lib")
    saved = stack.catalogue.moves()
    assert 2 <= len(saved) < 6
    for move in saved:
        assert stack.object_store().size(move.video_path)
    summary = ingest(None, tmp_path / "clips", None, stack, workers=1)
    assert len(summary.moves_made) == 6 - len(saved)
    assert len(stack.catalogue.moves()) == 6


def test_the_folder_of_a_killed_ingest_is_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for process in (gone.pid, os.getppid()):
        (tmp_path / f"choreo-ingest-{process}-abc").mkdir()
    with scratch_folder() as folder:
        assert folder.is_dir()
        left = {path.name for path in tmp_path.iterdir()} - {folder.name}
    assert left == {f"choreo-ingest-{os.getppid()}-abc"}
    assert not folder.exists()


def test_nothing_usable_is_said(tmp_path):
    (tmp_path / "moves").mkdir()
    (tmp_path / "moves/clip.mp4").write_text("no video")
    summary = ingest(None, tmp_path / "moves", None, library(tmp_path / "lib"), workers=1)
    assert not summary.usable


def test_a_folder_that_is_not_there_is_the_callers_fault(tmp_path):
    with pytest.raises(InvalidInput, match="is not a folder"):
        ingest(tmp_path / "nowhere", None, None, library(tmp_path / "lib"))


def test_the_template_can_be_read_back(sources, ingested, tmp_path):
    _, moves, _ = sources
    stack, _, _ = ingested
    ingest(None, moves, None, stack, workers=1, template=tmp_path / "template.csv")
    manifest = read_manifest(tmp_path / "template.csv")
    assert manifest.refusals == ()
    assert manifest.rows["turn/turn_1.mp4"].difficulty is Difficulty.ADVANCED
    with pytest.raises(InvalidInput, match="never written over"):
        ingest(None, moves, None, stack, template=tmp_path / "template.csv")


def crash(_argument):
    os._exit(3)


def double(argument):
    return 2 * argument


def test_a_file_that_kills_its_process_does_not_take_the_others_down():
    from catalog.workers import Crashed, run_all

    jobs = [(double, 1), (crash, "bad"), (double, 2), (double, 3)]
    outcomes = dict(run_all(jobs, 2))
    assert isinstance(outcomes.pop("bad"), Crashed)
    assert outcomes == {1: 2, 2: 4, 3: 6}
