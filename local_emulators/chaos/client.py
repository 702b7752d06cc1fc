"""Those who ask for videos, and do not give up when nobody answers."""

import contextlib
import json
import random
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from local_emulators.chaos.material import SONGS, TOO_FAST

PATIENCE = 240.0
"""Seconds in which the API must answer at all; a service is away for a fraction of it."""

UNPLAYABLE, SENTENCES, CANCELLED, GIVEN_UP = 0.05, 0.05, 0.08, 0.03
"""Shares of the tasks: for a song that no clip fits, for a sentence, cancelled by the one who
asked, given up by the queue."""

SENTENCE = "a calm bachata for beginners with smooth transitions"


@dataclass(frozen=True)
class Wish:
    """One task to be asked for, and what is to be done to it."""

    key: str
    path: str
    body: dict[str, object]
    playable: bool
    cancel_after: float | None
    """Seconds after the answer."""
    give_up_after: float | None
    """Seconds after which the queue's dead letter comes."""

    @property
    def hopeful(self) -> bool:
        """True if nothing but the faults stands between this wish and its video."""
        return self.playable and self.cancel_after is None and self.give_up_after is None


def wishes(count: int, chances: random.Random, pace: float) -> list[Wish]:
    """Return `count` different wishes of few kinds, so that their plans can be compared.

    Args:

        pace: By which everything takes longer than with the shortest lease.
    """
    found = []
    for number in range(count):
        kind = chances.random()
        if kind < UNPLAYABLE:
            path, body = "generate-from-song", dict[str, object](song_id=TOO_FAST)
        elif kind < UNPLAYABLE + SENTENCES:
            path, body = "generate-with-ai", {"query": SENTENCE}
        else:
            song = chances.choice(list(SONGS))
            path, body = "generate-from-song", {"song_id": song, "seed": chances.randrange(2)}
        fate = chances.random()
        found.append(
            Wish(
                key=f"wish-{number}",
                path=f"/api/choreography/{path}",
                body=body,
                playable=body.get("song_id") != TOO_FAST,
                cancel_after=pace * chances.uniform(0, 8) if fate < CANCELLED else None,
                give_up_after=pace * chances.uniform(0, 5) if 1 - fate < GIVEN_UP else None,
            )
        )
    return found


class Client:
    """Asks until it is answered; a key makes asking twice the same as asking once."""

    def __init__(self, address: str, chances: random.Random) -> None:
        self._address = address
        self._chances = chances
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let all calls end with an error that are not answered yet."""
        self._stopped.set()

    def ask(self, wish: Wish) -> str:
        """Return the id of the wish's task; one in ten asks twice, as impatient people do."""
        status, answer = self.call("POST", wish.path, wish.body, wish.key)
        with self._lock:
            again = self._chances.random() < 0.1
        if again:
            status, answer = self.call("POST", wish.path, wish.body, wish.key)
        if status != 202:
            raise RuntimeError(f"{wish} was answered with {status}: {answer}")
        return str(answer["task_id"])

    def cancel(self, task_id: str) -> None:
        """Cancel a task, if it has not ended."""
        self.call("DELETE", f"/api/choreography/tasks/{task_id}")

    def task(self, task_id: str) -> dict[str, Any]:
        """Return what the API says about a task."""
        return dict(self.call("GET", f"/api/choreography/tasks/{task_id}")[1])

    def plays(self, path: str) -> bool:
        """Tell whether an address gives the beginning of an mp4 file."""
        request = urllib.request.Request(self._address + path, headers={"Range": "bytes=0-11"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return bytes(answer.read()[4:8]) == b"ftyp"
        except OSError:
            return False

    def call(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> tuple[int, Any]:
        """Return the first answer that is not a server's trouble.

        Raises:

            TimeoutError: If there is none for `PATIENCE`, or before `stop`.
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not self._stopped.is_set():
            with contextlib.suppress(OSError, ValueError):  # away, or ended while it answered
                status, answer = self._answer(method, path, body, key)
                if status < 500:
                    return status, answer
            self._stopped.wait(0.3)
        raise TimeoutError(f"{method} {path} was not answered within {PATIENCE:.0f} s")

    def _answer(self, method: str, path: str, body: object, key: str | None) -> tuple[int, Any]:
        request = urllib.request.Request(
            self._address + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                **({"Idempotency-Key": key} if key else {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as exc:
            with exc:
                return exc.code, json.load(exc)
