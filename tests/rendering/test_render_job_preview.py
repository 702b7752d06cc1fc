"""The job shows a small video first, and makes the whole one whatever becomes of it."""

import os
from pathlib import Path

import pytest
from barcodes import conformed_clip, move, noise_song, plan, write_wav

from choreo.database.tasks import SqlTasks
from choreo.local.object_store import FolderStore
from choreo.task import GenerationRequest, Phase, TaskStatus
from execution.run import DONE, run

pytestmark = pytest.mark.usefixtures("one_try")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    root = tmp_path / "store"
    (root / "moves").mkdir(parents=True)
    (root / "songs").mkdir()
    conformed_clip(root / "moves" / "c0.mp4", 0, 120)
    conformed_clip(root / "moves" / "c0_360p.mp4", 0, 120, (640, 360))
    write_wav(root / "songs" / "song.wav", noise_song(4))
    return FolderStore(root)


def planned(tasks: SqlTasks, preview: str | None) -> str:
    task = tasks.create(GenerationRequest(song_id="tone"))
    claim = tasks.claim(task.id, Phase.PLAN)
    assert claim is not None
    fields = {"preview_path": preview} if preview else {}
    moves = [move("c0", 2.0 * n, 2.0, trim_start=1.0, **fields) for n in range(2)]
    output = {"output_path": f"outputs/{task.id}.mp4"}
    tasks.store_plan(claim, plan(moves, task_id=task.id, output=output))
    return task.id


def followed(tasks: SqlTasks, store: FolderStore, task_id: str) -> None:
    code = run(
        tasks, store, task_id=task_id, blueprint_json="", scratch=None, stopping=lambda: False
    )
    assert code == DONE
    assert tasks.get(task_id).status is TaskStatus.COMPLETED


def test_the_small_video_comes_first_and_goes_when_the_whole_one_is_there(
    tasks: SqlTasks, store: FolderStore
) -> None:
    task_id = planned(tasks, "moves/c0_360p.mp4")
    seen = []
    publish = store.publish

    def noting(source: Path, path: str) -> int:
        seen.append((path, source.stat().st_size))
        return publish(source, path)

    store.publish = noting  # type: ignore[method-assign]  # looks on
    followed(tasks, store, task_id)
    assert [path for path, _ in seen] == [
        f"outputs/{task_id}.preview.mp4",
        f"outputs/{task_id}.mp4",
        f"outputs/{task_id}.joints",
    ]
    assert seen[0][1] > 5_000
    assert store.size(f"outputs/{task_id}.preview.mp4") is None


@pytest.mark.parametrize("preview", [None, "moves/absent.mp4", "moves/broken.mp4"])
def test_the_whole_video_needs_no_preview(
    tasks: SqlTasks, store: FolderStore, preview: str | None
) -> None:
    store.file_of("moves/c0.mp4").with_name("broken.mp4").write_bytes(os.urandom(9_000))
    task_id = planned(tasks, preview)
    followed(tasks, store, task_id)
    assert store.size(f"outputs/{task_id}.preview.mp4") is None
