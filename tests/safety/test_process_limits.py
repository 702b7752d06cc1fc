"""What a process may take is held by the operating system, and exceeding it has its reason."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from machine import PATIENCE_SECONDS

from catalog.workers import Crashed, WorkerLimits, run_all

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux holds a process to address space"
)

SOURCES = str(Path(__file__).parents[2] / "src")


def ends(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program that has this product's limits at hand."""
    before = "from choreo.limits import limit_cpu, limit_memory\n"
    return subprocess.run(
        [sys.executable, "-c", before + program],
        env={"PYTHONPATH": SOURCES},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_asking_for_more_memory_than_allowed_is_refused() -> None:
    program = "limit_memory(512)\ntry:\n bytearray(1 << 30)\nexcept MemoryError:\n print('refused')"
    assert ends(program).stdout == "refused\n"
    assert ends(program.replace("512", "0")).stdout == ""


def test_a_process_ends_when_its_processor_time_is_used_up() -> None:
    assert ends("limit_cpu(1)\nwhile True: pass").returncode == -signal.SIGXCPU


def test_the_time_can_be_given_anew() -> None:
    program = (
        "import time\nfor _ in range(2):\n limit_cpu(1)\n end = time.process_time() + 0.7\n"
        " while time.process_time() < end: pass\nprint('done')"
    )
    assert ends(program).stdout == "done\n"


def spin(_argument: object) -> None:
    while True:
        pass


def swell(_argument: object) -> int:
    return len(bytearray(8 << 30))


def double(argument: int) -> int:
    return 2 * argument


def test_a_file_that_takes_too_much_is_given_up_and_the_others_are_not() -> None:
    jobs = [(double, 1), (spin, "slow"), (swell, "large"), (double, 2)]
    outcomes = dict(run_all(jobs, 2, WorkerLimits(memory_mib=2048, cpu_seconds=1)))
    assert isinstance(outcomes.pop("slow"), Crashed)
    assert isinstance(outcomes.pop("large"), MemoryError)
    assert outcomes == {1: 2, 2: 4}
