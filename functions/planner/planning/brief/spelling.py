"""Typing errors in the words that sentences are read by."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from planning.brief.words import DIFFICULTY, ENERGY, MOOD, SPELT_RIGHT, STYLE, TRANSITION

SHORTEST_MENDED = 6
"""Letters of a word that is looked for with typing errors: shorter ones are too like others."""


def mended(text: str) -> str:
    """Mend typing errors in the words of our tables: one letter, or two in long words."""
    known, stems = _vocabulary()

    def right(match: re.Match[str]) -> str:
        word = match.group()
        if word in known or word in SPELT_RIGHT or word.startswith(stems):
            return word
        near = [
            (errors, other)
            for other in known
            if abs(len(other) - len(word)) <= 2
            and other[0] == word[0]
            and (errors := _errors(word, other)) <= (2 if len(other.rstrip("s")) >= 8 else 1)
        ]
        return min(near)[1] if near else word

    return re.sub(rf"(?<![\w'])[a-z]{{{SHORTEST_MENDED - 1},}}(?!\w)", right, text)


@functools.cache
def _vocabulary() -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the long single words of our tables, and the beginnings that stand for many."""
    tables: tuple[Mapping[Any, str], ...] = (DIFFICULTY, ENERGY, STYLE, MOOD, TRANSITION)
    words = {w for table in tables for entry in table.values() for w in entry.split("|")}
    single = {word for word in words | {"without"} if re.fullmatch(r"[a-z]+\*?", word)}
    whole = {w.rstrip("*") for w in single if len(w.rstrip("*")) >= SHORTEST_MENDED}
    plural = {word + "s" for word in whole if f"{word}*" not in single}
    return frozenset(whole | plural), tuple(w[:-1] for w in single if w.endswith("*"))


def _errors(a: str, b: str) -> int:
    """Count the letters to change, add, drop or swap with their neighbour (Damerau 1964)."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        earlier, before = before, row
        row = [i]
        for j, y in enumerate(b, start=1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                least = min(least, earlier[j - 2] + 1)
            row.append(least)
    return row[-1]
