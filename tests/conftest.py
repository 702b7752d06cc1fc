"""What the tests of several areas share: the parts of the machine that adapters are tried on.

Each part is started once per test process and only when a test asks for it. A part that the
machine lacks skips its tests with the reason; where `CI=true` says that it must be there, the
tests fail instead.
"""

import itertools
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from choreo.database.engine import engine_for
from choreo.database.migrate import upgrade
from local_emulators import gcs, postgres, pubsub

BUCKET = "choreo-media"

_numbers = itertools.count()


def require(part: str | None, reason: str) -> str:
    """Return `part`; if it is None skip the test with `reason`, or fail it where CI=true."""
    if part is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"{reason} (it must be there where CI=true)")
        pytest.skip(reason)
    return part


def eventually(holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Return as soon as `holds()` is true; fail when it is not within a generous time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"did not become true within {seconds} s")
        time.sleep(0.02)


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., None]:
    return eventually


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


def new_postgres_database(server: str, template: str = "template0", name: str | None = None) -> str:
    """Make a database on the server and return its URL."""
    name = name or f"test_{next(_numbers)}"
    engine = engine_for(server).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    engine.dispose()
    return f"{server.rsplit('/', 1)[0]}/{name}"


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


class Listener:
    """A real HTTP server that keeps what it is sent and answers as it is told.

    `answers` are the statuses of the next requests; when they are used up it answers with
    `status`, and always with `words` as body. While `released` is cleared its callers wait.
    """

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.times: list[float] = []
        self.answers: list[int] = []
        self.status = 204
        self.words = b""
        self.released = threading.Event()
        self.released.set()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                listener.times.append(time.monotonic())
                listener.paths.append(self.path)
                listener.bodies.append(body)
                listener.released.wait(20)
                self.send_response(listener.answers.pop(0) if listener.answers else listener.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(listener.words)))
                self.end_headers()
                self.wfile.write(listener.words)

            do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 - the base asks for these names

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Somebody who listens on a free port."""
    server = Listener()
    yield server
    server.close()
