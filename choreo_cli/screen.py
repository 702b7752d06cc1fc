"""What people see: progress bars on a terminal, plain lines elsewhere, JSON for machines."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

Show = Callable[[str, float], None]
"""Called with (what is being done, share of it that is done: 0 to 1)."""


@contextmanager
def progress(quiet: bool = False) -> Iterator[Show]:
    """Show progress on stderr, so that results on stdout can be piped."""
    console = Console(stderr=True)
    if quiet:
        yield lambda _what, _share: None
    elif console.is_terminal:
        with Progress(
            TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
        ) as bars:
            yield _bar(bars)
    else:
        yield _lines()


def _bar(bars: Progress) -> Show:
    shown: dict[str, TaskID] = {}

    def show(what: str, share: float) -> None:
        if what not in shown:
            shown[what] = bars.add_task(what, total=1.0)
        bars.update(shown[what], completed=share)

    return show


def _lines() -> Show:
    last: dict[str, int] = {}

    def show(what: str, share: float) -> None:
        quarter = int(share * 4)
        if last.get(what) != quarter:
            last[what] = quarter
            print(f"{what}: {share:.0%}", file=sys.stderr, flush=True)

    return show


def print_json(value: object) -> None:
    """Print one JSON document on stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))
