"""What a page shows beside a plan: a picture of each move, and the song under them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from flask import Response

from choreo.blueprint import Blueprint
from choreo.song import ListedSong
from intake.access import Visit
from intake.answers import BoardMove, SongSection, StoryboardAnswer
from intake.choreography import plan_of
from intake.doors import Doors
from intake.library import LOOKS_AT_ONCE
from intake.replies import json_reply

BOARD_PEAKS = 240
"""Two or three for each eight of a song: as fine as the picture is drawn."""


@dataclass(frozen=True)
class _Stretch:
    """A song where it is heard on the timeline."""

    song: ListedSong
    start: float
    """Seconds on the timeline."""
    end: float
    shift: float
    """What is added to seconds of the song's file to have seconds on the timeline."""


def task_storyboard(doors: Doors, visit: Visit, task_id: str) -> Response:
    """Give pictures of a plan's moves, and its songs' loudness and sections on its timeline."""
    plan = plan_of(doors, visit, task_id)
    stretches = list(_stretches(plan, doors.catalogue.listed_songs()))
    return json_reply(
        StoryboardAnswer(
            title=" · ".join(stretch.song.title for stretch in stretches),
            artist=" · ".join(dict.fromkeys(stretch.song.artist for stretch in stretches)),
            peaks=_peaks(stretches, plan.total_duration),
            sections=list(_sections(stretches)),
            moves=_moves(doors, visit, plan),
        )
    )


def _moves(doors: Doors, visit: Visit, plan: Blueprint) -> list[BoardMove]:
    wanted = list(dict.fromkeys(move.clip_id for move in plan.moves))
    found = {move.id: move for move in doors.catalogue.moves_named(wanted)}
    pictures = {id_: move.thumbnail_path for id_, move in found.items() if move.thumbnail_path}
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:  # in the cloud each link is signed by a call
        links = dict(
            zip(pictures, pool.map(partial(_link, doors, visit), pictures.values()), strict=True)
        )
    return [
        BoardMove(
            family=move.family if move else None,
            difficulty=move.difficulty if move else None,
            energy_level=move.energy_level if move else None,
            thumbnail_url=links.get(placed.clip_id),
        )
        for placed in plan.moves
        for move in [found.get(placed.clip_id)]
    ]


def _link(doors: Doors, visit: Visit, path: str) -> str:
    return doors.gate.with_ticket(doors.links.link(path), visit.caller)


def _stretches(plan: Blueprint, songs: list[ListedSong]) -> Iterator[_Stretch]:
    """Yield the songs of the plan that are still in the library."""
    by_path = {song.audio_path: song for song in songs}
    heard = [(plan.audio_path, plan.audio_start, 0.0)]
    heard += [(song.audio_path, song.audio_start, song.start_time) for song in plan.medley]
    ends = [start for _, _, start in heard[1:]] + [plan.total_duration]
    for (path, audio_start, start), end in zip(heard, ends, strict=True):
        if path in by_path:
            yield _Stretch(by_path[path], start, end, start - audio_start)


def _peaks(stretches: list[_Stretch], duration: float) -> list[float]:
    """Return the peaks of equal slices of the timeline; none if no song is known."""
    if not any(stretch.song.peaks for stretch in stretches):
        return []
    found = []
    for index in range(BOARD_PEAKS):
        second = (index + 0.5) * duration / BOARD_PEAKS
        heard = next((part for part in stretches if part.start <= second < part.end), None)
        found.append(_peak(heard, second) if heard else 0.0)
    return found


def _peak(stretch: _Stretch, second: float) -> float:
    peaks = stretch.song.peaks
    place = int((second - stretch.shift) / stretch.song.duration * len(peaks))
    return round(peaks[place], 3) if 0 <= place < len(peaks) else 0.0


def _sections(stretches: list[_Stretch]) -> Iterator[SongSection]:
    for stretch in stretches:
        for section in stretch.song.analysis.sections if stretch.song.analysis else ():
            start = max(section.start + stretch.shift, stretch.start)
            end = min(section.end + stretch.shift, stretch.end)
            if start < end:
                yield SongSection(
                    start=start,
                    end=end,
                    label=section.label,
                    energy=section.energy,
                    rhythm_mode=section.rhythm_mode,
                )
