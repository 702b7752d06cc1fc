"""A move of the library: one conformed clip of whole counts, and what is known about it.

Times are seconds on the clip's own clock: 0 is its first frame.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from choreo.media_path import MediaPath
from choreo.song import Seconds, Share
from choreo.values import Value
from choreo.vocabulary import Difficulty, EnergyLevel, Foot, Hold, Style

POSE_DIMENSIONS = 512
AUDIO_DIMENSIONS = 128
TEXT_DIMENSIONS = 384


class DanceState(Value):
    """How the couple stands at one edge of a move."""

    hold: Hold
    leader_foot: Foot | None = None
    """The foot that carries the leader's weight."""
    follower_foot: Foot | None = None
    facing: Annotated[float, Field(ge=-180, le=180)] | None = None
    """Degrees the couple's axis is turned from the camera."""


class Move(Value):
    """One dance move, cut to whole counts.

    `beat_times` has `counts + 1` entries: the clip time of each count, and of the count after
    the last, where the next move begins. What lies before the first and after the last entry
    are the handles that transitions draw from.
    """

    id: Annotated[str, Field(min_length=1, max_length=200)]
    name: str
    family: str
    difficulty: Difficulty
    energy_level: EnergyLevel
    style: Style
    duration: Annotated[float, Field(gt=0)]
    """Length of the whole clip, handles included."""
    counts: Annotated[int, Field(ge=2, le=64)]
    beat_times: tuple[Seconds, ...]
    video_path: MediaPath
    preview_path: MediaPath | None = None
    """The small rendition, frame for frame the same."""
    thumbnail_path: MediaPath | None = None
    animation_path: MediaPath | None = None
    """A small picture that moves, for lists."""
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    frame_rate: Annotated[float, Field(gt=0)]
    conformed: bool
    """True when the clip has the library's stitchable format."""
    entry_state: DanceState
    exit_state: DanceState
    travel: Annotated[float, Field(ge=0, le=20)] | None = None
    """Body heights between where the couple begins and where it ends."""
    rotation: Annotated[float, Field(ge=-3600, le=3600)] | None = None
    """Degrees by which the couple's axis turns; an estimate cannot tell whole turns."""
    prerequisites: tuple[str, ...] = ()
    """Families of moves that a dancer should know first."""
    description: str = ""
    tags: tuple[str, ...] = ()
    loopable: bool = False
    role: str = "move"
    """`move`, or what else the clip serves for: `intro`, `outro`, `hold`, `connector`."""
    session: str = ""
    """The filming session: clips of one session share clothes, light and room."""
    confidence: Share = 1.0
    """How far `beat_times` can be trusted; 1 when a person gave them."""
    estimated: tuple[str, ...] = ()
    """Names of the fields that were estimated rather than told by a person."""
    edited: tuple[str, ...] = ()
    """Names of what a person said on the page; it wins over a manifest and over estimates."""
    confidences: dict[str, Share] = Field(default_factory=dict)
    """How far the estimates of the couple's states can be trusted, by name: `entry_hold`,
    `exit_hold`, `leader_foot_in`, ..., `facing_out`, `travel`, `rotation`."""
    content_hash: str = ""
    """SHA-256 of the source file."""

    @property
    def tempo(self) -> float:
        """Mean beats per minute of the clip as it was danced."""
        return 60.0 * self.counts / (self.beat_times[-1] - self.beat_times[0])

    @model_validator(mode="after")
    def _beats_lie_in_the_clip(self) -> Self:
        if len(self.beat_times) != self.counts + 1:
            raise ValueError(
                f"beat_times has {len(self.beat_times)} entries; {self.counts} counts need "
                f"{self.counts + 1}"
            )
        if any(b <= a for a, b in zip(self.beat_times, self.beat_times[1:], strict=False)):
            raise ValueError("beat_times must ascend")
        if self.beat_times[-1] > self.duration + 0.05:
            raise ValueError(
                f"beat_times end at {self.beat_times[-1]:.3f} s, after the clip's "
                f"{self.duration:.3f} s"
            )
        return self
