"""The stack with PostgreSQL under a steady load: no error, in time, every task planned once.

Run `python -m benchmarks.load [--seconds 60] [--library library]`; `make demo` makes the library.
It runs both functions as they are deployed, PostgreSQL, and the Pub/Sub emulator between them.
Half of the requests are for a song and half are sentences, with a few seeds, as people ask;
equal ones share a plan. In the place of Cloud Run a service counts which task's job is started,
and starts none: two cores cannot render 50 videos a second. The planner, which is another machine
in the cloud, gives way to the request handler here. Exit code 1 if a request is answered wrongly
or too late, or a task is not planned, or its job not started, exactly once.
"""

import argparse
import contextlib
import http.client
import json
import multiprocessing
import re
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TextIO

from sqlalchemy import func, select

from benchmarks.request_handler import POST_P99_BUDGET, RATE, WARM_UP, quantile, steady_load
from choreo.database.catalogue import SqlCatalogue
from choreo.database.engine import engine_for
from choreo.database.migrate import upgrade
from choreo.database.tables import blueprints, choreography_tasks
from local_emulators import postgres, pubsub
from local_emulators.processes import ROOT, Child, Service, deployable_python, free_port

PROJECT = "choreo-load"

DRAIN_SECONDS = 600.0
"""How long the planner may go on after the last request; it has a fraction of two cores."""

SEEDS = 8
"""Different wishes of each kind; the others are equal to one of them."""

SENTENCES = ("a romantic bachata for beginners", "una bachata con energía, intermedia")

QUIET = {"OPENBLAS_NUM_THREADS": "1"}


def main() -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the load")
    parser.add_argument("--library", type=Path, default=Path("library"))
    wanted = parser.parse_args()
    programs, emulator = postgres.available(), pubsub.available()
    if programs is None or emulator is None:
        print("PostgreSQL's programs or the Pub/Sub emulator are not on this machine")
        return 1
    if not (wanted.library / "choreo.db").is_file():
        print(f"{wanted.library} is no library; make demo makes one")
        return 1
    with (
        postgres.running(programs) as database,
        pubsub.running(emulator) as queue,
        _counting_jobs() as jobs,
        tempfile.TemporaryFile("w+") as log,
    ):
        songs = _copy_library(wanted.library, database)
        posts = _Posts(songs)
        with _functions(wanted.library, database, queue, jobs, log) as port:
            latencies = steady_load(port, wanted.seconds, posts)
            asked = round((WARM_UP + wanted.seconds) * RATE)
            ended = time.monotonic()
            attempts = _planned(database, asked)
            drained = time.monotonic() - ended
        started = _started(jobs)
    return _report(latencies, asked, attempts, started, drained)


def _report(
    latencies: list[float],
    asked: int,
    attempts: dict[str, tuple[int, int]],
    started: dict[str, int],
    drained: float,
) -> int:
    """Print what was reached beside what must be; return the exit code."""
    once = sum(1 for tries, plans in attempts.values() if (tries, plans) == (1, 1))
    jobs_once = sum(1 for count in started.values() if count == 1)
    p99 = quantile(latencies, 0.99)
    rows = (
        ("requests, all answered with 202", f"{asked}", f"{asked}", True),
        ("p50", f"{quantile(latencies, 0.5) * 1e3:.1f} ms", "", True),
        ("p95", f"{quantile(latencies, 0.95) * 1e3:.1f} ms", "", True),
        ("p99", f"{p99 * 1e3:.1f} ms", f"{POST_P99_BUDGET * 1e3:.0f} ms", p99 <= POST_P99_BUDGET),
        ("longest", f"{latencies[-1] * 1e3:.1f} ms", "", True),
        ("tasks", f"{len(attempts)}", f"{asked}", len(attempts) == asked),
        ("with one plan, made in one attempt", f"{once}", f"{asked}", once == asked),
        ("whose job was started once", f"{jobs_once}", f"{asked}", jobs_once == asked),
        ("jobs started in all", f"{sum(started.values())}", f"{asked}", True),
        ("last plan after the last request", f"{drained:.0f} s", "", True),
    )
    print(f"{'what':<40} {'reached':>10} {'must be':>10}")
    for what, reached, must, holds in rows:
        print(f"{what:<40} {reached:>10} {must:>10}{'' if holds else '  BROKEN'}")
    return 0 if all(holds for *_, holds in rows) else 1


class _Posts:
    """Posts wishes for songs and sentences in turn."""

    def __init__(self, songs: list[str]) -> None:
        self._songs = songs

    def __call__(self, connection: http.client.HTTPConnection, number: int) -> int:
        kind, turn = number % 2, number // 2
        seed = turn % SEEDS
        door, wish = (
            ("generate-from-song", {"song_id": self._songs[seed % len(self._songs)], "seed": seed}),
            ("generate-with-ai", {"query": SENTENCES[seed % len(SENTENCES)], "seed": seed}),
        )[kind]
        connection.request(
            "POST",
            f"/api/choreography/{door}",
            json.dumps(wish),
            {"Content-Type": "application/json", "Idempotency-Key": f"load-{number}"},
        )
        reply = connection.getresponse()
        reply.read()
        return reply.status if reply.status == 202 else 500


def _copy_library(library: Path, database: str) -> list[str]:
    """Copy songs and moves into the database and return the songs' ids."""
    source, target = engine_for(f"sqlite:///{library / 'choreo.db'}"), engine_for(database)
    upgrade(target)
    old, new = SqlCatalogue(source), SqlCatalogue(target)
    songs = old.songs()
    for song in songs:
        new.save_song(song)
    new.save_moves(old.embedded_moves())
    source.dispose()
    target.dispose()
    return [song.id for song in songs]


@contextlib.contextmanager
def _functions(library: Path, database: str, queue: str, jobs: int, log: TextIO) -> Iterator[int]:
    """Run both functions and yield the request handler's port."""
    handler, planner = free_port(), free_port()
    shared = {
        "LIBRARY": str(library.resolve()),
        "DATABASE_URL": database,
        "PUBSUB_TOPIC": f"projects/{PROJECT}/topics/planning",
        "PUBSUB_EMULATOR_HOST": queue,
    }
    planning = QUIET | {
        "RENDER_JOB": f"projects/{PROJECT}/locations/local/jobs/render",
        "JOBS_API_ENDPOINT": f"http://127.0.0.1:{jobs}",
    }
    services = (
        _function("planner", "plan_choreography", "cloudevent", planner, shared | planning),
        _function("request_handler", "handle", "http", handler, shared),
    )
    with contextlib.ExitStack() as stack:
        for service in services:
            child = Child(service, log)
            stack.callback(child.stop)
            child.wait_until_ready()
        pubsub.create_topic_and_subscription(
            queue, PROJECT, "planning", f"http://127.0.0.1:{planner}"
        )
        yield handler


def _function(
    name: str, target: str, signature: str, port: int, environment: dict[str, str]
) -> Service:
    command = [
        deployable_python(name), "-m", "functions_framework",
        "--target", target,
        "--source", str(ROOT / "functions" / name / "main.py"),
        "--signature-type", signature,
        "--host", "127.0.0.1",
        "--port", str(port),
    ]  # fmt: skip
    if name == "planner":
        command = ["nice", "-n", "19", *command]
    return Service(name, command, environment, f"http://127.0.0.1:{port}/healthz")


def _planned(database: str, asked: int) -> dict[str, tuple[int, int]]:
    """Wait until all tasks have been handed to their jobs; return attempts and plans of each."""
    engine = engine_for(database)
    task, plan = choreography_tasks.c, blueprints.c
    deadline = time.monotonic() + DRAIN_SECONDS
    done = select(func.count()).where(task.execution_name.is_not(None))
    while time.monotonic() < deadline:
        with engine.connect() as connection:
            if connection.scalar(done) == asked:
                break
        time.sleep(1)
    counted = (
        select(task.id, task.attempt, func.count(plan.task_id))
        .select_from(choreography_tasks.outerjoin(blueprints, plan.task_id == task.id))
        .group_by(task.id)
    )
    with engine.connect() as connection:
        found = {row[0]: (row[1], row[2]) for row in connection.execute(counted)}
    engine.dispose()
    return found


@contextlib.contextmanager
def _counting_jobs() -> Iterator[int]:
    """Run, in a process of its own, a jobs service that starts nothing; yield its port."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=_count_jobs, args=(port,))
    process.start()
    try:
        yield port
    finally:
        process.terminate()
        process.join()


def _started(port: int) -> dict[str, int]:
    """Return how often the job of each task was started."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        found: dict[str, int] = json.load(answer)
    return found


def _count_jobs(port: int) -> None:
    started: Counter[str] = Counter()
    counting = threading.Lock()

    class Counting(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            [container] = body["overrides"]["containerOverrides"]
            [task] = [one["value"] for one in container["env"] if one["name"] == "TASK_ID"]
            with counting:
                started[task] += 1
            job = re.sub(r"^/v2/|:run.*$", "", self.path)
            kind = "type.googleapis.com/google.cloud.run.v2.Execution"
            execution = {"@type": kind, "name": f"{job}/executions/{task}"}
            self._answer({"name": f"{job}/operations/{task}", "metadata": execution})

        def do_GET(self) -> None:
            self._answer(started)

        def _answer(self, document: object) -> None:
            data = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Counting).serve_forever()


if __name__ == "__main__":
    sys.exit(main())
