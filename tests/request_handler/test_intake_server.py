"""The server that really serves: what odd bytes on its socket come to, and what it writes down."""

import json
from collections.abc import Iterator

import pytest
from real_server import (
    BODY,
    CHUNKED,
    CLOUD,
    HEAD,
    KEY,
    PASSWORD,
    TOKEN,
    Server,
    running,
    statuses,
    with_length,
)

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
"""A request hidden in the body of another; answering it would be a second answer."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), CLOUD) as found:
        yield found


AMBIGUOUS = {
    "both lengths": [HEAD, with_length(6), CHUNKED, b"\r\n0\r\n\r\n" + SMUGGLED],
    "both lengths, the other way": [HEAD, CHUNKED, with_length(len(BODY)), b"\r\n", BODY],
    "two lengths": [HEAD, with_length(len(BODY)), with_length(0), b"\r\n", BODY + SMUGGLED],
    "two equal lengths": [HEAD, with_length(len(BODY)) * 2, b"\r\n", BODY],
    "a list of lengths": [HEAD, with_length(f"{len(BODY)}, {len(BODY)}"), b"\r\n", BODY],
    "a signed length": [HEAD, with_length(f"+{len(BODY)}"), b"\r\n", BODY],
    "a negative length": [HEAD, with_length(-1), b"\r\n", SMUGGLED],
    "a length of two words": [HEAD, with_length("2 4"), b"\r\n", BODY],
    "a folded header": [HEAD, b"X-A: b\r\n c: d\r\n", with_length(0), b"\r\n"],
    "a space before the colon": [HEAD, b"Content-Length : 0\r\n\r\n", SMUGGLED],
    "an odd coding": [HEAD, b"Transfer-Encoding: xchunked\r\n\r\n", b"0\r\n\r\n" + SMUGGLED],
    "chunked twice": [HEAD, CHUNKED * 2, b"\r\n0\r\n\r\n" + SMUGGLED],
    "a chunk of a wrong size": [HEAD, CHUNKED, b"\r\nzz\r\nx\r\n0\r\n\r\n" + SMUGGLED],
    "a body that ends early": [HEAD, with_length(500), b"\r\n", BODY],
    "a bare line feed": [HEAD.replace(b"\r\n", b"\n"), b"Content-Length: 0\n\n", SMUGGLED],
    "a NUL in a header": [HEAD, b"X-A: a\0b\r\n", with_length(0), b"\r\n"],
    "no version": [b"GET /healthz\r\n\r\n"],
    "a line that is no request": [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"],
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_a_request_of_two_meanings_is_refused_and_its_end_is_not_another_one(
    server: Server, case: str
) -> None:
    found = statuses(server.send(*AMBIGUOUS[case]))
    assert len(found) <= 1, "nothing behind the refused request is answered"
    assert set(found) <= {400, 411, 501}


def test_plain_requests_one_after_the_other_are_answered_each(server: Server) -> None:
    plain = HEAD + with_length(len(BODY)) + b"\r\n" + BODY
    chunked = HEAD + CHUNKED + f"\r\n{len(BODY):x}\r\n".encode() + BODY + b"\r\n0\r\n\r\n"
    assert statuses(server.send(plain, chunked)) == [202, 202]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("BREW", "/", 405),
        ("CONNECT", "x:443", 404),
        ("OPTIONS", "*", 404),
        ("GET", "//evil.example/", 404),
        ("GET", "http://evil.example/healthz", 200),
        ("GET", "/media/" + "../" * 20 + "etc/passwd", 401),
        ("GET", "/" + "a" * 60_000, 404),
    ],
)
def test_odd_methods_and_addresses_come_to_nothing(
    server: Server, method: str, path: str, status: int
) -> None:
    answer = server.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert statuses(answer) in ([status], [400])
    assert b"Traceback" not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "headers",
    [b"X-A: " + b"a" * 100_000 + b"\r\n", b"".join(b"X-%d: a\r\n" % n for n in range(500))],
    ids=["one long header", "many headers"],
)
def test_headers_without_end_are_refused(server: Server, headers: bytes) -> None:
    found = statuses(server.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", headers, b"\r\n"))
    assert set(found) <= {400, 431}


@pytest.mark.parametrize(
    "request_head",
    [
        b"<script>x</script>",
        b"GET / HTTP/<script>",
        b"GET / HTTP/1.1\r\n<script>x</script>: 1",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: <script>",
        b"GET /<script>x</script> HTTP/1.1\r\nHost: localhost",
    ],
)
def test_what_the_parser_refuses_is_not_repeated_as_markup(
    server: Server, request_head: bytes
) -> None:
    answer = server.send(request_head + b"\r\n\r\n")
    assert set(statuses(answer)) <= {400, 404, 501}
    assert answer
    assert b"<script" not in answer


def test_nothing_that_is_secret_is_ever_written_down(server: Server) -> None:
    ticketed = f"GET /api/songs?ticket={TOKEN} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    bodies = (BODY, b"{", b'{"query": 1}', b'{"query": "' + b"x" * 3000 + b'"}')
    for body in bodies:
        server.send(HEAD, with_length(len(body)), b"\r\n", body)
    server.send(ticketed)
    server.send(HEAD.replace(b"Bearer ", b""), with_length(0), b"\r\n")
    written = server.log.read_text()
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert any(line.get("stage") == "queue" for line in lines), "something was written down"
    for secret in (TOKEN, KEY, PASSWORD):
        assert secret not in written
        assert secret not in repr(server.tasks)
