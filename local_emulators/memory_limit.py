"""A limit of memory for a process and all its children, as a container on Cloud Run has it.

It is a control group of Linux's memory controller, of either version; the kernel ends what
goes over the limit. Making one takes root's rights.
"""

import contextlib
import os
import secrets
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CONTROL_GROUPS = Path("/sys/fs/cgroup")

EMPTYING_SECONDS = 10.0
"""How long a killed process may take to be gone."""


class NoMemoryLimit(Exception):
    """This machine lets nobody, or not this user, limit memory; the text says why."""


@dataclass(frozen=True)
class _Files:
    """What the two versions of the controller call their files."""

    limit: str
    peak: str
    events: str


_VERSION_1 = _Files("memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control")
_VERSION_2 = _Files("memory.max", "memory.peak", "memory.events")


class MemoryLimit:
    """A group of processes that together may use so much memory; see `limited`."""

    def __init__(self, folder: Path, files: _Files) -> None:
        self._folder = folder
        self._files = files

    def command(self, command: Sequence[str]) -> list[str]:
        """Return a command that enters the group and becomes `command`."""
        enter = 'echo $$ >"$0" && exec "$@"'
        return ["sh", "-c", enter, str(self._folder / "cgroup.procs"), *command]

    @property
    def peak(self) -> int:
        """Most bytes that were in use at once, cached files included."""
        return int((self._folder / self._files.peak).read_text())

    @property
    def kills(self) -> int:
        """Processes that the kernel ended because they went over the limit."""
        words = (self._folder / self._files.events).read_text().split()
        return int(words[words.index("oom_kill") + 1])

    def end(self) -> None:
        """Kill what is left in the group and remove it."""
        deadline = time.monotonic() + EMPTYING_SECONDS
        while members := (self._folder / "cgroup.procs").read_text().split():
            for member in members:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(member), signal.SIGKILL)
            if time.monotonic() > deadline:
                raise NoMemoryLimit(f"processes {', '.join(members)} do not end")
            time.sleep(0.05)
        self._folder.rmdir()


@contextlib.contextmanager
def limited(most_bytes: int) -> Iterator[MemoryLimit]:
    """Make a group that may use `most_bytes`; at the end of the `with` block its processes end.

    Raises:

        NoMemoryLimit: If no group can be made here.
    """
    parent, files = _place()
    folder = parent / f"choreo-{secrets.token_hex(4)}"
    try:
        folder.mkdir()
    except OSError as exc:
        raise NoMemoryLimit(f"no control group can be made in {parent}: {exc.strerror}") from exc
    group = MemoryLimit(folder, files)
    try:
        try:
            (folder / files.limit).write_text(str(most_bytes))
        except OSError as exc:
            raise NoMemoryLimit(f"{folder} takes no limit of memory: {exc.strerror}") from exc
        yield group
    finally:
        group.end()


def _place() -> tuple[Path, _Files]:
    """Return where groups can be made: below this process's own, or beside it in version 2.

    There a group that has limits for its children may hold no process itself.
    """
    own: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        own |= {name: path.lstrip("/") for name in controllers.split(",")}
    if "memory" in own:
        return CONTROL_GROUPS / "memory" / own["memory"], _VERSION_1
    if "" in own and (CONTROL_GROUPS / "cgroup.controllers").exists():
        place = CONTROL_GROUPS / own[""]
        return (place if place == CONTROL_GROUPS else place.parent), _VERSION_2
    raise NoMemoryLimit("this machine has no control groups with a memory controller")
