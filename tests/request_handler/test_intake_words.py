"""Sentences of every kind on their way in, into the store, and through the planner's reader."""

import json
from typing import Any

import pytest
from intake_world import FROM_SONG, WITH_AI, World
from test_intake_requests import refused
from words import CONTROLS, WORDS, without_controls

from planning.asked_part import read_span
from planning.brief import read_brief

KINDS = ["basic", "body roll", "dip", "turn", "cross body lead"]


def send(world: World, body: bytes) -> Any:
    return world.client.post(WITH_AI, data=body, content_type="application/json")


@pytest.mark.parametrize("kind", WORDS)
def test_words_of_every_kind_are_kept_whole_and_can_be_read(world: World, kind: str) -> None:
    said = WORDS[kind]
    for escaped in (True, False):
        body = json.dumps({"query": said}, ensure_ascii=escaped).encode()
        reply = send(world, body)
        assert reply.status_code == 202
        request = world.tasks.get(reply.get_json()["task_id"]).request
        assert request.query == without_controls(said)
        reading = read_brief(request, KINDS, span=read_span(request.query))
        assert reading.brief.sentence == request.query
    reply = world.poll(reply.get_json()["task_id"])
    assert reply.status_code == 200
    assert not set(CONTROLS[:32]) & set(reply.text.rstrip("\n"))


@pytest.mark.parametrize("kind", WORDS)
def test_words_of_every_kind_are_told_back_as_data(world: World, kind: str) -> None:
    said = WORDS[kind]
    reply = world.client.post(FROM_SONG, json={"song_id": said, "style": said, said[:80]: 1})
    document = refused(reply, 422, "invalid-request")
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert not set(CONTROLS[:32]) & set(reply.text.rstrip("\n"))
    assert {fault["field"] for fault in document["errors"]} >= {"style", said[:80]}
    assert len(reply.data) < 16_000


@pytest.mark.parametrize("sign", ["x", "💃", "\ufdfa", "e\u0301"])
def test_one_sign_more_than_the_longest_sentence_is_refused(world: World, sign: str) -> None:
    longest = (sign * 2_000)[:2_000]
    for escaped in (True, False):
        body = json.dumps({"query": longest + "x"}, ensure_ascii=escaped).encode()
        [fault] = refused(send(world, body), 422, "invalid-request")["errors"]
        assert (fault["field"], "2000" in fault["message"]) == ("query", True)
    assert world.queue.published == []


@pytest.mark.parametrize(
    "text",
    [
        rb"bachata \ud83d",
        rb"bachata \udc83",
        rb"bachata \udc83\ud83d",
        rb"bachata \ud83dx\udc83",
        b"bachata \xed\xa0\xbd",
        b"bachata \xc0\x80",
        b"bachata \xf0\x9f\x92",
        b"bachata \xf5\x80\x80\x80",
        b"bachata \x80",
        b"bachata \x00",
        rb"bachata \x41",
        rb"bachata \u00",
    ],
)
def test_half_characters_and_wrong_bytes_are_refused(world: World, text: bytes) -> None:
    reply = send(world, b'{"query": "' + text + b'"}')
    refused(reply, 400, "invalid-json")
    assert world.queue.published == []


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_json_in_another_coding_is_refused(world: World, coding: str) -> None:
    refused(send(world, '{"query": "bachata"}'.encode(coding)), 400, "invalid-json")


def test_both_halves_of_a_character_are_one(world: World) -> None:
    reply = send(world, rb'{"query": "bachata \ud83d\udc83"}')
    assert world.tasks.get(reply.get_json()["task_id"]).request.query == "bachata 💃"
