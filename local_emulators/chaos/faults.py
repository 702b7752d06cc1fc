"""What goes wrong, at random times from a seed."""

import base64
import contextlib
import json
import os
import random
import signal
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from choreo.local.planning_queue import push_body
from local_emulators.postgres import Server
from local_emulators.processes import Child, Service
from local_emulators.stack import RENDER_JOB, LocalStack

JOB = "job_image/main.py"

SERVICES = ("planner", "request_handler", "jobs", "queue")

GAP_SECONDS = 2.5
"""Between two faults, on average; a cold start of the planner takes about as long."""

STILL_SECONDS = 60.0
"""The longest wait for a task to end between two faults: where the machine has little time for the
run, work and faults slow down together, but faults do not stop."""


class Queue:
    """The relay as a process, beside the stack's own services."""

    def __init__(self, service: Service, log: TextIO) -> None:
        self._service, self._log = service, log
        self.child = self._start()

    def restart_if_ended(self) -> None:
        """Start it again after a kill."""
        if not self.child.running:
            self.child = self._start()

    def _start(self) -> Child:
        child = Child(self._service, self._log)
        child.wait_until_ready()
        return child


class Faults:
    """Breaks things until it is told to end.

    Args:

        stack: Whose services are broken.

        queue: The relay.

        library: The stack's library; its jobs are known by it.

        database: The server, or None for SQLite in the library.

        open_tasks: Gives ids of tasks that were asked for, the newest last.

        ended: Counts the tasks that have ended.

        lease: Seconds; pauses are longer and shorter than it.

        chances: Where the times and kinds come from.
    """

    def __init__(
        self,
        stack: LocalStack,
        queue: Queue,
        library: Path,
        database: Server | None,
        open_tasks: Callable[[], Sequence[str]],
        ended: Callable[[], int],
        lease: float,
        chances: random.Random,
    ) -> None:
        self._stack, self._queue, self._library = stack, queue, library
        self._database, self._open_tasks = database, open_tasks
        self._ended, self._lease, self._chances = ended, lease, chances
        self.done: Counter[str] = Counter()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)
        self.failure: BaseException | None = None
        self.crashes: list[str] = []
        """Services that ended though nobody ended them."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Stop breaking things and mend what is broken."""
        self._ending.set()
        self._thread.join()
        self._mend()

    def _run(self) -> None:
        kinds = (
            (self._kill, 4),
            (self._kill_job, 4),
            (self._pause, 3),
            (self._pause_job, 2),
            (self._restart, 1),
            (self._database_fault, 3),
            (self._stray_messages, 3),
            (self._second_job, 2),
        )
        functions, weights = zip(*kinds, strict=True)
        try:
            while not self._ending.wait(self._chances.expovariate(1 / GAP_SECONDS)):
                before = self._ended()
                [fault] = self._chances.choices(functions, weights)
                name = fault()
                if name:
                    self.done[name] += 1
                self._wait_for_an_end(before)
                self._mend()
        except BaseException as exc:  # noqa: BLE001 - told in the main thread
            self.failure = exc

    def _wait_for_an_end(self, before: int) -> None:
        deadline = time.monotonic() + STILL_SECONDS
        while self._ended() <= before and time.monotonic() < deadline:
            if self._ending.wait(0.2):
                return

    def _mend(self, broken: str = "") -> None:
        self._queue.restart_if_ended()
        ended = {child.service.name for child in self._stack.restart_what_ended()}
        self.crashes += sorted(ended - {broken})

    def _kill(self) -> str:
        name = self._chances.choice(SERVICES)
        away = self._chances.uniform(0, 2)
        if name == "queue":
            self._queue.child.kill()
        else:
            self._stack.kill(name)
        self._ending.wait(away)
        self._mend(name)
        return f"kill {name}"

    def _restart(self) -> str:
        name = self._chances.choice(SERVICES)
        if name == "queue":
            self._queue.child.stop()
        else:
            self._stack.end(name)
        self._mend(name)
        return f"restart {name}"

    def _pause(self) -> str:
        name = self._chances.choice(SERVICES)
        if name == "queue":
            self._queue.child.send(signal.SIGSTOP)
        else:
            self._stack.pause(name)
        self._ending.wait(self._chances.uniform(0.2, 2 * self._lease))
        if name == "queue":
            self._queue.child.send(signal.SIGCONT)
        else:
            self._stack.resume(name)
        return f"pause {name}"

    def _kill_job(self) -> str | None:
        pid = self._job()
        return "kill job" if pid and _send(pid, signal.SIGKILL) else None

    def _pause_job(self) -> str | None:
        pid = self._job()
        if not pid or not _send(pid, signal.SIGSTOP):
            return None
        # Longer than the lease: when it goes on, somebody else may have its task.
        self._ending.wait(self._chances.uniform(0.2, 3 * self._lease))
        _send(pid, signal.SIGCONT)
        return "pause job"

    def _job(self) -> int | None:
        running = [pid for pid in processes_of(self._library, JOB) if not _is_another(pid)]
        return self._chances.choice(running) if running else None

    def _database_fault(self) -> str:
        seconds = self._chances.uniform(0.2, 2 * self._lease)
        if self._database is None:
            with contextlib.closing(
                sqlite3.connect(self._library / "choreo.db", isolation_level=None, timeout=30)
            ) as connection:
                connection.execute("BEGIN EXCLUSIVE")
                self._ending.wait(seconds)
                connection.execute("ROLLBACK")
            return "lock database"
        if self._chances.random() < 0.5:
            self._database.kill()
            self._ending.wait(self._chances.uniform(0, 2))
            self._database.start()
            return "kill database"
        self._database.pause()
        self._ending.wait(seconds)
        self._database.resume()
        return "pause database"

    def _stray_messages(self) -> str:
        tasks = self._open_tasks()
        for task_id in self._chances.choices(tasks, k=4) if tasks else ():
            _post(self._stack.addresses.planner, push_body({"task_id": task_id}))
        _post(self._stack.addresses.planner, push_body({"sweep": True}))
        return "stray messages"

    def _second_job(self) -> str | None:
        tasks = self._open_tasks()
        if not tasks:
            return None
        variables = [{"name": "TASK_ID", "value": self._chances.choice(tasks[-12:])}]
        body = {"overrides": {"containerOverrides": [{"env": variables}]}}
        _post(f"{self._stack.addresses.jobs}/v2/{RENDER_JOB}:run", json.dumps(body).encode())
        return "second job"


def dead_letter(planner: str, task_id: str) -> bool:
    """Tell the planner that the queue gave a message up; True once it has taken it."""
    body = json.loads(push_body({"task_id": task_id}))
    body["message"]["attributes"] = {"CloudPubSubDeadLetterSourceSubscription": "planner"}
    body["message"]["data"] = base64.b64encode(json.dumps({"task_id": task_id}).encode()).decode()
    return _post(planner, json.dumps(body).encode())


def processes_of(library: Path, command: str = "") -> list[int]:
    """Return the ids of all processes that work for a library, by their environment."""
    found = []
    marker = f"LIBRARY={library}\0".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if marker in (folder / "environ").read_bytes() and command in words and words:
                found.append(int(folder.name))
    return found


def _is_another(pid: int) -> bool:
    """Tell a job from its guard and from the service that starts it: both name it as well."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True  # gone
    return b"guard" in words or b"jobs_service" in words


def _send(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def _post(address: str, body: bytes) -> bool:
    request = urllib.request.Request(
        address, data=body, headers={"Content-Type": "application/json"}
    )
    try:
        urllib.request.urlopen(request, timeout=20).close()
    except (OSError, urllib.error.HTTPError):
        time.sleep(0.1)
        return False
    return True
