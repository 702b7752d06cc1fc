"""The demo library: songs and dancers made here, taken in like anybody's."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from catalog import Library, Summary, ingest
from local_emulators.demo_library.dancers import make_clips
from local_emulators.demo_library.songs import make_songs

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, done, of)."""


def build_demo_library(library: Library, progress: Progress, workers: int = 2) -> Summary:
    """Make the songs and clips in a temporary folder and ingest them into `library`."""
    with tempfile.TemporaryDirectory(prefix="choreo-demo-") as folder:
        songs, moves = Path(folder) / "songs", Path(folder) / "moves"
        make_songs(songs, lambda done, of: progress("Composing songs", done, of))
        make_clips(moves, lambda done, of: progress("Drawing dancers", done, of), workers)
        return ingest(
            songs=songs,
            moves=moves,
            manifest=None,
            library=library,
            workers=workers,
            progress=lambda done, of: progress("Taking them in", done, of),
        )
