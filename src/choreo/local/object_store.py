"""A folder as object store: every object is a file, written once."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from choreo.errors import (
    AlreadyPublished,
    ChoreoError,
    MediaMissing,
    Unavailable,
    UnreadableMedia,
    UnsafePath,
)
from choreo.media_path import MediaPath, checked_path

COPY_CHUNK = 1 << 20
"""Bytes held in memory while a file is copied."""

_NOT_THERE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class FolderStore:
    """Media in a folder of this machine.

    Links inside the store are followed as long as they stay in it; one that leads out of it
    is refused at every door, also when it stands in for a parent folder.

    Args:

        root: The store's folder; it is made by the first `publish`.
    """

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.realpath(root))

    def fetch(self, path: MediaPath, to: Path) -> None:
        """Copy an object into the file `to`; see `choreo.ports.ObjectStore`."""
        source = self.file_of(path)
        with _translated(f"{path!r} cannot be fetched"):
            part = _part_beside(to)
            try:
                _copy(source, part)
                part.replace(to)
            finally:
                part.unlink(missing_ok=True)

    def publish(self, file: Path, path: MediaPath) -> int:
        """Store a file once and return its size; see `choreo.ports.ObjectStore`.

        Raises:

            UnreadableMedia: If `file` cannot be read.

            UnsafePath: If `path` is a folder of the store, or lies below an object.
        """
        self._inside(path)
        target = self._place(path)
        if not file.is_file() or not os.access(file, os.R_OK):
            raise UnreadableMedia(f"{file} cannot be published: it is not a readable file")
        with _translated(f"{path!r} cannot be published"):
            if target.is_dir():
                raise UnsafePath(f"{path!r} is a folder of the store; name an object in it")
            if target.exists():
                raise AlreadyPublished(f"{path!r} is already published")
            _make_folder(target.parent, path)
            part = _part_beside(target)
            try:
                size = _copy(file, part, durable=True)
                # A link, unlike a rename, fails when the name is taken: one writer wins.
                os.link(part, target)
            except FileExistsError:
                raise AlreadyPublished(f"{path!r} is already published") from None
            finally:
                part.unlink(missing_ok=True)
            _sync_folder(target.parent)
        return size

    def size(self, path: MediaPath) -> int | None:
        """Return the size in bytes, or None if there is no object under `path`."""
        try:
            return self.file_of(path).stat().st_size
        except (MediaMissing, *_NOT_THERE):
            return None

    def remove(self, path: MediaPath) -> None:
        """Remove the object; nothing happens if there is none."""
        self._inside(path)
        with _translated(f"{path!r} cannot be removed"):
            place = self._place(path)
            if not place.is_dir() or place.is_symlink():
                try:
                    place.unlink()
                except _NOT_THERE:
                    return

    def file_of(self, path: MediaPath) -> Path:
        """Return the file in which the object lies, for serving parts of it.

        Raises:

            MediaMissing: If nothing is stored under `path`.

            UnsafePath: If `path` is no key, or leaves the store through a link.
        """
        file = self._inside(path)
        with _translated(f"{path!r} cannot be read"):
            if not file.is_file():
                raise MediaMissing(f"{path!r} is not in the store")
        return file

    def _inside(self, path: str) -> Path:
        return self._resolved(self._root / checked_path(path), path)

    def _place(self, path: str) -> Path:
        """Return where the object's own name stands, which may itself be a link."""
        plain = self._root / checked_path(path)
        return self._resolved(plain.parent, path) / plain.name

    def _resolved(self, file: Path, path: str) -> Path:
        resolved = Path(os.path.realpath(file))
        if not resolved.is_relative_to(self._root):
            raise UnsafePath(f"{path!r} leaves the store through a link; copy the file into it")
        return resolved


def _part_beside(file: Path) -> Path:
    return file.parent / f".{secrets.token_hex(8)}.part"


def _copy(source: Path, target: Path, durable: bool = False) -> int:
    # Both names were resolved: a link found here now was put there meanwhile.
    write = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with (
        os.fdopen(os.open(source, os.O_RDONLY | os.O_NOFOLLOW), "rb") as reader,
        os.fdopen(os.open(target, write, 0o666), "wb") as writer,
    ):
        shutil.copyfileobj(reader, writer, COPY_CHUNK)
        writer.flush()
        if durable:
            os.fsync(writer.fileno())
        return writer.tell()


def _make_folder(folder: Path, path: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as exc:
        raise UnsafePath(f"{path!r} lies below an object; choose another key") from exc


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except ChoreoError:
        raise
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise UnsafePath(f"{what}: it is a link that leads nowhere") from exc
        raise Unavailable(f"{what}: {exc.strerror or exc}") from exc
