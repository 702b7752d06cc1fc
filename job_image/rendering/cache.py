"""What one render encoded, kept for the next: joints and sound, found again by their content.

The entries that one video is made of can be packed into a file and unpacked elsewhere.

The name of an entry is a hash of everything that goes into it (the clips' packets, the frames
drawn, the parameters), so an entry is never wrong, only unused.
"""

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import zipfile
from pathlib import Path

from choreo.errors import RenderFailed

MOST_BYTES = 512_000_000
"""Some forty videos of four minutes; what was not used for longest goes first."""

LARGEST_ENTRY = 32_000_000
"""Larger ones are not kept: they would be held in memory."""

_RECIPE = b"5"
"""Raise it when the same parameters come to mean another picture or sound."""

MOST_PACKED = 128_000_000
"""Bytes of a packed file: the joints of twenty minutes."""

_DIGEST = 32

_NAME = re.compile(f"[0-9a-f]{{{2 * _DIGEST}}}")


def key_of(*parts: object) -> str:
    """Return the name of what is made from these values; `repr` must tell them apart."""
    return hashlib.blake2b(_RECIPE + repr(parts).encode(), digest_size=_DIGEST).hexdigest()


def digest_of(path: Path) -> str:
    """Return a hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_DIGEST)).hexdigest()


class JointCache:
    """A folder of entries. Several renders may share it; threads may, too.

    Every file begins with a hash of the rest: a torn or changed one counts as absent.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """Use a folder, made if need be.

        Raises:

            RenderFailed: If it cannot be made.
        """
        self._folder = folder
        self._most_bytes = most_bytes
        self._used: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise RenderFailed(f"the cache {folder.name} cannot be made: {exc.strerror}") from exc

    def get(self, key: str) -> bytes | None:
        """Return an entry, or None."""
        path = self._folder / key
        try:
            whole = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        found = whole[_DIGEST:]
        if _checksum(found) != whole[:_DIGEST]:
            return None
        self._used.add(key)
        return found

    def put(self, key: str, data: bytes) -> None:
        """Keep an entry. A full disk or a lost folder is no fault: nothing is kept then."""
        if len(data) > LARGEST_ENTRY:
            return
        with contextlib.suppress(OSError):
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_checksum(data) + data)
                Path(name).replace(self._folder / key)
                self._used.add(key)
            finally:
                Path(name).unlink(missing_ok=True)

    def pack(self, file: Path) -> int:
        """Write what was found or kept here into one file, as far as `MOST_PACKED` goes.

        Returns: How many entries are in it.

        Raises:

            OSError: If it cannot be written.
        """
        count, room = 0, MOST_PACKED
        with zipfile.ZipFile(file, "w") as packed:
            for key in sorted(self._used):
                path = self._folder / key
                size = path.stat().st_size if path.is_file() else room + 1
                if size <= room:
                    packed.write(path, key)
                    count, room = count + 1, room - size
        return count

    def unpack(self, file: Path) -> int:
        """Take in what was packed elsewhere; entries that are none are left out.

        Returns: How many entries were taken.
        """
        count, room = 0, MOST_PACKED
        with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(file) as packed:
            for entry in packed.infolist():
                plain = entry.compress_type == zipfile.ZIP_STORED
                if not plain or not _NAME.fullmatch(entry.filename) or entry.file_size > room:
                    continue
                with packed.open(entry) as source, (self._folder / entry.filename).open("wb") as to:
                    shutil.copyfileobj(source, to)
                count, room = count + 1, room - entry.file_size
        return count

    def tidy(self) -> None:
        """Remove what was not used for longest until the rest fits."""
        entries = []
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                found = path.stat()
                entries.append((found.st_mtime, found.st_size, path))
        left = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if left <= self._most_bytes:
                return
            path.unlink(missing_ok=True)
            left -= size


def _checksum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST).digest()
