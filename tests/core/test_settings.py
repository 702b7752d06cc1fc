"""Settings: read once, whole, and refused whole."""

from pathlib import Path

import pytest

from choreo.errors import InvalidSettings
from choreo.settings import Role, Settings

GOOD = {
    Role.REQUEST_HANDLER: {"PLANNER_URL": "http://127.0.0.1:8081/"},
    Role.PLANNER: {"RENDER_JOB": "projects/p/locations/l/jobs/j"},
    Role.JOB: {"TASK_ID": "task-1"},
    Role.CATALOG: {},
}


def faults_of(role: Role, **variables: str) -> tuple[str, ...]:
    with pytest.raises(InvalidSettings) as raised:
        Settings.from_env({**GOOD[role], **variables}, role)
    assert all(fault in str(raised.value) for fault in raised.value.faults)
    return raised.value.faults


@pytest.mark.parametrize("role", Role)
def test_each_role_needs_little_and_gets_defaults(role, tmp_path):
    settings = Settings.from_env({**GOOD[role], "LIBRARY": str(tmp_path)}, role)
    assert settings.media_root == tmp_path / "media"
    assert settings.database_url == f"sqlite:///{tmp_path / 'choreo.db'}"
    assert settings.embeddings_cache_ttl == 3600
    assert settings.vector_search_top_k == 20
    assert settings.faiss_use_gpu is settings.use_gcs is False
    assert settings.cloud_sql_ip == "private"
    assert settings.scratch is None


def test_every_fault_is_reported_at_once():
    faults = faults_of(
        Role.PLANNER,
        RENDER_JOB="render",
        USE_GCS="yes please",
        CLOUD_SQL_INSTANCE="choreo",
        CLOUD_SQL_IP="magic",
        DATABASE_URL="sqlite:///x.db",
        MOVE_EMBEDDINGS_CACHE_TTL="soon",
        VECTOR_SEARCH_TOP_K="0",
        FAISS_NPROBE="nan",
        GEMINI_API_KEY="a",
        GEMINI_API_KEY_SECRET="projects/p/secrets/s/versions/1",
        BLUEPRINT_VERSION="2.0",
    )
    for name in (
        "RENDER_JOB is 'render'; it must look like projects/P/locations/L/jobs/J",
        "USE_GCS is 'yes please'; it must be true or false",
        "DATABASE_URL and CLOUD_SQL_INSTANCE are set together",
        "CLOUD_SQL_INSTANCE is 'choreo'; it must look like",
        "CLOUD_SQL_IP is 'magic'; it must be one of private, public, psc",
        "DB_USER is missing",
        "MOVE_EMBEDDINGS_CACHE_TTL is 'soon'",
        "VECTOR_SEARCH_TOP_K is '0'; it must be a number from 1 to 1000",
        "FAISS_NPROBE is 'nan'",
        "GEMINI_API_KEY and GEMINI_API_KEY_SECRET are set together",
        "BLUEPRINT_VERSION is '2.0'",
    ):
        assert any(name in fault for fault in faults), name


@pytest.mark.parametrize(
    "variables", [{"PLANNER_URL": ""}, {"PUBSUB_TOPIC": "projects/p/topics/t"}]
)
def test_a_request_handler_has_exactly_one_queue(variables):
    assert faults_of(Role.REQUEST_HANDLER, **variables) == (
        "exactly one of PUBSUB_TOPIC and PLANNER_URL must be set",
    )


def test_a_planner_needs_a_job_and_a_job_needs_a_task():
    assert "RENDER_JOB is missing" in faults_of(Role.PLANNER, RENDER_JOB="")[0]
    assert "TASK_ID is missing" in faults_of(Role.JOB, TASK_ID="")[0]


def test_a_bucket_needs_its_name():
    assert "GCS_BUCKET_NAME is missing" in faults_of(Role.JOB, USE_GCS="true")[0]


def test_a_database_address_is_put_together_with_its_password_quoted():
    variables = {
        **GOOD[Role.JOB],
        "DB_HOST": "db.internal",
        "DB_PORT": "6432",
        "DB_NAME": "dances",
        "DB_USER": "api@demo",
        "DB_PASSWORD": "p@ss/w:rd",
    }
    settings = Settings.from_env(variables, Role.JOB)
    assert settings.database_url == (
        "postgresql+pg8000://api%40demo:p%40ss%2Fw%3Ard@db.internal:6432/dances"
    )


def test_secrets_are_not_shown():
    variables = {
        **GOOD[Role.JOB],
        "DATABASE_URL": "postgresql+pg8000://u:hidden@h/d",
        "DB_PASSWORD": "hidden",
        "GEMINI_API_KEY": "hidden",
        "BLUEPRINT_JSON": "hidden",
    }
    assert "hidden" not in repr(Settings.from_env(variables, Role.JOB))


def test_empty_and_blank_variables_are_no_variables():
    variables = {**GOOD[Role.JOB], "USE_GCS": " ", "SCRATCH_DIR": "", "LIBRARY": "  "}
    assert Settings.from_env(variables, Role.JOB).media_root == Path("library/media")
