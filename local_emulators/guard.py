"""Runs a command that must not outlive its parent.

The parent keeps the guard's standard input open. When it closes, because the parent ended in
any way at all, or when SIGTERM comes, the guard ends its process group: first with SIGTERM,
after a grace period with SIGKILL. Start it in a session of its own.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 12.0
"""Time for a child to end its own children, which get 10 s each, as on Cloud Run."""

POLL_SECONDS = 0.2

CANNOT_RUN, SIGNALLED = 127, 128
"""Exit codes as a shell gives them: no such command; ended by the signal of this many more."""


def main() -> int:
    """Run `sys.argv[1:]` until it ends or must end; return its exit code."""
    ending = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    try:
        child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    except OSError as exc:
        print(f"{sys.argv[1]} cannot be run: {exc.strerror}", file=sys.stderr)
        return CANNOT_RUN
    threading.Thread(target=_watch_parent, args=(ending,), daemon=True).start()
    while child.poll() is None and not ending.wait(POLL_SECONDS):
        pass
    if child.poll() is None:
        os.killpg(0, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
        os.killpg(0, signal.SIGKILL)  # whoever of the group is left, and this guard
    return child.returncode if child.returncode >= 0 else SIGNALLED - child.returncode


def _watch_parent(ending: threading.Event) -> None:
    while sys.stdin.buffer.read(1024):
        pass
    ending.set()


if __name__ == "__main__":
    sys.exit(main())
