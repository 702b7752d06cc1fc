"""Building answers: JSON and text, never kept by a cache unless a handler says so."""

from flask import Response
from pydantic import BaseModel


def json_reply(body: BaseModel, status: int = 200, leave_out: set[str] | None = None) -> Response:
    """Return `body` as JSON, without the fields named in `leave_out`."""
    return text_reply(body.model_dump_json(exclude=leave_out), "application/json", status)


def text_reply(text: str, content_type: str, status: int = 200) -> Response:
    """Return `text` under its content type."""
    return Response(
        text, status=status, content_type=content_type, headers={"Cache-Control": "no-store"}
    )
