"""What must hold at the end, task by task and for what is left on the machine."""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import av

from choreo.blueprint import Blueprint
from choreo.database.tasks import MAX_TRIES, SqlTasks
from choreo.outputs import JOINTS
from choreo.task import Task, TaskStatus
from local_emulators.chaos.client import Wish

TRIED = re.compile(r"(planning|rendering) was tried (\d+) times and did not finish")

DEAD = "planning failed at every try; please ask again"

NO_CLIP = ("no clip fits", "the song runs at")


@dataclass
class Verdict:
    """What was counted; `faults` says what must not be."""

    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    orphans: int = 0
    plans: int = 0
    faults: list[str] = field(default_factory=list)


class References:
    """Renders each plan once more, alone and undisturbed, to compare with.

    The same plan gives the same bytes, whatever its task: so the digest of a video tells of
    which plan it is.
    """

    def __init__(self, library: Path, folder: Path) -> None:
        self._library = library
        self._folder = folder

    def digest(self, plan: Blueprint) -> str:
        """Return the SHA-256 of the plan's video.

        Raises:

            RuntimeError: If the reference cannot be rendered or does not play to its end.
        """
        kept = self._folder / plan_digest(plan)
        if not kept.exists():
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                document, video = Path(folder) / "plan.json", Path(folder) / "video.mp4"
                document.write_text(plan.to_json())
                command = [sys.executable, "-m", "choreo_cli.main", "render", str(document)]
                done = subprocess.run(
                    [*command, "--out", str(video), "--library", str(self._library)],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode:
                    raise RuntimeError(f"the reference was not rendered: {done.stderr[-500:]}")
                _check_playable(video, plan)
                digest = Path(folder) / "digest"
                digest.write_text(hashlib.sha256(video.read_bytes()).hexdigest())
                digest.replace(kept)  # at once, for another seed may read it
        return kept.read_text()


def plan_digest(plan: Blueprint) -> str:
    """Return the SHA-256 of what a plan says, but for its task and the time of its making."""
    document = json.loads(plan.to_json().replace(plan.task_id, "TASK"))
    del document["generation_timestamp"]
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def judge(
    tasks: SqlTasks,
    ids: Mapping[str, Wish],
    all_ids: list[str],
    outputs: Path,
    references: References,
) -> Verdict:
    """Look at every task and at the store.

    Args:

        tasks: The task store.

        ids: The wish behind each task that was answered.

        all_ids: Every task of the table.

        outputs: The store's folder of videos.

        references: The videos as they must be.
    """
    verdict = Verdict()
    verdict.lost = len(set(ids) - set(all_ids))
    verdict.doubled = len(set(all_ids) - set(ids))
    wanted, plans = set(), set()
    for task_id in all_ids:
        task = tasks.get(task_id)
        verdict.statuses[task.status.value] += 1
        if not task.status.terminal:
            verdict.lost += 1
        elif task.status is TaskStatus.COMPLETED:
            wanted.add(f"{task_id}.mp4")
        fault = _fault_of_end(task, ids.get(task_id), verdict.reasons)
        if not fault and task.status is TaskStatus.COMPLETED:
            plan = Blueprint.from_json(tasks.blueprint_json(task_id) or "")
            plans.add(plan_digest(plan))
            fault = _fault_of_video(plan, task, outputs, references)
        if fault:
            verdict.faults.append(f"task {task_id} is {task.status}: {fault}")
    left = {file.name.replace(JOINTS, ".mp4") for file in outputs.iterdir()}
    verdict.orphans = len(left - wanted)
    verdict.faults += [f"{name} is left in the store" for name in sorted(left - wanted)]
    verdict.plans = len(plans)
    hoped_for = sum(wish.hopeful for wish in ids.values())
    if 2 * verdict.statuses["completed"] < hoped_for:
        verdict.faults.append(f"only {verdict.statuses['completed']} of {hoped_for} have a video")
    if verdict.lost or verdict.doubled:
        verdict.faults.append(f"{verdict.lost} tasks lost, {verdict.doubled} doubled")
    return verdict


def _fault_of_end(task: Task, wish: Wish | None, reasons: Counter[str]) -> str | None:
    if wish is None:
        return "nobody asked for it"
    if task.status is TaskStatus.CANCELLED:
        return None if wish.cancel_after is not None else "nobody cancelled it"
    if task.status is TaskStatus.COMPLETED:
        return None if wish.playable else "there is no video for this song"
    if task.status is not TaskStatus.FAILED:
        return f"it never ended (phase {task.phase}, tries {task.tries})"
    error = task.error or ""
    tried = TRIED.match(error)
    if error.startswith(NO_CLIP):
        reasons["no clip fits"] += 1
        return "a clip fits" if wish.playable else None
    if error == DEAD:
        reasons["given up by the queue"] += 1
        return "the queue did not give it up" if wish.give_up_after is None else None
    if tried:
        reasons["tried too often"] += 1
        return None if int(tried[2]) >= MAX_TRIES and task.tries == int(tried[2]) else error
    return f"not a reason that was to be expected: {error}"


def _fault_of_video(
    plan: Blueprint, task: Task, outputs: Path, references: References
) -> str | None:
    video = outputs / f"{task.id}.mp4"
    if not video.is_file():
        return "its video is not there"
    data = video.read_bytes()
    if len(data) != task.file_size:
        return f"its video has {len(data)} bytes, not {task.file_size}"
    if hashlib.sha256(data).hexdigest() != references.digest(plan):
        return f"its video is not that of its blueprint {plan_digest(plan)[:12]}"
    return None


def _check_playable(video: Path, plan: Blueprint) -> None:
    with av.open(str(video)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    with av.open(str(video)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
        rate = container.streams.audio[0].rate
    expected = plan.total_duration * plan.output_config.frame_rate
    if abs(frames / expected - 1) > 0.15 or abs(samples / rate - plan.total_duration) > 0.5:
        raise RuntimeError(f"the reference has {frames} frames and {samples / rate:.2f} s of sound")
