"""Links to one dance for those who have no token, and what a page shows beside a plan."""

from typing import Any

import pytest
from intake_world import TASKS, World, a_blueprint
from test_intake_access import ANNA, BENI, ask, bearer
from test_intake_requests import refused

from choreo.blueprint import Blueprint
from choreo.task import Phase

TAILS = ("", "/blueprint", "/storyboard", "/captions.vtt", "/cue-sheet", "/timeline.otio")


@pytest.fixture
def guarded(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("API_TOKEN", f"anna:{ANNA}\nbeni:{BENI}\n")
    return world


def shared(world: World, task_id: str, **body: Any) -> Any:
    reply = world.client.post(f"{TASKS}{task_id}/share", json=body, headers=bearer(ANNA))
    assert reply.status_code == 201, reply.text
    return reply.get_json()


def test_a_shared_link_opens_one_dance_without_a_token(guarded: World) -> None:
    mine, other = (ask(guarded, ANNA).get_json()["task_id"] for _ in range(2))
    guarded.complete(mine)
    guarded.complete(other)
    ticket = shared(guarded, mine)["ticket"]
    for tail in TAILS:
        assert guarded.client.get(f"{TASKS}{mine}{tail}?ticket={ticket}").status_code == 200
        beni = guarded.client.get(f"{TASKS}{mine}{tail}?ticket={ticket}", headers=bearer(BENI))
        assert beni.status_code == 200
        refused(guarded.client.get(f"{TASKS}{other}{tail}?ticket={ticket}"), 404, "unknown-task")
    task = guarded.client.get(f"{TASKS}{mine}?ticket={ticket}").get_json()
    assert task["ticket"] == ticket
    assert guarded.client.get(task["video_url"]).status_code == 200
    for path in (f"/media/outputs/{other}.mp4", "/media/songs/amor/audio.wav"):
        refused(guarded.client.get(f"{path}?ticket={ticket}"), 404, "no-media")
    for path in ("/api/songs", "/api/options", "/api/songs/amor/audio"):
        refused(guarded.client.get(f"{path}?ticket={ticket}"), 401, "unauthorized")
    refused(guarded.client.delete(f"{TASKS}{mine}?ticket={ticket}"), 401, "unauthorized")
    for tail in ("/share", "/reroll"):
        again = guarded.client.post(f"{TASKS}{mine}{tail}?ticket={ticket}", json={})
        refused(again, 401, "unauthorized")


@pytest.mark.parametrize("open_to_all", [False, True])
def test_a_shared_link_ends_and_cannot_be_drawn_out(world: World, open_to_all: bool) -> None:
    from choreo.tokens import read_tokens
    from intake.access import Gate, Limits

    now = [1_000_000.0]
    ring = None if open_to_all else read_tokens(f"anna:{ANNA}")[0]
    gate = Gate(ring, Limits(0, 0), None, 0, lambda: now[0], b"key")  # type: ignore[arg-type] # nothing is counted
    ticket = gate.ticket_for_dance("a1", 1_000_060)

    def visitor(ticket: str) -> Any:
        path = f"/?ticket={ticket}"
        return gate.visitor(world.client.application.test_request_context(path).request)

    assert visitor(ticket).dance == "a1"
    assert visitor("") is None
    for forged in (
        ticket.replace("1000060", "1000061"),
        ticket.replace("~a1", "~a2"),
        ticket[:-1] + ("0" if ticket[-1] != "0" else "1"),
        "~",
    ):
        with pytest.raises(Exception, match="not whole"):
            visitor(forged)
    now[0] += 60
    with pytest.raises(Exception, match="has ended"):
        visitor(ticket)


def test_nobody_shares_what_is_anothers(guarded: World) -> None:
    task_id = ask(guarded, ANNA).get_json()["task_id"]
    reply = guarded.client.post(f"{TASKS}{task_id}/share", json={}, headers=bearer(BENI))
    refused(reply, 404, "unknown-task")


@pytest.mark.parametrize("days", [0, 31, 1.5, "7", None])
def test_a_link_is_good_for_some_days_only(world: World, days: object) -> None:
    reply = world.client.post(f"{TASKS}{world.task_id()}/share", json={"days": days})
    assert "days" in refused(reply, 422, "invalid-request")["errors"][0]["field"]


def test_an_open_service_shares_too(world: World) -> None:
    task_id = world.task_id()
    answer = world.client.post(f"{TASKS}{task_id}/share", json={}).get_json()
    assert answer["page_url"] == f"/#/task/{task_id}?ticket={answer['ticket']}"
    assert world.client.get(f"{TASKS}{task_id}?ticket={answer['ticket']}").status_code == 200


def plan(world: World, document: Blueprint) -> Any:
    claim = world.tasks.claim(document.task_id, Phase.PLAN)
    assert claim is not None
    world.tasks.store_plan(claim, document)
    return world.client.get(f"{TASKS}{document.task_id}/storyboard").get_json()


def test_a_storyboard_lies_on_the_plans_own_time(world: World) -> None:
    whole = a_blueprint(world.task_id()).model_dump(mode="json", exclude_none=True)
    whole["moves"][0]["clip_id"] = "dip"
    board = plan(world, Blueprint.from_document({**whole, "audio_start": 4.0}))
    assert (board["title"], board["artist"]) == ("Amor de prueba", "Los Ensayos")
    assert [(move["family"], move["difficulty"]) for move in board["moves"]] == [
        ("basic", "advanced"),
        (None, None),
    ]
    assert [(part["start"], part["end"]) for part in board["sections"]] == [(0.0, 4.0)]
    # The song's three peaks lie on 8 s; the plan begins in the middle and outlasts the song.
    peaks = board["peaks"]
    assert (peaks[0], peaks[len(peaks) // 2 - 1], peaks[-1]) == (0.5, 1.0, 0.0)


def test_a_storyboard_without_its_song_still_tells_the_moves(world: World) -> None:
    whole = a_blueprint(world.task_id()).model_dump(mode="json", exclude_none=True)
    board = plan(world, Blueprint.from_document({**whole, "audio_path": "songs/gone/audio.wav"}))
    assert (board["title"], board["peaks"], board["sections"]) == ("", [], [])
    assert len(board["moves"]) == 2
