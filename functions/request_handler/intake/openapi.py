"""The API's description, OpenAPI 3.1: schemas from the bodies themselves, paths by hand."""

import json
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import Response
from pydantic.json_schema import models_json_schema

from choreo.blueprint import Blueprint
from intake.access import Visit
from intake.answers import (
    Accepted,
    Health,
    OptionsAnswer,
    ShareAnswer,
    SongsAnswer,
    StoryboardAnswer,
    TaskAnswer,
)
from intake.bodies import (
    MAX_BODY_BYTES,
    MAX_KEY_CHARS,
    RerollRequest,
    SentenceRequest,
    ShareRequest,
    SongRequest,
    VariantRequest,
)
from intake.doors import Doors
from intake.own_media import CountsAnswer, CountsCorrection, IngestAnswer, UploadAnswer
from intake.problems import PROBLEM_TYPE, ProblemDocument
from intake.replies import text_reply
from intake.report import LibraryAnswer, MoveAnswer, MoveEdit, MovesAnswer
from intake.uploads import CONTENT_TYPE as RAW_BYTES

Json = dict[str, Any]

_BODIES = (
    SongRequest,
    SentenceRequest,
    RerollRequest,
    VariantRequest,
    ShareRequest,
    CountsCorrection,
    MoveEdit,
)
_ANSWERS = (
    Accepted,
    TaskAnswer,
    SongsAnswer,
    StoryboardAnswer,
    ShareAnswer,
    OptionsAnswer,
    CountsAnswer,
    UploadAnswer,
    IngestAnswer,
    LibraryAnswer,
    MovesAnswer,
    MoveAnswer,
    Health,
    ProblemDocument,
)

_MEANINGS = {
    400: "The request is malformed, or its song has no usable audio.",
    401: "This service asks for a token, and there is none or not a good one.",
    404: "There is no such thing; `detail` says what.",
    410: "The link in `ticket` has ended.",
    409: "The task is not in a state in which this can be done; `detail` says why.",
    413: f"The body is larger than {MAX_BODY_BYTES} bytes, or a file than may be sent.",
    415: "The body is not of the kind that is asked for.",
    416: "The range lies outside the file.",
    422: "Fields are wrong; `errors` names each with its legal values. Or the "
    "`Idempotency-Key` was used for another request.",
    429: "The caller has asked for as much as it may; try again after `Retry-After` seconds.",
    500: "Something unexpected; the log has an entry under `error_id`.",
    507: "There is no room for the file on the disk of the library.",
    503: "A part is away; try again after `Retry-After` seconds.",
}

_HEADERS = {
    "Location": "Where to poll.",
    "Retry-After": "Seconds.",
    "Content-Range": "Which bytes of how many.",
    "Accept-Ranges": "`bytes`.",
    "ETag": "Changes with the content.",
    "WWW-Authenticate": "How to name oneself.",
}


_HEADERS_OF = {
    401: ("WWW-Authenticate",),
    416: ("Content-Range",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


def document(_doors: Doors, _visit: Visit) -> Response:
    """Give the description."""
    return text_reply(_text(), "application/json")


@cache
def _text() -> str:
    return json.dumps(description(), ensure_ascii=False)


def description() -> Json:
    """Return the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Choreography videos",
            "version": "1.0.0",
            "description": "A song or a sentence in; a dance video out, whose moves start on "
            "the count. Errors are RFC 9457 problem documents.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Where the operator asks for it: a token of the caller's own.",
                }
            },
        },
    }


def _schemas() -> Json:
    kinds: list[Any] = [
        *((kind, "validation") for kind in (*_BODIES, Blueprint)),
        *((kind, "serialization") for kind in _ANSWERS),
    ]
    _, found = models_json_schema(kinds, ref_template="#/components/schemas/{model}")
    schemas: Json = found["$defs"]
    # Which of two fields is needed is a rule of the body, not of a field.
    schemas["SongRequest"]["oneOf"] = [
        {
            "required": [name],
            "properties": {name: {"not": {"type": "null"}}, other: {"type": "null"}},
        }
        for name, other in (("song_id", "song_ids"), ("song_ids", "song_id"))
    ]
    schemas["ProblemDocument"]["properties"]["errors"] = {
        "type": "array",
        "items": {"$ref": "#/components/schemas/FieldFault"},
    }
    # What only may appear is left out of an answer rather than sent as null.
    for owner, names in (
        ("ProblemDocument", ("errors", "error_id")),
        ("FieldFault", ("allowed",)),
        (
            "TaskAnswer",
            ("degraded", "warnings", "preview_url", "ticket", "reroll_of", "variant_of"),
        ),
    ):
        schemas[owner]["required"] = [
            name for name in schemas[owner].get("required", []) if name not in names
        ]
    return schemas


def _paths() -> Json:
    task = [_parameter("task_id", "path", {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"})]
    song = [_parameter("song_id", "path", {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"})]
    sheet_format = _parameter(
        "format", "query", {"type": "string", "enum": ["html", "txt"], "default": "html"}
    )
    saved_as = _parameter(
        "name", "query", {"type": "string"}, "The name under which a browser is to save it."
    )
    ticket = _parameter(
        "ticket", "query", {"type": "string"}, "A task's `ticket`, in place of the token."
    )
    link = _parameter(
        "ticket", "query", {"type": "string"}, "The `ticket` of a shared link, in place of a token."
    )
    health = _operation(
        "Say whether this service and its database answer", _json("Both answer.", "Health"), {503}
    )
    for_people = [*task, ticket]
    shared = {404, 410}
    root = "/api/choreography/tasks/{task_id}"
    return {
        "/api/choreography/generate-from-song": {
            "post": _generate("generateFromSong", "Ask for a dance to a song", "SongRequest", {404})
        },
        "/api/choreography/generate-with-ai": {
            "post": _generate(
                "generateWithAi", "Ask for a dance in a sentence", "SentenceRequest", set()
            )
        },
        root: {
            "parameters": task,
            "get": {
                **_guarded("Poll a task", _json("The task.", "TaskAnswer"), shared),
                "parameters": [link],
            },
            "delete": _guarded(
                "Cancel a task",
                _json("The task, cancelled now or before.", "TaskAnswer"),
                {404, 409},
            ),
        },
        f"{root}/reroll": {
            "parameters": task,
            "post": _generate(
                "reroll", "Choose some moves of a plan anew", "RerollRequest", {404, 409}
            ),
        },
        f"{root}/variants": {
            "parameters": task,
            "post": _generate(
                "variants",
                "Write a plan as another video: mirrored, slower, portrait, with counts",
                "VariantRequest",
                {404, 409},
            ),
        },
        f"{root}/share": {
            "parameters": task,
            "post": _posted(
                "share",
                "Make a link to a dance that ends by itself",
                "ShareRequest",
                _json("The link.", "ShareAnswer", status=201),
                {404},
            ),
        },
        f"{root}/blueprint": {
            "parameters": [*task, link],
            "get": _guarded("The plan", _json("The plan.", "Blueprint"), shared),
        },
        f"{root}/storyboard": {
            "parameters": [*task, link],
            "get": _guarded(
                "Pictures of a plan's moves, and the song under them",
                _json("On the plan's timeline.", "StoryboardAnswer"),
                shared,
            ),
        },
        f"{root}/captions.vtt": {
            "parameters": for_people,
            "get": _guarded("The moves as captions", _text_answer("WebVTT.", "text/vtt"), shared),
        },
        f"{root}/cue-sheet": {
            "parameters": [*for_people, sheet_format],
            "get": _guarded(
                "The counts and moves for print",
                _text_answer("A page, or plain text.", "text/html", "text/plain"),
                shared | {422},
            ),
        },
        f"{root}/timeline.otio": {
            "parameters": [*for_people, saved_as],
            "get": _guarded(
                "The plan for a video editor",
                _answer("OpenTimelineIO.", {"application/json": {"type": "object"}}),
                shared,
            ),
        },
        f"{root}/download": {
            "parameters": [*for_people, saved_as],
            "get": _guarded(
                "Lead to the finished video, to be saved",
                {"307": _described("Where it is.", "Location")},
                shared,
            ),
        },
        "/api/songs": {"get": _guarded("List the songs", _json("By title.", "SongsAnswer"), set())},
        "/api/songs/{song_id}/audio": {
            "parameters": [*song, ticket],
            "get": _guarded(
                "Lead to a song's sound",
                {"307": _described("Where it plays.", "Location")},
                {404},
            ),
        },
        "/api/songs/{song_id}/counts": {
            "parameters": song,
            "get": _guarded("The count of a song", _json("The count.", "CountsAnswer"), {404, 409}),
            "post": _posted(
                "correctCounts",
                "Say where the 1 is; on a local stack only",
                "CountsCorrection",
                _json("The count as it is now.", "CountsAnswer"),
                {404, 409},
            ),
        },
        "/api/library": {
            "get": _guarded(
                "What the library has and lacks; on a local stack only",
                _json("The report.", "LibraryAnswer"),
                {404},
            )
        },
        "/api/library/moves": {
            "parameters": _moves_wanted(),
            "get": _guarded(
                "List moves; on a local stack only",
                _json("A page of them.", "MovesAnswer"),
                {404, 422},
            ),
        },
        "/api/moves/{move_id}": {
            "parameters": [_parameter("move_id", "path", {"type": "string"})],
            "patch": _posted(
                "editMove",
                "Say what a move is; on a local stack only",
                "MoveEdit",
                _json("The move as it is now.", "MoveAnswer"),
                {404},
            ),
        },
        "/api/library/ingest": {
            "get": _guarded(
                "What became of own media; on a local stack only",
                _json("The state.", "IngestAnswer"),
                {404},
            )
        },
        "/api/library/uploads": {
            "parameters": [_parameter("name", "query", {"type": "string"}, "The file's name.")],
            "post": _upload(),
        },
        "/api/options": {
            "get": _guarded(
                "List the legal values and what the library has for them",
                _json("The values.", "OptionsAnswer"),
                set(),
            )
        },
        "/healthz": {"get": health},
        "/health": {"get": health},
        "/openapi.json": {
            "get": _operation(
                "This document",
                _answer("OpenAPI 3.1.", {"application/json": {"type": "object"}}),
                set(),
            )
        },
        "/": {"get": _operation("The page", _page_answers("text/html"), set())},
        "/web/{name}": {
            "parameters": [_parameter("name", "path", {"type": "string"})],
            "get": _operation(
                "A file of the page",
                _page_answers("text/css", "text/javascript", "image/svg+xml"),
                {404},
            ),
        },
        "/favicon.ico": {"get": _operation("The icon", _page_answers("image/svg+xml"), set())},
        "/robots.txt": {
            "get": _operation(
                "What crawlers are told", _text_answer("Stay away.", "text/plain"), set()
            )
        },
        "/media/{path}": {
            "parameters": [
                _parameter("path", "path", {"type": "string"}),
                _parameter("download", "query", {"type": "string"}),
                _parameter("Range", "header", {"type": "string"}),
                ticket,
            ],
            "get": _guarded(
                "Play stored media; on a local stack only", _media_answers(), shared | {416}
            ),
        },
    }


def _generate(name: str, summary: str, body: str, further: set[int]) -> Json:
    accepted = _json("Taken down.", "Accepted", status=202)
    accepted["202"]["headers"] = _headers("Location")
    key = {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARS, "pattern": "^[!-~]+$"}
    return {
        **_posted(name, summary, body, accepted, further),
        "parameters": [
            _parameter(
                "Idempotency-Key", "header", key, "The same key gives the same task, never two."
            )
        ],
    }


def _posted(name: str, summary: str, body: str, answers: Json, further: set[int]) -> Json:
    """Describe what takes a body of JSON."""
    return {
        "operationId": name,
        **_guarded(summary, answers, {400, 413, 415, 422, 429} | further),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _reference(body)}},
        },
    }


def _upload() -> Json:
    taken = _json("The same file was there already.", "UploadAnswer")
    taken |= _json("It waits to be taken in.", "UploadAnswer", status=201)
    raw: Json = {"schema": {"type": "string", "format": "binary"}}
    return {
        "operationId": "uploadMedia",
        **_guarded(
            "Add a song or a clip; on a local stack only",
            taken,
            {400, 404, 413, 415, 422, 429, 507},
        ),
        "requestBody": {"required": True, "content": {RAW_BYTES: raw}},
    }


def _moves_wanted() -> list[Json]:
    """Describe how moves are chosen: by id, or page by page."""
    kinds = ("Difficulty", "EnergyLevel", "Style")
    names = ("difficulty", "energy_level", "style")
    return [
        _parameter("id", "query", {"type": "array", "items": {"type": "string"}, "maxItems": 100}),
        _parameter("offset", "query", {"type": "integer", "minimum": 0, "maximum": 1_000_000}),
        _parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 100}),
        *(
            _parameter(name, "query", _reference(kind))
            for name, kind in zip(names, kinds, strict=True)
        ),
    ]


def _operation(summary: str, answers: Json, problems: set[int]) -> Json:
    documented = {str(status): _problem(status) for status in sorted(problems | {500})}
    return {"summary": summary, "responses": answers | documented}


def _guarded(summary: str, answers: Json, problems: set[int]) -> Json:
    """Describe what may ask for a token."""
    return _operation(summary, answers, problems | {401, 503})


def _problem(status: int) -> Json:
    meaning = _MEANINGS.get(status, HTTPStatus(status).phrase)
    answer = _described(meaning, *_HEADERS_OF.get(status, ()))
    return {**answer, "content": {PROBLEM_TYPE: {"schema": _reference("ProblemDocument")}}}


def _json(meaning: str, schema: str, status: int = 200) -> Json:
    return _answer(meaning, {"application/json": _reference(schema)}, status)


def _text_answer(meaning: str, *content_types: str) -> Json:
    return _answer(meaning, {name: {"type": "string"} for name in content_types})


def _answer(meaning: str, schemas: Json, status: int = 200) -> Json:
    content = {name: {"schema": schema} for name, schema in schemas.items()}
    return {str(status): {**_described(meaning), "content": content}}


def _page_answers(*content_types: str) -> Json:
    return {
        **_text_answer("The file.", *content_types),
        "304": _described("It is as the `If-None-Match` of the request says.", "ETag"),
    }


def _media_answers() -> Json:
    content: Json = {
        kind: {"schema": {"type": "string", "format": "binary"}}
        for kind in ("video/*", "audio/*", "image/*", "application/octet-stream")
    }
    return {
        "200": {**_described("The whole file.", "Accept-Ranges", "ETag"), "content": content},
        "206": {**_described("One range of it.", "Content-Range", "ETag"), "content": content},
        "304": _described("It is as the `If-None-Match` of the request says.", "ETag"),
    }


def _described(meaning: str, *headers: str) -> Json:
    return {"description": meaning} | ({"headers": _headers(*headers)} if headers else {})


def _headers(*names: str) -> Json:
    return {name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in names}


def _reference(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}


def _parameter(name: str, place: str, schema: Json, meaning: str = "") -> Json:
    parameter = {"name": name, "in": place, "required": place == "path", "schema": schema}
    return parameter | ({"description": meaning} if meaning else {})
