"""Cloud Run Jobs on this machine: the real REST call, the job as a child process.

It answers `POST /v2/projects/P/locations/L/jobs/J:run` with a long-running operation whose
metadata is the execution, as the real service does, and `GET` of an execution. Each attempt
of an execution is a process group of its own, with only the job's environment and what the
call overrides, and a folder of its own that is gone when it has ended in any way. A failing
attempt is tried again; executions beyond `parallelism` wait. No job outlives the service.
"""

import argparse
import contextlib
import json
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any

from choreo.errors import ChoreoError
from choreo.local.render_jobs import ChildProcesses, stop_group
from local_emulators import guard
from local_emulators.web_pages import REFUSAL, sent_by_a_page

MAX_RETRIES = 3
"""Cloud Run's own default."""

TASK_TIMEOUT = 3_600.0
"""Seconds an attempt may take, unless the call says otherwise."""

REMEMBERED = 200
"""Executions of which the service still tells how they ended."""

MAX_VARIABLE_CHARS = 32_768
MAX_BODY_BYTES = 8_000_000

EXECUTION_TYPE = "type.googleapis.com/google.cloud.run.v2.Execution"

_RUN = re.compile(r"^/v2/(projects/[^/]+/locations/[^/]+/jobs/([^/:]+)):run$")
_EXECUTION = re.compile(r"^/v2/(projects/[^/]+/locations/[^/]+/jobs/[^/]+/executions/[^/:]+)$")


GUARD = (sys.executable, "-S", "-E", guard.__file__)
"""Ends a job whose service has died; it needs nothing but Python, and starts in 20 ms."""


class BadRequest(Exception):
    """What the caller sent is not what the real service would take."""


@dataclass
class Execution:
    """One run of the job; `result` is None until it has ended."""

    name: str
    job: str
    variables: Mapping[str, str]
    timeout: float
    created: str
    started: str | None = None
    ended: str | None = None
    retries: int = 0
    result: bool | None = None
    exit_codes: list[int] = field(default_factory=list)

    def as_resource(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        state = {
            None: "CONDITION_RECONCILING",
            True: "CONDITION_SUCCEEDED",
            False: "CONDITION_FAILED",
        }[self.result]
        times = {
            "createTime": self.created,
            "startTime": self.started,
            "completionTime": self.ended,
        }
        return {
            "name": self.name,
            "job": self.job,
            "taskCount": 1,
            "parallelism": 1,
            "runningCount": int(self.started is not None and self.result is None),
            "succeededCount": int(self.result is True),
            "failedCount": int(self.result is False),
            "retriedCount": self.retries,
            "conditions": [{"type": "Completed", "state": state}],
            **{key: value for key, value in times.items() if value is not None},
        }


class Runner:
    """Runs executions, a few at a time, until it is closed.

    Args:

        jobs: How the job is started.

        max_retries: Further attempts after the first one that fails.

        parallelism: Executions that run at once; others wait.

        scratch: Folder for the attempts' working folders, this runner's alone: what an earlier
            one left there is removed. None for the system's.
    """

    def __init__(
        self,
        jobs: ChildProcesses,
        max_retries: int = MAX_RETRIES,
        parallelism: int = 1,
        scratch: Path | None = None,
    ) -> None:
        self._jobs = jobs
        self._max_retries = max_retries
        self._scratch = scratch
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
        self._pool = ThreadPoolExecutor(parallelism, thread_name_prefix="execution")
        self._executions: dict[str, Execution] = {}
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def start(self, job: str, variables: Mapping[str, str], timeout: float) -> Execution:
        """Queue one execution of `job` and return it."""
        short = f"{job.rsplit('/', 1)[1]}-{secrets.token_hex(3)}"
        execution = Execution(f"{job}/executions/{short}", job, variables, timeout, _now())
        with self._lock:
            self._executions[execution.name] = execution
            for name in [name for name, old in self._executions.items() if old.result is not None][
                :-REMEMBERED
            ]:
                del self._executions[name]
        self._pool.submit(self._run, execution)
        return execution

    def find(self, name: str) -> Execution | None:
        """Return the execution with this name, if there is one."""
        return self._executions.get(name)

    def close(self) -> None:
        """End all running jobs with their children; nothing is started any more."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        enders = [threading.Thread(target=stop_group, args=(process,)) for process in running]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, execution: Execution) -> None:
        execution.started = _now()
        for attempt in range(self._max_retries + 1):
            execution.retries = attempt
            with self._folder() as folder:
                code = self._attempt(execution, attempt, folder)
            if code is None:
                break
            execution.exit_codes.append(code)
            if code == 0:
                break
        execution.ended = _now()
        execution.variables = {}  # a blueprint is large, and no attempt follows
        execution.result = execution.exit_codes[-1:] == [0]

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=self._scratch))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _attempt(self, execution: Execution, attempt: int, folder: Path) -> int | None:
        """Run the job once and return its exit code, or None if it must not run again."""
        short = execution.name.rsplit("/", 1)[1]
        process = self._spawn(execution, short, attempt, folder)
        if process is None:
            return None
        late = threading.Timer(execution.timeout, stop_group, (process,))
        late.daemon = True
        late.start()
        with process:
            for line in process.stdout or ():
                _say(short, line.decode(errors="replace").rstrip())
            code = process.wait()
        late.cancel()
        with self._lock:
            self._running.discard(process)
        _say(short, f"attempt {attempt} ended with {code}")
        return None if self._closed else code

    def _spawn(
        self, execution: Execution, short: str, attempt: int, folder: Path
    ) -> subprocess.Popen[bytes] | None:
        told = {
            **execution.variables,
            "CLOUD_RUN_EXECUTION": short,
            "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
            "SCRATCH_DIR": str(folder),
            "TMPDIR": str(folder),
        }
        with self._lock:  # nothing may slip in between the closing and its list of processes
            if self._closed:
                return None
            try:
                process = self._jobs.spawn(told, subprocess.PIPE)
            except ChoreoError as exc:
                _say(short, str(exc))
                return None
            self._running.add(process)
            return process


class JobsServer(ThreadingHTTPServer):
    """The HTTP side; it holds the runner."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], runner: Runner) -> None:
        super().__init__(address, _Handler)
        self.runner = runner


class _Handler(BaseHTTPRequestHandler):
    server: JobsServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.split("?", 1)[0]
        if path == "/":
            self._answer(200, {"status": "ok"})
            return
        match = _EXECUTION.match(path)
        execution = self.server.runner.find(match[1]) if match else None
        if execution is None:
            self._refuse(404, "NOT_FOUND", f"{path[:200]} is not known here")
        else:
            self._answer(200, execution.as_resource())

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            self._refuse(413, "INVALID_ARGUMENT", f"the body has {length} bytes")
            return
        if sent_by_a_page(self.headers):  # a job's variables are as good as a shell
            self.close_connection = True
            self._refuse(403, "PERMISSION_DENIED", REFUSAL)
            return
        body = self.rfile.read(length)
        match = _RUN.match(self.path.split("?", 1)[0])
        if match is None:
            self._refuse(404, "NOT_FOUND", f"{self.path[:200]} is not known here")
            return
        try:
            variables, timeout = _overrides(body)
        except BadRequest as exc:
            self._refuse(400, "INVALID_ARGUMENT", str(exc))
            return
        execution = self.server.runner.start(match[1], variables, timeout)
        operation = match[1].rsplit("/jobs/", 1)[0] + f"/operations/{secrets.token_hex(8)}"
        metadata = {"@type": EXECUTION_TYPE, **execution.as_resource()}
        self._answer(200, {"name": operation, "metadata": metadata, "done": False})

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the jobs' own lines are what a reader looks for."""

    def _refuse(self, code: int, status: str, message: str) -> None:
        self._answer(code, {"error": {"code": code, "status": status, "message": message}})

    def _answer(self, code: int, document: Mapping[str, Any]) -> None:
        data = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _overrides(body: bytes) -> tuple[dict[str, str], float]:
    """Return the variables and the time limit that a call asks for.

    Raises:

        BadRequest: If the real service would refuse the call.
    """
    try:
        overrides = (json.loads(body or b"{}").get("overrides")) or {}
        containers = overrides.get("containerOverrides") or [{}]
        pairs = [(item["name"], item.get("value", "")) for item in containers[0].get("env", [])]
        limit = overrides.get("timeout", f"{TASK_TIMEOUT}s")
        timeout = float(limit.removesuffix("s"))
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise BadRequest(f"the body is not a RunJobRequest: {exc!r}") from exc
    if len(containers) != 1 or overrides.get("taskCount", 1) != 1:
        raise BadRequest("this job has one container and one task")
    for name, value in pairs:
        if not isinstance(name, str) or not isinstance(value, str) or "\0" in name + value:
            raise BadRequest("the name and the value of a variable must be text")
        if len(value) > MAX_VARIABLE_CHARS:
            raise BadRequest(
                f"{name} has {len(value)} characters; {MAX_VARIABLE_CHARS} is the most"
            )
    return dict(pairs), timeout


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _say(execution: str, line: str) -> None:
    sys.stderr.write(f"[{execution}] {line}\n")
    sys.stderr.flush()


def main() -> None:
    """Serve until SIGTERM or SIGINT; then end every job."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--python", default=sys.executable, help="Python of the job")
    parser.add_argument("--script", required=True, help="the job's main.py")
    parser.add_argument("--max-retries", type=int, default=MAX_RETRIES)
    parser.add_argument("--parallelism", type=int, default=1)
    parser.add_argument("--scratch", type=Path, help="folder for working files, its own")
    options = parser.parse_args()
    runner = Runner(
        ChildProcesses(options.python, options.script, guard=GUARD),
        options.max_retries,
        options.parallelism,
        options.scratch,
    )
    server = JobsServer((options.host, options.port), runner)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        server.serve_forever()
    except SystemExit:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # asked twice, it still ends in order
    finally:
        runner.close()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit


if __name__ == "__main__":
    main()
