"""The whole flow on this machine, as a frontend and as a developer see it."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from api_client import Api
from machine import PATIENCE_SECONDS

from choreo.blueprint import Blueprint
from choreo.local.planning_queue import push_body
from local_emulators import pubsub
from local_emulators.processes import ROOT, free_port
from local_emulators.stack import LocalStack

Eventually = Callable[..., None]


def _ended(api: Api, task_id: str, eventually: Eventually) -> dict:
    eventually(
        lambda: api.task(task_id)["status"] in ("completed", "failed", "cancelled"),
    )
    return api.task(task_id)


def _completed(api: Api, task_id: str, eventually: Eventually) -> dict:
    task = _ended(api, task_id, eventually)
    assert task["status"] == "completed", task
    return task


def _push(stack: LocalStack, task_id: str) -> None:
    request = urllib.request.Request(
        stack.addresses.planner,
        data=push_body({"task_id": task_id}),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=PATIENCE_SECONDS).close()


def test_a_song_becomes_a_video_of_its_length_that_starts_every_move_on_the_1(
    api: Api, eventually: Eventually
) -> None:
    task = _completed(api, api.ask_for_song(difficulty="intermediate"), eventually)
    [song] = api.get("/api/songs")["songs"]
    assert task["duration"] == pytest.approx(song["duration"], abs=0.2)
    assert task["progress"] == 100
    assert task["quality"]["cut_on_8_count"] == 1
    with urllib.request.urlopen(
        api.address + task["video_url"], timeout=PATIENCE_SECONDS
    ) as answer:
        video = answer.read()
    assert len(video) == task["file_size"]
    with av.open(
        urllib.request.urlopen(api.address + task["video_url"], timeout=PATIENCE_SECONDS)
    ) as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert frames / task["duration"] == pytest.approx(30, rel=0.11)


def test_a_sentence_becomes_a_video_of_the_moves_it_allows(
    api: Api, eventually: Eventually
) -> None:
    status, answer = api.call(
        "POST",
        "/api/choreography/generate-with-ai",
        {"query": "una bachata tranquila para principiantes, sin box step"},
    )
    assert status == 202, answer
    task = _completed(api, answer["task_id"], eventually)
    plan = Blueprint.from_document(api.get(f"{answer['status_url']}/blueprint"))
    assert plan.task_id == task["task_id"]
    assert plan.difficulty_level == "beginner"
    assert not [move for move in plan.moves if "box" in move.clip_id]


def test_equal_requests_with_equal_seeds_get_equal_plans(api: Api, eventually: Eventually) -> None:
    plans = []
    for _ in range(2):
        task_id = api.ask_for_song(seed=7)
        _completed(api, task_id, eventually)
        text = json.dumps(api.get(f"/api/choreography/tasks/{task_id}/blueprint"))
        document = json.loads(text.replace(task_id, "TASK"))
        del document["generation_timestamp"]
        plans.append(document)
    assert plans[0] == plans[1]


def test_a_message_that_comes_three_times_makes_one_video(
    api: Api, stack: LocalStack, library: Path, eventually: Eventually
) -> None:
    task_id = api.ask_for_song(seed=1)
    _push(stack, task_id)
    _push(stack, task_id)
    task = _completed(api, task_id, eventually)
    _push(stack, task_id)
    assert api.task(task_id) == task
    assert len(list((library / "media" / "outputs").rglob(f"{task_id}*.mp4"))) == 1


def test_a_cancelled_task_stays_cancelled_and_leaves_no_video(
    api: Api, stack: LocalStack, library: Path
) -> None:
    task_id = api.ask_for_song(seed=2)
    status, task = api.call("DELETE", f"/api/choreography/tasks/{task_id}")
    assert (status, task["status"]) == (200, "cancelled")
    _push(stack, task_id)
    assert api.task(task_id)["status"] == "cancelled"
    assert not list((library / "media" / "outputs").rglob(f"{task_id}*"))


def test_a_planner_that_is_killed_is_started_again_and_its_task_ends(
    api: Api, stack: LocalStack, eventually: Eventually
) -> None:
    task_id = api.ask_for_song(seed=3)
    stack.kill("planner")
    stack.restart_what_ended()
    _completed(api, task_id, eventually)


def test_without_the_emulator_the_same_messages_go_by_direct_push(
    library: Path, tmp_path: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pubsub, "available", lambda: None)
    with (tmp_path / "log").open("w") as output, LocalStack(library, 0, output) as stack:
        assert "direct push" in stack.addresses.queue
        api = Api(stack.addresses.page)
        _completed(api, api.ask_for_song(seed=5), eventually)


def test_missing_media_fail_the_task_by_name(
    api: Api, library: Path, eventually: Eventually
) -> None:
    [clip] = (library / "media" / "moves" / "basic_step_1").rglob("720p.mp4")
    hidden = clip.with_suffix(".hidden")
    clip.rename(hidden)
    try:
        task = _ended(api, api.ask_for_song(seed=4), eventually)
    finally:
        hidden.rename(clip)
    assert task["status"] == "failed"
    assert str(clip.relative_to(library / "media")) in task["error"]


def test_the_stack_keeps_its_state_and_leaves_no_process_behind(
    library: Path, tmp_path: Path, eventually: Eventually
) -> None:
    marker = f"CHOREO_TEST_{free_port()}"
    port = free_port()
    command = [sys.executable, "-m", "local_emulators.stack"]
    process = subprocess.Popen(
        [*command, "--library", str(library), "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "LANG": marker},  # a variable that every child is given
    )
    try:
        lines = iter(process.stdout or ())
        assert any("The page" in line for line in lines)
        songs = Api(f"http://127.0.0.1:{port}").get("/api/songs")["songs"]
        assert [song["id"] for song in songs] == ["patio"]
        assert len(_processes_with(marker)) > 3
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    eventually(lambda: not _processes_with(marker))


def _processes_with(marker: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if f"LANG={marker}".encode() in environment:
            found.append(int(folder.name))
    return found
