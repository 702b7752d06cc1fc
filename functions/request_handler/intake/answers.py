"""The bodies of answers. What `/openapi.json` promises is generated from these."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from choreo.task import Stage, TaskStatus
from choreo.vocabulary import Difficulty, EnergyLevel, RhythmMode, SectionLabel, Style


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Accepted(Answer):
    """A task was taken down; it is planned and rendered now."""

    task_id: str
    status: TaskStatus
    status_url: str
    """Where to poll, relative to this service."""


class TaskAnswer(Answer):
    """The state of a task. Terminal states never change, progress never goes back."""

    task_id: str
    status: TaskStatus
    stage: Stage
    progress: int = Field(ge=0, le=100)
    """Percent."""
    message: str
    """What is being done, for people."""
    video_url: str | None
    """Where the finished video plays; in the cloud it expires, so poll again for a new one. Null
    also when the video was removed after its days: `message` says so, the task stays completed."""
    duration: float | None
    """Seconds of the finished video."""
    file_size: int | None
    """Bytes of the finished video."""
    quality: dict[str, Any] | None
    """What was measured on the finished video."""
    error: str | None
    """Why the task failed, in a sentence."""
    created_at: datetime
    updated_at: datetime
    degraded: str | None = None
    """Present when a part had to be done without: what, and why."""
    warnings: list[str] | None = None
    """Present when something about the song or the plan is uncertain."""
    preview_url: str | None = None
    """Present while the video is rendered and a small one can be watched already."""
    ticket: str | None = None
    """Present when callers have tokens: as `?ticket=` it stands for the token in addresses that a
    browser opens by itself, for some hours."""
    reroll_of: str | None = None
    """Present on a re-roll: the task whose plan it changes."""
    variant_of: str | None = None
    """Present on a variant: the task whose plan it writes as another video."""


class SongSection(Answer):
    """One part of a song."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    label: SectionLabel
    energy: float
    """0 for the song's own calmest, 1 for its fullest."""
    rhythm_mode: RhythmMode


class SongAnswer(Answer):
    """A song of the library."""

    id: str
    title: str
    artist: str
    duration: float
    """Seconds."""
    tempo: float | None
    """Beats per minute; null until the song is analysed."""
    confidence: float | None
    """How far the counts can be trusted, 0 to 1; null until the song is analysed."""
    sections: list[SongSection]
    peaks: list[float]
    """Absolute peaks of equal slices, 0 to 1, for a waveform picture."""
    audio_url: str | None
    """Where the song plays; null when it is not available."""
    available: bool
    """False when its audio is missing or unreadable: a request for it is refused."""
    unavailable_because: str | None
    warnings: list[str]
    """What is uncertain about its counts."""


class SongsAnswer(Answer):
    """All songs, by title."""

    songs: list[SongAnswer]


class BoardMove(Answer):
    """What the library knows of one move of a plan; all null when it has left the library."""

    family: str | None
    """What a re-roll's `avoid` may name."""
    difficulty: Difficulty | None
    energy_level: EnergyLevel | None
    thumbnail_url: str | None
    """A small picture; like `video_url` it may expire."""


class StoryboardAnswer(Answer):
    """What a page shows beside a plan. All seconds are on the plan's timeline."""

    title: str
    """The song's; several have dots between them, none is left when they left the library."""
    artist: str
    peaks: list[float]
    """Absolute peaks of equal slices of the timeline, 0 to 1."""
    sections: list[SongSection]
    moves: list[BoardMove]
    """One for each of the plan's moves, in their order."""


class ShareAnswer(Answer):
    """A link to one dance, to look at it without a token."""

    ticket: str
    """As `?ticket=` it opens the task's status, plan, exports and video."""
    expires_at: datetime
    page_url: str
    """The page that shows the dance, relative to this service."""


class Choice(Answer):
    """One legal value."""

    value: str
    label: str
    """Its name, for people."""
    moves: int
    """How many moves of the library have it."""


class Combination(Answer):
    """How many moves have these three values together."""

    difficulty: Difficulty
    energy_level: EnergyLevel
    style: Style
    moves: int


class Limits(Answer):
    """What a request may not exceed."""

    query_characters: int
    body_bytes: int
    upload_bytes: int
    """Of one file of own media; 0 where none can be added."""
    largest_seed: int
    idempotency_key_characters: int


class OptionsAnswer(Answer):
    """The legal values of each wish, and what the library has for them."""

    difficulty: list[Choice]
    """From easy to hard. A choreography never goes above the one asked for."""
    energy_level: list[Choice]
    """From calm to full."""
    style: list[Choice]
    moves: int
    """How many moves the library has."""
    combinations: list[Combination]
    """Those of which the library has any."""
    limits: Limits


class Health(Answer):
    """This service and its database answer."""

    status: Literal["ok"] = "ok"
