"""The inbox of a library: what people dropped on the page, and what became of it.

Files lie below `songs` and `moves` and stay there: they are the originals. What became of each is
written down beside them, so that a restart neither forgets a refusal nor reads everything again.
"""

import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from catalog.summary import Outcome
from choreo.media_kinds import CLIP_SUFFIXES, SONG_SUFFIXES

KINDS = {"songs": SONG_SUFFIXES, "moves": CLIP_SUFFIXES}
"""The folders of an inbox, and what may lie in them."""

RECORDS = ".outcomes.json"

ABANDONED_SECONDS = 24 * 3600.0
"""An upload that has not grown for so long has been given up."""


@dataclass(frozen=True)
class Record:
    """What became of one version of one file."""

    size: int
    modified: int
    """Nanoseconds since 1970."""
    state: str
    """`made`, `unchanged` or `refused`; see `catalog.summary.Outcome`."""
    ids: tuple[str, ...]
    reason: str
    warnings: tuple[str, ...]


class Inbox:
    """The folder and its records.

    Args:

        folder: Made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        for kind in KINDS:
            (folder / kind).mkdir(parents=True, exist_ok=True)
        self._records = self._read()

    def waiting(self, kind: str) -> list[str]:
        """Return the files of a kind of which nothing is known yet, by name below the inbox."""
        with self._lock:
            known = dict(self._records)
        return [
            name
            for name, stamp in self._files(kind)
            if name not in known or (known[name].size, known[name].modified) != stamp
        ]

    def note(self, kind: str, outcome: Outcome) -> None:
        """Write down what became of a file; one that is gone by now is passed over."""
        name = f"{kind}/{outcome.file}"
        stamp = _stamp(self.folder / name)
        if stamp is None:
            return
        record = Record(*stamp, outcome.state, outcome.ids, outcome.reason, outcome.warnings)
        with self._lock:
            before = self._records.get(name)
            if before is not None and outcome.state == "unchanged" and before.ids == record.ids:
                # What was made of it before is still there, doubts included.
                record = replace(record, state=before.state, warnings=before.warnings)
            self._records[name] = record
            self._write()

    def forget_the_gone(self) -> None:
        """Drop the records of files that are gone, and what is left of abandoned uploads."""
        there = {name for kind in KINDS for name, _ in self._files(kind)}
        with self._lock:
            self._records = {
                name: record for name, record in self._records.items() if name in there
            }
            self._write()
        for part in self.folder.rglob(".*.part"):
            stamp = _stamp(part)
            if stamp is not None and time.time() - stamp[1] / 1e9 > ABANDONED_SECONDS:
                part.unlink(missing_ok=True)

    def documents(self) -> list[dict[str, Any]]:
        """Return every file with its state, the newest first."""
        with self._lock:
            known = dict(self._records)
        found = []
        for kind in KINDS:
            for name, stamp in self._files(kind):
                record = known.get(name)
                if record is None or (record.size, record.modified) != stamp:
                    record = Record(*stamp, "waiting", (), "", ())
                found.append({"file": name, **asdict(record)})
        return sorted(found, key=lambda document: document["modified"], reverse=True)

    def refusals(self) -> list[dict[str, str]]:
        """Return what was refused, with its reason."""
        return [
            {"file": document["file"], "reason": document["reason"]}
            for document in self.documents()
            if document["state"] == "refused"
        ]

    def _files(self, kind: str) -> Iterator[tuple[str, tuple[int, int]]]:
        for parent, folders, names in os.walk(self.folder / kind):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                path = Path(parent) / name
                stamp = _stamp(path)
                if not name.startswith(".") and path.suffix.lower() in KINDS[kind] and stamp:
                    yield path.relative_to(self.folder).as_posix(), stamp

    def _read(self) -> dict[str, Record]:
        try:
            found = json.loads((self.folder / RECORDS).read_text(encoding="utf-8"))
            return {
                name: Record(
                    **{**fields, "ids": tuple(fields["ids"])}
                    | {"warnings": tuple(fields["warnings"])}
                )
                for name, fields in found.items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            # Without records every file is looked at again; what is in the library stays there.
            return {}

    def _write(self) -> None:
        part = self.folder / f"{RECORDS}.{secrets.token_hex(4)}"
        documents = {name: asdict(record) for name, record in self._records.items()}
        part.write_text(json.dumps(documents, ensure_ascii=False), encoding="utf-8")
        part.replace(self.folder / RECORDS)


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
