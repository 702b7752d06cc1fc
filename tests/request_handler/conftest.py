"""A request handler as functions-framework serves it, on SQLite and a folder of media."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from intake_world import SOURCE, RecordingQueue, World, a_move, a_song, serve, write_wav

from choreo.database.catalogue import SqlCatalogue
from choreo.database.engine import engine_for
from choreo.database.tables import metadata
from choreo.database.tasks import SqlTasks
from choreo.vocabulary import Difficulty, Style


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    database = tmp_path / "choreo.db"
    for name in ("USE_GCS", "DB_HOST", "CLOUD_SQL_INSTANCE", "PUBSUB_TOPIC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LIBRARY", str(tmp_path))
    monkeypatch.setenv("MEDIA_ROOT", str(tmp_path / "media"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("PLANNER_URL", "http://127.0.0.1:9/")
    queue = RecordingQueue()
    monkeypatch.setattr("choreo.wiring.Stack.planning_queue", lambda _self: queue)
    engine = engine_for(os.environ["DATABASE_URL"])
    metadata.create_all(engine)
    catalogue = SqlCatalogue(engine)
    catalogue.save_song(a_song())
    catalogue.save_moves(
        [
            a_move("basic", Difficulty.BEGINNER, Style.TRADITIONAL),
            a_move("side", Difficulty.BEGINNER, Style.SENSUAL),
            a_move("dip", Difficulty.ADVANCED, Style.SENSUAL),
        ]
    )
    write_wav(tmp_path / "media" / "songs" / "amor" / "audio.wav")
    monkeypatch.syspath_prepend(str(SOURCE.parent))
    yield World(
        serve().test_client(), SqlTasks(engine), catalogue, queue, tmp_path / "media", database
    )
    engine.dispose()
