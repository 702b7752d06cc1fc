"""The published description is valid, complete, and true of what is answered."""

from itertools import cycle
from typing import Any

import jsonschema
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from intake_world import FROM_SONG, TASKS, WITH_AI, World, serve
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]

EXAMPLES_PER_OPERATION = 12
"""Enough to meet each kind of wrong body within seconds."""


@pytest.fixture
def description(world: World) -> dict[str, Any]:
    reply = world.client.get("/openapi.json")
    assert reply.content_type == "application/json"
    document: dict[str, Any] = reply.get_json()
    return document


def check(description: dict[str, Any], path: str, method: str, reply: Any) -> None:
    """Assert that `reply` is one of the answers that the description promises."""
    answer = description["paths"][path][method]["responses"][str(reply.status_code)]
    media_type = reply.content_type.split(";")[0]
    schema = answer["content"][media_type]["schema"]
    jsonschema.Draft202012Validator(
        {**schema, "components": description["components"]},
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    ).validate(reply.get_json() if "json" in media_type else reply.text)


def test_it_is_a_valid_openapi_document(description: dict[str, Any]) -> None:
    assert description["openapi"] == "3.1.0"
    for schema in description["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    schemathesis.openapi.from_dict(description).validate()


def test_it_names_every_route_and_no_other(description: dict[str, Any]) -> None:
    from intake.app import ROUTES

    routes = {
        (path.replace("<path:", "<").replace("<", "{").replace(">", "}"), method.lower())
        for method, path, _handler in ROUTES
    }
    described = {
        (path, method)
        for path, item in description["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert described == routes


def test_the_bodies_are_those_that_are_read(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    song, sentence = schemas["SongRequest"], schemas["SentenceRequest"]
    names = {"song_id", "song_ids", "difficulty", "energy_level", "style", "seed"}
    assert set(song["properties"]) == names
    valid = jsonschema.Draft202012Validator({**song, "components": description["components"]})
    assert valid.is_valid({"song_id": "amor", "song_ids": None})
    assert valid.is_valid({"song_ids": ["amor", "luz"]})
    for wrong in ({}, {"song_id": None}, {"song_id": "amor", "song_ids": ["amor", "luz"]}):
        assert not valid.is_valid(wrong)
    assert sentence["required"] == ["query"]
    assert sentence["properties"]["query"]["maxLength"] == 2000
    assert song["additionalProperties"] is sentence["additionalProperties"] is False
    assert schemas["Style"]["enum"] == ["traditional", "modern", "sensual", "fusion", "romantic"]


def test_answers_are_as_described(world: World, description: dict[str, Any]) -> None:
    task_id, failed = world.task_id(), world.task_id()
    world.complete(task_id)
    world.tasks.fail_unclaimed(failed, "no moves")
    root = "/api/choreography/tasks/{task_id}"
    get, post = world.client.get, world.client.post
    calls = [
        (FROM_SONG, "post", world.ask()),
        (FROM_SONG, "post", world.ask(style="x")),
        (FROM_SONG, "post", world.ask(song_id="nadie")),
        (FROM_SONG, "post", post(FROM_SONG, data=b"{", content_type="application/json")),
        (FROM_SONG, "post", post(FROM_SONG, data=b"{}", content_type="text/plain")),
        (FROM_SONG, "post", post(FROM_SONG, data=b" " * 70_000, content_type="application/json")),
        (WITH_AI, "post", post(WITH_AI, json={"query": "una bachata"})),
        (root, "get", get(TASKS + task_id)),
        (root, "get", get(TASKS + failed)),
        (root, "get", get(TASKS + "x")),
        (root, "delete", world.client.delete(TASKS + task_id)),
        (root, "delete", world.client.delete(TASKS + world.task_id())),
        (root + "/blueprint", "get", get(TASKS + task_id + "/blueprint")),
        (root + "/blueprint", "get", get(TASKS + failed + "/blueprint")),
        (root + "/captions.vtt", "get", get(TASKS + task_id + "/captions.vtt")),
        (root + "/cue-sheet", "get", get(TASKS + task_id + "/cue-sheet")),
        (root + "/cue-sheet", "get", get(TASKS + task_id + "/cue-sheet?format=txt")),
        (root + "/timeline.otio", "get", get(TASKS + task_id + "/timeline.otio")),
        (root + "/download", "get", get(TASKS + failed + "/download")),
        (root + "/reroll", "post", post(TASKS + task_id + "/reroll", json={"slots": [1]})),
        (root + "/reroll", "post", post(TASKS + task_id + "/reroll", json={"slots": [9]})),
        (root + "/reroll", "post", post(TASKS + failed + "/reroll", json={"slots": [0]})),
        (root + "/variants", "post", post(TASKS + task_id + "/variants", json={"mirror": True})),
        (root + "/variants", "post", post(TASKS + task_id + "/variants", json={})),
        (root + "/variants", "post", post(TASKS + failed + "/variants", json={"speed": 0.5})),
        ("/robots.txt", "get", get("/robots.txt")),
        ("/favicon.ico", "get", get("/favicon.ico")),
        ("/api/songs", "get", get("/api/songs")),
        ("/api/options", "get", get("/api/options")),
        ("/healthz", "get", get("/healthz")),
        ("/openapi.json", "get", get("/openapi.json")),
        ("/", "get", get("/")),
    ]
    for path, method, reply in calls:
        check(description, path, method, reply)


def test_refusals_of_callers_are_as_described(
    world: World, description: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = {"Authorization": f"Bearer {'x' * 24}"}
    body = {"query": "una bachata"}
    application = serve()  # with settings of its own
    monkeypatch.setenv("API_TOKEN", "x" * 24)
    monkeypatch.setenv("VIDEOS_PER_DAY", "1")
    client = application.test_client()
    replies = [client.post(WITH_AI, json=body, headers=headers) for headers in ({}, token, token)]
    assert [reply.status_code for reply in replies] == [401, 202, 429]
    for reply in replies:
        check(description, WITH_AI, "post", reply)
        promised = description["paths"][WITH_AI]["post"]["responses"][str(reply.status_code)]
        assert all(name in reply.headers for name in promised["headers"])
    reply = client.get(TASKS + replies[1].get_json()["task_id"], headers=token)
    assert reply.get_json()["ticket"]
    check(description, "/api/choreography/tasks/{task_id}", "get", reply)


def test_no_made_up_request_breaks_the_service_or_its_description(world: World) -> None:
    application = world.client.application
    assert isinstance(application, Flask)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", application)
    finished = world.task_id()
    world.complete(finished)
    known_tasks = cycle([finished, world.task_id(), ""])
    seen: set[tuple[str, str, int]] = set()

    def call(case: schemathesis.Case[Any]) -> None:
        known = next(known_tasks)
        if known and "task_id" in case.path_parameters:
            case.path_parameters["task_id"] = known
        if known and isinstance(case.body, dict) and isinstance(case.body.get("song_id"), str):
            case.body["song_id"] = "amor"
        reply = case.call_and_validate(checks=CHECKS)
        seen.add((case.method, case.path, reply.status_code))

    bounded = settings(
        max_examples=EXAMPLES_PER_OPERATION,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        modes = [GenerationMode.POSITIVE]
        modes += [GenerationMode.NEGATIVE] if operation.method == "post" else []
        for mode in modes:
            bounded(given(case=operation.as_strategy(generation_mode=mode))(call))()

    assert {("POST", FROM_SONG, 202), ("POST", FROM_SONG, 422), ("POST", WITH_AI, 202)} <= seen
    assert ("GET", "/api/choreography/tasks/{task_id}/blueprint", 200) in seen
    for door in ("reroll", "variants"):
        assert ("POST", f"/api/choreography/tasks/{{task_id}}/{door}", 422) in seen
