"""Brief × songs → the song to dance to, when the request names none by id."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from choreo.errors import PlanImpossible
from choreo.song import Song
from planning.model import MOODS, Brief, move_words

NAMED_TITLE = 10.0
NAMED_ARTIST = 6.0
"""A name in the sentence outweighs everything else."""

PART_OF_NAME = 0.7
"""Points, of those for a whole name, for its telling words."""

TEMPO_SPREAD = 12.0
"""Beats per minute off the wish that cost one point."""

UNANALYSED = 0.5
"""Points lost by a song whose music is not known yet."""

_COMMON = frozenset(
    {"the", "an", "and", "of", "to", "for", "with", "in", "on", "my", "your", "love", "amor"}
    | {"bachata", "song", "cancion", "dance", "beginner", "romantic", "romantica"}
    | {"de", "la", "el", "los", "las", "con", "para", "una", "un", "mi", "tu"}
)
"""Words that name a song only together with others."""


def choose_song(brief: Brief, songs: Sequence[Song], seed: int) -> Song:
    """Choose the song that fits the brief best; the seed decides between equals.

    Raises:

        PlanImpossible: If the library has no song.
    """
    if not songs:
        raise PlanImpossible("the library has no song; add one with `choreo ingest --songs DIR`")
    sentence = f" {move_words(brief.sentence)} "
    return max(
        songs,
        key=lambda song: (round(_fit(song, brief, sentence), 3), _lot(song.id, seed), song.id),
    )


def _fit(song: Song, brief: Brief, sentence: str) -> float:
    points = NAMED_TITLE * _named(song.title, sentence) + NAMED_ARTIST * _named(
        song.artist, sentence
    )
    for value in song.tags.values():
        points += 0.3 * _named(value, sentence)
    analysis = song.analysis
    if analysis is None:
        return points - UNANALYSED
    if brief.tempo is not None:
        points -= abs(analysis.tempo - brief.tempo) / TEMPO_SPREAD
    liveliness = _liveliness(analysis.tempo, analysis.rhythm_strength)
    if brief.mood is not None:
        points -= abs(liveliness - MOODS[brief.mood])
    if brief.energy is not None:
        points -= abs(liveliness - {0: 0.2, 1: 0.5, 2: 0.8}[brief.energy.rank])
    if brief.mood is None and brief.energy is None and brief.tempo is None:
        points += 0.2 * analysis.confidence
    return points


def _liveliness(tempo: float, rhythm_strength: float) -> float:
    """0 to 1: slow and soft to fast and driven; bachata lies between 105 and 140 BPM."""
    return 0.7 * min(1.0, max(0.0, (tempo - 105.0) / 35.0)) + 0.3 * rhythm_strength


def _named(name: str, sentence: str) -> float:
    """1 when the whole name stands in the sentence, less for a telling part of it."""
    words = move_words(name).split()
    if not words:
        return 0.0
    if f" {' '.join(words)} " in sentence and set(words) - _COMMON:
        return 1.0
    telling = [word for word in words if word not in _COMMON and len(word) > 2]
    if not telling:
        return 0.0
    share = sum(f" {word} " in sentence for word in telling) / len(telling)
    return PART_OF_NAME * share if share >= 0.5 else 0.0


def _lot(song_id: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{song_id}".encode()).hexdigest()
