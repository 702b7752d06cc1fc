"""A database server that hangs up, at whatever moment, is away and nothing worse."""

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from choreo.database.engine import engine_for
from choreo.database.tasks import SqlTasks
from choreo.errors import Unavailable

RESET = struct.pack("ii", 1, 0)
"""Closing with this sends a reset in place of an orderly end, as a killed server does."""


class HangsUp:
    """Takes connections and resets each after it has read and answered so many messages."""

    def __init__(self, messages: int) -> None:
        self._messages = messages
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                for _ in range(self._messages):
                    connection.recv(4096)
                    connection.sendall(b"N")  # to the first: no TLS here

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture(params=[0, 1], ids=["at once", "after its first answer"])
def server(request: pytest.FixtureRequest) -> Iterator[HangsUp]:
    server = HangsUp(request.param)
    yield server
    server.close()


def test_a_server_that_resets_a_connection_is_away(server: HangsUp) -> None:
    engine = engine_for(f"postgresql+pg8000://postgres@127.0.0.1:{server.port}/choreo")
    for _ in range(3):
        with pytest.raises(Unavailable, match="cannot be used now"):
            SqlTasks(engine).ping()
