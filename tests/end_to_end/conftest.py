"""One small library of own media, ingested once for all tests of the whole flow."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_client import Api
from machine import own_copy
from own_media import write_own_media

from choreo_cli.library import ingest_folders
from local_emulators.stack import LocalStack


@pytest.fixture(scope="session")
def own_media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `songs` and `moves`."""
    return own_copy(tmp_path_factory, "own_media", write_own_media)


@pytest.fixture(scope="session")
def library(own_media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    def ingest(folder: Path) -> None:
        songs, moves = own_media / "songs", own_media / "moves"
        summary = ingest_folders(folder, songs, moves, None, None, 1, quiet=True)
        assert not summary.refusals
        assert len(summary.moves_made) == 6

    return own_copy(tmp_path_factory, "library", ingest)


@pytest.fixture(scope="session")
def stack(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    log = tmp_path_factory.mktemp("log") / "stack.log"
    with log.open("w") as output, LocalStack(library, 0, output) as running:
        yield running


@pytest.fixture(scope="session")
def api(stack: LocalStack) -> Api:
    return Api(stack.addresses.page)
