"""The render job as a process of its own: when its preview can be seen, what a re-roll costs."""

import os
import resource
import shutil
import subprocess
import sys
import time
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
    (folder / "outputs").mkdir()
    database = f"sqlite:///{folder / 'choreo.db'}"
    engine = engine_for(database)
    upgrade(engine)
    tasks = SqlTasks(engine)
    changed = tuple(n for n in REROLLED if n < clips)
    try:
        first, first_id = _run(tasks, database, folder, clips, ())
        second, _ = _run(tasks, database, folder, clips, changed, reroll={"of": first_id})
    finally:
        engine.dispose()
        shutil.rmtree(folder / "outputs")
    return first, second


def _run(
    tasks: SqlTasks,
    database: str,
    folder: Path,
    clips: int,
    changed: tuple[int, ...],
    **parameters: object,
) -> tuple[JobRun, str]:
    task = tasks.create(GenerationRequest(song_id="bench"))
    claim = tasks.claim(task.id, Phase.PLAN)
    if claim is None:
        raise RuntimeError(f"task {task.id} could not be claimed")
    plan = _plan(clips, changed, task.id, parameters)
    tasks.store_plan(claim, plan)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    shown = 0.0
    with subprocess.Popen(
        [sys.executable, str(JOB)],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(JOB.parents[1] / "src"),
            "DATABASE_URL": database,
            "MEDIA_ROOT": str(folder),
            "TASK_ID": task.id,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        preview = folder / plan.output_config.preview_path()
        while process.poll() is None:
            if not shown and preview.exists():
                shown = time.perf_counter() - began
            time.sleep(LOOK_SECONDS)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = tasks.get(task.id)
    if ended.status is not TaskStatus.COMPLETED:
        raise RuntimeError(f"the job ended with its task {ended.status}: {ended.error}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return JobRun(cpu, wall, shown), task.id


def _plan(
    clips: int, changed: tuple[int, ...], task_id: str, parameters: dict[str, object]
) -> Blueprint:
    plain = blueprint(clips, "crossfade", changed, task_id=task_id)
    output = plain.output_config.model_copy(update={"output_path": f"outputs/{task_id}.mp4"})
    return plain.model_copy(update={"output_config": output, "generation_parameters": parameters})
