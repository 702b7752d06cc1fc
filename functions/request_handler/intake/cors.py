"""Which other origins' pages may use the API: those that the operator names, and no others."""

from collections.abc import Sequence

from flask import Request
from werkzeug.wrappers import Response

METHODS = "GET, POST, PATCH, DELETE"
REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Range, traceparent"
ANSWER_HEADERS = "Location, Retry-After, ETag, Content-Disposition, Content-Range, Accept-Ranges"

KEPT_SECONDS = 3600
"""How long a browser may remember the answer to a preflight request."""


def preflight(request: Request, origins: Sequence[str]) -> Response | None:
    """Return the answer to a named origin's preflight request, or None for anything else."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    if request.headers.get("Origin") not in origins:
        return None
    return Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": REQUEST_HEADERS,
            "Access-Control-Max-Age": str(KEPT_SECONDS),
        },
    )


def share(reply: Response, request: Request, origins: Sequence[str]) -> Response:
    """Let a named origin read the answer."""
    if origins:
        reply.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin in origins:
        reply.headers["Access-Control-Allow-Origin"] = origin
        reply.headers["Access-Control-Expose-Headers"] = ANSWER_HEADERS
    return reply
