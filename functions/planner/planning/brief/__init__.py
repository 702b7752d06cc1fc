"""GenerationRequest → Brief: what the sentence asks for, by rules in English and Spanish.

A language model may refine the reading, within the same closed sets of words; whatever else
it answers is dropped. Fields that the request gives outright always win.

`words` are the tables, `sentence` (with `spelling`) finds them in what was typed, `rules` reads
them, `refining` is the language model's part.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from choreo.errors import Unavailable
from choreo.ports import LanguageModel
from choreo.task import GenerationRequest
from planning.brief.refining import INSTRUCTIONS, refined, schema
from planning.brief.rules import by_rules
from planning.model import Brief, Span

__all__ = ["Reading", "read_brief"]


@dataclass(frozen=True)
class Reading:
    """A brief and how it was read."""

    brief: Brief
    reader: str
    """`rules`, or `language model` when one refined them."""
    notes: tuple[str, ...] = ()
    """What a language model answered that could not be used, and why."""
    lack: str | None = None
    """Why a language model, though there is one, had no part in it."""
    warnings: tuple[str, ...] = ()
    """What the dancer should know about the reading."""


def read_brief(
    request: GenerationRequest,
    kinds: Sequence[str],
    language_model: LanguageModel | None = None,
    span: Span | None = None,
) -> Reading:
    """Read what the request asks for.

    Args:

        request: Song and wishes, or a sentence.

        kinds: The kinds of move that the library has, as `move_words`.

        language_model: Refines the reading of a sentence; its failure changes nothing.

        span: The asked part of the song; None: all of it.
    """
    sentence = request.query or ""
    brief = by_rules(sentence, kinds) if sentence else Brief()
    reader = "rules"
    notes: tuple[str, ...] = ()
    lack: str | None = None
    if sentence and language_model is not None:
        try:
            answer = language_model.answer(
                INSTRUCTIONS, {"sentence": sentence, "moves": list(kinds)}, schema(len(kinds))
            )
        except Unavailable as exc:
            lack = f"the language model did not read the sentence: {exc}"
            notes = (lack,)
        else:
            brief, faults = refined(brief, answer, kinds)
            notes = tuple(f"the language model's {fault} was not used" for fault in faults)
            if isinstance(answer, Mapping):
                reader = "language model"
            else:
                lack = notes[0]
    return Reading(
        replace(
            brief,
            difficulty=request.difficulty or brief.difficulty,
            energy=request.energy_level or brief.energy,
            style=request.style or brief.style,
            span=span or brief.span,
        ),
        reader,
        notes,
        lack,
        () if reader == "language model" else _not_read(sentence),
    )


FOREIGN_SHARE = 0.5
"""Of the letters; a sentence with more in other scripts than Latin cannot be read by rules."""


def _not_read(sentence: str) -> tuple[str, ...]:
    letters = [char for char in sentence if char.isalpha()]
    foreign = [char for char in letters if "LATIN" not in unicodedata.name(char, "")]
    if not letters or len(foreign) <= FOREIGN_SHARE * len(letters):
        return ()
    return (
        "the sentence could not be read: only English and Spanish are understood; what it asks "
        "for beyond them was left to the usual choice",
    )
