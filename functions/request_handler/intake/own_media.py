"""Own songs and clips, and where people hear the 1: on a local stack only.

Files go into the inbox of the library; the librarian, a process of its own, takes them in and
keeps people's words. Nothing here decodes, hears or describes anything.
"""

import hashlib
import logging
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Literal, Self

from flask import Response
from pydantic import Field, model_validator

from choreo.errors import InvalidInput, Unavailable
from choreo.ports import Librarian
from choreo.song import Song
from choreo.values import Value
from intake.access import Visit
from intake.answers import Answer
from intake.bodies import idempotency_key, read_body
from intake.choreography import known_song
from intake.doors import Doors
from intake.problems import Problem
from intake.replies import json_reply
from intake.uploads import take_upload

_log = logging.getLogger(__name__)

MAX_TAPS = 1000
"""A song of half an hour has fewer 8-counts."""

MAX_SHIFT = 7

MAX_FILES_LISTED = 500


class UploadAnswer(Answer):
    """A file has come in, and waits to be taken in."""

    file: str
    """Its place in the inbox, under which `GET /api/library/ingest` tells about it."""
    size: int
    """Bytes."""
    is_new: bool
    """False when the same file was there already."""


class IngestedFile(Answer):
    """One file of the inbox."""

    file: str
    kind: Literal["song", "clip"]
    size: int
    """Bytes."""
    state: Literal["waiting", "made", "unchanged", "refused"]
    """`unchanged`: the library has it already."""
    ids: list[str]
    """The song, or the moves, that it gives."""
    reason: str | None
    """Why it was refused."""
    warnings: list[str]
    """What is uncertain about it."""


class IngestAnswer(Answer):
    """What is being taken in, and what became of each file."""

    working: bool
    doing: str
    """`reading`, `ingesting`, or nothing."""
    progress: int = Field(ge=0, le=100)
    """Percent of what is being done."""
    fault: str | None
    """Why the last attempt as a whole broke off; the next upload tries again."""
    waiting: int
    """How many files wait."""
    files: list[IngestedFile]
    """The newest first, 500 at most."""


class CountsAnswer(Answer):
    """The count of a song. All times are seconds."""

    song_id: str
    beats: list[float]
    eight_counts: list[float]
    """The beats that are a 1."""
    tempo: float
    """Beats per minute."""
    confidence: float
    corrected_by_person: bool
    can_go_back: bool
    """True when `{"heard": true}` gives the count back that was heard."""
    version: str
    """Changes with the count; send it along, so that nobody corrects what they have not seen."""


class CountsCorrection(Value):
    """Where the 1 is: `shift`, `taps` or `heard`."""

    shift: Annotated[int, Field(ge=-MAX_SHIFT, le=MAX_SHIFT)] | None = None
    """Counts by which every 1 comes later; negative for earlier."""
    taps: (
        Annotated[
            tuple[Annotated[float, Field(ge=0, le=7200)], ...],
            Field(min_length=2, max_length=MAX_TAPS),
        ]
        | None
    ) = None
    """Seconds at which a person heard a 1, ascending."""
    heard: Literal[True] | None = None
    """Takes every correction back."""
    version: Annotated[str, Field(max_length=64)] | None = None
    """The `version` that the person saw; when the count has changed since, nothing is done."""

    EXPECTED: ClassVar[dict[str, str]] = {
        "shift": f"a whole number from -{MAX_SHIFT} to {MAX_SHIFT}",
        "taps": f"a list of 2 to {MAX_TAPS} seconds, one for each 1 that was heard",
        "heard": "true",
        "version": "a text of at most 64 characters",
    }

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = [n for n in ("shift", "taps", "heard") if getattr(self, n) is not None]
        if len(said) != 1:
            raise ValueError("must have one of shift, taps and heard")
        return self


def librarian_of(doors: Doors) -> Librarian:
    """Return who takes own media in.

    Raises:

        Problem: 404, where there is nobody, as in the cloud.
    """
    if doors.librarian is None:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "local-only",
            "own media can be added on the local stack only; in the cloud run the ingest job",
        )
    return doors.librarian


def upload(doors: Doors, visit: Visit) -> Response:
    """Take one file in."""
    librarian = librarian_of(doors)
    idempotency_key(visit.request)  # the same file under the same name is kept once anyway
    taken = take_upload(visit.request, doors.inbox, doors.upload_limit)
    _wake(librarian)
    answer = UploadAnswer(file=taken.name, size=taken.size, is_new=taken.is_new)
    return json_reply(answer, HTTPStatus.CREATED if taken.is_new else HTTPStatus.OK)


def ingest_state(doors: Doors, _visit: Visit) -> Response:
    """Tell what is being taken in, and what became of each file."""
    state: Any = librarian_of(doors).state()
    files = [
        IngestedFile(
            file=file["file"],
            kind="song" if file["file"].startswith("songs/") else "clip",
            size=file["size"],
            state=file["state"],
            ids=file["ids"],
            reason=file["reason"] or None,
            warnings=file["warnings"],
        )
        for file in state["files"]
    ]
    return json_reply(
        IngestAnswer(
            working=state["working"],
            doing=state["doing"],
            progress=state["progress"],
            fault=state["fault"] or None,
            waiting=sum(file.state == "waiting" for file in files),
            files=files[:MAX_FILES_LISTED],
        )
    )


def song_counts(doors: Doors, _visit: Visit, song_id: str) -> Response:
    """Tell the count of a song."""
    return _counts(known_song(doors, song_id))


def correct_counts(doors: Doors, visit: Visit, song_id: str) -> Response:
    """Move the 1 of a song to where a person heard it."""
    librarian = librarian_of(doors)
    key = idempotency_key(visit.request)
    body = read_body(visit.request, CountsCorrection)
    song = known_song(doors, song_id)
    if body.version is not None and body.version != _version(song):
        raise Problem(
            HTTPStatus.CONFLICT,
            "counts-changed",
            "the count of this song has been changed meanwhile, perhaps in another tab; look at "
            "it again first",
        )
    said = body.model_dump(exclude_none=True, exclude={"version"})
    try:
        librarian.correct_counts(song.id, said, key and f"{visit.caller.name} {song.id} {key}")
    except InvalidInput as exc:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", str(exc)) from exc
    return _counts(known_song(doors, song_id))


def _wake(librarian: Librarian) -> None:
    try:
        librarian.wake()
    except Unavailable as exc:
        # The file is safe in the inbox, which is read when the librarian is back.
        _log.warning("the librarian could not be woken: %s", exc)


def _counts(song: Song) -> Response:
    analysis = song.analysis
    if analysis is None:
        raise Problem(
            HTTPStatus.CONFLICT,
            "not-analysed",
            f"nobody has listened to {song.title!r} yet; ask for a dance to it, or ingest it again",
        )
    return json_reply(
        CountsAnswer(
            song_id=song.id,
            beats=list(analysis.beats),
            eight_counts=list(analysis.eight_counts),
            tempo=analysis.tempo,
            confidence=analysis.confidence,
            corrected_by_person=analysis.corrected_by_person,
            can_go_back=song.heard is not None,
            version=_version(song),
        )
    )


def _version(song: Song) -> str:
    text = song.analysis.model_dump_json() if song.analysis else ""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
