"""The blueprint: everything the render job needs to know, as one JSON document.

Two clocks:

- The **timeline** is the video's clock. It starts at `audio_start` of the song's file and
  then runs with the song. `start_time`, `duration`, the second value of each `beat_map` pair
  and everything in `counts` are seconds on it.
- Each clip has its **own clock**, 0 at its first frame. `original_duration`, `trim_start`,
  `trim_end` and the first value of each `beat_map` pair are seconds on it.

Moves lie end to end. A transition never changes that: it takes its frames from the clips'
handles around the cut, half before it and half after it.
"""

import json
import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, ValidationError

from choreo.errors import InvalidBlueprint
from choreo.media_path import MediaPath
from choreo.move import DanceState
from choreo.song import Seconds
from choreo.values import Value
from choreo.vocabulary import Difficulty

SCHEMA_VERSION = "1.0"

MAX_MOVES = 2_000
"""A one-hour song in four-counts at 130 BPM has 1,950."""

MAX_DURATION = 7_200.0
"""Two hours, in seconds."""

MAX_FILE_SECONDS = 86_400.0
"""A day: no clip and no song is longer."""

MAX_MEDLEY_SONGS = 8
"""Songs in one choreography."""

JOINT_TOLERANCE = 0.002
"""Seconds by which one move's end and the next one's start may differ: times are written
with a precision of a microsecond, other writers round to a millisecond."""

MAX_DOCUMENT_CHARS = 8_000_000
"""Room for `MAX_MOVES` moves; a larger document is refused before it is parsed."""


class TransitionType(StrEnum):
    """How a move follows the one before it."""

    CUT = "cut"
    CROSSFADE = "crossfade"
    FADE_BLACK = "fade_black"


class Fit(StrEnum):
    """How a clip of another shape fills the video."""

    LETTERBOX = "letterbox"
    CROP = "crop"


class Overlay(StrEnum):
    """What is written into the picture."""

    NONE = "none"
    COUNTS = "counts"
    MOVES = "moves"


BeatPair = tuple[Seconds, Seconds]
"""(seconds on the clip's clock, seconds on the timeline)."""


class BlueprintMove(Value):
    """One clip in its place on the timeline."""

    clip_id: Annotated[str, Field(min_length=1, max_length=200)]
    video_path: MediaPath
    preview_path: MediaPath | None = None
    """The clip's small rendition, frame for frame the same, from which a preview is made."""
    start_time: Seconds
    """Seconds on the timeline."""
    duration: Annotated[float, Field(gt=0, le=MAX_DURATION)]
    """Seconds on the timeline."""
    transition_type: TransitionType = TransitionType.CUT
    """The transition into this move, around its `start_time`."""
    original_duration: Annotated[float, Field(gt=0, le=MAX_FILE_SECONDS)]
    """Length of the whole clip on its own clock."""
    trim_start: Seconds = 0.0
    """Seconds of the clip before the part that is shown: the leading handle."""
    trim_end: Seconds = 0.0
    """Seconds of the clip after the part that is shown: the trailing handle."""
    volume_adjustment: Annotated[float, Field(ge=0, le=4)] = 1.0
    """Factor on the clip's own sound, heard when `add_audio_overlay` is false."""
    move_name: Annotated[str, Field(max_length=200)] = ""
    count_start: Annotated[int, Field(ge=0)] | None = None
    """Index in `counts.beats` of the move's first count."""
    counts: Annotated[int, Field(ge=1, le=512)] | None = None
    beat_map: Annotated[tuple[BeatPair, ...], Field(max_length=1024)] = ()
    """Pairs that tie clip time to timeline, both ascending, from the move's first frame to
    its end; between pairs the clip is played linearly. Empty: natural speed."""
    entry_state: DanceState | None = None
    exit_state: DanceState | None = None
    why: Annotated[str, Field(max_length=500)] = ""
    """Why this move stands here, in a sentence that a dancer understands."""
    locked: bool = False
    """True when a person asked to keep this move."""


class OutputConfig(Value):
    """How the video is written."""

    output_path: MediaPath
    output_format: Annotated[str, Field(pattern="^mp4$")] = "mp4"
    video_codec: Annotated[str, Field(pattern="^(h264|libx264)$")] = "libx264"
    audio_codec: Annotated[str, Field(pattern="^aac$")] = "aac"
    video_bitrate: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,7}[kM]?$")] = "4M"
    audio_bitrate: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,7}[kM]?$")] = "192k"
    frame_rate: Annotated[float, Field(ge=1, le=120)] = 30.0
    """Frames per second."""
    width: Annotated[int, Field(ge=16, le=3840, multiple_of=2)] = 1280
    height: Annotated[int, Field(ge=16, le=3840, multiple_of=2)] = 720
    transition_duration: Annotated[float, Field(ge=0, le=5)] = 0.3
    """Seconds a crossfade or fade_black lasts, centred on the cut."""
    fade_duration: Annotated[float, Field(ge=0, le=10)] = 0.5
    """Seconds of the first fade from black and of the last one to black; 0 for none."""
    add_audio_overlay: bool = True
    """True: the song is heard. False: the clips' own sound is."""
    normalize_audio: bool = True
    """Bring the sound to -14 LUFS with true peaks of at most -1 dBTP."""
    constant_frame_rate: bool = False
    """True asks for evenly spaced frames even where a clip is retimed."""
    fit: Fit = Fit.LETTERBOX
    """A clip of another shape than `width` x `height` stands between black bars, or fills the
    picture and loses its edges: 720 x 1280 with `crop` makes a portrait of a landscape."""
    mirror: bool = False
    """True shows everything as in a mirror, for dancing along. Costs an encode."""
    speed: Annotated[float, Field(ge=0.5, le=1)] = 1.0
    """Practice speed: 0.75 makes the video a third longer, picture and sound alike, and leaves
    the pitch. All times of the blueprint stay those at full speed."""
    overlay: Overlay = Overlay.NONE
    """`counts` writes the count into the picture, `moves` also the move's name and the next
    one's. Costs an encode; the soft tracks are free."""

    def preview_path(self) -> MediaPath:
        """Return where the small video lies that is published before the whole one."""
        return f"{self.output_path.removesuffix('.mp4')}.preview.mp4"


class Counts(Value):
    """The song's counts on the timeline: what captions, loops and cue sheets hang on."""

    beats: tuple[Seconds, ...]
    ones: tuple[Annotated[int, Field(ge=0)], ...]
    """Indices into `beats` of the beats counted 1."""
    resets: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Indices into `beats` at which a break started the count again."""


class MedleySong(Value):
    """A further song of a medley: it takes over from the one before it, on a count."""

    audio_path: MediaPath
    audio_start: Annotated[float, Field(ge=0, le=MAX_FILE_SECONDS)] = 0.0
    """Second of the song's file that is heard at `start_time`."""
    start_time: Annotated[float, Field(gt=0, le=MAX_DURATION)]
    """Second of the timeline at which this song's first count falls: the start of a move."""
    crossfade: Annotated[float, Field(ge=0, le=10)] = 1.0
    """Seconds, centred on `start_time`, in which the sound passes from song to song."""
    audio_tempo: Annotated[float, Field(ge=0, le=400)]
    """Beats per minute."""
    audio_loudness: Annotated[float, Field(ge=-100, le=10)] | None = None
    """Integrated loudness in LUFS, measured at ingest."""
    audio_true_peak: Annotated[float, Field(ge=-100, le=30)] | None = None
    """True peak in dBTP, measured at ingest."""


class Blueprint(Value):
    """A whole plan."""

    schema_version: Annotated[str, Field(pattern=r"^1\.[0-9]{1,3}$")] = SCHEMA_VERSION
    task_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
    audio_path: MediaPath
    audio_start: Annotated[float, Field(ge=0, le=MAX_FILE_SECONDS)] = 0.0
    """Second of the song's file at which the timeline starts."""
    audio_tempo: Annotated[float, Field(ge=0, le=400)]
    """Beats per minute."""
    audio_loudness: Annotated[float, Field(ge=-100, le=10)] | None = None
    """Integrated loudness of the song in LUFS, measured at ingest."""
    audio_true_peak: Annotated[float, Field(ge=-100, le=30)] | None = None
    """True peak of the song in dBTP, measured at ingest."""
    medley: Annotated[tuple[MedleySong, ...], Field(max_length=MAX_MEDLEY_SONGS - 1)] = ()
    """The songs after the first; empty for a single song."""
    moves: Annotated[tuple[BlueprintMove, ...], Field(min_length=1, max_length=MAX_MOVES)]
    total_duration: Annotated[float, Field(gt=0, le=MAX_DURATION)]
    """Seconds of the video."""
    difficulty_level: Difficulty
    generation_timestamp: Annotated[str, Field(max_length=40)]
    """ISO 8601, UTC."""
    generation_parameters: dict[str, Any] = Field(default_factory=dict)
    """What was asked for and what was made of it, for people and later re-rolls."""
    output_config: OutputConfig
    counts: Counts | None = None
    seed: int = 0

    def to_json(self) -> str:
        """Return the compact JSON text: equal blueprints give equal bytes."""
        return json.dumps(
            self.model_dump(mode="json", exclude_none=True),
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        )

    @classmethod
    def from_json(cls, text: str) -> "Blueprint":
        """Read and check a blueprint.

        Raises:

            InvalidBlueprint: With every fault found, each naming its field and value.
        """
        return cls.from_document(_parsed(text))

    @classmethod
    def from_document(cls, document: object) -> "Blueprint":
        """Check a decoded JSON document; see `from_json`."""
        if not isinstance(document, Mapping):
            raise InvalidBlueprint([f"it must be an object, not {type(document).__name__}"])
        try:
            blueprint = cls.model_validate_json(json.dumps(document))
        except ValidationError as exc:
            raise InvalidBlueprint(_sentences(exc)) from None
        except (ValueError, RecursionError) as exc:
            raise InvalidBlueprint([f"it is not plain JSON: {exc}"]) from None
        faults = list(_faults_across_fields(blueprint))
        if faults:
            raise InvalidBlueprint(faults)
        return blueprint


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) that is published in `docs/blueprint.schema.json`."""
    schema = Blueprint.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Blueprint",
        **schema,
    }


def _parsed(text: str) -> object:
    if len(text) > MAX_DOCUMENT_CHARS:
        raise InvalidBlueprint([f"it has {len(text)} characters; {MAX_DOCUMENT_CHARS} is the most"])

    def refuse_constant(name: str) -> float:
        raise InvalidBlueprint([f"it contains {name}, which JSON does not allow"])

    try:
        return json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise InvalidBlueprint([f"it is not JSON: {exc}"]) from None


MAX_FAULTS = 50
"""Enough to mend a document by hand; a document of noise has thousands."""


def _sentences(error: ValidationError) -> list[str]:
    details = error.errors(include_url=False, include_context=False)
    # A list whose items are all wrong is also reported as too short: the items say it better.
    parents = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    faults = []
    own = [found for found in details if found["loc"] not in parents]
    for detail in own[:MAX_FAULTS]:
        place = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]
        ).lstrip(".")
        shown = repr(detail["input"])
        message = detail["msg"].removeprefix("Value error, ")
        if detail["type"] == "missing":
            faults.append(f"{place} is missing")
        else:
            faults.append(f"{place} is {shown[:80]}: {message[0].lower()}{message[1:]}")
    if len(own) > MAX_FAULTS:
        faults.append(f"and {len(own) - MAX_FAULTS} more")
    return faults


def _faults_across_fields(blueprint: Blueprint) -> Iterator[str]:
    """Yield what is wrong between fields: gaps, overlaps, trims, beat maps, counts."""
    expected = 0.0
    for index, move in enumerate(blueprint.moves):
        name = f"moves[{index}]"
        difference = move.start_time - expected
        if abs(difference) > JOINT_TOLERANCE:
            kind = "gap" if difference > 0 else "overlap"
            yield (
                f"{name}.start_time is {move.start_time} s; it must be {expected:.6f} s, where "
                f"the move before ends: a {kind} of {abs(difference):.3f} s"
            )
        expected = move.start_time + move.duration
        yield from _faults_in_move(name, move)
    if abs(expected - blueprint.total_duration) > JOINT_TOLERANCE:
        yield (
            f"total_duration is {blueprint.total_duration} s; the last move ends at "
            f"{expected:.6f} s"
        )
    yield from _faults_in_medley(blueprint)
    if blueprint.counts is not None:
        yield from _faults_in_counts(blueprint.counts)


def _faults_in_move(name: str, move: BlueprintMove) -> Iterator[str]:
    shown_end = move.original_duration - move.trim_end
    if move.trim_start >= shown_end:
        yield (
            f"{name} shows nothing: trim_start {move.trim_start} s and trim_end "
            f"{move.trim_end} s leave no frame of original_duration {move.original_duration} s"
        )
        return
    if not move.beat_map:
        shown = shown_end - move.trim_start
        if shown + JOINT_TOLERANCE < move.duration:
            yield (
                f"{name}.duration is {move.duration} s, but only {shown:.3f} s of the clip "
                f"are left between its trims"
            )
        return
    if len(move.beat_map) < 2:
        yield f"{name}.beat_map has one pair; it needs at least two, or none"
        return
    for (clip_a, song_a), (clip_b, song_b) in zip(move.beat_map, move.beat_map[1:], strict=False):
        if clip_b <= clip_a or song_b <= song_a:
            yield f"{name}.beat_map must ascend; it goes from {clip_a, song_a} to {clip_b, song_b}"
            return
    first, last = move.beat_map[0], move.beat_map[-1]
    ends = (
        ("starts", first[1], move.start_time, "start_time"),
        ("ends", last[1], move.start_time + move.duration, "the move's end"),
        ("starts at clip time", first[0], move.trim_start, "trim_start"),
        ("ends at clip time", last[0], shown_end, "original_duration - trim_end"),
    )
    for verb, value, bound, what in ends:
        if not math.isclose(value, bound, abs_tol=JOINT_TOLERANCE):
            yield f"{name}.beat_map {verb} {value} s; it must be {what}, {bound:.6f} s"


def _faults_in_medley(blueprint: Blueprint) -> Iterator[str]:
    heard_until = 0.0
    starts = [move.start_time for move in blueprint.moves]
    for index, song in enumerate(blueprint.medley):
        name = f"medley[{index}]"
        if min(abs(start - song.start_time) for start in starts) > JOINT_TOLERANCE:
            yield f"{name}.start_time is {song.start_time} s; no move starts there"
        if song.start_time - song.crossfade / 2 < heard_until:
            yield (
                f"{name}.start_time is {song.start_time} s, less half its crossfade of "
                f"{song.crossfade} s; the song before is heard alone from {heard_until:.3f} s"
            )
        if song.audio_start < song.crossfade / 2:
            yield (
                f"{name}.audio_start is {song.audio_start} s; half the crossfade, "
                f"{song.crossfade / 2} s, must lie before it"
            )
        heard_until = song.start_time + song.crossfade / 2


def _faults_in_counts(counts: Counts) -> Iterator[str]:
    if any(b <= a for a, b in zip(counts.beats, counts.beats[1:], strict=False)):
        yield "counts.beats must ascend"
    for field, indices in (("ones", counts.ones), ("resets", counts.resets)):
        for index in indices:
            if index >= len(counts.beats):
                yield f"counts.{field} names beat {index}; there are {len(counts.beats)}"
                break
