"""Work in processes, such that one file cannot take the others down."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from choreo.limits import limit_cpu, limit_memory
from choreo.settings import INGEST_CPU_SECONDS, INGEST_MEMORY_MIB

Job = tuple[Callable[[Any], Any], Any]


class Crashed(Exception):
    """A worker process died over this job: the decoder broke, or its time ran out."""


@dataclass(frozen=True)
class WorkerLimits:
    """What one worker may take."""

    memory_mib: int = INGEST_MEMORY_MIB
    """Address space; 0 for any. Who asks for more gets `MemoryError`."""
    cpu_seconds: int = INGEST_CPU_SECONDS
    """Processor time for one job; 0 for any. Who takes more dies."""


def run_all(
    jobs: Sequence[Job], workers: int, limits: WorkerLimits = WorkerLimits()
) -> Iterator[tuple[Any, Any]]:
    """Run `function(argument)` of each job in a process and yield (argument, outcome) as ready.

    The outcome is what the function returned, or the exception it raised. When a process dies,
    the unfinished jobs are run again one at a time, and only the one that kills its process
    again has the outcome `Crashed`.
    """
    left = dict(enumerate(jobs))
    for index, outcome in _in_one_pool(left, min(workers, len(jobs)), limits):
        _, argument = left.pop(index)
        yield argument, outcome
    for function, argument in left.values():
        alone = list(_in_one_pool({0: (function, argument)}, 1, limits))
        ((_, outcome),) = alone or [(0, Crashed())]
        yield argument, outcome


def _in_one_pool(
    jobs: dict[int, Job], workers: int, limits: WorkerLimits
) -> Iterator[tuple[int, Any]]:
    """Yield (index, outcome) until all jobs are done or the pool breaks."""
    # Spawned, since a fork would copy the threads' locks of the libraries in use.
    about = (os.getpid(), limits.memory_mib)
    with ProcessPoolExecutor(workers, get_context("spawn"), _start, about) as pool:
        try:
            futures = {
                pool.submit(_within, limits.cpu_seconds, *job): index for index, job in jobs.items()
            }
            for future in as_completed(futures):
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    return
                yield futures[future], error if error is not None else future.result()
        except BrokenProcessPool:
            return
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _within(cpu_seconds: int, function: Callable[[Any], Any], argument: Any) -> Any:
    limit_cpu(cpu_seconds)
    return function(argument)


def _start(parent: int, memory_mib: int) -> None:
    """Prepare a worker: one thread for each library, and no life after its parent."""
    limit_memory(memory_mib)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
