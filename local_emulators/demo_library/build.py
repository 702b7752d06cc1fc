"""The demo library: songs and dancers made here, taken in like anybody's."""

import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from catalog.ingest import ingest
from catalog.summary import Summary
from choreo.wiring import Stack
from local_emulators.demo_library.dancers import make_clips
from local_emulators.demo_library.songs import make_songs

Progress = Callable[[str, float], None]
"""Called with (what is being done, share of it that is done: 0 to 1)."""


def build_demo_library(stack: Stack, progress: Progress, workers: int = 2) -> Summary:
    """Make the songs and clips in a temporary folder and ingest them into `stack`'s library."""
    with tempfile.TemporaryDirectory(prefix="choreo-demo-") as folder:
        songs, moves = make_media(Path(folder), progress, workers)
        return ingest(songs, moves, None, stack, workers=workers, progress=progress)


def make_media(folder: Path, progress: Progress, workers: int = 2) -> tuple[Path, Path]:
    """Write `folder`/songs and `folder`/moves, with the truth beside each file."""
    songs, moves = folder / "songs", folder / "moves"
    # The band rehearses in a process of its own while the dancers are drawn.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as band:
        rehearsal = band.submit(_compose, songs)
        make_clips(moves, lambda done, of: progress("drawing dancers", done / of), workers)
        rehearsal.result()
    return songs, moves


def _compose(folder: Path) -> None:
    make_songs(folder, lambda _done, _of: None)
