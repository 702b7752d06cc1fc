"""Being asked "how far?" and told "stop": the one place where a render meets its caller."""

import time
from collections.abc import Callable
from threading import Event

from choreo.errors import ClaimLost

POLL_SECONDS = 0.25
"""Twice the rate at which a cancellation must be noticed, and far below its cost."""

REPORT_SECONDS = 0.5
"""Twice the rate at which progress is promised."""


class Pulse:
    """Passes progress on and notices cancellation, no more often than is of use.

    Only the thread that renders calls `beat`: the caller's functions need not be thread-safe.
    Worker threads look at `stopped`.
    """

    def __init__(self, report: Callable[[float, str], None], cancelled: Callable[[], bool]) -> None:
        self._report = report
        self._cancelled = cancelled
        self._polled = -POLL_SECONDS
        self._reported = -REPORT_SECONDS
        self._share = 0.0
        self._sentence = ""
        self.stopped = Event()

    def beat(self, share: float | None = None, sentence: str | None = None) -> None:
        """Say how far the render is; without arguments, only that it lives.

        Raises:

            ClaimLost: When the caller says that the render is no longer wanted.
        """
        now = time.monotonic()
        if share is not None:
            self._share = min(1.0, max(self._share, share))
        news = sentence is not None and sentence != self._sentence
        if sentence is not None:
            self._sentence = sentence
        if now - self._polled >= POLL_SECONDS:
            self._polled = now
            if self._cancelled():
                self.stopped.set()
                raise ClaimLost("the render was cancelled")
        if now - self._reported >= REPORT_SECONDS or (news and self._reported < 0):
            self._reported = now
            self._report(self._share, self._sentence)

    def finish(self, sentence: str) -> None:
        """Say that all is done, whenever the last word was."""
        self._report(1.0, sentence)

    def check(self) -> None:
        """Leave a worker thread when the render has stopped.

        Raises:

            ClaimLost: When it has.
        """
        if self.stopped.is_set():
            raise ClaimLost("the render was stopped")
