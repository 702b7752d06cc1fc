"""The queue to the planner without a broker: the push request itself, sent from here.

The body is the one that a Pub/Sub push subscription sends, so the planner cannot tell the
difference. A message that the planner does not acknowledge is sent again, later and later.
Messages wait in memory only: what is lost with the process, the sweeper finds in the table.
"""

import base64
import heapq
import http.client
import itertools
import json
import logging
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from choreo.errors import StageFailed, Unavailable
from choreo.log import current_trace

SUBSCRIPTION = "projects/local/subscriptions/planner"

WORKERS = 4
"""Requests under way at once; the planner itself works on one or a few."""

CAPACITY = 1_000
"""Messages that wait here at most; beyond it the caller is told to come back."""

ATTEMPTS = 5
"""As many deliveries as the cloud's subscription makes before it gives a message up."""

FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0
"""Seconds before the second delivery, doubled for each one after it, and their bound."""

ACK_SECONDS = 600.0
"""How long a planner may take to answer: the bound of a push subscription."""

ACKNOWLEDGED = frozenset({102, 200, 201, 202, 204})
"""The answers that a push subscription takes as an acknowledgement."""

_log = logging.getLogger(__name__)


def push_body(message: Mapping[str, object], trace: str | None = None) -> bytes:
    """Return the body of a Pub/Sub push request that carries `message` as JSON.

    Its attributes are the `task_id` of the message, if it has one, and `trace`, if given.
    """
    attributes = {key: str(message[key]) for key in ("task_id",) if key in message}
    if trace:
        attributes["trace"] = trace
    message_id = str(secrets.randbits(56))
    published = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = json.dumps(message, separators=(",", ":")).encode()
    envelope = {
        "message": {
            "data": base64.b64encode(data).decode(),
            "attributes": attributes,
            "messageId": message_id,
            "message_id": message_id,
            "publishTime": published,
            "publish_time": published,
        },
        "subscription": SUBSCRIPTION,
    }
    return json.dumps(envelope).encode()


@dataclass(order=True)
class _Delivery:
    due: float
    order: int
    task_id: str = field(compare=False)
    body: bytes = field(compare=False)
    attempt: int = field(compare=False, default=1)


class DirectPush:
    """Sends push requests to the planner from background threads.

    Args:

        planner_url: Where the planner listens; `http` or `https`.

        first_delay: Seconds before the second delivery of a message.

        capacity: Messages that may wait.
    """

    def __init__(
        self, planner_url: str, first_delay: float = FIRST_DELAY, capacity: int = CAPACITY
    ) -> None:
        parts = urlsplit(planner_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise StageFailed(
                f"PLANNER_URL is {planner_url!r}; it must look like http://127.0.0.1:8081/"
            )
        self._url = parts
        self._first_delay = first_delay
        self._capacity = capacity
        self._waiting: list[_Delivery] = []
        self._changed = threading.Condition()
        self._order = itertools.count()
        self._workers: list[threading.Thread] = []

    def publish(self, task_id: str) -> None:
        """Take the message for delivery and return at once.

        Raises:

            Unavailable: If too many messages wait already.
        """
        body = push_body({"task_id": task_id}, current_trace())
        with self._changed:
            if len(self._waiting) >= self._capacity:
                raise Unavailable(f"{len(self._waiting)} messages wait for the planner already")
            self._start_workers()
            self._put(_Delivery(time.monotonic(), next(self._order), task_id, body))

    def _put(self, delivery: _Delivery) -> None:
        heapq.heappush(self._waiting, delivery)
        self._changed.notify()

    def _start_workers(self) -> None:
        # Not before the first message: a server that forks would leave its threads behind.
        while len(self._workers) < WORKERS:
            worker = threading.Thread(target=self._work, name="direct-push", daemon=True)
            self._workers.append(worker)
            worker.start()

    def _work(self) -> None:
        while True:
            delivery = self._next()
            fault = self._deliver(delivery)
            if fault is not None:
                self._try_later(delivery, fault)

    def _next(self) -> _Delivery:
        with self._changed:
            while True:
                now = time.monotonic()
                if self._waiting and self._waiting[0].due <= now:
                    return heapq.heappop(self._waiting)
                self._changed.wait(self._waiting[0].due - now if self._waiting else None)

    def _deliver(self, delivery: _Delivery) -> str | None:
        """Send the request once; return None if it was acknowledged, else what was wrong."""
        kind = (
            http.client.HTTPSConnection
            if self._url.scheme == "https"
            else http.client.HTTPConnection
        )
        connection = kind(self._url.hostname or "", self._url.port, timeout=ACK_SECONDS)
        target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        try:
            connection.request("POST", target, delivery.body, {"Content-Type": "application/json"})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as exc:
            return f"{type(exc).__name__}: {exc}"
        finally:
            connection.close()
        return None if status in ACKNOWLEDGED else f"status {status}"

    def _try_later(self, delivery: _Delivery, fault: str) -> None:
        fields = {"task_id": delivery.task_id, "attempt": delivery.attempt, "fault": fault}
        if delivery.attempt >= ATTEMPTS:
            _log.error("the planner did not take the message; the sweeper will", extra=fields)
            return
        _log.warning("the planner did not take the message; it is sent again", extra=fields)
        delay = min(self._first_delay * 2 ** (delivery.attempt - 1), LONGEST_DELAY)
        with self._changed:
            self._put(
                _Delivery(
                    time.monotonic() + delay,
                    next(self._order),
                    delivery.task_id,
                    delivery.body,
                    delivery.attempt + 1,
                )
            )
