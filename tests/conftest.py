"""What the tests of several areas share: the parts of the machine that adapters are tried on.

Each part is started once per test process and only when a test asks for it. A part that the
machine lacks skips its tests with the reason; where `CI=true` says that it must be there, the
tests fail instead.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stamina
from hypothesis import HealthCheck, settings
from machine import (
    BUCKET,
    PATIENCE_SECONDS,
    Listener,
    eventually,
    new_postgres_database,
    require,
)
from playwright.sync_api import Browser, Error, expect, sync_playwright
from sqlalchemy import Engine

from choreo.database.engine import engine_for
from choreo.database.migrate import upgrade
from choreo.database.tasks import SqlTasks
from local_emulators import gcs, postgres, pubsub


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., None]:
    return eventually


# A busy machine is no fault of the code under test.
settings.register_profile(
    "busy", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("busy")
expect.set_options(timeout=1000 * PATIENCE_SECONDS)


# Databases.


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: migrating takes longer than most tests."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = engine_for(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server's maintenance database."""
    programs = require(postgres.available(), "there are no PostgreSQL programs on this machine")
    with postgres.running(programs) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a migrated database to copy."""
    engine = engine_for(new_postgres_database(postgres_server, name="template_migrated"))
    upgrade(engine)
    engine.dispose()
    return "template_migrated"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an own, migrated, empty database of each kind."""
    if request.param == "sqlite":
        file = tmp_path / "choreo.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        return f"sqlite:///{file}"
    template = request.getfixturevalue("postgres_template")
    return new_postgres_database(request.getfixturevalue("postgres_server"), template)


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """An engine on `database_url`."""
    engine = engine_for(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(sqlite_template: Path, tmp_path: Path) -> Engine:
    """An engine on an own, migrated, empty SQLite database."""
    file = tmp_path / "choreo.db"
    shutil.copy(sqlite_template, file)
    return engine_for(f"sqlite:///{file}")


@pytest.fixture
def tasks(engine: Engine) -> SqlTasks:
    """The tasks of `engine`."""
    return SqlTasks(engine)


@pytest.fixture
def one_try() -> Iterator[None]:
    """What fails is not tried again."""
    with stamina.set_testing(True, attempts=1, cap=True):
        yield


# Services that imitate the cloud.


@pytest.fixture(scope="session")
def bucket_server() -> Iterator[str]:
    """The URL of a server that speaks Cloud Storage's protocol and has the bucket `BUCKET`."""
    program = require(gcs.available(), "there is no bucket server for this machine")
    with gcs.running(program, BUCKET) as url:
        yield url


@pytest.fixture(scope="session")
def pubsub_server() -> Iterator[str]:
    """The `host:port` of a Pub/Sub emulator."""
    archive = require(pubsub.available(), "the Google Cloud SDK's Pub/Sub emulator is not here")
    with pubsub.running(archive) as address:
        yield address


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Somebody who listens on a free port."""
    server = Listener()
    yield server
    server.close()


# Not for the session: a process can run one Playwright at a time, and some tests start their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    with sync_playwright() as playwright:
        fault, found = "", None
        try:
            found = playwright.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
                args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
            )
        except Error as exc:
            fault = exc.message.splitlines()[0]
        require("chromium" if found else None, f"no Chromium here: {fault}")
        assert found is not None
        yield found
        found.close()
