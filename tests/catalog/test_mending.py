"""What a person says about a count or a move wins, and outlives every ingest."""

import numpy as np
import pytest
from catalog_media import library, write_clip

from catalog import clips
from catalog.ingest import ingest
from catalog.mending import Edit, corrected, edit_move, save_counts
from choreo.errors import InvalidInput, UnknownMove
from choreo.move import AUDIO_DIMENSIONS
from choreo.vectors.packing import from_base64
from choreo.vocabulary import Difficulty, Hold
from local_emulators.demo_library.songs import write_audio
from local_emulators.demo_library.synthesiser import Part, SongSpec, synthesise


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """One short song and one clip of two moves."""
    folder = tmp_path_factory.mktemp("mending")
    audio, _ = synthesise(SongSpec(title="Patio", tempo=126.0, parts=(Part("verse", 4),)), seed=5)
    (folder / "songs").mkdir()
    write_audio(folder / "songs" / "patio.m4a", audio, title="Patio", artist="Nadie")
    write_clip(folder / "moves" / "onda" / "onda_1.mp4", seconds=10.5)
    (folder / "moves" / "manifest.csv").write_text(
        "file,first_count_at,tempo,difficulty\nonda/onda_1.mp4,1.0,120,beginner\n"
    )
    return folder


@pytest.fixture(scope="module")
def stack(sources, tmp_path_factory):
    found = library(tmp_path_factory.mktemp("library"))
    summary = ingest(sources / "songs", sources / "moves", None, found, workers=2)
    assert not summary.refusals
    assert summary.moves_made == ("onda_1_1", "onda_1_2")
    return found


def songs_ones(stack):
    return stack.catalogue.song("patio").analysis.eight_counts


def test_a_moved_one_is_kept_with_its_vectors_and_a_way_back(stack, sources):
    heard = stack.catalogue.song("patio")
    mended = save_counts(stack, heard, corrected(heard, shift=2))
    assert mended == stack.catalogue.song("patio")
    place = heard.analysis.beats.index(heard.analysis.eight_counts[0])
    assert songs_ones(stack)[0] == heard.analysis.beats[place + 2]
    before, now = (from_base64(s.slot_vectors, AUDIO_DIMENSIONS) for s in (heard, mended))
    assert len(now) == len(songs_ones(stack))
    assert not np.allclose(before[: len(now)], now[: len(before)])

    summary = ingest(sources / "songs", None, None, stack, workers=1)
    assert summary.songs_unchanged == ("patio",)
    assert songs_ones(stack) == mended.analysis.eight_counts

    twice = save_counts(stack, mended, corrected(mended, taps=mended.analysis.eight_counts[:3]))
    assert twice.heard == heard.analysis, "the way back leads to what was heard"
    back = save_counts(stack, twice, corrected(twice, heard=True))
    assert back.analysis == heard.analysis
    assert back.heard is None
    assert back.slot_vectors == heard.slot_vectors


def test_a_song_that_nobody_listened_to_has_nothing_to_correct(stack):
    unheard = stack.catalogue.song("patio").model_copy(update={"analysis": None})
    with pytest.raises(InvalidInput, match="not been analysed"):
        corrected(unheard, shift=1)


def test_edits_win_over_the_manifest_and_are_searched_for(stack):
    (before,) = stack.catalogue.embedded_moves(["onda_1_2"])
    version = stack.catalogue.version()
    assert "exit_hold" in before.move.estimated
    edit = Edit(
        name="Ola grande", family="ola", difficulty=Difficulty.ADVANCED, exit_hold=Hold.SHADOW
    )
    edit_move(stack, "onda_1_2", edit)
    assert stack.catalogue.version() != version, "the planner reads the library again"
    (after,) = stack.catalogue.embedded_moves(["onda_1_2"])
    assert (after.move.name, after.move.family) == ("Ola grande", "ola")
    assert after.move.difficulty == "advanced"
    assert after.move.exit_state.hold == "shadow"
    assert after.move.edited == ("name", "family", "difficulty", "exit_hold")
    assert "exit_hold" not in after.move.estimated
    assert "exit_hold" not in after.move.confidences
    assert after.text != before.text
    assert (after.pose, after.audio) == (before.pose, before.audio)
    edit_move(stack, "onda_1_2", Edit(difficulty=Difficulty.BEGINNER))
    edited = stack.catalogue.moves_named(["onda_1_2"])[0]
    assert (edited.name, edited.difficulty) == ("Ola grande", "beginner")


def test_edits_outlive_a_clip_that_is_made_again_under_another_name(stack, sources, monkeypatch):
    edit_move(stack, "onda_1_2", Edit(name="Ola grande", exit_hold=Hold.SHADOW))
    summary = ingest(None, sources / "moves", None, stack, workers=1)
    assert summary.moves_unchanged == ("onda_1_1", "onda_1_2")
    assert stack.catalogue.moves_named(["onda_1_2"])[0].name == "Ola grande"

    folder = sources / "renamed" / "wave"
    folder.mkdir(parents=True)
    (folder / "wave_7.mp4").write_bytes((sources / "moves/onda/onda_1.mp4").read_bytes())
    (sources / "renamed" / "manifest.csv").write_text(
        "file,name,first_count_at,tempo\nwave/wave_7.mp4,Wave,1.0,120\n"
    )
    summary = ingest(None, sources / "renamed", None, stack, workers=1)
    assert summary.moves_made == ("wave_7_1", "wave_7_2")
    assert summary.moves_removed == ("onda_1_1", "onda_1_2")
    first, second = stack.catalogue.moves_named(["wave_7_1", "wave_7_2"])
    assert first.name.startswith("Wave")
    assert (second.name, second.exit_state.hold) == ("Ola grande", "shadow")
    assert clips.sentence_of(second).startswith("Ola grande.")


def test_a_move_that_is_not_there_cannot_be_edited(stack):
    with pytest.raises(UnknownMove, match="nadie"):
        edit_move(stack, "nadie", Edit(name="x"))
