"""The server that really serves, as a child process, and plain bytes sent to it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from intake_world import SOURCE, WITH_AI
from machine import PATIENCE_SECONDS

from choreo.database.engine import engine_for
from choreo.database.tables import metadata
from choreo.database.tasks import SqlTasks
from local_emulators.processes import free_port

ROOT = SOURCE.parents[2]

IMAGE = (SOURCE.parent / "Dockerfile").read_text()

[THREADS] = re.findall(r"^ENV THREADS=([0-9]+)$", IMAGE, re.MULTILINE)
"""How many requests the request handler's image works on at once."""

CLOUD, LOCAL = ("-m", "functions_framework"), ("-m", "local_emulators.function_server")
"""What serves the function in its image, and in the local stack."""

LONG = "/media/outputs/long.mp4"
"""More than the system keeps for a client that does not read."""

TOKEN, KEY = "the-secret-token-0123456789", "the-secret-key-of-gemini"
PASSWORD = "the-secret-password"

BODY = b'{"query": "una bachata"}'
HEAD = (
    f"POST {WITH_AI} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    "Content-Type: application/json\r\n"
).encode()

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Server:
    """A running server."""

    port: int
    log: Path
    tasks: SqlTasks

    def send(self, *parts: bytes, wait: float = 3.0) -> bytes:
        """Send bytes as they are and return all that is answered."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as wire:
            answer = b""
            try:
                for part in parts:
                    wire.sendall(part)
                wire.shutdown(socket.SHUT_WR)
                while chunk := wire.recv(65_536):
                    answer += chunk
            except (TimeoutError, ConnectionError):
                pass  # a server may hang up on nonsense
        return answer


@contextmanager
def running(
    folder: Path, command: tuple[str, ...], *more: str, threads: str = THREADS
) -> Iterator[Server]:
    """Serve the request handler from a new library in `folder` until the block ends."""
    url = f"sqlite:///{folder / 'choreo.db'}"
    engine = engine_for(url)
    metadata.create_all(engine)
    long = folder / LONG.replace("/media", "media", 1)
    long.parent.mkdir(parents=True)
    with long.open("wb") as hollow:
        hollow.truncate(64 << 20)
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "src"),
        "DATABASE_URL": url,
        "LIBRARY": str(folder),
        "PLANNER_URL": "http://127.0.0.1:9/",
        "API_TOKEN": f"anna:{TOKEN}",
        "GEMINI_API_KEY": KEY,
        "DB_PASSWORD": PASSWORD,
        "THREADS": threads,
    }
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, *command, "--target", "handle", "--source", str(SOURCE)),
                *("--host", "127.0.0.1", "--port", str(port), *more),
            ],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            found = Server(port, log, SqlTasks(engine))
            deadline = time.monotonic() + PATIENCE_SECONDS
            while True:
                try:
                    assert found.send(HEALTH)
                    break
                except ConnectionError:
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.05)
            yield found
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)
            engine.dispose()


def statuses(answer: bytes) -> list[int]:
    """Return the status of each answer on one connection."""
    return [int(part.split(b" ", 1)[0]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def with_length(length: int | str) -> bytes:
    """Return the header that says how long a body is."""
    return f"Content-Length: {length}\r\n".encode()


CHUNKED = b"Transfer-Encoding: chunked\r\n"
