"""What stays in the store's folder of outputs: videos of completed tasks, and what they need."""

from pathlib import PurePosixPath

from choreo.task import TaskStatus

OUTPUTS = "outputs"
"""The store's folder of finished videos, `outputs/<task>.mp4`, and what belongs to them."""

JOINTS = ".joints"
"""What the job keeps beside a video, for videos that are made from the same plan."""

Ended = dict[str, tuple[TaskStatus, str | None]]
"""By id of a task that has ended: how, and the path of its video; see `SqlTasks.ended`."""


def task_of(name: str) -> str:
    """Return the id of the task that an output belongs to, by its name in the folder."""
    return name.split(".", 1)[0]


def why_abandoned(name: str, ended: Ended) -> str | None:
    """Return why an output must not stay, or None if it may.

    Args:

        name: The output's name in the folder.

        ended: Of its task, if that has ended.
    """
    status, video = ended.get(task_of(name), (None, None))
    if status is None:
        return None
    kept = PurePosixPath(video) if video else None
    if kept is not None and name in (kept.name, kept.stem + JOINTS):
        return None
    return f"its task is {status}"
