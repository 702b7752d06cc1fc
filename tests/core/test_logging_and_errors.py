"""Logging: a record a line, with its task. Errors: who must act."""

import inspect
import io
import json
import logging
import sys
import threading

import pytest

from choreo import errors
from choreo.errors import ChoreoError, InvalidBlueprint, InvalidInput, StageFailed, Unavailable
from choreo.log import configure, current_trace, task_context


@pytest.fixture
def root():
    """The root logger, given back as it was."""
    logger = logging.getLogger()
    before = (logger.handlers[:], logger.level)
    yield logger
    logger.handlers[:], level = before[0], before[1]
    logger.setLevel(level)


@pytest.fixture
def lines(root):
    stream = io.StringIO()
    configure("planner", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().strip("\n").split("\n")]


def test_every_record_of_a_task_carries_its_id(lines):
    log = logging.getLogger("choreo.test")
    with task_context("task-1", trace="projects/p/traces/1"):
        log.info("planned in %d ms", 12, extra={"moves": 29})
    log.warning("idle")
    first, second = lines()
    assert first["message"] == "planned in 12 ms"
    assert first["task_id"] == "task-1"
    assert first["moves"] == 29
    assert first["severity"] == "INFO"
    assert first["component"] == "planner"
    assert first["logging.googleapis.com/trace"] == "projects/p/traces/1"
    assert second["severity"] == "WARNING"
    assert "task_id" not in second


def test_a_record_is_one_line_whatever_is_in_it(lines):
    logging.getLogger().error('línea\n\u2028 {"a": 1}', extra={"path": object})
    assert lines()[0]["message"] == 'línea\n\u2028 {"a": 1}'


def test_an_exception_is_logged_with_its_trace(lines):
    try:
        raise RuntimeError("broken clip")
    except RuntimeError:
        logging.getLogger().exception("failed")
    assert "broken clip" in lines()[0]["exception"]


def test_the_task_of_one_thread_is_not_that_of_another():
    seen: list[str | None] = []
    with task_context("task-1", trace="t"):
        thread = threading.Thread(target=lambda: seen.append(current_trace()))
        thread.start()
        thread.join()
        assert current_trace() == "t"
        with task_context("task-2", trace="u"):
            assert current_trace() == "u"
        assert current_trace() == "t"
    assert seen == [None]
    assert current_trace() is None


def test_on_a_terminal_lines_are_for_people(root):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    configure("job", stream)
    with task_context("0123456789"):
        logging.getLogger().warning("slow", extra={"seconds": 3})
    line = stream.getvalue()
    assert "job" in line
    assert "01234567 WARNING slow seconds=3" in line
    assert "{" not in line


def test_configuring_again_does_not_double_the_lines(lines):
    configure("planner", io.StringIO())
    assert len(logging.getLogger().handlers) == 1


def test_every_error_says_who_must_act():
    kinds = [
        kind
        for _, kind in inspect.getmembers(sys.modules[errors.__name__], inspect.isclass)
        if issubclass(kind, ChoreoError) and kind is not ChoreoError
    ]
    actors = (InvalidInput, StageFailed, Unavailable, errors.AlreadyPublished, errors.ClaimLost)
    assert all(sum(issubclass(kind, actor) for actor in actors) == 1 for kind in kinds)
    assert all(kind.__name__ in (errors.__doc__ or "") or kind.__name__[0] == "_" for kind in kinds)


def test_several_faults_are_told_together():
    error = InvalidBlueprint(["moves is missing", "audio_tempo is -1"])
    assert str(error) == (
        "the blueprint has 2 faults:\n  - moves is missing\n  - audio_tempo is -1"
    )
    assert "1 fault:" in str(InvalidBlueprint(["one"]))
