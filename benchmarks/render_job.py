"""The render job as a process of its own: when its preview can be seen, what a re-roll costs, how
soon it is gone when its task is cancelled."""

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.render_scenario import REROLLED, blueprint
from choreo.blueprint import Blueprint
from choreo.database.engine import engine_for
from choreo.database.migrate import upgrade
from choreo.database.tasks import SqlTasks
from choreo.task import GenerationRequest, Phase, TaskStatus

JOB = Path(__file__).resolve().parents[1] / "job_image" / "main.py"

LOOK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class JobRun:
    """What one process of the job took."""

    cpu: float
    """Seconds of processor."""
    wall: float
    """Seconds from its start to its end."""
    preview: float
    """Seconds from its start until the preview can be played."""


def run_job_and_reroll(folder: Path, clips: int) -> tuple[JobRun, JobRun]:
    """Run the job for the scenario's plan, and once more for one with three other moves.

    The second takes the joints that the first left in the store.

    Args:

        folder: Holds the clips, their small renditions and the song; becomes the store's.

        clips: How many moves the plan has.
    """
    changed = tuple(n for n in REROLLED if n < clips)
    with _store(folder) as (tasks, database):
        plan = _planned(tasks, clips)
        first = _run(tasks, database, folder, plan)
        anew = _planned(tasks, clips, changed, reroll={"of": plan.task_id})
        second = _run(tasks, database, folder, anew)
    return first, second


def seconds_to_stop(folder: Path, clips: int, moments: Iterable[float]) -> list[float]:
    """Return how long the job's process lives on after its task is cancelled.

    Args:

        folder, clips: As above.

        moments: Seconds between the start of a job and its task's cancellation, one job each.
    """
    waits = []
    with _store(folder) as (tasks, database):
        for moment in moments:
            task_id = _planned(tasks, clips).task_id
            with _job(database, folder, task_id) as process:
                time.sleep(moment)
                tasks.cancel(task_id)
                began = time.perf_counter()
                process.wait()
                waits.append(time.perf_counter() - began)
    return waits


@contextmanager
def _store(folder: Path) -> Iterator[tuple[SqlTasks, str]]:
    """Yield the tasks of a new database and its address; take away what jobs publish."""
    (folder / "outputs").mkdir()
    file = folder / "choreo.db"
    file.unlink(missing_ok=True)
    database = f"sqlite:///{file}"
    engine = engine_for(database)
    upgrade(engine)
    try:
        yield SqlTasks(engine), database
    finally:
        engine.dispose()
        shutil.rmtree(folder / "outputs")


def _planned(
    tasks: SqlTasks, clips: int, changed: tuple[int, ...] = (), **parameters: object
) -> Blueprint:
    """Store a task with its plan, as the planner leaves it; return the plan."""
    task = tasks.create(GenerationRequest(song_id="bench"))
    claim = tasks.claim(task.id, Phase.PLAN)
    if claim is None:
        raise RuntimeError(f"task {task.id} could not be claimed")
    plain = blueprint(clips, "crossfade", changed, task_id=task.id)
    output = plain.output_config.model_copy(update={"output_path": f"outputs/{task.id}.mp4"})
    plan = plain.model_copy(update={"output_config": output, "generation_parameters": parameters})
    tasks.store_plan(claim, plan)
    return plan


def _job(database: str, folder: Path, task_id: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, str(JOB)],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(JOB.parents[1] / "src"),
            "DATABASE_URL": database,
            "MEDIA_ROOT": str(folder),
            "TASK_ID": task_id,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _run(tasks: SqlTasks, database: str, folder: Path, plan: Blueprint) -> JobRun:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    shown = 0.0
    preview = folder / plan.output_config.preview_path()
    with _job(database, folder, plan.task_id) as process:
        while process.poll() is None:
            if not shown and preview.exists():
                shown = time.perf_counter() - began
            time.sleep(LOOK_SECONDS)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = tasks.get(plan.task_id)
    if ended.status is not TaskStatus.COMPLETED:
        raise RuntimeError(f"the job ended with its task {ended.status}: {ended.error}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return JobRun(cpu, wall, shown)
