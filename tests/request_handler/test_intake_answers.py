"""What is told about tasks, songs, options and the service itself."""

import json
import sqlite3

import pytest
from intake_world import TASKS, World, a_song, serve
from test_intake_requests import refused

from choreo.task import Stage

FORMS = ("/blueprint", "/captions.vtt", "/cue-sheet", "/timeline.otio")

TASK_FIELDS = {
    "task_id",
    "status",
    "stage",
    "progress",
    "message",
    "video_url",
    "duration",
    "file_size",
    "quality",
    "error",
    "created_at",
    "updated_at",
}


def test_a_new_task_waits_in_the_queue(world: World) -> None:
    task_id = world.task_id()
    reply = world.poll(task_id)
    assert reply.status_code == 200
    assert reply.headers["Cache-Control"] == "no-store"
    body = reply.get_json()
    assert set(body) == TASK_FIELDS
    assert (body["task_id"], body["status"], body["stage"]) == (task_id, "pending", "queued")
    assert body["progress"] == 0
    assert body["video_url"] is body["error"] is body["quality"] is None
    assert body["created_at"].endswith("Z")


def test_a_finished_task_has_a_video_that_plays(world: World) -> None:
    task_id = world.task_id()
    world.complete(task_id)
    body = world.poll(task_id).get_json()
    assert (body["status"], body["progress"]) == ("completed", 100)
    assert (body["duration"], body["file_size"]) == (8.0, 2048)
    assert body["quality"] == {"sentence": "All on the 1."}
    video = world.client.get(body["video_url"])
    assert video.status_code == 200
    assert video.content_type == "video/mp4"
    assert len(video.data) == 2048


def test_doubts_are_told_where_there_are_any(world: World) -> None:
    task_id = world.task_id()
    claim = world.plan(task_id, generation_parameters={"warnings": ["The 1 is uncertain."]})
    world.tasks.note_degraded(claim, "the search fell back")
    body = world.poll(task_id).get_json()
    assert set(body) == TASK_FIELDS | {"degraded", "warnings"}
    assert body["warnings"] == ["The 1 is uncertain."]
    assert body["degraded"] == "the search fell back"


def test_a_preview_can_be_watched_while_the_video_is_rendered(world: World) -> None:
    task_id = world.task_id()
    claim = world.plan(task_id, output_config={"output_path": f"outputs/{task_id}.mp4"})
    world.tasks.report(claim, Stage.RENDERING, 30, "A preview can be seen")
    assert "preview_url" not in world.poll(task_id).get_json()
    (world.media / "outputs").mkdir()
    (world.media / "outputs" / f"{task_id}.preview.mp4").write_bytes(b"a small video")
    body = world.poll(task_id).get_json()
    assert set(body) == TASK_FIELDS | {"preview_url"}
    assert world.client.get(body["preview_url"]).data == b"a small video"
    assert body["video_url"] is None


def test_a_failed_task_says_why(world: World) -> None:
    task_id = world.task_id()
    world.tasks.fail_unclaimed(task_id, "the library has no moves")
    body = world.poll(task_id).get_json()
    assert (body["status"], body["error"]) == ("failed", "the library has no moves")
    assert body["video_url"] is None


@pytest.mark.parametrize("task_id", ["0" * 32, "nobody", "%00", "%F0%9F%98%80", "a" * 5000, ".."])
@pytest.mark.parametrize(
    "tail", ["", "/blueprint", "/captions.vtt", "/cue-sheet", "/timeline.otio"]
)
def test_an_unknown_task_is_not_found(world: World, task_id: str, tail: str) -> None:
    refused(world.client.get(TASKS + task_id + tail), 404, "unknown-task")
    if not tail:
        refused(world.client.delete(TASKS + task_id), 404, "unknown-task")


def test_an_open_task_can_be_cancelled_and_stays_so(world: World) -> None:
    task_id = world.task_id()
    for _ in range(2):
        reply = world.client.delete(TASKS + task_id)
        assert reply.status_code == 200
        assert reply.get_json()["status"] == "cancelled"
    assert world.poll(task_id).get_json()["status"] == "cancelled"


def test_a_task_that_has_ended_cannot_be_cancelled(world: World) -> None:
    done, failed = world.task_id(), world.task_id()
    world.complete(done)
    world.tasks.fail_unclaimed(failed, "no moves")
    for task_id, status in ((done, "completed"), (failed, "failed")):
        refused(world.client.delete(TASKS + task_id), 409, "task-has-ended")
        assert world.poll(task_id).get_json()["status"] == status


def test_a_plan_can_be_taken_away_in_each_form(world: World) -> None:
    task_id = world.task_id()
    for tail in FORMS:
        refused(world.client.get(TASKS + task_id + tail), 404, "no-blueprint")
    world.plan(task_id)
    replies = {tail: world.client.get(TASKS + task_id + tail) for tail in FORMS}
    assert [reply.status_code for reply in replies.values()] == [200] * 4
    assert replies["/blueprint"].get_json()["task_id"] == task_id
    assert replies["/captions.vtt"].content_type == "text/vtt; charset=utf-8"
    assert replies["/captions.vtt"].text.startswith("WEBVTT\n")
    assert replies["/cue-sheet"].content_type == "text/html; charset=utf-8"
    assert "Turn &lt;right&gt;" in replies["/cue-sheet"].text
    assert replies["/timeline.otio"].get_json()["OTIO_SCHEMA"] == "Timeline.1"
    assert f"{task_id}.otio" in replies["/timeline.otio"].headers["Content-Disposition"]


def test_a_cue_sheet_comes_as_text_when_asked_for(world: World) -> None:
    task_id = world.task_id()
    world.plan(task_id)
    reply = world.client.get(TASKS + task_id + "/cue-sheet?format=txt")
    assert reply.content_type == "text/plain; charset=utf-8"
    assert "Turn <right>" in reply.text
    document = refused(
        world.client.get(TASKS + task_id + "/cue-sheet?format=pdf"), 422, "invalid-request"
    )
    assert document["errors"][0]["allowed"] == ["html", "txt"]


def test_songs_are_listed_with_what_is_known_about_them(world: World) -> None:
    world.catalogue.save_song(a_song("zeta", title="Zeta", analysis=None))
    first, second = world.client.get("/api/songs").get_json()["songs"]
    assert (first["id"], first["title"], first["artist"]) == (
        "amor",
        "Amor de prueba",
        "Los Ensayos",
    )
    assert (first["duration"], first["tempo"], first["confidence"]) == (8.0, 120.0, 0.9)
    assert first["peaks"] == [0.1, 0.5, 1.0]
    assert first["sections"][0]["label"] == "verse"
    assert first["available"] is True
    assert (second["tempo"], second["sections"], second["available"]) == (None, [], False)
    sound = world.client.get(first["audio_url"], follow_redirects=True)
    assert sound.content_type == "audio/wav"
    refused(world.client.get("/api/songs/zeta/audio"), 404, "unusable-song")
    refused(world.client.get("/api/songs/nadie/audio"), 404, "unknown-song")


def test_an_empty_library_is_an_empty_list(world: World) -> None:
    world.catalogue.remove_song("amor")
    world.catalogue.remove_moves(["basic", "side", "dip"])
    assert world.client.get("/api/songs").get_json() == {"songs": []}
    body = world.client.get("/api/options").get_json()
    assert (body["moves"], body["combinations"]) == (0, [])


def test_options_count_what_the_library_has(world: World) -> None:
    body = world.client.get("/api/options").get_json()
    assert [(c["value"], c["moves"]) for c in body["difficulty"]] == [
        ("beginner", 2),
        ("intermediate", 0),
        ("advanced", 1),
    ]
    assert {c["value"]: c["moves"] for c in body["style"]} == {
        "traditional": 1,
        "modern": 0,
        "sensual": 2,
        "fusion": 0,
        "romantic": 0,
    }
    assert body["moves"] == sum(each["moves"] for each in body["combinations"]) == 3
    assert body["limits"]["query_characters"] == 2000


@pytest.mark.parametrize("path", ["/healthz", "/health"])
def test_health_says_ok_while_the_database_answers(world: World, path: str) -> None:
    reply = world.client.get(path)
    assert (reply.status_code, reply.get_json()) == (200, {"status": "ok"})


def test_a_database_that_is_away_is_said_to_be_so(world: World) -> None:
    with sqlite3.connect(world.database) as connection:
        for table in ("blueprints", "choreography_tasks", "songs", "move_embeddings"):
            connection.execute(f"DROP TABLE {table}")
    calls = [
        world.ask(),
        world.client.post("/api/choreography/generate-with-ai", json={"query": "hola"}),
        world.poll("0" * 32),
        world.client.delete(TASKS + "0" * 32),
        world.client.get("/api/songs"),
        world.client.get("/api/options"),
    ]
    for reply in calls:
        refused(reply, 503, "unavailable")
        assert int(reply.headers["Retry-After"]) > 0
        assert "choreography_tasks" not in reply.text
    assert world.queue.published == []


def test_health_fails_while_the_database_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+pg8000://nobody@127.0.0.1:9/none")
    fresh = serve().test_client()
    refused(fresh.get("/healthz"), 503, "unavailable")


def test_an_unexpected_error_is_told_by_number_only(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(_self: object) -> None:
        raise RuntimeError("secret-password-in-the-text")

    monkeypatch.setattr("choreo.database.tasks.SqlTasks.ping", breaks)
    document = refused(world.client.get("/healthz"), 500, "unexpected")
    assert "secret" not in json.dumps(document)
    logged = capsys.readouterr().err
    assert document["error_id"] in logged
    assert "secret-password-in-the-text" in logged


def test_wrong_settings_are_logged_whole_and_not_told(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VECTOR_SEARCH_TOP_K", "many")
    monkeypatch.delenv("PLANNER_URL")
    reply = serve().test_client().get("/healthz")
    document = refused(reply, 500, "unexpected")
    assert "PLANNER_URL" not in json.dumps(document)
    logged = capsys.readouterr().err
    assert "PLANNER_URL" in logged
    assert "VECTOR_SEARCH_TOP_K" in logged
