"""Links to one dance for those who have no token: to look at, for some days."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from flask import Response

from intake.access import Visit
from intake.answers import ShareAnswer
from intake.bodies import ShareRequest, read_body
from intake.choreography import known_task
from intake.doors import Doors
from intake.replies import json_reply


def share(doors: Doors, visit: Visit, task_id: str) -> Response:
    """Make a ticket for one dance that ends by itself."""
    body = read_body(visit.request, ShareRequest)
    task = known_task(doors, visit, task_id)
    expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=body.days)
    ticket = doors.gate.ticket_for_dance(task.id, int(expires_at.timestamp()))
    return json_reply(
        ShareAnswer(
            ticket=ticket, expires_at=expires_at, page_url=f"/#/task/{task.id}?ticket={ticket}"
        ),
        HTTPStatus.CREATED,
    )
