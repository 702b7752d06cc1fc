"""Files that mean harm: taken in or refused, soon, in bounded memory, and alone.

`make fuzz` tries all of them; here is a part of each family.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import hostile_bases as bases
import pytest
from hostile_media import CANARY, NAMES, Bait, Hostile, corpus
from machine import require
from trials import MOST_MIB, Verdict, Watch, run, watched

from catalog.conforming import conform
from choreo.decoding import CLIP_FORMATS, PICTURE_DECODERS, open_media, packets_of
from choreo.errors import UnreadableMedia

EVERY = 9


@dataclass(frozen=True)
class Trial:
    """What was tried and what became of it."""

    items: tuple[Hostile, ...]
    verdicts: tuple[Verdict, ...]
    watch: Watch


def some(items: list[Hostile]) -> list[Hostile]:
    """Return a part of each family, and every file that refers to others."""
    families = defaultdict(list)
    for item in items:
        families[item.family].append(item)
    return [
        item
        for name, family in families.items()
        for number, item in enumerate(family)
        if number % EVERY == 0
        or (name == "lists" and number % 3 == 0)
        or "track_lies" in item.name
        or "tracks_that_begin" in item.name
    ]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    folder = tmp_path_factory.mktemp("hostile")
    with watched(folder) as watch:
        items = [item for item in some(corpus(watch.bait)) if not item.seconds]
        verdicts = tuple(run(items, folder, watch.bait))
    return Trial(tuple(items), verdicts, watch)


def test_there_are_more_than_150_and_they_are_the_same_each_time(tmp_path: Path) -> None:
    bait = Bait(tmp_path / "canary", "127.0.0.1:9")
    made = corpus(bait)
    assert len(made) >= 150
    assert made == corpus(bait)
    assert CANARY not in b"".join(item.data for item in made)


def test_no_file_breaks_the_process_that_takes_it_in(trial: Trial) -> None:
    assert len(trial.verdicts) >= len(trial.items) > 50
    assert [verdict for verdict in trial.verdicts if not verdict.is_sound] == []
    assert {verdict.outcome.split(":")[0] for verdict in trial.verdicts} == {"taken", "refused"}


def test_no_file_takes_more_memory_than_is_allowed(trial: Trial) -> None:
    assert max(verdict.peak_mib for verdict in trial.verdicts) <= MOST_MIB


def test_no_file_outside_is_opened_and_no_address_asked(trial: Trial) -> None:
    require("yes" if trial.watch.sees_files else None, "this kernel does not tell of openings")
    assert trial.watch.touched == []
    assert trial.watch.asked == []


def test_what_is_refused_is_refused_in_a_sentence_that_does_not_tell_our_folders(
    trial: Trial,
) -> None:
    home = str(trial.watch.bait.file.parent.parent)
    for verdict in trial.verdicts:
        assert len(verdict.outcome) > len("refused: ") or verdict.outcome == "taken"
        assert home not in verdict.outcome
        assert CANARY.decode()[:11] not in verdict.outcome


def test_a_name_is_only_a_name(trial: Trial) -> None:
    named = {item.name for item in trial.items if item.name in NAMES}
    assert len(named) >= len(NAMES) // EVERY
    outcomes = {(v.name, v.outcome) for v in trial.verdicts if v.name in named}
    assert outcomes == {(name, "taken") for name in named}
    assert not list(trial.watch.bait.file.parent.parent.rglob("escaped*"))


def test_tracks_that_begin_late_take_no_picture_away(tmp_path: Path) -> None:
    bait = Bait(tmp_path / "canary", "127.0.0.1:9")
    late = next(i for i in corpus(bait) if i.name == "tracks_that_begin_in_its_midst.ts")
    file = tmp_path / late.name
    file.write_bytes(late.data)
    with open_media(file, CLIP_FORMATS, PICTURE_DECODERS) as container:
        [picture, *_] = container.streams.video
        first = len(container.streams)
        pictures = [packet for packet in packets_of(container, picture) if packet.size]
    assert first <= 2
    assert len(pictures) > 9.0 * bases.RATE


def test_a_part_without_pictures_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "short.mp4"
    file.write_bytes(bases.clip("mp4"))
    large, small = tmp_path / "large.mp4", tmp_path / "small.mp4"
    with pytest.raises(UnreadableMedia, match=r"short\.mp4 has no frame from 60\.00 to 61\.00 s"):
        conform(file, 60.0, 61.0, large, small)
    assert not large.exists()
    assert not small.exists()


def test_the_watch_sees_what_an_unguarded_library_does(tmp_path: Path) -> None:
    with watched(tmp_path) as watch:
        require("yes" if watch.sees_files else None, "this kernel does not tell of openings")
        lists = {item.name: item.data for item in corpus(watch.bait) if item.family == "lists"}
        for name, opens in {
            "playlist_of_an_address.mp4": "hls",
            "concat_of_a_file.mp4": "concat",
        }.items():
            file = tmp_path / name
            file.write_bytes(lists[name])
            options = {"safe": "0", "allowed_extensions": "ALL", "extension_picky": "0"}
            options["protocol_whitelist"] = "file,http,tcp"
            with pytest.raises(av.FFmpegError):
                av.open(str(file), format=opens, container_options=options)
    assert watch.touched
    assert watch.asked
