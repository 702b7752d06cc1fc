"""What everybody who starts render jobs keeps, with a tiny script as the job."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from machine import PATIENCE_SECONDS

from choreo.errors import StageFailed, Unavailable
from choreo.gcp.render_jobs import CloudRunJobs
from choreo.job_variables import variables_for
from choreo.local.render_jobs import ChildProcesses
from choreo.log import task_context
from choreo.ports import RenderJobs
from choreo.trace import trace_of
from local_emulators.jobs_service import GUARD, JobsServer, Runner
from local_emulators.processes import free_port

JOB = "projects/demo/locations/here/jobs/render"

SCRIPT = """
import json, os, pathlib, subprocess, sys, time
told = pathlib.Path(os.environ["MEDIA_ROOT"])
attempt = os.environ.get("CLOUD_RUN_TASK_ATTEMPT", "0")
task = os.environ["TASK_ID"]
part = told / f".{task}-{attempt}"
note = {"environment": dict(os.environ), "group": os.getpgid(0), "pid": os.getpid()}
part.write_text(json.dumps(note))
part.rename(told / f"{task}-{attempt}.json")
print("rendering", task, flush=True)
if task == "waits":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    (told / ".grandchild").write_text(str(child.pid))
    (told / ".grandchild").rename(told / "grandchild")
    time.sleep(1000)  # longer than any test waits for its end
if task.startswith("held"):
    while not (told / "go").exists():
        time.sleep(0.02)
    (told / f"{task}.done").touch()
sys.exit(1 if task == "fails" or task == "fails-once" and attempt == "0" else 0)
"""


@dataclass
class World:
    """A folder in which jobs leave notes, and how to start one."""

    told: Path
    jobs: RenderJobs
    script: Path

    def note(self, task: str, attempt: int = 0) -> dict:
        return json.loads((self.told / f"{task}-{attempt}.json").read_text())

    def has(self, name: str) -> bool:
        return (self.told / name).exists()


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "main.py"
    file.write_text(SCRIPT)
    return file


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "told"
    folder.mkdir()
    monkeypatch.setenv("MEDIA_ROOT", str(folder))
    monkeypatch.setenv("DB_NAME", "choreo")
    monkeypatch.setenv("GEMINI_API_KEY", "a secret of the planner")
    return folder


@pytest.fixture
def serve(script: Path, told: Path) -> Iterator[Callable[..., JobsServer]]:
    """Start jobs services inside this process; they end with the test."""
    servers: list[JobsServer] = []

    def start(**options: int) -> JobsServer:
        runner = Runner(ChildProcesses(sys.executable, str(script), guard=GUARD), **options)
        server = JobsServer(("127.0.0.1", 0), runner)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    yield start
    for server in servers:
        server.runner.close()
        server.shutdown()
        server.server_close()


def url_of(server: JobsServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture(params=["child", "cloud"])
def world(request: pytest.FixtureRequest, script: Path, told: Path, serve) -> World:
    if request.param == "child":
        return World(told, ChildProcesses(sys.executable, str(script)), script)
    return World(told, CloudRunJobs(JOB, url_of(serve(parallelism=4))), script)


def test_a_job_is_told_its_task_and_its_blueprint(world, eventually):
    blueprint = '{"audio_path": "canción \\"ñ\\" $HOME; rm -rf /", "moves": []}'
    trace = "0af7651916cd43dd8448eb211c80319c"
    with task_context("task-1", trace):
        world.jobs.start("task-1", blueprint)
    eventually(lambda: world.has("task-1-0.json"))
    environment = world.note("task-1")["environment"]
    assert environment["TASK_ID"] == "task-1"
    assert trace_of(environment["TRACEPARENT"]) == trace
    assert environment["BLUEPRINT_JSON"] == blueprint


@pytest.mark.parametrize(
    ("blueprint", "told"),
    [
        ("x" * 32_768, True),
        ("x" * 32_769, False),
        ("ñ" * 16_384, True),
        ("ñ" * 16_385, False),
        ("", False),
    ],
    ids=["fits", "too long", "fits in bytes", "too long in bytes", "none"],
)
def test_a_blueprint_that_does_not_fit_is_left_for_the_job_to_read(blueprint, told):
    assert ("BLUEPRINT_JSON" in variables_for("task-1", blueprint)) is told
    assert variables_for("task-1", blueprint)["TASK_ID"] == "task-1"


def test_the_longest_blueprint_arrives_whole(world, eventually):
    world.jobs.start("task-1", "ñ" * 16_384)
    eventually(lambda: world.has("task-1-0.json"))
    assert world.note("task-1")["environment"]["BLUEPRINT_JSON"] == "ñ" * 16_384


def test_a_job_sees_only_its_own_environment(world, eventually):
    world.jobs.start("task-1", "{}")
    eventually(lambda: world.has("task-1-0.json"))
    environment = world.note("task-1")["environment"]
    assert "GEMINI_API_KEY" not in environment
    assert environment["DB_NAME"] == "choreo"


def test_a_job_is_in_a_process_group_of_its_own(world, eventually):
    world.jobs.start("task-1", "{}")
    eventually(lambda: world.has("task-1-0.json"))
    assert world.note("task-1")["group"] != os.getpgid(0)


def test_starting_does_not_wait_for_the_end_and_names_differ(world, eventually):
    names = {world.jobs.start(f"held-{number}", "{}") for number in range(3)}
    assert len(names) == 3
    assert all(names)
    assert not world.has("held-0.done")
    (world.told / "go").touch()
    eventually(lambda: all(world.has(f"held-{number}.done") for number in range(3)))


# Child processes alone.


@pytest.mark.parametrize("fault", ["python", "script"])
def test_a_job_that_cannot_be_run_is_named(script, fault):
    python, main = sys.executable, str(script)
    jobs = (
        ChildProcesses("/nowhere/python", main)
        if fault == "python"
        else ChildProcesses(python, "/nowhere/main.py")
    )
    with pytest.raises(StageFailed, match=f"JOB_{fault.upper()}.*/nowhere"):
        jobs.start("task-1", "{}")


def test_a_blueprint_that_no_variable_can_hold_is_no_foreign_error(script):
    with pytest.raises(StageFailed):
        ChildProcesses(sys.executable, str(script)).start("task-1", "\0")


def test_a_machine_without_room_for_a_process_is_unavailable(script, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", full)
    with pytest.raises(Unavailable, match="temporarily"):
        ChildProcesses(sys.executable, str(script)).start("task-1", "{}")


# Cloud Run's client alone.


@pytest.mark.parametrize("code", [400, 401, 403, 404])
def test_a_refusal_names_the_job_and_the_remedy(listener, code):
    listener.status = code
    listener.words = json.dumps({"error": {"code": code, "message": "refused"}}).encode()
    with pytest.raises(StageFailed, match=rf"{JOB}.*roles/run\.jobsExecutorWithOverrides"):
        CloudRunJobs(JOB, listener.url).start("task-1", "{}")
    assert len(listener.bodies) == 1


@pytest.mark.parametrize("code", [409, 429, 500, 502, 503])
def test_a_fault_that_passes_is_unavailable_and_the_call_is_not_repeated(listener, code):
    listener.status = code
    listener.words = json.dumps({"error": {"code": code, "message": "later"}}).encode()
    with pytest.raises(Unavailable, match="render"):
        CloudRunJobs(JOB, listener.url).start("task-1", "{}")
    assert len(listener.bodies) == 1


def test_a_service_that_is_away_is_unavailable():
    with pytest.raises(Unavailable, match="render"):
        CloudRunJobs(JOB, "http://127.0.0.1:9").start("task-1", "{}")


def test_a_service_that_is_silent_is_unavailable(listener, monkeypatch):
    monkeypatch.setattr("choreo.gcp.render_jobs.START_SECONDS", 0.2)
    listener.released.clear()
    with pytest.raises(Unavailable, match="render"):
        CloudRunJobs(JOB, listener.url).start("task-1", "{}")


@pytest.mark.parametrize("words", [b"<html>a proxy speaks</html>", b"{}", b""])
def test_an_answer_that_is_nonsense_is_unavailable(listener, words):
    listener.status, listener.words = 200, words
    with pytest.raises(Unavailable):
        CloudRunJobs(JOB, listener.url).start("task-1", "{}")


# The jobs service alone.


AS_JSON = {"Content-Type": "application/json"}


def call(
    url: str, body: object | None = None, headers: Mapping[str, str] = AS_JSON
) -> tuple[int, dict]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, json.load(exc)


def run(server: JobsServer, task: str, **overrides: object) -> str:
    env = [{"name": "TASK_ID", "value": task}]
    body = {"overrides": {"containerOverrides": [{"env": env}], **overrides}}
    status, operation = call(f"{url_of(server)}/v2/{JOB}:run", body)
    assert status == 200
    assert operation["done"] is False
    return operation["metadata"]["name"]


def execution(server: JobsServer, name: str) -> dict:
    status, found = call(f"{url_of(server)}/v2/{name}")
    assert status == 200
    return found


def test_the_service_answers_with_an_operation_whose_metadata_is_the_execution(serve, eventually):
    server = serve()
    name = run(server, "task-1")
    assert name.startswith(f"{JOB}/executions/render-")
    eventually(lambda: execution(server, name)["succeededCount"])
    found = execution(server, name)
    assert found["conditions"] == [{"type": "Completed", "state": "CONDITION_SUCCEEDED"}]
    assert found["createTime"] <= found["startTime"] <= found["completionTime"]


def test_a_failing_task_is_tried_again_as_often_as_allowed(serve, eventually, told):
    server = serve(max_retries=2)
    name = run(server, "fails")
    eventually(lambda: execution(server, name)["failedCount"])
    assert execution(server, name)["retriedCount"] == 2
    assert sorted(path.name for path in told.glob("fails-*")) == [
        f"fails-{attempt}.json" for attempt in range(3)
    ]


def test_a_task_that_succeeds_at_its_second_attempt_has_succeeded(serve, eventually, told):
    server = serve()
    name = run(server, "fails-once")
    eventually(lambda: execution(server, name)["succeededCount"])
    assert execution(server, name)["retriedCount"] == 1
    assert not (told / "fails-once-2.json").exists()


def test_executions_beyond_the_limit_wait(serve, eventually, told):
    server = serve(parallelism=1)
    names = [run(server, f"held-{number}") for number in range(2)]
    eventually(lambda: (told / "held-0-0.json").exists())
    assert execution(server, names[0])["runningCount"] == 1
    assert execution(server, names[1])["runningCount"] == 0
    (told / "go").touch()
    eventually(lambda: execution(server, names[1])["succeededCount"])


def test_a_task_that_takes_too_long_is_ended(serve, eventually):
    server = serve(max_retries=0)
    name = run(server, "waits", timeout="0.5s")
    eventually(lambda: execution(server, name)["failedCount"])


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"overrides": {"containerOverrides": [{"env": [{"value": "x"}]}]}}',
        b'{"overrides": {"containerOverrides": [{"env": [{"name": "A", "value": 1}]}]}}',
        b'{"overrides": {"containerOverrides": [{}, {}]}}',
        b'{"overrides": {"timeout": "soon"}}',
        b'{"overrides": {"taskCount": 2}}',
        json.dumps(
            {"overrides": {"containerOverrides": [{"env": [{"name": "A", "value": "x" * 32_769}]}]}}
        ).encode(),
    ],
)
def test_the_service_refuses_what_the_real_one_would(serve, body):
    request = urllib.request.Request(f"{url_of(serve())}/v2/{JOB}:run", body, AS_JSON)
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)
    with raised.value as answer:
        assert answer.code == 400
        assert json.load(answer)["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {**AS_JSON, "Origin": "https://a-page.example"},
        {**AS_JSON, "Origin": "null"},
    ],
)
def test_no_web_page_can_start_a_job(serve, told, eventually, headers):
    server = serve()
    body = {"overrides": {"containerOverrides": [{"env": [{"name": "TASK_ID", "value": "page"}]}]}}
    status, answer = call(f"{url_of(server)}/v2/{JOB}:run", body, headers)
    assert (status, answer["error"]["status"]) == (403, "PERMISSION_DENIED")
    ours = run(server, "of-the-stack")
    eventually(lambda: execution(server, ours)["succeededCount"])
    assert not list(told.glob("page-*"))


@pytest.mark.parametrize("path", ["/v2/nothing", f"/v2/{JOB}/executions/none", "/v1/x:run"])
def test_what_the_service_does_not_know_is_not_found(serve, path):
    server = serve()
    assert call(url_of(server) + path)[0] == 404
    assert call(url_of(server) + path, {})[0] == 404
    assert call(url_of(server) + "/")[0] == 200


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="it looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_service_leaves_no_child_behind(script, told, eventually, tmp_path, number):
    port = free_port()
    scratch = tmp_path / "scratch"
    (scratch / "job-of-an-earlier-service").mkdir(parents=True)
    service = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "local_emulators.jobs_service",
            *("--port", str(port)),
            *("--script", str(script)),
            *("--scratch", str(scratch)),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        jobs = CloudRunJobs(JOB, f"http://127.0.0.1:{port}")

        def started() -> bool:
            try:
                return bool(jobs.start("waits", "{}"))
            except Unavailable:
                return False

        eventually(started)
        assert service.stderr is not None
        said = iter(service.stderr.readline, "")
        assert any("] rendering waits" in line for line in said)
        eventually(lambda: (told / "grandchild").exists())
        job = json.loads((told / "waits-0.json").read_text())["pid"]
        grandchild = int((told / "grandchild").read_text())
        assert len(list(scratch.iterdir())) == 1
        service.send_signal(number)
        service.communicate(timeout=PATIENCE_SECONDS)
        assert service.returncode == (-number if number == signal.SIGKILL else 0)
        eventually(lambda: not alive(job) and not alive(grandchild))
        if number != signal.SIGKILL:  # then the next service does
            assert not list(scratch.iterdir())
    finally:
        service.kill()
        service.wait()
