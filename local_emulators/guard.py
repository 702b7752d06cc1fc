"""Runs a command that must not outlive its parent.

The parent keeps the guard's standard input open. When it closes, because the parent ended in
any way at all, or when SIGTERM comes, the guard ends its process group: first with SIGTERM,
after a grace period with SIGKILL. Start it in a session of its own.
"""

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_SECONDS = 12.0
"""Time for a child to end its own children, which get 10 s each, as on Cloud Run."""

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
    for watch in (_watch_parent, _end_group):
        threading.Thread(target=watch, args=(ending,), daemon=True).start()
    code = child.wait()
    if ending.is_set():
        os.killpg(0, signal.SIGKILL)  # whoever of the group is left, and this guard
    return code if code >= 0 else SIGNALLED - code


def _watch_parent(ending: threading.Event) -> None:
    # Not through sys.stdin: Python aborts when it ends while a thread reads from that.
    while os.read(0, 1024):
        pass
    ending.set()


def _end_group(ending: threading.Event) -> None:
    ending.wait()
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
