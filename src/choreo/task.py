"""A task: one request for a video, from the moment it is taken in until its end.

Public states: `pending -> running -> completed | failed | cancelled`; the last three are
terminal and never change. Behind `running` stands the phase that the task waits for or is in:

    plan ──> start ──> render

Each worker claims the task for its phase with a lease and a new attempt number, and every
later write carries that number, so that a worker which was thought dead cannot overwrite the
work of its successor.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from choreo.blueprint import MAX_MEDLEY_SONGS, Overlay
from choreo.media_path import MediaPath
from choreo.values import Value
from choreo.vocabulary import Difficulty, EnergyLevel, Style

MAX_QUERY_CHARS = 2_000

TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What the id of a task may look like, from outside; anything else names none."""


class TaskStatus(StrEnum):
    """What a caller sees."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """True when nothing about the task will change any more."""
        return self in (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED)


class Stage(StrEnum):
    """What is being done for the task, in this order."""

    QUEUED = "queued"
    ANALYSING = "analysing"
    SEARCHING = "searching"
    SEQUENCING = "sequencing"
    RENDERING = "rendering"
    UPLOADING = "uploading"


class Phase(StrEnum):
    """Which worker the task belongs to."""

    PLAN = "plan"
    START = "start"
    """Planned; the render job is to be started."""
    RENDER = "render"


MAX_REROLLED = 1_000
"""Slots that may be named at once; a song of an hour has no more eight-counts."""

MAX_AVOIDED = 100

SlotIndex = Annotated[int, Field(ge=0, lt=10_000)]


SongId = Annotated[str, Field(min_length=1, max_length=100)]


def _distinct(songs: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({song for song in songs if songs.count(song) > 1})
    if twice:
        raise ValueError(f"names {', '.join(twice)} twice")
    return songs


SongIds = Annotated[
    tuple[SongId, ...],
    Field(min_length=2, max_length=MAX_MEDLEY_SONGS),
    AfterValidator(_distinct),
]


class Reroll(Value):
    """Which moves of an earlier plan to choose anew; all others stay as they are."""

    task_id: Annotated[str, Field(min_length=1, max_length=64)]
    """The task whose plan it is."""
    slots: Annotated[tuple[SlotIndex, ...], Field(min_length=1, max_length=MAX_REROLLED)]
    """Indices into the plan's moves, from 0: those to choose anew."""
    lock: Annotated[tuple[SlotIndex, ...], Field(max_length=MAX_REROLLED)] = ()
    """Indices of moves that must stay, in later re-rolls too."""
    avoid: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=200)], ...],
        Field(max_length=MAX_AVOIDED),
    ] = ()
    """Ids or families of moves that must not be chosen."""
    difficulty: Difficulty | None = None
    """The hardest level that the new moves may have; None: as before."""
    energy_level: EnergyLevel | None = None
    """How much the new moves should fill the music; None: as before."""

    @model_validator(mode="after")
    def _wants_no_slot_both_ways(self) -> Self:
        both = sorted(set(self.slots) & set(self.lock))
        if both:
            raise ValueError(f"slots and lock both name {', '.join(map(str, both))}")
        return self


class Variant(Value):
    """An earlier plan written as another video: the same moves, another output.

    What is None stays as it is in that plan.
    """

    task_id: Annotated[str, Field(min_length=1, max_length=64)]
    """The task whose plan it is."""
    mirror: bool | None = None
    """True shows everything as in a mirror."""
    speed: Annotated[float, Field(ge=0.5, le=1)] | None = None
    """Practice speed."""
    portrait: bool | None = None
    """True: 720 x 1280, cropped; False: 1280 x 720."""
    overlay: Overlay | None = None
    """What is written into the picture."""
    constant_frame_rate: bool | None = None
    """True asks for evenly spaced frames."""

    def changes(self) -> dict[str, Any]:
        """Return what is asked for, by name; empty when nothing is."""
        return self.model_dump(mode="json", exclude={"task_id"}, exclude_none=True)


class GenerationRequest(Value):
    """What a caller asked for: one or several songs and wishes, or a sentence."""

    song_id: SongId | None = None
    song_ids: SongIds | None = None
    """The songs of a medley, in order."""
    query: Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARS)] | None = None
    difficulty: Difficulty | None = None
    energy_level: EnergyLevel | None = None
    style: Style | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    reroll: Reroll | None = None
    variant: Variant | None = None

    @model_validator(mode="after")
    def _names_a_song_or_a_sentence(self) -> Self:
        if self.song_id is None and self.song_ids is None and self.query is None:
            raise ValueError("either song_id, song_ids or query is needed")
        if self.song_id is not None and self.song_ids is not None:
            raise ValueError("either song_id or song_ids may be given, not both")
        return self

    @model_validator(mode="after")
    def _changes_moves_or_output(self) -> Self:
        if self.reroll is not None and self.variant is not None:
            raise ValueError("either reroll or variant may be given, not both")
        return self

    def songs_named(self) -> tuple[str, ...]:
        """Return the ids of the songs asked for, in order; none for a sentence alone."""
        return self.song_ids or (() if self.song_id is None else (self.song_id,))


class Task(Value):
    """The state of one request, as the store last saw it."""

    id: str
    request: GenerationRequest
    status: TaskStatus
    phase: Phase
    stage: Stage
    progress: Annotated[int, Field(ge=0, le=100)]
    """Percent; it never goes back."""
    message: str
    video_path: MediaPath | None = None
    duration: float | None = None
    """Seconds of the finished video."""
    file_size: int | None = None
    """Bytes of the finished video."""
    quality: dict[str, Any] | None = None
    error: str | None = None
    degraded: str | None = None
    """Why the plan is less than it could be, when a part had to be done without."""
    attempt: int
    tries: int
    """Claims made for planning; once the plan is stored, renderings and starts that failed."""
    execution_name: str | None = None
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None = None
    lease_until: datetime | None = None
    owner: str | None = None
    """The caller whose task it is; None where callers have no names."""


class Claim(Value):
    """The right to work on a task until the lease ends; every write presents it."""

    task_id: str
    attempt: int
    tries: int


class Rendered(Value):
    """What a finished job reports."""

    video_path: MediaPath
    duration: Annotated[float, Field(gt=0)]
    """Seconds."""
    file_size: Annotated[int, Field(gt=0)]
    """Bytes."""
    quality: dict[str, Any] = Field(default_factory=dict)
