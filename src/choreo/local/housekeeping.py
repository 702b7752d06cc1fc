"""What a bucket's lifecycle does in the cloud, for a folder of this machine.

Old videos go, and so does what attempts left behind that were killed, failed or cancelled.
Tasks are only read: what has ended stays as it ended.
"""

import itertools
import logging
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from choreo.database.tasks import SqlTasks
from choreo.outputs import JOINTS, OUTPUTS, Ended, task_of, why_abandoned

UNFINISHED = ".*.part"
"""What the folder store calls a file that is still written."""

AT_ONCE = 100
"""Outputs held in memory, however many there are."""

_log = logging.getLogger(__name__)


class FolderHousekeeping:
    """Keeps the outputs of a folder store tidy.

    It handles names, not paths, of what stays: `pathlib` enters each part of a path into the
    interpreter's table of names, which is megabytes large and made anew, each time elsewhere in
    memory, whenever so many names have passed through it.

    Args:

        root: The store's folder.

        tasks: Tells what became of each output's task.

        kept_days: Days after which a finished video is removed; 0 for never.

        clock: Seconds since the epoch, as files' times are.
    """

    def __init__(
        self,
        root: Path,
        tasks: SqlTasks,
        kept_days: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = root / OUTPUTS
        self._tasks = tasks
        self._kept = timedelta(days=kept_days)
        self._clock = clock
        self._tidied: float | None = None

    def tidy(self) -> None:
        """Remove what must not stay; more often than once a lease nothing is done.

        Raises:

            Unavailable: If the database does not answer; outputs that it was not asked about stay.
        """
        now = self._clock()
        lease = self._tasks.lease.total_seconds()
        if self._tidied is not None and 0 <= now - self._tidied < lease:
            return
        for name, age in self._files(UNFINISHED, now):
            if age > lease:  # who writes still changes it
                self._remove(name, "its writer is gone")
        files = self._files("[!.]*", now)
        while some := list(itertools.islice(files, AT_ONCE)):
            ended = self._tasks.ended(sorted({task_of(name) for name, _ in some}))
            for name, age in some:
                reason = self._reason_to_remove(name, age, ended)
                if reason:
                    self._remove(name, reason)
        for name, age in self._files(f"[!.]*{JOINTS}", now):
            video = f"{self._folder}/{name.removesuffix(JOINTS)}.mp4"
            if age > lease and not os.path.exists(video):  # noqa: PTH110 - no Path, as said above
                self._remove(name, "its video is gone")
        self._tidied = now

    def _files(self, pattern: str, now: float) -> Iterator[tuple[str, float]]:
        """Yield the names of the files directly in the folder, with their age in seconds."""
        try:
            entries = os.scandir(self._folder)
        except (FileNotFoundError, NotADirectoryError):
            return
        with entries:
            for entry in entries:
                if not fnmatchcase(entry.name, pattern):
                    continue
                try:
                    changed = entry.stat(follow_symlinks=False).st_mtime
                except FileNotFoundError:
                    continue  # its writer was faster
                yield entry.name, now - changed

    def _reason_to_remove(self, name: str, age: float, ended: Ended) -> str | None:
        reason = why_abandoned(name, ended)
        if reason is not None:
            return reason
        if self._kept and age > self._kept.total_seconds():
            return f"it was kept for {self._kept.total_seconds() / 86_400:g} days"
        return None

    def _remove(self, name: str, reason: str) -> None:
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as exc:
            _log.warning("%s stays: %s", name, exc.strerror)
        else:
            _log.info("removed %s: %s", name, reason)
