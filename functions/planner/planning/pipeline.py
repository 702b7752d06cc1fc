"""The order of the stages, from a request to its blueprint."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
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
from choreo.task import GenerationRequest, Stage, Variant
from planning.asked_part import read_span
from planning.brief import Reading, read_brief
from planning.builder import Origin, build_blueprint
from planning.choreography import choreograph
from planning.medley import Heard, hear, heard_again
from planning.model import (
    Brief,
    Candidates,
    Catalogue,
    Choreography,
    Earlier,
    Library,
    Slots,
    is_kind,
    listed,
    move_words,
)
from planning.preferences import ask_preferences
from planning.quality import assess
from planning.reroll import Opened, check_counts, described, open_plan, put_together
from planning.search import IndexCache, MoveIndex, Query, every_candidate, find_candidates
from planning.slots import cut_into_slots
from planning.song_choice import choose_songs
from planning.variant import vary

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
    """Which part had to be done without: the search, the sentence's vector, the language model;
    in this plan, or in the earlier one that it is made from."""
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
    earlier_plan: Callable[[str], str | None] | None = None
    """Gives the stored blueprint of a task, for re-rolls and variants."""


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
    if request.variant is not None:
        return _varied(request.variant, tools, task_id, report)
    index = tools.cache.index()
    opened = _opened(request, index.library, tools)
    reading = (
        read_brief(
            request,
            _kinds(index.library),
            tools.language_model,
            read_span(request.query) if request.query else None,
        )
        if opened is None
        else Reading(opened.brief, "earlier plan")
    )
    brief = reading.brief
    heard = _heard(request, brief, opened, tools, report)
    song = heard.song
    slots = cut_into_slots(song, heard.span, heard.joins)
    if opened is not None:
        check_counts(opened, slots)
    report(Stage.SEARCHING, 12, f"Searching moves for {song.title}")
    danced = brief if opened is None else opened.danced
    ordered = _ordered(_Wish(danced, song, slots, request.seed, opened), index, tools, report)
    candidates, choreography = ordered.candidates, ordered.choreography
    report(Stage.SEQUENCING, 18, "Writing the plan")
    parameters = {
        "request": request.model_dump(mode="json", exclude_none=True),
        "brief": _brief_document(brief),
        "reader": reading.reader,
        "language_model_ordered": ordered.by_language_model,
        **heard.described(),
        "library_version": index.library.version,
        "candidates": len(candidates.moves),
        "relaxed": list(candidates.relaxed),
        "notes": [*reading.notes, *ordered.notes],
        "cost": choreography.cost,
        **({} if opened is None else {"reroll": described(opened)}),
    }
    origin = Origin(
        task_id=task_id,
        timestamp=tools.clock().astimezone(UTC).isoformat(timespec="seconds"),
        seed=request.seed,
        parameters=parameters,
    )
    # The limit that a plan states is that of all its moves, those that stay too.
    stated = replace(danced, difficulty=brief.difficulty)
    blueprint = build_blueprint(song, stated, slots, choreography, origin, heard.further)
    known = {move.id: move for move in index.library.moves}
    stayed: tuple[str, ...] = ()
    if opened is not None:
        blueprint, stayed = put_together(opened, blueprint, known)
    warnings = (
        *reading.warnings,
        *(() if opened is None else opened.warnings),
        *(told for one in heard.songs for told in _music_warnings(one)),
        *heard.notes,
        *slots.notes,
        *candidates.relaxed,
        *_wishes_missed(brief, choreography),
        *choreography.warnings,
        *stayed,
    )
    parameters["warnings"] = list(warnings)
    before = () if opened is None else _lacked(opened.blueprint)
    lacks = (*before, reading.lack, *ordered.lacks, candidates.degraded)
    degraded = "; ".join(dict.fromkeys(part for part in lacks if part)) or None
    if degraded is not None:
        parameters["degraded"] = degraded
    quality = assess(blueprint, song, known)
    blueprint = blueprint.model_copy(
        update={"generation_parameters": {**parameters, "quality": quality}}
    )
    report(Stage.SEQUENCING, 20, "The plan is ready")
    return Plan(blueprint, degraded, warnings)


def _heard(
    request: GenerationRequest,
    brief: Brief,
    opened: Opened | None,
    tools: Tools,
    report: Report,
) -> Heard:
    """Return the music: of an earlier plan, that of the request, or what suits the sentence."""
    if opened is not None:
        known = opened.blueprint.generation_parameters
        heard = heard_again(
            known, brief.span, lambda name: _analysed(tools.catalogue.song(name), tools, report)
        )
        if heard is None:
            raise PlanImpossible(
                "the plan does not say for which song it was made, so single moves of it cannot "
                "be chosen anew; ask for a new video"
            )
        return heard
    named = request.songs_named()
    songs = (
        [tools.catalogue.song(one) for one in named]
        if named
        else choose_songs(brief, tools.catalogue.songs(), request.seed)
    )
    return hear([_analysed(song, tools, report) for song in songs], brief.span)


def _varied(wish: Variant, tools: Tools, task_id: str, report: Report) -> Plan:
    text = None if tools.earlier_plan is None else tools.earlier_plan(wish.task_id)
    blueprint = vary(text, wish, task_id, tools.clock().astimezone(UTC))
    report(Stage.SEQUENCING, 20, "The plan is ready")
    warnings = blueprint.generation_parameters.get("warnings")
    told = tuple(warnings) if isinstance(warnings, list) else ()
    return Plan(blueprint, "; ".join(_lacked(blueprint)) or None, told)


def _lacked(blueprint: Blueprint) -> tuple[str, ...]:
    """Return what had to be done without when a stored plan was made."""
    stored = blueprint.generation_parameters.get("degraded")
    return tuple(stored.split("; ")) if isinstance(stored, str) and stored else ()


def _wishes_missed(brief: Brief, choreography: Choreography) -> tuple[str, ...]:
    missed = [
        kind
        for kind in brief.wanted
        if not any(is_kind(step.move, kind) for step in choreography.steps)
    ]
    if not missed:
        return ()
    return (
        f"{listed(missed)} could not be danced: the library has no such move that fits the song, "
        "the difficulty and its neighbours",
    )


def _opened(request: GenerationRequest, library: Library, tools: Tools) -> Opened | None:
    if request.reroll is None:
        return None
    text = None if tools.earlier_plan is None else tools.earlier_plan(request.reroll.task_id)
    return open_plan(text, request.reroll, request.query or "", library.moves)


@dataclass(frozen=True)
class _Wish:
    """What is to be put in order, and for what."""

    brief: Brief
    song: Song
    slots: Slots
    seed: int
    opened: Opened | None

    @property
    def earlier(self) -> Earlier | None:
        return None if self.opened is None else self.opened.earlier


@dataclass(frozen=True)
class _Ordered:
    """The order, and how it was found."""

    candidates: Candidates
    choreography: Choreography
    by_language_model: bool
    notes: tuple[str, ...]
    lacks: tuple[str, ...]
    """Parts that had to be done without."""


def _ordered(wish: _Wish, index: MoveIndex, tools: Tools, report: Report) -> _Ordered:
    """Search and sequence; where the nearest moves have no legal order, among all of them."""
    query, lack = _query(wish, tools)
    candidates = _candidates(wish, index, query, tools.top_k)
    report(Stage.SEQUENCING, 15, f"Putting {len(candidates.moves)} moves in order")
    preferences: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()
    lacks = [lack] if lack else []
    if tools.language_model is not None:
        preferences, notes = ask_preferences(
            wish.brief, wish.slots, candidates, tools.language_model
        )
        lacks += notes if preferences is None else ()
    try:
        choreography = choreograph(
            wish.brief, wish.slots, candidates, wish.seed, preferences, wish.earlier
        )
    except PlanImpossible:
        wider = _candidates(wish, index, query, tools.top_k, every=True)
        if len(wider.moves) == len(candidates.moves):
            raise
        candidates, preferences = wider, None
        choreography = choreograph(
            wish.brief, wish.slots, candidates, wish.seed, None, wish.earlier
        )
    notes = tuple(dict.fromkeys((*lacks, *notes)))
    return _Ordered(candidates, choreography, preferences is not None, notes, tuple(lacks))


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


def _query(wish: _Wish, tools: Tools) -> tuple[Query, str | None]:
    """Return what is searched for, and what of it is not known."""
    lack = None
    try:
        text: NDArray[np.float32] | None = (tools.embed or _embedder())([_words(wish.brief)])[0]
    except Exception as exc:  # noqa: BLE001 - without words the music still finds moves
        text, lack = None, f"the sentence was not compared with the moves: {exc}"
    return Query(audio=_slot_music(wish.song, wish.slots), text=text), lack


def _candidates(
    wish: _Wish, index: MoveIndex, query: Query, top_k: int, *, every: bool = False
) -> Candidates:
    brief, slots = wish.brief, wish.slots
    places = () if wish.earlier is None else (*wish.earlier.kept, *wish.earlier.free)
    kept = frozenset(place.clip_id for place in places)
    energy = None if wish.earlier is None else wish.earlier.energy
    try:
        return find_candidates(
            brief, slots, index, query, top_k, kept=kept, every=every, only_energy=energy
        )
    except PlanImpossible:
        raise
    except Exception as exc:  # noqa: BLE001 - a plan by rules is better than none, and says so
        return every_candidate(brief, slots, index, str(exc), kept)


def _embedder() -> Callable[[Sequence[str]], NDArray[np.float32]]:
    from choreo.vectors.text import embed

    return embed


def _words(brief: Brief) -> str:
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
