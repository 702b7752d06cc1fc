"""What people say about counts and moves, what the library's report tells, in HTTP's terms."""

from typing import Any

import jsonschema
import pytest
from intake_world import World, a_move, a_song
from test_intake_requests import refused

from choreo.errors import InvalidInput
from choreo.music import correct_counts
from choreo.vocabulary import Difficulty, Style

COUNTS = "/api/songs/amor/counts"


class WritingLibrarian:
    """A librarian that keeps words in the catalogue as the real one does, without vectors."""

    def __init__(self, world: World) -> None:
        self.catalogue = world.catalogue
        self.said: list[Any] = []

    def wake(self) -> None:
        """Do nothing: nothing is taken in here."""

    def state(self) -> dict[str, Any]:
        file = {"file": "songs/a.mp3", "size": 3, "modified": 1, "state": "made", "ids": ["a"]}
        refused = {**file, "file": "moves/x.mp4", "state": "refused", "ids": []}
        return {
            "working": True,
            "doing": "ingesting",
            "progress": 50,
            "fault": "",
            "files": [
                {**file, "reason": "", "warnings": ["the 1 is uncertain"]},
                {**refused, "reason": "is empty", "warnings": []},
            ],
        }

    def report(self) -> dict[str, Any]:
        cell = {"difficulty": "beginner", "energy_level": "low", "style": "modern", "moves": 2}
        return {
            "moves": 3,
            "families": 2,
            "sessions": 1,
            "seconds": 12.5,
            "cells": [cell],
            "tempi": [[124, 0.5]],
            "dead_ends": ["basic"],
            "unreachable": [],
            "guessed": [],
            "near_duplicates": [["basic", "side", 0.999]],
            "refused": [{"file": "x.mp4", "reason": "is empty"}],
        }

    def correct_counts(self, song_id: str, said: dict[str, Any], key: str | None) -> None:
        self.said.append((song_id, said, key))
        song = self.catalogue.song(song_id)
        if "taps" in said:
            raise InvalidInput("taps must ascend")
        assert song.analysis is not None
        heard = None if "heard" in said else song.analysis
        moved = correct_counts(song.analysis, said.get("shift", 0))
        self.catalogue.save_song(song.model_copy(update={"analysis": moved, "heard": heard}))

    def edit_move(self, move_id: str, said: dict[str, Any]) -> None:
        self.said.append((move_id, said))


@pytest.fixture
def librarian(world: World, monkeypatch: pytest.MonkeyPatch) -> WritingLibrarian:
    found = WritingLibrarian(world)
    monkeypatch.setattr("choreo.wiring.Stack.librarian", lambda _self: found)
    return found


def test_the_count_is_told_and_moved(world: World, librarian: WritingLibrarian) -> None:
    before = world.client.get(COUNTS).get_json()
    assert before["eight_counts"] == [0.0, 4.0]
    assert before["can_go_back"] is before["corrected_by_person"] is False
    body = {"shift": 1, "version": before["version"]}
    after = world.client.post(COUNTS, json=body, headers={"Idempotency-Key": "k"}).get_json()
    assert after["eight_counts"] == [0.5, 4.5]
    assert after["can_go_back"] is after["corrected_by_person"] is True
    assert after["version"] != before["version"]
    song_id, said, key = librarian.said[0]
    assert (song_id, said) == ("amor", {"shift": 1})
    assert key.endswith(" amor k")


def test_nobody_corrects_what_they_have_not_seen(world: World, librarian: WritingLibrarian) -> None:
    seen = world.client.get(COUNTS).get_json()["version"]
    assert world.client.post(COUNTS, json={"shift": 1, "version": seen}).status_code == 200
    late = world.client.post(COUNTS, json={"shift": 1, "version": seen})
    refused(late, 409, "counts-changed")
    assert len(librarian.said) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"shift": 8},
        {"shift": -8},
        {"shift": 1.5},
        {"shift": "1"},
        {"shift": 1, "heard": True},
        {"heard": False},
        {"taps": [1.0]},
        {"taps": [1.0, -1.0]},
        {"taps": ["a", "b"]},
        {"taps": [1.0] * 1001},
        {"taps": None},
        {"beats": [1, 2]},
        {"shift": 1, "version": "x" * 65},
        [],
    ],
)
def test_a_correction_that_says_nothing_sensible_is_refused(
    world: World, librarian: WritingLibrarian, body: Any
) -> None:
    refused(world.client.post(COUNTS, json=body), 422, "invalid-request")
    assert librarian.said == []


def test_what_the_librarian_cannot_understand_is_told_in_its_words(
    world: World, librarian: WritingLibrarian
) -> None:
    reply = world.client.post(COUNTS, json={"taps": [3.0, 1.0]})
    refused(reply, 422, "invalid-request")
    assert reply.get_json()["detail"] == "taps must ascend"


def test_songs_that_are_unknown_or_not_analysed_have_no_count(
    world: World, librarian: WritingLibrarian
) -> None:
    refused(world.client.get("/api/songs/nadie/counts"), 404, "unknown-song")
    world.catalogue.save_song(a_song("nueva", analysis=None))
    refused(world.client.get("/api/songs/nueva/counts"), 409, "not-analysed")
    refused(world.client.get("/api/songs/%00/counts"), 404, "unknown-song")


def test_only_what_is_said_about_a_move_is_handed_on(
    world: World, librarian: WritingLibrarian
) -> None:
    said = {"name": "  Mi   básico ", "family": "Basic Step", "entry_hold": "shadow"}
    reply = world.client.patch("/api/moves/basic", json=said)
    assert reply.status_code == 200
    assert reply.get_json()["id"] == "basic"
    words = {"name": "Mi básico", "family": "basic_step", "entry_hold": "shadow"}
    assert librarian.said == [("basic", words)]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": " \t "},
        {"name": "a\0b"},
        {"name": "x" * 121},
        {"name": 3},
        {"difficulty": "expert"},
        {"entry_hold": "hug"},
        {"id": "other"},
        {"video_path": "../x"},
        {"name": None},
    ],
)
def test_words_that_cannot_be_kept_are_refused(
    world: World, librarian: WritingLibrarian, body: Any
) -> None:
    refused(world.client.patch("/api/moves/basic", json=body), 422, "invalid-request")
    assert librarian.said == []


def test_a_move_that_is_not_there_cannot_be_edited(
    world: World, librarian: WritingLibrarian
) -> None:
    for name in ("nadie", "%00", "a" * 300):
        reply = world.client.patch(f"/api/moves/{name}", json={"name": "x"})
        refused(reply, 404, "unknown-move")


def test_moves_are_listed_page_by_page_by_kind_and_by_id(
    world: World, librarian: WritingLibrarian
) -> None:
    world.catalogue.save_moves(
        [a_move(f"m{n:02}", Difficulty.ADVANCED, Style.FUSION) for n in range(30)]
    )

    def listed(**query: Any) -> Any:
        return world.client.get("/api/library/moves", query_string=query).get_json()

    assert listed()["total"] == 33
    pages = [listed(offset=start, limit=10)["moves"] for start in (0, 10, 20, 30)]
    ids = [move["id"] for page in pages for move in page]
    assert len(ids) == len(set(ids)) == 33
    kind = listed(difficulty="advanced", style="fusion", limit=1)
    assert (kind["total"], len(kind["moves"])) == (30, 1)
    named = listed(id=["dip", "m03", "nadie"])
    assert [move["id"] for move in named["moves"]] == ["dip", "m03"]
    for wrong in ({"limit": 0}, {"limit": 101}, {"offset": -1}, {"offset": "x"}, {"style": "rock"}):
        reply = world.client.get("/api/library/moves", query_string=wrong)
        refused(reply, 422, "invalid-request")
    many = {"id": [str(number) for number in range(101)]}
    refused(world.client.get("/api/library/moves", query_string=many), 422, "invalid-request")


def test_the_answers_are_as_described(world: World, librarian: WritingLibrarian) -> None:
    description = world.client.get("/openapi.json").get_json()
    upload = world.client.post(
        "/api/library/uploads?name=a.mp3",
        data=b"la",
        headers={"Content-Type": "application/octet-stream"},
    )
    calls = [
        ("/api/library", "get", world.client.get("/api/library")),
        ("/api/library/ingest", "get", world.client.get("/api/library/ingest")),
        ("/api/library/moves", "get", world.client.get("/api/library/moves")),
        ("/api/songs/{song_id}/counts", "get", world.client.get(COUNTS)),
        ("/api/songs/{song_id}/counts", "post", world.client.post(COUNTS, json={"shift": 1})),
        (
            "/api/moves/{move_id}",
            "patch",
            world.client.patch("/api/moves/dip", json={"name": "Dip"}),
        ),
        ("/api/library/uploads", "post", upload),
    ]
    assert upload.status_code == 201
    for path, method, reply in calls:
        answer = description["paths"][path][method]["responses"][str(reply.status_code)]
        schema = answer["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator(
            {**schema, "components": description["components"]}
        ).validate(reply.get_json())
