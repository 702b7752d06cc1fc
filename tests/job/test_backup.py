"""Dump, wipe, restore: the same task renders the same video, from SQLite and from PostgreSQL."""

import hashlib
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from machine import new_postgres_database
from sqlalchemy import Engine, text
from tone_task import planned, write_tone

from choreo.database.engine import engine_for
from choreo.database.migrate import upgrade
from choreo.database.tables import metadata
from choreo.database.tasks import SqlTasks
from choreo.local.object_store import FolderStore
from choreo.task import TaskStatus
from execution.run import DONE, run
from local_emulators import postgres
from local_emulators.small_media import write_clip
from tools.backup import BackupFailed, restore, save

MOVES, SHOWN = 2, 1.5
LIBRARY_CLIP = {"original_duration": 5.8, "trim_start": 1.0}


def _video(tasks: SqlTasks, store: FolderStore, task_id: str) -> str:
    given = {"blueprint_json": "", "scratch": None, "stopping": lambda: False}
    assert run(tasks, store, task_id=task_id, **given) == DONE
    task = tasks.get(task_id)
    assert task.status is TaskStatus.COMPLETED, task.error
    return hashlib.sha256(store.file_of(f"outputs/{task_id}.mp4").read_bytes()).hexdigest()


def _hash(tasks: SqlTasks, task_id: str) -> str:
    return hashlib.sha256((tasks.blueprint_json(task_id) or "").encode()).hexdigest()


def _disaster(library: Path, url: str, bring_back: Callable[[], None]) -> None:
    """Render a task that was saved before it was rendered; lose all; bring back; render again."""
    engine = engine_for(url)
    tasks = SqlTasks(engine)
    [task_id] = [row[0] for row in _rows(engine)]
    store = FolderStore(library / "media")
    plan, video = _hash(tasks, task_id), _video(tasks, store, task_id)
    engine.dispose()
    shutil.rmtree(library)
    bring_back()
    engine = engine_for(url)
    tasks = SqlTasks(engine)
    assert tasks.get(task_id).status is TaskStatus.RUNNING, "as it was when it was saved"
    assert _hash(tasks, task_id) == plan
    assert _video(tasks, store, task_id) == video
    engine.dispose()


def _rows(engine: Engine) -> list:
    with engine.begin() as connection:
        return list(connection.execute(text("SELECT id FROM choreography_tasks")))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    (folder / "media" / "moves" / "step").mkdir(parents=True)
    write_clip(folder / "media" / "moves" / "step" / "clip.mp4", hue=0.4)
    write_tone(folder / "media" / "songs" / "tone" / "tone.wav")
    return folder


def test_a_saved_library_that_was_lost_renders_the_same_video(
    library: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{library / 'choreo.db'}"
    engine = engine_for(url)
    upgrade(engine)
    planned(SqlTasks(engine), MOVES, SHOWN, LIBRARY_CLIP)
    unfinished = library / "media" / "outputs" / ".0123.part"
    unfinished.parent.mkdir()
    unfinished.touch()
    save(library, tmp_path / "backup.tar")  # while the database is open
    engine.dispose()
    unfinished.unlink()
    _disaster(library, url, lambda: restore(tmp_path / "backup.tar", library))
    assert not unfinished.exists()


def test_a_library_is_saved_while_its_outputs_come_and_go(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(engine_for(f"sqlite:///{library / 'choreo.db'}"))
    preview = library / "media" / "moves" / "step" / "gone.mp4"
    preview.touch()
    add = tarfile.TarFile.add

    def late(tar: tarfile.TarFile, name: Path, *args: object, **more: object) -> None:
        if name == preview:
            preview.unlink()
        add(tar, name, *args, **more)

    monkeypatch.setattr(tarfile.TarFile, "add", late)
    save(library, tmp_path / "backup.tar")
    restore(tmp_path / "backup.tar", tmp_path / "new")
    assert [file.name for file in (tmp_path / "new/media/moves/step").iterdir()] == ["clip.mp4"]


def test_what_a_link_leads_to_is_saved_in_its_place(library: Path, tmp_path: Path) -> None:
    upgrade(engine_for(f"sqlite:///{library / 'choreo.db'}"))
    elsewhere = tmp_path / "elsewhere.wav"
    elsewhere.write_bytes(b"sound")
    (library / "media" / "songs" / "tone" / "linked.wav").symlink_to(elsewhere)
    (library / "media" / "songs" / "tone" / "broken.wav").symlink_to(tmp_path / "nowhere")
    save(library, tmp_path / "backup.tar")
    restore(tmp_path / "backup.tar", tmp_path / "new")
    songs = tmp_path / "new" / "media" / "songs" / "tone"
    assert (songs / "linked.wav").read_bytes() == b"sound"
    assert sorted(file.name for file in songs.iterdir()) == ["linked.wav", "tone.wav"]


def test_a_server_that_was_dumped_and_lost_renders_the_same_video(
    library: Path, tmp_path: Path, postgres_server: str, postgres_template: str
) -> None:
    url = new_postgres_database(postgres_server, postgres_template)
    programs = Path(postgres.available() or "")
    engine = engine_for(url)
    planned(SqlTasks(engine), MOVES, SHOWN, LIBRARY_CLIP)
    address = url.replace("+pg8000", "")
    dump, media = tmp_path / "choreo.dump", tmp_path / "media"
    subprocess.run([programs / "pg_dump", "-Fc", "-f", dump, address], check=True)
    shutil.copytree(library / "media", media)

    def bring_back() -> None:
        wiped = engine_for(url)
        metadata.drop_all(wiped)
        wiped.dispose()
        command = [programs / "pg_restore", "--clean", "--if-exists", "-d", address, dump]
        subprocess.run(command, check=True)
        shutil.copytree(media, library / "media")

    engine.dispose()
    _disaster(library, url, bring_back)


def test_what_is_there_is_never_overwritten(library: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="no library"):
        save(library, tmp_path / "backup.tar")
    (tmp_path / "backup.tar").write_bytes(b"something else")
    (library / "choreo.db").touch()
    with pytest.raises(BackupFailed, match="exists"):
        save(library, tmp_path / "backup.tar")
    with pytest.raises(BackupFailed, match="exists"):
        restore(tmp_path / "backup.tar", library)
    with pytest.raises(BackupFailed, match="cannot be read"):
        restore(tmp_path / "backup.tar", tmp_path / "new")
    assert not (tmp_path / "new").exists()
