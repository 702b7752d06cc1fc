"""Nothing that is secret is written down by the planner or the job, whatever goes wrong.

The request handler's own log is read in `test_intake_server.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from machine import PATIENCE_SECONDS

from choreo.database.engine import engine_for
from choreo.database.tables import metadata
from choreo.database.tasks import SqlTasks
from choreo.task import GenerationRequest

ROOT = Path(__file__).parents[2]

SECRETS = {
    "DB_PASSWORD": "the-password-of-the-database",
    "GEMINI_API_KEY": "the-key-of-the-language-model",
    "API_TOKEN": "anna:the-token-of-anna-0123456789",
}

PLAN = """
import sys
sys.path.insert(0, "functions/planner")
import main
from cloudevents.http import CloudEvent
from choreo.local.planning_queue import push_body
import json
body = json.loads(push_body({"task_id": sys.argv[1]}))
kind = "google.cloud.pubsub.topic.v1.messagePublished"
event = CloudEvent({"type": kind, "source": "test"}, body)
main.plan_choreography(event)
"""


def written(command: list[str], environment: dict[str, str]) -> str:
    """Run a part of the product and return everything that it wrote."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
            **SECRETS,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return done.stdout + done.stderr


def assert_discreet(text: str) -> None:
    assert text, "something was written down"
    for secret in SECRETS.values():
        assert secret.rpartition(":")[2] not in text


AWAY = {"DB_HOST": "127.0.0.1", "DB_PORT": "9", "DB_USER": "choreo"}


def test_a_job_without_its_database_does_not_tell_the_password() -> None:
    text = written(["job_image/main.py"], {"TASK_ID": "0" * 32, **AWAY})
    assert "database" in text
    assert_discreet(text)


def test_a_job_with_wrong_settings_does_not_tell_them(tmp_path: Path) -> None:
    wrong = {"TASK_ID": "x", "USE_GCS": "perhaps", "LIBRARY": str(tmp_path), "DB_PORT": "none"}
    assert_discreet(written(["job_image/main.py"], {**AWAY, **wrong}))


@pytest.mark.parametrize("away", [True, False], ids=["no database", "no model that answers"])
def test_a_planner_whose_parts_are_away_does_not_tell_its_secrets(
    tmp_path: Path, away: bool
) -> None:
    url = f"sqlite:///{tmp_path / 'choreo.db'}"
    engine = engine_for(url)
    metadata.create_all(engine)
    task = SqlTasks(engine).create(GenerationRequest(query="una bachata")).id
    environment = AWAY if away else {"DATABASE_URL": url}
    text = written(
        ["-c", PLAN, task],
        {
            **environment,
            "LIBRARY": str(tmp_path),
            "JOB_PYTHON": sys.executable,
            "JOB_SCRIPT": "none.py",
            "GEMINI_API_ENDPOINT": "127.0.0.1:9",
        },
    )
    assert_discreet(text)
