"""The planner: a CloudEvent function that turns a task into a blueprint and starts its job."""

import functools
import logging
import os
from typing import TYPE_CHECKING

import functions_framework

from choreo import log, metrics
from choreo.settings import Role, Settings
from choreo.wiring import Stack
from planning.pipeline import Tools
from planning.search import IndexCache
from planning.worker import Worker, decode

if TYPE_CHECKING:
    from cloudevents.http import CloudEvent


@functions_framework.cloud_event
def plan_choreography(event: "CloudEvent") -> None:
    """Handle one delivery: `{"task_id": …}` or `{"sweep": true}`, as Pub/Sub wraps it.

    Returning acknowledges; raising asks for another delivery.
    """
    message = decode(event.data)
    if message is None:
        logging.getLogger(__name__).error(
            "a message of no use was dropped: it must carry JSON with task_id or sweep"
        )
        return
    _worker().handle(message)


@functools.cache
def _worker() -> Worker:
    settings = Settings.from_env(os.environ, Role.PLANNER)
    log.configure("planner", project=settings.project)
    metrics.configure(settings.metrics)
    stack = Stack(settings)
    cache = IndexCache(
        stack.catalogue,
        settings.embeddings_cache_ttl,
        settings.faiss_nprobe,
        settings.faiss_use_gpu,
    )

    @functools.cache
    def tools() -> Tools:
        return Tools(
            stack.catalogue,
            stack.object_store(),
            cache,
            stack.language_model(),
            settings.vector_search_top_k,
            earlier_plan=stack.tasks.blueprint_json,
        )

    return Worker(
        stack.tasks,
        tools,
        functools.cache(stack.render_jobs),
        functools.cache(stack.planning_queue),
        stack.housekeeping(),
    )
