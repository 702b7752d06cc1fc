"""What the catalogue keeps, on SQLite and on PostgreSQL."""

import itertools
import struct
from datetime import timedelta

import pytest
from samples import Clock
from sqlalchemy import Engine

from choreo.database.catalogue import EmbeddedMove, SqlCatalogue
from choreo.errors import UnknownSong
from choreo.move import AUDIO_DIMENSIONS, POSE_DIMENSIONS, TEXT_DIMENSIONS, DanceState, Move
from choreo.song import Song, SongAnalysis
from choreo.vocabulary import Difficulty, EnergyLevel, Hold, Style

EXTREMES = (0.1, -1.0, 1e-38, 3.4e38, 0.0, -0.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalogue(database: Engine, clock: Clock) -> SqlCatalogue:
    return SqlCatalogue(database, clock)


def a_song(song_id: str, title: str, **fields: object) -> Song:
    return Song(
        id=song_id, title=title, audio_path=f"songs/{song_id}/audio.m4a", duration=180.0, **fields
    )


def a_vector(dimensions: int, start: float = 1.0) -> bytes:
    values = (*EXTREMES, *(start / (n + 1) for n in range(dimensions - len(EXTREMES))))
    return struct.pack(f"<{dimensions}f", *values)


def a_move(move_id: str, start: float = 1.0) -> EmbeddedMove:
    move = Move(
        id=move_id,
        name="Básico",
        family="basic",
        difficulty=Difficulty.BEGINNER,
        energy_level=EnergyLevel.LOW,
        style=Style.ROMANTIC,
        duration=4.0,
        counts=4,
        beat_times=(1.0, 1.5, 2.0, 2.5, 3.0),
        video_path=f"moves/basic/{move_id}.mp4",
        width=1280,
        height=720,
        frame_rate=30.0,
        conformed=True,
        entry_state=DanceState(hold=Hold.CLOSED),
        exit_state=DanceState(hold=Hold.OPEN),
    )
    return EmbeddedMove(
        move,
        a_vector(POSE_DIMENSIONS, start),
        a_vector(AUDIO_DIMENSIONS, start),
        a_vector(TEXT_DIMENSIONS, start),
    )


def test_an_empty_catalogue_has_nothing(catalogue):
    assert catalogue.songs() == catalogue.moves() == catalogue.embedded_moves() == []
    with pytest.raises(UnknownSong, match="amor"):
        catalogue.song("amor")


def test_a_song_comes_back_as_it_was(catalogue):
    analysis = SongAnalysis(
        duration=180.0,
        tempo=129.2,
        beats=(0.1, 0.56, 1.02),
        downbeats=(0.1,),
        eight_counts=(0.1,),
        sections=(),
        rhythm_strength=0.5,
        syncopation_level=0.25,
        confidence=1.0,
    )
    song = a_song("amor", "Corazón \u202e 愛 '; DROP TABLE songs; --", analysis=analysis)
    catalogue.save_song(song)
    assert catalogue.song("amor") == song


def test_songs_are_listed_by_title(catalogue):
    for song_id, title in (("c", "Agua"), ("a", "Cielo"), ("b", "Beso")):
        catalogue.save_song(a_song(song_id, title))
    assert [song.title for song in catalogue.songs()] == ["Agua", "Beso", "Cielo"]


def test_saving_a_song_again_replaces_it(catalogue):
    catalogue.save_song(a_song("amor", "Amor"))
    catalogue.save_song(a_song("amor", "Amor, otra vez"))
    assert [song.title for song in catalogue.songs()] == ["Amor, otra vez"]


def test_a_removed_song_is_unknown(catalogue):
    catalogue.save_song(a_song("amor", "Amor"))
    catalogue.remove_song("amor")
    catalogue.remove_song("never-there")
    assert catalogue.songs() == []


def test_moves_come_back_with_their_vectors_bit_for_bit(catalogue):
    saved = [a_move(f"basic-{number}", start=number) for number in range(5)]
    catalogue.save_moves(reversed(saved))
    assert catalogue.embedded_moves() == saved
    assert catalogue.moves() == [item.move for item in saved]


def test_saving_moves_again_replaces_them(catalogue):
    catalogue.save_moves([a_move("basic-1"), a_move("basic-2")])
    catalogue.save_moves([a_move("basic-1", start=2.0)])
    assert catalogue.embedded_moves() == [a_move("basic-1", start=2.0), a_move("basic-2")]


def test_moves_are_found_by_id_and_no_text_is_an_error(catalogue):
    catalogue.save_moves([a_move("basic-1"), a_move("basic-2")])
    asked = ["basic-2", "never-there", "", "a\0b", "x' OR '1'='1", "ñ" * 5000]
    assert [move.id for move in catalogue.moves_named(asked)] == ["basic-2"]
    assert catalogue.moves_named(["\0"]) == []


def test_removed_moves_are_gone(catalogue):
    catalogue.save_moves([a_move("basic-1"), a_move("basic-2")])
    catalogue.remove_moves(["basic-1", "never-there"])
    assert [move.id for move in catalogue.moves()] == ["basic-2"]


def test_the_version_changes_with_every_change_of_the_moves(catalogue, clock):
    versions = [catalogue.version()]
    for change in (
        lambda: catalogue.save_moves([a_move("basic-1")]),
        lambda: catalogue.save_moves([a_move("basic-1", start=2.0)]),
        lambda: catalogue.save_moves([a_move("basic-2")]),
        lambda: catalogue.remove_moves(["basic-2"]),
        lambda: catalogue.remove_moves(["basic-1"]),
    ):
        clock.pass_(timedelta(seconds=1))
        change()
        versions.append(catalogue.version())
    assert all(before != after for before, after in itertools.pairwise(versions))
    assert catalogue.version() == versions[-1]


def test_a_vector_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"pose vector of 'basic-1' has 4 bytes.*2048"):
        EmbeddedMove(a_move("basic-1").move, b"1234", b"", b"")


def test_a_library_of_hundreds_is_saved_and_read(catalogue):
    saved = [a_move(f"basic-{number:04}") for number in range(300)]
    catalogue.save_moves(saved)
    assert len(catalogue.embedded_moves()) == 300
    catalogue.remove_moves([item.move.id for item in saved])
    assert catalogue.moves() == []
