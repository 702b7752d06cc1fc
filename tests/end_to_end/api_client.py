"""The running stack as a frontend sees it."""

import json
import urllib.error
import urllib.request
from typing import Any

from machine import PATIENCE_SECONDS


class Api:
    """Calls of the API at one address."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.address + path, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        request = urllib.request.Request(
            self.address + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as exc:
            return exc.code, json.load(exc)

    def ask_for_song(self, **wishes: object) -> str:
        status, answer = self.call(
            "POST", "/api/choreography/generate-from-song", {"song_id": "patio", **wishes}
        )
        assert status == 202, answer
        return str(answer["task_id"])

    def task(self, task_id: str) -> Any:
        return self.get(f"/api/choreography/tasks/{task_id}")
