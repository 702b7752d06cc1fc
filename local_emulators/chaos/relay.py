"""A queue that does what queues may: it doubles, delays, reorders, refuses and loses messages.

It stands between the real queue and the planner. Messages wait in memory only, so that killing
it loses them.

python -m local_emulators.chaos.relay --port 8090 --planner http://127.0.0.1:8081 --seed 1
"""

import argparse
import heapq
import random
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REFUSED, LOST, DOUBLED, DELAYED = 0.05, 0.03, 0.25, 0.5
"""Shares of the messages."""

LONGEST_DELAY = 3.0
"""Seconds at a pace of 1; longer than most tasks need, so that later messages arrive before earlier
ones."""

TRIES = 4
FIRST_WAIT = 0.5
"""Seconds at a pace of 1, doubled before each further try."""

WORKERS = 4


class Relay:
    """Takes messages and delivers them, more or less.

    Args:

        planner: Where to.

        seed: Of the chances.

        pace: By which all waits are longer, as the run's lease is.
    """

    def __init__(self, planner: str, seed: int, pace: float) -> None:
        self._planner = planner
        self._pace = pace
        self._chances = random.Random(seed)
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._count = 0
        self._changed = threading.Condition()
        for _ in range(WORKERS):
            threading.Thread(target=self._work, daemon=True).start()

    def take(self, body: bytes) -> bool:
        """Return False to have the message sent again; else it is taken, for what that is worth."""
        with self._changed:
            if self._chances.random() < REFUSED:
                return False
            if self._chances.random() < LOST:
                return True
            for _ in range(1 + (self._chances.random() < DOUBLED)):
                late = self._chances.random() < DELAYED
                self._put(self._chances.uniform(0, LONGEST_DELAY) if late else 0.0, 1, body)
            return True

    def _put(self, delay: float, attempt: int, body: bytes) -> None:
        self._count += 1
        heapq.heappush(
            self._waiting, (time.monotonic() + delay * self._pace, self._count, attempt, body)
        )
        self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting or self._waiting[0][0] > time.monotonic():
                    wait = self._waiting[0][0] - time.monotonic() if self._waiting else None
                    self._changed.wait(wait)
                _, _, attempt, body = heapq.heappop(self._waiting)
            if not self._deliver(body) and attempt < TRIES:
                with self._changed:
                    self._put(FIRST_WAIT * 2**attempt, attempt + 1, body)

    def _deliver(self, body: bytes) -> bool:
        request = urllib.request.Request(
            self._planner, data=body, headers={"Content-Type": "application/json"}
        )
        try:
            urllib.request.urlopen(request, timeout=60).close()
        except (OSError, urllib.error.HTTPError):
            return False
        return True


class _Handler(BaseHTTPRequestHandler):
    relay: Relay

    def do_GET(self) -> None:
        self._answer(200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(204 if self.relay.take(body) else 503)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description="A queue that misbehaves.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--planner", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pace", type=float, default=1.0)
    options = parser.parse_args()
    _Handler.relay = Relay(options.planner, options.seed, options.pace)
    ThreadingHTTPServer(("127.0.0.1", options.port), _Handler).serve_forever()


if __name__ == "__main__":
    main()
