"""Save a local library with its tasks in one file, and bring it back.

python -m tools.backup save --library library backup.tar
python -m tools.backup restore --library library backup.tar

The stack may run while a library is saved: the database is copied as of one moment, and the
media after it, which are written once and never changed; what is removed meanwhile is left out.
A database elsewhere is not saved: docs/operations.md says how.
"""

import argparse
import contextlib
import os
import sqlite3
import sys
import tarfile
import tempfile
from pathlib import Path

DATABASE = "choreo.db"

FOLDERS = ("media", "inbox")
"""Of the library; working folders and logs are not saved."""


class BackupFailed(Exception):
    """Nothing was written; the text says why."""


def save(library: Path, file: Path) -> int:
    """Write a library to `file`, which appears when it is whole; return its size in bytes.

    Raises:

        BackupFailed: If there is no library, or `file` exists.
    """
    if not (library / DATABASE).is_file():
        raise BackupFailed(f"{library} is no library: it has no {DATABASE}")
    if file.exists():
        raise BackupFailed(f"{file} exists; name a new file")
    part = file.with_name(f".{file.name}.part")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="choreo-") as folder,
            # Links are saved as what they lead to: a link out of the library restores nowhere.
            tarfile.open(part, "w", dereference=True) as tar,
        ):
            copy = Path(folder) / DATABASE
            _copy_database(library / DATABASE, copy)
            tar.add(copy, DATABASE)
            for name in FOLDERS:
                _add(tar, library / name, name)
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    return file.stat().st_size


def restore(file: Path, library: Path) -> None:
    """Bring the library of a file from `save` back as `library`, which must not exist yet.

    Raises:

        BackupFailed: If `library` exists, or `file` cannot be read as a backup.
    """
    if library.exists():
        raise BackupFailed(f"{library} exists; move it away first, or name another folder")
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=library.parent) as name:
        folder = Path(name) / "library"
        try:
            with tarfile.open(file) as tar:
                tar.extractall(folder, filter="data")
        except (OSError, tarfile.TarError) as exc:
            raise BackupFailed(f"{file} cannot be read as a backup: {exc}") from exc
        if not (folder / DATABASE).is_file():
            raise BackupFailed(f"{file} is no backup of a library: it has no {DATABASE}")
        os.rename(folder, library)  # noqa: PTH104 - the folder's context must keep its own path


def _copy_database(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(source)) as reader,
        contextlib.closing(sqlite3.connect(target)) as writer,
    ):
        reader.backup(writer)


def _add(tar: tarfile.TarFile, folder: Path, name: str) -> None:
    """Add a folder with what is finished in it, as far as it is still there when its turn comes."""
    for parent, _, files in os.walk(folder):
        place = name / Path(parent).relative_to(folder)
        tar.add(parent, str(place), recursive=False)
        for file in files:
            if not file.endswith(".part"):
                with contextlib.suppress(FileNotFoundError):
                    tar.add(Path(parent) / file, str(place / file), recursive=False)


def main() -> int:
    """Save or restore."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.backup",
        description="Save a local library in one file, or bring it back.",
        epilog="Example: python -m tools.backup save --library library backup.tar",
    )
    parser.add_argument("what", choices=("save", "restore"))
    parser.add_argument("--library", type=Path, default=Path("library"))
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    try:
        if options.what == "save":
            print(f"saved {save(options.library, options.file):,} bytes in {options.file}")
        else:
            restore(options.file, options.library)
            print(f"restored {options.library}")
    except (BackupFailed, OSError, sqlite3.Error) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
