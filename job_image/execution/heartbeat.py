"""Keeps the task's lease alive and notices when the task was taken away."""

import logging
import math
import threading
import time
from types import TracebackType

from choreo import metrics
from choreo.database.tasks import SqlTasks
from choreo.errors import ClaimLost, Unavailable
from choreo.task import Claim, Stage

PERIOD_SECONDS = 0.75
"""Progress is stored this often, and a cancellation is seen within as long."""


class Heartbeat:
    """Stores the newest progress more than once a second, from a thread of its own.

    The database is asked for moments only, never held: a connection that lives through a whole
    render would not survive the machine being moved.

    Args:

        tasks: Where it is stored.

        claim: The attempt's.

        cpu_seconds: Processor time after which the task fails; 0 for any. The thread sees to it
            also while the decoder holds the main thread.
    """

    def __init__(self, tasks: SqlTasks, claim: Claim, cpu_seconds: int = 0) -> None:
        self._cpu_seconds = cpu_seconds
        self._cpu_end = time.process_time() + cpu_seconds if cpu_seconds else math.inf
        self._tasks = tasks
        self._claim = claim
        self._progress = (Stage.RENDERING, 0, "Starting")
        self._lost = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def show(self, stage: Stage, progress: int, message: str) -> None:
        """Set what the next beat stores; `progress` in percent."""
        self._progress = (stage, progress, message)

    @property
    def lost(self) -> bool:
        """True once the task was cancelled or belongs to another attempt."""
        return self._lost.is_set()

    def check(self) -> None:
        """Raise ClaimLost if the task is no longer this attempt's."""
        if self.lost:
            raise ClaimLost(f"task {self._claim.task_id} was cancelled or taken over")

    def _run(self) -> None:
        last_success = time.monotonic()
        while not self._ended.wait(PERIOD_SECONDS):
            try:
                if time.process_time() > self._cpu_end:
                    self._give_up()
                    return
                self._tasks.report(self._claim, *self._progress)
                last_success = time.monotonic()
            except ClaimLost:
                self._lost.set()
                return
            except Unavailable as exc:
                # Another attempt may only start once the lease has run out; until then this
                # one goes on.
                logging.warning("progress not stored: %s", exc)
                if time.monotonic() - last_success > self._tasks.lease.total_seconds():
                    self._lost.set()
                    return

    def _give_up(self) -> None:
        reason = (
            f"the video took more than {self._cpu_seconds} seconds of processor time, the most "
            "that one may take; a clip may be damaged, or the video is too long for its settings"
        )
        self._tasks.fail(self._claim, reason)
        self._lost.set()
        metrics.record(metrics.TASKS, 1, outcome="failed")
        logging.error("failed: %s", reason, extra={"event": "task_failed"})
