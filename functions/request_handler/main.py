"""The request handler's entrypoint: takes requests in, answers polls, shows the page."""

import os

import functions_framework
from flask import Request
from werkzeug.wrappers import Response

from choreo.log import configure
from choreo.settings import Role, Settings
from choreo.wiring import Stack
from intake.app import Intake


def _open_stack() -> Stack:
    configure("request_handler")
    return Stack(Settings.from_env(os.environ, Role.REQUEST_HANDLER))


_intake = Intake(_open_stack)


@functions_framework.http
def handle(request: Request) -> Response:
    """Answer one HTTP request; `intake.app` has the routes."""
    return _intake.answer(request)
