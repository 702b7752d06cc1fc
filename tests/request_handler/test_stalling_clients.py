"""Clients that stall keep nobody waiting, neither in the image nor in the local stack."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from machine import PATIENCE_SECONDS
from real_server import (
    BODY,
    CHUNKED,
    CLOUD,
    HEAD,
    HEALTH,
    LOCAL,
    LONG,
    THREADS,
    Server,
    running,
    statuses,
    with_length,
)

from local_emulators.stack import MANY_THREADS

STALLED = 200
"""Clients that stall together; a browser holds up to six connections."""

PLAIN = HEAD + with_length(len(BODY)) + b"\r\n" + BODY

UNREAD = f"GET {LONG} HTTP/1.1\r\n".encode() + HEAD.split(b"\r\n", 1)[1] + b"\r\n"

STALLS = {
    "say nothing": b"",
    "send a single byte": b"P",
    "stop within a header": HEAD[:-5],
    "stop within the body": HEAD + b"Content-Length: 500\r\n\r\n" + BODY,
    "stop within a chunk": HEAD + CHUNKED + b"\r\nff\r\n" + BODY,
    "never read": UNREAD,
}

LINGERS = {
    "stay after the last answer": b"GET /healthz HTTP/1.0\r\n\r\n",
    "stay after a refusal": b"nonsense\r\n\r\n",
}


# Here nobody is answered only because those who stall were hung up on.
NEVER_HANGS_UP = (*LOCAL, "--head-seconds", "3600", "--still-seconds", "3600")


@pytest.fixture(scope="module", params=[CLOUD, NEVER_HANGS_UP], ids=["image", "local stack"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), request.param) as found:
        yield found


@contextmanager
def stalled(server: Server, said: bytes, clients: int) -> Iterator[list[socket.socket]]:
    """Hold connections on which nothing more is said or read."""
    with ExitStack() as held:
        wires = []
        for _ in range(clients):
            wire = held.enter_context(socket.socket())
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.settimeout(PATIENCE_SECONDS)
            wire.connect(("127.0.0.1", server.port))
            wire.sendall(said)
            wires.append(wire)
        yield wires


@pytest.mark.parametrize("stall", STALLS)
def test_clients_that_stall_keep_nobody_waiting(server: Server, stall: str) -> None:
    with stalled(server, STALLS[stall], STALLED):
        for _ in range(3):
            assert statuses(server.send(PLAIN, wait=PATIENCE_SECONDS)) == [202]


def test_a_client_that_sends_byte_by_byte_is_answered_in_its_turn(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_SECONDS) as slow:
        slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in HEALTH:
            slow.sendall(bytes([byte]))
            assert statuses(server.send(HEALTH, wait=PATIENCE_SECONDS)) == [200]
        assert statuses(slow.recv(4096)) == [200]


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The local server with few threads, which hangs up soon."""
    folder = tmp_path_factory.mktemp("hasty")
    soon = ("--head-seconds", "1", "--still-seconds", "1")
    with running(folder, LOCAL, *soon, threads="3") as found:
        yield found


@pytest.mark.parametrize("stall", STALLS)
def test_whoever_stalls_for_long_is_hung_up_on_by_the_local_stack(
    hasty: Server, stall: str
) -> None:
    with stalled(hasty, STALLS[stall], 6) as wires:
        assert statuses(hasty.send(PLAIN, wait=PATIENCE_SECONDS)) == [202]
        for wire in wires:
            try:
                while wire.recv(1 << 20):
                    pass
            except ConnectionError:
                pass  # hung up on, with bytes on the way


@pytest.mark.parametrize("stall", LINGERS)
def test_clients_that_do_not_hang_up_keep_nobody_waiting_in_the_local_stack(
    tmp_path: Path, stall: str
) -> None:
    with (
        running(tmp_path, LOCAL) as server,
        stalled(server, LINGERS[stall], STALLED) as wires,
    ):
        # Gunicorn would wait two seconds for each of them.
        assert statuses(server.send(PLAIN, wait=STALLED)) == [202]
        for wire in wires:
            assert wire.recv(4096)


def test_an_answer_is_read_to_its_end_by_whoever_takes_it_slowly(hasty: Server) -> None:
    length = 1 << 20
    asked = UNREAD.replace(b"\r\nHost", f"\r\nRange: bytes=0-{length - 1}\r\nHost".encode(), 1)
    with stalled(hasty, asked.replace(b"HTTP/1.1", b"HTTP/1.0"), 1) as [wire]:
        answer = b""
        while chunk := wire.recv(1 << 14):
            answer += chunk
    assert answer.startswith(b"HTTP/1.0 206")
    assert len(answer.partition(b"\r\n\r\n")[2]) == length


def test_the_local_stack_has_as_many_threads_as_the_image() -> None:
    assert MANY_THREADS == {"THREADS": THREADS}
    assert int(THREADS) > STALLED
