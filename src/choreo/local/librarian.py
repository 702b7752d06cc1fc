"""The librarian of the local stack, asked over HTTP."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from choreo.errors import InvalidInput, StageFailed, Unavailable

SECONDS = 120.0
"""A correction has the song's 8-counts described anew, which a loaded laptop takes long for."""


class LibrarianClient:
    """Asks the librarian; see `choreo.ports.Librarian`.

    Args:

        url: Where it listens, such as `http://127.0.0.1:8083`.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise StageFailed(f"LIBRARIAN_URL is {url!r}; it must look like http://127.0.0.1:8083")
        self._host, self._port = parts.hostname, parts.port

    def wake(self) -> None:
        """Have what waits in the inbox taken in."""
        self._ask("POST", "/wake", {})

    def state(self) -> Mapping[str, Any]:
        """Return what is being taken in, and what became of each file."""
        return self._ask("GET", "/state")

    def report(self) -> Mapping[str, Any]:
        """Return what the library has and lacks."""
        return self._ask("GET", "/report")

    def correct_counts(self, song_id: str, said: Mapping[str, object], key: str | None) -> None:
        """Store a person's correction of a song's count."""
        self._ask("POST", f"/songs/{quote(song_id, safe='')}/counts", {"said": said, "key": key})

    def edit_move(self, move_id: str, said: Mapping[str, object]) -> None:
        """Store what a person says about a move."""
        self._ask("POST", f"/moves/{quote(move_id, safe='')}", {"said": said})

    def _ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Mapping[str, Any]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=SECONDS)
        data = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, data, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            status, text = reply.status, reply.read()
            answer = json.loads(text)
        except (OSError, http.client.HTTPException, ValueError) as exc:
            raise Unavailable(f"the librarian did not answer: {exc!r}") from exc
        finally:
            connection.close()
        if status == 422:
            raise InvalidInput(str(answer["error"]))
        if status != 200 or not isinstance(answer, dict):
            raise Unavailable(f"the librarian answered {status}: {text[:200]!r}")
        return answer
