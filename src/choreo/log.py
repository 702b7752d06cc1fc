"""Logging: one JSON object a line for machines, readable lines on a terminal.

Every record made inside `task_context` carries the task's id, and the trace id when known.
"""

import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TextIO

from choreo import metrics

_CONTEXT: ContextVar[Mapping[str, str]] = ContextVar(
    "choreo_log_context", default=MappingProxyType({})
)

TALKATIVE = ("faiss.loader", "werkzeug", "alembic")
"""Libraries that tell of every step on the level of news."""

_SEVERITIES = {"WARNING": "WARNING", "ERROR": "ERROR", "CRITICAL": "CRITICAL", "DEBUG": "DEBUG"}

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@contextmanager
def task_context(task_id: str, trace: str | None = None) -> Iterator[None]:
    """Add `task_id` (and `trace`) to every record that is logged inside."""
    with _fields({"task_id": task_id} | ({"trace": trace} if trace else {})):
        yield


@contextmanager
def trace_context(trace: str) -> Iterator[None]:
    """Add `trace` to every record that is logged inside."""
    with _fields({"trace": trace}):
        yield


@contextmanager
def _fields(fields: Mapping[str, str]) -> Iterator[None]:
    token = _CONTEXT.set({**_CONTEXT.get(), **fields})
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def current_trace() -> str | None:
    """Return the trace id of the surrounding `task_context`, to hand it to the next process."""
    return _CONTEXT.get().get("trace")


@contextmanager
def stage(name: str) -> Iterator[dict[str, object]]:
    """Log one line when the block ends: the stage's name, its seconds, and how it ended.

    What the block puts into the given dictionary, such as counts, stands in the line too. The
    seconds are also recorded as a measurement.
    """
    counts: dict[str, object] = {}
    started = time.monotonic()
    outcome = "failed"
    try:
        yield counts
        outcome = "done"
    finally:
        seconds = round(time.monotonic() - started, 4)
        metrics.record(metrics.STAGE, seconds, stage=name, outcome=outcome)
        fields = {"event": "stage", "stage": name, "outcome": outcome, "seconds": seconds}
        logging.getLogger(__name__).info("stage %s %s", name, outcome, extra={**counts, **fields})


def configure(component: str, stream: TextIO | None = None, project: str = "") -> None:
    """Send all records to `stream` (default: stderr); call once, in an entrypoint.

    Args:

        component: Name of the deployable.

        stream: Where the lines go.

        project: Google Cloud project, so that Cloud Logging finds the trace of a record.
    """
    target = stream if stream is not None else sys.stderr
    handler = logging.StreamHandler(target)
    handler.setFormatter(_Lines(component) if target.isatty() else _Json(component, project))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Json(logging.Formatter):
    """Cloud Logging's structured fields: severity, message, time, and ours beside them."""

    def __init__(self, component: str, project: str) -> None:
        super().__init__()
        self._component = component
        self._traces = f"projects/{project}/traces/" if project else ""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "severity": _SEVERITIES.get(record.levelname, "INFO"),
            "message": record.getMessage(),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "component": self._component,
            "logger": record.name,
        }
        context = dict(_CONTEXT.get())
        trace = context.pop("trace", None)
        if trace:
            entry["logging.googleapis.com/trace"] = self._traces + trace
        entry.update(context)
        entry.update(_extra_fields(record))
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


class _Lines(logging.Formatter):
    def __init__(self, component: str) -> None:
        super().__init__()
        self._component = component

    def format(self, record: logging.LogRecord) -> str:
        clock = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        task = _CONTEXT.get().get("task_id", "")
        fields = " ".join(f"{key}={value}" for key, value in _extra_fields(record).items())
        head = f"{clock} {self._component:<15} {task[:8]:<8}"
        level = "" if record.levelno <= logging.INFO else f"{record.levelname} "
        text = f"{head} {level}{record.getMessage()} {fields}".rstrip()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text


def _extra_fields(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD_FIELDS}
