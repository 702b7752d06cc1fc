"""The running stack with a small library, and a browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import require
from playwright.sync_api import Browser, Error, sync_playwright
from visitor import Visitor

from choreo_cli.library import ingest_folders
from local_emulators.demo_library.synthesiser import Part
from local_emulators.small_media import write_moves, write_song
from local_emulators.stack import LocalStack, Options


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    parts = [Part("verse", 4), Part("chorus", 4, "majao")]
    write_song(folder / "songs", "Patio", parts)
    write_moves(folder / "moves")
    library = folder / "library"
    summary = ingest_folders(library, folder / "songs", folder / "moves", None, None, 1, quiet=True)
    assert not summary.refusals
    return library


@pytest.fixture(scope="session")
def address(library: Path) -> Iterator[str]:
    options = Options(job_script=Path(__file__).with_name("held_job.py"))
    with (
        (library.parent / "stack.log").open("w") as log,
        LocalStack(library, 0, log, options) as stack,
    ):
        yield stack.addresses.page.rstrip("/")


@pytest.fixture
def hold(library: Path) -> Iterator[Path]:
    """A file: while it is there no whole video is published."""
    file = library / "hold"
    file.touch()
    yield file
    file.unlink(missing_ok=True)


# Not for the session: a process can run one Playwright at a time, and other files have their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        fault, found = "", None
        try:
            found = playwright.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
                args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
            )
        except Error as exc:
            fault = exc.message.splitlines()[0]
        require("chromium" if found else None, f"no Chromium here: {fault}")
        assert found is not None
        yield found
        found.close()


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Visitor]:
    found = Visitor.arrive(browser, address)
    yield found
    found.context.close()
