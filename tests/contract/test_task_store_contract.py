"""What the task store keeps, on SQLite and on PostgreSQL."""

import threading
from datetime import timedelta

import pytest
from samples import NOON, Clock, a_blueprint, a_request
from sqlalchemy import Engine, event

from choreo.database.engine import engine_for
from choreo.database.tasks import (
    IDS_AT_ONCE,
    LEASE,
    MAX_AGE,
    MAX_ERROR_CHARS,
    MAX_TRIES,
    REPUBLISH_AFTER,
    UNPUBLISHED_GRACE,
    UNSTARTED_GRACE,
    SqlTasks,
)
from choreo.errors import ClaimLost, InvalidInput, Unavailable, UnknownTask
from choreo.task import Phase, Rendered, Stage, TaskStatus

SECOND = timedelta(seconds=1)
RENDERED = Rendered(video_path="output/1.mp4", duration=7.5, file_size=1234, quality={"cuts": 1.0})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tasks(database: Engine, clock: Clock) -> SqlTasks:
    return SqlTasks(database, clock)


def planned(tasks: SqlTasks) -> str:
    """Return the id of a task that waits for its render job."""
    task = tasks.create(a_request())
    claim = tasks.claim(task.id, Phase.PLAN)
    tasks.store_plan(claim, a_blueprint(task.id))
    tasks.note_started(claim, "executions/render-1")
    return task.id


# The way of a task.


def test_a_new_task_waits_in_the_queue(tasks):
    task = tasks.create(a_request(difficulty="beginner", seed=7))
    assert task == tasks.get(task.id)
    assert (task.status, task.phase, task.stage) == ("pending", "plan", "queued")
    assert task.request == a_request(difficulty="beginner", seed=7)
    assert (task.progress, task.attempt, task.tries) == (0, 0, 0)
    assert task.created_at == task.updated_at == NOON
    assert task.published_at is task.lease_until is task.video_path is task.error is None


def test_a_task_goes_its_whole_way(tasks, clock):
    task_id = tasks.create(a_request()).id
    tasks.mark_published(task_id)
    plan = tasks.claim(task_id, Phase.PLAN)
    tasks.report(plan, Stage.SEARCHING, 20, "Searching")
    tasks.note_degraded(plan, "FAISS is away; numpy searched")
    tasks.store_plan(plan, a_blueprint(task_id))
    tasks.note_started(plan, "executions/render-1")
    assert tasks.get(task_id).stage is Stage.RENDERING
    render = tasks.claim(task_id, Phase.RENDER)
    tasks.report(render, Stage.UPLOADING, 95, "Uploading")
    tasks.complete(render, RENDERED)
    task = tasks.get(task_id)
    assert (task.status, task.stage, task.progress) == ("completed", "uploading", 100)
    assert (task.video_path, task.duration, task.file_size) == ("output/1.mp4", 7.5, 1234)
    assert task.quality == {"cuts": 1.0}
    assert task.degraded == "FAISS is away; numpy searched"
    assert task.execution_name == "executions/render-1"
    assert task.lease_until is None
    assert tasks.blueprint_json(task_id) == a_blueprint(task_id).to_json()


def test_unknown_tasks_are_unknown_and_nothing_happens_to_them(tasks):
    for task_id in ("nothing", "", "x' OR '1'='1", "ñ" * 5000):
        with pytest.raises(UnknownTask):
            tasks.get(task_id)
        with pytest.raises(UnknownTask):
            tasks.cancel(task_id)
        assert tasks.claim(task_id, Phase.PLAN) is None
        assert tasks.blueprint_json(task_id) is None
        tasks.mark_published(task_id)
        tasks.fail_unclaimed(task_id, "reason")


# One task per key.


def test_one_key_gives_one_task(tasks):
    first = tasks.create(a_request(), idempotency_key="key")
    assert tasks.create(a_request(), idempotency_key="key") == first
    assert tasks.create(a_request()).id != tasks.create(a_request()).id


def test_a_key_that_was_used_for_another_request_is_refused(tasks):
    tasks.create(a_request(), idempotency_key="key")
    with pytest.raises(InvalidInput, match="key"):
        tasks.create(a_request("otra"), idempotency_key="key")


def test_a_race_with_one_key_gives_one_task(database_url):
    barrier = threading.Barrier(6)
    ids: list[str] = []

    def create() -> None:
        engine = engine_for(database_url)
        barrier.wait()
        ids.append(SqlTasks(engine).create(a_request(), idempotency_key="key").id)
        engine.dispose()

    run_together(create, 6)
    assert len(ids) == 6
    assert len(set(ids)) == 1


# Claims.


def run_together(work, count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_race_for_a_claim_has_one_winner(database_url, tasks):
    task_id = tasks.create(a_request()).id
    barrier = threading.Barrier(6)
    claims = []

    def claim() -> None:
        engine = engine_for(database_url)
        barrier.wait()
        claims.append(SqlTasks(engine, tasks._clock).claim(task_id, Phase.PLAN))
        engine.dispose()

    run_together(claim, 6)
    assert len(claims) == 6
    assert sum(claim is not None for claim in claims) == 1


def test_a_claimed_task_is_not_to_be_had_until_its_lease_ends(tasks, clock):
    task_id = tasks.create(a_request()).id
    first = tasks.claim(task_id, Phase.PLAN)
    assert (first.attempt, first.tries) == (1, 1)
    clock.pass_(LEASE)
    assert tasks.claim(task_id, Phase.PLAN) is None
    clock.pass_(SECOND)
    second = tasks.claim(task_id, Phase.PLAN)
    assert (second.attempt, second.tries) == (2, 2)


def test_a_report_renews_the_lease(tasks, clock):
    task_id = tasks.create(a_request()).id
    claim = tasks.claim(task_id, Phase.PLAN)
    clock.pass_(LEASE)
    tasks.report(claim, Stage.ANALYSING, 5, "Analysing")
    clock.pass_(LEASE)
    assert tasks.claim(task_id, Phase.PLAN) is None


def test_a_task_handed_back_is_to_be_had_at_once(tasks):
    task_id = tasks.create(a_request()).id
    tasks.hand_back(tasks.claim(task_id, Phase.PLAN))
    assert tasks.claim(task_id, Phase.PLAN).attempt == 2


def test_every_write_of_a_worker_that_lost_its_task_is_refused(tasks, clock):
    task_id = tasks.create(a_request()).id
    old = tasks.claim(task_id, Phase.PLAN)
    clock.pass_(LEASE + SECOND)
    new = tasks.claim(task_id, Phase.PLAN)
    before = tasks.get(task_id)
    for write in (
        lambda: tasks.report(old, Stage.SEARCHING, 50, "zombie"),
        lambda: tasks.note_degraded(old, "zombie"),
        lambda: tasks.store_plan(old, a_blueprint(task_id)),
        lambda: tasks.complete(old, RENDERED),
    ):
        with pytest.raises(ClaimLost):
            write()
    tasks.fail(old, "zombie")
    tasks.hand_back(old)
    assert tasks.get(task_id) == before
    assert tasks.blueprint_json(task_id) is None
    tasks.report(new, Stage.ANALYSING, 10, "Analysing")


def test_a_phase_is_claimed_only_by_its_worker(tasks):
    task_id = tasks.create(a_request()).id
    assert tasks.claim(task_id, Phase.RENDER) is None
    assert tasks.claim(task_id, Phase.START) is None
    other = planned(tasks)
    assert tasks.claim(other, Phase.PLAN) is None
    assert tasks.claim(other, Phase.RENDER) is not None


def test_the_job_may_be_faster_than_the_note_of_its_start(tasks):
    task_id = tasks.create(a_request()).id
    plan = tasks.claim(task_id, Phase.PLAN)
    tasks.store_plan(plan, a_blueprint(task_id))
    render = tasks.claim(task_id, Phase.RENDER)
    tasks.note_started(plan, "executions/render-1")
    task = tasks.get(task_id)
    assert task.execution_name == "executions/render-1"
    assert task.attempt == render.attempt
    tasks.report(render, Stage.RENDERING, 60, "Rendering")


def test_two_executions_of_one_task_make_one_video(tasks):
    task_id = planned(tasks)
    assert tasks.claim(task_id, Phase.RENDER) is not None
    assert tasks.claim(task_id, Phase.RENDER) is None


def test_progress_never_goes_back(tasks):
    claim = tasks.claim(tasks.create(a_request()).id, Phase.PLAN)
    for reported, seen in ((30, 30), (10, 30), (31, 31)):
        tasks.report(claim, Stage.SEARCHING, reported, "Searching")
        assert tasks.get(claim.task_id).progress == seen


def test_tries_count_anew_once_the_plan_is_stored(tasks, clock):
    task_id = tasks.create(a_request()).id
    tasks.hand_back(tasks.claim(task_id, Phase.PLAN))
    plan = tasks.claim(task_id, Phase.PLAN)
    tasks.store_plan(plan, a_blueprint(task_id))
    tasks.note_started(plan, "executions/render-1")
    assert tasks.claim(task_id, Phase.RENDER).tries == 1


def test_a_plan_made_twice_is_stored_once(tasks, clock):
    task_id = tasks.create(a_request()).id
    first = tasks.claim(task_id, Phase.PLAN)
    tasks.store_plan(first, a_blueprint(task_id))
    tasks.store_plan(first, a_blueprint(task_id))
    assert tasks.blueprint_json(task_id) == a_blueprint(task_id).to_json()


# Ends.


def ended(tasks: SqlTasks, how: str) -> str:
    task_id = planned(tasks)
    claim = tasks.claim(task_id, Phase.RENDER)
    if how == "completed":
        tasks.complete(claim, RENDERED)
    elif how == "failed":
        tasks.fail(claim, "the clip is corrupt")
    else:
        tasks.cancel(task_id)
    assert tasks.get(task_id).status == how
    return task_id


@pytest.mark.parametrize("how", ["completed", "failed", "cancelled"])
def test_an_ended_task_never_changes(tasks, clock, how):
    task_id = ended(tasks, how)
    before = tasks.get(task_id)
    clock.pass_(MAX_AGE + SECOND)
    assert tasks.claim(task_id, Phase.PLAN) is None
    assert tasks.claim(task_id, Phase.RENDER) is None
    assert tasks.cancel(task_id) == before
    tasks.fail_unclaimed(task_id, "late")
    tasks.mark_published(task_id)
    assert tasks.sweep().to_publish == ()
    assert tasks.sweep().failed == ()
    assert tasks.get(task_id) == before


def test_a_cancelled_task_stops_its_worker_at_the_next_report(tasks):
    task_id = planned(tasks)
    claim = tasks.claim(task_id, Phase.RENDER)
    tasks.cancel(task_id)
    with pytest.raises(ClaimLost):
        tasks.report(claim, Stage.RENDERING, 70, "Rendering")
    with pytest.raises(ClaimLost):
        tasks.complete(claim, RENDERED)
    assert tasks.get(task_id).status is TaskStatus.CANCELLED


def test_a_reason_is_kept_in_the_words_of_its_cause_up_to_a_bound(tasks):
    claim = tasks.claim(tasks.create(a_request()).id, Phase.PLAN)
    tasks.fail(claim, "ñ" * 10_000)
    assert tasks.get(claim.task_id).error == "ñ" * MAX_ERROR_CHARS


@pytest.mark.parametrize("phase", [Phase.PLAN, Phase.START])
def test_a_dead_letter_fails_a_task_that_nobody_plans_or_starts(tasks, clock, phase):
    claim = tasks.claim(tasks.create(a_request()).id, Phase.PLAN)
    if phase is Phase.START:
        tasks.store_plan(claim, a_blueprint(claim.task_id))
    clock.pass_(LEASE + SECOND)
    tasks.fail_unclaimed(claim.task_id, "planning was given up")
    assert tasks.get(claim.task_id).error == "planning was given up"


def test_a_dead_letter_does_not_end_what_another_message_has_brought_on(tasks):
    held = tasks.claim(tasks.create(a_request()).id, Phase.PLAN).task_id
    waits_for_its_job = planned(tasks)
    rendering = tasks.claim(planned(tasks), Phase.RENDER).task_id
    for task_id in (held, waits_for_its_job, rendering):
        before = tasks.get(task_id)
        tasks.fail_unclaimed(task_id, "planning was given up")
        assert tasks.get(task_id) == before


# Sweeping.


def test_a_task_that_was_never_published_is_published_after_a_grace(tasks, clock):
    task_id = tasks.create(a_request()).id
    clock.pass_(UNPUBLISHED_GRACE)
    assert tasks.sweep().to_publish == ()
    clock.pass_(SECOND)
    assert tasks.sweep().to_publish == (task_id,)
    assert tasks.get(task_id).published_at == clock.now
    assert tasks.sweep().to_publish == ()


def test_a_published_task_that_nobody_took_is_published_again(tasks, clock):
    task_id = tasks.create(a_request()).id
    tasks.mark_published(task_id)
    clock.pass_(REPUBLISH_AFTER)
    assert tasks.sweep().to_publish == ()
    clock.pass_(SECOND)
    assert tasks.sweep().to_publish == (task_id,)


@pytest.mark.parametrize("phase", [Phase.PLAN, Phase.RENDER])
def test_a_task_whose_worker_died_is_published_again(tasks, clock, phase):
    task_id = tasks.create(a_request()).id if phase is Phase.PLAN else planned(tasks)
    claim = tasks.claim(task_id, phase)
    clock.pass_(LEASE)
    assert tasks.sweep().to_publish == ()
    clock.pass_(SECOND)
    assert tasks.sweep().to_publish == (task_id,)
    again = Phase.PLAN if phase is Phase.PLAN else Phase.START
    assert tasks.get(task_id).phase is again
    assert tasks.claim(task_id, again).attempt == claim.attempt + 1


def test_a_job_that_never_began_is_started_again(tasks, clock):
    task_id = planned(tasks)
    clock.pass_(UNSTARTED_GRACE + SECOND)
    assert tasks.sweep().to_publish == (task_id,)
    assert tasks.get(task_id).phase is Phase.START


def test_a_task_under_way_is_left_alone(tasks, clock):
    claim = tasks.claim(planned(tasks), Phase.RENDER)
    for _ in range(10):
        clock.pass_(LEASE - SECOND)
        tasks.report(claim, Stage.RENDERING, 50, "Rendering")
        assert tasks.sweep().to_publish == ()
    assert tasks.get(claim.task_id).status is TaskStatus.RUNNING


@pytest.mark.parametrize(("phase", "word"), [(Phase.PLAN, "planning"), (Phase.RENDER, "rendering")])
def test_a_task_that_was_tried_too_often_fails_with_the_reason(tasks, clock, phase, word):
    task_id = tasks.create(a_request()).id if phase is Phase.PLAN else planned(tasks)
    for _ in range(MAX_TRIES):
        tasks.claim(task_id, phase)
        clock.pass_(LEASE + SECOND)
    assert tasks.sweep().failed == (task_id,)
    assert f"{word} was tried {MAX_TRIES} times" in tasks.get(task_id).error


def test_a_task_that_waits_long_for_its_job_is_started_again_and_does_not_fail(tasks, clock):
    task_id = planned(tasks)
    for _ in range(2 * MAX_TRIES):
        clock.pass_(UNSTARTED_GRACE + SECOND)
        swept = tasks.sweep()
        assert swept.to_publish == (task_id,)
        assert swept.failed == ()
        tasks.note_started(tasks.claim(task_id, Phase.START), "executions/render-1")


def test_a_job_that_cannot_be_started_fails_with_the_reason(tasks, clock):
    task_id = planned(tasks)
    clock.pass_(UNSTARTED_GRACE + SECOND)
    tasks.sweep()
    for _ in range(MAX_TRIES):
        tasks.hand_back(tasks.claim(task_id, Phase.START))
    assert tasks.sweep().failed == (task_id,)


def test_a_task_that_is_too_old_fails_with_the_reason(tasks, clock):
    task_id = tasks.create(a_request()).id
    clock.pass_(MAX_AGE + SECOND)
    assert tasks.sweep().failed == (task_id,)
    assert "2:00:00" in tasks.get(task_id).error


def test_two_sweepers_at_once_publish_each_task_once(database_url, tasks, clock):
    ids = {tasks.create(a_request()).id for _ in range(12)}
    clock.pass_(UNPUBLISHED_GRACE + SECOND)
    found: list[str] = []
    barrier = threading.Barrier(3)

    def sweep() -> None:
        engine = engine_for(database_url)
        barrier.wait()
        found.extend(SqlTasks(engine, clock).sweep().to_publish)
        engine.dispose()

    run_together(sweep, 3)
    assert sorted(found) == sorted(ids)


# A database that is away.


def test_a_database_that_answers_is_ready(tasks):
    tasks.ping()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+pg8000://nobody@127.0.0.1:9/choreo",
        "sqlite:////proc/nowhere/choreo.db",
    ],
)
def test_a_database_that_is_away_is_unavailable_at_every_door(url):
    engine = engine_for("sqlite://" if url.startswith("sqlite") else url)
    if url.startswith("sqlite"):
        from sqlalchemy import create_engine

        engine = create_engine(url)
    tasks = SqlTasks(engine)
    for door in (
        tasks.ping,
        lambda: tasks.create(a_request()),
        lambda: tasks.get("task-1"),
        lambda: tasks.claim("task-1", Phase.PLAN),
        tasks.sweep,
    ):
        with pytest.raises(Unavailable, match="database"):
            door()


def test_a_connection_that_broke_while_idle_is_replaced(postgres_server, postgres_template):
    from machine import new_postgres_database
    from sqlalchemy import text

    engine = engine_for(new_postgres_database(postgres_server, postgres_template))
    tasks = SqlTasks(engine)
    task_id = tasks.create(a_request()).id
    killer = engine_for(postgres_server)
    with killer.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                "WHERE datname = :name AND pid <> pg_backend_pid()"
            ),
            {"name": engine.url.database},
        )
    killer.dispose()
    assert tasks.get(task_id).id == task_id
    engine.dispose()


@pytest.mark.parametrize(
    ("database", "user"), [("nowhere", "postgres"), ("postgres", "nobody-of-this-name")]
)
def test_a_login_that_is_refused_is_unavailable_with_the_servers_words(
    postgres_server, database, user
):
    url = postgres_server.replace("postgres@", f"{user}@").rsplit("/", 1)[0] + f"/{database}"
    engine = engine_for(url)
    with pytest.raises(Unavailable, match="does not exist"):
        SqlTasks(engine).ping()
    engine.dispose()


def test_a_database_without_its_tables_says_that_it_is_not_migrated(postgres_server, tmp_path):
    from machine import new_postgres_database

    for url in (new_postgres_database(postgres_server), f"sqlite:///{tmp_path / 'empty.db'}"):
        engine = engine_for(url)
        with pytest.raises(Unavailable, match="choreography_tasks"):
            SqlTasks(engine).create(a_request())
        engine.dispose()


# Plans that equal requests share.


def test_a_plan_is_found_by_its_key_the_latest_first(tasks, clock):
    assert tasks.find_plan("k" * 64) is None
    for _ in range(2):
        task_id = tasks.create(a_request()).id
        claim = tasks.claim(task_id, Phase.PLAN)
        tasks.store_plan(claim, a_blueprint(task_id), "k" * 64)
        clock.now += timedelta(seconds=1)
        assert tasks.find_plan("k" * 64) == tasks.blueprint_json(task_id)
    without = tasks.create(a_request()).id
    tasks.store_plan(tasks.claim(without, Phase.PLAN), a_blueprint(without))
    assert tasks.find_plan("k" * 64) != tasks.blueprint_json(without)


def test_asking_how_tasks_ended_is_one_statement_however_many_are_asked_for(
    tasks: SqlTasks, database: Engine
) -> None:
    ids = [ended(tasks, "completed"), tasks.create(a_request()).id, "unknown"]
    statements: set[str] = set()

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if "video_path" in statement:
            statements.add(statement)

    event.listen(database, "before_cursor_execute", note)
    for number in (1, 2, 3):
        assert set(tasks.ended(ids[:number])) == {ids[0]}
    assert set(tasks.ended([*map(str, range(IDS_AT_ONCE)), *ids])) == {ids[0]}
    assert tasks.ended([]) == {}
    assert len(statements) == 1


def test_a_connection_to_sqlite_keeps_few_pages_however_much_it_reads(tmp_path):
    engine = engine_for(f"sqlite:///{tmp_path / 'choreo.db'}")
    with engine.begin() as connection:
        kibibytes = -connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
    assert 0 < kibibytes <= 256
    engine.dispose()
