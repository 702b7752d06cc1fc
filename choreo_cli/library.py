"""`choreo ingest` and `choreo library`."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from choreo.errors import InvalidInput
from choreo.settings import Role, Settings
from choreo.wiring import Stack
from choreo_cli.screen import print_json, progress

if TYPE_CHECKING:
    from catalog.summary import Summary

LAST_INGEST = "last_ingest.json"
"""File of a library with the summary of its last `choreo ingest`, for reports."""


def open_stack(library: Path) -> Stack:
    """Open a library's database and store; the environment may name others."""
    environment = {**os.environ, "LIBRARY": str(library)}
    return Stack(Settings.from_env(environment, Role.CATALOG))


def ingest_folders(
    library: Path,
    songs: Path | None,
    moves: Path | None,
    manifest: Path | None,
    template: Path | None,
    workers: int | None,
    quiet: bool,
) -> "Summary":
    """Bring folders into the library, with progress on stderr."""
    from catalog import pose_models
    from catalog.ingest import ingest

    folder = pose_models.default_folder()
    with progress(quiet) as show:
        summary = ingest(
            songs,
            moves,
            manifest,
            open_stack(library),
            workers=workers,
            progress=show,
            template=template,
            pose_models=folder if pose_models.are_installed(folder) else None,
        )
    if library.is_dir():
        text = json.dumps(asdict(summary), ensure_ascii=False)
        (library / LAST_INGEST).write_text(text, encoding="utf-8")
    return summary


def last_refusals(library: Path) -> list[dict[str, str]]:
    """Return `file` and `reason` of all that the last `choreo ingest` refused."""
    try:
        found = json.loads((library / LAST_INGEST).read_text(encoding="utf-8"))
        return [{"file": r["file"], "reason": r["reason"]} for r in found["refusals"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def print_summary(summary: "Summary", as_json: bool) -> None:
    """Print what became of an ingest."""
    if as_json:
        print_json(asdict(summary))
        return
    console = Console()
    table = Table("", "new or changed", "unchanged", "removed", box=None)
    table.add_row("songs", str(len(summary.songs_made)), str(len(summary.songs_unchanged)), "0")
    table.add_row(
        "moves",
        str(len(summary.moves_made)),
        str(len(summary.moves_unchanged)),
        str(len(summary.moves_removed)),
    )
    console.print(table)
    for title, items in (("Refused", summary.refusals), ("To be checked", summary.warnings)):
        if items:
            console.print(f"{title}:", style="bold")
            for item in items:
                console.print(f"  {item.file}: {item.reason}", markup=False, soft_wrap=True)
    console.print(f"{summary.seconds:.1f} s")


def print_coverage(library: Path, picture: Path | None, as_json: bool) -> None:
    """Print what a library has and lacks; draw it as a page when `picture` names a file.

    Raises:

        InvalidInput: If there is no library.
    """
    from catalog.coverage import coverage
    from choreo_cli.covering import document, lines, write_page

    if not (library / "choreo.db").exists() and not os.environ.get("DATABASE_URL"):
        raise InvalidInput(f"there is no library in {library}; `choreo ingest` makes one")
    stack = open_stack(library)
    report, songs = coverage(stack.catalogue.embedded_moves()), stack.catalogue.songs()
    refused = last_refusals(library)
    if picture is not None:
        write_page(picture, report, songs, refused)
    if as_json:
        print_json(document(report, songs, refused))
    else:
        print(lines(report, songs, refused))
