"""A job that is told to stop while a part of it does not answer: it stops, and leaves nothing."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from tone_task import CLIP, SONG, planned, write_tone

from choreo import clip_format
from choreo.database.tasks import SqlTasks
from choreo.errors import MediaMissing
from choreo.local.object_store import FolderStore
from choreo.task import TaskStatus
from execution.run import DONE, FAILED, run

SMALL = "moves/step/clip_360p.mp4"

pytestmark = pytest.mark.usefixtures("one_try")


class Stalling(FolderStore):
    """A store whose answer about one object never comes while it is held."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root
        self.held: Callable[[str, str], bool] = lambda _call, _path: False
        self.begun: Callable[[], None] = lambda: None
        self.released = threading.Event()

    def fetch(self, path: str, to: Path) -> None:
        self._wait("fetch", path)
        super().fetch(path, to)

    def publish(self, file: Path, path: str) -> int:
        self._wait("publish", path)
        return super().publish(file, path)

    def outputs(self) -> list[Path]:
        return [file for file in self.root.rglob("outputs/**/*") if file.is_file()]

    def _wait(self, call: str, path: str) -> None:
        if self.held(call, path) and not self.released.is_set():
            self.begun()
            self.released.wait()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Stalling]:
    root = tmp_path / "store"
    for name, size in ((CLIP, (160, 90)), (SMALL, (640, 360))):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_clip(path, *size)
    write_tone(root / SONG)
    made = Stalling(root)
    yield made
    made.released.set()


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    made = tmp_path / "scratch"
    made.mkdir()
    return made


def stepping(tasks: SqlTasks, **changes: object) -> str:
    return planned(tasks, 2, of_each={"preview_path": SMALL}, **changes)


STAGES: dict[str, Callable[[str, str], bool]] = {
    "fetching the joints of an earlier video": lambda call, path: path.endswith(".joints"),
    "fetching small clips": lambda call, path: call == "fetch" and path == SMALL,
    "uploading the preview": lambda call, path: call == "publish" and "preview" in path,
    "fetching clips": lambda call, path: call == "fetch" and path == CLIP,
    "uploading the video": lambda call, path: call == "publish" and _is_whole(path),
    "uploading the joints": lambda call, path: call == "publish" and path.endswith(".joints"),
}


def _is_whole(path: str) -> bool:
    return path.endswith(".mp4") and not path.endswith(".preview.mp4")


def planned_at(stage: str, tasks: SqlTasks) -> str:
    if stage == "fetching the joints of an earlier video":
        return stepping(tasks, generation_parameters={"reroll": {"of": "earlier"}})
    return stepping(tasks)


@pytest.mark.parametrize("stage", STAGES)
def test_a_cancelled_task_does_not_wait_for_a_store_that_does_not_answer(
    tasks: SqlTasks, store: Stalling, scratch: Path, stage: str
) -> None:
    task_id = planned_at(stage, tasks)
    store.held = STAGES[stage]
    store.begun = lambda: tasks.cancel(task_id)
    code = run(
        tasks, store, task_id=task_id, blueprint_json="", scratch=scratch, stopping=lambda: False
    )
    assert code == DONE
    assert tasks.get(task_id).status is TaskStatus.CANCELLED
    assert not store.released.is_set()
    assert list(scratch.iterdir()) == []
    assert store.outputs() == []


@pytest.mark.parametrize("stage", ["fetching small clips", "fetching clips", "uploading the video"])
def test_a_stopping_machine_does_not_wait_either_and_the_next_one_goes_on(
    tasks: SqlTasks, store: Stalling, scratch: Path, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("execution.run.UPLOAD_SECONDS", 0.1)
    task_id = stepping(tasks)
    stopping = threading.Event()
    store.held = STAGES[stage]
    store.begun = stopping.set
    code = run(
        tasks, store, task_id=task_id, blueprint_json="", scratch=scratch, stopping=stopping.is_set
    )
    task = tasks.get(task_id)
    assert code == FAILED
    assert (task.status, task.lease_until) == (TaskStatus.RUNNING, None)
    assert list(scratch.iterdir()) == []
    store.held = lambda _call, _path: False
    again = run(
        tasks, store, task_id=task_id, blueprint_json="", scratch=scratch, stopping=lambda: False
    )
    assert again == DONE
    assert tasks.get(task_id).status is TaskStatus.COMPLETED
    assert list(scratch.iterdir()) == []


def test_an_upload_that_has_begun_may_end_when_the_machine_stops(
    tasks: SqlTasks, store: Stalling, scratch: Path
) -> None:
    task_id = stepping(tasks)
    stopping = threading.Event()

    def begun() -> None:
        stopping.set()
        threading.Timer(0.5, store.released.set).start()

    store.held, store.begun = STAGES["uploading the video"], begun
    code = run(
        tasks, store, task_id=task_id, blueprint_json="", scratch=scratch, stopping=stopping.is_set
    )
    assert code == DONE
    assert tasks.get(task_id).status is TaskStatus.COMPLETED


def test_working_files_that_have_no_place_hand_the_task_back(
    tasks: SqlTasks, store: Stalling, tmp_path: Path
) -> None:
    task_id = stepping(tasks)
    nowhere = tmp_path / "plain"
    nowhere.write_bytes(b"")
    code = run(
        tasks, store, task_id=task_id, blueprint_json="", scratch=nowhere, stopping=lambda: False
    )
    task = tasks.get(task_id)
    assert code == FAILED
    assert (task.status, task.lease_until) == (TaskStatus.RUNNING, None)


@pytest.mark.parametrize("missing", [CLIP, SONG])
def test_media_that_are_missing_are_named_with_their_place(
    tasks: SqlTasks, store: Stalling, scratch: Path, missing: str
) -> None:
    task_id = stepping(tasks)
    store.remove(missing)
    with pytest.raises(MediaMissing):
        store.fetch(missing, scratch / "none")
    code = run(
        tasks, store, task_id=task_id, blueprint_json="", scratch=scratch, stopping=lambda: False
    )
    error = tasks.get(task_id).error or ""
    assert code == FAILED
    assert error.startswith("moves[0] 'step'" if missing == CLIP else f"the song {SONG}: ")
    assert missing in error
    assert store.outputs() == []
    assert list(scratch.iterdir()) == []


def _write_clip(path: Path, width: int, height: int) -> None:
    with av.open(str(path), "w", format="mp4", options=clip_format.MP4_OPTIONS) as container:
        stream = clip_format.open_encoder(container, width, height)
        for number in range(60):
            picture = np.full((height * 3 // 2, width), 128, np.uint8)
            picture[:height] = (np.arange(width) + 5 * number) % 100 + 60
            frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    clip_format.seal(path)
