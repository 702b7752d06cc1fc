"""Working folders of a stack, which do not outlive it.

Each stack has a folder of its own below a common one and holds a lock on it. A stack that was
killed could not remove its folder; the next one sees that nobody holds the lock, and does.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def own_folder(base: Path) -> Iterator[Path]:
    """Make a folder below `base` for the length of a `with` block; remove what others left."""
    base.mkdir(parents=True, exist_ok=True)
    remove_abandoned(base)
    folder = base / secrets.token_hex(4)
    folder.mkdir()
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
        with contextlib.suppress(OSError):
            base.rmdir()  # another stack may be at work in it


def remove_abandoned(base: Path) -> None:
    """Remove the folders below `base` that nobody holds any more."""
    for folder in base.iterdir():
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            continue  # removed by its owner just now, or no folder
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
