"""Choosing some moves of a plan anew."""

from typing import Any

import pytest
from intake_world import TASKS, World
from test_intake_requests import refused


def reroll(world: World, task_id: str, **body: Any) -> Any:
    return world.client.post(f"{TASKS}{task_id}/reroll", json=body)


@pytest.fixture
def planned(world: World) -> str:
    task_id = str(world.ask(difficulty="beginner", seed=5).get_json()["task_id"])
    world.plan(task_id)
    return task_id


def test_a_reroll_is_a_new_task_for_the_same_wish(world: World, planned: str) -> None:
    reply = reroll(world, planned, slots=[1], lock=[0], avoid=["basic", "dip"])
    assert reply.status_code == 202
    task_id = reply.get_json()["task_id"]
    assert task_id != planned
    assert world.queue.published == [planned, task_id]
    wanted = world.tasks.get(task_id).request
    assert wanted.reroll is not None
    assert (wanted.reroll.task_id, wanted.reroll.slots) == (planned, (1,))
    assert (wanted.reroll.lock, wanted.reroll.avoid) == ((0,), ("basic", "dip"))
    assert wanted.model_copy(update={"reroll": None}) == world.tasks.get(planned).request
    assert world.tasks.get(planned).status == "running", "the first one is left alone"


def test_a_reroll_can_be_rolled_again_and_has_a_seed_of_its_own(world: World, planned: str) -> None:
    second = reroll(world, planned, slots=[0], seed=9).get_json()["task_id"]
    assert world.tasks.get(second).request.seed == 9
    refused(reroll(world, second, slots=[0]), 409, "no-blueprint")
    world.plan(second)
    third = reroll(world, second, slots=[1]).get_json()["task_id"]
    again = world.tasks.get(third).request.reroll
    assert again is not None
    assert again.task_id == second
    assert world.poll(third).get_json()["reroll_of"] == second
    assert "reroll_of" not in world.poll(planned).get_json()


def test_a_reroll_may_wish_for_easier_moves_and_more_energy(world: World, planned: str) -> None:
    wish = {"difficulty": "beginner", "energy_level": "high"}
    reply = reroll(world, planned, slots=[1], **wish)
    wanted = world.tasks.get(reply.get_json()["task_id"]).request
    assert wanted.reroll is not None
    assert wanted.reroll.model_dump(mode="json", include=set(wish)) == wish
    harder = refused(
        reroll(world, planned, slots=[1], difficulty="advanced"), 422, "invalid-request"
    )
    assert harder["errors"][0]["allowed"] == ["beginner"]
    assert "the plan is beginner" in harder["detail"]


def test_the_same_key_gives_the_same_reroll(world: World, planned: str) -> None:
    address, headers = f"{TASKS}{planned}/reroll", {"Idempotency-Key": "k"}
    ids = {
        world.client.post(address, json={"slots": [0]}, headers=headers).get_json()["task_id"]
        for _ in range(3)
    }
    assert len(ids) == 1
    other = world.client.post(address, json={"slots": [1]}, headers=headers)
    refused(other, 422, "idempotency-key-reused")


def test_a_task_without_a_plan_cannot_be_rerolled(world: World) -> None:
    task_id = world.task_id()
    refused(reroll(world, task_id, slots=[0]), 409, "no-blueprint")
    world.tasks.cancel(task_id)
    refused(reroll(world, task_id, slots=[0]), 409, "no-blueprint")
    refused(reroll(world, "0" * 32, slots=[0]), 404, "unknown-task")


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "slots", "is missing"),
        ({"slots": []}, "slots", "a list of 1 to 1000 whole numbers"),
        ({"slots": [2]}, "slots", "names 2; the plan has 2 moves, 0 to 1"),
        ({"slots": [0], "lock": [7]}, "lock", "names 7; the plan has 2 moves"),
        ({"slots": [-1]}, "slots", "a list of 1 to 1000 whole numbers"),
        ({"slots": [0.5]}, "slots", "a list of 1 to 1000 whole numbers"),
        ({"slots": ["0"]}, "slots", "a list of 1 to 1000 whole numbers"),
        ({"slots": "01"}, "slots", "a list of 1 to 1000 whole numbers"),
        ({"slots": None}, "slots", "a list of 1 to 1000 whole numbers"),
        ({"slots": [0] * 1001}, "slots", "a list of 1 to 1000 whole numbers"),
        ({"slots": [10**30]}, "slots", "a list of 1 to 1000 whole numbers"),
        ({"slots": [0, 1], "lock": [1]}, "", "names 1 in slots and in lock"),
        ({"slots": [0], "avoid": [""]}, "avoid", "ids or families of moves"),
        ({"slots": [0], "avoid": [3]}, "avoid", "ids or families of moves"),
        ({"slots": [0], "avoid": ["x"] * 101}, "avoid", "ids or families of moves"),
        ({"slots": [0], "seed": -1}, "seed", "a whole number from 0"),
        ({"slots": [0], "moves": 1}, "moves", "its fields are slots, lock, avoid, difficulty"),
    ],
)
def test_a_wrong_reroll_is_told_what_would_be_right(
    world: World, planned: str, body: dict[str, Any], field: str, words: str
) -> None:
    document = refused(reroll(world, planned, **body), 422, "invalid-request")
    fault = document["errors"][0]
    assert fault["field"] == field
    assert words in fault["message"]
    assert len(document["detail"]) < 2000
