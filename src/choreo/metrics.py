"""Measurements, through OpenTelemetry.

Until `configure("log")` is called nothing is measured and nothing is loaded. After it, `flush`
writes what was recorded since the last time as one line of the log: a process that may be
frozen or ended after each piece of work cannot wait for a collector to come by.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

EVENT = "metrics"
"""The field `event` of the lines that `flush` writes."""


@dataclass(frozen=True)
class Metric:
    """One kind of measurement: a histogram."""

    name: str
    unit: str
    description: str


STAGE = Metric("choreo.stage.duration", "s", "Time that one stage of the work took")
CANDIDATES = Metric("choreo.search.moves", "{move}", "Moves that the search found for a song")
BLUEPRINT_SIZE = Metric("choreo.blueprint.size", "By", "Size of a blueprint's JSON")
VIDEO_SIZE = Metric("choreo.video.size", "By", "Size of a finished video")
TASKS = Metric("choreo.task.outcome", "1", "1 for each task that this process ended")

ALL = (STAGE, CANDIDATES, BLUEPRINT_SIZE, VIDEO_SIZE, TASKS)

_log = logging.getLogger(__name__)


@dataclass
class _Off:
    """Takes measurements and forgets them."""

    def record(self, metric: Metric, value: float, attributes: Mapping[str, str]) -> None:
        pass

    def collect(self) -> list[dict[str, Any]]:
        return []


class _OpenTelemetry:
    """Takes measurements with the SDK and gives them back as plain values."""

    def __init__(self) -> None:
        from opentelemetry.sdk.metrics import Histogram, MeterProvider
        from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader

        # Each line holds what is new: lines of many short processes add up.
        self._reader = InMemoryMetricReader({Histogram: AggregationTemporality.DELTA})
        meter = MeterProvider([self._reader], shutdown_on_exit=False).get_meter("choreo")
        self._record: dict[str, Callable[..., None]] = {
            metric.name: meter.create_histogram(metric.name, metric.unit, metric.description).record
            for metric in ALL
        }

    def record(self, metric: Metric, value: float, attributes: Mapping[str, str]) -> None:
        self._record[metric.name](value, attributes)

    def collect(self) -> list[dict[str, Any]]:
        data = self._reader.get_metrics_data()
        found = [
            (metric, point)
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        ]
        return [
            {
                "name": metric.name,
                "unit": metric.unit,
                "attributes": dict(point.attributes or {}),
                "count": getattr(point, "count", 0),
                "sum": getattr(point, "sum", 0),
                "min": getattr(point, "min", 0),
                "max": getattr(point, "max", 0),
            }
            for metric, point in found
        ]


_recorder: _Off | _OpenTelemetry = _Off()


def configure(where: str) -> None:
    """Measure from now on; call once, in an entrypoint.

    Args:

        where: `log`, or `off`.
    """
    global _recorder
    _recorder = _OpenTelemetry() if where == "log" else _Off()


def record(metric: Metric, value: float, **attributes: str) -> None:
    """Record one measurement; `attributes` are few and have few values."""
    _recorder.record(metric, value, attributes)


def flush() -> None:
    """Log what was recorded since the last time, if anything, as one line."""
    found = _recorder.collect()
    if found:
        _log.info("measured", extra={"event": EVENT, "metrics": found})
