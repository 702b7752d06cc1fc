"""Writing a plan as another video."""

from typing import Any

import pytest
from intake_world import TASKS, World
from test_intake_requests import refused


def vary(world: World, task_id: str, **body: Any) -> Any:
    return world.client.post(f"{TASKS}{task_id}/variants", json=body)


@pytest.fixture
def planned(world: World) -> str:
    task_id = str(world.ask(seed=5).get_json()["task_id"])
    world.plan(task_id)
    return task_id


def test_a_variant_is_a_new_task_that_names_what_changes(world: World, planned: str) -> None:
    wish = {
        "mirror": True,
        "speed": 0.75,
        "portrait": True,
        "overlay": "counts",
        "constant_frame_rate": False,
    }
    reply = vary(world, planned, **wish)
    assert reply.status_code == 202
    task_id = reply.get_json()["task_id"]
    assert reply.headers["Location"].endswith(task_id)
    assert world.queue.published == [planned, task_id]
    wanted = world.tasks.get(task_id).request
    assert wanted.variant is not None
    assert (wanted.variant.task_id, wanted.variant.changes()) == (planned, wish)
    assert wanted.model_copy(update={"variant": None}) == world.tasks.get(planned).request
    assert world.poll(task_id).get_json()["variant_of"] == planned


def test_what_is_null_is_left_as_it_is(world: World, planned: str) -> None:
    reply = vary(world, planned, speed=1, mirror=None)
    variant = world.tasks.get(reply.get_json()["task_id"]).request.variant
    assert variant is not None
    assert variant.changes() == {"speed": 1.0}


def test_a_variant_can_be_rerolled_and_varied_again(world: World, planned: str) -> None:
    second = vary(world, planned, mirror=True).get_json()["task_id"]
    refused(vary(world, second, speed=0.5), 409, "no-blueprint")
    world.plan(second)
    third = vary(world, second, speed=0.5).get_json()["task_id"]
    rerolled = world.client.post(f"{TASKS}{second}/reroll", json={"slots": [0]}).get_json()
    for task_id, of in ((third, "variant_of"), (rerolled["task_id"], "reroll_of")):
        answer = world.poll(task_id).get_json()
        assert answer[of] == second
        assert len({"variant_of", "reroll_of"} & set(answer)) == 1


def test_the_same_key_gives_the_same_variant(world: World, planned: str) -> None:
    address, headers = f"{TASKS}{planned}/variants", {"Idempotency-Key": "k"}
    ids = {
        world.client.post(address, json={"mirror": True}, headers=headers).get_json()["task_id"]
        for _ in range(3)
    }
    assert len(ids) == 1
    other = world.client.post(address, json={"mirror": False}, headers=headers)
    refused(other, 422, "idempotency-key-reused")


def test_a_task_without_a_plan_has_no_variants(world: World) -> None:
    refused(vary(world, world.task_id(), mirror=True), 409, "no-blueprint")
    refused(vary(world, "0" * 32, mirror=True), 404, "unknown-task")


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "", "asks for nothing; name one of mirror, speed, portrait, overlay"),
        ({"mirror": None}, "", "asks for nothing"),
        ({"mirror": 1}, "mirror", "true, false or null"),
        ({"portrait": "yes"}, "portrait", "true, false or null"),
        ({"constant_frame_rate": []}, "constant_frame_rate", "true, false or null"),
        ({"speed": 0.4}, "speed", "a number from 0.5 to 1, or null"),
        ({"speed": 1.5}, "speed", "a number from 0.5 to 1, or null"),
        ({"speed": "0.5"}, "speed", "a number from 0.5 to 1, or null"),
        ({"overlay": "subtitles"}, "overlay", "one of none, counts, moves, or null"),
        ({"slots": [0]}, "slots", "its fields are mirror, speed, portrait, overlay"),
    ],
)
def test_a_wrong_variant_is_told_what_would_be_right(
    world: World, planned: str, body: dict[str, Any], field: str, words: str
) -> None:
    fault = refused(vary(world, planned, **body), 422, "invalid-request")["errors"][0]
    assert fault["field"] == field
    assert words in fault["message"]
