"""The memory of each process of the local stack over many tasks, without any fault.

python -m local_emulators.chaos.memory --tasks 500

Memory is what a process has asked for itself, in memory or swapped out; libraries that it shares
with whatever else runs are not counted.
Early tasks load libraries and fill caches, so the first samples are left out: "before" is the
median of the second fifth of the run, "after" that of the last. The render job is a process of
its own for each task, so its memory cannot grow; `--stand-in` leaves the rendering out.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from choreo.database.engine import engine_for
from choreo.database.tasks import SqlTasks
from choreo.task import TaskStatus
from local_emulators.chaos.client import Client, Wish
from local_emulators.chaos.faults import processes_of
from local_emulators.chaos.material import SONGS, make_library
from local_emulators.stack import LocalStack, Options

ALLOWED = 0.05
"""Share by which a process may grow."""

OWN = ("Anonymous:", "Swap:")
"""Lines of smaps_rollup."""

LEASE_SECONDS, STAND_IN_LEASE_SECONDS = 20.0, 4.0
"""Housekeeping comes once a lease: with the stand-in as often for each task, or more often."""

STAND_IN = """
import os, pathlib, sqlite3
task = os.environ["TASK_ID"]
library = pathlib.Path(os.environ["LIBRARY"])
database = sqlite3.connect(library / "choreo.db", timeout=20)
for progress in (30, 60, 90):
    with database:
        database.execute(
            "UPDATE choreography_tasks SET status='running', phase='render', progress=?"
            " WHERE id=?", (progress, task))
outputs = library / "media" / "outputs"
outputs.mkdir(exist_ok=True)
for suffix in (".mp4", ".joints"):
    (outputs / (task + suffix)).touch()
with database:
    database.execute(
        "UPDATE choreography_tasks SET status='completed', lease_until=NULL, duration=1,"
        " file_size=1, video_path=?, quality=? WHERE id=?",
        (f"outputs/{task}.mp4", '{"said": "' + "much " * 260 + '"}', task))
"""
"""A render job that leaves behind what one does, in the database and in the store, and makes no
video: a thousand tasks take two minutes."""

SERVICES = {
    "plan_choreography": "planner",
    "function_server --target handle": "request_handler",
    "jobs_service": "jobs",
    "ingest_service": "librarian",
}
"""Part of the command line, and the process's name."""


def main() -> int:
    """Run the tasks, print a table; return 1 if a process grew."""
    parser = argparse.ArgumentParser(prog="python -m local_emulators.chaos.memory")
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--stand-in", action="store_true", help="do not render")
    arguments = parser.parse_args()
    count = arguments.tasks
    samples: dict[str, list[int]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="choreo-memory-") as folder:
        library = (Path(folder) / "library").resolve()
        make_library(library, Path(folder) / "sources")
        lease = STAND_IN_LEASE_SECONDS if arguments.stand_in else LEASE_SECONDS
        options = Options(
            environment={"LEASE_SECONDS": str(lease)}, emulator=False, parallel_jobs=2
        )
        if arguments.stand_in:
            script = Path(folder) / "stand_in.py"
            script.write_text(STAND_IN)
            options = replace(options, job_script=script)
        with (
            Path(os.devnull).open("w") as log,
            LocalStack(library, 0, log, options) as stack,
        ):
            client = Client(stack.addresses.page, random.Random(0))
            engine = engine_for(f"sqlite:///{library / 'choreo.db'}")
            tasks = SqlTasks(engine, lease=timedelta(seconds=lease))
            _run(count, client, tasks, library, samples)
            engine.dispose()
    return _report(count, samples)


def _run(
    count: int, client: Client, tasks: SqlTasks, library: Path, samples: dict[str, list[int]]
) -> None:
    """Ask for task after task, four at a time, and look at the processes as they end."""
    waiting: list[str] = []
    ended = 0
    songs = list(SONGS)
    for number in range(count):
        body: dict[str, object] = {"song_id": songs[number % len(songs)], "seed": number % 7}
        path = "/api/choreography/generate-from-song"
        waiting.append(client.ask(Wish(f"wish-{number}", path, body, True, None, None)))
        while len(waiting) >= 4 or (number == count - 1 and waiting):
            time.sleep(0.2)
            done = [task_id for task_id in waiting if tasks.get(task_id).status.terminal]
            for task_id in done:
                task = client.task(task_id)
                if task["status"] != TaskStatus.COMPLETED:
                    raise RuntimeError(f"a task ended otherwise: {task}")
            waiting = [task_id for task_id in waiting if task_id not in done]
            ended += len(done)
            if done:
                for name, size in _sizes(library).items():
                    samples[name].append(size)
        if number % 50 == 0:
            print(f"{ended} of {count} tasks", flush=True)


def _sizes(library: Path) -> dict[str, int]:
    """Return the KiB of each service's largest process."""
    sizes: dict[str, int] = {}
    for pid in processes_of(library):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            told = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue  # it has ended
        name = next((name for part, name in SERVICES.items() if part in words), None)
        if name is not None:
            size = sum(int(line.split()[1]) for line in told.splitlines() if line.split()[0] in OWN)
            sizes[name] = max(size, sizes.get(name, 0))
    return sizes


def _report(count: int, samples: dict[str, list[int]]) -> int:
    print(f"{'process':<16} {'before':>10} {'after':>10} {'change':>8}   over {count} tasks")
    worst = 0.0
    for name, sizes in sorted(samples.items()):
        fifth = len(sizes) // 5
        before, after = (
            statistics.median(part) for part in (sizes[fifth : 2 * fifth], sizes[-fifth:])
        )
        change = after / before - 1
        worst = max(worst, change)
        print(f"{name:<16} {before / 1024:>6.1f} MiB {after / 1024:>6.1f} MiB {change:>+8.1%}")
    print("flat" if worst <= ALLOWED else f"NOT flat: more than {ALLOWED:.0%}")
    return 0 if worst <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
