"""SongAnalysis → Slots: the song counted from its first 1, in phrases of eight.

A phrase is shorter where a break or a reset cuts it. What lies before the first 1 and after
the last beat is counted on at the tempo that the song has there, so that the whole asked part
of the song is covered.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from choreo.errors import PlanImpossible
from choreo.song import Section, Song, SongAnalysis
from choreo.vocabulary import RhythmMode, SectionLabel
from planning.model import Slot, SlotKind, Slots, Span, SpanKind

PHRASE = 8
"""Counts; the unit in which bachata is danced."""

GAP = 1.6
"""An interval of more than this many beats has lost beats in it."""

EDGE = 0.02
"""Seconds; less than a frame is no slot of its own."""


def cut_into_slots(song: Song, span: Span, joins: Sequence[float] = ()) -> Slots:
    """Cut the asked part of `song` into slots.

    Args:

        song: With its analysis.

        span: The asked part.

        joins: Seconds of the song, ascending, at which another song takes over in a medley; each
            must be a 1. No move runs across one.

    Raises:

        PlanImpossible: If the analysis has no beat to dance to.
    """
    analysis = song.analysis
    if analysis is None or len(analysis.beats) < PHRASE:
        raise PlanImpossible(
            f"no steady beat was found in {song.audio_path}; a song with at least eight counts "
            "is needed"
        )
    beats = _without_gaps(analysis.beats, joins)
    ones = _ones(analysis, beats)
    start, end, notes = _bounds(analysis, beats, ones, span)
    beats, ones = _covering(beats, ones, start, end)
    local = [beat - start for beat in beats]
    # What is less than a frame from an end of the song is that end.
    local[0] = 0.0 if local[0] <= EDGE else local[0]
    local[-1] = end - start if abs(local[-1] - (end - start)) <= EDGE else local[-1]
    phrase_starts = [*ones, *range(ones[-1] + PHRASE, len(local), PHRASE)]
    reset_indices = tuple(
        i for i in (_index_of(beats, reset) for reset in analysis.count_resets) if i is not None
    )
    tempi = _Tempi.of(local, [join - start for join in joins])
    pieces = list(_lead_in(local, ones[0]))
    pieces += _phrases(local, phrase_starts, set(reset_indices), analysis, start)
    pieces += _tail(local, phrase_starts[-1], end - start)
    return Slots(
        audio_start=start,
        length=end - start,
        beats=tuple(local),
        ones=tuple(i for i in ones if start - EDGE <= beats[i] <= end),
        resets=reset_indices,
        slots=tuple(_described(piece, local, analysis, start, tempi) for piece in pieces),
        notes=notes,
    )


@dataclass(frozen=True)
class _Tempi:
    """The songs of a medley, or the one song."""

    joins: tuple[float, ...]
    """Seconds at which another song takes over."""
    values: tuple[float, ...]
    """Beats per minute of each song, one more than joins."""

    @classmethod
    def of(cls, beats: Sequence[float], joins: Sequence[float]) -> _Tempi:
        edges = [*joins, math.inf]
        steps: list[list[float]] = [[] for _ in edges]
        for a, b in pairwise(beats):
            steps[bisect.bisect_right(edges, a + EDGE)].append(b - a)
        return cls(tuple(joins), tuple(60.0 / median(part) for part in steps))

    def song(self, time: float) -> int:
        """Return which song is heard at `time`."""
        return bisect.bisect_right(self.joins, time + EDGE)


def _without_gaps(found: tuple[float, ...], joins: Sequence[float]) -> list[float]:
    tempi = _Tempi.of(found, joins)
    beats = [found[0]]
    for beat in found[1:]:
        period = 60.0 / tempi.values[tempi.song(beats[-1])]
        missing = round((beat - beats[-1]) / period) if beat - beats[-1] > GAP * period else 1
        step = (beat - beats[-1]) / missing
        beats += [beats[-1] + step * k for k in range(1, missing)] + [beat]
    return beats


def _index_of(beats: list[float], time: float) -> int | None:
    place = bisect.bisect_left(beats, time - EDGE)
    return place if place < len(beats) and abs(beats[place] - time) <= EDGE else None


def _ones(analysis: SongAnalysis, beats: list[float]) -> list[int]:
    found = [i for i in (_index_of(beats, one) for one in analysis.eight_counts) if i is not None]
    return found or list(range(0, len(beats), PHRASE))


def _bounds(
    analysis: SongAnalysis, beats: list[float], ones: list[int], span: Span
) -> tuple[float, float, tuple[str, ...]]:
    """Return start and end of the asked part on the song's clock."""
    duration = max(analysis.duration, beats[-1])
    wanted_start, wanted_end, notes = _wanted(analysis.sections, duration, span)
    if wanted_end - wanted_start < PHRASE * 60.0 / 150 or wanted_start >= beats[ones[-1]]:
        note = "the asked part is shorter than eight counts or after the song's end; all is danced"
        return 0.0, duration, (*notes, note)
    start = 0.0
    if wanted_start > EDGE:
        starts = [beats[i] for i in ones]
        start = min(starts, key=lambda one: abs(one - wanted_start))
    end = duration
    if wanted_end < duration - EDGE:
        bars = sorted({beats[i + k] for i in ones for k in (0, 4) if i + k < len(beats)})
        fitting = [bar for bar in bars if start + EDGE < bar <= wanted_end + 0.1]
        end = fitting[-1] if fitting else wanted_end
    return start, end, notes


def _wanted(
    sections: tuple[Section, ...], duration: float, span: Span
) -> tuple[float, float, tuple[str, ...]]:
    """Return start and end as they were asked for, and what could not be honoured."""
    match span.kind:
        case SpanKind.SECONDS:
            start = span.start if span.start >= 0 else max(0.0, duration + span.start)
            return start, duration if span.end is None else min(span.end, duration), ()
        case SpanKind.SHARE:
            return span.start * duration, (1.0 if span.end is None else span.end) * duration, ()
        case SpanKind.SECTION if span.section is not None:
            run = _run(sections, span.section, span.which)
            return (
                (*run, ()) if run else (0.0, duration, (_missing(span.section, "all is danced"),))
            )
        case SpanKind.SECTIONS:
            return _between_sections(sections, duration, span)
        case _:
            return 0.0, duration, ()


def _between_sections(
    sections: tuple[Section, ...], duration: float, span: Span
) -> tuple[float, float, tuple[str, ...]]:
    start, end = 0.0, duration
    notes: list[str] = []
    if SectionLabel.INTRO in span.without:
        intro = _run(sections, SectionLabel.INTRO, 1)
        # An intro that comes later is no way into the song.
        if intro and intro[0] <= sections[0].start + EDGE:
            start = intro[1]
        else:
            notes.append(_missing(SectionLabel.INTRO, "it is danced from its start"))
    if SectionLabel.OUTRO in span.without:
        outro = _run(sections, SectionLabel.OUTRO, -1)
        if outro:
            end = outro[0]
        else:
            notes.append(_missing(SectionLabel.OUTRO, "it is danced to its end"))
    if span.section is not None:
        run = _run(sections, span.section, span.which)
        if run:
            start = run[0]
        else:
            notes.append(_missing(span.section, "it is danced from its start"))
    if span.until is not None:
        later = [s.start for s in sections if s.label is span.until and s.start > start + EDGE]
        if later:
            end = later[0]
        else:
            notes.append(_missing(span.until, "it is danced to its end"))
    if span.length is not None:
        end = min(end, start + span.length)
    return start, end, tuple(notes)


def _missing(label: SectionLabel, instead: str) -> str:
    return f"this song has no {label.value} that could be told apart; {instead}"


def _run(
    sections: tuple[Section, ...], label: SectionLabel, which: int
) -> tuple[float, float] | None:
    """Return start and end of one run of sections with this label: the longest for 0, else the
    one of that number, or the last there is."""
    runs: list[tuple[float, float]] = []
    for section in sections:
        if section.label is not label:
            continue
        if runs and abs(runs[-1][1] - section.start) < EDGE:
            runs[-1] = (runs[-1][0], section.end)
        else:
            runs.append((section.start, section.end))
    if not runs or which == 0:
        return max(runs, key=lambda run: (run[1] - run[0], -run[0]), default=None)
    return runs[-1] if which < 0 or which > len(runs) else runs[which - 1]


def _covering(
    beats: list[float], ones: list[int], start: float, end: float
) -> tuple[list[float], list[int]]:
    """Count on to both ends, and drop what lies outside; `ones` follow."""
    before = median(b - a for a, b in pairwise(beats[:9]))
    after = median(b - a for a, b in pairwise(beats[-9:]))
    one_times = [beats[i] for i in ones]
    grid = list(beats)
    while grid[0] - before >= start:
        grid.insert(0, grid[0] - before)
    while grid[-1] + after <= end + EDGE:
        grid.append(grid[-1] + after)
    kept = [beat for beat in grid if start - EDGE <= beat <= end + EDGE]
    kept_ones = [i for i, beat in enumerate(kept) if _index_of(one_times, beat) is not None]
    return kept, kept_ones or [0]


Piece = tuple[SlotKind, int, int, float, float, bool]
"""Kind, first beat, counts, lead, tail, joins_previous."""


def _lead_in(local: list[float], first: int) -> list[Piece]:
    lead = max(0.0, local[0])
    partial = first % PHRASE
    pieces: list[Piece] = []
    if partial or lead > EDGE:
        pieces.append((SlotKind.LEAD_IN, 0, partial, lead, 0.0, False))
    for beat in range(partial, first, PHRASE):
        pieces.append((SlotKind.LEAD_IN, beat, PHRASE, 0.0, 0.0, False))
    return pieces


def _phrases(
    local: list[float],
    ones: list[int],
    resets: set[int],
    analysis: SongAnalysis,
    start: float,
) -> list[Piece]:
    pieces: list[Piece] = []
    for one, following in pairwise(ones):
        reset_early = following - one < PHRASE and following in resets
        for beat in range(one, following, PHRASE):
            counts = min(PHRASE, following - beat)
            for at, part in _halves(local, beat, counts, analysis, start):
                label = _section_at(analysis, start + local[at + part // 2]).label
                still = label is SectionLabel.BREAK or (reset_early and part <= PHRASE // 2)
                joins = (
                    not still
                    and part == PHRASE
                    and bool(pieces)
                    and pieces[-1][0] is SlotKind.DANCE
                    and pieces[-1][2] == PHRASE
                    and at not in resets
                )
                kind = SlotKind.BREAK if still else SlotKind.DANCE
                pieces.append((kind, at, part, 0.0, 0.0, joins))
    return pieces


def _halves(
    local: list[float], beat: int, counts: int, analysis: SongAnalysis, start: float
) -> list[tuple[int, int]]:
    """Split a phrase of which one half is a break; return (first beat, counts) of each part."""
    if counts == PHRASE:
        still = [
            _section_at(analysis, start + local[beat + k]).label is SectionLabel.BREAK
            for k in (2, 6)
        ]
        if still[0] != still[1]:
            return [(beat, 4), (beat + 4, 4)]
    return [(beat, counts)]


def _tail(local: list[float], at: int, length: float) -> list[Piece]:
    counts = len(local) - 1 - at
    rest = max(0.0, length - local[-1])
    if counts or rest > EDGE:
        return [(SlotKind.TAIL, at, counts, 0.0, rest, False)]
    return []


def _section_at(analysis: SongAnalysis, time: float) -> Section:
    for section in analysis.sections:
        if section.start <= time < section.end:
            return section
    if analysis.sections:
        return analysis.sections[0 if time < analysis.sections[0].start else -1]
    return Section(
        start=0.0,
        end=analysis.duration,
        label=SectionLabel.VERSE,
        energy=0.5,
        rhythm_mode=RhythmMode.DERECHO,
    )


def _part(analysis: SongAnalysis, section: Section, joins: Sequence[float]) -> int:
    """Return which part of the music a section belongs to: neighbours of one label in one song
    are one part."""
    before = analysis.sections[: analysis.sections.index(section) + 1] if analysis.sections else ()
    return sum(
        a.label is not b.label or any(abs(b.start - join) <= EDGE for join in joins)
        for a, b in pairwise(before)
    )


def _described(
    piece: Piece, local: list[float], analysis: SongAnalysis, start: float, tempi: _Tempi
) -> Slot:
    kind, first, counts, lead, tail, joins = piece
    middle = start + (local[first] - lead + local[first + counts] + tail) / 2
    section = _section_at(analysis, middle)
    number = _part(analysis, section, [start + join for join in tempi.joins])
    eight = bisect.bisect_right(analysis.eight_counts, start + local[first] + EDGE) - 1
    return Slot(
        kind=kind,
        first_beat=first,
        counts=counts,
        section=number,
        label=section.label,
        energy=section.energy,
        rhythm=section.rhythm_mode,
        eight=eight,
        lead=lead,
        tail=tail,
        tempo=tempi.values[tempi.song(local[first])],
        joins_previous=joins,
    )
