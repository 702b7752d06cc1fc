"""The librarian takes the inbox in, one pass at a time, and forgets nothing."""

import json
import os
import shutil
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from catalog_media import write_clip
from machine import PATIENCE_SECONDS, eventually

from catalog.summary import Outcome
from choreo.errors import InvalidInput, Unavailable
from choreo.local.librarian import LibrarianClient
from local_emulators.inbox import RECORDS, Inbox
from local_emulators.ingest_service import Librarian, LibrarianServer


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    file = tmp_path_factory.mktemp("clip") / "onda_1.mp4"
    write_clip(file, seconds=6.0)
    return file


def states(librarian):
    return {file["file"]: file["state"] for file in librarian.state()["files"]}


def at_rest(librarian):
    eventually(lambda: not librarian.state()["working"])
    return states(librarian)


def drop(librarian, name, source):
    target = librarian.inbox.folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    librarian.wake()


def test_what_is_dropped_is_taken_in_or_refused_and_that_is_remembered(tmp_path, clip):
    text = tmp_path / "notes.mp3"
    text.write_text("this is no music")
    librarian = Librarian(tmp_path / "library")
    drop(librarian, "moves/onda/onda_1.mp4", clip)
    drop(librarian, "moves/onda/again.mp4", clip)
    drop(librarian, "songs/notes.mp3", text)
    librarian.start()
    assert at_rest(librarian) == {
        "moves/onda/onda_1.mp4": "refused",
        "moves/onda/again.mp4": "made",
        "songs/notes.mp3": "refused",
    }
    reasons = {entry["file"]: entry["reason"] for entry in librarian.report()["refused"]}
    assert "is the same file as onda/again.mp4" in reasons["moves/onda/onda_1.mp4"]
    assert "sound" in reasons["songs/notes.mp3"]
    assert librarian.report()["moves"] == 1

    # A restart looks at nothing again.
    records = (librarian.inbox.folder / RECORDS).read_bytes()
    again = Librarian(tmp_path / "library")
    again.start()
    assert at_rest(again) == states(librarian)
    assert (librarian.inbox.folder / RECORDS).read_bytes() == records

    # What is gone is forgotten, and another file of its name is looked at.
    (librarian.inbox.folder / "songs/notes.mp3").write_text("neither is this")
    (librarian.inbox.folder / "moves/onda/onda_1.mp4").unlink()
    again.wake()
    eventually(lambda: set(at_rest(again)) == {"moves/onda/again.mp4", "songs/notes.mp3"})


def test_a_file_that_comes_during_an_ingest_is_taken_in_after_it(tmp_path, clip, monkeypatch):
    passes, going, gate = [], threading.Event(), threading.Event()

    def slow_ingest(_songs, moves, *_args, on_file, **_more):
        passes.append(sorted(path.name for path in moves.rglob("*.mp4")))
        going.set()
        assert gate.wait(PATIENCE_SECONDS)
        for name in passes[-1]:
            on_file(Outcome(name, "made", ("x",)))

    monkeypatch.setattr("catalog.ingest.ingest", slow_ingest)
    librarian = Librarian(tmp_path / "library")
    librarian.start()
    drop(librarian, "moves/a.mp4", clip)
    assert going.wait(PATIENCE_SECONDS)
    drop(librarian, "moves/b.mp4", clip)
    assert librarian.state()["working"]
    assert states(librarian) == {"moves/a.mp4": "waiting", "moves/b.mp4": "waiting"}
    gate.set()
    eventually(lambda: set(states(librarian).values()) == {"made"})
    at_rest(librarian)
    assert passes == [["a.mp4"], ["a.mp4", "b.mp4"]]


def test_an_ingest_that_breaks_off_is_told_and_tried_again(tmp_path, clip, monkeypatch):
    faults = [Unavailable("the store is away")]

    def ingest(_songs, moves, *_args, on_file, **_more):
        if faults:
            raise faults.pop()
        on_file(Outcome("a.mp4", "made", ("a",)))

    monkeypatch.setattr("catalog.ingest.ingest", ingest)
    librarian = Librarian(tmp_path / "library")
    drop(librarian, "moves/a.mp4", clip)  # before the start, or there would be two attempts
    librarian.start()
    eventually(lambda: librarian.state()["fault"] == "the store is away")
    assert at_rest(librarian) == {"moves/a.mp4": "waiting"}
    librarian.wake()
    eventually(lambda: states(librarian) == {"moves/a.mp4": "made"})
    assert librarian.state()["fault"] == ""


def test_records_that_cannot_be_read_only_cost_another_look(tmp_path, clip):
    for text in ("", "{", "[]", '{"songs/a.mp3": 3}', '{"moves/a.mp4": {"size": 1}}'):
        folder = tmp_path / "inbox"
        (folder / "moves").mkdir(parents=True, exist_ok=True)
        shutil.copy(clip, folder / "moves" / "a.mp4")
        (folder / RECORDS).write_text(text)
        assert Inbox(folder).waiting("moves") == ["moves/a.mp4"]


def test_only_abandoned_uploads_are_swept_away(tmp_path):
    inbox = Inbox(tmp_path)
    old, young = tmp_path / ".aa.part", tmp_path / ".bb.part"
    old.touch()
    young.touch()
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    inbox.forget_the_gone()
    assert (old.exists(), young.exists()) == (False, True)


@pytest.fixture
def served(tmp_path):
    librarian = Librarian(tmp_path / "library")
    librarian.start()
    server = LibrarianServer(("127.0.0.1", 0), librarian)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_it_is_asked_over_http(served):
    client = LibrarianClient(served)
    client.wake()
    eventually(lambda: not client.state()["working"])
    assert client.report()["moves"] == 0
    with pytest.raises(InvalidInput, match="no song 'nadie'"):
        client.correct_counts("nadie", {"shift": 1}, None)
    with pytest.raises(InvalidInput, match="no move 'a/b'"):
        client.edit_move("a/b", {"name": "x"})
    with pytest.raises(Unavailable, match="expert"):
        client.edit_move("a", {"difficulty": "expert"})


def test_a_librarian_that_is_away_is_told_apart(served):
    with pytest.raises(Unavailable, match="did not answer"):
        LibrarianClient("http://127.0.0.1:9").state()
    request = urllib.request.Request(f"{served}/wake", b"{", {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)
    assert told.value.code == 503
    assert json.load(told.value)["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json", "Origin": "https://a-page.example"},
    ],
)
def test_no_web_page_can_tell_it_anything(served, headers):
    request = urllib.request.Request(f"{served}/wake", b"{}", headers)
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)
    assert told.value.code == 403


def test_the_same_key_moves_the_one_once(tmp_path, monkeypatch):
    moved = []
    librarian = Librarian(Path(tmp_path / "library"))
    librarian.start()
    monkeypatch.setattr("catalog.mending.corrected", lambda _song, **said: moved.append(said))
    monkeypatch.setattr("catalog.mending.save_counts", lambda *_: None)
    monkeypatch.setattr("choreo.database.catalogue.SqlCatalogue.song", lambda *_: None)
    for key in ("one", "one", None, None, "two"):
        librarian.correct_counts("x", {"shift": 1}, key)
    assert len(moved) == 4
