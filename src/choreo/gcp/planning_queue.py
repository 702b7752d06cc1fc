"""Pub/Sub as queue to the planner."""

import json
from functools import cached_property

from google.api_core.exceptions import (
    Aborted,
    Cancelled,
    DeadlineExceeded,
    InternalServerError,
    ResourceExhausted,
    ServiceUnavailable,
    Unknown,
)
from google.api_core.retry import Retry, if_exception_type
from google.cloud.pubsub_v1 import PublisherClient

from choreo.errors import Unavailable
from choreo.gcp.faults import translated
from choreo.log import current_trace

PUBLISH_SECONDS = 5.0
"""For the client's own repetitions: a caller waits for its 202 meanwhile."""

FLUSH_SECONDS = PUBLISH_SECONDS + 3.0
"""For the message to be with the queue, the first connection included."""

_RETRY = Retry(
    predicate=if_exception_type(
        Aborted,
        Cancelled,
        DeadlineExceeded,
        InternalServerError,
        ResourceExhausted,
        ServiceUnavailable,
        Unknown,
    ),
    initial=0.1,
    timeout=PUBLISH_SECONDS,
)


class PubSubQueue:
    """Publishes task ids. With `PUBSUB_EMULATOR_HOST` set, the client talks to that server.

    Args:

        topic: `projects/P/topics/T`.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def publish(self, task_id: str) -> None:
        """Return once Pub/Sub has the message; see `choreo.ports.PlanningQueue`."""
        trace = current_trace()
        attributes = {"task_id": task_id} | ({"trace": trace} if trace else {})
        data = json.dumps({"task_id": task_id}, separators=(",", ":")).encode()
        with translated(
            f"the message for task {task_id} was not published",
            f"check that {self._topic} exists and that this service account has "
            "roles/pubsub.publisher on it",
            refusal=Unavailable,  # the task waits in its table until the topic takes it
        ):
            future = self._client.publish(
                self._topic, data, retry=_RETRY, timeout=PUBLISH_SECONDS, **attributes
            )
            # A function may be frozen once it has answered: nothing may be left to send.
            future.result(FLUSH_SECONDS)

    @cached_property
    def _client(self) -> PublisherClient:
        return PublisherClient()
