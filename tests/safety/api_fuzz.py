"""Made-up requests, from the API's own description and from nowhere at all."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from unittest import mock

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

ROOT = Path(__file__).parents[2]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@dataclass
class Storm:
    """What was asked and what came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return self.statuses.total()


@contextmanager
def _application() -> Iterator[tuple[Flask, list[str]]]:
    """Yield a request handler on a database of its own, and the ids of some tasks."""
    sys.path[:0] = [
        str(ROOT / "tests" / "request_handler"),
        str(ROOT / "functions/request_handler"),
    ]
    from intake_world import FROM_SONG, RecordingQueue, World, a_move, a_song, serve, write_wav
    from test_own_media_words import WritingLibrarian

    from choreo.database.catalogue import SqlCatalogue
    from choreo.database.engine import engine_for
    from choreo.database.tables import metadata
    from choreo.database.tasks import SqlTasks
    from choreo.vocabulary import Difficulty, Style
    from choreo.wiring import Stack

    queue = RecordingQueue()
    with (
        tempfile.TemporaryDirectory(prefix="choreo-fuzz-") as name,
        mock.patch.object(Stack, "planning_queue", return_value=queue),
        mock.patch.dict(os.environ),
    ):
        folder = Path(name)
        database = folder / "choreo.db"
        os.environ |= {
            "LIBRARY": name,
            "MEDIA_ROOT": str(folder / "media"),
            "DATABASE_URL": f"sqlite:///{database}",
            "PLANNER_URL": "http://127.0.0.1:9/",
        }
        engine = engine_for(os.environ["DATABASE_URL"])
        metadata.create_all(engine)
        catalogue = SqlCatalogue(engine)
        catalogue.save_song(a_song())
        catalogue.save_moves([a_move("basic", Difficulty.BEGINNER, Style.SENSUAL)])
        write_wav(folder / "media" / "songs" / "amor" / "audio.wav")
        app = serve()
        world = World(
            app.test_client(), SqlTasks(engine), catalogue, queue, folder / "media", database
        )
        tasks = [world.client.post(FROM_SONG, json={"song_id": "amor"}).get_json()["task_id"]]
        tasks.append(world.task_id())
        world.complete(tasks[1])
        librarian = WritingLibrarian(world)
        with mock.patch.object(Stack, "librarian", return_value=librarian):
            yield app, tasks
        engine.dispose()


def described(count: int) -> Storm:
    """Send about `count` requests that schemathesis makes from the description."""
    storm = Storm()
    with _application() as (app, tasks):
        schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
        operations = [
            result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)
        ]
        modes = [(one, GenerationMode.POSITIVE) for one in operations]
        modes += [(one, GenerationMode.NEGATIVE) for one in operations if one.body]
        known = cycle([*tasks, "", ""])

        def call(case: schemathesis.Case[Any]) -> None:
            task = next(known)
            there = {"task_id": task, "song_id": "amor", "move_id": "basic"} if task else {}
            for name in there.keys() & case.path_parameters.keys():
                case.path_parameters[name] = there[name]
            if task and isinstance(case.body, dict) and isinstance(case.body.get("song_id"), str):
                case.body["song_id"] = "amor"
            reply = case.call()
            storm.statuses[reply.status_code] += 1
            try:
                case.validate_response(reply, checks=CHECKS)
            except FailureGroup as group:
                found = "; ".join(str(part).splitlines()[0] for part in group.exceptions)
                storm.faults.append(f"{case.method} {case.path} {reply.status_code}: {found}")

        for operation, mode in modes:
            bounded = settings(
                max_examples=-(-count // len(modes)),
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            bounded(given(case=operation.as_strategy(generation_mode=mode))(call))()
    return storm


ROUTES = (
    ("POST", "/api/choreography/generate-from-song"),
    ("POST", "/api/choreography/generate-with-ai"),
    ("POST", "/api/choreography/tasks/{task}/reroll"),
    ("POST", "/api/choreography/tasks/{task}/variants"),
    ("POST", "/api/choreography/tasks/{task}/share"),
    ("GET", "/api/choreography/tasks/{task}/download"),
    ("GET", "/api/choreography/tasks/{task}"),
    ("DELETE", "/api/choreography/tasks/{task}"),
    ("GET", "/api/choreography/tasks/{task}/{part}"),
    ("GET", "/api/choreography/tasks/{task}/cue-sheet"),
    ("GET", "/api/songs"),
    ("GET", "/api/songs/amor/audio"),
    ("GET", "/api/songs/{part}/counts"),
    ("POST", "/api/songs/amor/counts"),
    ("GET", "/api/library"),
    ("GET", "/api/library/moves"),
    ("PATCH", "/api/moves/{part}"),
    ("GET", "/api/library/ingest"),
    ("POST", "/api/library/uploads"),
    ("GET", "/media/songs/amor/audio.wav"),
    ("GET", "/media/{part}/{part}"),
    ("GET", "/web/{part}"),
    ("GET", "/"),
)

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW")

PARTS = (
    *("api", "choreography", "tasks", "songs", "media", "web", "healthz", "audio", "reroll"),
    *(
        "..",
        ".",
        "",
        "%0a",
        "a%0d%0ab",
        "%2e%2e",
        "%00",
        "%ff",
        "\u202e",
        "a" * 500,
        "etc",
        "passwd",
        "outputs",
    ),
    *("generate-with-ai", "blueprint", "captions.vtt", "💃", "'--", "{}", "$(id)", "|", "%252e"),
)

VALUES = (
    *("", "0", "-1", "*", "a" * 5_000, "bytes=0-", "bytes=9-1", "bytes=-1,-2,-3", "bytes=1e9-"),
    *("application/json", "text/html", "gzip", "Bearer x", "Basic eDp4", "https://x.example"),
    *("00-" + "0" * 32 + "-0-0", 'W/"x"', "Mon, 99 Foo 0000", "\u00ff\u00fe", "1; q=nan"),
)

NAMES = (
    *("Range", "Content-Type", "Authorization", "Origin", "If-Range", "If-None-Match", "Accept"),
    *("X-Forwarded-For", "Idempotency-Key", "traceparent", "X-Cloud-Trace-Context", "Cookie"),
    *("Access-Control-Request-Method", "Content-Encoding", "X-HTTP-Method-Override", "Expect"),
)

BODIES = (
    *(b"", b"{", b"[]", b"null", b'{"query": 1}', b'{"query": "\\ud800"}', b"\xff\xfe{}"),
    *(b'{"song_id": "amor"}', b'{"query": "' + b"x" * 3_000 + b'"}', b"[" * 5_000, b"1e999"),
    *(b'{"a":' * 3_000, b'{"query": "a", "query": "b"}', bytes(200), b'{"__proto__": {}}'),
)


def random_requests(count: int, seed: int = 1) -> Storm:
    """Send `count` requests of random methods, addresses, headers and bodies."""
    storm, chance = Storm(), random.Random(seed)
    with _application() as (app, tasks):
        client = app.test_client()
        parts = (*PARTS, *tasks)
        for _ in range(count):
            # The client would take an address that begins with // for a host.
            path = "/" + "/".join(chance.choices(parts, k=chance.randrange(1, 6))).lstrip("/")
            query = "&".join(f"{chance.choice(PARTS)}={chance.choice(VALUES)}" for _ in range(2))
            method = chance.choice(METHODS)
            if chance.random() < 0.6:
                route = chance.choice(ROUTES)
                method = chance.choice((route[0], method))
                path = route[1].format(task=chance.choice(tasks), part=chance.choice(PARTS))
            headers = {chance.choice(NAMES): chance.choice(VALUES) for _ in range(3)}
            reply = client.open(
                path, method=method, query_string=query, headers=headers, data=chance.choice(BODIES)
            )
            storm.statuses[reply.status_code] += 1
            asked = f"{method} {path!r:.80} {headers!r:.120}"
            if reply.status_code >= 500:
                storm.faults.append(f"{asked}: {reply.status_code}")
            if reply.status_code >= 400 and method != "HEAD" and not _is_problem(reply):
                storm.faults.append(f"{asked}: {reply.status_code} is no problem document")
            if "Content-Security-Policy" not in reply.headers:
                storm.faults.append(f"{asked}: no security headers")
            if b"root:" in reply.data or b"Traceback" in reply.data:
                storm.faults.append(f"{asked}: tells what it must not")
    return storm


def _is_problem(reply: Any) -> bool:
    return bool(reply.content_type == "application/problem+json" and reply.get_json()["detail"])
