"""The page and its few files."""

from functools import cache
from http import HTTPStatus
from pathlib import Path

from flask import Request, Response

from intake.doors import Doors
from intake.problems import Problem

WEB = Path(__file__).resolve().parent.parent / "web"

FILES = {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


def page(_doors: Doors, request: Request) -> Response:
    """Give the page."""
    return static_file(_doors, request, "index.html")


def static_file(_doors: Doors, request: Request, name: str) -> Response:
    """Give one of the page's files."""
    if name not in FILES:
        raise Problem(HTTPStatus.NOT_FOUND, "not-found", "the page has no such file")
    reply = Response(_content(name), content_type=FILES[name])
    reply.add_etag()
    reply.headers["Cache-Control"] = "no-cache"
    reply.make_conditional(request)
    return reply


@cache
def _content(name: str) -> bytes:
    return (WEB / name).read_bytes()
