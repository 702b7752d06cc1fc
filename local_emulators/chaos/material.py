"""The library that tasks ask videos of while things break."""

from pathlib import Path

from local_emulators.demo_library.synthesiser import Part
from local_emulators.small_media import MOVES, TEMPO, write_moves, write_song

SONGS = {"patio": TEMPO, "azotea": 124.0}
TOO_FAST = "carrera"
"""A song that no clip can follow: its tasks must fail, and say why."""


def make_library(library: Path, sources: Path) -> None:
    """Make the songs and clips in `sources` and take them in to `library`.

    Raises:

        RuntimeError: If something was refused.
    """
    from choreo_cli.library import ingest_folders

    for seed, (name, tempo) in enumerate([*SONGS.items(), (TOO_FAST, 146.0)]):
        write_song(sources / "songs", name, [Part("verse", 1)], tempo, seed)
    write_moves(sources / "moves", MOVES[:4])
    summary = ingest_folders(
        library, sources / "songs", sources / "moves", None, None, 2, quiet=True
    )
    if summary.refusals:
        raise RuntimeError(f"the library for the run was not made: {summary.refusals}")
