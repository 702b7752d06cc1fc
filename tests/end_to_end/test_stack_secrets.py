"""Whatever the whole stack writes, answers or is started with, it keeps its secrets.

Single parts, and what they say when something is away, are in `tests/safety`.
"""

import json
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from machine import PATIENCE_SECONDS, new_postgres_database
from sqlalchemy import select

from choreo.database.engine import engine_for, transaction
from choreo.database.migrate import upgrade
from choreo.database.tables import metadata, move_embeddings, songs
from choreo.tokens import read_tokens
from local_emulators import postgres
from local_emulators.processes import ROOT
from local_emulators.stack import LocalStack, Options

ANNA, BENI = "the-token-of-anna-0123456789", "the-token-of-beni-0123456789"
KEY = "the-key-of-the-language-model"
PASSWORD = "the password/of the database"
CALLERS = f"anna:{ANNA}\nbeni:{BENI}"

RING = read_tokens(CALLERS)[0]

SECRETS = (
    *(ANNA, BENI, KEY, PASSWORD, urllib.parse.quote(PASSWORD, safe="")),
    *(RING.signing_key.hex(), *(digest.hex() for _name, digest in RING.digests)),
)
"""Given to the stack, or made of what was: with the signing key anybody could sign links."""

TELLING_JOB = f"""
import json, os, pathlib, runpy, subprocess, sys
script = {str(ROOT / "job_image" / "main.py")!r}
seen = subprocess.run(["ps", "-axww", "-o", "args="], capture_output=True, text=True).stdout
told = {{"commands": seen, "names": sorted(os.environ)}}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(told))
sys.path[0] = str(pathlib.Path(script).parent)
runpy.run_path(script, run_name="__main__")
"""
"""The render job, once it has written down what runs beside it and what it was given."""


@dataclass
class Caller:
    """Somebody who keeps everything that is answered."""

    address: str
    heard: list[str] = field(default_factory=list)

    def send(self, method: str, path: str, body: Any = None, token: str = ANNA) -> Any:
        """Send a request; return the JSON of its answer, or None if it is something else."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(
            self.address + path, data=data, method=method, headers=headers
        )
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)
        except urllib.error.HTTPError as exc:
            answer = exc
        with answer:
            text = answer.read().decode(errors="replace")
            self.heard.append(f"{answer.headers}\n{text}")
        return json.loads(text) if "json" in answer.headers["Content-Type"] else None


def _database_with_password(library: Path, request: pytest.FixtureRequest) -> str | None:
    """Return the URL of a server's database with the library's catalogue, if there is one."""
    if postgres.available() is None:
        return None
    plain: str = new_postgres_database(request.getfixturevalue("postgres_server"))
    url = plain.replace("postgres@", f"postgres:{urllib.parse.quote(PASSWORD, safe='')}@")
    source, target = engine_for(f"sqlite:///{library / 'choreo.db'}"), engine_for(url)
    upgrade(target)
    for table in (songs, move_embeddings):
        with transaction(source, reads_only=True) as reader, transaction(target) as writer:
            rows = [dict(row) for row in reader.execute(select(table)).mappings()]
            writer.execute(table.insert(), rows)
    source.dispose()
    target.dispose()
    return url


def _stored(url: str) -> str:
    engine = engine_for(url)
    with transaction(engine, reads_only=True) as connection:
        rows = [repr(connection.execute(select(t)).all()) for t in metadata.sorted_tables]
    engine.dispose()
    return "\n".join(rows)


def _use_everything(caller: Caller, library: Path, eventually: Callable[..., None]) -> list[str]:
    """Ask for what can be asked for, well and badly; return the tickets that were given out."""
    tasks = "/api/choreography/tasks/"
    wish = "/api/choreography/generate-with-ai"

    def ended(task_id: str, status: str) -> None:
        eventually(
            lambda: caller.send("GET", tasks + task_id)["status"] not in ("pending", "running"),
        )
        assert caller.send("GET", tasks + task_id)["status"] == status

    task_id = caller.send("POST", wish, {"query": "una bachata tranquila"})["task_id"]
    ended(task_id, "completed")
    for tail in ("/blueprint", "/storyboard", "/captions.vtt", "/cue-sheet", "/timeline.otio"):
        caller.send("GET", tasks + task_id + tail)
    for path in ("/", "/healthz", "/openapi.json", "/api/songs", "/api/options", "/api/library"):
        caller.send("GET", path)
    shared = caller.send("POST", tasks + task_id + "/share", {})["ticket"]
    caller.send("GET", f"{tasks}{task_id}?ticket={shared}", token="")
    played = str(caller.send("GET", tasks + task_id)["video_url"])
    caller.send("GET", played, token="")
    # Badly.
    for token in (BENI, ANNA[:-1], KEY, ""):
        caller.send("GET", tasks + task_id, token=token)
    for path in (f"/api/songs?ticket={ANNA}", f"/media/{ANNA}", f"{tasks}{ANNA[:-3]}%ff"):
        caller.send("GET", path, token="")
    for body in (b"{", b'{"query": 1}', b"\xff"):
        caller.send("POST", wish, body)
    [clip] = (library / "media" / "moves" / "basic_step_1").rglob("720p.mp4")
    clip.unlink()
    lost = caller.send("POST", "/api/choreography/generate-from-song", {"song_id": "patio"})
    ended(lost["task_id"], "failed")
    return [shared, played.partition("ticket=")[2]]


def test_no_secret_is_in_a_log_an_answer_a_file_a_row_or_a_command(
    library: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    eventually: Callable[..., None],
) -> None:
    own = tmp_path / "library"
    shutil.copytree(library, own)
    url = _database_with_password(own, request)
    job = tmp_path / "telling_job.py"
    job.write_text(TELLING_JOB)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("GEMINI_API_ENDPOINT", "127.0.0.1:9")
    options = Options(
        environment={
            "API_TOKEN": CALLERS,
            "DB_PASSWORD": PASSWORD,
            "DATABASE_URL": url or f"sqlite:///{own / 'choreo.db'}",
        },
        job_script=job,
    )
    log = tmp_path / "log"
    with log.open("w") as output, LocalStack(own, 0, output, options) as stack:
        caller = Caller(stack.addresses.page)
        tickets = _use_everything(caller, own, eventually)
        services = stack.names
    written = log.read_text()
    told = json.loads(job.with_suffix(".json").read_text())

    assert all(f"\n{name}" in f"\n{written}" for name in ("planner", "jobs", "request_handler"))
    assert '"severity": "ERROR"' in written, "a failure was told too"
    assert "job_image" in told["commands"] or job.name in told["commands"]
    assert {"functions_framework", "function_server"} <= set(re.findall(r"\w+", told["commands"]))
    assert all(len(ticket) > 64 for ticket in tickets), "both kinds were given out"
    places = {
        "a log": written,
        "an answer": "\n".join(caller.heard),
        "a row": _stored(url) if url else "",
        "a command": told["commands"],
        "a file": "\n".join(
            file.read_bytes().decode(errors="ignore") for file in own.rglob("*") if file.is_file()
        ),
    }
    assert url is None or "una bachata tranquila" in places["a row"]
    for place, text in places.items():
        found = [secret for secret in SECRETS if secret in text]
        assert found == [], f"{place} of {', '.join(services)} holds {found}"
    assert not [ticket for ticket in tickets if ticket in written], "whoever reads logs has no key"
    assert {"API_TOKEN", "GEMINI_API_KEY"}.isdisjoint(told["names"]), "the job needs neither"
