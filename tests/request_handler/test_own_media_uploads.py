"""Files that people send: what is taken, under which name, and what is refused and why."""

import errno
import io
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from intake_world import World, serve
from test_intake_requests import refused

from choreo.errors import Unavailable

UPLOADS = "/api/library/uploads"
RAW = {"Content-Type": "application/octet-stream"}


class SleepyLibrarian:
    """A librarian that is woken, or away."""

    def __init__(self) -> None:
        self.woken = 0
        self.away = False

    def wake(self) -> None:
        if self.away:
            raise Unavailable("nobody listens")
        self.woken += 1

    def state(self) -> dict[str, Any]:
        raise Unavailable("nobody listens")


@pytest.fixture
def librarian(world: World, monkeypatch: pytest.MonkeyPatch) -> SleepyLibrarian:
    found = SleepyLibrarian()
    monkeypatch.setattr("choreo.wiring.Stack.librarian", lambda _self: found)
    return found


@pytest.fixture
def inbox(world: World) -> Path:
    return world.media.parent / "inbox"


def send(world: World, name: str, data: bytes = b"la la la", **more: Any) -> Any:
    arguments = {"query_string": {"name": name}, "data": data, "headers": RAW, **more}
    return world.client.post(UPLOADS, **arguments)


def files(inbox: Path) -> dict[str, bytes]:
    return {
        file.relative_to(inbox).as_posix(): file.read_bytes()
        for file in inbox.rglob("*")
        if file.is_file()
    }


def test_a_file_lies_in_the_inbox_whole_and_the_librarian_is_woken(
    world: World, librarian: SleepyLibrarian, inbox: Path
) -> None:
    data = os.urandom(3 << 20)
    reply = send(world, "Amor Prohibido.mp3", data)
    assert reply.status_code == 201
    assert reply.get_json() == {
        "file": "songs/Amor Prohibido.mp3",
        "size": 3 << 20,
        "is_new": True,
    }
    assert files(inbox) == {"songs/Amor Prohibido.mp3": data}
    assert librarian.woken == 1


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("vuelta.MOV", "moves/vuelta.MOV"),
        ("onda/onda_1.mp4", "moves/onda/onda_1.mp4"),
        ("my clips/Bachata/onda/onda_1.mp4", "moves/onda/onda_1.mp4"),
        ("album/cancio\u0301n.flac", "songs/canción.flac"),
        ("你好 💃.ogg", "songs/你好 💃.ogg"),
        ("a;b&c=d?e#f'\"<i>.wav", "songs/a;b&c=d?e#f'\"<i>.wav"),
    ],
)
def test_a_clip_keeps_its_folder_and_a_song_its_name(
    world: World, librarian: SleepyLibrarian, inbox: Path, name: str, place: str
) -> None:
    assert send(world, name).get_json()["file"] == place
    assert list(files(inbox)) == [place]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../x.mp3",
        "../../etc/passwd",
        "a/../../x.mp4",
        "/etc/x.mp3",
        "C:\\x.mp3",
        "C:x.mp3",
        "http://x/y.mp3",
        "x\0.mp3",
        "x\n.mp3",
        ".hidden.mp3",
        ".git/x.mp4",
        "x.mp3/",
        "//x.mp3",
        "x.mp3 ",
        "notes.txt",
        "manifest.csv",
        "mp3",
        "x.mp3.exe",
        "ñ" * 150 + ".mp3",
        "x" * 600 + ".mp3",
        "~/x.mp3",
    ],
)
def test_a_hostile_or_useless_name_is_refused_and_nothing_is_written(
    world: World, librarian: SleepyLibrarian, inbox: Path, name: str
) -> None:
    reply = send(world, name)
    refused(reply, 422, "unusable-name")
    assert reply.get_json()["errors"][0]["field"] == "name"
    assert not inbox.exists()
    assert not librarian.woken


def test_the_same_file_is_kept_once_and_another_of_its_name_beside_it(
    world: World, librarian: SleepyLibrarian, inbox: Path
) -> None:
    assert send(world, "a.mp3", b"one").status_code == 201
    again = send(world, "a.mp3", b"one")
    assert (again.status_code, again.get_json()["is_new"]) == (200, False)
    assert send(world, "a.mp3", b"two").get_json()["file"] == "songs/a (2).mp3"
    assert send(world, "a.mp3", b"two").get_json()["file"] == "songs/a (2).mp3"
    assert files(inbox) == {"songs/a.mp3": b"one", "songs/a (2).mp3": b"two"}


def test_a_claim_of_five_gigabytes_is_refused_before_a_byte_is_read(
    world: World, librarian: SleepyLibrarian, inbox: Path
) -> None:
    class NeverRead(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("it was read")

    reply = world.client.post(
        UPLOADS,
        query_string={"name": "film.mp4"},
        input_stream=NeverRead(),
        headers=RAW,
        environ_overrides={"CONTENT_LENGTH": str(5 << 30)},
    )
    refused(reply, 413, "file-too-large")
    assert "2048 MiB" in reply.get_json()["detail"]
    assert not inbox.exists()


def test_more_than_the_limit_is_refused_whatever_the_length_says(
    world: World, librarian: SleepyLibrarian, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPLOAD_LIMIT_MIB", "1")
    client = serve().test_client()
    arguments = {
        "query_string": {"name": "a.mp3"},
        "headers": RAW,
        "environ_overrides": {"wsgi.input_terminated": True},
    }
    limit = 1 << 20
    reply = client.post(UPLOADS, input_stream=io.BytesIO(bytes(limit + 1)), **arguments)
    refused(reply, 413, "file-too-large")
    assert files(inbox) == {}
    reply = client.post(UPLOADS, input_stream=io.BytesIO(bytes(limit)), **arguments)
    assert reply.status_code == 201


def test_a_file_that_ends_early_or_is_empty_leaves_nothing(
    world: World, librarian: SleepyLibrarian, inbox: Path
) -> None:
    early = world.client.post(
        UPLOADS,
        query_string={"name": "a.mp3"},
        input_stream=io.BytesIO(b"half"),
        headers=RAW,
        environ_overrides={"CONTENT_LENGTH": "8"},
    )
    refused(early, 400, "invalid-request")
    refused(send(world, "a.mp3", b""), 422, "empty-file")
    assert files(inbox) == {}


def test_a_full_disk_is_told_and_leaves_nothing(
    world: World, librarian: SleepyLibrarian, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        refused(send(world, "a.mp3"), 507, "no-room")
    assert files(inbox) == {}
    usage = shutil.disk_usage(world.media)._replace(free=100 << 20)
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: usage)
    refused(send(world, "a.mp3"), 507, "no-room")


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "audio/mpeg"])
def test_what_a_foreign_page_could_send_unasked_is_refused(
    world: World, librarian: SleepyLibrarian, inbox: Path, kind: str
) -> None:
    reply = send(world, "a.mp3", headers={"Content-Type": kind})
    refused(reply, 415, "unsupported-media-type")
    assert not inbox.exists()


def test_a_librarian_that_is_away_loses_nothing(
    world: World, librarian: SleepyLibrarian, inbox: Path
) -> None:
    librarian.away = True
    assert send(world, "a.mp3").status_code == 201
    assert list(files(inbox)) == ["songs/a.mp3"]
    refused(world.client.get("/api/library/ingest"), 503, "unavailable")


def test_in_the_cloud_there_is_no_such_thing(world: World, inbox: Path) -> None:
    client = world.client
    for reply in (
        send(world, "a.mp3"),
        client.get("/api/library/ingest"),
        client.get("/api/library"),
        client.get("/api/library/moves"),
        client.post("/api/songs/amor/counts", json={"shift": 1}),
        client.patch("/api/moves/basic", json={"name": "x"}),
    ):
        refused(reply, 404, "local-only")
        assert "local stack only" in reply.get_json()["detail"]
    assert client.get("/api/options").get_json()["limits"]["upload_bytes"] == 0
    assert not inbox.exists()


def test_with_tokens_own_media_ask_for_one_too(
    world: World, librarian: SleepyLibrarian, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", f"anna:{'x' * 24}")
    client = serve().test_client()
    calls = (
        ("POST", UPLOADS + "?name=a.mp3"),
        ("GET", "/api/library/ingest"),
        ("GET", "/api/library"),
        ("GET", "/api/library/moves"),
        ("GET", "/api/songs/amor/counts"),
        ("POST", "/api/songs/amor/counts"),
        ("PATCH", "/api/moves/basic"),
    )
    for method, path in calls:
        refused(client.open(path, method=method), 401, "unauthorized")
    headers = {**RAW, "Authorization": f"Bearer {'x' * 24}"}
    assert client.post(UPLOADS + "?name=a.mp3", data=b"la", headers=headers).status_code == 201
    moves = client.get("/api/library/moves", headers=headers).get_json()["moves"]
    assert len(moves) == 3
