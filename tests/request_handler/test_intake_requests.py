"""What is taken in, what is refused, and in which words."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from intake_world import FROM_SONG, TASKS, WITH_AI, World, a_song, write_wav

from choreo.errors import StageFailed

PROBLEM = "application/problem+json"


def refused(reply: Any, status: int, kind: str) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    assert reply.content_type == PROBLEM
    document: dict[str, Any] = reply.get_json()
    assert document["status"] == status
    assert document["type"] == f"urn:choreo:problem:{kind}"
    assert document["title"]
    assert document["detail"]
    return document


def test_a_song_request_is_taken_down_and_handed_to_the_planner(world: World) -> None:
    reply = world.ask(difficulty="beginner", energy_level="low", style="sensual", seed=7)
    assert reply.status_code == 202
    body = reply.get_json()
    assert set(body) == {"task_id", "status", "status_url"}
    assert body["status"] == "pending"
    assert body["status_url"] == reply.headers["Location"] == TASKS + body["task_id"]
    assert world.queue.published == [body["task_id"]]
    task = world.tasks.get(body["task_id"])
    assert task.published_at is not None
    assert task.request.model_dump(mode="json") == {
        "song_id": "amor",
        "song_ids": None,
        "query": None,
        "difficulty": "beginner",
        "energy_level": "low",
        "style": "sensual",
        "seed": 7,
        "reroll": None,
        "variant": None,
    }


def test_null_and_absent_wishes_are_the_same(world: World) -> None:
    with_nulls = world.ask(difficulty=None, energy_level=None, style=None, seed=None)
    requests = [
        world.tasks.get(reply.get_json()["task_id"]).request for reply in (with_nulls, world.ask())
    ]
    assert requests[0] == requests[1]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("  a romantic bachata \n", "a romantic bachata"),
        ("una bachata romántica, ¿sí?", "una bachata romántica, ¿sí?"),
        ("浪漫的巴恰塔 👩‍❤️‍👨", "浪漫的巴恰塔 👩‍❤️‍👨"),
        ("slow\x00and\tsoft", "slow and soft"),
        ("x" * 2000, "x" * 2000),
    ],
)
def test_a_sentence_is_kept_as_it_was_said(world: World, said: str, kept: str) -> None:
    reply = world.client.post(WITH_AI, json={"query": said})
    assert reply.status_code == 202
    assert world.tasks.get(reply.get_json()["task_id"]).request.query == kept


@pytest.mark.parametrize(
    "query", ["", " ", "\n\t ", "\x00\x01", "\u200b", "\u00a0", "x" * 2001, 5, None, ["dance"]]
)
def test_a_sentence_that_says_nothing_or_too_much_is_refused(world: World, query: Any) -> None:
    document = refused(world.client.post(WITH_AI, json={"query": query}), 422, "invalid-request")
    assert [fault["field"] for fault in document["errors"]] == ["query"]
    assert world.queue.published == []


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("difficulty", "expert", ["beginner", "intermediate", "advanced"]),
        ("difficulty", "", ["beginner", "intermediate", "advanced"]),
        ("difficulty", 3, ["beginner", "intermediate", "advanced"]),
        ("energy_level", "LOW", ["low", "medium", "high"]),
        ("style", ["sensual"], ["traditional", "modern", "sensual", "fusion", "romantic"]),
    ],
)
def test_an_unknown_wish_is_refused_with_the_legal_values(
    world: World, field: str, value: Any, allowed: list[str]
) -> None:
    document = refused(world.ask(**{field: value}), 422, "invalid-request")
    assert document["errors"][0]["field"] == field
    assert document["errors"][0]["allowed"] == allowed
    assert all(word in document["detail"] for word in allowed)
    assert json.dumps(value) in document["errors"][0]["message"]


@pytest.mark.parametrize("seed", [-1, 2**31, 1.5, "1", True, [1]])
def test_a_seed_is_a_whole_number_in_its_range(world: World, seed: Any) -> None:
    document = refused(world.ask(seed=seed), 422, "invalid-request")
    assert "a whole number from 0 to 2147483647" in document["detail"]


def test_every_fault_is_named_at_once(world: World) -> None:
    reply = world.client.post(FROM_SONG, json={"difficulty": "x", "tempo": 3, "style": 1})
    document = refused(reply, 422, "invalid-request")
    assert {fault["field"] for fault in document["errors"]} == {
        "song_id",
        "difficulty",
        "tempo",
        "style",
    }


@pytest.mark.parametrize("song_id", ["nadie", "../amor", "Amor", "a b", "\x00", "😀", "a" * 100])
def test_an_unknown_song_is_not_found(world: World, song_id: str) -> None:
    refused(world.ask(song_id=song_id), 404, "unknown-song")
    assert world.queue.published == []


def ask_medley(world: World, *song_ids: str, **body: Any) -> Any:
    return world.client.post(FROM_SONG, json={"song_ids": song_ids, **body})


def test_several_songs_are_a_medley_in_their_order(world: World) -> None:
    for name in ("luz", "mar"):
        world.catalogue.save_song(a_song(name))
        write_wav(world.media / f"songs/{name}/audio.wav")
    reply = ask_medley(world, "mar", "amor", "luz", style="romantic")
    assert reply.status_code == 202
    wanted = world.tasks.get(reply.get_json()["task_id"]).request
    assert wanted.songs_named() == ("mar", "amor", "luz")
    assert wanted.song_id is None


def test_a_medley_of_songs_that_cannot_be_danced_to_is_refused(world: World) -> None:
    refused(ask_medley(world, "amor", "nadie"), 404, "unknown-song")
    world.catalogue.save_song(a_song("mudo"))
    mute = refused(ask_medley(world, "amor", "mudo"), 400, "unusable-song")
    assert "mudo" in mute["detail"]
    assert world.queue.published == []


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"song_ids": ["amor"]}, "song_ids", "a list of 2 to 8 different song ids"),
        ({"song_ids": ["amor", "amor"]}, "song_ids", "a list of 2 to 8 different song ids"),
        ({"song_ids": [f"s{n}" for n in range(9)]}, "song_ids", "a list of 2 to 8"),
        ({"song_ids": "amor"}, "song_ids", "a list of 2 to 8"),
        ({"song_ids": ["amor", ""]}, "song_ids", "a list of 2 to 8"),
        ({"song_ids": ["amor", "luz"], "song_id": "amor"}, "", "names both song_id and song_ids"),
        ({"song_ids": None}, "song_id", "is missing; name a song, or several in song_ids"),
    ],
)
def test_a_wrong_medley_is_told_what_would_be_right(
    world: World, body: dict[str, Any], field: str, words: str
) -> None:
    document = refused(world.client.post(FROM_SONG, json=body), 422, "invalid-request")
    fault = document["errors"][0]
    assert fault["field"] == field
    assert words in fault["message"]


@pytest.mark.parametrize("song_id", ["", "a" * 101, 7, None, {}])
def test_a_song_id_that_cannot_be_one_is_refused(world: World, song_id: Any) -> None:
    refused(world.ask(song_id=song_id), 422, "invalid-request")


@pytest.mark.parametrize(
    "text", [b"", b"{", b"{'a':1}", b'{"song_id": "amor"', b"\xff\xfe", b'{"song_id":"\\ud800"}']
)
def test_what_is_no_json_is_refused(world: World, text: bytes) -> None:
    reply = world.client.post(FROM_SONG, data=text, content_type="application/json")
    refused(reply, 400, "invalid-json")


def test_json_that_nests_without_end_is_refused(world: World) -> None:
    reply = world.client.post(FROM_SONG, data=b"[" * 60_000, content_type="application/json")
    refused(reply, 400, "invalid-json")


@pytest.mark.parametrize("body", [[], "amor", 3, None, True])
def test_a_body_that_is_no_object_is_refused(world: World, body: Any) -> None:
    reply = world.client.post(
        FROM_SONG, data=json.dumps(body), content_type="application/json; charset=utf-8"
    )
    assert "must be a JSON object" in refused(reply, 422, "invalid-request")["detail"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_another_content_type_is_refused(world: World, content_type: str | None) -> None:
    reply = world.client.post(FROM_SONG, data=b'{"song_id":"amor"}', content_type=content_type)
    refused(reply, 415, "unsupported-media-type")


def test_a_large_body_is_refused(world: World) -> None:
    body = b'{"song_id":"amor","x":"' + b"x" * 65_536 + b'"}'
    reply = world.client.post(FROM_SONG, data=body, content_type="application/json")
    refused(reply, 413, "body-too-large")


def test_a_large_body_is_refused_when_its_length_is_not_told(world: World) -> None:
    reply = world.client.post(
        FROM_SONG,
        input_stream=io.BytesIO(b" " * 200_000),
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    refused(reply, 413, "body-too-large")


def test_a_large_body_is_not_read_where_none_is_expected(world: World) -> None:
    stream = io.BytesIO(b" " * 5_000_000)
    reply = world.client.get("/healthz", input_stream=stream, content_length=5_000_000)
    assert reply.status_code == 200
    assert stream.tell() == 0


def test_a_length_that_promises_too_little_cuts_the_body(world: World) -> None:
    reply = world.client.post(
        FROM_SONG,
        input_stream=io.BytesIO(b'{"song_id":"amor"}'),
        content_type="application/json",
        environ_overrides={"CONTENT_LENGTH": "5"},
    )
    refused(reply, 400, "invalid-json")


@pytest.mark.parametrize("content", [None, b"", b"RIFF", b"this is no audio at all" * 100])
def test_a_song_without_usable_audio_is_refused_and_no_task_is_kept(
    world: World, content: bytes | None
) -> None:
    file = world.media / "songs" / "amor" / "audio.wav"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    assert "audio.wav" in refused(world.ask(), 400, "unusable-song")["detail"]
    assert world.tasks.sweep().to_publish == ()
    assert world.queue.published == []
    [song] = world.client.get("/api/songs").get_json()["songs"]
    assert song["available"] is False
    assert "audio.wav" in song["unavailable_because"]
    assert song["audio_url"] is None


def test_a_song_whose_audio_is_a_link_out_of_the_store_is_refused(world: World) -> None:
    file = world.media / "songs" / "amor" / "audio.wav"
    outside = world.media.parent / "outside.wav"
    file.rename(outside)
    file.symlink_to(outside)
    refused(world.ask(), 400, "unusable-song")


def test_one_key_makes_one_task(world: World) -> None:
    headers = {"Idempotency-Key": "once-only"}
    replies = [
        world.client.post(FROM_SONG, json={"song_id": "amor"}, headers=headers) for _ in range(3)
    ]
    assert [reply.status_code for reply in replies] == [202] * 3
    assert len({reply.get_json()["task_id"] for reply in replies}) == 1
    assert len(world.queue.published) == 1


def test_one_key_makes_one_task_also_when_the_requests_come_together(world: World) -> None:
    def post(_number: int) -> str:
        reply = world.client.application.test_client().post(
            WITH_AI, json={"query": "a calm dance"}, headers={"Idempotency-Key": "together"}
        )
        assert reply.status_code == 202
        return str(reply.get_json()["task_id"])

    with ThreadPoolExecutor(8) as callers:
        assert len(set(callers.map(post, range(16)))) == 1


def test_a_key_is_not_taken_for_another_request(world: World) -> None:
    headers = {"Idempotency-Key": "once-only"}
    world.client.post(FROM_SONG, json={"song_id": "amor"}, headers=headers)
    other = world.client.post(FROM_SONG, json={"song_id": "amor", "seed": 2}, headers=headers)
    refused(other, 422, "idempotency-key-reused")
    other = world.client.post(WITH_AI, json={"query": "amor"}, headers=headers)
    refused(other, 422, "idempotency-key-reused")


@pytest.mark.parametrize("key", ["", "a b", "ñ", "x" * 256])
def test_a_key_is_visible_ascii_of_bounded_length(world: World, key: str) -> None:
    reply = world.client.post(FROM_SONG, json={"song_id": "amor"}, headers={"Idempotency-Key": key})
    refused(reply, 400, "invalid-idempotency-key")


def test_a_task_is_kept_when_the_queue_is_down(world: World) -> None:
    world.queue.down = True
    headers = {"Idempotency-Key": "again"}
    reply = world.client.post(FROM_SONG, json={"song_id": "amor"}, headers=headers)
    assert reply.status_code == 202
    task_id = reply.get_json()["task_id"]
    assert world.tasks.get(task_id).published_at is None
    world.queue.down = False
    again = world.client.post(FROM_SONG, json={"song_id": "amor"}, headers=headers)
    assert again.get_json()["task_id"] == task_id
    assert world.queue.published == [task_id]


def test_a_task_is_kept_when_the_queue_cannot_even_be_reached_as_configured(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_task_id: str) -> None:
        raise StageFailed("the topic does not exist")

    monkeypatch.setattr(world.queue, "publish", refuses)
    reply = world.ask()
    assert reply.status_code == 202
    assert world.tasks.get(reply.get_json()["task_id"]).published_at is None


def test_two_songs_are_told_apart(world: World) -> None:
    world.catalogue.save_song(a_song("otra", title="Otra"))
    refused(world.ask(song_id="otra"), 400, "unusable-song")
    assert world.ask(song_id="amor").status_code == 202
