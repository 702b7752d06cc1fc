"""Traces that go on from process to process, stages that log themselves, and measurements."""

import io
import json
import re
import subprocess
import sys

import pytest

from choreo import log, metrics
from choreo.job_variables import variables_for
from choreo.settings import Role, Settings
from choreo.tokens import read_tokens
from choreo.trace import new_trace, trace_of, traceparent
from local_emulators.metrics import points, summed, table

TRACE = "0af7651916cd43dd8448eb211c80319c"
GOOD = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("w3c", "cloud", "found"),
    [
        (GOOD, "", TRACE),
        ("", f"{TRACE}/123;o=1", TRACE),
        ("", TRACE.upper(), TRACE),
        (GOOD, "f" * 32, TRACE),
        ("nonsense", f"{TRACE}/1", TRACE),
        (GOOD.replace("00-0", "01-0") + "-more", "", TRACE),
        ("", "", None),
        (GOOD.upper(), "", None),
        (GOOD.replace(TRACE, "0" * 32), "", None),
        ("ff" + GOOD[2:], "", None),
        (GOOD + "\n", "", None),
        (GOOD * 100, "", None),
        ("", f"{TRACE}/x", None),
    ],
)
def test_a_trace_is_taken_from_either_header_if_it_is_well_formed(w3c, cloud, found):
    assert trace_of(w3c, cloud) == found


def test_a_trace_reaches_the_job_as_a_variable():
    header = traceparent(TRACE)
    variables = variables_for("task-1", "{}", header)
    settings = Settings.from_env(variables, Role.JOB)
    assert trace_of(settings.traceparent) == TRACE
    assert "TRACEPARENT" not in variables_for("task-1", "{}", traceparent("projects/p/traces/x"))
    assert traceparent(None) is None
    assert re.fullmatch("[0-9a-f]{32}", new_trace())


@pytest.fixture
def lines():
    """What is logged, as parsed lines."""
    import logging

    stream = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    log.configure("planner", stream, project="demo")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)


def test_a_stage_logs_one_line_with_task_trace_seconds_and_counts(lines):
    with log.task_context("task-1", TRACE), log.stage("search") as counts:
        counts["moves"] = 7
    (line,) = lines()
    assert line["task_id"] == "task-1"
    assert line["logging.googleapis.com/trace"] == f"projects/demo/traces/{TRACE}"
    assert (line["event"], line["stage"], line["outcome"]) == ("stage", "search", "done")
    assert line["moves"] == 7
    assert line["seconds"] >= 0


def test_a_stage_that_fails_says_so_and_fails(lines):
    with pytest.raises(ZeroDivisionError), log.stage("render"):
        raise ZeroDivisionError
    assert lines()[0]["outcome"] == "failed"


@pytest.fixture
def measuring():
    metrics.configure("log")
    yield
    metrics.configure("off")


def test_what_is_measured_becomes_one_line_and_then_a_table(lines, measuring):
    for moves in (10, 30):
        metrics.record(metrics.CANDIDATES, moves)
        with log.stage("plan"):
            pass
        metrics.record(metrics.TASKS, 1, outcome="completed")
        metrics.flush()
    metrics.record(metrics.TASKS, 1, outcome="failed")
    metrics.flush()
    metrics.flush()
    measured = [line for line in lines() if line["event"] == metrics.EVENT]
    assert len(measured) == 3, "nothing new, no line"
    rows = summed(points("planner   " + json.dumps(line) for line in lines()))
    found = rows["search.moves"]
    assert (found.count, found.total, found.least, found.most) == (2, 40, 10, 30)
    assert rows["stage.duration plan done"].count == 2
    text = table(rows)
    assert "success rate: 2 of 3 tasks, 67 %" in text
    assert re.search(r"search\.moves +2 +20\.000 +10\.000 +30\.000 +\{move\}", text)


def test_unless_it_is_asked_for_nothing_is_measured_or_loaded(lines):
    metrics.record(metrics.CANDIDATES, 1)
    metrics.flush()
    assert lines() == []
    code = "import sys, choreo.log, choreo.metrics; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_lines_that_only_look_like_measurements_are_passed_over():
    odd = ['x {"event": "metrics"', '{"metrics"} {"metrics"}', '["metrics"]', '{"a": "metrics"}']
    assert list(points(odd)) == []


TOKENS = f"anna:{'a' * 24}\n\n beni: {'b' * 24} \nanna:{'c' * 24}"


def test_each_token_names_its_caller():
    ring, faults = read_tokens(TOKENS)
    assert faults == []
    names = [ring.name_of(letter * 24) for letter in "abcd"]
    assert names == ["anna", "beni", "anna", None]
    assert read_tokens("x" * 24)[0].name_of("x" * 24) == "api"
    assert "aaaa" not in repr(ring)
    assert ring.signing_key != read_tokens("x" * 24)[0].signing_key


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no token"),
        ("short", "must be 20 to 512 visible ASCII characters"),
        (f"anna:{'ñ' * 24}", "visible ASCII"),
        (f"Anna:{'x' * 24}", "must begin with a name"),
        (f"a:{'x' * 24}\n{'y' * 24}", "line 2 must be name:token"),
        (f"a:{'x' * 24}\nb:{'x' * 24}", "have the same token"),
    ],
)
def test_wrong_tokens_are_told_without_repeating_them(text, words):
    faults = " ".join(read_tokens(text)[1])
    assert words in faults
    assert "xxxx" not in faults
    assert "short" not in faults


def test_settings_of_access_are_refused_together():
    variables = {
        "PLANNER_URL": "http://h/",
        "API_TOKEN": "short",
        "API_TOKEN_SECRET": "projects/p/secrets/s/versions/1",
        "CORS_ORIGINS": "https://a.example/, *, https://good.example:8443",
        "RATE_PER_MINUTE": "-1",
        "VIDEOS_PER_DAY": "many",
        "FORWARDED_HOPS": "9",
        "METRICS": "cloud",
    }
    with pytest.raises(Exception, match="the environment has 8 faults") as raised:
        Settings.from_env(variables, Role.REQUEST_HANDLER)
    assert "short" not in str(raised.value)


def test_limits_are_on_in_the_cloud_and_off_elsewhere():
    here = Settings.from_env({"PLANNER_URL": "http://h/"}, Role.REQUEST_HANDLER)
    there = Settings.from_env(
        {"PLANNER_URL": "http://h/", "K_SERVICE": "api"}, Role.REQUEST_HANDLER
    )
    assert (here.rate_per_minute, here.videos_per_day, here.forwarded_hops) == (0, 0, 0)
    assert there.rate_per_minute > 0
    assert there.videos_per_day > 0
    assert there.forwarded_hops == 1
