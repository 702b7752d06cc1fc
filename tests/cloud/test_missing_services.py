"""A service that is not there: named with its remedy, the task in its true state, nothing lost.

Each part runs with the adapters of the cloud, against servers that refuse it as Google's do.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stamina
from cloud_paths import ROOT
from functions_framework import create_app
from google.api_core.exceptions import NotFound
from machine import BUCKET, Listener
from sqlalchemy import Engine

from benchmarks.planning_material import embed_moves, make_moves, make_song
from choreo.blueprint import Blueprint
from choreo.database.catalogue import SqlCatalogue
from choreo.database.engine import engine_for
from choreo.database.tasks import SqlTasks
from choreo.gcp.object_store import BucketStore
from choreo.local.planning_queue import push_body
from choreo.task import GenerationRequest, Phase, TaskStatus
from execution.run import FAILED, run

JOB = "projects/p/locations/l/jobs/choreo-render"
SECRET = "projects/p/secrets/choreo-gemini-api-key/versions/latest"
TOPIC = "projects/p/topics/nobody-made-it"
NOWHERE = "postgresql+pg8000://choreo@127.0.0.1:9/choreo"

STARTED = json.dumps(
    {
        "name": "projects/p/locations/l/operations/o",
        "metadata": {
            "@type": "type.googleapis.com/google.cloud.run.v2.Execution",
            "name": f"{JOB}/executions/e1",
        },
    }
).encode()

Function = Callable[..., Any]


@pytest.fixture
def database(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """A library of one song and some moves, without media."""
    shutil.copy(sqlite_template, tmp_path / "choreo.db")
    engine = engine_for(f"sqlite:///{tmp_path / 'choreo.db'}")
    catalogue = SqlCatalogue(engine)
    catalogue.save_song(make_song(parts=(("verse", 4, 0.5),)))
    catalogue.save_moves(embed_moves(make_moves(40)))
    yield engine
    engine.dispose()


@pytest.fixture
def tasks(database: Engine) -> SqlTasks:
    return SqlTasks(database)


@pytest.fixture
def planner(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Function:
    """Starts the planner with some variables and returns what delivers a task and says how it
    was answered: 200 is an acknowledgement."""

    def start(**variables: str) -> Callable[[str], int]:
        environment = {"LIBRARY": str(tmp_path), "RENDER_JOB": JOB, **variables}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        source = ROOT / "functions" / "planner" / "main.py"
        client = create_app("plan_choreography", str(source), "cloudevent").test_client()

        def deliver(task_id: str) -> int:
            body = push_body({"task_id": task_id})
            return client.post("/", data=body, content_type="application/json").status_code

        return deliver

    return start


@pytest.fixture
def handler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Function:
    """Starts the request handler with some variables and returns a client of it."""

    def start(**variables: str) -> Any:
        for name, value in {"LIBRARY": str(tmp_path), **variables}.items():
            monkeypatch.setenv(name, value)
        source = ROOT / "functions" / "request_handler" / "main.py"
        return create_app("handle", str(source), "http").test_client()

    return start


def refuse(listener: Listener, code: int, words: str) -> None:
    listener.status = code
    listener.words = json.dumps({"error": {"code": code, "message": words}}).encode()


def test_a_job_that_is_missing_fails_the_task_by_its_name(planner, tasks, listener) -> None:
    refuse(listener, 404, "Resource 'choreo-render' was not found")
    task_id = tasks.create(GenerationRequest(song_id="song")).id
    assert planner(JOBS_API_ENDPOINT=listener.url)(task_id) == 200
    task = tasks.get(task_id)
    assert task.status is TaskStatus.FAILED
    assert JOB in task.error
    assert "roles/run.jobsExecutorWithOverrides" in task.error


@pytest.mark.parametrize("code", [429, 503])
def test_a_quota_that_is_spent_leaves_the_task_to_another_delivery(
    planner, tasks, listener, code
) -> None:
    refuse(listener, code, "Quota exceeded for quota metric 'Job run requests'")
    deliver = planner(JOBS_API_ENDPOINT=listener.url)
    task_id = tasks.create(GenerationRequest(song_id="song")).id
    assert deliver(task_id) == 500
    assert tasks.get(task_id).status in (TaskStatus.PENDING, TaskStatus.RUNNING)
    planned = tasks.blueprint_json(task_id)
    assert planned is not None
    listener.status, listener.words = 200, STARTED
    assert deliver(task_id) == 200
    assert tasks.get(task_id).execution_name == f"{JOB}/executions/e1"
    assert tasks.blueprint_json(task_id) == planned


def test_a_secret_that_is_absent_fails_the_task_by_its_name(planner, tasks, monkeypatch) -> None:
    class Empty:
        def access_secret_version(self, **_: object) -> object:
            raise NotFound(f"Secret [{SECRET}] not found or has no versions.")

    monkeypatch.setattr("choreo.gcp.secrets._client", Empty)
    task_id = tasks.create(GenerationRequest(query="a slow bachata")).id
    assert planner(GEMINI_API_KEY_SECRET=SECRET)(task_id) == 200
    task = tasks.get(task_id)
    assert task.status is TaskStatus.FAILED
    assert SECRET in task.error
    assert "roles/secretmanager.secretAccessor" in task.error


def test_a_planner_without_its_database_acknowledges_nothing(planner) -> None:
    assert planner(DATABASE_URL=NOWHERE)("any") == 500


def test_a_request_handler_without_its_database_takes_nothing(handler, capfd) -> None:
    client = handler(DATABASE_URL=NOWHERE, PLANNER_URL="http://127.0.0.1:9")
    answer = client.post("/api/choreography/generate-from-song", json={"song_id": "song"})
    assert answer.status_code == 503
    assert "database" in capfd.readouterr().err


def test_a_topic_that_is_missing_keeps_the_task_for_the_sweeper(
    handler, database, tasks, pubsub_server, monkeypatch, capfd
) -> None:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub_server)
    answer = handler(PUBSUB_TOPIC=TOPIC).post(
        "/api/choreography/generate-with-ai", json={"query": "a slow bachata"}
    )
    assert answer.status_code == 202
    task_id = answer.get_json()["task_id"]
    said = capfd.readouterr().err
    assert TOPIC in said
    assert "roles/pubsub.publisher" in said
    assert tasks.get(task_id).status is TaskStatus.PENDING
    later = datetime.now(UTC) + timedelta(minutes=5)
    assert task_id in SqlTasks(database, lambda: later).sweep().to_publish


@pytest.mark.parametrize(
    ("code", "words", "ends"),
    [
        (403, "choreo-render-job does not have storage.objects.get access", True),
        (404, "The specified bucket does not exist.", True),
        (403, "Quota exceeded for quota metric 'Read requests'", False),
        (503, "Backend Error", False),
    ],
)
def test_a_bucket_that_refuses_ends_the_task_and_one_that_is_busy_does_not(
    tasks, listener, monkeypatch, code, words, ends
) -> None:
    refuse(listener, code, words)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", listener.url)
    monkeypatch.setattr("choreo.gcp.object_store._RETRY", None)
    task_id = tasks.create(GenerationRequest(song_id="song")).id
    claim = tasks.claim(task_id, Phase.PLAN)
    assert claim is not None
    tasks.store_plan(claim, plan_of(task_id))
    with stamina.set_testing(True, attempts=2, cap=True):
        status = run(
            tasks,
            BucketStore(BUCKET),
            task_id=task_id,
            blueprint_json="",
            scratch=None,
            stopping=lambda: False,
        )
    assert status == FAILED
    task = tasks.get(task_id)
    assert (task.status is TaskStatus.FAILED) == ends
    if ends:
        assert BUCKET in task.error
        assert "roles/storage.objectUser" in task.error


def plan_of(task_id: str) -> Blueprint:
    move = {
        "clip_id": "step",
        "video_path": "moves/step/clip.mp4",
        "start_time": 0.0,
        "duration": 1.0,
        "original_duration": 2.0,
        "trim_start": 0.5,
        "trim_end": 0.5,
        "transition_type": "cut",
    }
    return Blueprint.from_document(
        {
            "task_id": task_id,
            "audio_path": "songs/tone/tone.wav",
            "audio_tempo": 120,
            "moves": [move],
            "total_duration": 1.0,
            "difficulty_level": "beginner",
            "generation_timestamp": "2026-03-01T12:00:00Z",
            "generation_parameters": {},
            "output_config": {"output_path": f"outputs/{task_id}.mp4"},
        }
    )
