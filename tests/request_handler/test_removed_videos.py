"""A completed task whose video was removed says so, and gives no address that leads nowhere."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from intake_world import TASKS, World
from samples import a_blueprint, a_request

from choreo.database.engine import engine_for
from choreo.database.tasks import SqlTasks
from choreo.errors import Unavailable
from choreo.local.object_store import FolderStore
from choreo.task import Phase, Rendered


def _completed(world: World, days_ago: float) -> str:
    then = datetime.now(UTC) - timedelta(days=days_ago)
    tasks = SqlTasks(engine_for(f"sqlite:///{world.database}"), lambda: then)
    task_id = tasks.create(a_request()).id
    plan = tasks.claim(task_id, Phase.PLAN)
    assert plan is not None
    tasks.store_plan(plan, a_blueprint(task_id))
    claim = tasks.claim(task_id, Phase.RENDER)
    assert claim is not None
    path = f"outputs/{task_id}.mp4"
    tasks.complete(claim, Rendered(video_path=path, duration=7.5, file_size=5))
    return task_id


def _write_video(world: World, task_id: str) -> None:
    file = Path(world.media) / "outputs" / f"{task_id}.mp4"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"video")


def _poll(world: World, task_id: str) -> dict:
    answer = world.client.get(f"/api/choreography/tasks/{task_id}")
    assert answer.status_code == 200
    return answer.get_json()


def test_after_its_days_the_task_tells_when_the_video_went(world: World) -> None:
    task_id = _completed(world, days_ago=31)
    task = _poll(world, task_id)
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    assert task["status"] == "completed"
    assert task["video_url"] is None
    assert task["message"] == (
        f"The video was removed on {yesterday} after 30 days; generate it again"
    )


def test_a_removed_video_is_gone_for_downloads_too(world: World) -> None:
    gone = world.client.get(f"{TASKS}{_completed(world, days_ago=31)}/download")
    assert (gone.status_code, gone.get_json()["type"]) == (410, "urn:choreo:problem:video-removed")
    early = world.client.get(f"{TASKS}{world.task_id()}/download")
    assert (early.status_code, early.get_json()["type"]) == (404, "urn:choreo:problem:no-video")


@pytest.mark.parametrize("name", ["Mi baile ñ.mp4", "", "a\r\nX-Evil: 1", "x" * 900, "../../etc"])
def test_a_download_is_named_as_wished_or_harmlessly(world: World, name: str) -> None:
    task_id = _completed(world, days_ago=1)
    _write_video(world, task_id)
    saved = world.client.get(
        f"{TASKS}{task_id}/download", query_string={"name": name}, follow_redirects=True
    )
    assert saved.data == b"video"
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert "X-Evil" not in saved.headers


def test_a_video_that_went_early_is_not_said_to_be_old(world: World) -> None:
    task = _poll(world, _completed(world, days_ago=1))
    assert (task["status"], task["video_url"]) == ("completed", None)
    assert task["message"] == "The video is no longer there; generate it again"


def test_an_old_video_that_is_still_there_plays(world: World) -> None:
    task_id = _completed(world, days_ago=31)
    _write_video(world, task_id)
    task = _poll(world, task_id)
    assert world.client.get(task["video_url"]).data == b"video"


def test_a_store_that_does_not_answer_is_no_missing_video(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = _completed(world, days_ago=1)

    def away(*_: object) -> int:
        raise Unavailable("the store does not answer")

    monkeypatch.setattr(FolderStore, "size", away)
    assert _poll(world, task_id)["video_url"]
