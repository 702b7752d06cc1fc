"""Taking tasks down, and telling how they are."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import Response

from choreo import exports
from choreo.blueprint import Blueprint, OutputConfig
from choreo.errors import ChoreoError, InvalidInput, Unavailable, UnknownSong, UnknownTask
from choreo.log import stage, task_context
from choreo.song import Song
from choreo.task import TASK_ID, GenerationRequest, Reroll, Stage, Task, TaskStatus, Variant
from choreo.vocabulary import Difficulty
from intake.access import Visit
from intake.answers import Accepted, TaskAnswer
from intake.audio import fault_in_audio
from intake.bodies import (
    RerollRequest,
    SentenceRequest,
    SongRequest,
    VariantRequest,
    chosen,
    idempotency_key,
    read_body,
)
from intake.doors import Doors
from intake.media import download_name
from intake.problems import FieldFault, Problem
from intake.replies import json_reply, text_reply

_log = logging.getLogger(__name__)

STATUS_URL = "/api/choreography/tasks/{}"

_SONG_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")

CUE_SHEET_FORMATS = ("html", "txt")


def generate_from_song(doors: Doors, visit: Visit) -> Response:
    """Take down a task for a song of the library, or for a medley of several."""
    key = idempotency_key(visit.request)
    body = read_body(visit.request, SongRequest)
    wanted = body.generation_request()
    for song in [known_song(doors, song_id) for song_id in wanted.songs_named()]:
        fault = fault_in_audio(doors, song.audio_path)
        if fault:
            raise Problem(
                HTTPStatus.BAD_REQUEST,
                "unusable-song",
                f"the song {song.id!r} cannot be danced to: {fault}",
            )
    return _take_down(doors, visit, wanted, key)


def generate_with_ai(doors: Doors, visit: Visit) -> Response:
    """Take down a task for a sentence."""
    key = idempotency_key(visit.request)
    body = read_body(visit.request, SentenceRequest)
    return _take_down(doors, visit, body.generation_request(), key)


def reroll(doors: Doors, visit: Visit, task_id: str) -> Response:
    """Take down a task that chooses some moves of a plan anew and keeps the rest."""
    key = idempotency_key(visit.request)
    body = read_body(visit.request, RerollRequest)
    task = known_task(doors, visit, task_id)
    plan = Blueprint.from_json(_plan_text(doors, visit, task_id, missing=HTTPStatus.CONFLICT))
    _check_within(body, plan)
    wish = Reroll(
        task_id=task_id,
        slots=body.slots,
        lock=body.lock,
        avoid=body.avoid,
        difficulty=body.difficulty,
        energy_level=body.energy_level,
    )
    seed = task.request.seed if body.seed is None else body.seed
    wanted = task.request.model_copy(update={"reroll": wish, "variant": None, "seed": seed})
    return _take_down(doors, visit, wanted, key)


def variants(doors: Doors, visit: Visit, task_id: str) -> Response:
    """Take down a task that writes a plan as another video."""
    key = idempotency_key(visit.request)
    body = read_body(visit.request, VariantRequest)
    task = known_task(doors, visit, task_id)
    _plan_text(doors, visit, task_id, missing=HTTPStatus.CONFLICT)
    wish = Variant(task_id=task_id, **body.model_dump())
    wanted = task.request.model_copy(update={"reroll": None, "variant": wish})
    return _take_down(doors, visit, wanted, key)


def task_status(doors: Doors, visit: Visit, task_id: str) -> Response:
    """Tell how a task is."""
    return _reply(doors, visit, known_task(doors, visit, task_id))


def cancel_task(doors: Doors, visit: Visit, task_id: str) -> Response:
    """Cancel a task; one that has been cancelled before is told again, not refused."""
    known_task(doors, visit, task_id)
    task = doors.tasks.cancel(task_id)
    if task.status is not TaskStatus.CANCELLED:
        raise Problem(
            HTTPStatus.CONFLICT,
            "task-has-ended",
            f"the task is {task.status.value} and stays so; only a pending or running task can "
            "be cancelled",
        )
    return _reply(doors, visit, task)


def task_blueprint(doors: Doors, visit: Visit, task_id: str) -> Response:
    """Give the plan as it is stored."""
    return text_reply(_plan_text(doors, visit, task_id), "application/json")


def task_captions(doors: Doors, visit: Visit, task_id: str) -> Response:
    """Give the moves as WebVTT."""
    return text_reply(exports.captions(plan_of(doors, visit, task_id)), "text/vtt; charset=utf-8")


def task_cue_sheet(doors: Doors, visit: Visit, task_id: str) -> Response:
    """Give the counts and moves for print, or as plain text with `?format=txt`."""
    plan = plan_of(doors, visit, task_id)
    if chosen(visit.request, "format", "html", CUE_SHEET_FORMATS) == "txt":
        return text_reply(exports.cue_sheet(plan), "text/plain; charset=utf-8")
    return text_reply(exports.cue_sheet_page(plan), "text/html; charset=utf-8")


def task_timeline(doors: Doors, visit: Visit, task_id: str) -> Response:
    """Give the plan as an OpenTimelineIO file, to be saved under `?name=`."""
    reply = text_reply(exports.timeline(plan_of(doors, visit, task_id)), "application/json")
    name = download_name(visit.request.args.get("name", ""), f"{task_id}.otio")
    reply.headers.set("Content-Disposition", "attachment", filename=name)
    return reply


def task_download(doors: Doors, visit: Visit, task_id: str) -> Response:
    """Lead a browser to the finished video, to save it under `?name=`.

    An address that is signed ends soon and the page may be open for long, so it is made now.
    """
    task = known_task(doors, visit, task_id)
    if task.status is not TaskStatus.COMPLETED or task.video_path is None:
        raise Problem(
            HTTPStatus.NOT_FOUND, "no-video", f"the task is {task.status.value} and has no video"
        )
    if not _is_stored(doors, task.video_path):
        raise Problem(HTTPStatus.GONE, "video-removed", _words_for_removed(doors, task))
    name = download_name(visit.request.args.get("name", ""), f"choreography-{task.id[:8]}.mp4")
    address = doors.gate.with_ticket(doors.links.link(task.video_path, name), visit.caller)
    return Response(
        status=HTTPStatus.TEMPORARY_REDIRECT,
        headers={"Location": address, "Cache-Control": "no-store"},
    )


def known_song(doors: Doors, song_id: str) -> Song:
    """Return the song.

    Raises:

        UnknownSong: If there is none with this id.
    """
    if not _SONG_ID.fullmatch(song_id):
        raise UnknownSong(f"there is no song {song_id[:80]!r}; GET /api/songs lists them")
    return doors.catalogue.song(song_id)


def _take_down(doors: Doors, visit: Visit, wanted: GenerationRequest, key: str | None) -> Response:
    owner = visit.caller.owner
    try:
        task = doors.tasks.find(key, owner, wanted) if key is not None else None
        if task is None:  # asking again for the same is no new video
            doors.gate.count_video(visit.caller)
            task = doors.tasks.create(wanted, key, owner)
    except InvalidInput as exc:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency-key-reused", str(exc)) from None
    if task.published_at is None and not task.status.terminal:
        _tell_planner(doors, task)
    status_url = STATUS_URL.format(task.id)
    reply = json_reply(
        Accepted(task_id=task.id, status=task.status, status_url=status_url), HTTPStatus.ACCEPTED
    )
    reply.headers["Location"] = status_url
    return reply


def _check_within(body: RerollRequest, plan: Blueprint) -> None:
    moves = len(plan.moves)
    faults = []
    for name, indices in (("slots", body.slots), ("lock", body.lock)):
        beyond = [index for index in indices if index >= moves]
        if beyond:
            message = f"names {beyond[0]}; the plan has {moves} moves, 0 to {moves - 1}"
            faults.append(FieldFault(field=name, message=message))
    hardest = plan.difficulty_level
    if body.difficulty is not None and body.difficulty.rank > hardest.rank:
        allowed = [level.value for level in Difficulty if level.rank <= hardest.rank]
        message = f"is {body.difficulty.value}; the plan is {hardest.value}, so it must be one of "
        message += f"{', '.join(allowed)}, or null"
        faults.append(FieldFault(field="difficulty", message=message, allowed=allowed))
    if faults:
        summary = "; ".join(f"{fault.field} {fault.message}" for fault in faults)
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", summary, faults)


def _tell_planner(doors: Doors, task: Task) -> None:
    """Publish the task's id. The row is kept either way: what fails here, the sweeper does."""
    with task_context(task.id):
        try:
            with stage("queue"):
                doors.queue.publish(task.id)
                doors.tasks.mark_published(task.id)
        except ChoreoError as exc:
            _log.error("the task waits for the sweeper to publish it: %s", exc)


def known_task(doors: Doors, visit: Visit, task_id: str) -> Task:
    """Return a task that the visitor may see.

    Raises:

        UnknownTask: If there is none with this id, or it is another's.
    """
    if not TASK_ID.fullmatch(task_id):
        raise UnknownTask(f"there is no task {task_id[:80]!r}")
    task = doors.tasks.get(task_id)
    dance = visit.caller.dance
    if dance != task.id if dance else task.owner not in (None, visit.caller.owner):
        raise UnknownTask(f"there is no task {task_id[:80]!r}")
    return task


def _reply(doors: Doors, visit: Visit, task: Task) -> Response:
    video = task.video_path if task.status is TaskStatus.COMPLETED else None
    removed = video is not None and not _is_stored(doors, video)
    plan = json.loads(doors.tasks.blueprint_json(task.id) or "{}")
    answer = TaskAnswer(
        task_id=task.id,
        status=task.status,
        stage=task.stage,
        progress=task.progress,
        message=_words_for_removed(doors, task) if removed else task.message,
        video_url=None if removed else _address(doors, visit, video),
        duration=task.duration,
        file_size=task.file_size,
        quality=task.quality,
        error=task.error,
        created_at=task.created_at,
        updated_at=task.updated_at,
        degraded=task.degraded,
        warnings=_warnings(plan),
        preview_url=_address(doors, visit, _preview(doors, task, plan)),
        ticket=doors.gate.ticket(visit.caller),
        reroll_of=task.request.reroll.task_id if task.request.reroll else None,
        variant_of=task.request.variant.task_id if task.request.variant else None,
    )
    optional = ("degraded", "warnings", "preview_url", "ticket", "reroll_of", "variant_of")
    return json_reply(answer, leave_out={name for name in optional if not getattr(answer, name)})


def _is_stored(doors: Doors, video: str) -> bool:
    try:
        return doors.store.size(video) is not None
    except Unavailable as exc:
        _log.warning("whether %s is still there is not known: %s", video, exc)
        return True


def _words_for_removed(doors: Doors, task: Task) -> str:
    """Say why a completed task has no video any more, and what to do."""
    days = timedelta(days=doors.videos_kept_days)
    due = task.updated_at + days
    if not days or due > datetime.now(UTC):
        return "The video is no longer there; generate it again"
    return (
        f"The video was removed on {due:%Y-%m-%d} after {doors.videos_kept_days:g} days; "
        "generate it again"
    )


def _address(doors: Doors, visit: Visit, path: str | None) -> str | None:
    return doors.gate.with_ticket(doors.links.link(path), visit.caller) if path else None


def _preview(doors: Doors, task: Task, plan: Mapping[str, Any]) -> str | None:
    """Return where the small video lies, once the job has published it."""
    rendering = task.stage in (Stage.RENDERING, Stage.UPLOADING)
    if not plan or not rendering or task.status is not TaskStatus.RUNNING:
        return None
    output = OutputConfig(output_path=plan["output_config"]["output_path"])
    path = output.preview_path()
    return path if doors.store.size(path) else None


def _warnings(plan: Mapping[str, Any]) -> list[str]:
    """Return what the planner found uncertain; a plan without such a list has none."""
    found = plan.get("generation_parameters", {}).get("warnings")
    return [str(warning) for warning in found] if isinstance(found, list) else []


def _plan_text(
    doors: Doors, visit: Visit, task_id: str, missing: HTTPStatus = HTTPStatus.NOT_FOUND
) -> str:
    task = known_task(doors, visit, task_id)
    plan = doors.tasks.blueprint_json(task_id)
    if plan is None:
        raise Problem(
            missing,
            "no-blueprint",
            f"the task is {task.status.value} and has no blueprint"
            + ("" if task.status.terminal else " yet"),
        )
    return plan


def plan_of(doors: Doors, visit: Visit, task_id: str) -> Blueprint:
    """Return the plan of a task that the visitor may see.

    Raises:

        UnknownTask: If there is no such task for this visitor.

        Problem: 404, if it has no plan.
    """
    return Blueprint.from_json(_plan_text(doors, visit, task_id))
