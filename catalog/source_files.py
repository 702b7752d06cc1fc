"""Which files of a folder are taken in, and why the others are not.

Source folders are only read.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from choreo.media_kinds import SONG_SUFFIXES

_PASSED_OVER = frozenset(
    {".json", ".csv", ".txt", ".md", ".pdf", ".srt", ".vtt", ".lrc", ".ini", ".db", ".url"}
)
"""What lies beside media in every folder; naming it would hide the refusals that matter."""
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".heic", ".tif", ".tiff"})

MAX_SONG_BYTES = 1 << 30
"""An hour and a half of uncompressed stereo; songs may last half an hour."""
MAX_CLIP_BYTES = 8 << 30
"""Ten minutes of what a cinema camera writes."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Source:
    """One file to take in."""

    path: Path
    relative: str
    """Place below the source folder, `/` between parts: the name people know it by."""

    @property
    def stem(self) -> str:
        """File name without its suffix."""
        return self.path.stem

    @property
    def folder(self) -> str:
        """Name of the folder around it, or empty at the top."""
        parts = self.relative.split("/")
        return parts[-2] if len(parts) > 1 else ""


@dataclass(frozen=True)
class Refusal:
    """Something that was not taken in."""

    file: str
    reason: str
    """What is wrong and what would be right."""


def find_sources(folder: Path, suffixes: frozenset[str]) -> tuple[list[Source], list[Refusal]]:
    """Return the media files below `folder`, by name, and what was refused at first sight.

    Hidden files and the usual sidecars (text, subtitles, tables) are passed over in silence.
    """
    root = folder.resolve()
    limit = MAX_SONG_BYTES if suffixes is SONG_SUFFIXES else MAX_CLIP_BYTES
    sources, refusals = [], []
    for path, relative in _walk(root):
        reason = _fault_in(path, root, suffixes, limit)
        if reason is None:
            sources.append(Source(path, relative))
        elif reason:
            shown = relative.encode("utf-8", "backslashreplace").decode()
            refusals.append(Refusal(shown, reason))
    return sources, refusals


def _walk(root: Path) -> Iterator[tuple[Path, str]]:
    for parent, folders, files in os.walk(root):
        folders.sort()
        here = Path(parent)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = [name for name in folders if not name.startswith(".") and name not in links]
        for name in sorted([*files, *links]):
            if not name.startswith("."):
                yield here / name, (here / name).relative_to(root).as_posix()


def _fault_in(path: Path, root: Path, suffixes: frozenset[str], limit: int) -> str | None:
    """Return why a file is refused, "" if it is passed over in silence, None if it is taken."""
    suffix = path.suffix.lower()
    if path.is_symlink():
        target = path.resolve()
        if not target.is_relative_to(root):
            return "is a link that leads out of the folder; copy the file itself"
        if target.is_dir():
            return "is a link to a folder; its files are read where they are"
    if suffix in _PASSED_OVER:
        return ""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return "has a name that is not UTF-8; rename it"
    if suffix not in suffixes:
        kind = "is a still picture" if suffix in _PICTURES else "is of a kind that is not read"
        return f"{kind}; give {', '.join(sorted(suffixes))}"
    if not path.is_file():
        return "is not a regular file"
    if not os.access(path, os.R_OK):
        return "may not be read by this user"
    size = path.stat().st_size
    if size == 0:
        return "is empty (0 bytes)"
    if size > limit:
        return f"has {size >> 20} MiB; {limit >> 20} MiB is the most"
    return None


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def slug(text: str, fallback: str = "") -> str:
    """Return `text` as lower-case ASCII words joined by `_`, at most 80 characters.

    Args:

        text: Any name.

        fallback: Returned when nothing of `text` can be written in ASCII.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return words[:80].strip("_") or fallback
