"""A sentence made plain: which words it names, and what it negates."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from planning.brief.spelling import mended
from planning.brief.words import SIGNS

_T = TypeVar("_T")

_NEGATION = re.compile(
    r"\b(?:no|not|without|avoid|avoiding|skip|skipping|leave out|leaving out|exclude|excluding|"
    r"never|don'?t|dont|do not|nothing|hardly any|barely any|(?:go )?easy on|"
    r"minus|except|instead of|rather than|sin|ni|nada(?! mas)|evita|evitar|evitando|"
    r"excepto|menos(?! energia)|nunca|tampoco|apenas|omite|omitir|quita|quitar|"
    r"salta|saltar|saltate)\b"
)

_NEGATION_ENDS = re.compile(
    r"[.;:!?]|\b(?:but|with|pero|sino|con|only|solo|just|y con|include|including|incluye|please|"
    r"for|para)\b"
)

_NEGATION_REACH = 60
"""Characters; after that a new thought has begun even without a sign of it."""


@dataclass(frozen=True)
class Sentence:
    """A sentence without accents, and where it is negated."""

    text: str
    negated: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, words: str) -> Sentence:
        """Take a sentence as it was typed."""
        for sign, word in SIGNS.items():
            words = words.replace(sign, f" {word} ")
        decomposed = unicodedata.normalize("NFKD", words.replace("ñ", "n").replace("’", "'"))
        plain = "".join(char for char in decomposed if not unicodedata.combining(char))
        return cls._read(mended(plain.lower()))

    @classmethod
    def _read(cls, text: str) -> Sentence:
        spans = []
        for match in _NEGATION.finditer(text):
            end = min(len(text), match.end() + _NEGATION_REACH)
            after = match.end() + (5 if text.startswith((" for ", " para "), match.end()) else 0)
            stop = _NEGATION_ENDS.search(text, after, end)
            spans.append((match.start(), stop.start() if stop else end))
        return cls(text, tuple(spans))

    def without(self, words: re.Pattern[str]) -> Sentence:
        """Return the sentence as if these words were not in it."""
        return self._read(words.sub(" , ", self.text))

    def is_negated(self, place: int) -> bool:
        """Say whether what stands there is not wanted."""
        return any(start <= place < end for start, end in self.negated)

    def mentions(self, words: str) -> bool:
        """Say whether one of these words is there, wanted or not."""
        return pattern_of(words).search(self.text) is not None

    def named(self, table: Mapping[_T, str]) -> list[tuple[re.Match[str], _T]]:
        """Return what is named of a table, in its order; of words inside others, the longest."""
        found = [
            (match, value)
            for value, words in table.items()
            for match in pattern_of(words).finditer(self.text)
        ]
        taken: list[tuple[re.Match[str], _T]] = []
        for match, value in sorted(found, key=lambda item: item[0].start() - item[0].end()):
            if all(match.end() <= m.start() or m.end() <= match.start() for m, _ in taken):
                taken.append((match, value))
        return sorted(taken, key=lambda item: item[0].start())

    def wanted(self, table: Mapping[_T, str]) -> list[_T]:
        """Return what is named of a table and not negated, in the sentence's order."""
        return [value for match, value in self.named(table) if not self.is_negated(match.start())]

    def first(self, table: Mapping[_T, str]) -> _T | None:
        """Return the first of what is wanted of a table, or None."""
        return next(iter(self.wanted(table)), None)


def pattern_of(words: str) -> re.Pattern[str]:
    """Return what finds an entry of a table of words."""
    parts = []
    for word in words.split("|"):
        body = re.escape(word.rstrip("*")).replace(r"\ ", r"[\s_-]+")
        ending = r"\w*" if word.endswith("*") else "(?:s|es)?"
        parts.append(body + ending)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")
