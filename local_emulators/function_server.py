"""Serves one function as functions-framework does, to this machine only and no client for long.

python -m local_emulators.function_server --target handle --source main.py --port 8080

In the cloud Cloud Run's front end stands between callers and the function: it reads the head of
a request before it passes it on, passes on no more requests at once than the service allows, and
ends each after the service's timeout. Here callers reach the server itself.
"""

import argparse
import contextlib
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

import functions_framework
import functions_framework._http as framework_http
from gunicorn.util import close_graceful
from gunicorn.workers.gthread import TConn, ThreadWorker

HEAD_SECONDS = 10.0
"""In which the whole head of a request must come."""

STILL_SECONDS = 60.0
"""For which a client may neither send of a body nor take of an answer; a player that has paused
asks again for the rest."""


OWN_NAMES = frozenset({"", "127.0.0.1", "localhost"})
"""What this machine is called in a request's `Host`; some clients say nothing there."""

REFUSAL = b"this server answers to 127.0.0.1 and localhost only"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def under_own_name(application: Application) -> Application:
    """Return the application, closed to requests for another name than this machine's.

    A page may point its own name at this machine after it was loaded (DNS rebinding). Its requests
    are then of one origin with the server, and nothing but their `Host` tells them from others.
    """

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_HOST", "").partition(":")[0].lower() in OWN_NAMES:
            return application(environ, start)
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(REFUSAL)))]
        start("421 Misdirected Request", headers)
        return [REFUSAL]

    return answer


class ImpatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """The threaded worker of gunicorn, which by itself waits for ever, and for two seconds with
    everybody else when a client does not hang up after its last answer."""

    head_seconds, still_seconds = HEAD_SECONDS, STILL_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ends: dict[TConn, float] = {}

    def handle(self, conn: TConn) -> Any:
        """Work on a connection's next request, in a thread of its own."""
        self._ends[conn] = time.monotonic() + self.head_seconds
        try:
            goes_on = super().handle(conn)
        finally:
            self._ends.pop(conn, None)
        if not goes_on:
            with contextlib.suppress(OSError):
                # Lets the client read its answer to the end; done here, since gunicorn's own
                # thread, which takes new clients, would do it otherwise.
                close_graceful(conn.sock.dup())
                conn.sock.shutdown(socket.SHUT_RDWR)
        return goes_on

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Answer a request whose head is here."""
        self._ends.pop(conn, None)
        conn.sock.settimeout(self.still_seconds)
        try:
            return super().handle_request(req, conn)
        except TimeoutError:
            return False  # the connection is closed

    def murder_pending(self) -> None:
        """Hang up on whoever has waited too long; gunicorn asks for this once a second."""
        super().murder_pending()
        now = time.monotonic()
        for conn, end in list(self._ends.items()):
            if now > end:
                with contextlib.suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RDWR)


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m local_emulators.function_server")
    parser.add_argument("--target", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--head-seconds", type=float, default=HEAD_SECONDS)
    parser.add_argument("--still-seconds", type=float, default=STILL_SECONDS)
    told = parser.parse_args()
    app = functions_framework.create_app(  # type: ignore[no-untyped-call]  # it has no types
        told.target, told.source, "http"
    )
    app.wsgi_app = under_own_name(app.wsgi_app)
    ImpatientWorker.head_seconds = told.head_seconds
    ImpatientWorker.still_seconds = told.still_seconds
    server = framework_http.create_server(  # type: ignore[no-untyped-call]  # it has no types
        app, False, worker_class=ImpatientWorker
    )
    server.run(told.host, told.port)


if __name__ == "__main__":
    main()
