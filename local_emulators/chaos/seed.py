"""One seed's run: a stack of its own, its tasks, its faults, and the verdict."""

import contextlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Engine, Executable, func, select

from choreo.database.engine import engine_for, transaction
from choreo.database.tables import choreography_tasks
from choreo.database.tasks import SqlTasks
from choreo.errors import Unavailable
from choreo.outputs import JOINTS
from choreo.task import Phase, TaskStatus
from local_emulators import postgres
from local_emulators.chaos.client import Client, Wish, wishes
from local_emulators.chaos.faults import Faults, Queue, dead_letter, processes_of
from local_emulators.chaos.verdict import References, Verdict, judge
from local_emulators.processes import Service, base_environment, deployable_python, free_port
from local_emulators.stack import LocalStack, Options

LEASE_SECONDS = 6.0
"""Short, so that what is abandoned is soon taken up; the same ratios as in earnest. A machine that
has little time for the run gets a longer one: see `lease_here`."""

STARTS_IN_A_LEASE = 4
"""The lease lasts as long as it takes to start the render job's program so many times."""

LONGEST_LEASE_SECONDS = 60.0
"""As in earnest."""

SWEEPS_IN_A_LEASE = 3

OPEN_TASKS = 8
"""Tasks under way at once."""

CALM_TASKS = 2
"""Everything is mended when so few tasks are left that were all asked for."""

STORM_SECONDS = 120.0
"""Or so long after the last one was asked for, with the shortest lease."""

END_SECONDS = 1200.0
"""The longest wait for the last task once all faults are mended; MAX_TRIES leases and renders."""

TIDY_SECONDS = 600.0
"""The longest wait for housekeeping; undisturbed it needs a lease and two sweeps."""

TAKE_SECONDS = 300.0
"""The longest wait for a planner to take a task, however slowly this machine starts one."""

FIRST_SENTENCES = (
    "a modern bachata for beginners",
    "a traditional bachata for beginners",
    "a sensual bachata for beginners",
    "a romantic bachata for beginners",
    "a fusion of bachata for beginners",
)
"""For tasks whose planner is killed: each is planned at length, for none was asked before."""

_T = choreography_tasks.c


@dataclass(frozen=True)
class Outcome:
    """One seed's run."""

    seed: int
    database: str
    verdict: Verdict
    faults: Counter[str]
    lease: float
    """Seconds."""
    resumed: float
    """Seconds from the end of a killed planner's lease until another had its task."""
    seconds: float


@dataclass(frozen=True)
class Seen:
    """What the run watches of a task."""

    status: str
    phase: str
    attempt: int
    lease_until: datetime | None


class Watch:
    """Sees the table of tasks, when the database lets anybody see it."""

    def __init__(self, engine: Engine, lease: float) -> None:
        self._engine = engine
        self.tasks = SqlTasks(engine, lease=timedelta(seconds=lease))

    def rows(self) -> dict[str, Seen]:
        """Return all tasks by id."""
        found = self._all(select(_T.id, _T.status, _T.phase, _T.attempt, _T.lease_until))
        return {row[0]: Seen(*row[1:]) for row in found}

    def row(self, task_id: str) -> Seen:
        """Return one task."""
        columns = select(_T.status, _T.phase, _T.attempt, _T.lease_until)
        [found] = self._all(columns.where(_T.id == task_id))
        return Seen(*found)

    def open(self) -> int:
        """Return how many tasks have not ended."""
        return sum(n for status, n in self._counts() if not TaskStatus(status).terminal)

    def ended(self) -> int:
        """Return how many tasks have ended."""
        return sum(n for status, n in self._counts() if TaskStatus(status).terminal)

    def _counts(self) -> Sequence[tuple[str, int]]:
        return self._all(select(_T.status, func.count()).group_by(_T.status))

    def _all(self, query: Executable) -> Sequence[Any]:
        """Return what a query finds, waiting until the database answers."""
        while True:
            try:
                with transaction(self._engine, reads_only=True) as connection:
                    return connection.execute(query).all()
            except Unavailable:
                time.sleep(0.2)


def lease_here() -> float:
    """Return the seconds of a lease that this machine can keep now.

    Whoever is thought dead after a lease must be able to start and say that it lives within it,
    also where it shares a machine with many others.
    """
    started = time.monotonic()
    command = [deployable_python("job"), "-c", "import choreo.wiring, av"]
    subprocess.run(command, env=base_environment(), check=True)
    needed = STARTS_IN_A_LEASE * (time.monotonic() - started)
    return min(max(LEASE_SECONDS, needed), LONGEST_LEASE_SECONDS)


def run_seed(
    seed: int, count: int, library: Path, references: References, server: str | None, log: TextIO
) -> Outcome:
    """Run one seed on a fresh copy of `library`.

    Args:

        server: PostgreSQL's programs, or None for SQLite.
    """
    started = time.monotonic()
    chances = random.Random(seed)
    lease = lease_here()
    pace = lease / LEASE_SECONDS
    with contextlib.ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="choreo-chaos-")))
        own = (folder / "library").resolve()
        shutil.copytree(library, own)
        database = None
        environment = {"LEASE_SECONDS": str(lease)}
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
            sweep_seconds=lease / SWEEPS_IN_A_LEASE,
        )
        with LocalStack(own, 0, log, options) as stack:
            if database is not None:
                _copy_catalogue(own, url)
            queue = Queue(_relay(relay_port, stack.addresses.planner, seed, pace), log)
            parts.callback(lambda: queue.child.stop())
            engine = engine_for(url)
            parts.callback(engine.dispose)
            watch = Watch(engine, lease)
            client = Client(stack.addresses.page, random.Random(seed + 1))
            resumed, asked = _planner_killed_while_it_plans(stack, client, watch)
            faults = Faults(
                stack,
                queue,
                own,
                database,
                lambda: list(asked),
                watch.ended,
                lease,
                chances,
            )
            faults.start()
            try:
                wanted = wishes(count - len(asked), chances, pace)
                _ask_for_all(wanted, client, watch, stack, asked)
                _wait_for_most(watch, STORM_SECONDS * pace)
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
            verdict.faults += [f"{name} ended by itself" for name in faults.crashes]
        queue.child.stop()
        verdict.faults += [f"process {pid} is left" for pid in processes_of(own)]
        if (own / "scratch").exists():
            verdict.faults.append(f"left: {[str(f) for f in (own / 'scratch').rglob('*')][:5]}")
    seconds = time.monotonic() - started
    return Outcome(
        seed, "postgresql" if server else "sqlite", verdict, faults.done, lease, resumed, seconds
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


def _relay(port: int, planner: str, seed: int, pace: float) -> Service:
    command = [sys.executable, "-m", "local_emulators.chaos.relay", "--port", str(port)]
    return Service(
        "queue",
        [*command, "--planner", planner, "--seed", str(seed), "--pace", str(pace)],
        {},
        f"http://127.0.0.1:{port}/",
    )


def _planner_killed_while_it_plans(
    stack: LocalStack, client: Client, watch: Watch
) -> tuple[float, dict[str, Wish]]:
    """Kill a planner that has a task; return how long after its lease another had it.

    Returns: Seconds, and the tasks that were asked for.

    Raises:

        RuntimeError: If no planner can be caught at it, or none takes its task.
    """
    asked = {}
    for number, sentence in enumerate(FIRST_SENTENCES):
        stack.kill("planner")
        stack.restart_what_ended()  # its first plan takes long enough to be caught
        wish = Wish(f"first-{number}", "/api/choreography/generate-with-ai",
                    {"query": sentence}, True, None, None)  # fmt: skip
        task_id = client.ask(wish)
        asked[task_id] = wish
        deadline = time.monotonic() + TAKE_SECONDS
        while (row := watch.row(task_id)).lease_until is None and row.phase == Phase.PLAN:
            _pause_until(deadline, 0.01, "no planner took the first task")
        stack.kill("planner")
        killed = watch.row(task_id)
        stack.restart_what_ended()
        if killed.lease_until is not None and killed.phase != Phase.RENDER:
            break
    else:
        raise RuntimeError(f"the planner was always too fast to be killed in time: {killed}")
    deadline = time.monotonic() + TAKE_SECONDS
    while watch.row(task_id).attempt == killed.attempt:
        _pause_until(deadline, 0.05, f"no planner took a killed one's task: {killed}")
    return (datetime.now(UTC) - killed.lease_until).total_seconds(), asked


def _pause_until(deadline: float, seconds: float, else_: str) -> None:
    if time.monotonic() > deadline:
        raise RuntimeError(else_)
    time.sleep(seconds)


def _ask_for_all(
    wanted: Sequence[Wish], client: Client, watch: Watch, stack: LocalStack, asked: dict[str, Wish]
) -> None:
    """Ask for everything, a few tasks at a time; cancel and give up what is to be."""
    later: list[threading.Timer] = []

    def at(seconds: float, work: Callable[..., object], *arguments: object) -> None:
        later.append(threading.Timer(seconds, work, arguments))
        later[-1].start()

    def ask(wish: Wish) -> None:
        task_id = client.ask(wish)
        asked[task_id] = wish
        if wish.cancel_after is not None:
            at(wish.cancel_after, client.cancel, task_id)
        if wish.give_up_after is not None:
            at(wish.give_up_after, dead_letter, stack.addresses.planner, task_id)

    with ThreadPoolExecutor(4) as pool:
        pending: list[Future[None]] = []
        try:
            for wish in wanted:
                while watch.open() + sum(not answer.done() for answer in pending) >= OPEN_TASKS:
                    time.sleep(0.2)
                pending.append(pool.submit(ask, wish))
                time.sleep(0.05)
            for answer in pending:
                answer.result()
        except BaseException:
            client.stop()
            for timer in later:
                timer.cancel()
            raise
    for timer in later:
        timer.join()


def _wait_for_most(watch: Watch, seconds: float) -> None:
    """Return when few tasks are left: the faults go on so long, but not for ever."""
    deadline = time.monotonic() + seconds
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
    deadline = time.monotonic() + TIDY_SECONDS
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
