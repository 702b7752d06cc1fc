"""Render jobs as child processes of this machine."""

import contextlib
import os
import secrets
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from choreo.errors import StageFailed, Unavailable
from choreo.job_variables import variables_for
from choreo.log import current_trace
from choreo.trace import traceparent

PASSED_ON = frozenset(
    {
        "LIBRARY",
        "MEDIA_ROOT",
        "DATABASE_URL",
        "USE_GCS",
        "GCS_BUCKET_NAME",
        "CLOUD_SQL_INSTANCE",
        "CLOUD_SQL_IP",
        "STORAGE_EMULATOR_HOST",
        "SCRATCH_DIR",
        "JOB_MEMORY_MIB",
        "JOB_CPU_SECONDS",
        "LEASE_SECONDS",
        "METRICS",
        "PATH",
        "HOME",
        "TMPDIR",
        "PYTHONPATH",
        "LANG",
    }
)
PASSED_ON_PREFIXES = ("DB_", "COVERAGE_")
"""The job's own variables: it must not be able to lean on those of its parent."""

STOP_SECONDS = 10.0
"""What Cloud Run leaves a container between SIGTERM and SIGKILL."""


class ChildProcesses:
    """Starts each job as a process group of its own.

    Args:

        python: The interpreter that has the job's requirements.

        script: The job's `main.py`.

        environment: Where the job's variables are taken from; this process's own if None.

        guard: A command that runs the command after it, and ends it when its own standard
            input closes; with it no job outlives this process. Empty: jobs go on alone.
    """

    def __init__(
        self,
        python: str,
        script: str,
        environment: Mapping[str, str] | None = None,
        guard: Sequence[str] = (),
    ) -> None:
        self._python, self._script = python, script
        self._guard = tuple(guard)
        self._environment = os.environ if environment is None else environment

    def start(self, task_id: str, blueprint_json: str) -> str:
        """Start one job and return a name for it; see `choreo.ports.RenderJobs`."""
        process = self.spawn(variables_for(task_id, blueprint_json, traceparent(current_trace())))
        # Somebody must take the exit status, or a dead child stays in the process table.
        threading.Thread(target=process.wait, name="render-job", daemon=True).start()
        return f"render-{secrets.token_hex(4)}-{process.pid}"

    def spawn(
        self, variables: Mapping[str, str], output: int | None = None
    ) -> subprocess.Popen[bytes]:
        """Start the job with `variables` on top of its own and return the process.

        Args:

            variables: What this one job is told.

            output: `subprocess.PIPE` to read its output and errors as one stream; None lets
                both go where this process's go.

        Raises:

            StageFailed: If there is no such job.

            Unavailable: If the machine cannot start a process now.
        """
        if not Path(self._script).is_file():
            raise StageFailed(
                f"JOB_SCRIPT is {self._script!r}, which is not a file; name job_image's"
            )
        try:
            return subprocess.Popen(  # noqa: S603 - a list of ours, never a shell
                [*self._guard, self._python, self._script],
                env={**_job_environment(self._environment), **variables},
                stdin=subprocess.PIPE if self._guard else subprocess.DEVNULL,
                stdout=output,
                stderr=None if output is None else subprocess.STDOUT,
                start_new_session=True,
            )
        except (FileNotFoundError, PermissionError, ValueError) as exc:
            raise StageFailed(
                f"JOB_PYTHON {self._python!r} cannot run the render job: {exc}"
            ) from exc
        except OSError as exc:
            raise Unavailable(f"the render job cannot be started now: {exc}") from exc


def stop_group(process: subprocess.Popen[bytes], patience: float = STOP_SECONDS) -> None:
    """End a spawned job with all its children: SIGTERM, and after `patience` s SIGKILL."""
    _signal_group(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    _signal_group(process, signal.SIGKILL)  # whoever of the group outlived its leader
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # macOS answers "not permitted" for a group that holds only the dead.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _job_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES)
    }
