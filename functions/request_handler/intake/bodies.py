"""The bodies of requests, read strictly: every fault is named, with the legal values."""

import contextlib
import json
import logging
import unicodedata
from http import HTTPStatus
from typing import Annotated, Any, Self, TypeVar, get_args

from flask import Request
from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from choreo.blueprint import MAX_MEDLEY_SONGS, Overlay
from choreo.task import (
    MAX_AVOIDED,
    MAX_QUERY_CHARS,
    MAX_REROLLED,
    GenerationRequest,
    SlotIndex,
    SongId,
    SongIds,
)
from choreo.values import Value
from choreo.vocabulary import Difficulty, EnergyLevel, Style
from intake.problems import FieldFault, Problem

_log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024
"""The longest sentence takes 24,000 bytes when every character is escaped."""

MAX_SEED = 2**31 - 1

MAX_KEY_CHARS = 255

MAX_SHOWN_CHARS = 80
"""How much of a wrong value is repeated."""

MAX_FAULTS = 20
"""Enough to mend a request by hand."""


def _sentence(text: str) -> str:
    """Return `text` without control characters and outer spaces; refuse it if nothing is left."""
    spaced = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)
    said = spaced.strip()
    if all(unicodedata.category(char)[0] in "CZ" for char in said):
        raise ValueError("has no visible character; describe the dance in a sentence")
    return said


Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]


class SongRequest(Value):
    """A dance to a song of the library, or to several as a medley: either `song_id` or `song_ids`
    is needed. What else is null or absent is left to the planner."""

    song_ids: SongIds | None = None
    """The ids of 2 to 8 different songs, joined to a medley in this order."""
    song_id: Annotated[SongId | None, Field(validate_default=True)] = None
    """A song's `id`, from `GET /api/songs`."""
    difficulty: Difficulty | None = None
    """The hardest level that may occur."""
    energy_level: EnergyLevel | None = None
    """How much the moves should fill the music."""
    style: Style | None = None
    """The family of bachata."""
    seed: Seed | None = None
    """Equal requests with equal seeds give equal choreographies; 0 when absent."""

    @field_validator("song_id")
    @classmethod
    def _is_needed(cls, song_id: str | None, read: ValidationInfo) -> str | None:
        # Other fields' faults are told beside this one; a rule of the whole body would not be.
        if song_id is None and read.data.get("song_ids", ...) is None:
            raise PydanticCustomError("missing", "either song_id or song_ids is needed")
        return song_id

    @model_validator(mode="after")
    def _names_songs_one_way(self) -> Self:
        if self.song_id is not None and self.song_ids is not None:
            raise ValueError("names both song_id and song_ids; name one of them")
        return self

    def generation_request(self) -> GenerationRequest:
        """Return what the planner is asked for."""
        return GenerationRequest(
            song_id=self.song_id,
            song_ids=self.song_ids,
            difficulty=self.difficulty,
            energy_level=self.energy_level,
            style=self.style,
            seed=self.seed or 0,
        )


class SentenceRequest(Value):
    """A dance described in a sentence, in English or Spanish; a language model reads others too."""

    query: Annotated[
        str, Field(min_length=1, max_length=MAX_QUERY_CHARS), AfterValidator(_sentence)
    ]
    """What the dance should be like; it may name a song."""
    seed: Seed | None = None
    """Equal requests with equal seeds give equal choreographies; 0 when absent."""

    def generation_request(self) -> GenerationRequest:
        """Return what the planner is asked for."""
        return GenerationRequest(query=self.query, seed=self.seed or 0)


MAX_MOVE_CHARS = 200

SLOWEST = 0.5
"""Of the song's own speed."""


class RerollRequest(Value):
    """Some moves of a plan chosen anew; all others stay as they are."""

    slots: Annotated[tuple[SlotIndex, ...], Field(min_length=1, max_length=MAX_REROLLED)]
    """Places of the plan's `moves`, from 0: those to choose anew."""
    lock: Annotated[tuple[SlotIndex, ...], Field(max_length=MAX_REROLLED)] = ()
    """Places of moves to mark as locked."""
    avoid: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=MAX_MOVE_CHARS)], ...],
        Field(max_length=MAX_AVOIDED),
    ] = ()
    """Ids or families of moves that must not be chosen."""
    difficulty: Difficulty | None = None
    """The hardest level that the new moves may have, at most the plan's `difficulty_level`."""
    energy_level: EnergyLevel | None = None
    """How much the new moves should fill the music."""
    seed: Seed | None = None
    """Equal requests with equal seeds give equal choreographies; the task's own when absent."""

    @model_validator(mode="after")
    def _wants_no_slot_both_ways(self) -> Self:
        both = sorted(set(self.slots) & set(self.lock))
        if both:
            raise ValueError(f"names {', '.join(map(str, both))} in slots and in lock")
        return self


class VariantRequest(Value):
    """The same moves as another video. What is null or absent stays as it is in the task's plan."""

    mirror: bool | None = None
    """True shows everything as in a mirror, for dancing along."""
    speed: Annotated[float, Field(ge=SLOWEST, le=1)] | None = None
    """Practice speed, of picture and sound alike; the pitch stays."""
    portrait: bool | None = None
    """True: 720 x 1280, the clips fill it and lose their edges. False: 1280 x 720."""
    overlay: Overlay | None = None
    """What is written into the picture: nothing, the counts, or also the moves' names."""
    constant_frame_rate: bool | None = None
    """True asks for evenly spaced frames even where a clip is retimed."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if all(value is None for value in self.model_dump().values()):
            raise ValueError(f"asks for nothing; name one of {', '.join(type(self).model_fields)}")
        return self


MOST_SHARED_DAYS = 30


class ShareRequest(Value):
    """A link to one dance that ends by itself."""

    days: Annotated[int, Field(ge=1, le=MOST_SHARED_DAYS)] = 7
    """How long the link is good."""


_TELLS = "true, false or null"

_EXPECTED = {
    "song_ids": f"a list of 2 to {MAX_MEDLEY_SONGS} different song ids",
    "slots": f"a list of 1 to {MAX_REROLLED} whole numbers: places of the plan's moves, from 0",
    "lock": f"a list of at most {MAX_REROLLED} whole numbers: places of the plan's moves, from 0",
    "avoid": f"a list of at most {MAX_AVOIDED} ids or families of moves, each a text of 1 to "
    f"{MAX_MOVE_CHARS} characters",
    "mirror": _TELLS,
    "portrait": _TELLS,
    "constant_frame_rate": _TELLS,
    "days": f"a whole number from 1 to {MOST_SHARED_DAYS}",
    "speed": f"a number from {SLOWEST} to 1, or null",
}
"""What fields must be that are neither texts nor whole numbers."""

_Body = TypeVar("_Body", bound=Value)


def read_body(request: Request, kind: type[_Body]) -> _Body:
    """Return the request's body as a value.

    Raises:

        Problem: 415, 413, 400 or 422, naming every fault.
    """
    if request.mimetype != "application/json":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            f"Content-Type is {request.mimetype[:MAX_SHOWN_CHARS]!r}; send application/json",
            headers={"Accept": "application/json"},
        )
    try:
        return kind.model_validate_json(_bounded(request))
    except ValidationError as exc:
        raise _problem(exc, kind) from None


def idempotency_key(request: Request) -> str | None:
    """Return the Idempotency-Key, or None if there is none.

    Raises:

        Problem: 400, if the key is not 1 to 255 visible ASCII characters.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_CHARS or any(not "!" <= char <= "~" for char in key):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "invalid-idempotency-key",
            f"Idempotency-Key has {len(key)} characters; it must be 1 to {MAX_KEY_CHARS} "
            "visible ASCII characters without spaces",
        )
    return key


def _bounded(request: Request) -> bytes:
    """Read the body, but never more than the limit, whatever Content-Length says."""
    # A stream without a length is cut at its limit in silence: the byte after ours tells.
    request.max_content_length = MAX_BODY_BYTES + 1
    with contextlib.suppress(RequestEntityTooLarge):
        body = _arrived(request)
        if len(body) <= MAX_BODY_BYTES:
            return body
    raise Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body-too-large",
        f"the body is larger than {MAX_BODY_BYTES} bytes",
    )


def _arrived(request: Request) -> bytes:
    reason = "it ended early"
    try:
        body = request.get_data()
        if len(body) >= (request.content_length or 0):
            return body
    except HTTPException:
        raise
    except Exception as exc:  # noqa: BLE001 - each server has its own errors for broken chunks
        reason = type(exc).__name__
    _log.warning("a body did not arrive whole: %s", reason)
    raise Problem(HTTPStatus.BAD_REQUEST, "invalid-request", "the body did not arrive whole")


def _problem(error: ValidationError, kind: type[Value]) -> Problem:
    details = error.errors(include_url=False)
    if details[0]["type"] == "json_invalid":
        reason = details[0]["ctx"]["error"]
        return Problem(HTTPStatus.BAD_REQUEST, "invalid-json", f"the body is not JSON: {reason}")
    faults = [_fault(detail, kind) for detail in details[:MAX_FAULTS]]
    summary = "; ".join(f"{fault.field} {fault.message}".strip() for fault in faults)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", summary, faults)


def _fault(detail: ErrorDetails, kind: type[Value]) -> FieldFault:
    name = str(detail["loc"][0])[:MAX_SHOWN_CHARS] if detail["loc"] else ""
    if detail["type"] == "missing":
        also = "; name a song, or several in song_ids" if name == "song_id" else ""
        return FieldFault(field=name, message=f"is missing{also}")
    if detail["type"] == "extra_forbidden":
        fields = list(kind.model_fields)
        message = f"is not a field of this request; its fields are {', '.join(fields)}"
        return FieldFault(field=name, message=message, allowed=fields)
    if not name and detail["type"] == "value_error":
        return FieldFault(field="", message=f"the body {detail['ctx']['error']}")
    if not name:
        return FieldFault(field="", message="the body must be a JSON object")
    allowed = _legal_values(kind, name)
    expected = (
        f"one of {', '.join(allowed)}, or null"
        if allowed
        else getattr(kind, "EXPECTED", _EXPECTED).get(name) or _expected(detail)
    )
    return FieldFault(
        field=name, message=f"is {_shown(detail)}; it must be {expected}", allowed=allowed
    )


def _expected(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "string_type":
            return "text"
        case "string_too_short":
            return "at least one character long"
        case "string_too_long":
            return f"at most {context['max_length']} characters long"
        case "value_error":
            return f"a text that says something: it {context['error']}"
        case _:
            return f"a whole number from 0 to {MAX_SEED}, or null"


def _shown(detail: ErrorDetails) -> str:
    value = detail["input"]
    if detail["type"] == "string_too_long":
        return f"{len(value)} characters long"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_SHOWN_CHARS else text[: MAX_SHOWN_CHARS - 1] + "…"


def _legal_values(kind: type[Value], name: str) -> list[str] | None:
    field = kind.model_fields.get(name)
    for part in get_args(field.annotation) if field else ():
        if part in (Difficulty, EnergyLevel, Style, Overlay):
            return [member.value for member in part]
    return None


def chosen(request: Request, name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return the query parameter `name`, or `default` if it is absent.

    Raises:

        Problem: 422, if its value is not one of `allowed`.
    """
    value: Any = request.args.get(name, default)
    if value not in allowed:
        message = f"is {value[:MAX_SHOWN_CHARS]!r}; it must be one of {', '.join(allowed)}"
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid-request",
            f"{name} {message}",
            [FieldFault(field=name, message=message, allowed=list(allowed))],
        )
    return str(value)
