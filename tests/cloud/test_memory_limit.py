"""A limit of memory holds, counts what it ended, and leaves nothing behind."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from machine import PATIENCE_SECONDS

from local_emulators import memory_limit
from local_emulators.memory_limit import MemoryLimit, NoMemoryLimit, limited

LIMIT = 64 * 1024**2

TAKES = "bytearray({}); print('took it')"


@pytest.fixture
def limit() -> Iterator[MemoryLimit]:
    try:
        made = limited(LIMIT)
        group = made.__enter__()
    except NoMemoryLimit as exc:
        pytest.skip(f"memory cannot be limited here: {exc}")
    yield group
    made.__exit__(None, None, None)


def taking(limit: MemoryLimit, size: int) -> subprocess.CompletedProcess[str]:
    command = limit.command([sys.executable, "-S", "-c", TAKES.format(size)])
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_stays_within_its_limit_goes_on(limit: MemoryLimit) -> None:
    assert taking(limit, LIMIT // 4).stdout == "took it\n"
    assert LIMIT // 4 < limit.peak <= LIMIT
    assert limit.kills == 0


def test_what_goes_over_its_limit_is_ended_and_counted(limit: MemoryLimit) -> None:
    over = taking(limit, 2 * LIMIT)
    assert over.returncode != 0
    assert over.stdout == ""
    assert limit.kills >= 1


@pytest.mark.usefixtures("limit")
def test_what_is_left_at_the_end_is_ended_too(eventually: Callable[..., None]) -> None:
    with limited(LIMIT) as group:
        left = subprocess.Popen(group.command(["sleep", "600"]))
        eventually(lambda: group.peak > 0)
    assert left.wait(PATIENCE_SECONDS) == -9


def test_a_machine_without_control_groups_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_limit, "CONTROL_GROUPS", tmp_path)
    with pytest.raises(NoMemoryLimit, match=r"control group"), limited(LIMIT):
        pass
