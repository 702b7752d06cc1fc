"""The routes, and what becomes of errors.

functions-framework hands every request to one function, so the routing is done here.
"""

import io
import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Request
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

from choreo import trace
from choreo.errors import (
    ChoreoError,
    InvalidInput,
    InvalidSettings,
    Unavailable,
    UnknownSong,
    UnknownTask,
)
from choreo.log import trace_context
from intake import (
    choreography,
    cors,
    library,
    media,
    openapi,
    own_media,
    page,
    report,
    sharing,
    storyboard,
)
from intake.access import Caller, Visit
from intake.doors import Doors, Parts
from intake.headers import guard
from intake.problems import Problem

_log = logging.getLogger(__name__)

RETRY_SECONDS = 5
"""After this time a database that restarts has usually come back."""

Handler = Callable[..., Response]
"""Takes the doors, the visit and the parts of the path."""

NOBODY = Caller("")
"""Who asks for what is open to everybody."""

TASK = "/api/choreography/tasks/<task_id>"

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/api/choreography/generate-from-song", choreography.generate_from_song),
    ("POST", "/api/choreography/generate-with-ai", choreography.generate_with_ai),
    ("POST", TASK + "/reroll", choreography.reroll),
    ("POST", TASK + "/variants", choreography.variants),
    ("POST", TASK + "/share", sharing.share),
    ("GET", TASK, choreography.task_status),
    ("DELETE", TASK, choreography.cancel_task),
    ("GET", TASK + "/blueprint", choreography.task_blueprint),
    ("GET", TASK + "/storyboard", storyboard.task_storyboard),
    ("GET", TASK + "/captions.vtt", choreography.task_captions),
    ("GET", TASK + "/cue-sheet", choreography.task_cue_sheet),
    ("GET", TASK + "/timeline.otio", choreography.task_timeline),
    ("GET", TASK + "/download", choreography.task_download),
    ("GET", "/api/songs", library.songs),
    ("GET", "/api/songs/<song_id>/audio", library.song_audio),
    ("GET", "/api/songs/<song_id>/counts", own_media.song_counts),
    ("POST", "/api/songs/<song_id>/counts", own_media.correct_counts),
    ("GET", "/api/library", report.library_report),
    ("GET", "/api/library/moves", report.library_moves),
    ("PATCH", "/api/moves/<move_id>", report.edit_move),
    ("GET", "/api/library/ingest", own_media.ingest_state),
    ("POST", "/api/library/uploads", own_media.upload),
    ("GET", "/api/options", library.options),
    ("GET", "/healthz", library.health),
    # Cloud Run's own front end keeps addresses that end in z for itself.
    ("GET", "/health", library.health),
    ("GET", "/openapi.json", openapi.document),
    ("GET", "/", page.page),
    ("GET", "/web/<name>", page.static_file),
    ("GET", "/favicon.ico", page.icon),
    ("GET", "/robots.txt", page.robots),
    ("GET", "/media/<path:path>", media.media),
)

OPEN: frozenset[Handler] = frozenset(
    {page.page, page.static_file, page.icon, page.robots, library.health, openapi.document}
)
"""What needs no token: it tells nothing about anybody."""

OPENED_BY_BROWSERS: frozenset[Handler] = frozenset(
    {
        choreography.task_captions,
        choreography.task_cue_sheet,
        choreography.task_timeline,
        choreography.task_download,
        library.song_audio,
        media.media,
    }
)
"""What a page links to or plays; a browser sends no token there, so a ticket stands for it."""

SHARED: frozenset[Handler] = frozenset(
    {
        choreography.task_status,
        choreography.task_blueprint,
        choreography.task_captions,
        choreography.task_cue_sheet,
        choreography.task_timeline,
        choreography.task_download,
        storyboard.task_storyboard,
        media.media,
    }
)
"""What a link to one dance opens."""

_MAP = Map(
    [Rule(path, methods=[method], endpoint=handler) for method, path, handler in ROUTES],
    strict_slashes=True,
    merge_slashes=False,
    redirect_defaults=False,
)


def kept_by_framework(path: str) -> bool:
    """Tell whether functions-framework would answer `path` itself."""
    return path in ("/favicon.ico", "/robots.txt") or path.startswith("/static/")


class Intake:
    """Answers HTTP requests.

    Args:

        open_parts: Opens the stack; it is called at the first request, and again at the next
            one if it fails.
    """

    def __init__(self, open_parts: Callable[[], Parts]) -> None:
        self._open_parts = open_parts
        self._opening = threading.Lock()
        self._opened: Doors | None = None

    def answer(self, request: Request) -> Response:
        """Return the answer to `request`; nothing is raised, whatever happens."""
        headers = request.headers
        sent = trace.trace_of(
            headers.get("traceparent", ""), headers.get("X-Cloud-Trace-Context", "")
        )
        with trace_context(sent or trace.new_trace()):
            return self._answer(request)

    def _answer(self, request: Request) -> Response:
        endpoint = media = ""
        origins: tuple[str, ...] = ()
        try:
            doors = self._doors()
            origins, media = doors.origins, doors.links.origin
            reply = cors.preflight(request, origins)
            if reply is None:
                handler, arguments = _MAP.bind("").match(request.path, request.method)
                endpoint = handler.__name__
                reply = _handled(doors, request, handler, arguments)
        except Problem as problem:
            reply = problem.response()
        except (ChoreoError, HTTPException) as exc:
            reply = _expected(exc).response()
        except Exception:  # noqa: BLE001 - the last line of defence: logged whole, told without a word
            reply = _unexpected().response()
        # The framework reads what is left of the body into memory after every answer; an
        # oversized one would fail there.
        request.stream = io.BytesIO()
        return cors.share(guard(reply, endpoint, media), request, origins)

    def _doors(self) -> Doors:
        with self._opening:  # the first requests may come together
            if self._opened is None:
                self._opened = Doors(self._open_parts())
            return self._opened


def _handled(
    doors: Doors, request: Request, handler: Handler, arguments: Mapping[str, Any]
) -> Response:
    caller = NOBODY
    if handler not in OPEN:
        visitor = doors.gate.visitor(request) if handler in SHARED else None
        caller = visitor or doors.gate.caller(request, handler in OPENED_BY_BROWSERS)
        if request.method in ("POST", "PATCH"):
            doors.gate.count_request(caller)
    return handler(doors, Visit(request, caller), **arguments)


def _expected(error: ChoreoError | HTTPException) -> Problem:
    match error:
        case InvalidSettings():
            return _unexpected()
        case UnknownSong():
            return Problem(HTTPStatus.NOT_FOUND, "unknown-song", str(error))
        case UnknownTask():
            return Problem(HTTPStatus.NOT_FOUND, "unknown-task", str(error))
        case InvalidInput():
            return Problem(HTTPStatus.BAD_REQUEST, "invalid-request", str(error))
        case Unavailable():
            _log.error("unavailable: %s", error)
            return Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "unavailable",
                "a part of this service is away for the moment; please try again soon",
                headers={"Retry-After": str(RETRY_SECONDS)},
            )
        case MethodNotAllowed():
            allowed = ", ".join(sorted(error.valid_methods or ()))
            return Problem(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "method-not-allowed",
                f"this address takes {allowed}",
                headers={"Allow": allowed},
            )
        case HTTPException(code=404):
            return Problem(
                HTTPStatus.NOT_FOUND,
                "not-found",
                "there is nothing at this address; /openapi.json lists the addresses",
            )
        case HTTPException(code=400):
            return Problem(HTTPStatus.BAD_REQUEST, "invalid-request", "the request is malformed")
        case _:
            return _unexpected()


def _unexpected() -> Problem:
    error_id = secrets.token_hex(8)
    _log.exception("unexpected error", extra={"error_id": error_id})
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "unexpected",
        f"something went wrong on our side; the log knows it as {error_id}",
        error_id=error_id,
    )
