"""Who is let in, what belongs to whom, how much one caller may ask for, and which pages may ask."""

import re
from typing import Any

import pytest
from intake_world import FROM_SONG, TASKS, WITH_AI, World
from test_intake_requests import refused

from choreo.database.callers import DAY

ANNA, BENI = "anna-token-0123456789", "beni-token-0123456789"

PAGE = "https://dance.example"

GUARDED = (
    ("POST", FROM_SONG),
    ("POST", WITH_AI),
    ("GET", TASKS + "0" * 32),
    ("DELETE", TASKS + "0" * 32),
    ("POST", TASKS + "0" * 32 + "/reroll"),
    ("POST", TASKS + "0" * 32 + "/variants"),
    ("GET", TASKS + "0" * 32 + "/blueprint"),
    ("GET", TASKS + "0" * 32 + "/cue-sheet"),
    ("GET", "/api/songs"),
    ("GET", "/api/songs/amor/audio"),
    ("GET", "/api/options"),
    ("GET", "/media/songs/amor/audio.wav"),
)


@pytest.fixture
def guarded(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("API_TOKEN", f"anna:{ANNA}\nbeni:{BENI}\n")
    return world


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def ask(world: World, token: str = "", **more: Any) -> Any:
    headers = (bearer(token) if token else {}) | more.pop("headers", {})
    return world.client.post(WITH_AI, json={"query": "una bachata"}, headers=headers, **more)


def poll(world: World, task_id: str, token: str) -> Any:
    return world.client.get(TASKS + task_id, headers=bearer(token))


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_with_tokens_every_call_asks_for_one(guarded: World, method: str, path: str) -> None:
    for header in ({}, {"Authorization": ANNA}, {"Authorization": f"Basic {ANNA}"}):
        reply = guarded.client.open(path, method=method, headers=header)
        refused(reply, 401, "unauthorized")
        assert reply.headers["WWW-Authenticate"] == 'Bearer realm="choreo"'
    for wrong in (ANNA[:-1], ANNA + "x", "", "anna", f"anna:{ANNA}", "ñ" * 30, f"{ANNA}, {BENI}"):
        reply = guarded.client.open(path, method=method, headers=bearer(wrong))
        refused(reply, 401, "unauthorized")
        assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]
    reply = guarded.client.open(path, method=method, headers=bearer(ANNA))
    assert reply.status_code not in (401, 429, 500)


@pytest.mark.parametrize("path", ["/", "/web/app.js", "/healthz", "/health", "/openapi.json"])
def test_the_page_and_the_health_stay_open(guarded: World, path: str) -> None:
    assert guarded.client.get(path).status_code == 200


def test_another_callers_task_is_not_there(guarded: World) -> None:
    task_id = ask(guarded, ANNA).get_json()["task_id"]
    assert poll(guarded, task_id, ANNA).status_code == 200
    for tail in ("", "/blueprint", "/captions.vtt", "/cue-sheet", "/timeline.otio"):
        refused(poll(guarded, task_id + tail, BENI), 404, "unknown-task")
    refused(guarded.client.delete(TASKS + task_id, headers=bearer(BENI)), 404, "unknown-task")
    again = guarded.client.post(
        TASKS + task_id + "/reroll", json={"slots": [0]}, headers=bearer(BENI)
    )
    refused(again, 404, "unknown-task")
    assert guarded.tasks.get(task_id).status == "pending"


def test_two_callers_may_use_the_same_key(guarded: World) -> None:
    key = {"Idempotency-Key": "first"}
    ids = [
        ask(guarded, token, headers=key).get_json()["task_id"] for token in (ANNA, BENI, ANNA, BENI)
    ]
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2


def test_a_ticket_opens_what_a_browser_opens_and_nothing_else(guarded: World) -> None:
    task_id = ask(guarded, ANNA).get_json()["task_id"]
    guarded.complete(task_id)
    task = poll(guarded, task_id, ANNA).get_json()
    ticket = task["ticket"]
    assert guarded.client.get(task["video_url"]).status_code == 200
    for tail in ("/captions.vtt", "/cue-sheet", "/timeline.otio", "/download"):
        led = guarded.client.get(f"{TASKS}{task_id}{tail}?ticket={ticket}", follow_redirects=True)
        assert led.status_code == 200
    for path in (TASKS + task_id, TASKS + task_id + "/blueprint", "/api/songs"):
        refused(guarded.client.get(f"{path}?ticket={ticket}"), 401, "unauthorized")
    songs = guarded.client.get("/api/songs", headers=bearer(BENI)).get_json()["songs"]
    sound = guarded.client.get(songs[0]["audio_url"], follow_redirects=True)
    assert sound.content_type == "audio/wav"
    other = re.sub(".*ticket=", "", songs[0]["audio_url"])
    sheet = f"{TASKS}{task_id}/cue-sheet?ticket="
    refused(guarded.client.get(sheet + other), 404, "unknown-task")
    name, ends, signature = ticket.split(".")
    for forged in (
        f"beni.{ends}.{signature}",
        f"{name}.{int(ends) + 1}.{signature}",
        f"{name}.{ends}.{'0' * 64}",
        f"{name}.1.{signature}",
        "x",
    ):
        refused(guarded.client.get(sheet + forged), 401, "unauthorized")


def test_a_ticket_ends(guarded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from choreo.tokens import read_tokens
    from intake.access import TICKET_SECONDS, Caller, Gate, Limits

    now = [1_000_000.0]
    ring, faults = read_tokens(f"anna:{ANNA}")
    assert not faults
    gate = Gate(ring, Limits(0, 0), None, 0, lambda: now[0])  # type: ignore[arg-type] # nothing is counted
    ticket = gate.ticket(Caller("token anna", "anna"))
    request = guarded.client.application.test_request_context(f"/?ticket={ticket}").request
    assert gate.caller(request, takes_ticket=True).owner == "anna"
    now[0] += TICKET_SECONDS
    with pytest.raises(Exception, match="no longer good"):
        gate.caller(request, takes_ticket=True)


def test_without_tokens_there_is_no_ticket_and_no_owner(world: World) -> None:
    task_id = ask(world).get_json()["task_id"]
    assert "ticket" not in world.poll(task_id).get_json()
    assert world.tasks.get(task_id).owner is None
    assert "ticket" not in world.client.get("/api/songs").text


def test_a_caller_who_asks_too_often_is_told_when_to_come_back(
    guarded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_PER_MINUTE", "3")
    monkeypatch.setattr("intake.access.MINUTE", DAY)  # no minute ends meanwhile
    replies = [ask(guarded, ANNA) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [202, 202, 202, 429]
    assert ask(guarded, BENI).status_code == 202
    document = refused(replies[-1], 429, "too-many-requests")
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= DAY.total_seconds()
    assert "3 requests a minute" in document["detail"]
    task_id = replies[0].get_json()["task_id"]
    assert poll(guarded, task_id, ANNA).status_code == 200, "polls are not counted"


def test_a_day_holds_so_many_videos_and_a_repeated_request_is_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEOS_PER_DAY", "2")
    key = {"Idempotency-Key": "first"}
    first = [ask(world, headers=key).get_json()["task_id"] for _ in range(4)]
    assert len(set(first)) == 1
    assert world.client.post(WITH_AI, json={"query": ""}).status_code == 422
    assert ask(world).status_code == 202
    refused(ask(world), 429, "too-many-requests")
    assert ask(world, headers=key).status_code == 202


def test_addresses_are_told_apart_by_what_our_own_proxy_appended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEOS_PER_DAY", "1")
    monkeypatch.setenv("FORWARDED_HOPS", "1")

    def status(hops: str) -> int:
        return int(ask(world, headers={"X-Forwarded-For": hops}).status_code)

    assert status("203.0.113.1") == 202
    assert status("198.51.100.7, 203.0.113.1") == 429, "what a caller claims counts for nothing"
    assert status("203.0.113.1, 203.0.113.2") == 202
    assert status("2001:db8::1") == 202
    assert status("2001:db8::2") == 429, "one household"
    assert status("x") == 202
    assert status("'; drop table caller_counts") == 429


def test_without_a_proxy_of_ours_nobody_is_believed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEOS_PER_DAY", "1")
    statuses = [
        ask(world, headers={"X-Forwarded-For": f"203.0.113.{n}"}).status_code for n in (1, 2)
    ]
    assert statuses == [202, 429]


def test_named_origins_may_ask_and_others_may_not(
    guarded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", f"{PAGE}, http://localhost:3000")
    wish = {"Access-Control-Request-Method": "POST"}
    reply = guarded.client.options(FROM_SONG, headers={"Origin": PAGE, **wish})
    assert reply.status_code == 204
    assert reply.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Authorization" in reply.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in reply.headers
    for origin in ("https://evil.example", PAGE + ".evil.example", "null", PAGE.upper()):
        reply = guarded.client.options(FROM_SONG, headers={"Origin": origin, **wish})
        assert reply.status_code == 405
        assert "Access-Control-Allow-Origin" not in reply.headers
        assert "Origin" in reply.headers["Vary"]
    for token, status in ((ANNA, 202), ("wrong", 401)):
        reply = ask(guarded, token, headers={"Origin": PAGE})
        assert reply.status_code == status
        assert reply.headers["Access-Control-Allow-Origin"] == PAGE
        assert "Retry-After" in reply.headers["Access-Control-Expose-Headers"]
        assert "Origin" in reply.headers["Vary"]


def test_without_named_origins_nothing_is_shared(world: World) -> None:
    headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    reply = world.client.options(FROM_SONG, headers=headers)
    assert reply.status_code == 405
    assert not [name for name, _ in reply.headers if name.startswith("Access-Control")]
    assert "Vary" not in ask(world, headers={"Origin": PAGE}).headers


@pytest.mark.parametrize(
    ("path", "status"), [("/favicon.ico", 200), ("/robots.txt", 200), ("/static/x", 404)]
)
def test_what_the_framework_keeps_has_our_headers_too(world: World, path: str, status: int) -> None:
    reply = world.client.get(path)
    assert reply.status_code == status
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("X-Cloud-Trace-Context", "0af7651916cd43dd8448eb211c80319c/1234567890;o=1"),
    ],
)
def test_a_trace_goes_on_into_the_queue(
    world: World, monkeypatch: pytest.MonkeyPatch, header: str, value: str
) -> None:
    from choreo.log import current_trace

    seen: list[str | None] = []
    monkeypatch.setattr(world.queue, "publish", lambda _task_id: seen.append(current_trace()))
    ask(world, headers={header: value})
    ask(world, headers={header: "nonsense\x7f" * 100})
    assert seen[0] == "0af7651916cd43dd8448eb211c80319c"
    assert re.fullmatch("[0-9a-f]{32}", seen[1] or "")


def test_ids_of_tasks_cannot_be_guessed(world: World) -> None:
    ids = {ask(world).get_json()["task_id"] for _ in range(50)}
    assert len(ids) == 50
    assert all(re.fullmatch("[0-9a-f]{32}", task_id) for task_id in ids)


def test_hundreds_of_songs_are_listed_without_their_vectors(world: World) -> None:
    from intake_world import a_song

    peaks = tuple(0.9 if index == 500 else 0.2 for index in range(1000))
    for number in range(30):
        world.catalogue.save_song(a_song(f"song-{number}", slot_vectors="A" * 40_000, peaks=peaks))
    listed = world.catalogue.listed_songs()
    assert len(listed) == 31
    assert not hasattr(listed[0], "slot_vectors")
    assert (len(listed[-1].peaks), max(listed[-1].peaks)) == (200, 0.9)
    assert listed[-1].analysis is not None
    assert world.client.get("/api/songs").get_json()["songs"][-1]["tempo"] == 120.0
