"""The task store against a model: whatever happens, in whatever order, its laws hold.

Workers, the caller, the sweeper and time take turns as hypothesis likes. The model knows who
may own the task; the store is asked, and both must agree.
"""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from samples import Clock, a_blueprint, a_request
from sqlalchemy import Engine

from choreo.database.tasks import (
    LEASE,
    MAX_AGE,
    MAX_TRIES,
    REPUBLISH_AFTER,
    UNSTARTED_GRACE,
    SqlTasks,
)
from choreo.errors import ClaimLost
from choreo.task import Claim, Phase, Rendered, Stage, Task, TaskStatus

ORDER = list(Stage)

RARELY = st.integers(0, 11)
"""0 lets the rule act; ends must not come so often that nothing else is explored."""

LONGEST_SILENCE = max(LEASE, REPUBLISH_AFTER, UNSTARTED_GRACE) + timedelta(seconds=1)
"""After this long without a sign of life the sweeper must have done something."""


class TaskMachine(RuleBasedStateMachine):
    claims = Bundle("claims")

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.clock = Clock()
        self.tasks = SqlTasks(engine, self.clock)
        self.task_id = self.tasks.create(a_request()).id
        self.seen = self.task
        self.last_words: Task | None = None
        self.owner: Claim | None = None
        """Who holds the latest attempt; only its writes may change anything."""

    def teardown(self) -> None:
        # The next example uses the same database, and must be alone in it.
        self.tasks.cancel(self.task_id)

    @property
    def task(self) -> Task:
        return self.tasks.get(self.task_id)

    @property
    def held(self) -> bool:
        lease = self.task.lease_until
        return lease is not None and lease >= self.clock.now

    def write(self, claim: Claim, work) -> None:
        """Let a worker write; only the owner of a running task may succeed."""
        before = self.task
        may = claim == self.owner and before.status is TaskStatus.RUNNING
        try:
            work()
        except ClaimLost:
            assert not may
            assert self.task == before
        else:
            assert may

    # Moves of the world.

    @rule(target=claims, phase=st.sampled_from([Phase.PLAN, Phase.START, Phase.RENDER]))
    def claim(self, phase):
        before, held = self.task, self.held
        claim = self.tasks.claim(self.task_id, phase)
        if claim is None:
            return multiple()
        assert not before.status.terminal
        right = {phase} if phase is not Phase.RENDER else {Phase.START, Phase.RENDER}
        assert before.phase in right
        assert not held or (phase is Phase.RENDER and before.phase is Phase.START)
        assert claim.attempt == before.attempt + 1
        self.owner = claim
        return claim

    @rule(claim=claims, stage=st.sampled_from(ORDER), progress=st.integers(0, 100))
    def report(self, claim, stage, progress):
        self.write(claim, lambda: self.tasks.report(claim, stage, progress, "working"))

    @rule(claim=claims)
    def store_plan(self, claim):
        self.write(claim, lambda: self.tasks.store_plan(claim, a_blueprint(self.task_id)))

    @rule(claim=claims)
    def note_started(self, claim):
        before = self.task
        self.tasks.note_started(claim, "executions/render-1")
        if claim != self.owner:
            changes = {"execution_name": self.task.execution_name}
            assert self.task == before.model_copy(update=changes)

    @rule(target=claims)
    @precondition(lambda self: self.task.phase is Phase.PLAN)
    def plan_without_a_hitch(self):
        claim = self.tasks.claim(self.task_id, Phase.PLAN)
        if claim is None:
            return multiple()
        self.owner = claim
        self.tasks.store_plan(claim, a_blueprint(self.task_id))
        self.tasks.note_started(claim, "executions/render-1")
        return claim

    @rule(claim=claims)
    def hand_back(self, claim):
        before = self.task
        self.tasks.hand_back(claim)
        assert claim == self.owner or self.task == before

    @rule(claim=consumes(claims))
    def fail(self, claim):
        before = self.task
        self.tasks.fail(claim, "the clip is corrupt")
        assert claim == self.owner or self.task == before

    @rule(claim=consumes(claims))
    def complete(self, claim):
        rendered = Rendered(video_path="output/1.mp4", duration=7.5, file_size=1)
        self.write(claim, lambda: self.tasks.complete(claim, rendered))

    @rule(chance=RARELY)
    def cancel(self, chance):
        """Whatever stage the task is in, it stops there; what has ended stays as it ended."""
        if chance:
            return
        before = self.task
        cancelled = self.tasks.cancel(self.task_id)
        assert cancelled == self.task
        if before.status.terminal:
            assert cancelled == before
        else:
            assert cancelled.status is TaskStatus.CANCELLED

    @rule(chance=RARELY)
    def dead_letter(self, chance):
        """The queue gives the message up: a task fails that waits for the planner alone."""
        if chance:
            return
        before, held = self.task, self.held
        self.tasks.fail_unclaimed(self.task_id, "planning failed at every try")
        goes_on = before.status.terminal or held or before.phase is Phase.RENDER
        assert self.task == before if goes_on else self.task.error is not None

    @rule()
    def publish(self):
        self.tasks.mark_published(self.task_id)

    @rule(seconds=st.sampled_from([1, 16, 61, 301]))
    def time_passes(self, seconds):
        self.clock.pass_(timedelta(seconds=seconds))

    @rule()
    def sweep(self):
        before, held = self.task, self.held
        swept = self.tasks.sweep()
        if before.status.terminal:
            assert not swept.to_publish
            assert not swept.failed
        young = self.clock.now - before.created_at <= MAX_AGE
        if held and young:
            assert self.task == before
        if swept.failed:
            assert not young or before.tries >= MAX_TRIES

    @rule()
    def nobody_is_forgotten(self):
        """However the task was left, a sweep after a silence sends it on or ends it."""
        if self.task.status.terminal:
            return
        self.clock.pass_(LONGEST_SILENCE)
        swept = self.tasks.sweep()
        assert self.task_id in swept.to_publish + swept.failed
        if swept.to_publish:
            waiting = self.task.phase
            assert waiting is not Phase.RENDER
            self.owner = self.tasks.claim(self.task_id, waiting)
            assert self.owner is not None

    # Laws.

    @invariant()
    def an_ended_task_never_changes(self):
        task = self.task
        if self.last_words is not None:
            assert task == self.last_words
        elif task.status.terminal:
            self.last_words = task

    @invariant()
    def progress_attempts_and_time_never_go_back(self):
        before, now = self.seen, self.task
        assert now.progress >= before.progress
        assert now.attempt >= before.attempt
        assert now.updated_at >= before.updated_at
        self.seen = now

    @invariant()
    def a_task_past_planning_has_its_blueprint(self):
        if self.task.phase is not Phase.PLAN:
            assert self.tasks.blueprint_json(self.task_id) is not None

    @invariant()
    def ends_say_what_they_must(self):
        task = self.task
        assert (task.error is not None) == (task.status is TaskStatus.FAILED)
        assert (task.video_path is not None) == (task.status is TaskStatus.COMPLETED)
        assert not task.status.terminal or task.lease_until is None


def test_the_laws_hold_whatever_happens(database: Engine) -> None:
    examples = 40 if database.dialect.name == "sqlite" else 12
    run_state_machine_as_test(
        lambda: TaskMachine(database),
        settings=settings(max_examples=examples, stateful_step_count=30),
    )
