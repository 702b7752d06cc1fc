"""What every object store keeps, whatever it is made of."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from machine import BUCKET

from choreo.errors import (
    AlreadyPublished,
    MediaMissing,
    StageFailed,
    Unavailable,
    UnreadableMedia,
    UnsafePath,
)
from choreo.gcp import object_store as bucket_module
from choreo.gcp.object_store import BucketStore
from choreo.local.object_store import FolderStore
from choreo.ports import ObjectStore

HOSTILE = [
    "",
    "/etc/passwd",
    "../outside.txt",
    "songs/../../outside.txt",
    "songs/./audio.mp3",
    "songs//audio.mp3",
    "songs/audio.mp3/",
    "~/audio.mp3",
    "file:///etc/passwd",
    "gs://bucket/object",
    "https://example.com/a.mp4",
    "C:\\audio.mp3",
    "songs\\audio.mp3",
    "songs/a\0b.mp3",
    "songs/a\nb.mp3",
    "songs/" + "a" * 300,
    "a/" * 300 + "a",
    "songs/\ud800.mp3",
]

Door = Callable[[ObjectStore, str, Path], object]
DOORS: dict[str, Door] = {
    "fetch": lambda store, path, file: store.fetch(path, file.with_name("fetched")),
    "publish": lambda store, path, file: store.publish(file, path),
    "size": lambda store, path, file: store.size(path),
    "remove": lambda store, path, file: store.remove(path),
}


@pytest.fixture(params=["folder", "bucket"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ObjectStore:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", request.getfixturevalue("bucket_server"))
    return BucketStore(BUCKET)


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    """A key that no other test uses: the bucket is shared."""
    return f"{abs(hash(request.node.nodeid))}/clip.mp4"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "made.bin"
    made.write_bytes(os.urandom(3_000_000))
    return made


def test_what_is_published_is_fetched_byte_for_byte(store, key, file, tmp_path):
    assert store.publish(file, key) == 3_000_000
    assert store.size(key) == 3_000_000
    store.fetch(key, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == file.read_bytes()


def test_an_empty_file_is_an_object_too(store, key, tmp_path):
    (tmp_path / "empty").touch()
    assert store.publish(tmp_path / "empty", key) == 0
    assert store.size(key) == 0


def test_a_second_publish_is_refused_and_changes_nothing(store, key, file, tmp_path):
    store.publish(file, key)
    other = tmp_path / "other"
    other.write_bytes(b"other")
    with pytest.raises(AlreadyPublished):
        store.publish(other, key)
    assert store.size(key) == 3_000_000


def test_a_race_to_publish_has_one_winner_and_a_whole_object(store, key, tmp_path):
    barrier = threading.Barrier(4)
    won: list[int] = []
    lost: list[int] = []

    def publish(number: int) -> None:
        mine = tmp_path / f"mine-{number}"
        mine.write_bytes(bytes([number]) * 200_000)
        barrier.wait()
        try:
            store.publish(mine, key)
            won.append(number)
        except AlreadyPublished:
            lost.append(number)

    racers = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(won) == 1
    assert len(lost) == 3
    store.fetch(key, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == bytes(won) * 200_000


def test_what_is_not_there_is_missing_by_name_and_leaves_no_file(store, key, tmp_path):
    target = tmp_path / "to" / "fetched"
    target.parent.mkdir()
    with pytest.raises(MediaMissing, match=r"clip\.mp4"):
        store.fetch(key, target)
    assert list(target.parent.iterdir()) == []
    assert store.size(key) is None
    store.remove(key)


def test_a_fetched_file_replaces_the_one_that_was_there(store, key, file, tmp_path):
    store.publish(file, key)
    target = tmp_path / "fetched"
    target.write_bytes(b"x" * 4_000_000)
    store.fetch(key, target)
    assert target.read_bytes() == file.read_bytes()


def test_what_is_removed_is_gone_and_its_key_is_free(store, key, file):
    store.publish(file, key)
    store.remove(key)
    assert store.size(key) is None
    assert store.publish(file, key) == 3_000_000


def test_keys_are_kept_letter_by_letter(store, key, tmp_path):
    folder = key.split("/")[0]
    names = ["canción ñ.mp4", "a+b&c=d?e#f%20.mp4", "音楽.mp4", "CASE.mp4", "case.mp4", "-rf"]
    for name in names:
        content = tmp_path / "content"
        content.write_text(name)
        store.publish(content, f"{folder}/{name}")
    for name in names:
        store.fetch(f"{folder}/{name}", tmp_path / "fetched")
        assert (tmp_path / "fetched").read_text() == name


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_path_is_refused_at_every_door(store, file, door, path):
    with pytest.raises(UnsafePath):
        DOORS[door](store, path, file)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.text(alphabet="ab./\\~:%\0 é\u202e", max_size=12))
def test_no_text_leads_out_of_a_folder(tmp_path, text):
    outside = tmp_path / "outside"
    root = outside / "in" / "store"
    source = tmp_path / "source"
    source.write_bytes(b"1")
    try:
        FolderStore(root).publish(source, text)
    except (UnsafePath, AlreadyPublished):
        return
    assert all(path.is_relative_to(root) for path in outside.rglob("*") if path.is_file())


def test_publishing_a_file_that_is_not_there_names_it(store, key, tmp_path):
    with pytest.raises(UnreadableMedia, match="nowhere"):
        store.publish(tmp_path / "nowhere.mp4", key)
    assert store.size(key) is None


def test_fetching_into_a_folder_that_is_not_there_is_no_foreign_error(store, key, file, tmp_path):
    store.publish(file, key)
    with pytest.raises(Unavailable, match=r"clip\.mp4"):
        store.fetch(key, tmp_path / "nowhere" / "clip.mp4")


# What only a folder can get wrong.


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    (tmp_path / "store" / "songs").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.pem").write_text("secret")
    return FolderStore(tmp_path / "store")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("to_folder", [True, False], ids=["parent", "file"])
def test_a_link_that_leaves_the_store_is_refused_at_every_door(
    folder, file, tmp_path, door, to_folder
):
    if to_folder:
        (tmp_path / "store" / "link").symlink_to(tmp_path / "secret")
        path = "link/key.pem"
    else:
        (tmp_path / "store" / "link").symlink_to(tmp_path / "secret" / "key.pem")
        path = "link"
    with pytest.raises(UnsafePath, match="link"):
        DOORS[door](folder, path, file)
    assert (tmp_path / "secret" / "key.pem").read_text() == "secret"


def test_a_dangling_link_that_leaves_the_store_cannot_be_written_through(folder, file, tmp_path):
    (tmp_path / "store" / "link").symlink_to(tmp_path / "secret" / "new")
    with pytest.raises(UnsafePath):
        folder.publish(file, "link")
    assert not (tmp_path / "secret" / "new").exists()


def test_a_link_inside_the_store_is_followed(folder, file, tmp_path):
    folder.publish(file, "songs/one")
    (tmp_path / "store" / "other").symlink_to("songs")
    assert folder.size("other/one") == 3_000_000


def test_a_link_that_leads_in_circles_is_no_object(folder, tmp_path):
    (tmp_path / "store" / "a").symlink_to("b")
    (tmp_path / "store" / "b").symlink_to("a")
    assert folder.size("a") is None
    with pytest.raises((MediaMissing, UnsafePath)):
        folder.fetch("a", tmp_path / "fetched")


def test_a_store_below_a_link_works(tmp_path, file):
    (tmp_path / "disk").mkdir()
    (tmp_path / "store").symlink_to(tmp_path / "disk")
    store = FolderStore(tmp_path / "store")
    store.publish(file, "a/b")
    assert store.file_of("a/b").read_bytes() == file.read_bytes()


def test_folders_and_devices_are_no_objects(folder, file, tmp_path):
    os.mkfifo(tmp_path / "store" / "pipe")
    for path in ("songs", "pipe"):
        assert folder.size(path) is None
        with pytest.raises(MediaMissing):
            folder.fetch(path, tmp_path / "fetched")
    folder.remove("songs")
    assert (tmp_path / "store" / "songs").is_dir()
    with pytest.raises(UnsafePath, match="folder"):
        folder.publish(file, "songs")


def test_a_key_below_an_object_is_refused_with_the_reason(folder, file):
    folder.publish(file, "songs/one")
    assert folder.size("songs/one/two") is None
    with pytest.raises(UnsafePath, match="below an object"):
        folder.publish(file, "songs/one/two")


def test_a_full_disk_leaves_neither_an_object_nor_debris(folder, file, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    folder.publish(file, "songs/one")
    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(Unavailable, match="No space left"):
        folder.publish(file, "songs/two")
    with pytest.raises(Unavailable, match="No space left"):
        folder.fetch("songs/one", tmp_path / "fetched")
    assert [path.name for path in (tmp_path / "store" / "songs").iterdir()] == ["one"]
    assert not (tmp_path / "fetched").exists()


# What only a bucket can get wrong.


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the client give up at once: no test waits for the real patience."""
    monkeypatch.setattr(bucket_module, "_RETRY", bucket_module._RETRY.with_timeout(0.1))


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.usefixtures("impatient")
def test_a_bucket_that_does_not_answer_is_unavailable_at_every_door(file, monkeypatch, door, key):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match=r"clip\.mp4"):
        DOORS[door](BucketStore(BUCKET), key, file)


def refusal(code: int, words: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": words}}).encode()


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (404, "The specified bucket does not exist."),
        (403, "choreo-job@p.iam.gserviceaccount.com does not have storage.objects access"),
        (401, "Anonymous caller does not have access"),
        (400, "Invalid bucket name"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_a_refusal_names_the_bucket_and_the_remedy(
    file, monkeypatch, listener, door, key, code, words
):
    listener.status, listener.words = code, refusal(code, words)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", listener.url)
    if (door, code) == ("size", 404):
        assert BucketStore(BUCKET).size(key) is None
        return
    with pytest.raises(StageFailed, match=r"roles/storage\.objectUser") as raised:
        DOORS[door](BucketStore(BUCKET), key, file)
    assert not isinstance(raised.value, MediaMissing)
    assert BUCKET in str(raised.value)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (403, "Quota exceeded for quota metric"),
        (429, "Rate limit"),
        (500, "Internal"),
        (503, "Backend Error"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_a_fault_that_passes_is_unavailable(file, monkeypatch, listener, door, key, code, words):
    listener.status, listener.words = code, refusal(code, words)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", listener.url)
    with pytest.raises(Unavailable):
        DOORS[door](BucketStore(BUCKET), key, file)


def test_objects_are_stored_with_their_media_type(monkeypatch, bucket_server, file, key):
    from google.cloud.storage import Client

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket_server)
    BucketStore(BUCKET).publish(file, key)
    blob = Client(project=None).bucket(BUCKET).get_blob(key)
    assert blob.content_type == "video/mp4"
    assert blob.cache_control == "private, max-age=3600"
