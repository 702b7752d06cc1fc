"""Media, the page, headers, methods, and what an import may cost."""

import subprocess
import sys

import pytest
from intake_world import FROM_SONG, SOURCE, TASKS, World
from machine import PATIENCE_SECONDS
from test_intake_requests import refused

SONG = "/media/songs/amor/audio.wav"


def test_media_is_served_whole_and_in_ranges(world: World) -> None:
    content = (world.media / "songs/amor/audio.wav").read_bytes()
    whole = world.client.get(SONG)
    assert (whole.status_code, whole.data) == (200, content)
    assert whole.content_type == "audio/wav"
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["ETag"]
    for header, first, last in (
        ("bytes=0-9", 0, 9),
        ("bytes=100-", 100, len(content) - 1),
        ("bytes=-5", len(content) - 5, len(content) - 1),
        ("bytes=8000-999999", 8000, len(content) - 1),
    ):
        part = world.client.get(SONG, headers={"Range": header})
        assert part.status_code == 206
        assert part.data == content[first : last + 1]
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(content)}"
        assert int(part.headers["Content-Length"]) == last - first + 1


def test_a_range_outside_the_file_is_refused_with_its_length(world: World) -> None:
    size = (world.media / "songs/amor/audio.wav").stat().st_size
    reply = world.client.get(SONG, headers={"Range": f"bytes={size}-"})
    refused(reply, 416, "range-not-satisfiable")
    assert reply.headers["Content-Range"] == f"bytes */{size}"


def test_several_ranges_are_answered_with_the_whole_file(world: World) -> None:
    assert world.client.get(SONG, headers={"Range": "bytes=0-1,4-5"}).status_code == 200


def test_media_that_did_not_change_is_not_sent_again(world: World) -> None:
    tag = world.client.get(SONG).headers["ETag"]
    assert world.client.get(SONG, headers={"If-None-Match": tag}).status_code == 304
    kept = world.client.get(SONG, headers={"Range": "bytes=0-9", "If-Range": tag})
    assert kept.status_code == 206
    changed = world.client.get(SONG, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert changed.status_code == 200


def test_head_tells_the_length_and_nothing_else(world: World) -> None:
    reply = world.client.head(SONG)
    assert (reply.status_code, reply.data) == (200, b"")
    assert int(reply.headers["Content-Length"]) > 1000


def test_media_can_be_saved_under_a_name(world: World) -> None:
    reply = world.client.get(SONG + "?download=Mi%20baile%20%22ñ%22.mp4")
    assert reply.headers["Content-Disposition"].startswith("attachment")
    assert "\n" not in reply.headers["Content-Disposition"]
    assert world.client.get(SONG + "?download=a%0d%0aX-Evil:1").status_code == 200
    assert "X-Evil" not in world.client.get(SONG + "?download=a%0d%0aX-Evil:1").headers


@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media/choreo.db",
        "/media/songs",
        "/media/songs/amor",
        "/media/songs/amor/none.wav",
        "/media/songs/../choreo.db",
        "/media/songs/..%2f..%2fchoreo.db",
        "/media/songs/%2e%2e/%2e%2e/choreo.db",
        "/media/..%2fchoreo.db",
        "/media/%2fetc%2fpasswd",
        "/media/songs/%00",
        "/media/songs/amor/audio.wav%00.png",
        "/media/songs\\amor\\audio.wav",
        "/media/songs%5camor%5caudio.wav",
        "/media/SONGS/amor/audio.wav",
        "/media/private/secret.txt",
        "/media/songs/.unfinished.part",
        "/media/songs/amor/audio.wav/",
        "/media/C:/songs/x",
        "/media/songs/%ff%fe",
        "/media/songs/" + "a" * 3000,
        "/media/outputs/link-out",
        "/media/outputs/folder-out/choreo.db",
    ],
)
def test_nothing_but_stored_media_is_served(world: World, path: str) -> None:
    (world.media / "private").mkdir()
    (world.media / "private" / "secret.txt").write_text("secret")
    (world.media / "songs" / ".unfinished.part").write_text("half")
    (world.media / "outputs").mkdir()
    (world.media / "outputs" / "link-out").symlink_to(world.database)
    (world.media / "outputs" / "folder-out").symlink_to(world.database.parent)
    assert world.client.get(path, follow_redirects=True).status_code == 404


def test_media_is_not_served_where_the_store_is_a_bucket(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bucket:
        def size(self, _path: str) -> int:
            return 1000

    monkeypatch.setattr("choreo.wiring.Stack.object_store", lambda _self: Bucket())
    refused(world.client.get(SONG), 404, "no-media")
    assert world.ask().status_code == 202


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", FROM_SONG, "POST"),
        ("PUT", TASKS + "0" * 32, "DELETE, GET, HEAD"),
        ("POST", "/api/songs", "GET, HEAD"),
        ("DELETE", "/", "GET, HEAD"),
        ("OPTIONS", FROM_SONG, "POST"),
        ("TRACE", "/healthz", "GET, HEAD"),
    ],
)
def test_another_method_is_refused_with_the_right_ones(
    world: World, method: str, path: str, allow: str
) -> None:
    reply = world.client.open(path, method=method)
    refused(reply, 405, "method-not-allowed")
    assert reply.headers["Allow"] == allow


@pytest.mark.parametrize("path", ["/nothing", "/api", "/api/songs/", "/web/main.py", "/index.html"])
def test_an_unknown_address_is_not_found(world: World, path: str) -> None:
    refused(world.client.get(path), 404, "not-found")


@pytest.mark.parametrize("path", ["/", "/web/app.js", "/web/style.css", SONG, "/nothing"])
def test_every_answer_tells_the_browser_what_to_refuse(world: World, path: str) -> None:
    headers = world.client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert not any(name.startswith("Access-Control") for name in headers.keys())  # noqa: SIM118 - werkzeug iterates pairs


def test_the_page_is_small_and_keeps_to_its_policy(world: World) -> None:
    page = world.client.get("/")
    assert page.content_type == "text/html; charset=utf-8"
    parts = [page.text, *(world.client.get(f"/web/{n}").text for n in ("app.js", "style.css"))]
    assert sum(len(part.encode()) for part in parts) < 60_000
    assert "style=" not in page.text
    assert " on" + "click=" not in page.text
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    tag = page.headers["ETag"]
    assert world.client.get("/", headers={"If-None-Match": tag}).status_code == 304


def test_the_handler_never_loads_what_only_other_parts_need() -> None:
    program = f"""
import os, sys, tempfile
folder = tempfile.mkdtemp()
os.environ.update(LIBRARY=folder, PLANNER_URL="http://127.0.0.1:9/")
import functions_framework
client = functions_framework.create_app("handle", {str(SOURCE)!r}).test_client()
for path in ("/", "/openapi.json", "/api/songs", "/healthz", "/media/songs/x"):
    client.get(path)
client.post("/api/choreography/generate-with-ai", json={{"query": "hola"}})
heavy = ("librosa", "numpy", "faiss", "google.generativeai", "scipy", "av", "alembic",
         "google.cloud.storage", "google.cloud.pubsub_v1", "google.cloud.sql.connector")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.stdout.strip() == "[]"
