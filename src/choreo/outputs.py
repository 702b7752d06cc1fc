"""What stays in the store's folder of outputs: videos of completed tasks, and what they need."""

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
    if video:
        kept = video.rsplit("/", 1)[-1]  # no Path: see `FolderHousekeeping`
        if name in (kept, kept.rsplit(".", 1)[0] + JOINTS):
            return None
    return f"its task is {status}"
