"""One small library of own media, ingested once for all tests of the whole flow."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_client import Api
from own_media import write_own_media

from choreo_cli.library import ingest_folders
from local_emulators.stack import LocalStack


@pytest.fixture(scope="session")
def own_media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `songs` and `moves`."""
    folder = tmp_path_factory.mktemp("own_media")
    write_own_media(folder)
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


@pytest.fixture(scope="session")
def stack(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    log = tmp_path_factory.mktemp("log") / "stack.log"
    with log.open("w") as output, LocalStack(library, 0, output) as running:
        yield running


@pytest.fixture(scope="session")
def api(stack: LocalStack) -> Api:
    return Api(stack.addresses.page)
