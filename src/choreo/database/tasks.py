"""The task store: a state machine of conditional UPDATEs.

Delivery is at least once everywhere, so every step is a compare-and-set. Whoever loses one
goes home quietly. The task row is also the outbox: `published_at` says whether the queue has
it, and `sweep` finds what was forgotten.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    case,
    delete,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from choreo.blueprint import Blueprint
from choreo.database.engine import transaction
from choreo.database.tables import blueprints, choreography_tasks
from choreo.errors import ClaimLost, InvalidInput, UnknownTask
from choreo.task import (
    Claim,
    GenerationRequest,
    Phase,
    Rendered,
    Stage,
    Task,
    TaskStatus,
)

LEASE = timedelta(seconds=60)
"""A worker that has not reported for this long is thought dead. A store with another lease
waits longer or shorter for everything below in proportion, except for `MAX_AGE`."""

MAX_TRIES = 5
"""Claims before the task fails, counted anew once the plan is stored; the queue gives up
after as many deliveries."""

MAX_AGE = timedelta(hours=2)
"""Nobody waits longer for a video; an hour-long song renders in minutes."""

UNPUBLISHED_GRACE = timedelta(seconds=15)
"""Time in which the request handler itself still publishes."""

REPUBLISH_AFTER = timedelta(seconds=60)
"""A published message may be on its way; only after this is it sent again."""

UNSTARTED_GRACE = timedelta(minutes=5)
"""Time for an execution to get a machine and claim its task."""

IDS_AT_ONCE = 100
"""Tasks asked for in one statement."""

MAX_ERROR_CHARS = 2_000
"""Enough for a sentence and the media library's own words."""

_T = choreography_tasks.c
_OPEN = _T.status.in_([TaskStatus.PENDING, TaskStatus.RUNNING])


@dataclass(frozen=True)
class Swept:
    """What one sweep found."""

    to_publish: tuple[str, ...]
    """Ids of tasks whose message must be sent again."""
    failed: tuple[str, ...]
    """Ids of tasks that were given up, each with its reason stored."""


def _now() -> datetime:
    return datetime.now(UTC)


class SqlTasks:
    """Tasks and their blueprints in a SQL database.

    Args:

        engine: From `choreo.database.engine`.

        clock: Gives the time as aware UTC.

        lease: How long a worker may stay silent; the same for all who share the database.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], datetime] = _now,
        lease: timedelta = LEASE,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self.lease = lease

    # What the request handler calls.

    def ping(self) -> None:
        """Return if the database answers.

        Raises:

            Unavailable: If it does not.
        """
        with transaction(self._engine, reads_only=True) as connection:
            connection.execute(text("SELECT 1"))

    def create(
        self,
        request: GenerationRequest,
        idempotency_key: str | None = None,
        owner: str | None = None,
    ) -> Task:
        """Store a new pending task, or return the one that has the same key.

        Args:

            request: What is asked for.

            idempotency_key: Its owner's own key; two owners never share one.

            owner: The caller whose task it is, at most 40 characters.

        Raises:

            InvalidInput: If the key was used for a different request.
        """
        now = self._clock()
        key = _stored_key(idempotency_key, owner)
        row = {
            "id": secrets.token_hex(16),
            "idempotency_key": key,
            "owner": owner,
            "request": request.model_dump_json(exclude_none=True),
            "status": TaskStatus.PENDING,
            "phase": Phase.PLAN,
            "stage": Stage.QUEUED,
            "progress": 0,
            "message": "Waiting to be planned",
            "attempt": 0,
            "tries": 0,
            "created_at": now,
            "updated_at": now,
        }
        try:
            with transaction(self._engine) as connection:
                connection.execute(insert(choreography_tasks).values(row))
        except IntegrityError:
            found = self.find(idempotency_key, owner, request) if idempotency_key else None
            if found is None:
                raise
            return found
        return self.get(str(row["id"]))

    def find(
        self, idempotency_key: str, owner: str | None, request: GenerationRequest
    ) -> Task | None:
        """Return the task that has this key of this owner, or None.

        Raises:

            InvalidInput: If the key was used for a different request.
        """
        key = _stored_key(idempotency_key, owner)
        with transaction(self._engine, reads_only=True) as connection:
            row = connection.execute(
                select(choreography_tasks).where(_T.idempotency_key == key)
            ).first()
        if row is None:
            return None
        task = _task(row)
        if task.request != request:
            raise InvalidInput(
                f"Idempotency-Key {idempotency_key!r} was used for another request; use a new key"
            )
        return task

    def get(self, task_id: str) -> Task:
        """Return the task.

        Raises:

            UnknownTask: If there is none with this id.
        """
        with transaction(self._engine, reads_only=True) as connection:
            row = connection.execute(select(choreography_tasks).where(_T.id == task_id)).first()
        if row is None:
            raise UnknownTask(f"there is no task {task_id[:80]!r}")
        return _task(row)

    def blueprint_json(self, task_id: str) -> str | None:
        """Return the stored blueprint's text, or None while there is none."""
        with transaction(self._engine, reads_only=True) as connection:
            return connection.execute(
                select(blueprints.c.document).where(blueprints.c.task_id == task_id)
            ).scalar()

    def find_plan(self, plan_key: str) -> str | None:
        """Return the text of the latest blueprint that has this key, or None."""
        with transaction(self._engine, reads_only=True) as connection:
            return connection.execute(
                select(blueprints.c.document)
                .where(blueprints.c.plan_key == plan_key)
                .order_by(blueprints.c.created_at.desc(), blueprints.c.task_id)
                .limit(1)
            ).scalar()

    def mark_published(self, task_id: str) -> None:
        """Note that the queue has the task's message, if the task has not ended meanwhile."""
        with transaction(self._engine) as connection:
            connection.execute(
                update(choreography_tasks)
                .where(_T.id == task_id, _OPEN)
                .values(published_at=self._clock())
            )

    def cancel(self, task_id: str) -> Task:
        """Cancel the task if it has not ended; return it as it then is."""
        with transaction(self._engine) as connection:
            connection.execute(
                update(choreography_tasks)
                .where(_T.id == task_id, _OPEN)
                .values(
                    status=TaskStatus.CANCELLED,
                    message="Cancelled",
                    lease_until=None,
                    updated_at=self._clock(),
                )
            )
        return self.get(task_id)

    # What the planner and the job call.

    def claim(self, task_id: str, phase: Phase) -> Claim | None:
        """Take the task for one phase, or return None if it is not to be had.

        It is not to be had when it has ended, waits for another phase, is unknown, or is in
        the hands of a worker whose lease still runs. The job may claim a task that still
        waits for its start: the planner's own note of the start may come later.
        """
        now = self._clock()
        phases = [Phase.START, Phase.RENDER] if phase is Phase.RENDER else [phase]
        free = or_(_T.lease_until.is_(None), _T.lease_until < now)
        if phase is Phase.RENDER:
            free = or_(free, _T.phase == Phase.START)
        with transaction(self._engine) as connection:
            row = connection.execute(
                update(choreography_tasks)
                .where(_T.id == task_id, _OPEN, _T.phase.in_(phases), free)
                .values(
                    status=TaskStatus.RUNNING,
                    phase=phase,
                    attempt=_T.attempt + 1,
                    tries=_T.tries + 1,
                    lease_until=now + self.lease,
                    updated_at=now,
                )
                .returning(_T.attempt, _T.tries)
            ).first()
        return None if row is None else Claim(task_id=task_id, attempt=row[0], tries=row[1])

    def report(self, claim: Claim, stage: Stage, progress: int, message: str) -> None:
        """Store progress and renew the lease; progress never goes back.

        Raises:

            ClaimLost: If the task is no longer this attempt's.
        """
        highest = case((_T.progress > progress, _T.progress), else_=progress)
        self._write(claim, stage=stage, progress=highest, message=message)

    def note_degraded(self, claim: Claim, reason: str) -> None:
        """Store why the plan is less than it could be; see `report` for errors."""
        self._write(claim, degraded=reason[:MAX_ERROR_CHARS])

    def store_plan(self, claim: Claim, blueprint: Blueprint, plan_key: str | None = None) -> None:
        """Store the blueprint and move to the phase in which the job is started.

        Args:

            claim: The right to do so.

            blueprint: The plan.

            plan_key: At most 64 characters, by which `find_plan` finds it for equal requests.

        Raises:

            ClaimLost: If the task is no longer this attempt's; nothing is stored then.
        """
        with transaction(self._engine) as connection:
            self._write_in(connection, claim, phase=Phase.START, tries=0)
            connection.execute(delete(blueprints).where(blueprints.c.task_id == claim.task_id))
            connection.execute(
                insert(blueprints).values(
                    task_id=claim.task_id,
                    document=blueprint.to_json(),
                    created_at=self._clock(),
                    plan_key=plan_key,
                )
            )

    def note_started(self, claim: Claim, execution_name: str) -> None:
        """Store the job's execution; the task then waits for the job's own claim.

        A start that went well is no try: how often a task waits in a line of jobs so long that
        it is started again must not fail it.
        """
        now = self._clock()
        tries = case((_T.tries > 0, _T.tries - 1), else_=0)
        with transaction(self._engine) as connection:
            connection.execute(
                update(choreography_tasks)
                .where(_T.id == claim.task_id, _OPEN)
                .values(execution_name=execution_name)
            )
            connection.execute(
                update(choreography_tasks)
                .where(
                    _T.id == claim.task_id,
                    _T.attempt == claim.attempt,
                    _T.phase == Phase.START,
                    _OPEN,
                )
                .values(
                    phase=Phase.RENDER,
                    stage=Stage.RENDERING,
                    message="Waiting for the render job",
                    tries=tries,
                    lease_until=None,
                    updated_at=now,
                )
            )

    def hand_back(self, claim: Claim) -> None:
        """Give the task up for the next delivery to take, in the phase it is in."""
        with transaction(self._engine) as connection:
            connection.execute(
                update(choreography_tasks)
                .where(_T.id == claim.task_id, _T.attempt == claim.attempt, _OPEN)
                .values(lease_until=None, updated_at=self._clock())
            )

    def fail(self, claim: Claim, reason: str) -> None:
        """End the task with a sentence; nothing happens if it is no longer this attempt's."""
        with transaction(self._engine) as connection:
            self._fail(
                connection, and_(_T.id == claim.task_id, _T.attempt == claim.attempt), reason
            )

    def fail_unclaimed(self, task_id: str, reason: str) -> None:
        """End a task that waits for the planner in nobody's hands.

        Nothing happens to one that somebody works on, or for which a job was started: it got
        there by another message than the one that was given up.
        """
        free = or_(_T.lease_until.is_(None), _T.lease_until < self._clock())
        waits = and_(_T.id == task_id, _T.phase != Phase.RENDER, free)
        with transaction(self._engine) as connection:
            self._fail(connection, waits, reason)

    def complete(self, claim: Claim, rendered: Rendered) -> None:
        """End the task with its video.

        Raises:

            ClaimLost: If the task is no longer this attempt's.
        """
        self._write(
            claim,
            status=TaskStatus.COMPLETED,
            stage=Stage.UPLOADING,
            progress=100,
            message="Done",
            video_path=rendered.video_path,
            duration=rendered.duration,
            file_size=rendered.file_size,
            quality=json.dumps(rendered.quality),
            lease_until=None,
        )

    # What the sweeper calls.

    def sweep(self) -> Swept:
        """Find what was forgotten, re-open it, and give up what has failed too often."""
        now = self._clock()
        with transaction(self._engine) as connection:
            rows = connection.execute(select(choreography_tasks).where(_OPEN)).all()
            failed, to_publish = [], []
            for task in map(_task, rows):
                unclaimed = (
                    _T.lease_until.is_(None)
                    if task.lease_until is None
                    else (_T.lease_until == task.lease_until)
                )
                # A second sweeper, or a worker's report, may have come in between.
                as_seen = and_(
                    _T.id == task.id,
                    _T.attempt == task.attempt,
                    _T.updated_at == task.updated_at,
                    unclaimed,
                )
                reason = _reason_to_give_up(task, now)
                if reason:
                    if self._fail(connection, as_seen, reason):
                        failed.append(task.id)
                elif _is_forgotten(task, now, self.lease / LEASE):
                    phase = Phase.START if task.phase is Phase.RENDER else task.phase
                    changed = connection.execute(
                        update(choreography_tasks)
                        .where(as_seen, _OPEN)
                        .values(
                            phase=phase,
                            lease_until=None,
                            published_at=now,
                            updated_at=now,
                        )
                    ).rowcount
                    if changed:
                        to_publish.append(task.id)
        return Swept(to_publish=tuple(to_publish), failed=tuple(failed))

    def ended(self, task_ids: Sequence[str]) -> dict[str, tuple[TaskStatus, str | None]]:
        """Return, of the tasks that have ended, the status and the path of the video."""
        found: dict[str, tuple[TaskStatus, str | None]] = {}
        with transaction(self._engine, reads_only=True) as connection:
            for first in range(0, len(task_ids), IDS_AT_ONCE):
                some = list(task_ids[first : first + IDS_AT_ONCE])
                # SQLite's driver keeps a statement for each number of ids, so there is only one.
                some += some[-1:] * (IDS_AT_ONCE - len(some))
                rows = connection.execute(
                    select(_T.id, _T.status, _T.video_path).where(_T.id.in_(some), ~_OPEN)
                )
                found |= {row.id: (TaskStatus(row.status), row.video_path) for row in rows}
        return found

    # Inside.

    def _write(self, claim: Claim, **values: Any) -> None:
        with transaction(self._engine) as connection:
            self._write_in(connection, claim, **values)

    def _write_in(self, connection: Connection, claim: Claim, **values: Any) -> None:
        now = self._clock()
        fields = {"lease_until": now + self.lease, "updated_at": now, **values}
        changed = connection.execute(
            update(choreography_tasks)
            .where(
                _T.id == claim.task_id,
                _T.attempt == claim.attempt,
                _T.status == TaskStatus.RUNNING,
            )
            .values(fields)
        ).rowcount
        if not changed:
            raise ClaimLost(f"task {claim.task_id} is no longer attempt {claim.attempt}'s")

    def _fail(self, connection: Connection, where: ColumnElement[bool], reason: str) -> bool:
        changed = connection.execute(
            update(choreography_tasks)
            .where(where, _OPEN)
            .values(
                status=TaskStatus.FAILED,
                error=reason[:MAX_ERROR_CHARS],
                message="Failed",
                lease_until=None,
                updated_at=self._clock(),
            )
        ).rowcount
        return changed > 0


def _reason_to_give_up(task: Task, now: datetime) -> str | None:
    if now - task.created_at > MAX_AGE:
        return f"the task was not finished within {MAX_AGE}; please ask again"
    held = task.lease_until is not None and task.lease_until > now
    if task.tries >= MAX_TRIES and not held:
        doing = "planning" if task.phase is Phase.PLAN else "rendering"
        return f"{doing} was tried {task.tries} times and did not finish; please ask again"
    return None


def _is_forgotten(task: Task, now: datetime, pace: float) -> bool:
    published = task.published_at
    if task.lease_until is not None:
        return task.lease_until < now
    if published is None:
        return now - task.created_at > UNPUBLISHED_GRACE * pace
    if task.phase is Phase.RENDER:
        return now - task.updated_at > UNSTARTED_GRACE * pace
    return now - max(published, task.updated_at) > REPUBLISH_AFTER * pace


def _stored_key(key: str | None, owner: str | None) -> str | None:
    if key is None or owner is None:
        return key
    return hashlib.sha256(f"{owner}\0{key}".encode()).hexdigest()


def _task(row: Row[Any]) -> Task:
    fields = dict(row._mapping)
    del fields["idempotency_key"]
    fields["request"] = GenerationRequest.model_validate_json(fields["request"])
    fields["quality"] = json.loads(fields["quality"]) if fields["quality"] else None
    for name, kind in (("status", TaskStatus), ("phase", Phase), ("stage", Stage)):
        fields[name] = kind(fields[name])
    return Task(**fields)
