"""The order of the stages, from a request to its blueprint."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from choreo.blueprint import Blueprint
from choreo.errors import PlanImpossible, UnreadableMedia
from choreo.move import AUDIO_DIMENSIONS
from choreo.ports import LanguageModel, ObjectStore
from choreo.song import Song, SongAnalysis
from choreo.task import GenerationRequest, Stage
from planning.brief import read_brief
from planning.builder import Origin, build_blueprint
from planning.choreography import choreograph
from planning.model import Brief, Candidates, Catalogue, Library, Slots, move_words
from planning.preferences import ask_preferences
from planning.quality import assess
from planning.search import IndexCache, MoveIndex, Query, every_candidate, find_candidates
from planning.slots import cut_into_slots
from planning.song_choice import choose_song

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOP_K = 20
"""Nearest moves that each slot is searched for."""

SURE_ENOUGH = 0.5
"""Confidence in the 1 below which the task carries a warning."""

Report = Callable[[Stage, int, str], None]


@dataclass(frozen=True)
class Plan:
    """What planning gives."""

    blueprint: Blueprint
    degraded: str | None
    """Why the plan is less than it could be."""
    warnings: tuple[str, ...]
    """What the dancer should know: an uncertain 1, wishes that could not be kept."""


@dataclass(frozen=True)
class Tools:
    """What planning works with, beside the request."""

    catalogue: Catalogue
    store: ObjectStore
    cache: IndexCache
    language_model: LanguageModel | None = None
    top_k: int = TOP_K
    analyse: Callable[[Path], SongAnalysis] | None = None
    """None: `choreo.music.analyse`."""
    embed: Callable[[Sequence[str]], NDArray[np.float32]] | None = None
    """None: `choreo.vectors.text.embed`."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


def no_report(_stage: Stage, _progress: int, _message: str) -> None:
    """Report to nobody."""


def plan(
    request: GenerationRequest, tools: Tools, *, task_id: str, report: Report = no_report
) -> Plan:
    """Plan the video that a request asks for.

    Equal requests with equal seeds on the same library give equal blueprints, apart from the
    task's id and the timestamp, as long as no language model takes part.

    Args:

        request: What is asked for.

        tools: What to work with.

        task_id: Names the output.

        report: Called with stage, percent (0 to 20) and a message.

    Raises:

        UnknownSong: If the request names a song that is not there.

        UnreadableMedia, PlanImpossible, MediaMissing: If no plan can be made, now or later.

        Unavailable: If the database or the store does not answer.
    """
    report(Stage.SEARCHING, 1, "Reading the request")
    index = tools.cache.index()
    reading = read_brief(request, _kinds(index.library), tools.language_model)
    brief = reading.brief
    song = (
        tools.catalogue.song(request.song_id)
        if request.song_id is not None
        else choose_song(brief, tools.catalogue.songs(), request.seed)
    )
    song = _analysed(song, tools, report)
    slots = cut_into_slots(song, brief.span)
    report(Stage.SEARCHING, 12, f"Searching moves for {song.title}")
    candidates, notes = _candidates(brief, song, slots, index, tools)
    report(Stage.SEQUENCING, 15, f"Putting {len(candidates.moves)} moves in order")
    preferences = None
    if tools.language_model is not None:
        preferences, more = ask_preferences(brief, slots, candidates, tools.language_model)
        notes += more
    choreography = choreograph(brief, slots, candidates, request.seed, preferences)
    warnings = (
        *_music_warnings(song),
        *slots.notes,
        *(f"gave up {wish}" for wish in candidates.relaxed),
        *choreography.warnings,
    )
    report(Stage.SEQUENCING, 18, "Writing the plan")
    parameters = {
        "request": request.model_dump(mode="json", exclude_none=True),
        "brief": _brief_document(brief),
        "reader": reading.reader,
        "language_model_ordered": preferences is not None,
        "song": {"id": song.id, "title": song.title, "artist": song.artist},
        "library_version": index.library.version,
        "candidates": len(candidates.moves),
        "relaxed": list(candidates.relaxed),
        "notes": [*reading.notes, *notes],
        "warnings": list(warnings),
        "cost": choreography.cost,
    }
    origin = Origin(
        task_id=task_id,
        timestamp=tools.clock().astimezone(UTC).isoformat(timespec="seconds"),
        seed=request.seed,
        parameters=parameters,
    )
    blueprint = build_blueprint(song, brief, slots, choreography, origin)
    quality = assess(blueprint, song, {move.id: move for move in index.library.moves})
    blueprint = blueprint.model_copy(
        update={"generation_parameters": {**parameters, "quality": quality}}
    )
    report(Stage.SEQUENCING, 20, "The plan is ready")
    return Plan(blueprint, candidates.degraded, warnings)


def _kinds(library: Library) -> list[str]:
    return sorted({move_words(move.family) for move in library.moves} - {""})


def _analysed(song: Song, tools: Tools, report: Report) -> Song:
    """Return the song with its analysis, made and stored now if there is none yet."""
    if song.analysis is not None:
        return song
    report(Stage.ANALYSING, 3, f"Listening to {song.title}")
    with tempfile.TemporaryDirectory(prefix="choreo-") as folder:
        file = Path(folder) / Path(song.audio_path).name
        tools.store.fetch(song.audio_path, file)
        try:
            analysis = (tools.analyse or _analyse())(file)
        except UnreadableMedia as exc:
            raise UnreadableMedia(f"{song.audio_path} cannot be danced to: {exc}") from exc
        song = song.model_copy(update={"analysis": analysis})
        if tools.analyse is None:
            song = song.model_copy(update={"slot_vectors": _slot_vectors(file, analysis)})
    tools.catalogue.save_song(song)
    report(Stage.ANALYSING, 11, f"Heard {len(analysis.eight_counts)} eight-counts")
    return song


def _analyse() -> Callable[[Path], SongAnalysis]:
    from choreo.music import analyse

    return analyse


def _slot_vectors(file: Path, analysis: SongAnalysis) -> str:
    from choreo.vectors.audio import describe
    from choreo.vectors.packing import to_base64

    edges = [*analysis.eight_counts, analysis.duration]
    spans = [
        (start, end, [beat for beat in analysis.beats if start <= beat < end])
        for start, end in pairwise(edges)
    ]
    return to_base64(describe(file, spans))


def _music_warnings(song: Song) -> tuple[str, ...]:
    analysis = song.analysis
    if analysis is None:
        return ()
    warnings = list(analysis.warnings)
    if analysis.confidence < SURE_ENOUGH and not warnings and not analysis.corrected_by_person:
        warnings.append(
            f"the 1 of {song.title} is uncertain (confidence {analysis.confidence:.2f}); if the "
            "moves start on another count, correct it with `choreo analyse --shift-counts`"
        )
    return tuple(warnings)


def _candidates(
    brief: Brief, song: Song, slots: Slots, index: MoveIndex, tools: Tools
) -> tuple[Candidates, tuple[str, ...]]:
    notes: tuple[str, ...] = ()
    try:
        text: NDArray[np.float32] | None = (tools.embed or _embedder())([_wish(brief)])[0]
    except Exception as exc:  # noqa: BLE001 - without words the music still finds moves
        text, notes = None, (f"the sentence was not compared with the moves: {exc}",)
    try:
        query = Query(audio=_slot_music(song, slots), text=text)
        found = find_candidates(brief, slots, index, query, tools.top_k)
    except PlanImpossible:
        raise
    except Exception as exc:  # noqa: BLE001 - a plan by rules is better than none, and says so
        found = every_candidate(brief, slots, index, str(exc))
    return found, notes


def _embedder() -> Callable[[Sequence[str]], NDArray[np.float32]]:
    from choreo.vectors.text import embed

    return embed


def _wish(brief: Brief) -> str:
    """Put the brief into one English sentence, beside the dancer's own words."""
    words = [
        brief.style and brief.style.value,
        brief.mood,
        "bachata",
        brief.difficulty and f"for {brief.difficulty.value} dancers",
        brief.energy and f"with {brief.energy.value} energy",
        brief.wanted and f"with {', '.join(brief.wanted)}",
    ]
    described = " ".join(word for word in words if word)
    return f"{brief.sentence} ({described})" if brief.sentence else described


def _slot_music(song: Song, slots: Slots) -> NDArray[np.float32] | None:
    """Return the audio vector of each slot, shape (slots, 128), or None if none is stored."""
    if not song.slot_vectors:
        return None
    from choreo.vectors.packing import from_base64

    rows = from_base64(song.slot_vectors, AUDIO_DIMENSIONS)
    if not len(rows):
        return None
    return rows[[min(max(slot.eight, 0), len(rows) - 1) for slot in slots.slots]]


def _brief_document(brief: Brief) -> dict[str, Any]:
    document = asdict(brief)
    del document["sentence"]
    return document
