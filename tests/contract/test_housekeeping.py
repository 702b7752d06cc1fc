"""A store keeps the videos of completed tasks for their days, and nothing else."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from machine import BUCKET
from samples import Clock, a_blueprint, a_request
from sqlalchemy import Engine

from choreo.database.tasks import LEASE, SqlTasks
from choreo.errors import Unavailable
from choreo.gcp.housekeeping import EVERY_SECONDS, BucketHousekeeping
from choreo.gcp.object_store import BucketStore
from choreo.local.housekeeping import FolderHousekeeping
from choreo.task import Phase, Rendered

DAYS = 30


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tasks(database: Engine, clock: Clock) -> SqlTasks:
    return SqlTasks(database, clock)


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    folder = tmp_path / "media" / "outputs"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def house(outputs: Path, tasks: SqlTasks, clock: Clock) -> FolderHousekeeping:
    return FolderHousekeeping(outputs.parent, tasks, DAYS, lambda: clock.now.timestamp())


def _write(file: Path, clock: Clock) -> Path:
    file.write_bytes(b"video")
    os.utime(file, (clock.now.timestamp(),) * 2)
    return file


def _rendering(tasks: SqlTasks):
    task_id = tasks.create(a_request()).id
    plan = tasks.claim(task_id, Phase.PLAN)
    assert plan is not None
    tasks.store_plan(plan, a_blueprint(task_id))
    claim = tasks.claim(task_id, Phase.RENDER)
    assert claim is not None
    return claim


def _complete(tasks: SqlTasks, claim) -> str:
    path = f"outputs/{claim.task_id}.mp4"
    tasks.complete(claim, Rendered(video_path=path, duration=7.5, file_size=5))
    return claim.task_id


def _left(outputs: Path) -> set[str]:
    return {file.name for file in outputs.iterdir()}


def test_a_video_stays_for_its_days_and_then_goes(house, tasks, outputs, clock) -> None:
    task_id = _complete(tasks, _rendering(tasks))
    _write(outputs / f"{task_id}.mp4", clock)
    before = tasks.get(task_id)
    clock.pass_(timedelta(days=DAYS))
    house.tidy()
    assert _left(outputs) == {f"{task_id}.mp4"}
    clock.pass_(timedelta(hours=1))
    house.tidy()
    assert not _left(outputs)
    assert tasks.get(task_id) == before


def test_with_no_days_set_videos_stay_for_good(tasks, outputs, clock) -> None:
    task_id = _complete(tasks, _rendering(tasks))
    _write(outputs / f"{task_id}.mp4", clock)
    clock.pass_(timedelta(days=5_000))
    FolderHousekeeping(outputs.parent, tasks, 0, lambda: clock.now.timestamp()).tidy()
    assert _left(outputs) == {f"{task_id}.mp4"}


def test_a_preview_goes_when_its_task_has_ended(house, tasks, outputs, clock) -> None:
    claim = _rendering(tasks)
    _write(outputs / f"{claim.task_id}.preview.mp4", clock)
    house.tidy()
    assert len(_left(outputs)) == 1, "it is shown while the whole video is rendered"
    _complete(tasks, claim)
    _write(outputs / f"{claim.task_id}.mp4", clock)
    _write(outputs / f"{claim.task_id}.joints", clock)
    clock.pass_(LEASE)
    house.tidy()
    assert _left(outputs) == {f"{claim.task_id}.mp4", f"{claim.task_id}.joints"}


def test_what_failed_and_cancelled_tasks_left_goes(house, tasks, outputs, clock) -> None:
    failed, cancelled = _rendering(tasks), _rendering(tasks)
    for claim in (failed, cancelled):
        _write(outputs / f"{claim.task_id}.mp4", clock)
        _write(outputs / f"{claim.task_id}.preview.mp4", clock)
        _write(outputs / f"{claim.task_id}.joints", clock)
    tasks.fail(failed, "the clip is corrupt")
    tasks.cancel(cancelled.task_id)
    house.tidy()
    assert not _left(outputs)


def test_many_outputs_are_looked_at_a_few_at_a_time(
    house, tasks, outputs, clock, monkeypatch
) -> None:
    monkeypatch.setattr("choreo.local.housekeeping.AT_ONCE", 2)
    asked: list[int] = []
    ended = tasks.ended
    monkeypatch.setattr(tasks, "ended", lambda ids: asked.append(len(ids)) or ended(ids))
    gone = [_rendering(tasks) for _ in range(5)]
    for claim in gone:
        tasks.fail(claim, "no")
        _write(outputs / f"{claim.task_id}.preview.mp4", clock)
    kept = _write(outputs / f"{_complete(tasks, _rendering(tasks))}.mp4", clock)
    house.tidy()
    assert _left(outputs) == {kept.name}
    assert asked == [2, 2, 2]


def test_the_interpreter_is_not_made_to_remember_the_names_of_outputs(
    house, tasks, outputs, clock, monkeypatch
) -> None:
    kept = _write(outputs / f"{_complete(tasks, _rendering(tasks))}.mp4", clock)
    joints = _write(kept.with_suffix(".joints"), clock)
    clock.pass_(2 * LEASE)
    remembered: list[str] = []
    intern = sys.intern
    monkeypatch.setattr(sys, "intern", lambda text: remembered.append(text) or intern(text))
    house.tidy()
    monkeypatch.undo()
    assert not {kept.name, joints.name} & set(remembered)
    assert _left(outputs) == {kept.name, joints.name}


def test_an_unfinished_file_goes_once_its_writer_must_be_dead(house, outputs, clock) -> None:
    _write(outputs / ".0123456789abcdef.part", clock)
    house.tidy()
    assert len(_left(outputs)) == 1
    clock.pass_(LEASE + timedelta(seconds=1))
    house.tidy()
    assert not _left(outputs)


def test_a_video_of_no_known_task_stays_for_its_days(house, outputs, clock) -> None:
    _write(outputs / "holiday.mp4", clock)
    house.tidy()
    assert _left(outputs) == {"holiday.mp4"}


def test_a_store_without_outputs_is_tidy(tasks, tmp_path) -> None:
    FolderHousekeeping(tmp_path / "nowhere", tasks, DAYS).tidy()


def test_joints_go_with_their_video(
    outputs: Path, house: FolderHousekeeping, tasks: SqlTasks, clock: Clock
) -> None:
    kept = _complete(tasks, _rendering(tasks))
    for name in (kept, "gone"):
        _write(outputs / f"{name}.joints", clock)
    _write(outputs / f"{kept}.mp4", clock)
    clock.now += LEASE + timedelta(seconds=1)
    house.tidy()
    assert sorted(file.name for file in outputs.iterdir()) == [f"{kept}.joints", f"{kept}.mp4"]


# A bucket: its lifecycle sees to the days, a task's end is ours.


@pytest.fixture
def bucket(bucket_server: str, monkeypatch: pytest.MonkeyPatch) -> BucketStore:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket_server)
    return BucketStore(BUCKET)


def _publish(store: BucketStore, task_id: str, file: Path) -> list[str]:
    file.write_bytes(b"video")
    paths = [f"outputs/{task_id}{end}" for end in (".mp4", ".preview.mp4", ".joints")]
    for path in paths:
        store.publish(file, path)
    return paths


def test_a_bucket_keeps_what_open_and_completed_tasks_need(
    bucket: BucketStore, tasks: SqlTasks, tmp_path: Path
) -> None:
    claims = {name: _rendering(tasks) for name in ("open", "done", "failed", "cancelled")}
    paths = {
        name: _publish(bucket, claim.task_id, tmp_path / "v") for name, claim in claims.items()
    }
    _complete(tasks, claims["done"])
    tasks.fail(claims["failed"], "the clip is corrupt")
    tasks.cancel(claims["cancelled"].task_id)
    bucket.publish(tmp_path / "v", f"songs/{claims['failed'].task_id}.mp4")
    stranger = f"outputs/{claims['open'].task_id}x.mp4"
    bucket.publish(tmp_path / "v", stranger)
    BucketHousekeeping(BUCKET, tasks).tidy()
    left = {name: [bucket.size(path) is not None for path in paths[name]] for name in paths}
    assert left == {
        "open": [True, True, True],
        "done": [True, False, True],
        "failed": [False, False, False],
        "cancelled": [False, False, False],
    }
    assert bucket.size(f"songs/{claims['failed'].task_id}.mp4") == 5
    assert bucket.size(stranger) == 5


def test_a_bucket_is_read_once_an_hour(
    bucket: BucketStore, tasks: SqlTasks, tmp_path: Path
) -> None:
    now = [0.0]
    house = BucketHousekeeping(BUCKET, tasks, lambda: now[0])
    house.tidy()
    claim = _rendering(tasks)
    video, *_ = _publish(bucket, claim.task_id, tmp_path / "v")
    tasks.fail(claim, "the clip is corrupt")
    now[0] = EVERY_SECONDS - 1
    house.tidy()
    assert bucket.size(video) == 5
    now[0] = EVERY_SECONDS
    house.tidy()
    assert bucket.size(video) is None


@pytest.mark.parametrize("reason", ["no bucket", "no database"])
def test_a_bucket_that_cannot_be_tidied_is_noted_and_stops_no_sweep(
    bucket: BucketStore,
    tasks: SqlTasks,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    reason: str,
) -> None:
    claim = _rendering(tasks)
    video, *_ = _publish(bucket, claim.task_id, tmp_path / "v")
    tasks.fail(claim, "the clip is corrupt")

    def away(*_: object) -> None:
        raise Unavailable("the database does not answer")

    if reason == "no database":
        monkeypatch.setattr(tasks, "ended", away)
    BucketHousekeeping(BUCKET if reason == "no database" else "nowhere", tasks).tidy()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert bucket.size(video) == 5
