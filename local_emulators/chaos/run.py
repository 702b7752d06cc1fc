"""Run many tasks through the local stack while its parts fail; prove that nothing is lost.

python -m local_emulators.chaos.run --seeds 20 --tasks 200

Each seed is a stack of its own with real processes. Planner, request handler, jobs service,
render jobs, queue and database are killed, paused and started again; messages come twice,
late, out of order or not at all; jobs are started twice; callers cancel and ask twice. At the
end every task must have ended for a reason that is known, every completed one must have
exactly the video of its blueprint, and nothing else may be left. Seeds take turns between
SQLite and PostgreSQL, where that is installed.
"""

import argparse
import contextlib
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

from sqlalchemy import Engine, select

from choreo.database.engine import engine_for, transaction
from choreo.database.tables import choreography_tasks
from choreo.database.tasks import SqlTasks
from choreo.errors import Unavailable
from choreo.local.housekeeping import JOINTS
from choreo.task import TaskStatus
from local_emulators import postgres
from local_emulators.chaos.client import Client, Wish, wishes
from local_emulators.chaos.faults import Faults, Queue, dead_letter, processes_of
from local_emulators.chaos.material import make_library
from local_emulators.chaos.verdict import References, Verdict, judge
from local_emulators.processes import Service, free_port
from local_emulators.stack import LocalStack, Options

LEASE_SECONDS = 6.0
"""Short, so that what is abandoned is soon taken up; the same ratios as in earnest."""

SWEEP_SECONDS = 2.0

OPEN_TASKS = 8
"""Tasks under way at once."""

CALM_TASKS = 2
"""Everything is mended when so few tasks are left that were all asked for."""

STORM_SECONDS = 120.0
"""Or so long after the last one was asked for."""

END_SECONDS = 600.0
"""The longest wait for the last task once all faults are mended; MAX_TRIES leases and renders."""

RESUME_SECONDS = 30.0
"""A killed planner's task must be taken up within this after its lease has ended."""

_T = choreography_tasks.c


@dataclass(frozen=True)
class Outcome:
    """One seed's run."""

    seed: int
    database: str
    verdict: Verdict
    faults: Counter[str]
    resumed: float
    """Seconds from the end of a killed planner's lease until somebody had its task."""
    seconds: float


@dataclass(frozen=True)
class Row:
    """What the run watches of a task."""

    status: str
    phase: str
    attempt: int
    lease_until: datetime | None


class Watch:
    """Sees the table of tasks, when the database lets anybody see it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.tasks = SqlTasks(engine, lease=timedelta(seconds=LEASE_SECONDS))

    def rows(self) -> dict[str, Row]:
        """Return all tasks by id, waiting until the database answers."""
        while True:
            try:
                with transaction(self._engine, reads_only=True) as connection:
                    found = connection.execute(
                        select(_T.id, _T.status, _T.phase, _T.attempt, _T.lease_until)
                    ).all()
                return {row[0]: Row(*row[1:]) for row in found}
            except Unavailable:
                time.sleep(0.2)

    def open(self) -> int:
        """Return how many tasks have not ended."""
        return sum(not TaskStatus(row.status).terminal for row in self.rows().values())


def run_seed(
    seed: int, count: int, library: Path, references: References, server: str | None, log: TextIO
) -> Outcome:
    """Run one seed on a fresh copy of `library`.

    Args:

        server: PostgreSQL's programs, or None for SQLite.
    """
    started = time.monotonic()
    chances = random.Random(seed)
    with contextlib.ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="choreo-chaos-")))
        own = (folder / "library").resolve()
        shutil.copytree(library, own)
        database = None
        environment = {"LEASE_SECONDS": str(LEASE_SECONDS)}
        url = f"sqlite:///{own / 'choreo.db'}"
        if server is not None:
            database = parts.enter_context(postgres.own_server(server, postgres.OUTLIVES_A_KILL))
            environment["DATABASE_URL"] = url = database.url
        relay_port = free_port()
        options = Options(
            environment=environment,
            emulator=False,
            deliver_to=f"http://127.0.0.1:{relay_port}",
            parallel_jobs=2,
            sweep_seconds=SWEEP_SECONDS,
        )
        with LocalStack(own, 0, log, options) as stack:
            if database is not None:
                _copy_catalogue(own, url)
            queue = Queue(_relay(relay_port, stack.addresses.planner, seed), log)
            parts.callback(lambda: queue.child.stop())
            engine = engine_for(url)
            parts.callback(engine.dispose)
            watch = Watch(engine)
            client = Client(stack.addresses.page, random.Random(seed + 1))
            resumed, first = _planner_killed_while_it_plans(stack, client, watch)
            asked: dict[str, Wish] = {first[0]: first[1]}
            faults = Faults(
                stack, queue, own, database, lambda: list(asked), LEASE_SECONDS, chances
            )
            faults.start()
            try:
                _ask_for_all(wishes(count - 1, chances), client, watch, stack, asked)
                _wait_for_most(watch)
            finally:
                faults.end()
            if faults.failure is not None:
                raise faults.failure
            _wait_for_the_end(watch, log)
            _wait_until_tidy(own / "media" / "outputs", watch)
            verdict = judge(
                watch.tasks, asked, list(watch.rows()), own / "media" / "outputs", references
            )
            verdict.faults += _broken_links(client, watch)
        queue.child.stop()
        verdict.faults += [f"process {pid} is left" for pid in processes_of(own)]
        if (own / "scratch").exists():
            verdict.faults.append(f"left: {[str(f) for f in (own / 'scratch').rglob('*')][:5]}")
    seconds = time.monotonic() - started
    return Outcome(
        seed, "postgresql" if server else "sqlite", verdict, faults.done, resumed, seconds
    )


def _copy_catalogue(library: Path, url: str) -> None:
    from choreo.database.tables import move_embeddings, songs

    source, target = engine_for(f"sqlite:///{library / 'choreo.db'}"), engine_for(url)
    for table in (songs, move_embeddings):
        with transaction(source, reads_only=True) as reader, transaction(target) as writer:
            writer.execute(
                table.insert(), [dict(row._mapping) for row in reader.execute(select(table))]
            )
    source.dispose()
    target.dispose()


def _relay(port: int, planner: str, seed: int) -> Service:
    command = [sys.executable, "-m", "local_emulators.chaos.relay", "--port", str(port)]
    return Service(
        "queue",
        [*command, "--planner", planner, "--seed", str(seed)],
        {},
        f"http://127.0.0.1:{port}/",
    )


def _planner_killed_while_it_plans(
    stack: LocalStack, client: Client, watch: Watch
) -> tuple[float, tuple[str, Wish]]:
    """Kill a planner that has a task, and return how long after its lease the task went on."""
    stack.kill("planner")
    stack.restart_what_ended()  # its first plan takes long enough to be caught
    wish = Wish("first", "/api/choreography/generate-with-ai",
                {"query": "a modern bachata for beginners"}, True, None, None)  # fmt: skip
    task_id = client.ask(wish)
    deadline = time.monotonic() + 60
    while (row := watch.rows()[task_id]).lease_until is None and row.status in (
        TaskStatus.PENDING,
        TaskStatus.RUNNING,
    ):
        if time.monotonic() > deadline:
            raise RuntimeError("no planner took the first task")
        time.sleep(0.01)
    stack.kill("planner")
    killed = watch.rows()[task_id]
    if killed.lease_until is None or killed.phase == "render":
        raise RuntimeError(f"the planner was too fast to be killed in time: {killed}")
    stack.restart_what_ended()
    while watch.rows()[task_id].attempt == killed.attempt:
        time.sleep(0.05)
    return (datetime.now(UTC) - killed.lease_until).total_seconds(), (task_id, wish)


def _ask_for_all(
    wanted: Sequence[Wish], client: Client, watch: Watch, stack: LocalStack, asked: dict[str, Wish]
) -> None:
    """Ask for everything, a few tasks at a time; cancel and give up what is to be."""
    later: list[threading.Timer] = []

    def at(seconds: float, work: object, *arguments: object) -> None:
        later.append(threading.Timer(seconds, work, arguments))  # type: ignore[arg-type]  # callables
        later[-1].start()

    def ask(wish: Wish) -> None:
        task_id = client.ask(wish)
        asked[task_id] = wish
        if wish.cancel_after is not None:
            at(wish.cancel_after, client.cancel, task_id)
        if wish.give_up_after is not None:
            at(wish.give_up_after, dead_letter, stack.addresses.planner, task_id)

    with ThreadPoolExecutor(4) as pool:
        pending = []
        for wish in wanted:
            while watch.open() >= OPEN_TASKS:
                time.sleep(0.2)
            pending.append(pool.submit(ask, wish))
            time.sleep(0.05)
        for answer in pending:
            answer.result()
    for timer in later:
        timer.join()


def _wait_for_most(watch: Watch) -> None:
    """Return when few tasks are left: the faults go on so long, but not for ever."""
    deadline = time.monotonic() + STORM_SECONDS
    while watch.open() > CALM_TASKS and time.monotonic() < deadline:
        time.sleep(0.2)


def _wait_for_the_end(watch: Watch, log: TextIO) -> None:
    deadline = time.monotonic() + END_SECONDS
    while watch.open():
        if time.monotonic() > deadline:
            print(f"never ended: {watch.rows()}", file=log)
            return  # the verdict names the tasks
        time.sleep(0.3)


def _wait_until_tidy(outputs: Path, watch: Watch) -> None:
    """Give housekeeping its time: a lease for the dead, one between two rounds, and a sweep."""
    wanted = {
        f"{task_id}.mp4"
        for task_id, row in watch.rows().items()
        if row.status == TaskStatus.COMPLETED
    }
    deadline = time.monotonic() + 10 * LEASE_SECONDS
    while (
        time.monotonic() < deadline
        and {file.name.replace(JOINTS, ".mp4") for file in outputs.iterdir()} - wanted
    ):
        time.sleep(0.3)


def _broken_links(client: Client, watch: Watch) -> list[str]:
    """Return the completed tasks whose address does not give the first byte of a video."""
    broken = []
    for task_id, row in watch.rows().items():
        if row.status == TaskStatus.COMPLETED:
            answer = client.task(task_id)
            if not answer.get("video_url") or not client.plays(answer["video_url"]):
                broken.append(f"the address of {task_id} does not play: {answer}")
    return broken


def _line(cells: Sequence[object]) -> str:
    widths = (4, 10, 5, 9, 6, 9, 4, 7, 7, 5, 6, 8, 7, 8)
    return "  ".join(f"{cell!s:>{width}}" for cell, width in zip(cells, widths, strict=True))


HEADS = (
    "seed", "database", "tasks", "completed", "failed", "cancelled", "lost", "doubled",
    "orphans", "plans", "faults", "resumed", "seconds", "verdict",
)  # fmt: skip


def _print(outcome: Outcome) -> None:
    verdict, statuses = outcome.verdict, outcome.verdict.statuses
    print(
        _line(
            (
                outcome.seed, outcome.database, statuses.total(), statuses["completed"],
                statuses["failed"], statuses["cancelled"], verdict.lost, verdict.doubled,
                verdict.orphans, verdict.plans, outcome.faults.total(),
                f"{outcome.resumed:.1f} s", f"{outcome.seconds:.0f}",
                "FAILED" if verdict.faults else "ok",
            )
        ),
        flush=True,
    )  # fmt: skip
    for fault in verdict.faults[:20]:
        print(f"      {fault}", flush=True)


def _counted(title: str, counts: Mapping[str, int]) -> str:
    listed = ", ".join(f"{number} × {name}" for name, number in sorted(counts.items()))
    return f"{title}: {listed or 'none'}"


@contextlib.contextmanager
def _library() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="choreo-chaos-") as folder:
        make_library(Path(folder) / "library", Path(folder) / "sources")
        yield Path(folder) / "library"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local_emulators.chaos.run",
        description="Run tasks through the local stack while its parts fail.",
        epilog="Example: python -m local_emulators.chaos.run --seeds 5 --tasks 40",
    )
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds are run")
    parser.add_argument("--first-seed", type=int, default=1, help="the first one")
    parser.add_argument("--tasks", type=int, default=200, help="tasks of each seed")
    parser.add_argument("--database", choices=("both", "sqlite", "postgresql"), default="both")
    parser.add_argument("--log", type=Path, help="where the services' lines go")
    return parser.parse_args()


def main() -> int:
    """Run all seeds and print a table; return 1 if anything was lost, doubled or left."""
    options = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # nothing may be left then either
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # lost connections are meant
    programs = None if options.database == "sqlite" else postgres.available()
    if options.database == "postgresql" and programs is None:
        print("error: there are no PostgreSQL programs here; set PG_BIN", file=sys.stderr)
        return 1
    outcomes = []
    with contextlib.ExitStack() as parts:
        log = parts.enter_context((options.log or Path(os.devnull)).open("w"))
        print("Making the smallest library that makes videos", flush=True)
        library = parts.enter_context(_library())
        references = References(library)
        print(_line(HEADS), flush=True)
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            on_server = options.database == "postgresql" or (seed % 2 == 0)
            outcome = run_seed(
                seed, options.tasks, library, references, programs if on_server else None, log
            )
            outcomes.append(outcome)
            _print(outcome)
    faults: Counter[str] = sum((one.faults for one in outcomes), Counter())
    reasons: Counter[str] = sum((one.verdict.reasons for one in outcomes), Counter())
    tasks = sum(one.verdict.statuses.total() for one in outcomes)
    good = sum(not one.verdict.faults for one in outcomes)
    slowest = max(one.resumed for one in outcomes)
    late = slowest > RESUME_SECONDS
    print(_counted("faults", faults))
    print(_counted("why tasks failed", reasons))
    print(
        f"a killed planner's task went on at most {slowest:.1f} s after its lease "
        f"(allowed: {RESUME_SECONDS:.0f} s)"
    )
    print(f"{good} of {len(outcomes)} seeds without a fault, {tasks} tasks")
    return 0 if good == len(outcomes) and not late else 1


if __name__ == "__main__":
    sys.exit(main())
