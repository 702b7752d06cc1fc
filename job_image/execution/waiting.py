"""Waiting for calls that cannot be interrupted, without being held by them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from queue import Empty, SimpleQueue
from typing import TypeVar

POLL_SECONDS = 0.25
"""Between two looks whether the result is still wanted."""

GRACE_SECONDS = 0.3
"""What calls that have begun are given to end once they are no longer wanted: most do, and leave
nothing half done."""

_T = TypeVar("_T")


def awaited(call: Callable[[], _T], check: Callable[[], None]) -> _T:
    """Return what `call` returns or raise what it raises; see `awaited_all`."""
    return next(awaited_all([call], 1, check))


def awaited_all(
    calls: Sequence[Callable[[], _T]], at_once: int, check: Callable[[], None]
) -> Iterator[_T]:
    """Make calls, several at a time, and yield their results in order.

    They run in threads that do not keep the process alive: when `check` raises, those that have
    begun are left to themselves, and those that have not never do.

    Args:

        calls: What is to be done.

        at_once: How many of them may run at a time.

        check: Called several times a second; what it raises ends the waiting.
    """
    waiting: SimpleQueue[tuple[Future[_T], Callable[[], _T]]] = SimpleQueue()
    results: list[Future[_T]] = []
    for call in calls:
        results.append(Future())
        waiting.put((results[-1], call))
    for _ in range(min(at_once, len(calls))):
        threading.Thread(target=_work, args=(waiting,), name="transfer", daemon=True).start()
    try:
        for result in results:
            while not wait([result], timeout=POLL_SECONDS).done:
                check()
            yield result.result()
    finally:
        begun = [result for result in results if not result.cancel()]
        wait(begun, timeout=GRACE_SECONDS)


def _work(waiting: "SimpleQueue[tuple[Future[_T], Callable[[], _T]]]") -> None:
    while True:
        try:
            result, call = waiting.get_nowait()
        except Empty:
            return
        if not result.set_running_or_notify_cancel():
            continue
        try:
            result.set_result(call())
        except BaseException as exc:  # noqa: BLE001 - it is raised where the result is awaited
            result.set_exception(exc)
