"""The render job: follow one blueprint, and nothing else.

Exit code 0: done, or nothing to do. 1: the task failed with a reason, or was handed back.
"""

import logging
import os
import signal
import sys
import threading

from choreo import log, metrics
from choreo.errors import ChoreoError
from choreo.limits import limit_cpu, limit_memory
from choreo.settings import Role, Settings
from choreo.trace import new_trace, trace_of
from choreo.wiring import Stack
from execution.run import FAILED, run

GRACE_SECONDS = 60
"""Processor time between the task's failing for want of it and the process's end by force."""


def main() -> int:
    """Run one execution with the settings of the environment."""
    log.configure("job")
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    try:
        settings = Settings.from_env(os.environ, Role.JOB)
        log.configure("job", project=settings.project)
        metrics.configure(settings.metrics)
        limit_memory(settings.job_memory_mib)
        if settings.job_cpu_seconds:
            # The heartbeat ends the task before, with a reason, unless the process is stuck.
            limit_cpu(settings.job_cpu_seconds + GRACE_SECONDS)
        trace = trace_of(settings.traceparent) or new_trace()
        with log.task_context(settings.task_id, trace):
            stack = Stack(settings)
            return run(
                stack.tasks,
                stack.object_store(),
                task_id=settings.task_id,
                blueprint_json=settings.blueprint_json,
                scratch=settings.scratch,
                cpu_seconds=settings.job_cpu_seconds,
                stopping=stopping.is_set,
            )
    except ChoreoError as exc:
        logging.error("%s", exc)
        return FAILED
    finally:
        metrics.flush()


if __name__ == "__main__":
    sys.exit(main())
