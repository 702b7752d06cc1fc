"""The local stack: both functions, a queue, the jobs and ingest services, a sweeper's timer.

python -m local_emulators.stack --library library --port 8080
"""

import argparse
import contextlib
import os
import signal
import sys
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from choreo.database.engine import engine_for
from choreo.database.migrate import upgrade
from choreo.local.planning_queue import push_body
from local_emulators import pubsub
from local_emulators.processes import (
    ROOT,
    Child,
    Service,
    StackFailed,
    deployable_python,
    free_port,
)
from local_emulators.scratch import own_folder

SWEEP_SECONDS = 5.0
"""Cloud Scheduler sweeps once a minute; here nobody wants to wait that long."""

RESTARTS = 5
"""Crashes of one service after which the stack gives up."""

JOBS = "jobs"

PUBSUB = "pubsub"
"""The emulator keeps its topics in memory, so they are made again after a crash."""

SMALL_MATRICES = {"OPENBLAS_NUM_THREADS": "1"}
"""As in the planner's image: threads that wait for one another double the time of an embedding."""

MANY_THREADS = {"THREADS": "256"}
"""As in the request handler's image; one is made when all others wait for their clients."""

PROJECT, LOCATION = "choreo-local", "local"
RENDER_JOB = f"projects/{PROJECT}/locations/{LOCATION}/jobs/render"


@dataclass(frozen=True)
class Addresses:
    """Where the running stack is."""

    page: str
    planner: str
    jobs: str
    queue: str
    """What carries the messages, for people."""


@dataclass(frozen=True)
class Options:
    """What can be different from a stack that people use."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables for every service, on top of its own; `DATABASE_URL` names another database."""
    emulator: bool = True
    """False carries messages by direct push even where the Pub/Sub emulator is installed."""
    deliver_to: str | None = None
    """Where the queue delivers its messages instead of the planner."""
    job_script: Path = ROOT / "job_image" / "main.py"
    """What is run as render job."""
    parallel_jobs: int = 1
    """Render jobs at once; others wait."""
    sweep_seconds: float = SWEEP_SECONDS


class LocalStack:
    """Starts, watches and stops the services.

    Args:

        library: Folder of the library; made if it is not there.

        port: Wanted port of the page; another one is taken if it is in use.

        output: Where the services' lines go.

        options: What is to be different.
    """

    def __init__(
        self, library: Path, port: int, output: TextIO, options: Options | None = None
    ) -> None:
        self._options = options or Options()
        self._library = library.resolve()
        self._parts = contextlib.ExitStack()
        self._output = output
        self._children: list[Child] = []
        self._ending = threading.Event()
        self._emulator = pubsub.available() if self._options.emulator else None
        self._services, self.addresses = self._plan(port)

    def __enter__(self) -> "LocalStack":
        (self._library / "media").mkdir(parents=True, exist_ok=True)
        own = f"sqlite:///{self._library / 'choreo.db'}"
        upgrade(engine_for(self._options.environment.get("DATABASE_URL", own)))
        scratch = self._parts.enter_context(own_folder(self._library / "scratch"))
        self._services = [_working_in(scratch, service) for service in self._services]
        try:
            self._children = [Child(service, self._output) for service in self._services]
            for child in self._children:
                child.wait_until_ready()
            self._prepare_queue()
        except BaseException:
            self.stop()
            raise
        threading.Thread(target=self._sweep_now_and_then, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End all services, the newest first."""
        self._ending.set()
        children, self._children = self._children, []
        stoppers = [threading.Thread(target=child.stop) for child in reversed(children)]
        for stopper in stoppers:
            stopper.start()
        for stopper in stoppers:
            stopper.join()
        self._parts.close()

    def watch(self) -> None:
        """Restart what crashes, until `stop`.

        Raises:

            StackFailed: If a service crashes again and again.
        """
        crashes: Counter[str] = Counter()
        while not self._ending.wait(0.5):
            for child in self.restart_what_ended():
                name = child.service.name
                crashes[name] += 1
                if crashes[name] > RESTARTS:
                    words = "\n  ".join(child.last_lines[-15:])
                    raise StackFailed(f"{name} crashed {crashes[name]} times:\n  {words}")

    def restart_what_ended(self) -> list[Child]:
        """Start again what has ended, wait until it answers, and return what had ended."""
        ended = [child for child in self._children if not child.running]
        for child in ended:
            name = child.service.name
            print(f"{name:<15} ended; starting it again", file=self._output, flush=True)
            again = Child(child.service, self._output)
            self._children[self._children.index(child)] = again
            again.wait_until_ready()
            if name == PUBSUB:
                self._prepare_queue()
        return ended

    @property
    def names(self) -> list[str]:
        """The names of the services."""
        return [service.name for service in self._services]

    def kill(self, name: str) -> None:
        """End one service as a crash would."""
        self._child(name).kill()

    def end(self, name: str) -> None:
        """End one service in order, as for an update."""
        self._child(name).stop()

    def pause(self, name: str) -> None:
        """Stop one service in its tracks until `resume`: it answers nothing and loses nothing."""
        self._child(name).send(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a paused service go on."""
        self._child(name).send(signal.SIGCONT)

    def _child(self, name: str) -> Child:
        return next(child for child in self._children if child.service.name == name)

    def _plan(self, port: int) -> tuple[list[Service], Addresses]:
        page, planner, jobs, ingest = free_port(port), free_port(), free_port(), free_port()
        emulator = self._emulator
        emulator_port = free_port() if emulator else 0
        storage = {"LIBRARY": str(self._library), **self._options.environment}
        planner_url = f"http://127.0.0.1:{planner}"
        queue = (
            {
                "PUBSUB_TOPIC": f"projects/{PROJECT}/topics/planning",
                "PUBSUB_EMULATOR_HOST": f"127.0.0.1:{emulator_port}",
            }
            if emulator
            else {"PLANNER_URL": self._options.deliver_to or planner_url}
        )
        job_python = deployable_python("job")
        services = [
            Service(
                JOBS,
                [
                    sys.executable, "-m", "local_emulators.jobs_service",
                    "--port", str(jobs),
                    "--python", job_python,
                    "--script", str(self._options.job_script),
                    "--parallelism", str(self._options.parallel_jobs),
                ],
                storage,
                f"http://127.0.0.1:{jobs}/",
            ),
            _function(
                "planner", "plan_choreography", EVENTS, planner,
                {
                    **storage, **queue, **_language_model_settings(), **SMALL_MATRICES,
                    "RENDER_JOB": RENDER_JOB,
                    "JOBS_API_ENDPOINT": f"http://127.0.0.1:{jobs}",
                },
            ),
            Service(
                "ingest",
                [
                    sys.executable, "-m", "local_emulators.ingest_service",
                    "--port", str(ingest),
                    "--library", str(self._library),
                ],
                storage,
                f"http://127.0.0.1:{ingest}/",
            ),
            _function(
                "request_handler", "handle", REQUESTS, page,
                {
                    **storage, **queue, **MANY_THREADS,
                    "LIBRARIAN_URL": f"http://127.0.0.1:{ingest}",
                },
            ),
        ]  # fmt: skip
        if emulator:
            services.insert(0, pubsub.service(emulator, emulator_port))
        self._emulator_port = emulator_port
        return services, Addresses(
            page=f"http://127.0.0.1:{page}",
            planner=planner_url,
            jobs=f"http://127.0.0.1:{jobs}",
            queue="the Pub/Sub emulator" if emulator else "direct push (no Pub/Sub emulator here)",
        )

    def _prepare_queue(self) -> None:
        if self._emulator_port:
            pubsub.create_topic_and_subscription(
                f"127.0.0.1:{self._emulator_port}",
                PROJECT,
                "planning",
                self._options.deliver_to or self.addresses.planner,
            )

    def _sweep_now_and_then(self) -> None:
        while not self._ending.wait(self._options.sweep_seconds):
            request = urllib.request.Request(
                self.addresses.planner,
                data=push_body({"sweep": True}),
                headers={"Content-Type": "application/json"},
            )
            with contextlib.suppress(OSError, urllib.error.HTTPError):
                urllib.request.urlopen(request, timeout=30).close()


def _working_in(scratch: Path, service: Service) -> Service:
    """Return the service with its working files below `scratch`."""
    command = [*service.command]
    if service.name == JOBS:
        command += ["--scratch", str(scratch / "jobs")]
    return replace(
        service, command=command, environment={**service.environment, "TMPDIR": str(scratch)}
    )


EVENTS = ("-m", "functions_framework", "--signature-type", "cloudevent")
"""Serves a function whose callers are parts of the stack."""

REQUESTS = ("-m", "local_emulators.function_server")
"""Serves a function whose callers may be anybody."""


def _function(
    name: str, target: str, server: Sequence[str], port: int, environment: dict[str, str]
) -> Service:
    source = ROOT / "functions" / name / "main.py"
    return Service(
        name,
        [
            deployable_python(name), *server,
            "--target", target,
            "--source", str(source),
            "--host", "127.0.0.1",
            "--port", str(port),
        ],
        environment,
        f"http://127.0.0.1:{port}/healthz",
    )  # fmt: skip


def _language_model_settings() -> dict[str, str]:
    names = ("GEMINI_API_KEY", "GEMINI_MODEL", "GEMINI_API_ENDPOINT")
    return {name: os.environ[name] for name in names if os.environ.get(name)}


@contextlib.contextmanager
def running_stack(library: Path, port: int, output: TextIO) -> Iterator[LocalStack]:
    """Run the stack for the length of a `with` block; SIGTERM ends it like Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with LocalStack(library, port, output) as stack:
        yield stack


def main() -> int:
    """Run the stack in the foreground until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m local_emulators.stack",
        description="Run the whole product on this machine until Ctrl-C.",
        epilog="Example: python -m local_emulators.stack --library library --port 8080",
    )
    parser.add_argument("--library", type=Path, default=Path("library"))
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    try:
        with running_stack(arguments.library, arguments.port, sys.stdout) as stack:
            addresses = stack.addresses
            if not addresses.page.endswith(f":{arguments.port}"):
                print(f"Port {arguments.port} is in use; another one was taken.")
            print(
                f"\n  The page       {addresses.page}\n"
                f"  The library    {arguments.library}\n"
                f"  Messages go by {addresses.queue}\n"
                f"  Ctrl-C stops everything.\n",
                flush=True,
            )
            stack.watch()
    except KeyboardInterrupt:
        print("\nStopped.")
    except StackFailed as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
