"""What one execution of the render job does with its task, its media and its exit code."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import stamina
from machine import PATIENCE_SECONDS
from sqlalchemy import Engine
from tone_task import plan_document, planned, write_tone

from choreo.database.tasks import SqlTasks
from choreo.errors import AlreadyPublished, ClaimLost, InvalidBlueprint, Unavailable, UnknownTask
from choreo.local.object_store import FolderStore
from choreo.task import TaskStatus
from execution.run import DONE, FAILED, run

JOB = Path(__file__).resolve().parents[2] / "job_image" / "main.py"

CLIP_SECONDS, SHOWN_SECONDS = 2.0, 1.0
MOVES = 3


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one song and one small clip."""
    folder = tmp_path_factory.mktemp("media")
    _write_clip(folder / "moves" / "step" / "clip.mp4")
    write_tone(folder / "songs" / "tone" / "tone.wav")
    return folder


@pytest.fixture
def store(media: Path, tmp_path: Path) -> FolderStore:
    """An own store that holds links to the media."""
    root = tmp_path / "store"
    for file in media.rglob("*.*"):
        target = root / file.relative_to(media)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, target)
    return FolderStore(root)


@pytest.fixture(autouse=True)
def retries_without_waiting():
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def _run(tasks: SqlTasks, store: FolderStore, task_id: str, **changes: object) -> int:
    arguments = {"blueprint_json": "", "scratch": None, "stopping": lambda: False, **changes}
    return run(tasks, store, task_id=task_id, **arguments)


def test_a_planned_task_ends_with_its_video(tasks: SqlTasks, store: FolderStore) -> None:
    task_id = planned(tasks, MOVES)
    assert _run(tasks, store, task_id) == DONE
    task = tasks.get(task_id)
    assert task.status is TaskStatus.COMPLETED
    assert task.duration == pytest.approx(MOVES * SHOWN_SECONDS, abs=0.05)
    assert task.video_path == f"outputs/{task_id}.mp4"
    assert task.file_size == store.size(task.video_path)
    assert task.quality is not None
    assert task.quality["moves"] == MOVES
    assert task.quality["frames"] == 90


def test_a_second_execution_finds_nothing_to_do(tasks: SqlTasks, store: FolderStore) -> None:
    task_id = planned(tasks, MOVES)
    _run(tasks, store, task_id)
    before = tasks.get(task_id)
    assert _run(tasks, store, task_id) == DONE
    assert tasks.get(task_id) == before


def test_the_blueprint_of_the_environment_is_followed(tasks: SqlTasks, store: FolderStore) -> None:
    task_id = planned(tasks, MOVES)
    text = tasks.blueprint_json(task_id) or ""
    assert _run(tasks, store, "", blueprint_json=text) == DONE
    assert tasks.get(task_id).status is TaskStatus.COMPLETED


def test_an_invalid_blueprint_fails_the_task_before_anything_is_fetched(
    tasks: SqlTasks, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = planned(tasks, MOVES)
    document = plan_document(task_id, MOVES)
    document["moves"][0]["video_path"] = "../../etc/passwd"
    document["moves"][1]["duration"] = -1
    document["total_duration"] = 0
    monkeypatch.setattr(store, "fetch", lambda *_: pytest.fail("something was fetched"))
    with pytest.raises(InvalidBlueprint):
        _run(tasks, store, task_id, blueprint_json=json.dumps(document))
    error = tasks.get(task_id).error or ""
    for fault in ("moves[0].video_path", "moves[1].duration", "total_duration"):
        assert fault in error


def test_a_blueprint_of_another_task_is_refused(tasks: SqlTasks, store: FolderStore) -> None:
    mine, other = planned(tasks, MOVES), planned(tasks, MOVES)
    text = tasks.blueprint_json(other) or ""
    assert _run(tasks, store, mine, blueprint_json=text) == FAILED
    assert "task_id" in (tasks.get(mine).error or "")


def test_missing_media_are_asked_for_three_times_and_named(
    tasks: SqlTasks, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = planned(tasks, MOVES)
    store.remove("moves/step/clip.mp4")
    asked = []
    fetch = store.fetch

    def counted(path: str, to: Path) -> None:
        asked.append(path)
        fetch(path, to)

    monkeypatch.setattr(store, "fetch", counted)
    assert _run(tasks, store, task_id) == FAILED
    assert asked.count("moves/step/clip.mp4") == 3
    assert "moves/step/clip.mp4" in (tasks.get(task_id).error or "")


@pytest.mark.parametrize("present", [True, False])
def test_every_song_of_a_medley_is_fetched_or_named(
    tasks: SqlTasks, store: FolderStore, present: bool
) -> None:
    second = {"audio_path": "songs/other.wav", "audio_start": 0.5, "audio_tempo": 120}
    task_id = planned(tasks, MOVES, medley=[{**second, "start_time": SHOWN_SECONDS}])
    if present:
        store.publish(store.file_of("songs/tone/tone.wav"), "songs/other.wav")
    assert _run(tasks, store, task_id) == (DONE if present else FAILED)
    assert ("songs/other.wav" in (tasks.get(task_id).error or "")) is not present


def test_corrupt_media_fail_the_task_by_the_place_in_the_plan(
    tasks: SqlTasks, store: FolderStore
) -> None:
    task_id = planned(tasks, MOVES)
    clip = store.file_of("moves/step/clip.mp4")
    clip.unlink()
    clip.write_bytes(os.urandom(20_000))
    assert _run(tasks, store, task_id) == FAILED
    task = tasks.get(task_id)
    assert task.status is TaskStatus.FAILED
    assert "moves[0]" in (task.error or "")


def test_a_render_that_uses_too_much_processor_time_fails_with_that_reason(
    tasks: SqlTasks, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, cancelled: Callable[[], bool], **__: object) -> None:
        while not cancelled():
            sum(range(10_000))
        raise ClaimLost("the task was taken away")

    monkeypatch.setattr("execution.run.render", busy)
    task_id = planned(tasks, MOVES)
    assert _run(tasks, store, task_id, cpu_seconds=1) == DONE
    task = tasks.get(task_id)
    assert task.status is TaskStatus.FAILED
    assert "more than 1 seconds of processor time" in (task.error or "")


def test_a_render_without_memory_fails_with_that_reason(
    tasks: SqlTasks, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def greedy(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("execution.run.render", greedy)
    task_id = planned(tasks, MOVES)
    assert _run(tasks, store, task_id) == FAILED
    task = tasks.get(task_id)
    assert task.status is TaskStatus.FAILED
    assert "more memory than one may take" in (task.error or "")


def test_a_store_that_is_away_hands_the_task_back(
    tasks: SqlTasks, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = planned(tasks, MOVES)

    def away(*_: object) -> None:
        raise Unavailable("the store does not answer")

    monkeypatch.setattr(store, "fetch", away)
    assert _run(tasks, store, task_id) == FAILED
    task = tasks.get(task_id)
    assert (task.status, task.lease_until) == (TaskStatus.RUNNING, None)
    monkeypatch.undo()
    assert _run(tasks, store, task_id) == DONE


def test_a_video_that_an_earlier_attempt_published_is_taken(
    tasks: SqlTasks, store: FolderStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    task_id = planned(tasks, MOVES)
    earlier = tmp_path / "earlier.mp4"
    earlier.write_bytes(b"the same plan's video")
    store.publish(earlier, f"outputs/{task_id}.mp4")
    with pytest.raises(AlreadyPublished):
        store.publish(earlier, f"outputs/{task_id}.mp4")
    assert _run(tasks, store, task_id) == DONE
    assert tasks.get(task_id).file_size == len(b"the same plan's video")


def test_a_cancelled_task_stops_and_leaves_nothing(
    tasks: SqlTasks, store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = planned(tasks, MOVES)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    fetch = store.fetch

    def cancelled_meanwhile(path: str, to: Path) -> None:
        tasks.cancel(task_id)
        threading.Event().wait(1.5)  # a heartbeat comes once a second
        fetch(path, to)

    monkeypatch.setattr(store, "fetch", cancelled_meanwhile)
    assert _run(tasks, store, task_id, scratch=scratch) == DONE
    assert tasks.get(task_id).status is TaskStatus.CANCELLED
    assert store.size(f"outputs/{task_id}.mp4") is None
    assert not list(scratch.iterdir())


def test_a_stopping_machine_hands_the_task_back(tasks: SqlTasks, store: FolderStore) -> None:
    task_id = planned(tasks, MOVES)
    assert _run(tasks, store, task_id, stopping=lambda: True) == FAILED
    task = tasks.get(task_id)
    assert (task.status, task.lease_until) == (TaskStatus.RUNNING, None)


def test_an_unknown_task_is_an_error(tasks: SqlTasks, store: FolderStore) -> None:
    with pytest.raises(UnknownTask):
        _run(tasks, store, "nobody")


# The entrypoint, in a process of its own.


def _process(store: FolderStore, engine: Engine, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(JOB)],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(JOB.parents[1] / "src"),
            "DATABASE_URL": str(engine.url),
            "MEDIA_ROOT": str(store.file_of("songs/tone/tone.wav").parents[2]),
            **variables,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_process_ends_with_0_and_says_so_in_json(
    tasks: SqlTasks, store: FolderStore, engine: Engine
) -> None:
    task_id = planned(tasks, MOVES)
    process = _process(store, engine, TASK_ID=task_id)
    words, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, words
    assert tasks.get(task_id).status is TaskStatus.COMPLETED
    lines = [json.loads(line) for line in words.splitlines()]
    assert all(line["task_id"] == task_id for line in lines)


def test_the_process_refuses_a_bad_blueprint_with_1_and_every_fault(
    store: FolderStore, engine: Engine
) -> None:
    document = plan_document("t", MOVES)
    document["audio_path"] = "/etc/passwd"
    document["moves"][2]["start_time"] = 9
    process = _process(store, engine, TASK_ID="t", BLUEPRINT_JSON=json.dumps(document))
    words, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "audio_path" in words


def test_the_process_without_a_task_says_what_is_missing(
    store: FolderStore, engine: Engine
) -> None:
    process = _process(store, engine)
    words, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "TASK_ID is missing" in words


def test_the_process_hands_the_task_back_on_sigterm_and_leaves_nothing(
    tasks: SqlTasks,
    store: FolderStore,
    engine: Engine,
    eventually: Callable[..., None],
    tmp_path: Path,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    task_id = planned(tasks, 400)
    process = _process(store, engine, TASK_ID=task_id, SCRATCH_DIR=str(scratch))
    eventually(lambda: tasks.get(task_id).progress > 25)
    process.send_signal(signal.SIGTERM)
    words, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1, words
    task = tasks.get(task_id)
    assert (task.status, task.lease_until) == (TaskStatus.RUNNING, None)
    assert list(scratch.iterdir()) == []
    assert store.size(f"outputs/{task_id}.mp4") is None
    left = [file for file in tmp_path.rglob("*") if file.name.endswith((".part", ".joints"))]
    assert left == []


def _write_clip(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for index in range(round(CLIP_SECONDS * 30)):
            picture = np.full((90, 160, 3), (40 + 3 * index, 120, 90), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
