"""A video that is made from another one's plan does not encode the same joints again."""

import zipfile
from pathlib import Path

import pytest
from barcodes import conformed_clip, move, noise_song, plan, write_wav

from choreo.database.tasks import SqlTasks
from choreo.local.object_store import FolderStore
from choreo.task import GenerationRequest, Phase, TaskStatus
from execution.run import DONE, run
from rendering import JointCache, encoding
from rendering.cache import key_of

pytestmark = pytest.mark.usefixtures("one_try")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    root = tmp_path / "store"
    (root / "moves").mkdir(parents=True)
    (root / "songs").mkdir()
    for number in range(3):
        conformed_clip(root / "moves" / f"c{number}.mp4", number, 120)
    write_wav(root / "songs" / "song.wav", noise_song(9))
    return FolderStore(root)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the segments that are encoded, without the one picture of the template."""
    lengths = []
    encode = encoding._encode

    def noting(target, frames, count):
        if count > 1:
            lengths.append(count)
        return encode(target, frames, count)

    monkeypatch.setattr(encoding, "_encode", noting)
    return lengths


def followed(tasks: SqlTasks, store: FolderStore, clips: list[int], **parameters: object) -> str:
    """Make the video of a plan of these clips and return its task's id."""
    task = tasks.create(GenerationRequest(song_id="tone"))
    claim = tasks.claim(task.id, Phase.PLAN)
    assert claim is not None
    moves = [
        move(f"c{clip}", 2.0 * n, 2.0, trim_start=0.9, transition_type="crossfade")
        for n, clip in enumerate(clips)
    ]
    document = plan(
        moves,
        task_id=task.id,
        output={"output_path": f"outputs/{task.id}.mp4"},
        generation_parameters=parameters,
    )
    tasks.store_plan(claim, document)
    assert (
        run(tasks, store, task_id=task.id, blueprint_json="", scratch=None, stopping=lambda: False)
        == DONE
    )
    assert tasks.get(task.id).status is TaskStatus.COMPLETED
    return task.id


def test_only_the_joints_of_changed_moves_are_encoded(
    tasks: SqlTasks, store: FolderStore, encoded: list[int]
) -> None:
    first = followed(tasks, store, [0, 1, 2, 0])
    assert store.size(f"outputs/{first}.joints")
    assert len(encoded) == 4  # the piece before the first key frame, and three crossfades
    encoded.clear()
    second = followed(tasks, store, [0, 1, 2, 1], reroll={"of": first})
    assert len(encoded) == 1
    encoded.clear()
    followed(tasks, store, [0, 1, 2, 1], variant={"of": second}, reroll={"of": first})
    assert not encoded


@pytest.mark.parametrize("kept", [None, b"", b"no archive"])
def test_lost_or_spoilt_joints_are_encoded_again(
    tasks: SqlTasks, store: FolderStore, encoded: list[int], kept: bytes | None
) -> None:
    first = followed(tasks, store, [0, 1])
    file = store.file_of(f"outputs/{first}.joints")
    file.unlink()
    if kept is not None:
        file.write_bytes(kept)
    encoded.clear()
    followed(tasks, store, [0, 1], reroll={"of": first})
    assert len(encoded) == 2


def test_only_entries_that_are_some_are_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "packed", "w") as packed:
        packed.writestr("../outside", b"no name of an entry")
        packed.writestr(key_of("squeezed"), bytes(9_000), zipfile.ZIP_DEFLATED)
        packed.writestr(key_of("torn"), b"without its hash")
    cache = JointCache(tmp_path / "kept")
    assert cache.unpack(tmp_path / "packed") == 1
    assert cache.get(key_of("torn")) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "packed"]
