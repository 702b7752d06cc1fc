"""What a sentence asks for, by rules in English and Spanish."""

from __future__ import annotations

import re
from collections.abc import Sequence

from choreo.blueprint import TransitionType
from choreo.vocabulary import Difficulty, EnergyLevel
from planning.brief.sentence import Sentence, pattern_of
from planning.brief.words import DIFFICULTY, ENERGY, MOOD, MOVES, STYLE, TEMPO, TRANSITION
from planning.model import Brief

_BPM = re.compile(
    r"\b(?:tempo\s+(?:of\s+|de\s+)?(\d{2,3})|(\d{2,3})\s*(?:bpm|beats per minute|pulsaciones))\b"
)


def by_rules(sentence: str, kinds: Sequence[str]) -> Brief:
    """Return what a sentence asks for; nothing is set that it does not say.

    Args:

        sentence: In English or Spanish, as it was typed.

        kinds: The kinds of move that the library has, as `move_words`.
    """
    text = Sentence.of(sentence)
    wanted, banned = _moves_named(text, kinds)
    transition = _transition(text)
    return Brief(
        sentence=sentence,
        difficulty=_difficulty(text),
        energy=_energy(text),
        style=text.first(STYLE),
        mood=text.first(MOOD),
        tempo=_tempo(text),
        wanted=wanted,
        banned=banned,
        transition=transition,
        smooth=transition is TransitionType.CROSSFADE,
    )


def _difficulty(text: Sentence) -> Difficulty | None:
    text = text.without(_NO_LEVEL)
    named = text.wanted(DIFFICULTY)
    if named:  # It is a limit, so the easiest of several counts.
        return min(named, key=lambda level: level.rank)
    refused = {
        level
        for level in (Difficulty.BEGINNER, Difficulty.ADVANCED)
        if text.mentions(DIFFICULTY[level])
    }
    if Difficulty.BEGINNER in refused:  # "not too easy", with or without "not too hard"
        return Difficulty.INTERMEDIATE
    return Difficulty.BEGINNER if refused else None  # "nothing too hard"


_NO_LEVEL = re.compile(r"\b(?:hard[\s-]+cuts?|easy\s+on)\b")
"""Words for a level that mean none here."""

_SOFT_JOINTS = re.compile(r"\b(?:transicion\w*\s+(?:muy\s+)?suaves?|soft\s+transitions?)\b")

_COURSE = re.compile(r"\b(?:start|begin|build|end|finish|empiez|empez|comienz|termin|acab)\w*")
"""Of a dance that changes on its way: the song's own arc does that."""


def _energy(text: Sentence) -> EnergyLevel | None:
    text = text.without(_SOFT_JOINTS)
    named = text.wanted(ENERGY)
    if {EnergyLevel.LOW, EnergyLevel.HIGH} <= set(named) and _COURSE.search(text.text):
        return None
    if not named and any(
        text.mentions(ENERGY[level]) for level in (EnergyLevel.HIGH, EnergyLevel.LOW)
    ):
        return EnergyLevel.MEDIUM
    return named[0] if named else None


def _transition(text: Sentence) -> TransitionType | None:
    found = text.first(TRANSITION)
    if found is not None:
        return found
    soft = _SOFT_JOINTS.search(text.text)
    if soft and not text.is_negated(soft.start()):
        return TransitionType.CROSSFADE
    if text.mentions(TRANSITION[TransitionType.CUT]):  # "no hard cuts"
        return TransitionType.CROSSFADE
    if soft or text.mentions(TRANSITION[TransitionType.CROSSFADE]):
        return TransitionType.CUT
    return None


def _tempo(text: Sentence) -> float | None:
    number = _BPM.search(text.text)
    beats = int(number.group(1) or number.group(2)) if number else 0
    if 60 <= beats <= 220:
        return float(beats)
    named = set(text.wanted(TEMPO))
    return named.pop() if len(named) == 1 else None


_PARTS_OF_A_SONG = frozenset({"intro", "outro", "verse", "chorus", "bridge", "break"})
"""Kinds of move of these names are chosen by their place; in a sentence the words mean the song."""


def _moves_named(text: Sentence, kinds: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    own = {(kind, True): kind for kind in kinds if kind not in _PARTS_OF_A_SONG}
    known = {(name, False): words for name, words in MOVES.items()}
    wanted: list[str] = []
    banned: list[str] = []
    # Of equal words those of the library come first: there they mean what it calls so.
    for match, (name, is_own) in text.named(own | known):
        if not _is_level_not_move(text.text, match.start(), name):
            meant = (name,) if is_own else _meant(name, kinds)
            (banned if text.is_negated(match.start()) else wanted).extend(meant)
    unwanted = tuple(dict.fromkeys(banned))
    return tuple(kind for kind in dict.fromkeys(wanted) if kind not in unwanted), unwanted


def _meant(name: str, kinds: Sequence[str]) -> tuple[str, ...]:
    """Return what the library has of a kind in `MOVES`, or its name if it has none of it.

    The name stands for all kinds that have it in theirs, as `turn` for `left turn`; kinds that go
    by another of its words are named beside it, or in its place.
    """
    words, pattern = set(name.split()), pattern_of(MOVES[name])
    so_called = any(words <= set(kind.split()) for kind in kinds)
    others = tuple(k for k in kinds if not words <= set(k.split()) and pattern.search(k))
    return (name, *others) if so_called or not others else others


def _is_level_not_move(text: str, place: int, kind: str) -> bool:
    if kind != "basic":
        return False
    return bool(
        re.match(r"basic\s+(?:level|bachata|routine|choreography)|nivel", text[place:])
    ) or (text[max(0, place - 6) : place].strip() == "nivel")
