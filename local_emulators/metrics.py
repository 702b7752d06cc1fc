"""A table of what a local run measured, from the lines that METRICS=log makes.

METRICS=log make demo
python -m local_emulators.metrics library/stack.log
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from choreo.metrics import EVENT, TASKS

HEADS = ("measured", "times", "mean", "least", "most", "unit")


@dataclass
class Row:
    """One kind of measurement, summed over the lines."""

    unit: str
    count: int = 0
    total: float = 0.0
    least: float = float("inf")
    most: float = float("-inf")

    def add(self, point: dict[str, Any]) -> None:
        """Add one point of one line."""
        self.count += int(point["count"])
        self.total += float(point["sum"])
        self.least = min(self.least, float(point["min"]))
        self.most = max(self.most, float(point["max"]))


def points(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the points of all lines that hold any, whatever stands before their JSON."""
    for line in lines:
        start = line.find("{")
        if start < 0 or f'"{EVENT}"' not in line:
            continue
        try:
            entry = json.loads(line[start:])
        except ValueError:
            continue  # two services wrote into one line, or a text looks like ours
        if isinstance(entry, dict) and entry.get("event") == EVENT:
            yield from entry["metrics"]


def summed(found: Iterable[dict[str, Any]]) -> dict[str, Row]:
    """Return one row per measurement and its attributes, by name."""
    rows: dict[str, Row] = {}
    for point in found:
        words = [str(value) for _, value in sorted(point["attributes"].items(), reverse=True)]
        name = " ".join([point["name"].removeprefix("choreo."), *words])
        rows.setdefault(name, Row(point["unit"])).add(point)
    return dict(sorted(rows.items()))


def table(rows: dict[str, Row]) -> str:
    """Return the rows as text, and below them the share of tasks that were completed."""
    cells = [HEADS] + [
        (
            name,
            str(row.count),
            *(f"{value:,.3f}" for value in (row.total / row.count, row.least, row.most)),
            row.unit,
        )
        for name, row in rows.items()
        if not name.startswith(_outcome("")) and row.count
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADS))]
    lines = [
        f"{line[0]:<{widths[0]}}  "
        + "  ".join(f"{cell:>{width}}" for cell, width in zip(line[1:5], widths[1:5], strict=True))
        + f"  {line[5]}"
        for line in cells
    ]
    ended = {name: row.count for name, row in rows.items() if name.startswith(_outcome(""))}
    tasks = sum(ended.values())
    if tasks:
        done = ended.get(_outcome("completed"), 0)
        lines.append(f"success rate: {done} of {tasks} tasks, {100 * done / tasks:.0f} %")
    return "\n".join(lines)


def _outcome(value: str) -> str:
    return f"{TASKS.name.removeprefix('choreo.')} {value}"


def main() -> int:
    """Print the table of one log."""
    parser = argparse.ArgumentParser(
        prog="python -m local_emulators.metrics",
        description="Print what a run of the local stack measured.",
        epilog="METRICS=log make demo, then python -m local_emulators.metrics library/stack.log",
    )
    parser.add_argument("log", type=Path, help="what the stack's services wrote")
    try:
        lines = parser.parse_args().log.read_text(errors="replace").splitlines()
    except OSError as exc:
        print(f"error: {exc.filename} cannot be read: {exc.strerror}", file=sys.stderr)
        return 1
    rows = summed(points(lines))
    if not rows:
        print("error: nothing was measured; start the stack with METRICS=log", file=sys.stderr)
        return 1
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
