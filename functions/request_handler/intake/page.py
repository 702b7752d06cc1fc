"""The page and its few files."""

from functools import cache
from http import HTTPStatus
from pathlib import Path

from flask import Response

from intake.access import Visit
from intake.doors import Doors
from intake.problems import Problem

WEB = Path(__file__).resolve().parent.parent / "web"

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def page(_doors: Doors, visit: Visit) -> Response:
    """Give the page."""
    return static_file(_doors, visit, "index.html")


def icon(doors: Doors, visit: Visit) -> Response:
    """Give the page's icon to those who ask for it where icons used to be."""
    return static_file(doors, visit, "icon.svg")


def robots(_doors: Doors, _visit: Visit) -> Response:
    """Ask crawlers to stay away: there is nothing here to be found by searching."""
    return Response("User-agent: *\nDisallow: /\n", content_type="text/plain; charset=utf-8")


def static_file(_doors: Doors, visit: Visit, name: str) -> Response:
    """Give one of the page's files."""
    files = _files()
    if name not in files:
        raise Problem(HTTPStatus.NOT_FOUND, "not-found", "the page has no such file")
    content_type, content = files[name]
    reply = Response(content, content_type=content_type)
    reply.add_etag()
    reply.headers["Cache-Control"] = "no-cache"
    reply.make_conditional(visit.request)
    return reply


@cache
def _files() -> dict[str, tuple[str, bytes]]:
    """Read the page's files: content type and content by name."""
    return {
        file.name: (CONTENT_TYPES[file.suffix], file.read_bytes())
        for file in WEB.iterdir()
        if file.suffix in CONTENT_TYPES
    }
