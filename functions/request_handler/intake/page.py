"""The page and its few files."""

from functools import cache
from http import HTTPStatus
from pathlib import Path

from flask import Response

from intake.access import Visit
from intake.doors import Doors
from intake.problems import Problem

WEB = Path(__file__).resolve().parent.parent / "web"

FILES = {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
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
    if name not in FILES:
        raise Problem(HTTPStatus.NOT_FOUND, "not-found", "the page has no such file")
    reply = Response(_content(name), content_type=FILES[name])
    reply.add_etag()
    reply.headers["Cache-Control"] = "no-cache"
    reply.make_conditional(visit.request)
    return reply


@cache
def _content(name: str) -> bytes:
    return (WEB / name).read_bytes()
