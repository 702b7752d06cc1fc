"""Blueprint → quality report: how well a plan fits its music, without rendering it.

`docs/choreography.md` has each formula. The same plan made without music, random moves eight
seconds long each, is measured beside it.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from choreo.blueprint import Blueprint
from choreo.move import DanceState, Move
from choreo.song import Song, SongAnalysis
from choreo.vocabulary import SectionLabel
from planning.model import is_kind, may_follow

TOLERANCE = 0.07
"""Seconds: the tolerance of beat tracking's own metrics, and about what an eye forgives."""

FIXED_GRID = 8.0
"""Seconds a move lasts in the plan that ignores the music."""

WINDOW = 4
"""Moves in which a repetition is noticed."""

BASELINES = 5
"""Random plans whose mean stands beside the plan."""

EDGE = 0.01
"""Seconds; the first cut of a video is no cut."""


@dataclass(frozen=True)
class _Placed:
    """A move on the song's clock."""

    move: Move
    start: float
    end: float
    pairs: tuple[tuple[float, float], ...]
    """(clip time, song time)."""


def assess(
    blueprint: Blueprint, song: Song, moves: Mapping[str, Move] | Iterable[Move]
) -> dict[str, Any]:
    """Measure a plan.

    Args:

        blueprint: The plan.

        song: With its analysis; without one only what needs no music is measured.

        moves: The library, from which the random plan is drawn too.

    Returns:

        Numbers by metric (None where there is nothing to measure), `baseline` with the same
        numbers for random plans, and `sentence`, which says it in words. Of a medley also
        `energy_fit_by_song`, one number for each song.
    """
    library = dict(moves) if isinstance(moves, Mapping) else {move.id: move for move in moves}
    placed = _on_the_song(blueprint, library)
    analysis = song.analysis
    report = _measure(placed, analysis, blueprint)
    baselines = [
        _measure(_random_plan(blueprint, library, number), analysis, blueprint)
        for number in range(BASELINES)
    ]
    report["baseline"] = {
        name: _mean([other[name] for other in baselines])
        for name in report
        if name not in ("moves", "distinct_moves")
    }
    if blueprint.medley:
        report["energy_fit_by_song"] = _energy_fit_by_song(placed, analysis, blueprint)
    report["sentence"] = _sentence(report)
    return report


def cuts_on_the_count(cuts: Sequence[float], analysis: SongAnalysis) -> dict[str, float | None]:
    """Return how the cuts from the first 1 to the last beat lie to the count of the music.

    Args:

        cuts: Seconds at which moves begin, on the music's clock.

        analysis: What was heard.

    Returns:

        `cut_on_8_count` and `cut_on_downbeat`, shares within `TOLERANCE`; `cut_error_median`,
        seconds. None where there is nothing to measure.
    """
    if not analysis.eight_counts:
        return dict.fromkeys(("cut_on_8_count", "cut_on_downbeat", "cut_error_median"))
    first, last = analysis.eight_counts[0], analysis.beats[-1]
    counted = [cut for cut in cuts if first - TOLERANCE < cut <= last + TOLERANCE]
    errors = sorted(_distance(cut, analysis.eight_counts) for cut in counted)
    bars = [_distance(cut, analysis.downbeats) for cut in counted]
    return {
        "cut_on_8_count": _share(errors, lambda error: error <= TOLERANCE),
        "cut_on_downbeat": _share(bars, lambda error: error <= TOLERANCE),
        "cut_error_median": median(errors) if errors else None,
    }


def _on_the_song(blueprint: Blueprint, library: Mapping[str, Move]) -> list[_Placed]:
    offset = blueprint.audio_start
    placed = []
    for item in blueprint.moves:
        move = library.get(item.clip_id)
        if move is None:
            continue
        pairs = item.beat_map or (
            (item.trim_start, item.start_time),
            (item.trim_start + item.duration, item.start_time + item.duration),
        )
        placed.append(
            _Placed(
                move,
                item.start_time + offset,
                item.start_time + item.duration + offset,
                tuple((clip, song + offset) for clip, song in pairs),
            )
        )
    return placed


def _random_plan(blueprint: Blueprint, library: Mapping[str, Move], seed: int) -> list[_Placed]:
    draw = random.Random(f"{seed}")
    moves = [library[name] for name in sorted(library)]
    placed: list[_Placed] = []
    start, end = blueprint.audio_start, blueprint.audio_start + blueprint.total_duration
    at = start
    while moves and at < end - EDGE:
        move = draw.choice(moves)
        until = min(at + FIXED_GRID, end)
        placed.append(_Placed(move, at, until, ((0.0, at), (until - at, until))))
        at = until
    return placed


def _measure(
    placed: Sequence[_Placed], analysis: SongAnalysis | None, blueprint: Blueprint
) -> dict[str, Any]:
    start = blueprint.audio_start
    end = start + blueprint.total_duration
    report: dict[str, Any] = {"moves": len(placed)}
    report.update(_timing(placed, analysis, start, end))
    report.update(_retiming(placed))
    report.update(_partnering(placed))
    report.update(_variety(placed))
    report.update(_structure(placed, analysis))
    report.update(_request(placed, blueprint))
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in report.items()
    }


def _timing(
    placed: Sequence[_Placed], analysis: SongAnalysis | None, start: float, end: float
) -> dict[str, Any]:
    names = (
        "cut_on_8_count",
        "cut_on_downbeat",
        "cut_error_median",
        "in_clip_beat_agreement",
        "count_agreement",
        "coverage",
    )
    if analysis is None or not analysis.eight_counts:
        return dict.fromkeys(names)
    first = analysis.eight_counts[0]
    danced = max((item.end for item in placed), default=start)
    song_end = min(end, analysis.duration)
    from_first = max(first, start) if first < end else start
    whole = max(song_end - from_first, 1e-6)
    return {
        **cuts_on_the_count([item.start for item in placed if item.start > start + EDGE], analysis),
        "in_clip_beat_agreement": _mean([_agreement(item, analysis) for item in placed]),
        "count_agreement": _mean([_same_count(item, analysis) for item in placed]),
        "coverage": min(1.0, max(0.0, (danced - from_first) / whole)),
    }


def _agreement(item: _Placed, analysis: SongAnalysis) -> float | None:
    """F1 of the clip's counts against the song's beats, inside the move."""
    inside = (max(item.start, analysis.beats[0]), min(item.end, analysis.beats[-1]))
    song = [b for b in analysis.beats if inside[0] - EDGE <= b < inside[1] - EDGE]
    shown = [_to_song(beat, item.pairs) for beat in item.move.beat_times]
    clip = [b for b in shown if b is not None and inside[0] - EDGE <= b < inside[1] - EDGE]
    if not song:
        return None
    if not clip:
        return 0.0
    hits_clip = sum(_distance(beat, song) <= TOLERANCE for beat in clip)
    hits_song = sum(_distance(beat, clip) <= TOLERANCE for beat in song)
    precision, recall = hits_clip / len(clip), hits_song / len(song)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _same_count(item: _Placed, analysis: SongAnalysis) -> float | None:
    """1 when the clip's count at the cut is the song's count there, modulo 4."""
    if not analysis.downbeats[0] - TOLERANCE <= item.start <= analysis.beats[-1]:
        return None
    beat = min(analysis.beats, key=lambda b: abs(b - item.start))
    if abs(beat - item.start) > TOLERANCE:
        return 0.0
    bar = bisect_left(analysis.downbeats, beat + EDGE) - 1
    if bar < 0:
        return None
    song_count = sum(analysis.downbeats[bar] - EDGE <= b < beat - EDGE for b in analysis.beats)
    clip_time = _to_clip(beat, item.pairs)
    counts = item.move.beat_times
    clip_count = min(range(len(counts)), key=lambda k: abs(counts[k] - clip_time))
    return float(clip_count % 4 == song_count % 4)


def _retiming(placed: Sequence[_Placed]) -> dict[str, Any]:
    stress = []
    for item in placed:
        (clip_a, song_a), (clip_b, song_b) = item.pairs[0], item.pairs[-1]
        stress.append(abs((clip_b - clip_a) / (song_b - song_a) - 1.0))
    stress.sort()
    if not stress:
        return {"retime_p95": None, "retime_max": None}
    return {"retime_p95": stress[int(0.95 * (len(stress) - 1))], "retime_max": stress[-1]}


def _partnering(placed: Sequence[_Placed]) -> dict[str, Any]:
    joints = list(pairwise(placed))
    illegal = sum(not may_follow(_leaves(a), b.move.entry_state) for a, b in joints)
    switches = sum(a.move.session != b.move.session for a, b in joints)
    return {
        "illegal_transitions": illegal,
        "session_switches": switches / len(joints) if joints else 0.0,
    }


def _leaves(item: _Placed) -> DanceState:
    """How the couple stands at the end: cut before its own end, a move ends in a tap."""
    shown_to = item.pairs[-1][0]
    state = item.move.exit_state
    if shown_to < item.move.beat_times[-1] - TOLERANCE:
        return DanceState(hold=state.hold)
    return state


def _variety(placed: Sequence[_Placed]) -> dict[str, Any]:
    ids = [item.move.id for item in placed]
    if not ids:
        return {"distinct": None, "immediate_repeats": 0, "repeats_within_4": None}
    lately = sum(name in ids[max(0, i - WINDOW) : i] for i, name in enumerate(ids))
    families = Counter(item.move.family for item in placed)
    entropy = -sum(n / len(ids) * math.log(n / len(ids)) for n in families.values())
    return {
        "distinct_moves": len(set(ids)),
        "distinct": len(set(ids)) / len(ids),
        "immediate_repeats": sum(a == b for a, b in pairwise(ids)),
        "repeats_within_4": lately / len(ids),
        "family_entropy": entropy / math.log(len(families)) if len(families) > 1 else 0.0,
    }


def _structure(placed: Sequence[_Placed], analysis: SongAnalysis | None) -> dict[str, Any]:
    if analysis is None or not analysis.sections or not placed:
        return {"energy_fit": None, "structure_echo": None}
    sections = analysis.sections
    numbers = [
        next(
            (n for n, s in enumerate(sections) if s.start <= (p.start + p.end) / 2 < s.end),
            len(sections) - 1,
        )
        for p in placed
    ]
    energies = [float(item.move.energy_level.rank) for item in placed]
    fit = _spearman(energies, [sections[n].energy for n in numbers])
    sets: dict[int, set[str]] = {}
    # Neighbours of one label are one part, named by its first section.
    part = [0]
    for number, (left, right) in enumerate(pairwise(sections), start=1):
        part.append(part[-1] if left.label is right.label else number)
    for item, number in zip(placed, numbers, strict=True):
        if sections[number].label is not SectionLabel.BREAK:
            sets.setdefault(part[number], set()).add(item.move.id)
    same: list[float | None] = []
    other: list[float | None] = []
    for a in sets:
        for b in sets:
            if a < b:
                likeness = len(sets[a] & sets[b]) / len(sets[a] | sets[b])
                (same if sections[a].label is sections[b].label else other).append(likeness)
    echo = _difference(_mean(same), _mean(other))
    return {"energy_fit": fit, "structure_echo": echo}


def _energy_fit_by_song(
    placed: Sequence[_Placed], analysis: SongAnalysis | None, blueprint: Blueprint
) -> list[float | None]:
    starts = [blueprint.audio_start + song.start_time - EDGE for song in blueprint.medley]
    fits: list[float | None] = []
    for begin, end in pairwise((-math.inf, *starts, math.inf)):
        there = [item for item in placed if begin <= item.start < end]
        fit = _structure(there, analysis)["energy_fit"]
        fits.append(None if fit is None else round(fit, 4))
    return fits


def _request(placed: Sequence[_Placed], blueprint: Blueprint) -> dict[str, Any]:
    brief = blueprint.generation_parameters.get("brief")
    asked = brief if isinstance(brief, Mapping) else {}
    ceiling = blueprint.difficulty_level.rank
    wanted = [kind for kind in asked.get("wanted") or () if isinstance(kind, str)]
    banned = [kind for kind in asked.get("banned") or () if isinstance(kind, str)]
    present = [any(is_kind(item.move, kind) for item in placed) for kind in wanted]
    style, energy = asked.get("style"), asked.get("energy")
    return {
        "difficulty_above_request": sum(p.move.difficulty.rank > ceiling for p in placed),
        "banned_moves": sum(is_kind(item.move, kind) for item in placed for kind in banned),
        "wanted_present": _share(present, bool),
        "style_fit": None if style is None else _share(placed, lambda p: p.move.style == style),
        "asked_energy_fit": None
        if energy is None
        else _share(placed, lambda p: p.move.energy_level == energy),
    }


def _distance(time: float, times: Sequence[float]) -> float:
    place = bisect_left(times, time)
    return min((abs(time - t) for t in times[max(0, place - 1) : place + 1]), default=math.inf)


def _to_song(clip_time: float, pairs: Sequence[tuple[float, float]]) -> float | None:
    if not pairs[0][0] - 1e-6 <= clip_time <= pairs[-1][0] + 1e-6:
        return None
    return _between(clip_time, pairs)


def _to_clip(song_time: float, pairs: Sequence[tuple[float, float]]) -> float:
    return _between(song_time, [(song, clip) for clip, song in pairs])


def _between(value: float, pairs: Sequence[tuple[float, float]]) -> float:
    place = min(max(1, bisect_left([a for a, _ in pairs], value)), len(pairs) - 1)
    (a0, b0), (a1, b1) = pairs[place - 1], pairs[place]
    return b0 + (value - a0) * (b1 - b0) / (a1 - a0)


def _share(values: Sequence[Any], test: Any) -> float | None:
    return sum(bool(test(value)) for value in values) / len(values) if values else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None


def _difference(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _spearman(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Rank correlation, ties at their mean rank; None when one side does not vary."""
    x, y = _ranks(a), _ranks(b)
    mean = (len(x) - 1) / 2
    spread = math.sqrt(sum((v - mean) ** 2 for v in x) * sum((v - mean) ** 2 for v in y))
    if spread == 0:
        return None
    return sum((p - mean) * (q - mean) for p, q in zip(x, y, strict=True)) / spread


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=lambda i: values[i])
    ranks = [0.0] * len(values)
    at = 0
    while at < len(order):
        until = at
        while until + 1 < len(order) and values[order[until + 1]] == values[order[at]]:
            until += 1
        for i in order[at : until + 1]:
            ranks[i] = (at + until) / 2
        at = until + 1
    return ranks


def _sentence(report: Mapping[str, Any]) -> str:
    parts = []
    on_count, agreement = report["cut_on_8_count"], report["in_clip_beat_agreement"]
    if on_count is not None:
        parts.append(f"{_percent(on_count)} of the moves start on the 1")
    if agreement is not None:
        parts.append(f"{_percent(agreement)} of the steps fall on the beat")
    illegal = report["illegal_transitions"]
    parts.append(f"{illegal} holds do not join" if illegal else "every hold leads into the next")
    if report["distinct"] is not None:
        parts.append(f"{report['distinct_moves']} different moves in {report['moves']}")
    base = report["baseline"]["cut_on_8_count"]
    tail = "" if base is None else f" (random moves on a fixed grid: {_percent(base)} on the 1)"
    return f"{', '.join(parts)}{tail}."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
