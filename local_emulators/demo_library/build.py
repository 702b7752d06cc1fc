"""The demo library: songs and dancers made here, taken in like anybody's."""

import tempfile
from collections.abc import Callable
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
        songs, moves = Path(folder) / "songs", Path(folder) / "moves"
        make_songs(songs, lambda done, of: progress("composing songs", done / of))
        make_clips(moves, lambda done, of: progress("drawing dancers", done / of), workers)
        return ingest(songs, moves, None, stack, workers=workers, progress=progress)
