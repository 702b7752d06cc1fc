"""Helpers for tests that use parts of the machine: servers, databases, time."""

import fcntl
import itertools
import os
import shutil
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import text

from choreo.database.engine import engine_for

BUCKET = "choreo-media"

PATIENCE_SECONDS = 300.0
"""How long a test waits for what must come: only what is broken takes it on the busiest machine."""

_numbers = itertools.count()


def require(part: str | None, reason: str) -> str:
    """Return `part`; if it is None skip the test with `reason`, or fail it where CI=true."""
    if part is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"{reason} (it must be there where CI=true)")
        pytest.skip(reason)
    return part


def eventually(holds: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Return as soon as `holds()` is true; fail when it is not within a generous time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"did not become true within {seconds} s")
        time.sleep(0.02)


def own_copy(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of this test process with what `make` writes.

    Of the processes that run tests side by side one makes it, the others copy.
    """
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = shared / f"made-{name}"
    with (shared / f"made-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            begun = factory.mktemp(f"{name}-begun")
            make(begun)
            begun.rename(made)
    own = factory.mktemp(name)
    shutil.copytree(made, own, dirs_exist_ok=True)
    return own


def new_postgres_database(server: str, template: str = "template0", name: str | None = None) -> str:
    """Make a database on the server and return its URL."""
    name = name or f"test_{next(_numbers)}"
    engine = engine_for(server).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    engine.dispose()
    return f"{server.rsplit('/', 1)[0]}/{name}"


class Listener:
    """A real HTTP server that keeps what it is sent and answers as it is told.

    `answers` are the statuses of the next requests; when they are used up it answers with
    `status`, and always with `words` as body. While `released` is cleared its callers wait;
    `waiting` says how many do.
    """

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.times: list[float] = []
        self.answers: list[int] = []
        self.status = 204
        self.words = b""
        self.waiting = 0
        self.released = threading.Event()
        self.released.set()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                listener.times.append(time.monotonic())
                listener.paths.append(self.path)
                listener.bodies.append(body)
                listener.waiting += 1
                listener.released.wait(PATIENCE_SECONDS)
                listener.waiting -= 1
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
