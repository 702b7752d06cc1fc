"""Brief × songs → the song or songs to dance to, when the request names none by id."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import pairwise

from choreo.blueprint import MAX_MEDLEY_SONGS
from choreo.errors import PlanImpossible
from choreo.song import Song
from planning.model import MOODS, Brief, move_words

NAMED_TITLE = 10.0
NAMED_ARTIST = 6.0
"""A name in the sentence outweighs everything else."""

PART_OF_NAME = 0.7
"""Points, of those for a whole name, for its telling words."""

LONGER_NAME = 0.05
"""More for each word of a whole name: of two that are named, the longer one is meant."""

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


_MEDLEY = re.compile(r"\b(?:medley|potpourri|popurri|mashup|mash up|enlazado)\b")
_MIX = re.compile(r"\b(?:mix|remix|mezcla|mezclar|combina|combine|combination|combinacion)\b")
"""Words that mean several songs only beside their titles, since styles and moves are mixed too."""

_HOW_MANY = re.compile(
    r"\b(?P<n>[2-8]|two|three|four|five|six|dos|tres|cuatro|cinco|seis)"
    r"\s+(?:\w+\s+){0,2}?(?:songs|canciones|temas|tracks)\b"
)

_NUMBERS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6,
}  # fmt: skip

_JOINING = frozenset(
    {"and", "plus", "then", "followed", "into", "with", "by", "song"}
    | {"y", "e", "mas", "luego", "despue", "seguida", "seguido", "de", "con", "cancion"}
)
"""What may stand between two titles that are both to be danced."""

USUAL_SONGS = 2
"""Songs of a medley whose songs are not named."""


def choose_songs(brief: Brief, songs: Sequence[Song], seed: int) -> tuple[Song, ...]:
    """Choose the song that fits the brief best, or the songs of a medley that it asks for.

    Several titles in a row, or beside a word such as *medley* or *mezcla*, are a medley in the
    order in which they are named. The seed decides between equals.

    Raises:

        PlanImpossible: If the library has no song.
    """
    if not songs:
        raise PlanImpossible("the library has no song; add one with `choreo ingest --songs DIR`")
    sentence = f" {move_words(brief.sentence)} "
    named = _titles(sentence, songs)
    asked = bool(_MEDLEY.search(sentence))
    if len(named) > 1 and (asked or _MIX.search(sentence) or _in_a_row(sentence, named)):
        return tuple(song for song, _, _ in named[:MAX_MEDLEY_SONGS])
    best = sorted(
        songs,
        key=lambda song: (round(_fit(song, brief, sentence), 3), _lot(song.id, seed), song.id),
        reverse=True,
    )
    many = _HOW_MANY.search(brief.sentence.lower())
    if many and (asked or _MIX.search(sentence)):
        number = many.group("n")
        return tuple(best[: _NUMBERS.get(number) or int(number)])
    return tuple(best[: USUAL_SONGS if asked else 1])


def _titles(sentence: str, songs: Sequence[Song]) -> list[tuple[Song, int, int]]:
    """Return the songs whose whole title is in the sentence, with where; of titles inside
    others, the longest."""
    found = []
    for song in songs:
        words = move_words(song.title)
        place = sentence.find(f" {words} ") if set(words.split()) - _COMMON else -1
        if place >= 0:
            found.append((song, place + 1, place + 1 + len(words)))
    taken: list[tuple[Song, int, int]] = []
    for song, start, end in sorted(found, key=lambda item: item[1] - item[2]):
        if all(end <= a or b <= start for _, a, b in taken):
            taken.append((song, start, end))
    return sorted(taken, key=lambda item: item[1])


def _in_a_row(sentence: str, named: Sequence[tuple[Song, int, int]]) -> bool:
    """Tell whether nothing but joining words, and the artists, stand between the titles."""
    for (before, _, end), (_, start, _) in pairwise(named):
        between = set(sentence[end:start].split()) - set(move_words(before.artist).split())
        if not between <= _JOINING:
            return False
    return True


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
    """About 1 when the whole name is in the sentence, less for a telling part of it."""
    words = move_words(name).split()
    if not words:
        return 0.0
    if f" {' '.join(words)} " in sentence and set(words) - _COMMON:
        return 1.0 + LONGER_NAME * len(words)
    telling = [word for word in words if word not in _COMMON and len(word) > 2]
    if not telling:
        return 0.0
    share = sum(f" {word} " in sentence for word in telling) / len(telling)
    return PART_OF_NAME * share if share >= 0.5 else 0.0


def _lot(song_id: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{song_id}".encode()).hexdigest()
