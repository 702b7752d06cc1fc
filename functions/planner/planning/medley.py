"""Several songs → one song to dance to: a part of each, joined on a count.

Every part starts on a 1 and ends where a phrase ends, so that the count goes on across the
joint: 7, 8, and 1 of the next song. What comes out is a song like any other, on the clock of the
first one, and the stages that follow need not know that it has several sounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from choreo.blueprint import MedleySong
from choreo.errors import PlanImpossible
from choreo.move import AUDIO_DIMENSIONS
from choreo.song import Section, Song, SongAnalysis
from choreo.vocabulary import RhythmMode, SectionLabel
from planning.model import Span, SpanKind, listed

PHRASE = 8
"""Counts."""

PART_SECONDS = 60.0
"""Length of a part when nothing else is asked: a verse and a chorus."""

WHOLE_SECONDS = 240.0
"""Length of a medley when nothing else is asked, at most: that of a song."""

CROSSFADE = 1.0
"""Seconds; about two beats, so that the songs are never heard against each other for long."""

LONGER = 1.25
"""A part may be this much longer than its share, when no length was asked for."""

EDGE = 0.02
"""Seconds; less than a frame is no distance."""

OFF_LENGTH = 4.0
"""What a part costs that is twice as long as its share, or has no length."""

WORSE_START = 1.0
"""What it costs to start a part at another section than a sung or a full one; twice that where
no section starts."""

WORSE_END = 1.0
"""What it costs to end a part within a section."""

LATER = 0.5
"""What it costs to start a part at the song's end rather than at its beginning."""

STARTS = (SectionLabel.VERSE, SectionLabel.CHORUS, SectionLabel.MAMBO)


@dataclass(frozen=True)
class SongPart:
    """What is danced of a song, in seconds of the song."""

    song: Song
    start: float
    """On a 1."""
    end: float
    """Where a phrase ends, or the song."""


@dataclass(frozen=True)
class Heard:
    """The music of one choreography."""

    song: Song
    """With its analysis; of a medley, all parts on the clock of the first song."""
    span: Span
    """The part of `song` that is danced."""
    joins: tuple[float, ...] = ()
    """Seconds of `song` at which another song takes over; all are 1s."""
    further: tuple[MedleySong, ...] = ()
    """The songs after the first, as the blueprint names them."""
    parts: tuple[SongPart, ...] = ()
    """What is danced of each song; empty for a single song."""
    notes: tuple[str, ...] = ()

    @property
    def songs(self) -> tuple[Song, ...]:
        """The songs as they are in the library."""
        return tuple(part.song for part in self.parts) or (self.song,)

    def described(self) -> dict[str, Any]:
        """Return what a plan tells about its music, for `generation_parameters`."""
        songs = [asdict(_Used.of(part)) for part in self.parts]
        one = {"id": self.song.id, "title": self.song.title, "artist": self.song.artist}
        return {"song": one, "songs": songs} if songs else {"song": one}


@dataclass(frozen=True)
class _Used:
    """A song of a medley, as plans tell of it."""

    id: str
    title: str
    artist: str
    start: float
    end: float

    @classmethod
    def of(cls, part: SongPart) -> _Used:
        song = part.song
        return cls(song.id, song.title, song.artist, round(part.start, 6), round(part.end, 6))


def hear(songs: Sequence[Song], span: Span) -> Heard:
    """Return the music of one song, or of several joined to a medley.

    Args:

        songs: In order, each with its analysis.

        span: The asked part: of a single song, where it lies; of a medley, its whole length, or
            the section that is taken of each song.

    Raises:

        PlanImpossible: If a song of a medley has no beat.
    """
    if len(songs) == 1:
        return Heard(songs[0], span)
    parts, notes = _chosen(songs, span)
    return replace(joined(parts), notes=notes)


def heard_again(
    parameters: Mapping[str, Any], span: Span, song: Callable[[str], Song]
) -> Heard | None:
    """Return the music for which a plan was made, or None if the plan does not tell.

    Args:

        parameters: The plan's `generation_parameters`.

        span: The asked part, where the plan has one song.

        song: Gives a song by its id.

    Raises:

        UnknownSong: If a song has left the library.
    """
    one = parameters.get("song")
    if not isinstance(one, Mapping) or not isinstance(one.get("id"), str):
        return None
    try:
        used = TypeAdapter(tuple[_Used, ...]).validate_python(parameters.get("songs") or ())
    except ValidationError:
        return None
    if not used:
        return Heard(song(one["id"]), span)
    return joined([SongPart(song(part.id), part.start, part.end) for part in used])


def joined(parts: Sequence[SongPart]) -> Heard:
    """Join parts of songs end to end, on the clock of the first song."""
    first = parts[0]
    shifts = [0.0]
    for before, after in pairwise(parts):
        shifts.append(shifts[-1] + before.end - after.start)
    pieces = [
        _shifted(part, shift, takes_over=part is not first)
        for part, shift in zip(parts, shifts, strict=True)
    ]
    joins = tuple(part.start + shift for part, shift in zip(parts, shifts, strict=True))[1:]
    analysis = SongAnalysis(
        duration=parts[-1].end + shifts[-1],
        tempo=pieces[0].tempo,
        beats=_all(piece.beats for piece in pieces),
        downbeats=_all(piece.downbeats for piece in pieces),
        eight_counts=_all(piece.eight_counts for piece in pieces),
        sections=tuple(section for piece in pieces for section in piece.sections),
        rhythm_strength=sum(piece.rhythm_strength for piece in pieces) / len(pieces),
        syncopation_level=sum(piece.syncopation_level for piece in pieces) / len(pieces),
        confidence=min(piece.confidence for piece in pieces),
        count_resets=_all(piece.count_resets for piece in pieces),
        warnings=tuple(dict.fromkeys(told for piece in pieces for told in piece.warnings)),
    )
    song = first.song.model_copy(
        update={
            "title": listed([part.song.title for part in parts]),
            "artist": listed(list(dict.fromkeys(part.song.artist for part in parts))),
            "analysis": analysis,
            "slot_vectors": _vectors(parts),
            "duration": analysis.duration,
        }
    )
    further = tuple(
        MedleySong(
            audio_path=part.song.audio_path,
            audio_start=round(part.start, 6),
            start_time=round(join - first.start, 6),
            crossfade=_crossfade(before, part),
            audio_tempo=round(_tempo(_of(part)), 3),
            audio_loudness=part.song.loudness,
            audio_true_peak=part.song.true_peak,
        )
        for before, part, join in zip(parts, parts[1:], joins, strict=False)
    )
    span = Span(SpanKind.SECONDS, first.start)
    return Heard(song, span, joins, further, tuple(parts))


def _chosen(songs: Sequence[Song], span: Span) -> tuple[tuple[SongPart, ...], tuple[str, ...]]:
    """Choose a part of each song: its share of the asked length, from section to section."""
    asked = _asked_length(span)
    left = asked if asked is not None else min(WHOLE_SECONDS, PART_SECONDS * len(songs))
    parts: list[SongPart] = []
    notes: list[str] = []
    for number, song in enumerate(songs):
        share = left / (len(songs) - number)
        section = span.section if span.kind is SpanKind.SECTION else None
        last = number == len(songs) - 1
        part = None if section is None else _section(song, section)
        if section is not None and part is None:
            notes.append(f"{song.title} has no {section.value} that could be told apart")
        if part is None:
            part = _part(song, share, last=last, exact=asked is not None)
        parts.append(part)
        left -= part.end - part.start
    return tuple(parts), tuple(notes)


def _asked_length(span: Span) -> float | None:
    if span.kind is not SpanKind.SECONDS:
        return span.length
    if span.start < 0:
        return -span.start
    return None if span.end is None else span.end - span.start


def _of(part: SongPart) -> SongAnalysis:
    return _analysis(part.song)


def _analysis(song: Song) -> SongAnalysis:
    analysis = song.analysis
    if analysis is None or len(analysis.beats) < 2 * PHRASE:
        raise PlanImpossible(
            f"no steady beat was found in {song.audio_path}; a song of a medley needs at least "
            "sixteen counts"
        )
    return analysis


def _eights(analysis: SongAnalysis) -> tuple[float, ...]:
    return analysis.eight_counts or analysis.beats[::PHRASE]


def _part(song: Song, share: float, *, last: bool, exact: bool) -> SongPart:
    """Return the best part of about `share` seconds; of the last song, one that ends with it."""
    analysis = _analysis(song)
    eights = np.array(_eights(analysis))
    ends = np.array([analysis.duration]) if last else eights
    lengths = ends[None, :] - eights[:, None]
    phrase = PHRASE * 60.0 / _tempo(analysis)
    limit = max(share if exact else LONGER * share, 1.5 * phrase)
    cost = OFF_LENGTH * np.abs(lengths - share) / share
    cost += np.array([_start_cost(analysis, start) for start in eights])[:, None]
    cost += np.array([0.0 if last or _is_edge(analysis, end) else WORSE_END for end in ends])
    cost += LATER * eights[:, None] / analysis.duration
    possible = (lengths > 0.75 * phrase) & (lengths <= limit + EDGE)
    if not possible.any():
        # A song that is one phrase, or has a long tail: all of it from its first 1.
        return SongPart(song, float(eights[0]), float(ends[-1]))
    row, column = divmod(int(np.argmin(np.where(possible, cost, np.inf))), len(ends))
    return SongPart(song, float(eights[row]), float(ends[column]))


def _start_cost(analysis: SongAnalysis, start: float) -> float:
    for section in analysis.sections:
        if abs(section.start - start) <= EDGE:
            return 0.0 if section.label in STARTS else WORSE_START
    return 2 * WORSE_START


def _is_edge(analysis: SongAnalysis, time: float) -> bool:
    return any(abs(section.start - time) <= EDGE for section in analysis.sections)


def _section(song: Song, label: SectionLabel) -> SongPart | None:
    """Return the longest section with this label, from its first 1 to the 1 after it."""
    analysis = _analysis(song)
    eights = _eights(analysis)
    found: list[SongPart] = []
    for section in analysis.sections:
        inside = [one for one in eights if section.start - EDGE <= one < section.end - EDGE]
        if section.label is not label or not inside:
            continue
        end = next((one for one in eights if one >= section.end - EDGE), analysis.duration)
        found.append(SongPart(song, inside[0], end))
    return max(found, key=lambda part: (part.end - part.start, -part.start), default=None)


def _shifted(part: SongPart, shift: float, takes_over: bool) -> SongAnalysis:
    """Return the analysis of a part alone, on a clock that is `shift` seconds ahead."""
    analysis = _of(part)

    def inside(times: Sequence[float]) -> tuple[float, ...]:
        return tuple(
            round(max(0.0, time + shift), 6)
            for time in times
            if part.start - EDGE <= time < part.end - EDGE
        )

    sections = tuple(
        section.model_copy(
            update={
                "start": max(0.0, max(section.start, part.start) + shift),
                "end": min(section.end, part.end) + shift,
            }
        )
        for section in analysis.sections
        if section.start < part.end - EDGE and section.end > part.start + EDGE
    )
    resets = tuple(time for time in analysis.count_resets if time > part.start + EDGE)
    # The count starts again where the song takes over.
    own = (part.start,) if takes_over else ()
    return analysis.model_copy(
        update={
            "tempo": _tempo(analysis),
            "beats": inside(analysis.beats),
            "downbeats": inside(analysis.downbeats),
            "eight_counts": inside(_eights(analysis)),
            "sections": sections or (_plain(part, shift),),
            "count_resets": inside((*own, *resets)),
        }
    )


def _plain(part: SongPart, shift: float) -> Section:
    return Section(
        start=part.start + shift,
        end=part.end + shift,
        label=SectionLabel.VERSE,
        energy=0.5,
        rhythm_mode=RhythmMode.DERECHO,
    )


def _tempo(analysis: SongAnalysis) -> float:
    return 60.0 / median(b - a for a, b in pairwise(analysis.beats))


def _crossfade(before: SongPart, after: SongPart) -> float:
    """Return how long both may sound: half of it must lie before the one and after the other."""
    room = min(after.start, _of(before).duration - before.end)
    return round(max(0.0, min(CROSSFADE, 2 * room)), 3)


def _vectors(parts: Sequence[SongPart]) -> str:
    """Return the audio vectors of all eights, zeros for those of a song that has none."""
    from choreo.vectors.packing import from_base64, to_base64

    rows = []
    for part in parts:
        eights = _eights(_of(part))
        inside = [
            number
            for number, one in enumerate(eights)
            if part.start - EDGE <= one < part.end - EDGE
        ]
        known = from_base64(part.song.slot_vectors, AUDIO_DIMENSIONS)
        rows.append(
            known[[min(number, len(known) - 1) for number in inside]]
            if len(known)
            else np.zeros((len(inside), AUDIO_DIMENSIONS), np.float32)
        )
    together = np.concatenate(rows)
    return to_base64(together) if together.any() else ""


def _all(groups: Iterable[Sequence[float]]) -> tuple[float, ...]:
    return tuple(time for group in groups for time in group)
