"""The running stack with a small library, and a browser."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from machine import own_copy
from playwright.sync_api import Browser
from visitor import Visitor

from choreo_cli.library import ingest_folders
from local_emulators.demo_library.synthesiser import Part
from local_emulators.small_media import write_moves, write_song
from local_emulators.stack import LocalStack, Options

STACK_LOG = pytest.StashKey[Path]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with each failure what the stack said last."""
    report = yield
    if report.failed and STACK_LOG in item.config.stash:
        words = item.config.stash[STACK_LOG].read_text(errors="replace").splitlines()
        report.sections.append(("the stack's last lines", "\n".join(words[-60:])))
    return report


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def ingest(folder: Path) -> None:
        songs, moves = folder / "songs", folder / "moves"
        write_song(songs, "Patio", [Part("verse", 4), Part("chorus", 4, "majao")])
        write_moves(moves)
        summary = ingest_folders(folder / "library", songs, moves, None, None, 1, quiet=True)
        assert not summary.refusals

    return own_copy(tmp_path_factory, "page", ingest) / "library"


@pytest.fixture(scope="session")
def address(library: Path, pytestconfig: pytest.Config) -> Iterator[str]:
    file = pytestconfig.stash[STACK_LOG] = library.parent / "stack.log"
    options = Options(job_script=Path(__file__).with_name("held_job.py"))
    with (
        file.open("w") as log,
        LocalStack(library, 0, log, options) as stack,
    ):
        yield stack.addresses.page.rstrip("/")
        ended = stack.restart_what_ended()
        assert not ended, [(child.service.name, child.last_lines[-15:]) for child in ended]


@pytest.fixture
def hold(library: Path) -> Iterator[Path]:
    """A file: while it is there no whole video is published."""
    file = library / "hold"
    file.touch()
    yield file
    file.unlink(missing_ok=True)


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Visitor]:
    found = Visitor.arrive(browser, address)
    yield found
    found.context.close()
