"""The smoke request says what is wrong, and exits with it."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tools.smoke import credentials, main

Answers = dict[str, tuple[int, object]]

WORKING: Answers = {
    "/api/options": (200, {"styles": ["romantic"]}),
    "/api/songs": (200, {"songs": [{"id": "luna"}]}),
    "/api/choreography/generate-from-song": (202, {"task_id": "t1"}),
    "/api/choreography/tasks/t1": (
        200,
        {"status": "completed", "duration": 61.5, "video_url": "https://videos.example/t1.mp4"},
    ),
}


@pytest.fixture
def api() -> Iterator[Callable[[Answers], str]]:
    """Serves the given answers to callers with a token, and returns the address."""
    servers = []

    def serve(answers: Answers) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = answers.get(self.path, (404, {"title": "not found"}))
                if self.headers.get("Authorization") != "Bearer token":
                    status, body = 401, {"title": "who are you?"}
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_GET  # noqa: N815 - the name that http.server looks for

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "token")


def test_an_api_that_works_passes(api, capsys) -> None:
    assert main([api(WORKING)]) == 0
    assert "1 songs" in capsys.readouterr().out


def test_a_video_is_made_when_asked_for(api, capsys) -> None:
    assert main([api(WORKING), "--video"]) == 0
    assert "61.5 s: https://videos.example/t1.mp4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "answer", "complaint"),
    [
        ("/api/songs", (503, {"title": "the database does not answer"}), "503.*database"),
        ("/api/songs", (200, b"<html>"), "did not answer JSON"),
        ("/api/options", (200, []), "a list; it must be an object"),
        ("/api/songs", (200, {"songs": []}), "ingest the library first"),
        (
            "/api/choreography/tasks/t1",
            (200, {"status": "failed", "error": "the library is empty"}),
            "failed: the library is empty",
        ),
    ],
)
def test_what_does_not_work_is_named(api, capsys, path: str, answer, complaint: str) -> None:
    assert main([api({**WORKING, path: answer}), "--video"]) == 1
    assert re.search(complaint, capsys.readouterr().err)


def test_without_a_token_the_refusal_is_shown(api, capsys, monkeypatch) -> None:
    monkeypatch.delenv("API_TOKEN")
    assert main([api(WORKING)]) == 1
    assert "401" in capsys.readouterr().err


def test_the_token_of_google_and_that_of_the_product_do_not_meet() -> None:
    assert credentials({"ID_TOKEN": "google", "API_TOKEN": "ours"}) == {
        "X-Serverless-Authorization": "Bearer google",
        "Authorization": "Bearer ours",
    }
    assert credentials({"ID_TOKEN": "google", "API_TOKEN": ""}) == {
        "X-Serverless-Authorization": "Bearer google"
    }


def test_nobody_there_is_a_failure_and_no_traceback(capsys) -> None:
    assert main(["http://127.0.0.1:9"]) == 1
    assert "did not answer" in capsys.readouterr().err


def test_an_address_of_another_scheme_is_refused() -> None:
    with pytest.raises(SystemExit) as refused:
        main(["file:///etc/passwd"])
    assert refused.value.code == 2
