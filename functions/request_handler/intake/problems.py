"""Answers to what went wrong, as RFC 9457 problem documents.

A problem's `detail` is a sentence for the caller. What only this product should know (texts of
unexpected errors) goes to the log, under an id that the answer names.
"""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

PROBLEM_TYPE = "application/problem+json"

TYPE_PREFIX = "urn:choreo:problem:"


class FieldFault(BaseModel):
    """What is wrong with one field of a request."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    field: str
    """Name of the field; empty for the body as a whole."""
    message: str
    """What is wrong, with the value, and what would be right."""
    allowed: list[str] | None = None
    """The legal values, where they can be counted."""


class ProblemDocument(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    type: str = Field(pattern=f"^{TYPE_PREFIX}[a-z-]+$")
    """Stable name of the kind of problem."""
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    """A sentence for the caller."""
    errors: list[FieldFault] | None = None
    """One entry per fault, when fields of the request are wrong."""
    error_id: str | None = None
    """Names the log entry of an unexpected error."""


class Problem(Exception):
    """A request that ends with a problem document.

    Args:

        status: The answer's status code.

        kind: Last part of the problem's type, such as `unknown-song`.

        detail: A sentence for the caller.

        errors: One entry per wrong field.

        headers: Further headers of the answer.

        error_id: Names the log entry of an unexpected error.
    """

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str,
        errors: Sequence[FieldFault] = (),
        headers: Mapping[str, str] | None = None,
        error_id: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.error_id = error_id

    def response(self) -> Response:
        """Return the answer."""
        document: dict[str, Any] = {
            "type": TYPE_PREFIX + self.kind,
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [fault.model_dump(exclude_none=True) for fault in self.errors]
        if self.error_id:
            document["error_id"] = self.error_id
        return Response(
            json.dumps(document, ensure_ascii=False),
            status=int(self.status),
            headers={**self.headers, "Cache-Control": "no-store"},
            content_type=PROBLEM_TYPE,
        )
