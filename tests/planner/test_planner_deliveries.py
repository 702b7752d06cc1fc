"""Laws of one delivery: nothing is lost, nothing is done twice, and every end says why."""

from __future__ import annotations

import base64
import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from functions_framework import create_app
from sqlalchemy import Engine

from benchmarks.planning_material import (
    MemoryCatalogue,
    NoMedia,
    embed_moves,
    embed_words,
    make_moves,
    make_song,
)
from choreo.blueprint import Blueprint, Fit, Overlay
from choreo.database.engine import engine_for
from choreo.database.tasks import LEASE, SqlTasks
from choreo.errors import StageFailed, Unavailable
from choreo.task import GenerationRequest, Phase, Reroll, Task, TaskStatus, Variant
from planning.pipeline import Plan, Tools, plan
from planning.search import IndexCache
from planning.worker import Message, Worker, decode

MAIN = Path(__file__).parents[2] / "functions" / "planner" / "main.py"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Jobs:
    """Counts what it is asked to start; raises `fault` while there is one."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str]] = []
        self.fault: Exception | None = None

    def start(self, task_id: str, blueprint_json: str) -> str:
        if self.fault is not None:
            raise self.fault
        self.started.append((task_id, blueprint_json))
        return f"execution-{len(self.started)}"


class Queue:
    def __init__(self) -> None:
        self.published: list[str] = []
        self.fault: Exception | None = None

    def publish(self, task_id: str) -> None:
        if self.fault is not None:
            raise self.fault
        self.published.append(task_id)


class Desk:
    """A worker with everything around it."""

    def __init__(self, engine: Engine) -> None:
        self.clock = Clock()
        self.tasks = SqlTasks(engine, self.clock)
        self.jobs, self.queue = Jobs(), Queue()
        self.catalogue = MemoryCatalogue(
            embed_moves(make_moves(40)), [make_song(parts=(("verse", 4, 0.5),))]
        )
        self.worker = self.another_worker()

    def another_worker(self, tools: Callable[[], Tools] | None = None) -> Worker:
        return Worker(self.tasks, tools or self.tools, lambda: self.jobs, lambda: self.queue)

    def tools(self) -> Tools:
        cache = IndexCache(self.catalogue, 3600)
        return Tools(
            self.catalogue,
            NoMedia(),
            cache,
            embed=embed_words,
            earlier_plan=self.tasks.blueprint_json,
        )

    def task(self, song_id: str = "song") -> str:
        return self.tasks.create(GenerationRequest(song_id=song_id)).id

    def deliver(self, task_id: str, worker: Worker | None = None) -> None:
        (worker or self.worker).handle(Message(task_id, sweep=False, dead=False))

    def now(self, task_id: str) -> Task:
        return self.tasks.get(task_id)


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    file = tmp_path / "choreo.db"
    shutil.copy(sqlite_template, file)
    engine = engine_for(f"sqlite:///{file}")
    yield Desk(engine)
    engine.dispose()


def test_a_delivery_plans_stores_and_starts_the_job(desk: Desk) -> None:
    task_id = desk.task()
    desk.deliver(task_id)
    task = desk.now(task_id)
    assert (task.status, task.phase) == (TaskStatus.RUNNING, Phase.RENDER)
    assert task.execution_name == "execution-1"
    assert task.progress == 20
    started, document = desk.jobs.started[0]
    assert started == task_id
    assert Blueprint.from_json(document).task_id == task_id
    assert desk.tasks.blueprint_json(task_id) == document


def test_a_second_delivery_starts_no_second_job(desk: Desk) -> None:
    task_id = desk.task()
    desk.deliver(task_id)
    desk.deliver(task_id)
    desk.deliver(task_id, desk.another_worker())
    assert len(desk.jobs.started) == 1


def test_a_delivery_during_another_one_goes_home_quietly(desk: Desk) -> None:
    task_id = desk.task()

    def meanwhile() -> Tools:
        desk.deliver(task_id, desk.another_worker())
        return desk.tools()

    desk.deliver(task_id, desk.another_worker(meanwhile))
    assert len(desk.jobs.started) == 1
    assert desk.now(task_id).attempt == 1


class Dies(BaseException):
    """The process ends here."""


def test_a_death_between_storing_the_plan_and_starting_the_job_loses_nothing(
    desk: Desk,
) -> None:
    task_id = desk.task()
    desk.jobs.fault = Dies()  # type: ignore[assignment]
    with pytest.raises(Dies):
        desk.deliver(task_id)
    stored = desk.tasks.blueprint_json(task_id)
    assert stored is not None
    desk.jobs.fault = None
    desk.deliver(task_id)
    assert desk.jobs.started == []  # The lease of the dead still runs.
    desk.clock.now += LEASE + timedelta(seconds=1)
    desk.deliver(task_id)
    assert desk.jobs.started == [(task_id, stored)]


def test_a_death_while_planning_is_made_good_by_the_sweep(desk: Desk) -> None:
    task_id = desk.task()

    def die() -> Tools:
        raise Dies

    with pytest.raises(Dies):
        desk.deliver(task_id, desk.another_worker(die))
    desk.clock.now += LEASE + timedelta(seconds=1)
    desk.worker.handle(Message(None, sweep=True, dead=False))
    assert desk.queue.published == [task_id]
    desk.deliver(task_id)
    assert len(desk.jobs.started) == 1


def test_a_sweep_goes_on_when_the_queue_is_away(desk: Desk) -> None:
    first, second = desk.task(), desk.task()
    desk.clock.now += timedelta(minutes=1)
    desk.queue.fault = Unavailable("the queue is away")
    desk.worker.handle(Message(None, sweep=True, dead=False))
    desk.queue.fault = None
    desk.clock.now += timedelta(minutes=2)
    desk.worker.handle(Message(None, sweep=True, dead=False))
    assert sorted(desk.queue.published) == sorted([first, second])


def test_jobs_that_do_not_answer_are_tried_again_from_the_stored_plan(desk: Desk) -> None:
    task_id = desk.task()
    desk.jobs.fault = Unavailable("Cloud Run does not answer")
    with pytest.raises(Unavailable):
        desk.deliver(task_id)
    stored = desk.tasks.blueprint_json(task_id)
    desk.jobs.fault = None
    desk.deliver(task_id)
    assert desk.jobs.started == [(task_id, stored)]


def test_a_job_that_must_not_be_started_fails_the_task(desk: Desk) -> None:
    task_id = desk.task()
    desk.jobs.fault = StageFailed("the render job does not exist")
    desk.deliver(task_id)
    task = desk.now(task_id)
    assert task.status is TaskStatus.FAILED
    assert task.error == "the render job does not exist"


def test_what_can_never_be_planned_fails_with_a_sentence(desk: Desk) -> None:
    task_id = desk.task()
    desk.catalogue.library = []
    desk.deliver(task_id)
    task = desk.now(task_id)
    assert task.status is TaskStatus.FAILED
    assert task.error is not None
    assert "has no move" in task.error
    assert desk.jobs.started == []


def test_a_part_that_is_away_hands_the_task_back_and_asks_for_another_delivery(
    desk: Desk,
) -> None:
    task_id = desk.task()

    def away() -> Tools:
        raise Unavailable("the database does not answer")

    with pytest.raises(Unavailable):
        desk.deliver(task_id, desk.another_worker(away))
    desk.deliver(task_id)
    assert len(desk.jobs.started) == 1


def test_a_fault_that_nobody_foresaw_is_tried_again_until_the_limit(desk: Desk) -> None:
    task_id = desk.task()

    def torn() -> Tools:
        raise ZeroDivisionError

    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            desk.deliver(task_id, desk.another_worker(torn))
    desk.worker.handle(Message(None, sweep=True, dead=False))
    assert desk.now(task_id).status is TaskStatus.FAILED


def test_a_cancelled_task_is_left_alone(desk: Desk) -> None:
    task_id = desk.task()

    def cancelled() -> Tools:
        desk.tasks.cancel(task_id)
        return desk.tools()

    desk.deliver(task_id, desk.another_worker(cancelled))
    assert desk.now(task_id).status is TaskStatus.CANCELLED
    assert desk.jobs.started == []
    assert desk.tasks.blueprint_json(task_id) is None


def test_a_dead_letter_fails_its_task(desk: Desk) -> None:
    task_id = desk.task()
    desk.worker.handle(Message(task_id, sweep=False, dead=True))
    assert desk.now(task_id).status is TaskStatus.FAILED


def test_a_dead_letter_that_comes_late_does_not_end_a_render(desk: Desk) -> None:
    task_id = desk.task()
    desk.deliver(task_id)
    desk.worker.handle(Message(task_id, sweep=False, dead=True))
    assert desk.now(task_id).status is TaskStatus.RUNNING


def test_the_lease_is_renewed_while_a_long_step_reports_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., None]
) -> None:
    monkeypatch.setattr("planning.worker.HEARTBEAT", 0.0004)
    task_id = desk.task()

    def slow() -> Tools:
        # The worker is inside the plan now; its lease would end without a renewal.
        for _ in range(4):
            desk.clock.now += LEASE * 0.7
            until = desk.clock.now + LEASE
            eventually(lambda until=until: desk.now(task_id).lease_until == until)
        return desk.tools()

    desk.deliver(task_id, desk.another_worker(slow))
    assert desk.now(task_id).attempt == 1
    assert len(desk.jobs.started) == 1


def test_an_uncertain_1_reaches_the_task(desk: Desk) -> None:
    song = desk.catalogue.all_songs[0]
    assert song.analysis is not None
    unsure = song.analysis.model_copy(update={"confidence": 0.2})
    desk.catalogue.all_songs = [song.model_copy(update={"analysis": unsure})]
    task_id = desk.task()
    desk.deliver(task_id)
    document = json.loads(desk.tasks.blueprint_json(task_id) or "")
    assert "uncertain" in " ".join(document["generation_parameters"]["warnings"])
    assert desk.now(task_id).degraded is None


def test_a_part_that_was_missing_makes_the_task_degraded(desk: Desk) -> None:
    def no_words(_: object) -> Any:
        raise RuntimeError("no model")

    broken = dataclasses.replace(desk.tools(), embed=no_words)
    task_id = desk.task()
    desk.deliver(task_id, desk.another_worker(lambda: broken))
    assert "no model" in (desk.now(task_id).degraded or "")


def test_a_reroll_is_planned_from_the_stored_plan_of_its_task(desk: Desk) -> None:
    first = desk.task()
    desk.deliver(first)
    wish = Reroll(task_id=first, slots=(1,))
    second = desk.tasks.create(GenerationRequest(song_id="song", reroll=wish)).id
    desk.deliver(second)
    before, after = blueprint_of(desk, first), blueprint_of(desk, second)
    assert after.moves[1].clip_id != before.moves[1].clip_id
    assert after.moves[0] == before.moves[0]
    assert len(desk.jobs.started) == 2


def without_ids_and_times(document: str) -> dict[str, object]:
    plan = json.loads(document)
    del plan["task_id"], plan["generation_timestamp"], plan["output_config"]["output_path"]
    return dict(plan)


def test_an_equal_request_gets_the_stored_plan_and_a_video_of_its_own(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.task()
    desk.deliver(first)

    def not_again(*_: object, **__: object) -> None:
        raise AssertionError("planned twice")

    monkeypatch.setattr("planning.worker.plan", not_again)
    desk.clock.now += timedelta(minutes=5)
    second = desk.task()
    desk.deliver(second)
    one, two = (desk.tasks.blueprint_json(task) or "" for task in (first, second))
    assert without_ids_and_times(one) == without_ids_and_times(two)
    plan = Blueprint.from_json(two)
    assert (plan.task_id, plan.output_config.output_path) == (second, f"outputs/{second}.mp4")
    assert len(desk.jobs.started) == 2


@pytest.mark.parametrize("changed", ["seed", "library", "song", "model", "part"])
def test_a_plan_is_made_anew_when_anything_that_decides_it_changed(
    desk: Desk, changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_words(_: object) -> Any:
        raise RuntimeError("no model")

    lacking = dataclasses.replace(desk.tools(), embed=no_words)
    desk.deliver(desk.task(), desk.another_worker(lambda: lacking) if changed == "part" else None)
    made: list[str] = []

    def planned(request: GenerationRequest, tools: Tools, **given: Any) -> Plan:
        made.append(given["task_id"])
        return plan(request, tools, **given)

    monkeypatch.setattr("planning.worker.plan", planned)
    request = GenerationRequest(song_id="song", seed=1 if changed == "seed" else 0)
    tools = desk.tools()
    if changed == "library":
        desk.catalogue.stamp += 1
    elif changed == "song":
        song = desk.catalogue.all_songs[0]
        desk.catalogue.save_song(song.model_copy(update={"title": "Another Name"}))
    elif changed == "model":
        tools = dataclasses.replace(tools, language_model=Silent())
    again = desk.tasks.create(request).id
    desk.deliver(again, desk.another_worker(lambda: tools))
    assert made == [again]


class Silent:
    """A language model that never answers."""

    def answer(self, *_: object) -> object:
        raise Unavailable("nobody is there")


def blueprint_of(desk: Desk, task_id: str) -> Blueprint:
    return Blueprint.from_json(desk.tasks.blueprint_json(task_id) or "")


def test_a_variant_is_the_stored_plan_with_another_output_and_no_search(desk: Desk) -> None:
    first = desk.task()
    desk.deliver(first)
    wish = Variant(task_id=first, mirror=True, speed=0.75, portrait=True, overlay=Overlay.MOVES)
    second = desk.tasks.create(GenerationRequest(song_id="song", variant=wish)).id
    reads = desk.catalogue.reads
    desk.deliver(second)
    before, after = blueprint_of(desk, first), blueprint_of(desk, second)
    assert desk.catalogue.reads == reads
    assert [move.model_dump() for move in after.moves] == [m.model_dump() for m in before.moves]
    assert after.counts == before.counts
    output = after.output_config
    assert (output.mirror, output.speed, output.overlay) == (True, 0.75, Overlay.MOVES)
    assert (output.width, output.height, output.fit) == (720, 1280, Fit.CROP)
    assert output.output_path == f"outputs/{second}.mp4"
    assert after.generation_parameters["variant"]["of"] == first
    assert len(desk.jobs.started) == 2


def test_a_variant_of_a_variant_keeps_what_it_does_not_name(desk: Desk) -> None:
    first = desk.task()
    desk.deliver(first)
    wide = Variant(task_id=first, portrait=True, mirror=True)
    second = desk.tasks.create(GenerationRequest(song_id="song", variant=wide)).id
    desk.deliver(second)
    back = Variant(task_id=second, portrait=False, constant_frame_rate=True)
    third = desk.tasks.create(GenerationRequest(song_id="song", variant=back)).id
    desk.deliver(third)
    output = blueprint_of(desk, third).output_config
    assert (output.width, output.height, output.fit) == (1280, 720, Fit.LETTERBOX)
    assert output.mirror
    assert output.constant_frame_rate


def test_a_variant_of_a_task_without_a_plan_fails_with_a_sentence(desk: Desk) -> None:
    wish = Variant(task_id="0" * 32, mirror=True)
    task_id = desk.tasks.create(GenerationRequest(song_id="song", variant=wish)).id
    desk.deliver(task_id)
    assert "has no plan that could be written otherwise" in str(desk.now(task_id).error)


def test_a_reroll_of_a_task_without_a_plan_fails_with_a_sentence(desk: Desk) -> None:
    wish = Reroll(task_id="nothing", slots=(1,))
    task_id = desk.tasks.create(GenerationRequest(song_id="song", reroll=wish)).id
    desk.deliver(task_id)
    assert "has no plan" in (desk.now(task_id).error or "")


# Bodies.


def wrapped(content: object, **attributes: str) -> dict[str, object]:
    data = base64.b64encode(json.dumps(content).encode()).decode()
    return {"message": {"data": data, "messageId": "1", "attributes": attributes}}


def test_bodies_of_both_kinds_are_read() -> None:
    raw = wrapped({"task_id": "abc"})
    eventarc = {**raw, "subscription": "projects/p/subscriptions/s"}
    assert decode(raw) == decode(eventarc) == Message("abc", sweep=False, dead=False)
    assert decode(wrapped({"sweep": True})) == Message(None, sweep=True, dead=False)
    dead = wrapped({"task_id": "abc"}, CloudPubSubDeadLetterSourceSubscription="s")
    assert decode(dead) == Message("abc", sweep=False, dead=True)


@pytest.mark.parametrize(
    "body",
    [
        None,
        "text",
        {},
        {"message": None},
        {"message": {}},
        {"message": {"data": ""}},
        {"message": {"data": "%%%"}},
        {"message": {"data": base64.b64encode(b"\xff\xfe").decode()}},
        {"message": {"data": base64.b64encode(b"[1]").decode()}},
        wrapped({"task_id": 7}),
        wrapped({"task_id": ""}),
        wrapped({"task_id": "x" * 65}),
        wrapped({"task_id": "a\0b"}),
        wrapped({"sweep": "yes"}),
        wrapped("[" * 100_000),
    ],
)
def test_garbage_is_no_message(body: object) -> None:
    assert decode(body) is None


def test_the_function_takes_raw_pushes_and_drops_garbage(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = create_app("plan_choreography", str(MAIN), "cloudevent").test_client()
    function = client.application.view_functions  # The module is loaded under its file's name.
    assert function
    import sys

    module = next(m for m in sys.modules.values() if getattr(m, "__file__", "") == str(MAIN))
    monkeypatch.setattr(module, "_worker", lambda: desk.worker)
    task_id = desk.task()
    body = {**wrapped({"task_id": task_id}), "subscription": "projects/p/subscriptions/s"}
    assert client.post("/", json=body).status_code == 200
    assert len(desk.jobs.started) == 1
    garbage = {"message": {"data": "bm9uc2Vuc2U=", "messageId": "2"}, "subscription": "s"}
    assert client.post("/", json=garbage).status_code == 200
    desk.jobs.fault = Unavailable("away")
    again = {**wrapped({"task_id": desk.task()}), "subscription": "s"}
    assert client.post("/", json=again).status_code == 500
