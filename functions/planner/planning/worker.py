"""Messages → claims → plans → started jobs: what happens to one delivery.

Delivery is at least once, so each step is won or lost by a conditional write: who loses goes
home quietly. What may work later is raised, so that the queue delivers it again; what never
will ends the task with a sentence.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from choreo import metrics
from choreo.database.tasks import SqlTasks
from choreo.errors import ChoreoError, ClaimLost, Unavailable
from choreo.log import stage, task_context
from choreo.ports import PlanningQueue, RenderJobs
from choreo.task import TASK_ID, Claim, GenerationRequest, Phase, Stage
from choreo.trace import new_trace
from planning.pipeline import Plan, Report, Tools, plan
from planning.reuse import for_task, plan_key

LOGGER = logging.getLogger(__name__)

TASK_FAILED = {"event": "task_failed"}
"""A field of the lines that alarms count; infra/terraform/monitoring.tf."""

HEARTBEAT = 0.25
"""Renewals of the lease are this share of it apart: two may be lost."""

DEAD_LETTER = "CloudPubSubDeadLetterSourceSubscription"
"""Attribute that Pub/Sub adds to a message which it gave up delivering."""


@dataclass(frozen=True)
class Message:
    """What a delivery asks for: one task, or a sweep."""

    task_id: str | None
    sweep: bool
    dead: bool
    """True when the queue gave the message up."""
    trace: str | None = None
    """The trace of the request that the task came from."""


def decode(body: object) -> Message | None:
    """Read a Pub/Sub body, pushed raw or through Eventarc; None for anything else."""
    envelope = body.get("message") if isinstance(body, Mapping) else None
    data = envelope.get("data") if isinstance(envelope, Mapping) else None
    if not isinstance(envelope, Mapping) or not isinstance(data, str | bytes):
        return None
    try:
        content = json.loads(base64.b64decode(data, validate=True))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(content, Mapping):
        return None
    attributes = envelope.get("attributes")
    attributes = attributes if isinstance(attributes, Mapping) else {}
    dead = DEAD_LETTER in attributes
    trace = attributes.get("trace")
    task_id = content.get("task_id")
    if isinstance(task_id, str) and TASK_ID.fullmatch(task_id):
        return Message(
            task_id, sweep=False, dead=dead, trace=trace if isinstance(trace, str) else None
        )
    if content.get("sweep") is True:
        return Message(None, sweep=True, dead=dead)
    return None


class Worker:
    """Carries deliveries out.

    Args:

        tasks: The task store.

        tools: Makes what planning works with; called when there is something to plan.

        jobs: Makes what starts render jobs.

        queue: Makes the queue to this planner, for what a sweep finds.

        housekeeping: Removes what the store should not keep, at each sweep.
    """

    def __init__(
        self,
        tasks: SqlTasks,
        tools: Callable[[], Tools],
        jobs: Callable[[], RenderJobs],
        queue: Callable[[], PlanningQueue],
        housekeeping: Callable[[], None] | None = None,
    ) -> None:
        self._tasks, self._tools, self._jobs, self._queue = tasks, tools, jobs, queue
        self._housekeeping = housekeeping

    def handle(self, message: Message) -> None:
        """Do what a message asks for; returning acknowledges it.

        Raises:

            Exception: Whatever may pass: the message is to be delivered again.
        """
        if message.task_id is None:
            self._sweep()
        elif message.dead:
            LOGGER.error("the queue gave task %s up", message.task_id, extra=TASK_FAILED)
            self._tasks.fail_unclaimed(
                message.task_id, "planning failed at every try; please ask again"
            )
        else:
            with task_context(message.task_id, message.trace or new_trace()):
                try:
                    self._work_on(message.task_id)
                finally:
                    metrics.flush()

    def _work_on(self, task_id: str) -> None:
        claim = self._tasks.claim(task_id, Phase.PLAN)
        planned = claim is None
        if claim is None:
            claim = self._tasks.claim(task_id, Phase.START)
        if claim is None:
            LOGGER.info("nothing to do: the task has ended, or is in other hands")
            return
        try:
            if not planned:
                self._plan(claim)
            self._start(claim)
        except ClaimLost:
            LOGGER.info("attempt %d lost the task and stops", claim.attempt)
        except Unavailable as exc:
            LOGGER.warning("attempt %d is to be repeated: %s", claim.attempt, exc)
            self._give_back(claim)
            raise
        except ChoreoError as exc:
            LOGGER.warning("the task fails: %s", exc, extra=TASK_FAILED)
            self._tasks.fail(claim, str(exc))
            metrics.record(metrics.TASKS, 1, outcome="failed")
        except Exception:  # not foreseen: the next delivery may do better; the tries are limited
            self._give_back(claim)
            raise

    def _plan(self, claim: Claim) -> None:
        started = time.monotonic()
        request = self._tasks.get(claim.task_id).request
        with stage("plan") as counts, self._kept(claim) as report:
            made, key = self._made(request, claim.task_id, report)
            size = len(made.blueprint.to_json().encode())
            counts.update(moves=len(made.blueprint.moves), blueprint_bytes=size)
        metrics.record(metrics.BLUEPRINT_SIZE, size)
        metrics.record(
            metrics.CANDIDATES, float(made.blueprint.generation_parameters.get("candidates", 0))
        )
        if made.degraded:
            self._tasks.note_degraded(claim, made.degraded)
        self._tasks.store_plan(claim, made.blueprint, key)
        spent = {"event": "planned", "seconds": round(time.monotonic() - started, 3)}
        LOGGER.info("planned %d moves", len(made.blueprint.moves), extra=spent)

    def _made(
        self, request: GenerationRequest, task_id: str, report: Report
    ) -> tuple[Plan, str | None]:
        """Return the plan that an equal request had, or a new one; and its key."""
        tools = self._tools()
        # What a language model will say is not known, and a plan that lacks a part is not kept.
        alone = tools.language_model is None
        key = plan_key(request, tools.catalogue, tools.top_k) if alone else None
        stored = None if key is None else self._tasks.find_plan(key)
        if stored is not None:
            report(Stage.SEQUENCING, 20, "The plan is known from an equal request")
            return Plan(for_task(stored, task_id, tools.clock()), None, ()), key
        made = plan(request, tools, task_id=task_id, report=report)
        return made, None if made.degraded else key

    def _start(self, claim: Claim) -> None:
        blueprint_json = self._tasks.blueprint_json(claim.task_id)
        if blueprint_json is None:
            raise Unavailable("the stored blueprint cannot be read yet")
        with stage("start"):
            name = self._jobs().start(claim.task_id, blueprint_json)
            self._tasks.note_started(claim, name)
        LOGGER.info("started %s", name)

    def _sweep(self) -> None:
        swept = self._tasks.sweep()
        for task_id in swept.failed:
            LOGGER.warning("gave task %s up", task_id, extra=TASK_FAILED)
        for task_id in swept.to_publish:
            try:
                self._queue().publish(task_id)
            except Unavailable as exc:
                LOGGER.warning("task %s waits for the next sweep: %s", task_id, exc)
        if self._housekeeping is not None:
            self._housekeeping()

    def _give_back(self, claim: Claim) -> None:
        try:
            self._tasks.hand_back(claim)
        except Unavailable as exc:
            LOGGER.warning("the lease will run out by itself: %s", exc)

    @contextmanager
    def _kept(self, claim: Claim) -> Iterator[Report]:
        """Give a report function, and renew the lease while nothing is reported."""
        latest: list[tuple[Stage, int, str]] = [(Stage.ANALYSING, 0, "Planning")]
        done = threading.Event()

        def report(stage: Stage, progress: int, message: str) -> None:
            latest[0] = (stage, progress, message)
            self._tasks.report(claim, stage, progress, message)

        def beat() -> None:
            while not done.wait(HEARTBEAT * self._tasks.lease.total_seconds()):
                try:
                    self._tasks.report(claim, *latest[0])
                except ClaimLost:
                    return  # The next report of the plan itself stops it.
                except Unavailable as exc:
                    LOGGER.warning("the lease was not renewed: %s", exc)

        heart = threading.Thread(target=beat, name="lease", daemon=True)
        heart.start()
        try:
            yield report
        finally:
            done.set()
            heart.join()
