"""One small library of own media, ingested once for all tests of the whole flow."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_media import make_clips, make_song

from choreo_cli.library import ingest_folders
from local_emulators.stack import LocalStack

PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="session")
def own_media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `songs` and `moves`."""
    folder = tmp_path_factory.mktemp("own_media")
    make_song(folder / "songs")
    make_clips(folder / "moves")
    return folder


@pytest.fixture(scope="session")
def library(own_media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    summary = ingest_folders(
        folder, own_media / "songs", own_media / "moves", None, None, 1, quiet=True
    )
    assert not summary.refusals
    assert len(summary.moves_made) == 6
    return folder


class Api:
    """The running stack as a frontend sees it."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.address + path, timeout=30) as answer:
            return json.load(answer)

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        request = urllib.request.Request(
            self.address + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
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


@pytest.fixture(scope="session")
def stack(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    log = tmp_path_factory.mktemp("log") / "stack.log"
    with log.open("w") as output, LocalStack(library, 0, output) as running:
        yield running


@pytest.fixture(scope="session")
def api(stack: LocalStack) -> Api:
    return Api(stack.addresses.page)
