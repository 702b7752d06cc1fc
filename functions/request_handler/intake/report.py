"""What the library has and lacks, and what people say about its moves: on a local stack only."""

import re
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Self

from flask import Response
from pydantic import AfterValidator, Field, model_validator

from choreo.move import Move
from choreo.values import Value
from choreo.vocabulary import Difficulty, EnergyLevel, Hold, Style
from intake.access import Visit
from intake.answers import Answer, Combination
from intake.bodies import read_body
from intake.doors import Doors
from intake.own_media import librarian_of
from intake.problems import FieldFault, Problem
from intake.replies import json_reply

MOST_MOVES = 100
"""Moves of one page."""

MOST_IDS = 100

_FILTERS: dict[str, type[Difficulty] | type[EnergyLevel] | type[Style]] = {
    "difficulty": Difficulty,
    "energy_level": EnergyLevel,
    "style": Style,
}


def _words(text: str) -> str:
    said = " ".join(text.split())
    if not said or not said.isprintable():
        raise ValueError("has no visible character, or one that cannot be printed")
    return said


def _family(text: str) -> str:
    return _words(text).lower().replace(" ", "_").replace("-", "_")


class MoveEdit(Value):
    """What a person says about a move; what is absent stays as it is."""

    name: Annotated[str, Field(max_length=120), AfterValidator(_words)] | None = None
    family: Annotated[str, Field(max_length=80), AfterValidator(_family)] | None = None
    """Moves of one family are taken for variants of one another."""
    difficulty: Difficulty | None = None
    energy_level: EnergyLevel | None = None
    style: Style | None = None
    entry_hold: Hold | None = None
    exit_hold: Hold | None = None

    EXPECTED: ClassVar[dict[str, str]] = {
        "name": "a text of 1 to 120 visible characters",
        "family": "a text of 1 to 80 visible characters",
        "entry_hold": f"one of {', '.join(Hold)}",
        "exit_hold": f"one of {', '.join(Hold)}",
    }

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError("says nothing; name at least one field")
        return self


class TempoCoverage(Answer):
    """How well one tempo can be danced."""

    tempo: int
    """Beats per minute."""
    share: float
    """Of the moves, those that reach it within 6 %."""


class NearDuplicate(Answer):
    """Two moves that look like one and the same."""

    first: str
    second: str
    likeness: float
    """Cosine of how they look, 1 for the same."""


class RefusedFile(Answer):
    """A file that was not taken in."""

    file: str
    reason: str


class LibraryAnswer(Answer):
    """What the library has and lacks. Moves are named by their ids."""

    moves: int
    families: int
    sessions: int
    seconds: float
    """Length of all moves."""
    combinations: list[Combination]
    """Every one of the vocabulary, also those without a move."""
    tempi: list[TempoCoverage]
    dead_ends: list[str]
    """No other move may follow."""
    unreachable: list[str]
    """No other move may precede."""
    guessed: list[str]
    """Their counts are uncertain."""
    near_duplicates: list[NearDuplicate]
    """The most alike first."""
    refused: list[RefusedFile]
    """From the inbox, and from the last `choreo ingest`."""


class MoveAnswer(Answer):
    """One move of the library."""

    id: str
    name: str
    family: str
    difficulty: Difficulty
    energy_level: EnergyLevel
    style: Style
    entry_hold: Hold
    exit_hold: Hold
    counts: int
    tempo: float
    """Beats per minute, as it was danced."""
    beat_times: list[float]
    """Seconds in the clip of each count, and of the one after the last."""
    duration: float
    """Seconds of the clip."""
    role: str
    session: str
    confidence: float
    """How far its counts can be trusted, 0 to 1."""
    estimated: list[str]
    """What nobody has said: it was estimated."""
    edited: list[str]
    """What a person said on the page: it wins."""
    thumbnail_url: str | None
    preview_url: str | None
    """Where it plays, small and without sound."""


class MovesAnswer(Answer):
    """One page of the moves, by family and id."""

    total: int
    """How many moves are as wanted."""
    offset: int
    moves: list[MoveAnswer]


def library_report(doors: Doors, _visit: Visit) -> Response:
    """Tell what the library has and lacks."""
    found: Any = librarian_of(doors).report()
    return json_reply(
        LibraryAnswer(
            moves=found["moves"],
            families=found["families"],
            sessions=found["sessions"],
            seconds=found["seconds"],
            combinations=[
                Combination(
                    difficulty=Difficulty(cell["difficulty"]),
                    energy_level=EnergyLevel(cell["energy_level"]),
                    style=Style(cell["style"]),
                    moves=cell["moves"],
                )
                for cell in found["cells"]
            ],
            tempi=[TempoCoverage(tempo=tempo, share=share) for tempo, share in found["tempi"]],
            dead_ends=found["dead_ends"],
            unreachable=found["unreachable"],
            guessed=found["guessed"],
            near_duplicates=[
                NearDuplicate(first=first, second=second, likeness=likeness)
                for first, second, likeness in found["near_duplicates"]
            ],
            refused=[
                RefusedFile(file=entry["file"], reason=entry["reason"])
                for entry in found["refused"]
            ],
        )
    )


def library_moves(doors: Doors, visit: Visit) -> Response:
    """List moves: a page of them, or those named by `id`."""
    librarian_of(doors)
    asked = visit.request.args
    ids = asked.getlist("id")
    if ids:
        if len(ids) > MOST_IDS:
            raise _wrong("id", f"is there {len(ids)} times; {MOST_IDS} are the most")
        named = doors.catalogue.moves_named(ids)
        found = [move_answer(doors, visit, move) for move in named]
        return json_reply(MovesAnswer(total=len(found), offset=0, moves=found))
    offset = _number(asked.get("offset", "0"), "offset", 0, 1_000_000)
    limit = _number(asked.get("limit", "24"), "limit", 1, MOST_MOVES)
    wanted = {name: asked[name] for name in _FILTERS if asked.get(name)}
    for name, value in wanted.items():
        legal = [member.value for member in _FILTERS[name]]
        if value not in legal:
            raise _wrong(name, f"is {value[:80]!r}; it must be one of {', '.join(legal)}", legal)
    total, page = doors.catalogue.moves_page(offset, limit, wanted)
    moves = [move_answer(doors, visit, move) for move in page]
    return json_reply(MovesAnswer(total=total, offset=offset, moves=moves))


def edit_move(doors: Doors, visit: Visit, move_id: str) -> Response:
    """Keep what a person says about a move."""
    librarian = librarian_of(doors)
    body = read_body(visit.request, MoveEdit)
    move = known_move(doors, move_id)
    librarian.edit_move(move.id, body.model_dump(mode="json", exclude_none=True))
    return json_reply(move_answer(doors, visit, known_move(doors, move.id)))


def known_move(doors: Doors, move_id: str) -> Move:
    """Return the move.

    Raises:

        Problem: 404, if there is none with this id.
    """
    found = doors.catalogue.moves_named([move_id])
    if not found:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "unknown-move",
            f"there is no move {move_id[:80]!r}; GET /api/library/moves lists them",
        )
    return found[0]


def move_answer(doors: Doors, visit: Visit, move: Move) -> MoveAnswer:
    """Return what is told about a move."""

    def address(path: str | None) -> str | None:
        return doors.gate.with_ticket(doors.links.link(path), visit.caller) if path else None

    return MoveAnswer(
        id=move.id,
        name=move.name,
        family=move.family,
        difficulty=move.difficulty,
        energy_level=move.energy_level,
        style=move.style,
        entry_hold=move.entry_state.hold,
        exit_hold=move.exit_state.hold,
        counts=move.counts,
        tempo=round(move.tempo, 2),
        beat_times=list(move.beat_times),
        duration=move.duration,
        role=move.role,
        session=move.session,
        confidence=move.confidence,
        estimated=list(move.estimated),
        edited=list(move.edited),
        thumbnail_url=address(move.thumbnail_path),
        preview_url=address(move.preview_path),
    )


_DIGITS = re.compile(r"[0-9]{1,9}")


def _number(text: str, name: str, least: int, most: int) -> int:
    value = int(text) if _DIGITS.fullmatch(text) else -1
    if not least <= value <= most:
        raise _wrong(name, f"is {text[:80]!r}; it must be a whole number from {least} to {most}")
    return value


def _wrong(name: str, message: str, allowed: list[str] | None = None) -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-request",
        f"{name} {message}",
        [FieldFault(field=name, message=message, allowed=allowed)],
    )
