"""The job's story, from the claim to the report."""

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from choreo import metrics
from choreo.blueprint import Blueprint
from choreo.database.tasks import SqlTasks
from choreo.errors import ChoreoError, ClaimLost, InvalidBlueprint, StageFailed, Unavailable
from choreo.log import stage
from choreo.media_path import MediaPath
from choreo.ports import ObjectStore
from choreo.task import Claim, Phase, Rendered, Stage, TaskStatus
from execution.heartbeat import Heartbeat
from execution.keeping import fetch_kept, kept_path, publish_kept
from execution.transfer import fetch_media, publish_video
from rendering import JointCache, preview, preview_plan, render

FETCHED_PERCENT, RENDERED_PERCENT = 30, 95
"""Planning fills the first 20 percent of a task's progress, fetching and rendering the rest."""

PLANNED_PERCENT = 20

UPLOAD_SECONDS = 5.0
"""What an upload may still take once the machine stops, of the ten seconds that it leaves."""

TOO_MUCH_MEMORY = (
    "the video needs more memory than one may take; a clip may be damaged, or its pictures or the "
    "video's are too large"
)

DONE, FAILED = 0, 1
"""Exit codes: Cloud Run starts a task of the job again after anything but 0."""


def run(
    tasks: SqlTasks,
    store: ObjectStore,
    *,
    task_id: str,
    blueprint_json: str,
    scratch: Path | None,
    stopping: Callable[[], bool],
    cpu_seconds: int = 0,
) -> int:
    """Follow one blueprint and return the exit code.

    Args:

        task_id: The task; may be empty if `blueprint_json` names it.

        blueprint_json: The blueprint, or empty to load it by `task_id`.

        scratch: Folder for working files; None for the system's.

        stopping: True once the machine is about to be taken away.

        cpu_seconds: Processor time after which the task fails; 0 for any.
    """
    given = _checked(tasks, task_id, blueprint_json) if blueprint_json else None
    task_id = task_id or (given.task_id if given else "")
    claim = tasks.claim(task_id, Phase.RENDER)
    if claim is None:
        return _not_to_be_had(tasks, task_id)
    blueprint = given
    try:
        blueprint = blueprint or _stored(tasks, task_id)
        if blueprint.task_id != task_id:
            raise InvalidBlueprint([f"task_id is {blueprint.task_id!r}, not {task_id!r}"])
        _follow(tasks, store, claim, blueprint, scratch, stopping, cpu_seconds)
        _forget_preview(store, blueprint)
    except ClaimLost as exc:
        if stopping():
            tasks.hand_back(claim)
            logging.warning("stopped by the platform; the task was handed back")
            return FAILED
        ended = tasks.get(task_id).status in (TaskStatus.CANCELLED, TaskStatus.FAILED)
        if blueprint is not None and ended:
            _forget_all(store, blueprint)
        logging.warning("%s", exc)
        return DONE
    except Unavailable as exc:
        tasks.hand_back(claim)
        logging.warning("handed back: %s", exc)
        return FAILED
    except ChoreoError as exc:
        tasks.fail(claim, str(exc))
        if blueprint is not None:
            _forget_preview(store, blueprint)
        metrics.record(metrics.TASKS, 1, outcome="failed")
        logging.error("failed: %s", exc, extra={"event": "task_failed"})
        return FAILED
    except MemoryError:
        tasks.fail(claim, TOO_MUCH_MEMORY)
        if blueprint is not None:
            _forget_preview(store, blueprint)
        metrics.record(metrics.TASKS, 1, outcome="failed")
        logging.exception("failed: %s", TOO_MUCH_MEMORY, extra={"event": "task_failed"})
        return FAILED
    except Exception:  # not foreseen: the task goes back, and its number of tries ends a loop
        tasks.hand_back(claim)
        raise
    return DONE


def _checked(tasks: SqlTasks, task_id: str, text: str) -> Blueprint:
    """Read the blueprint of the environment before anything else is touched."""
    try:
        return Blueprint.from_json(text)
    except InvalidBlueprint as exc:
        claim = tasks.claim(task_id, Phase.RENDER) if task_id else None
        if claim is not None:
            tasks.fail(claim, str(exc))
        raise


def _stored(tasks: SqlTasks, task_id: str) -> Blueprint:
    text = tasks.blueprint_json(task_id)
    if text is None:
        raise StageFailed(f"task {task_id} has no blueprint")
    return Blueprint.from_json(text)


def _not_to_be_had(tasks: SqlTasks, task_id: str) -> int:
    status = tasks.get(task_id).status
    logging.info("nothing to do: the task is %s or in other hands", status)
    return DONE


def _follow(
    tasks: SqlTasks,
    store: ObjectStore,
    claim: Claim,
    blueprint: Blueprint,
    scratch: Path | None,
    stopping: Callable[[], bool],
    cpu_seconds: int,
) -> None:
    started = time.monotonic()
    with Heartbeat(tasks, claim, cpu_seconds) as heartbeat, _workplace(scratch) as folder:

        def lost() -> bool:
            return heartbeat.lost or stopping()

        def check() -> None:
            _stop_if(lost(), claim)

        def fetched(done: int, of: int) -> None:
            share = done / of * (FETCHED_PERCENT - PLANNED_PERCENT)
            message = f"Fetched {done} of {of} files"
            heartbeat.show(Stage.RENDERING, PLANNED_PERCENT + round(share), message)

        def rendered(share: float, message: str) -> None:
            width = RENDERED_PERCENT - FETCHED_PERCENT
            heartbeat.show(Stage.RENDERING, FETCHED_PERCENT + round(share * width), message)

        # The preview's sound is the whole video's: made once, it serves both.
        cache = JointCache(folder / "kept")
        fetch_kept(store, blueprint, cache, folder, check)
        _preview(store, blueprint, folder / "small", cache, heartbeat, lost, check)
        with stage("fetch") as counts:
            media = fetch_media(blueprint, store, folder, fetched, check)
            counts.update(files=len(media), bytes=sum(f.stat().st_size for f in media.values()))
        video = folder / "video.mp4"
        with stage("render") as counts:
            report = render(
                blueprint,
                media,
                video,
                report=rendered,
                cancelled=lost,
                cache=cache,
            )
            counts.update(moves=len(blueprint.moves), duration_s=report.duration)
        heartbeat.show(Stage.UPLOADING, RENDERED_PERCENT, "Uploading the video")
        check()
        path = blueprint.output_config.output_path
        finishing = _Patience(heartbeat.check, stopping, check)
        with stage("publish") as counts:
            size = publish_video(store, video, path, finishing)
            counts["bytes"] = size
            publish_kept(store, blueprint, cache, folder, finishing)
        metrics.record(metrics.VIDEO_SIZE, size)
    plan_quality = blueprint.generation_parameters.get("quality")
    quality = {**(plan_quality if isinstance(plan_quality, dict) else {}), **report.quality}
    result = Rendered(video_path=path, duration=report.duration, file_size=size, quality=quality)
    tasks.complete(claim, result)
    metrics.record(metrics.TASKS, 1, outcome="completed")
    spent = {"event": "rendered", "seconds": round(time.monotonic() - started, 3)}
    logging.info("completed", extra={**spent, "duration_s": report.duration, "file_size": size})


def _preview(
    store: ObjectStore,
    blueprint: Blueprint,
    folder: Path,
    cache: JointCache,
    heartbeat: Heartbeat,
    lost: Callable[[], bool],
    check: Callable[[], None],
) -> None:
    """Publish a small video first, where the plan names small renditions.

    What goes wrong here is only noted: the whole video may still be made.
    """
    small = preview_plan(blueprint)
    if small is None:
        return
    heartbeat.show(Stage.RENDERING, PLANNED_PERCENT, "Making a preview")
    try:
        folder.mkdir()
        media = fetch_media(small, store, folder, lambda _done, _of: None, check)
        video = folder / "preview.mp4"
        preview(
            blueprint,
            media,
            video,
            report=lambda _share, _text: None,
            cancelled=lost,
            cache=cache,
        )
        publish_video(store, video, blueprint.output_config.preview_path(), check)
    except ClaimLost:
        raise
    except (ChoreoError, OSError) as exc:
        logging.warning("no preview: %s", exc)
        return
    logging.info("a preview is published", extra={"event": "preview"})
    heartbeat.show(Stage.RENDERING, PLANNED_PERCENT, "A preview can be seen")


def _forget_preview(store: ObjectStore, blueprint: Blueprint) -> None:
    """Remove the small video of a task that has ended; the whole one, if any, stands in for it."""
    _forget(store, blueprint.output_config.preview_path())


def _forget_all(store: ObjectStore, blueprint: Blueprint) -> None:
    """Remove what a cancelled task has published, whole or small."""
    path = blueprint.output_config.output_path
    _forget(store, blueprint.output_config.preview_path(), path, kept_path(path))


def _forget(store: ObjectStore, *paths: MediaPath) -> None:
    for path in paths:
        try:
            store.remove(path)
        except ChoreoError as exc:
            logging.warning("%s is left to the store's own clean-up: %s", path, exc)


@contextmanager
def _workplace(scratch: Path | None) -> Iterator[Path]:
    """Make a folder for this execution's files, and remove it with all that is in it."""
    try:
        folder = tempfile.TemporaryDirectory(
            prefix="choreo-", dir=scratch, ignore_cleanup_errors=True
        )
    except OSError as exc:
        raise Unavailable(f"there is no folder for working files: {exc.strerror}") from exc
    with folder as name:
        yield Path(name)


class _Patience:
    """Lets an upload that has begun end within the time that a stopping machine leaves."""

    def __init__(
        self, check: Callable[[], None], stopping: Callable[[], bool], give_up: Callable[[], None]
    ) -> None:
        self._check, self._stopping, self._give_up = check, stopping, give_up
        self._until: float | None = None

    def __call__(self) -> None:
        self._check()
        if self._stopping():
            now = time.monotonic()
            self._until = self._until or now + UPLOAD_SECONDS
            if now > self._until:
                self._give_up()


def _stop_if(condition: bool, claim: Claim) -> None:
    if condition:
        raise ClaimLost(f"task {claim.task_id} was cancelled or taken over")
