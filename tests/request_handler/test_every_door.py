"""What holds at every address, whichever is added: read from the routes themselves."""

import hmac
import re
from typing import Any

import pytest
from intake_world import SOURCE, TASKS, WITH_AI, World
from werkzeug.test import TestResponse

from choreo.tokens import read_tokens

ANNA, BENI = "anna-token-0123456789", "beni-token-0123456789"

SONG = "/media/songs/amor/audio.wav"

OPEN_PATHS = {
    "/",
    "/web/<name>",
    "/favicon.ico",
    "/robots.txt",
    "/healthz",
    "/health",
    "/openapi.json",
}
"""What anybody may have; each address beside these tells of somebody or costs something."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")


def routes() -> list[tuple[str, str]]:
    """Every method and address, as the sources list them: loading them would open a database."""
    text = (SOURCE.parent / "intake" / "app.py").read_text()
    table = text[text.index("ROUTES:") : text.index("OPEN:")]
    found = re.findall(r'\("([A-Z]+)", (TASK(?: \+ )?)?(?:"([^"]*)")?, \w+\.\w+\)', table)
    assert len(found) == table.count('    ("'), "each line is understood"
    return [(method, (task and TASKS + "<task_id>") + tail) for method, task, tail in found]


ROUTES = routes()

GUARDED = [(method, path) for method, path in ROUTES if path not in OPEN_PATHS]

OF_TASKS = [(method, path) for method, path in ROUTES if "<task_id>" in path]


def filled(path: str, task_id: str = "0" * 32) -> str:
    """An address with something in each of its places."""
    path = path.replace("<task_id>", task_id).replace("<path:path>", SONG.removeprefix("/media/"))
    return path.replace("<name>", "app.js").replace("<song_id>", "amor").replace("<move_id>", "dip")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def assert_strict(reply: TestResponse) -> None:
    """The answer forbids a browser everything that the page does not need."""
    headers = reply.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Permissions-Policy"]
    assert "Set-Cookie" not in headers
    [policy] = headers.getlist("Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    for name in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert rules[name] == "'none'"
    assert rules.get("script-src", "'self'") == "'self'"
    assert rules.get("connect-src", "'self'") == "'self'"
    assert not re.search(r"unsafe|\*|https?:(?!//storage\.googleapis\.com)|strict-dynamic", policy)


@pytest.fixture
def guarded(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("API_TOKEN", f"anna:{ANNA}\nbeni:{BENI}\n")
    return world


def test_every_address_but_the_page_s_own_asks_for_a_token(guarded: World) -> None:
    assert len(GUARDED) > 20
    assert {path for _method, path in ROUTES} >= OPEN_PATHS
    for method, path in GUARDED:
        for headers in ({}, bearer(ANNA[:-1]), bearer(""), {"Cookie": f"token={ANNA}"}):
            reply = guarded.client.open(filled(path), method=method, headers=headers)
            assert reply.status_code == 401, f"{method} {path}"
            assert_strict(reply)
        reply = guarded.client.open(f"{filled(path)}?ticket={ANNA}", method=method)
        assert reply.status_code == 401, f"{method} {path}: a token is no ticket"


def test_another_s_task_and_no_task_are_told_apart_by_nothing(guarded: World) -> None:
    assert len(OF_TASKS) > 8
    asked = guarded.client.post(WITH_AI, json={"query": "una bachata"}, headers=bearer(ANNA))
    task_id = asked.get_json()["task_id"]
    guarded.complete(task_id)
    bodies = {"reroll": {"slots": [0]}, "variants": {"mirror": True}, "share": {}}
    for method, path in OF_TASKS:
        known, unknown = filled(path, task_id), filled(path, "f" * 32)
        body: Any = bodies.get(path.rpartition("/")[2]) if method == "POST" else None
        said = {"method": method, "json": body}
        others = guarded.client.open(known, headers=bearer(BENI), **said)
        nobodys = guarded.client.open(unknown, headers=bearer(BENI), **said)
        assert others.status_code == 404, f"{method} {path}"
        assert others.text.replace(task_id, "f" * 32) == nobodys.text
        assert {*others.headers.keys()} == {*nobodys.headers.keys()}
        if method != "DELETE":
            own = guarded.client.open(known, headers=bearer(ANNA), **said)
            assert own.status_code < 400, f"{method} {path}"


def test_every_answer_is_strict_with_the_browser_whatever_was_asked(world: World) -> None:
    seen = set()
    task_id = world.task_id()
    world.complete(task_id)
    for path in sorted({path for _method, path in ROUTES} | {"/nothing", "/media/", "/static/x"}):
        for method in METHODS:
            if (method, path) == ("DELETE", TASKS + "<task_id>"):
                continue
            reply = world.client.open(filled(path, task_id), method=method)
            assert reply.status_code < 500 or reply.status_code == 503, f"{method} {path}"
            assert_strict(reply)
            seen.add(reply.status_code)
            if method not in ("GET", "HEAD", "POST", "PATCH", "DELETE"):
                assert reply.status_code in (404, 405), f"{method} {path}"
            if method == "HEAD":
                assert reply.data == b""
    assert {200, 404, 405, 415} <= seen


def test_an_accident_is_strict_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("choreo.database.tasks.SqlTasks.get", lambda *_: 1 / 0)
    reply = world.poll("0" * 32)
    assert reply.status_code == 500
    assert "ZeroDivision" not in reply.text
    assert_strict(reply)


@pytest.mark.parametrize(
    "header",
    [
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Forwarded-Prefix",
        "X-Script-Name",
    ],
)
def test_no_header_makes_another_request_of_one(world: World, header: str) -> None:
    task_id = world.task_id()
    for value in ("DELETE", TASKS + task_id, "/healthz"):
        assert world.client.get("/nothing", headers={header: value}).status_code == 404
        assert world.client.get(TASKS + task_id, headers={header: value}).status_code == 200
        assert world.client.get(f"{TASKS}{task_id}?_method=DELETE").status_code == 200
    assert world.tasks.get(task_id).status == "pending"


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "Forwarded", "X-Forwarded-Server"])
def test_no_address_in_an_answer_is_of_the_caller_s_making(world: World, header: str) -> None:
    task_id = world.task_id()
    world.complete(task_id)
    for method, path in ROUTES:
        if method == "GET":
            value = "host=evil.example" if header == "Forwarded" else "evil.example"
            reply = world.client.get(filled(path, task_id), headers={header: value})
            assert b"evil.example" not in reply.data, path
            assert "evil.example" not in str(reply.headers), path


RANGES = [
    *("bytes=", "bytes=-", "bytes=--1", "bytes=-0", "bytes=9-3", "bytes=a-b", "bytes=0x1-0x2"),
    *("bytes", "=0-1", "items=0-1", "BYTES=0-1", "bytes = 0 - 1", "bytes=0-1;q=1", "bytes=1e3-"),
    *("bytes=0-" + "9" * 400, "bytes=" + "9" * 400 + "-", "bytes=-" + "9" * 400),
    *("bytes=" + "0-0," * 2_000 + "0-0", "bytes=" + "0-," * 500 + "0-", "bytes=0-1,", "bytes=,"),
    *("bytes=0-1\t", "bytes=+0-+1", "bytes=٠-١", "bytes=0-18446744073709551616", "bytes=-1-"),
]


@pytest.mark.parametrize("asked", RANGES)
def test_an_odd_range_is_refused_or_is_a_part_of_the_file(world: World, asked: str) -> None:
    content = (world.media / SONG.removeprefix("/media/")).read_bytes()
    # As a server decodes the bytes of a header.
    sent = asked.encode().decode("latin-1")
    reply = world.client.get(SONG, headers={"Range": sent})
    assert_strict(reply)
    if reply.status_code == 206:
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", reply.headers["Content-Range"])
        assert found is not None
        first, last, size = map(int, found.groups())
        assert size == len(content)
        assert reply.data == content[first : last + 1]
        assert 0 <= first <= last < size
    else:
        assert (reply.status_code, reply.data == content) in ((200, True), (416, False))


def test_tokens_and_tickets_are_compared_in_constant_time_and_by_nothing_else(
    guarded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = read_tokens(f"anna:{ANNA}\nbeni:{BENI}")[0]
    ticketed = guarded.client.get("/api/songs", headers=bearer(ANNA)).get_json()["songs"][0]
    ticket = ticketed["audio_url"].partition("ticket=")[2]
    assert ticket
    compared: list[tuple[Any, Any]] = []
    verdict: list[bool] = []

    def compare(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return verdict[0]

    monkeypatch.setattr(hmac, "compare_digest", compare)
    for answer, right in ((False, ANNA), (True, "wrong")):
        verdict[:] = [answer]
        compared.clear()
        assert (ring.name_of(right) is not None) is answer
        assert len(compared) == 2, "every token is compared, also behind the right one"
        assert {len(text) for pair in compared for text in pair} == {32}, "as digests"
        wrong = ticket[:-1] + ("0" if ticket[-1] != "0" else "1")
        given = ticket if not answer else wrong
        compared.clear()
        reply = guarded.client.get(f"{SONG}?ticket={given}")
        assert reply.status_code == (200 if answer else 401)
        assert len(compared) == 1
