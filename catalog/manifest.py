"""What people say about their clips: a table with one row per file.

CSV (comma, semicolon or tab; UTF-8) with a header, or JSON (a list of objects). Only `file` is
required; every other column and every cell may be missing. What is told here always wins over
what is estimated.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from catalog.source_files import Refusal
from choreo.vocabulary import Difficulty, EnergyLevel, Foot, Hold, Style

MANIFEST_NAMES = ("manifest.csv", "manifest.json")
"""Looked for at the top of the clips' folder when no manifest is named."""

MAX_BYTES = 32 << 20
ROLES = ("move", "intro", "outro", "hold", "connector")
TEMPO_RANGE = (60.0, 220.0)
COUNTS_RANGE = (2, 64)


@dataclass(frozen=True)
class Told:
    """What a person said about one clip; None where nothing was said."""

    file: str
    name: str | None = None
    family: str | None = None
    role: str | None = None
    difficulty: Difficulty | None = None
    energy_level: EnergyLevel | None = None
    style: Style | None = None
    counts: int | None = None
    """Whole counts of the one move in the clip; absent: as many moves as fit."""
    first_count_at: float | None = None
    """Seconds on the clip's clock of the first count."""
    tempo: float | None = None
    """Beats per minute."""
    entry_hold: Hold | None = None
    exit_hold: Hold | None = None
    leader_foot_in: Foot | None = None
    follower_foot_in: Foot | None = None
    leader_foot_out: Foot | None = None
    follower_foot_out: Foot | None = None
    facing_in: float | None = None
    facing_out: float | None = None
    travel: float | None = None
    """Body heights between where the couple begins and where it ends."""
    rotation: float | None = None
    """Degrees by which the couple's axis turns."""
    loopable: bool | None = None
    prerequisites: tuple[str, ...] | None = None
    """Families of moves to know first."""
    session: str | None = None
    tags: tuple[str, ...] | None = None
    description: str | None = None


COLUMNS = tuple(entry.name for entry in fields(Told))
"""The columns, in the order in which a template is written."""


@dataclass(frozen=True)
class Manifest:
    """All that was told, and what could not be understood."""

    rows: dict[str, Told] = field(default_factory=dict)
    """By path below the clips' folder."""
    refusals: tuple[Refusal, ...] = ()

    def about(self, relative: str) -> Told | None:
        """Return what was told about a clip, by its path or, when only one row fits, its name."""
        if relative in self.rows:
            return self.rows[relative]
        name = relative.rsplit("/", 1)[-1]
        return self.rows.get(name)

    def without_file(self, relatives: Iterable[str]) -> list[str]:
        """Return the rows that speak of no file."""
        known = set(relatives)
        known |= {relative.rsplit("/", 1)[-1] for relative in known}
        return [name for name in self.rows if name not in known]


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; faults are gathered, and everything without fault is used.

    Never raises for what is inside the file: a table that cannot be read at all gives an empty
    manifest with one refusal.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            return _refused(path, f"has over {MAX_BYTES >> 20} MiB; it is not a list of clips")
        text = path.read_bytes().decode("utf-8-sig")
        records = _from_json(text) if path.suffix.lower() == ".json" else _from_csv(text)
    except OSError as exc:
        return _refused(path, f"cannot be read: {exc.strerror}")
    except UnicodeDecodeError:
        return _refused(path, "is not UTF-8; save it as CSV UTF-8")
    except (csv.Error, ValueError) as exc:
        return _refused(path, f"cannot be read as a table: {exc}")
    return _understood(path.name, records)


def write_manifest(rows: Iterable[Told], path: Path) -> None:
    """Write a CSV that `read_manifest` reads, one line per row, to fill in by hand.

    Raises:

        FileExistsError: If `path` exists: a person's words are never overwritten.
    """
    with path.open("x", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow([_cell(getattr(row, column)) for column in COLUMNS])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ";".join(str(part) for part in value)
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return str(value)


def _refused(path: Path, reason: str) -> Manifest:
    return Manifest(refusals=(Refusal(path.name, reason),))


def _from_csv(text: str) -> list[dict[str, str]]:
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return [
        {str(key or "").strip(): str(value or "").strip() for key, value in record.items()}
        for record in reader
    ]


def _from_json(text: str) -> list[dict[str, str]]:
    data: Any = json.loads(text)
    if not isinstance(data, list) or not all(isinstance(record, dict) for record in data):
        raise ValueError("it must be a list of objects")
    return [
        {
            key: ";".join(map(str, value)) if isinstance(value, list) else _cell(value)
            for key, value in record.items()
        }
        for record in data
    ]


def _understood(name: str, records: list[dict[str, str]]) -> Manifest:
    columns = {column for record in records for column in record}
    if records and "file" not in columns:
        shown = ", ".join(sorted(columns))[:200]
        reason = f"has no column 'file', only {shown}; the columns are {', '.join(COLUMNS)}"
        return Manifest(refusals=(Refusal(name, reason),))
    refusals = [
        Refusal(name, f"has the unknown column {column!r}; the columns are {', '.join(COLUMNS)}")
        for column in sorted(columns - set(COLUMNS) - {""})
    ]
    rows: dict[str, Told] = {}
    for line, record in enumerate(records, start=2):
        file = record.get("file", "").replace("\\", "/").removeprefix("./")
        if not file:
            refusals.append(Refusal(name, f"line {line} names no file"))
            continue
        if file in rows:
            refusals.append(Refusal(name, f"line {line} speaks of {file!r} again; the first holds"))
            continue
        rows[file], faults = _told(file, record)
        refusals += [Refusal(name, f"line {line}: {fault}") for fault in faults]
    return Manifest(rows, tuple(refusals))


def _told(file: str, record: dict[str, str]) -> tuple[Told, list[str]]:
    values: dict[str, Any] = {"file": file}
    faults = []
    for column in COLUMNS[1:]:
        text = record.get(column, "")
        if not text:
            continue
        try:
            values[column] = _PARSERS.get(column, _text)(text)
        except ValueError as exc:
            faults.append(f"{column} is {text[:60]!r}; {exc}, so it is estimated")
    return Told(**values), faults


_Word = TypeVar("_Word", bound=StrEnum)


def _one_of(words: type[_Word]) -> Callable[[str], _Word]:
    def parse(text: str) -> _Word:
        try:
            return words(text.lower().replace("-", "_").replace(" ", "_"))
        except ValueError:
            raise ValueError(f"it must be one of {', '.join(words)}") from None

    return parse


def _number(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise ValueError(f"it must be a number from {least:g} to {most:g}")
        return value

    return parse


def _counts(text: str) -> int:
    value = _number(*COUNTS_RANGE)(text)
    if value != round(value):
        raise ValueError("it must be a whole number")
    return round(value)


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false", "yes", "no", "1", "0"):
        raise ValueError("it must be true or false")
    return text.lower() in ("true", "yes", "1")


def _role(text: str) -> str:
    if text.lower() not in ROLES:
        raise ValueError(f"it must be one of {', '.join(ROLES)}")
    return text.lower()


def _tags(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace(",", ";").split(";") if part.strip())


def _text(text: str) -> str:
    return " ".join(text.split())[:500]


_PARSERS: dict[str, Callable[[str], object]] = {
    "role": _role,
    "difficulty": _one_of(Difficulty),
    "energy_level": _one_of(EnergyLevel),
    "style": _one_of(Style),
    "counts": _counts,
    "first_count_at": _number(0, 3600),
    "tempo": _number(*TEMPO_RANGE),
    "entry_hold": _one_of(Hold),
    "exit_hold": _one_of(Hold),
    "leader_foot_in": _one_of(Foot),
    "follower_foot_in": _one_of(Foot),
    "leader_foot_out": _one_of(Foot),
    "follower_foot_out": _one_of(Foot),
    "facing_in": _number(-180, 180),
    "facing_out": _number(-180, 180),
    "travel": _number(0, 20),
    "rotation": _number(-3600, 3600),
    "loopable": _flag,
    "prerequisites": _tags,
    "tags": _tags,
}
