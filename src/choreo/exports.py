"""A blueprint as other programs and people read it: WebVTT, cue sheet, OpenTimelineIO.

Pure functions from a blueprint to text; equal blueprints give equal text.
"""

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

from choreo.blueprint import Blueprint, BlueprintMove, TransitionType

COUNT_WORDS = ("1", "2", "3", "tap", "5", "6", "7", "tap")
"""How bachata is counted: the fourth and the eighth beat are a tap of the free foot."""


# WebVTT


def captions(blueprint: Blueprint) -> str:
    """Return WebVTT with one cue per move: its name, its counts, and the move after it."""
    blocks = []
    following = [*(move_title(move) for move in blueprint.moves[1:]), ""]
    for number, (move, after) in enumerate(zip(blueprint.moves, following, strict=True), 1):
        start, end = move.start_time, move.start_time + move.duration
        lines = [
            f"{number}",
            f"{_vtt_time(start)} --> {_vtt_time(end)}",
            _vtt_text(move_title(move)),
        ]
        notes = [_spoken_counts(move)] if move.counts else []
        notes += [f"next: {after}"] if after else []
        lines += [_vtt_text(" · ".join(notes))] if notes else []
        blocks.append("\n".join(lines))
    return "WEBVTT\n\n" + "\n\n".join(blocks) + "\n"


def move_title(move: BlueprintMove) -> str:
    """Return the move's name, or its clip's id when it has none."""
    return move.move_name or move.clip_id


def _vtt_time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, milliseconds = divmod(milliseconds, 1000)
    return f"{hours:02}:{minutes:02}:{whole:02}.{milliseconds:03}"


def _vtt_text(text: str) -> str:
    return escape(_one_line(text), quote=False)


def _one_line(text: str) -> str:
    """Return `text` with each run of white space and of control characters as one space."""
    # A control character in a name would reach the terminal on which the sheet is read.
    spaced = (" " if unicodedata.category(char) == "Cc" else char for char in text)
    return " ".join("".join(spaced).split())


# Cue sheet


@dataclass(frozen=True)
class Cue:
    """One line of a cue sheet."""

    time: str
    """Minutes and seconds on the timeline."""
    eights: str
    """Which 8-count it starts in, and on which count: `3 · 1`; empty without counts."""
    counts: str
    move: str
    why: str


CUE_SHEET_HEAD = Cue("Time", "Eight", "Counts", "Move", "Why")


def cues(blueprint: Blueprint) -> list[Cue]:
    """Return the lines of the cue sheet, one per move."""
    return [
        Cue(
            time=_clock(move.start_time),
            eights=_place(blueprint, move),
            counts=str(move.counts or ""),
            move=_one_line(move_title(move)),
            why=_one_line(move.why),
        )
        for move in blueprint.moves
    ]


def cue_sheet(blueprint: Blueprint) -> str:
    """Return the cue sheet as plain text, in columns."""
    rows = [
        (cue.time, cue.eights, cue.counts, cue.move, cue.why)
        for cue in [CUE_SHEET_HEAD, *cues(blueprint)]
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[4]])
        for row in rows
    ]
    head = [title] if (title := songs_title(blueprint)) else []
    return "\n".join([*head, _summary(blueprint), "", *(line.rstrip() for line in lines)]) + "\n"


CUE_SHEET_STYLE = """
body { font: 11pt/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 50rem; padding: 0 1rem;
  color: #1c1917; background: #fff }
h1 { font-size: 1.3rem; margin: 0 } p { color: #57534e; margin: .2rem 0 1.2rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e7e5e4;
  vertical-align: top }
th { font-size: .8rem; color: #57534e } td:nth-child(-n+3) { white-space: nowrap;
  font-variant-numeric: tabular-nums } td:nth-child(4) { font-weight: 600 }
tr { break-inside: avoid } thead { display: table-header-group }
@page { margin: 10mm }
@media print { body { margin: 0; padding: 0; max-width: none; font-size: 8pt; line-height: 1.15 }
  h1 { display: inline; font-size: 1.2rem; margin-right: 1rem } p { display: inline; margin: 0 }
  th, td { padding: .06rem .6rem .06rem 0; white-space: nowrap }
  td:nth-child(5) { font-size: 7pt; max-width: 0; width: 99%; overflow: hidden;
    text-overflow: ellipsis } }
"""
"""The sheet brings its own style, so that it prints alike from a file and from a server."""


def cue_sheet_page(blueprint: Blueprint) -> str:
    """Return the cue sheet as an HTML page for print, complete in itself."""

    def row(cue: Cue, tag: str) -> str:
        columns = (cue.time, cue.eights, cue.counts, cue.move, cue.why)
        return "<tr>" + "".join(f"<{tag}>{escape(text)}</{tag}>" for text in columns) + "</tr>"

    body = "\n".join(row(cue, "td") for cue in cues(blueprint))
    heading = escape(songs_title(blueprint) or "Cue sheet")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{heading}</title>\n<style>{CUE_SHEET_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{heading}</h1>\n<p>{escape(_summary(blueprint))}</p>\n<table>\n"
        f"<thead>{row(CUE_SHEET_HEAD, 'th')}</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n"
        "</body>\n</html>\n"
    )


def songs_title(blueprint: Blueprint) -> str:
    """Return the titles of the songs, as `Calle Catorce + Luna de Marzo`; empty if none is told."""
    told = blueprint.generation_parameters
    songs = told.get("songs")
    named = songs if isinstance(songs, list) else [told.get("song")]
    titles = [song.get("title") for song in named if isinstance(song, dict)]
    return _one_line(" + ".join(title for title in titles if isinstance(title, str)))


def _summary(blueprint: Blueprint) -> str:
    moves = len(blueprint.moves)
    tempi = [blueprint.audio_tempo, *(song.audio_tempo for song in blueprint.medley)]
    songs = [f"{len(tempi)} songs"] if blueprint.medley else []
    return " · ".join(
        [
            f"{moves} move{'s' if moves != 1 else ''}",
            _clock(blueprint.total_duration),
            *songs,
            f"{', '.join(f'{tempo:.1f}' for tempo in tempi)} BPM",
            blueprint.difficulty_level.value,
        ]
    )


def _clock(seconds: float) -> str:
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"


def _spoken_counts(move: BlueprintMove) -> str:
    return f"{move.counts} count{'s' if move.counts != 1 else ''}"


def _place(blueprint: Blueprint, move: BlueprintMove) -> str:
    """Return the 8-count, counted from 1, and the count in it that the move starts on."""
    if blueprint.counts is None or move.count_start is None:
        return ""
    before = [one for one in blueprint.counts.ones if one <= move.count_start]
    return f"{len(before)} · {move.count_start - before[-1] + 1}" if before else ""


# OpenTimelineIO


def timeline(blueprint: Blueprint) -> str:
    """Return the plan as OpenTimelineIO JSON, with `Timeline.1` at its root.

    One video track with a clip per move, one audio track with the song, or with the songs of a
    medley and the dissolves between them, a marker at each 1.
    A clip's `source_range` starts at its `trim_start` and lasts as long as it is shown; a
    retimed clip carries its mean speed as a linear time warp and its exact beat map as
    metadata. Transitions lie across the cuts and take no more than the clips' handles hold.
    Frames are counted from the start of the timeline, so that nothing drifts.
    """
    return json.dumps(_timeline(blueprint), ensure_ascii=False, indent=1) + "\n"


def _timeline(blueprint: Blueprint) -> dict[str, Any]:
    tracks = [
        {
            "OTIO_SCHEMA": "Track.1",
            "name": "moves",
            "kind": "Video",
            "children": list(_video_items(blueprint)),
            "markers": list(_markers(blueprint)),
        },
        {
            "OTIO_SCHEMA": "Track.1",
            "name": "song",
            "kind": "Audio",
            "enabled": blueprint.output_config.add_audio_overlay,
            "children": list(_audio_items(blueprint)),
        },
    ]
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "name": songs_title(blueprint) or f"choreography {blueprint.task_id}",
        "metadata": {
            "choreo": {
                "task_id": blueprint.task_id,
                "audio_tempo": blueprint.audio_tempo,
                "difficulty_level": blueprint.difficulty_level.value,
                "seed": blueprint.seed,
            }
        },
        "tracks": {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": tracks},
    }


def _video_items(blueprint: Blueprint) -> Iterator[dict[str, Any]]:
    rate = blueprint.output_config.frame_rate
    yield _clip(blueprint.moves[0], rate)
    for before, move in pairwise(blueprint.moves):
        transition = _transition(blueprint, before, move)
        if transition:
            yield transition
        yield _clip(move, rate)


def _audio_items(blueprint: Blueprint) -> Iterator[dict[str, Any]]:
    rate = blueprint.output_config.frame_rate
    songs = [(blueprint.audio_path, blueprint.audio_start, 0.0, 0.0)]
    songs += [(s.audio_path, s.audio_start, s.start_time, s.crossfade) for s in blueprint.medley]
    ends = [*(start for _, _, start, _ in songs[1:]), blueprint.total_duration]
    for (path, audio_start, start, crossfade), end in zip(songs, ends, strict=True):
        half = round(crossfade * rate / 2)
        if half:
            yield _dissolve(TransitionType.CROSSFADE, half, half, rate)
        frames = round(end * rate) - round(start * rate)
        yield {
            "OTIO_SCHEMA": "Clip.2",
            "name": "song",
            "source_range": _range(round(audio_start * rate), frames, rate),
            "media_references": {"DEFAULT_MEDIA": _media(path, None)},
            "active_media_reference_key": "DEFAULT_MEDIA",
        }


def _clip(move: BlueprintMove, rate: float) -> dict[str, Any]:
    start = round(move.start_time * rate)
    frames = round((move.start_time + move.duration) * rate) - start
    available = _range(0, round(move.original_duration * rate), rate)
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": move_title(move),
        "metadata": {
            "choreo": {
                "clip_id": move.clip_id,
                "counts": move.counts,
                "count_start": move.count_start,
                "beat_map": [list(pair) for pair in move.beat_map],
                "why": move.why,
            }
        },
        "source_range": _range(round(move.trim_start * rate), frames, rate),
        "effects": list(_time_warp(move)),
        "media_references": {"DEFAULT_MEDIA": _media(move.video_path, available)},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _time_warp(move: BlueprintMove) -> Iterator[dict[str, Any]]:
    speed = _speed(move)
    if abs(speed - 1) * move.duration > LEAST_WARP_SECONDS:
        yield {
            "OTIO_SCHEMA": "LinearTimeWarp.1",
            "name": "to the beat",
            "effect_name": "LinearTimeWarp",
            "time_scalar": round(speed, 6),
        }


LEAST_WARP_SECONDS = 0.001
"""A retiming that changes less over a whole move is no retiming."""


def _speed(move: BlueprintMove) -> float:
    """Return seconds of clip per second of timeline; 1 without a beat map."""
    if not move.beat_map:
        return 1.0
    (clip_start, song_start), (clip_end, song_end) = move.beat_map[0], move.beat_map[-1]
    return (clip_end - clip_start) / (song_end - song_start)


TRANSITION_NAMES = {
    TransitionType.CROSSFADE: "SMPTE_Dissolve",
    TransitionType.FADE_BLACK: "Custom_Transition",
}
"""OpenTimelineIO names the dissolve only; all others are custom and say more in `name`."""


def _transition(
    blueprint: Blueprint, before: BlueprintMove, move: BlueprintMove
) -> dict[str, Any] | None:
    rate = blueprint.output_config.frame_rate
    half = round(blueprint.output_config.transition_duration * rate / 2)
    # Before the cut the next clip lends frames, after it the one that ends does.
    lent_before = min(half, int(move.trim_start / _speed(move) * rate))
    lent_after = min(half, int(before.trim_end / _speed(before) * rate))
    if move.transition_type not in TRANSITION_NAMES or lent_before + lent_after == 0:
        return None
    return _dissolve(move.transition_type, lent_before, lent_after, rate)


def _dissolve(kind: TransitionType, before: int, after: int, rate: float) -> dict[str, Any]:
    """Lie across a cut, with so many frames before and after it."""
    return {
        "OTIO_SCHEMA": "Transition.1",
        "name": kind.value,
        "transition_type": TRANSITION_NAMES[kind],
        "in_offset": _time(before, rate),
        "out_offset": _time(after, rate),
    }


def _markers(blueprint: Blueprint) -> Iterator[dict[str, Any]]:
    if blueprint.counts is None:
        return
    rate = blueprint.output_config.frame_rate
    resets = set(blueprint.counts.resets)
    for number, index in enumerate(blueprint.counts.ones, 1):
        seconds = blueprint.counts.beats[index]
        if seconds < blueprint.total_duration:
            yield {
                "OTIO_SCHEMA": "Marker.2",
                "name": f"eight {number}",
                "comment": "the count starts again" if index in resets else "",
                "color": "ORANGE" if index in resets else "GREEN",
                "marked_range": _range(round(seconds * rate), 1, rate),
            }


def _media(path: str, available: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "ExternalReference.1",
        "target_url": path,
        "available_range": available,
    }


def _range(start: int, frames: int, rate: float) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": _time(start, rate),
        "duration": _time(frames, rate),
    }


def _time(frames: int, rate: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "value": float(frames), "rate": float(rate)}
