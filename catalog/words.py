"""What the names of folders and files say about a move."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from catalog.source_files import Source, slug
from choreo.vocabulary import Difficulty, Hold, Style

_Entry = TypeVar("_Entry", bound=StrEnum)

_GENERIC = frozenset(
    {"moves", "move", "clips", "clip", "videos", "video", "bachata", "steps", "bachata_steps"}
    | {"bachata_moves", "pasos", "library", "media", "dance", "movimientos"}
)
"""Folder names that say nothing about a move."""

_DIFFICULTY = {
    Difficulty.BEGINNER: "beginner easy basic basico side box tap sway mambo_step walk",
    Difficulty.INTERMEDIATE: "intermediate turn vuelta giro cross hip roll wave hammerlock",
    Difficulty.ADVANCED: "advanced dip cambre spin double shadow footwork head lift drop",
}
_STYLE = {
    Style.TRADITIONAL: "traditional basic basico box side footwork dominican tap majao derecho",
    Style.MODERN: "modern moderna turn vuelta giro cross hammerlock urban",
    Style.SENSUAL: "sensual body roll wave onda hip shadow sombra dip cambre head isolation",
    Style.FUSION: "fusion spin zouk salsa tango kizomba",
    Style.ROMANTIC: "romantic romantica embrace abrazo sway close",
}
_HOLD = {
    Hold.SHADOW: "shadow sombra",
    Hold.HAMMERLOCK: "hammerlock",
    Hold.CLOSED: "closed close embrace abrazo cerrada",
    Hold.CROSS_HAND: "crosshand cross_hand",
    Hold.SIDE_BY_SIDE: "side_by_side",
}


@dataclass(frozen=True)
class Naming:
    """What a clip's place and name say."""

    base_id: str
    family: str
    name: str
    difficulty: Difficulty | None
    style: Style | None
    hold: Hold | None


def naming_of(source: Source) -> Naming:
    """Read a clip's place: in `body_roll/body_roll_1.mp4` the folder names the move."""
    stem = slug(source.stem)
    folder = slug(source.folder)
    if folder in _GENERIC:
        folder = ""
    family = folder or re.sub(r"(_?\d+)+$", "", stem) or "move"
    base_id = stem if not folder or stem.startswith(folder) else f"{folder}_{stem}".strip("_")
    said = f"{family}_{stem}"
    return Naming(
        base_id=(base_id or family)[:120],
        family=family,
        name=in_words(stem or family),
        difficulty=_spoken(said, _DIFFICULTY),
        style=_spoken(said, _STYLE),
        hold=_spoken(said, _HOLD),
    )


def in_words(name: str) -> str:
    """Return a file-like name as people read it: `body_roll_1` is "Body roll 1"."""
    words = " ".join(name.replace("_", " ").split())
    return words[:1].upper() + words[1:]


def _spoken(said: str, table: dict[_Entry, str]) -> _Entry | None:
    """Return the entry with most words in `said`; the harder or later one wins a draw."""
    parts = set(said.split("_"))
    scores = {
        entry: sum(word in parts or ("_" in word and word in said) for word in words.split())
        for entry, words in table.items()
    }
    best = max(reversed(list(table)), key=lambda entry: scores[entry])
    return best if scores[best] else None
