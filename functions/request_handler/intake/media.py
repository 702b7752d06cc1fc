"""Playing stored media, where the store is a folder of this machine.

In the cloud the bucket serves media itself, under signed addresses; there is nothing here.
"""

from http import HTTPStatus
from pathlib import PurePosixPath

from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.utils import send_file
from werkzeug.wrappers import Response

from choreo.errors import MediaMissing, UnsafePath
from intake.access import Caller, Visit
from intake.doors import Doors
from intake.problems import Problem

SERVED_FOLDERS = frozenset({"songs", "moves", "outputs"})

MAX_NAME_CHARS = 150
"""The longest name under which a browser is told to save a file."""

CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
"""The same on every machine, unlike the system's own table."""


def media(doors: Doors, visit: Visit, path: str) -> Response:
    """Serve one file, whole or one range of it; `?download=NAME` has it saved as NAME."""
    missing = Problem(HTTPStatus.NOT_FOUND, "no-media", "there is no such media here")
    parts = path.split("/")
    if doors.files is None or parts[0] not in SERVED_FOLDERS:
        raise missing
    if not _shown_to(visit.caller, parts):
        raise missing
    if any(part.startswith(".") for part in parts):
        raise missing  # unfinished files of the store, and every way up
    try:
        file = doors.files.file_of(path)
    except (MediaMissing, UnsafePath):
        raise missing from None
    environ = dict(visit.request.environ)
    if "," in environ.get("HTTP_RANGE", ""):
        del environ["HTTP_RANGE"]  # several ranges at once: the whole file is a legal answer
    name = download_name(visit.request.args.get("download", ""))
    try:
        reply = send_file(
            file,
            environ,
            mimetype=CONTENT_TYPES.get(
                PurePosixPath(path).suffix.lower(), "application/octet-stream"
            ),
            as_attachment=bool(name),
            download_name=name or parts[-1],
            conditional=True,
        )
    except RequestedRangeNotSatisfiable as exc:
        raise Problem(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            "range-not-satisfiable",
            "the range asked for lies outside the file",
            headers={"Content-Range": f"bytes */{exc.length}", "Accept-Ranges": "bytes"},
        ) from None
    except OSError:
        raise missing from None
    reply.headers["Cache-Control"] = "private, no-cache"
    reply.headers["Accept-Ranges"] = "bytes"
    return reply


def download_name(wanted: str, otherwise: str = "") -> str:
    """Return the name under which a file may be saved: `wanted`, or `otherwise` if it cannot be."""
    name = wanted.strip()[:MAX_NAME_CHARS]
    return name if name and name.isprintable() else otherwise


def _shown_to(caller: Caller, parts: list[str]) -> bool:
    """Tell whether a caller may have the file: by a link to one dance, its video and pictures."""
    if caller.dance is None:
        return True
    if parts[0] == "moves":
        return parts[-1].endswith(".jpg")
    return parts[0] == "outputs" and parts[-1].split(".")[0] == caller.dance
