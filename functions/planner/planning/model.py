"""The planner's own values: what one stage hands to the next.

Times are seconds on the timeline, the video's clock, unless a name says `song` or `clip`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from choreo.blueprint import TransitionType
from choreo.database.catalogue import EmbeddedMove
from choreo.move import DanceState, Move
from choreo.song import Song
from choreo.vocabulary import Difficulty, EnergyLevel, RhythmMode, SectionLabel, Style

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

RETIME_GOOD = 0.06
"""Played so much faster or slower a clip looks as it was danced."""

RETIME_LIMIT = 0.10
"""A clip is played at most this much faster or slower than it was danced: beyond it the
steps look driven."""


class Catalogue(Protocol):
    """What the planner asks of the catalogue store."""

    def songs(self) -> list[Song]:
        """Return all songs, by title."""

    def song(self, song_id: str) -> Song:
        """Return one song, or raise `UnknownSong`."""

    def save_song(self, song: Song) -> None:
        """Store a song, replacing the one with the same id."""

    def embedded_moves(self) -> list[EmbeddedMove]:
        """Return all moves with their vectors, by id."""

    def version(self) -> str:
        """Return a text that changes whenever a move is stored or removed."""


class SpanKind(StrEnum):
    """Which part of the song is asked for."""

    WHOLE = "whole"
    SECONDS = "seconds"
    """From `start` to `end` on the song's clock; a negative start counts from the end."""
    SHARE = "share"
    """From `start` to `end` as shares of the song, 0 to 1."""
    SECTION = "section"
    """One section alone."""
    SECTIONS = "sections"
    """From one section on, up to another, or without those at its ends."""


@dataclass(frozen=True)
class Span:
    """A part of a song."""

    kind: SpanKind = SpanKind.WHOLE
    start: float = 0.0
    """Seconds of the song, or a share of it; negative: from its end."""
    end: float | None = None
    """Seconds of the song, or a share of it; None: its end."""
    section: SectionLabel | None = None
    """The section that is danced alone, or with which the dance starts."""
    which: int = 0
    """Which section with this label, from 1, or -1 for the last; 0 for the longest."""
    until: SectionLabel | None = None
    """The section before which the dance ends."""
    without: tuple[SectionLabel, ...] = ()
    """Sections at the song's ends that are left out."""
    length: float | None = None
    """Seconds that are danced at most, from where the dance starts."""


@dataclass(frozen=True)
class Brief:
    """What a request asks for, in the words of the library."""

    sentence: str = ""
    difficulty: Difficulty | None = None
    """Never exceeded; None: no limit was asked for."""
    energy: EnergyLevel | None = None
    style: Style | None = None
    mood: str | None = None
    """One of `MOODS`."""
    tempo: float | None = None
    """Beats per minute that the song should have."""
    wanted: tuple[str, ...] = ()
    """Kinds of move that should appear, as `move_words` of a family or a name."""
    banned: tuple[str, ...] = ()
    """Kinds of move that must not appear."""
    span: Span = field(default_factory=Span)
    transition: TransitionType | None = None
    """The transition asked for; None leaves it to the planner."""
    smooth: bool = False
    """True weighs continuity between moves more."""


MOODS: Mapping[str, float] = {
    "romantic": 0.35,
    "sad": 0.25,
    "calm": 0.2,
    "playful": 0.6,
    "happy": 0.7,
    "passionate": 0.7,
    "party": 0.9,
}
"""Moods a sentence can name, each with the energy (0 to 1) of music that carries it."""


class SlotKind(StrEnum):
    """What a slot of the song is for."""

    LEAD_IN = "lead_in"
    """Before the first 1."""
    DANCE = "dance"
    BREAK = "break"
    """The music stops or marks; the couple holds or taps."""
    TAIL = "tail"
    """After the last whole phrase."""


@dataclass(frozen=True)
class Slot:
    """A phrase of at most eight counts, or what an end of the song leaves of one."""

    kind: SlotKind
    first_beat: int
    """Index into `Slots.beats`."""
    counts: int
    """0 for an end of the song that is shorter than a beat."""
    section: int
    """Index of the part of the song, counted from its first."""
    label: SectionLabel
    energy: float
    """0 to 1, of the section."""
    rhythm: RhythmMode
    eight: int
    """Index into the song's slot vectors; -1 when the slot has none."""
    lead: float = 0.0
    """Seconds before the first beat that belong to this slot too."""
    tail: float = 0.0
    """Seconds after the last count's end that belong to this slot too."""
    tempo: float = 120.0
    """Beats per minute of its song, from the median beat of the part that is danced."""
    joins_previous: bool = False
    """True when a move may run on from the slot before into this one."""


@dataclass(frozen=True)
class Slots:
    """The asked part of a song, cut into phrases."""

    audio_start: float
    """Second of the song at which the timeline starts."""
    length: float
    beats: tuple[float, ...]
    """Every count, those of the lead-in and the tail extrapolated; one more than the counts
    of all slots, so that each slot's end has a time."""
    ones: tuple[int, ...]
    """Indices into `beats` of the 1s that the analysis found."""
    resets: tuple[int, ...]
    slots: tuple[Slot, ...]
    notes: tuple[str, ...] = ()
    """Sentences for a person about what could not be honoured."""

    @property
    def tempi(self) -> tuple[float, ...]:
        """Beats per minute of each song, the slowest first."""
        return tuple(sorted({slot.tempo for slot in self.slots}))

    def start(self, slot: Slot) -> float:
        """Second at which the slot starts, its lead included."""
        return self.beats[slot.first_beat] - slot.lead

    def end(self, slot: Slot) -> float:
        """Second at which the slot ends, its tail included."""
        return self.beats[slot.first_beat + slot.counts] + slot.tail


@dataclass(frozen=True)
class Library:
    """All moves with their vectors, in the order of their ids."""

    moves: tuple[Move, ...]
    pose: Floats
    """Shape (n, 512), rows of unit length or zero."""
    audio: Floats
    """Shape (n, 128)."""
    text: Floats
    """Shape (n, 384)."""
    version: str


@dataclass(frozen=True)
class Candidates:
    """The moves that the sequence is made of, and how well each suits each slot."""

    moves: tuple[Move, ...]
    pose: Floats
    """Shape (n, 512)."""
    music: Floats
    """Shape (slots, n), cosine of the slot's music and the music the move was danced to."""
    text: Floats
    """Shape (n,), cosine of the sentence and the move's description."""
    relaxed: tuple[str, ...] = ()
    """Wishes that were given up for want of moves, in the order they were."""
    degraded: str | None = None


@dataclass(frozen=True)
class Step:
    """One move in its place."""

    move: Move
    slot: int
    """Index of the slot in which it starts."""
    first_beat: int
    counts: int
    clip_count: int
    """The clip's count that falls on `first_beat`; above 0 when the clip's end is shown."""
    lead: float
    tail: float
    free: bool
    """True when the clip is played at its natural speed because the beat here is too uneven."""
    wanted: bool
    """True when the request asked for this kind of move."""
    returns: bool
    """True when it was danced in an earlier section with the same label."""
    jump: float
    """0 to 1: how far the pose changes at the cut into this move."""


SAME_TIME = 0.001
"""Seconds; plans write times with a precision of a microsecond."""


@dataclass(frozen=True)
class Place:
    """Where a clip stands in an earlier plan, in seconds on the timeline."""

    clip_id: str
    start: float
    end: float

    def is_at(self, start: float, end: float) -> bool:
        """Tell whether the place is from `start` to `end`, within a millisecond."""
        return abs(self.start - start) < SAME_TIME and abs(self.end - end) < SAME_TIME

    def overlaps(self, start: float, end: float) -> bool:
        """Tell whether any of the place lies between `start` and `end`."""
        return self.start < end - SAME_TIME and start < self.end - SAME_TIME


@dataclass(frozen=True)
class Earlier:
    """An earlier plan of which some places are to be danced anew, the others as they were."""

    kept: tuple[Place, ...]
    free: tuple[Place, ...]
    avoided: frozenset[str] = frozenset()
    """Ids of moves that must not be chosen."""
    shown: tuple[Place, ...] = ()
    """What stood in free places in still earlier plans."""
    energy: EnergyLevel | None = None
    """The energy that the moves in free places should have; None: as the music asks."""


@dataclass(frozen=True)
class Choreography:
    """The steps in order, from 0 to the end of the timeline."""

    steps: tuple[Step, ...]
    cost: float
    warnings: tuple[str, ...] = ()


def move_words(text: str) -> str:
    """Return `text` as plain words to compare kinds of move by: `Body_Roll-1` → `body roll`."""
    import re
    import unicodedata

    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = [word for word in re.split(r"[^a-z0-9]+", plain) if word and not word.isdigit()]
    return " ".join(word[:-1] if _is_plural(word) else word for word in words)


def _is_plural(word: str) -> bool:
    return len(word) > 3 and word.endswith("s") and not word.endswith("ss")  # as in `cross`


def is_kind(move: Move, kind: str) -> bool:
    """Tell whether a move is of a kind such as `body roll`, by its family, name and tags."""
    wanted = set(kind.split())
    return any(
        wanted <= set(move_words(text).split()) for text in (move.family, move.name, *move.tags)
    )


def may_follow(before: DanceState, after: DanceState) -> bool:
    """Tell whether a move that enters in `after` can follow one that ends in `before`.

    The hold must be the same, and the weight on the same feet where both are known.
    """
    return before.hold == after.hold and all(
        a is None or b is None or a == b
        for a, b in (
            (before.leader_foot, after.leader_foot),
            (before.follower_foot, after.follower_foot),
        )
    )


def is_avoided(move: Move, avoid: Iterable[str]) -> bool:
    """Tell whether `avoid` names the move's id or its family."""
    family = move_words(move.family)
    return any(move.id == name or (family and family == move_words(name)) for name in avoid)


def listed(words: Sequence[str]) -> str:
    """Return `a, b and c`."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
