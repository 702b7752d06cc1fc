"""What every planning queue keeps, up to a planner's real HTTP door."""

import base64
import json
import re
import urllib.request
import uuid

import pytest
from flask import Flask, request
from functions_framework.event_conversion import background_event_to_cloud_event
from machine import PATIENCE_SECONDS

from choreo.errors import StageFailed, Unavailable
from choreo.gcp import planning_queue as pubsub_module
from choreo.gcp.planning_queue import PubSubQueue
from choreo.local.planning_queue import WORKERS, DirectPush, push_body
from choreo.log import task_context
from choreo.ports import PlanningQueue
from local_emulators import pubsub


@pytest.fixture(params=["direct", "pubsub"])
def queue(
    request: pytest.FixtureRequest, listener, monkeypatch: pytest.MonkeyPatch
) -> PlanningQueue:
    """A queue that delivers to `listener`."""
    if request.param == "direct":
        return DirectPush(listener.url, first_delay=0.1)
    address = request.getfixturevalue("pubsub_server")
    topic = f"planning-{uuid.uuid4().hex}"
    pubsub.create_topic_and_subscription(
        address, "demo-project", topic, listener.url, backoff=("0.1s", "1s")
    )
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
    return PubSubQueue(f"projects/demo-project/topics/{topic}")


def message_of(body: bytes) -> dict:
    return json.loads(body)["message"]


def task_of(body: bytes) -> str:
    return json.loads(base64.b64decode(message_of(body)["data"]))["task_id"]


def publish_many(queue: PlanningQueue, count: int) -> None:
    for number in range(count):
        queue.publish(f"task-{number}")


def test_a_message_arrives_with_its_task(queue, listener, eventually):
    queue.publish("task-1")
    eventually(lambda: listener.bodies)
    assert task_of(listener.bodies[0]) == "task-1"
    assert message_of(listener.bodies[0])["attributes"]["task_id"] == "task-1"


def test_a_body_has_the_fields_that_the_functions_server_reads(queue, listener, eventually):
    queue.publish("task-1")
    eventually(lambda: listener.bodies)
    envelope = json.loads(listener.bodies[0])
    assert re.fullmatch(r"projects/[^/]+/subscriptions/[^/]+", envelope["subscription"])
    assert envelope["message"].keys() == {
        "data",
        "attributes",
        "messageId",
        "message_id",
        "publishTime",
        "publish_time",
    }
    assert envelope["message"]["messageId"].isdecimal()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", envelope["message"]["publishTime"]
    )


def test_the_trace_goes_with_the_message(queue, listener, eventually):
    with task_context("task-1", trace="projects/p/traces/1a2b"):
        queue.publish("task-1")
    eventually(lambda: listener.bodies)
    assert message_of(listener.bodies[0])["attributes"]["trace"] == "projects/p/traces/1a2b"


def test_a_message_that_is_not_acknowledged_comes_again_unchanged(queue, listener, eventually):
    listener.answers = [503]
    queue.publish("task-1")
    eventually(lambda: len(listener.bodies) >= 2)
    assert len({message_of(body)["messageId"] for body in listener.bodies}) == 1
    assert {task_of(body) for body in listener.bodies} == {"task-1"}


def test_publishing_does_not_wait_for_the_planner(queue, listener, eventually):
    listener.released.clear()
    queue.publish("task-1")
    eventually(lambda: listener.waiting)
    queue.publish("task-2")
    assert listener.waiting
    listener.released.set()
    eventually(lambda: {task_of(body) for body in listener.bodies} == {"task-1", "task-2"})


def test_many_messages_all_arrive_once(queue, listener, eventually):
    tasks = {f"task-{number}" for number in range(40)}
    publish_many(queue, 40)
    eventually(lambda: len(listener.bodies) >= 40)
    assert sorted(task_of(body) for body in listener.bodies) == sorted(tasks)


# Direct push alone.


def test_direct_push_says_so_when_too_many_messages_wait(listener):
    listener.released.clear()
    queue = DirectPush(listener.url, capacity=2)
    with pytest.raises(Unavailable, match="wait for the planner"):
        publish_many(queue, 2 + WORKERS + 1)


def test_direct_push_waits_longer_each_time_and_gives_up_after_five(listener, eventually, caplog):
    listener.status = 500
    DirectPush(listener.url, first_delay=0.05).publish("task-1")
    eventually(lambda: any("sweeper" in record.message for record in caplog.records))
    assert len(listener.bodies) == 5
    waits = [
        after - before for before, after in zip(listener.times, listener.times[1:], strict=False)
    ]
    assert all(wait >= 0.05 * 2**number for number, wait in enumerate(waits))


def test_direct_push_outlives_a_planner_that_is_away(listener, eventually, caplog):
    nobody = DirectPush("http://127.0.0.1:9", first_delay=0.01)
    nobody.publish("task-1")
    eventually(lambda: any(record.levelname == "ERROR" for record in caplog.records))
    assert "ConnectionRefusedError" in caplog.records[-1].fault


@pytest.mark.parametrize("url", ["", "planner:8081", "ftp://planner/", "file:///etc/passwd"])
def test_direct_push_refuses_an_address_that_is_none(url):
    with pytest.raises(StageFailed, match="PLANNER_URL"):
        DirectPush(url)


def test_a_sweep_has_the_same_envelope_and_no_task():
    message = message_of(push_body({"sweep": True}))
    assert json.loads(base64.b64decode(message["data"])) == {"sweep": True}
    assert message["attributes"] == {}


def test_functions_framework_makes_an_event_of_the_body():
    with Flask(__name__).test_request_context(
        "/projects/p/topics/t",
        data=push_body({"task_id": "task-1"}),
        content_type="application/json",
    ):
        event = background_event_to_cloud_event(request)
    assert json.loads(base64.b64decode(event.data["message"]["data"])) == {"task_id": "task-1"}
    assert event["source"] == "//pubsub.googleapis.com/projects/p/topics/t"


# Pub/Sub alone.


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubsub_module, "_RETRY", pubsub_module._RETRY.with_timeout(0.3))
    monkeypatch.setattr(pubsub_module, "PUBLISH_SECONDS", 0.3)
    monkeypatch.setattr(pubsub_module, "FLUSH_SECONDS", 2.0)


@pytest.mark.usefixtures("impatient")
def test_a_topic_that_does_not_exist_is_named_with_the_remedy(pubsub_server, monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub_server)
    with pytest.raises(Unavailable, match=r"topics/nothing.*roles/pubsub\.publisher"):
        PubSubQueue("projects/demo-project/topics/nothing").publish("task-1")


@pytest.mark.usefixtures("impatient")
def test_a_pubsub_that_does_not_answer_is_unavailable(monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:9")
    with pytest.raises(Unavailable, match="task-1"):
        PubSubQueue("projects/demo-project/topics/planning").publish("task-1")


def test_the_local_subscription_is_the_one_of_the_cloud(listener, pubsub_server):
    topic = f"planning-{uuid.uuid4().hex}"
    for _ in range(2):  # a restarted stack makes them again
        pubsub.create_topic_and_subscription(pubsub_server, "demo-project", topic, listener.url)
    name = f"projects/demo-project/subscriptions/{topic}-planner"
    with urllib.request.urlopen(
        f"http://{pubsub_server}/v1/{name}", timeout=PATIENCE_SECONDS
    ) as answer:
        subscription = json.load(answer)
    assert subscription["ackDeadlineSeconds"] == 600
    assert subscription["deadLetterPolicy"] == {
        "deadLetterTopic": f"projects/demo-project/topics/{topic}-dead-letters",
        "maxDeliveryAttempts": 5,
    }
    assert subscription["retryPolicy"] == {"minimumBackoff": "1s", "maximumBackoff": "30s"}


def test_a_refusal_of_the_emulator_is_told_in_its_words(pubsub_server):
    with pytest.raises(pubsub.EmulatorRefused, match="400"):
        pubsub.create_topic_and_subscription(pubsub_server, "demo-project", "x", "http://h/")
