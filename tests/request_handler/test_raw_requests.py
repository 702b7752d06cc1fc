"""What the local stack's server answers to bytes that no client library would send."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from real_server import BODY, CHUNKED, HEAD, LOCAL, Server, running, statuses, with_length

REST = HEAD.split(b"\r\n", 1)[1] + b"Connection: close\r\n"
"""All headers of a request for JSON by somebody who may ask."""

FILE = "/media/outputs/file.mp4"

STRICT = (
    b"X-Content-Type-Options: nosniff\r\n",
    b"X-Frame-Options: DENY\r\n",
    b"Referrer-Policy: no-referrer\r\n",
    b"Content-Security-Policy: default-src 'none'",
    b"Cross-Origin-Resource-Policy: same-origin\r\n",
)

DATABASE, OUTSIDE = b"SQLite format 3", b"root:"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("raw")
    with running(folder, LOCAL) as found:
        (folder / FILE.replace("/media", "media", 1)).write_bytes(bytes(1_000))
        yield found


def asked(server: Server, method: str, target: bytes, *more: bytes) -> bytes:
    """Return the whole answer to one request line with our headers and `more` behind them."""
    head, body = more or (b"", b"")
    line = method.encode() + b" " + target + b" HTTP/1.1\r\n"
    return server.send(line, REST, head, b"\r\n", body, wait=20)


LARGE = b"x" * 70_000
LARGE_IN_CHUNKS = f"{len(LARGE):x}\r\n".encode() + LARGE + b"\r\n0\r\n\r\n"

ANSWERS = {
    "a part of a file": ("GET", FILE, b"Range: bytes=0-9\r\n", b"", 206),
    "a part behind its end": ("GET", FILE, b"Range: bytes=99999999999-\r\n", b"", 416),
    "a range of no sense": ("GET", FILE, b"Range: bytes=9-1,-,x\r\n", b"", 200),
    "the head of a file": ("HEAD", FILE, b"", b"", 200),
    "nothing": ("GET", "/api/nothing", b"", b"", 404),
    "another method": ("PUT", "/api/songs", b"", b"", 405),
    "a preflight from nowhere": ("OPTIONS", "/api/songs", b"Origin: http://x\r\n", b"", 405),
    "an echo": ("TRACE", "/api/songs", b"X-Secret: mine\r\n", b"", 405),
    "a tunnel": ("CONNECT", "/api/songs", b"", b"", 405),
    "too much": ("POST", "/api/choreography/generate-with-ai", with_length(70_000), LARGE, 413),
    "too much in chunks": (
        *("POST", "/api/choreography/generate-with-ai"),
        *(CHUNKED, LARGE_IN_CHUNKS, 413),
    ),
    "no JSON": ("POST", "/api/choreography/generate-with-ai", with_length(1), b"{", 400),
    "a body with a GET": ("GET", "/api/songs", with_length(len(BODY)), BODY, 200),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_every_kind_of_answer_is_strict_with_the_browser(server: Server, case: str) -> None:
    method, target, head, body, status = ANSWERS[case]
    answer = asked(server, method, target.encode(), head, body)
    assert statuses(answer) == [status]
    head_of_answer, _, rest = answer.partition(b"\r\n\r\n")
    for header in STRICT:
        assert header in head_of_answer + b"\r\n"
    assert b"mine" not in rest, "an echo would tell a page's script what it must not read"
    assert b"Traceback" not in answer


UP = ("../", "..%2f", "%2e%2e%2f", "..%5c", "..%252f", "%c0%ae%c0%ae/", "....//", "..;/", "..%00/")


@pytest.mark.parametrize("up", UP)
@pytest.mark.parametrize("folder", ["/media/outputs/", "/media/", "/web/", "/"])
def test_no_way_up_leaves_the_store(server: Server, up: str, folder: str) -> None:
    for target in ("choreo.db", "etc/passwd", "log"):
        for steps in (1, 2, 3, 12):
            answer = asked(server, "GET", f"{folder}{up * steps}{target}".encode())
            assert set(statuses(answer)) <= {400, 404}
            assert DATABASE not in answer
            assert OUTSIDE not in answer


@pytest.mark.parametrize(
    "target",
    [
        b"/media/outputs/file.mp4%00.jpg",
        b"/media/outputs/\x00file.mp4",
        b"/media//etc/passwd",
        b"//etc/passwd",
        b"file:///etc/passwd",
        b"/media/outputs/" + b"a/" * 5_000,
        b"/media/outputs/" + b"%2e" * 20_000,
        b"/media/outputs/file.mp4/",
        b"/media/outputs",
        b"/media/%ff%fe",
        b"/\xff\xfe",
        b"/%0d%0aX-Split:%20yes",
        b"/web/%0d%0aX-Split:%20yes",
        b"/api/choreography/tasks/%0d%0aX-Split:%20yes",
        os.fsencode("/media/outputs/\u202e4pm.gnol"),
    ],
)
def test_no_odd_address_is_anything(server: Server, target: bytes) -> None:
    answer = asked(server, "GET", target)
    assert set(statuses(answer)) <= {400, 404}
    assert b"\r\nX-Split:" not in answer
    assert OUTSIDE not in answer
    assert b"Traceback" not in answer


@pytest.mark.parametrize(
    ("version", "name", "status"),
    [
        ("1.1", b"Host: localhost:8080\r\n", 200),
        ("1.1", b"Host: 127.0.0.1\r\n", 200),
        ("1.0", b"", 200),
        ("1.1", b"Host: dance.example:8080\r\n", 421),
        ("1.1", b"Host: 127.0.0.1.dance.example\r\n", 421),
    ],
)
def test_only_this_machine_s_own_names_are_answered(
    server: Server, version: str, name: bytes, status: int
) -> None:
    """Otherwise a page whose name was pointed here after it was loaded could ask for anything."""
    line = f"GET /healthz HTTP/{version}\r\n".encode()
    answer = server.send(line, name, b"Connection: close\r\n\r\n")
    assert answer.split(b" ", 2)[1] == str(status).encode()


@pytest.mark.parametrize(
    "more",
    [
        b"Authorization: Bearer \xff\xfe\r\n",
        b"Cookie: " + b"a=b; " * 1_000 + b"\r\n",
        b"Accept: " + b"*/*;q=0.1, " * 500 + b"\r\n",
        b"If-None-Match: " + b'W/"' * 1_000 + b"\r\n",
        b"If-Modified-Since: Thu, 99 Foo 99999 99:99:99 GMT\r\n",
        b"If-Range: \xff\r\n",
        b"Range: bytes=" + b"0-1," * 1_500 + b"\r\n",
        b"Host: \xe4.example\r\n",
        b"X-Forwarded-For: " + b"1.2.3.4, " * 800 + b"\r\n",
        b"traceparent: 00-" + b"f" * 3_000 + b"\r\n",
        b"X-Cloud-Trace-Context: /////;o=\r\n",
        b"Idempotency-Key: " + b"k" * 8_000 + b"\r\n",
        b"Expect: 100-continue\r\n",
        b"Expect: the-unexpected\r\n",
        b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Max-Forwards: -1\r\n",
    ],
    ids=lambda more: more.partition(b":")[0].decode(),
)
def test_no_absurd_header_is_an_accident(server: Server, more: bytes) -> None:
    for method, target in (("GET", FILE), ("HEAD", FILE), ("GET", "/api/songs"), ("GET", "/")):
        line = f"{method} {target} HTTP/1.1\r\n".encode()
        short = REST.replace(b"\r\nConnection", b"\r\nRange: bytes=0-9\r\nConnection")
        head = short if b"Range" not in more else REST
        found = statuses(server.send(line, head, more, b"\r\n", wait=20))
        assert len(found) <= 2, "at most a word to go on, and the answer"
        assert all(status < 500 for status in found)
        assert found
    assert "Traceback" not in server.log.read_text()
