"""The request handler's entrypoint: takes requests in, answers polls, shows the page."""

import os

import functions_framework
from flask import Request, current_app, has_app_context, request
from werkzeug.wrappers import Response

from choreo.log import configure
from choreo.settings import Role, Settings
from choreo.wiring import Stack
from intake.app import Intake, kept_by_framework


def _open_stack() -> Stack:
    configure("request_handler")
    settings = Settings.from_env(os.environ, Role.REQUEST_HANDLER)
    configure("request_handler", project=settings.project)
    return Stack(settings)


_intake = Intake(_open_stack)


@functions_framework.http
def handle(request: Request) -> Response:
    """Answer one HTTP request; `intake.app` has the routes."""
    return _intake.answer(request)


def _handle_what_the_framework_keeps() -> Response | None:
    # An address with a line break in it fits no route of the framework's.
    ours = request.routing_exception is not None or kept_by_framework(request.path)
    return _intake.answer(request) if ours else None


# The framework answers some addresses itself, without our headers. It loads this file inside
# its application, which asks this function first; where it is loaded otherwise, there is none.
if has_app_context():
    current_app.before_request(_handle_what_the_framework_keeps)
