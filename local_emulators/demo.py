"""The demo: a library made here, the local stack, one request of each kind, two videos.

python -m local_emulators.demo --library library
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from choreo.database.migrate import upgrade
from choreo_cli.library import open_stack
from choreo_cli.screen import progress
from local_emulators.demo_library.build import build_demo_library
from local_emulators.processes import StackFailed
from local_emulators.stack import running_stack

PATIENCE_SECONDS = 240.0
"""Far above what two one-minute videos take on two cores."""

POLL_SECONDS = 0.3

SENTENCE = "a romantic bachata for beginners with smooth transitions"


REPORTED = (
    "cut_on_8_count",
    "in_clip_beat_agreement",
    "retime_max",
    "illegal_transitions",
    "energy_fit",
    "black_frames",
    "loudness_lufs",
)
"""The part of the quality report that is printed; the API has all of it."""


class DemoFailed(Exception):
    """The demo did not end in two videos; the text says why."""


@dataclass(frozen=True)
class Wish:
    """One request of the demo."""

    title: str
    route: str
    body: dict[str, object]


def main() -> int:
    """Run the demo; exit code 0 when both videos were made."""
    parser = argparse.ArgumentParser(
        prog="python -m local_emulators.demo",
        description="Make two choreography videos, one from a song and one from a sentence.",
        epilog="Example: python -m local_emulators.demo --library library",
    )
    parser.add_argument("--library", type=Path, default=Path("library"))
    folder = parser.parse_args().library
    console = Console()
    try:
        _prepare_library(folder, console)
        started = time.monotonic()
        log = folder / "stack.log"
        console.print(f"Starting the local stack (its log is {log})")
        with log.open("w") as output, running_stack(folder, 0, output) as stack:
            console.print(f"Messages go by {stack.addresses.queue}")
            tasks = _make_videos(stack.addresses.page, console)
            seconds = time.monotonic() - started
    except (DemoFailed, StackFailed) as exc:
        console.print(f"error: {exc}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 1
    for wish, task in tasks:
        _print_result(wish, task, folder, console)
    console.print(f"\nBoth videos were made in {seconds:.0f} s, the stack's start included.")
    console.print("Next: `make up` serves the page, where you pick a song and watch.")
    return 0


def _prepare_library(folder: Path, console: Console) -> None:
    stack = open_stack(folder)
    upgrade(stack.engine)
    if stack.catalogue.songs() and stack.catalogue.moves():
        console.print(f"Using the library in {folder}")
        return
    console.print(f"Making the demo library in {folder}")
    started = time.monotonic()
    with progress() as show:
        summary = build_demo_library(stack, lambda what, share: show(what.capitalize(), share))
    for refusal in summary.refusals:
        console.print(f"  refused {refusal.file}: {refusal.reason}", style="red", markup=False)
    if summary.refusals:
        raise DemoFailed("the demo library is not whole; see the refusals above")
    songs, moves = len(summary.songs_made), len(summary.moves_made)
    console.print(f"  {songs} songs and {moves} moves in {time.monotonic() - started:.0f} s")


def _make_videos(address: str, console: Console) -> list[tuple[Wish, dict[str, Any]]]:
    song = _get(f"{address}/api/songs")["songs"][0]
    wishes = [
        Wish(
            f"From a song: {song['title']}",
            "generate-from-song",
            {
                "song_id": song["id"],
                "difficulty": "intermediate",
                "energy_level": "medium",
                "style": "traditional",
            },
        ),
        Wish(f"From a sentence: {SENTENCE}", "generate-with-ai", {"query": SENTENCE}),
    ]
    with _bars(console) as bars:
        waiting = []
        for wish in wishes:
            accepted = _post(f"{address}/api/choreography/{wish.route}", wish.body)
            bar = bars.add_task(wish.title, total=100, doing="")
            waiting.append((wish, f"{address}/api/choreography/tasks/{accepted['task_id']}", bar))
        return [(wish, _wait(status_url, bars, bar)) for wish, status_url, bar in waiting]


def _wait(status_url: str, bars: Progress, bar: TaskID) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        task: dict[str, Any] = _get(status_url)
        doing = f"{task['stage']}: {task['message']}"
        bars.update(bar, completed=task["progress"], doing=doing)
        if task["status"] == "completed":
            return task
        if task["status"] in ("failed", "cancelled"):
            raise DemoFailed(f"task {task['task_id']} {task['status']}: {task['error']}")
        time.sleep(POLL_SECONDS)
    raise DemoFailed(f"{status_url} was not finished after {PATIENCE_SECONDS:.0f} s")


def _print_result(wish: Wish, task: dict[str, Any], folder: Path, console: Console) -> None:
    key = str(task["video_url"]).removeprefix("/media/")
    size = task["file_size"] / 1e6
    quality = task["quality"] or {}
    console.print(f"\n{wish.title}", style="bold", markup=False)
    console.print(f"  {folder / 'media' / key}", markup=False, soft_wrap=True)
    console.print(f"  {task['duration']:.1f} s, {size:.1f} MB, {quality['moves']} moves")
    console.print(f"  {quality['sentence']}", markup=False, soft_wrap=True)
    for name in REPORTED:
        console.print(f"  {name.replace('_', ' '):<24} {_short(quality.get(name))}")


def _short(value: object) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("  {task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("{task.fields[doing]}"),
        console=console,
    )


def _get(url: str) -> Any:
    return _answer(urllib.request.Request(url))


def _post(url: str, body: dict[str, object]) -> Any:
    return _answer(
        urllib.request.Request(
            url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
    )


def _answer(request: urllib.request.Request) -> Any:
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as exc:
        raise DemoFailed(f"{request.full_url} answered {exc.code}: {exc.read()[:500]!r}") from exc
    except OSError as exc:
        raise DemoFailed(f"{request.full_url} did not answer: {exc}") from exc


if __name__ == "__main__":
    sys.exit(main())
