"""One clip's file into moves: timed, cut, conformed, described. Runs in a worker process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog import beat_map, stances
from catalog.beat_map import BeatMap
from catalog.bodies import PoseOnlooker
from catalog.conforming import (
    HEIGHT,
    WIDTH,
    conform,
    is_conformed,
    preview_of,
    thumbnail_of,
    write_animation,
    write_thumbnail,
)
from catalog.cutting import HANDLE, POSE, Cut, cut
from catalog.manifest import Told
from catalog.movement import activity, block_motion, frame_energy, travel
from catalog.probing import ClipFacts, probe
from catalog.sessions import signature
from catalog.source_files import Source
from catalog.watching import MOST_RATE, MOTION_RATE, Watched, watch
from catalog.words import Naming, in_words
from choreo.clip_format import FRAME_RATE
from choreo.errors import ChoreoError, UnreadableMedia
from choreo.move import DanceState, Move
from choreo.vectors import audio, pose, text
from choreo.vectors.packing import pack
from choreo.vectors.pose import Bodies
from choreo.vocabulary import Difficulty, EnergyLevel, Hold, Style

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

METHOD = "3"
"""Raised whenever the same clip would become other moves: then all are made again."""

WHOLE_HANDLE = 1.5 * HANDLE
"""A conformed clip with handles up to this is taken as it is, without encoding again."""

_LEAST_STANCE = 0.3
"""Confidence from which an estimated hold, foot or facing is taken."""

_CALM, _LIVELY = 0.085, 0.105
"""Activity (picture heights a second) below which a move is of low, from which of high energy."""


@dataclass(frozen=True)
class ClipJob:
    """What a worker needs to make the moves of one clip."""

    source: Source
    content_hash: str
    fingerprint: str
    """Of everything that the moves are made of; it is part of their media's keys."""
    naming: Naming
    told: Told
    scratch: Path
    """Folder for the files that are made."""
    pose_models: Path | None = None
    """Folder of the pose model; None: moves are described by the motion of the picture alone."""


@dataclass(frozen=True)
class MadeMove:
    """One move, ready to be published."""

    move: Move
    pose: bytes
    audio: bytes
    text: bytes
    files: dict[str, Path]
    """By key in the store."""
    colours: bytes
    """Its picture's colour signature, for the session."""


@dataclass(frozen=True)
class MadeClip:
    """What became of one clip."""

    moves: tuple[MadeMove, ...]
    beats: BeatMap
    warnings: tuple[str, ...] = ()


def make_moves(job: ClipJob) -> MadeClip:
    """Make the moves of one clip.

    Raises:

        UnreadableMedia: When the clip cannot be used; the text says why.
    """
    path, told = job.source.path, job.told
    facts = probe(path)
    conformed = is_conformed(path)
    rate = MOTION_RATE if _counts_are_told(told) else MOST_RATE
    preview = job.scratch / f"{job.fingerprint}_whole_360p.mp4"
    onlookers = [PoseOnlooker(job.pose_models)] if job.pose_models else []

    def look(frame: VideoFrame, time: float) -> None:
        for onlooker in onlookers:
            onlooker.look(frame, time)

    if conformed:
        with preview_of(preview) as rendition:

            def copy_and_look(frame: VideoFrame, time: float) -> None:
                rendition.add(frame, frame.key_frame)
                look(frame, time)

            watched = watch(path, facts, copy_and_look, rate)
    else:
        watched = watch(path, facts, look, rate)
    bodies = onlookers[0].found() if onlookers else None
    beats = _beats_of(job, facts, watched)
    ends = told.role == "outro"
    counts = told.counts if beats.source == "person" else None
    cuts = cut(beats, watched.duration, counts, ends_the_dance=ends)
    if not cuts:
        raise UnreadableMedia(_too_short(path, told, beats, watched))
    as_it_is = conformed and _is_whole(cuts, watched.duration, POSE if ends else WHOLE_HANDLE)
    made = []
    for number, part in enumerate(cuts, start=1):
        suffix = f"_{number}" if len(cuts) > 1 else ""
        if as_it_is:
            part = replace(part, start=0.0, end=watched.duration)
            files = (path, preview)
        else:
            files = _conformed(job, suffix, part, facts)
        made.append(_described(job, suffix, part, facts, beats, watched, bodies, files))
    warnings = []
    if watched.damaged:
        warnings.append(f"parts of it are damaged; {watched.duration:.1f} s could be read")
    if beats.confidence < 0.3:
        warnings.append(
            "its counts are a guess; give first_count_at and tempo in the manifest to correct them"
        )
    return MadeClip(tuple(made), beats, tuple(warnings))


def _counts_are_told(told: Told) -> bool:
    return told.first_count_at is not None and told.tempo is not None


def _beats_of(job: ClipJob, facts: ClipFacts, watched: Watched) -> BeatMap:
    told, duration = job.told, watched.duration
    if told.first_count_at is not None and told.tempo is not None:
        return beat_map.told(told.first_count_at, told.tempo, duration)
    found = None
    if facts.has_sound:
        found = beat_map.heard(job.source.path, facts.sound_delay, duration, told.tempo)
    if found is not None and told.first_count_at is None:
        return found
    tempo = told.tempo
    if found is not None and tempo is None:
        tempo = 60.0 * (len(found.times) - 1) / (found.times[-1] - found.times[0])
    times, energy = frame_energy(watched)
    way = travel(block_motion(watched, 0.0, duration))
    return beat_map.seen(times, energy, duration, tempo, told.first_count_at, way)


def _too_short(path: Path, told: Told, beats: BeatMap, watched: Watched) -> str:
    if told.counts is not None and beats.source == "person":
        return (
            f"{path.name} lasts {watched.duration:.2f} s, which does not hold the {told.counts} "
            "counts that the manifest gives from first_count_at on; correct counts, tempo or "
            "first_count_at"
        )
    return (
        f"{path.name} lasts {watched.duration:.2f} s and holds no four whole counts that enter on "
        "1 or 5; a clip needs at least four counts"
    )


def _is_whole(cuts: list[Cut], duration: float, last_handle: float) -> bool:
    (first, *others) = cuts
    return (
        not others
        and first.beat_times[0] <= WHOLE_HANDLE
        and duration - first.beat_times[-1] <= last_handle + 1 / FRAME_RATE
    )


def _conformed(job: ClipJob, suffix: str, part: Cut, facts: ClipFacts) -> tuple[Path, Path]:
    large = job.scratch / f"{job.fingerprint}{suffix}_720p.mp4"
    small = job.scratch / f"{job.fingerprint}{suffix}_360p.mp4"
    conform(
        job.source.path,
        part.start,
        part.end,
        large,
        small,
        facts.pixel_aspect,
        counts=(part.beat_times[0], part.beat_times[-1]),
    )
    return large, small


def _described(
    job: ClipJob,
    suffix: str,
    part: Cut,
    facts: ClipFacts,
    beats: BeatMap,
    watched: Watched,
    bodies: Bodies | None,
    files: tuple[Path, Path],
) -> MadeMove:
    told, naming = job.told, job.naming
    motion = block_motion(watched, part.beat_times[0], part.beat_times[-1])
    estimated: list[str] = []

    def settled(field: str, said: object, guess: object) -> object:
        if said is not None:
            return said
        estimated.append(field)
        return guess

    if beats.source != "person":
        estimated.append("beat_times")
    if job.pose_models and bodies is None:
        estimated.append("pose")
    moving = activity(motion)
    energy = (
        EnergyLevel.LOW
        if moving < _CALM
        else EnergyLevel.HIGH
        if moving >= _LIVELY
        else EnergyLevel.MEDIUM
    )
    stood = _Stood(naming, told, bodies, part)
    local = tuple(round(max(0.0, time - part.start), 6) for time in part.beat_times)
    identity = f"{naming.base_id}{suffix}"
    folder = f"moves/{identity}/{job.fingerprint[:12]}"
    thumbnail = job.scratch / f"{job.fingerprint}{suffix}.jpg"
    picture = thumbnail_of(files[1], local[0] + 0.4 * (local[-1] - local[0]))
    write_thumbnail(picture, thumbnail)
    animation = job.scratch / f"{job.fingerprint}{suffix}.webp"
    write_animation(files[1], local[0], local[-1], animation)
    family = told.family or naming.family
    move = Move(
        id=identity,
        name=in_words(told.name or naming.name) + suffix.replace("_", " "),
        family=family,
        difficulty=Difficulty(
            str(
                settled("difficulty", told.difficulty, naming.difficulty or Difficulty.INTERMEDIATE)
            )
        ),
        energy_level=EnergyLevel(str(settled("energy_level", told.energy_level, energy))),
        style=Style(str(settled("style", told.style, naming.style or Style.MODERN))),
        duration=round(part.end - part.start, 6),
        counts=part.counts,
        beat_times=local,
        video_path=f"{folder}/720p.mp4",
        preview_path=f"{folder}/360p.mp4",
        thumbnail_path=f"{folder}/thumb.jpg",
        width=WIDTH,
        height=HEIGHT,
        frame_rate=float(FRAME_RATE),
        conformed=True,
        animation_path=f"{folder}/preview.webp",
        entry_state=stood.state("in"),
        exit_state=stood.state("out"),
        travel=stood.travel(),
        rotation=stood.rotation(),
        prerequisites=told.prerequisites or (),
        description=told.description or "",
        tags=told.tags or (),
        loopable=bool(told.loopable),
        role=told.role or "move",
        session=told.session or "",
        confidence=round(beats.confidence, 4),
        estimated=(*estimated, *stood.confidences, *([] if told.session else ["session"])),
        confidences=stood.confidences,
        content_hash=job.content_hash,
    )
    keys = (move.video_path, *(f"{folder}/{name}" for name in _SMALL_FILES))
    return MadeMove(
        move=move,
        pose=pack(_or_even(pose.describe(part.beat_times, bodies=bodies, motion=motion))),
        audio=pack(_audio_of(job.source.path, facts, part, move)),
        text=pack(text.embed([sentence_of(move)])[0]),
        files=dict(zip(keys, (*files, thumbnail, animation), strict=True)),
        colours=pack(signature(picture)),
    )


_SMALL_FILES = ("360p.mp4", "thumb.jpg", "preview.webp")


class _Stood:
    """The couple's states at both edges: a person's word, else the joints, else the names."""

    def __init__(self, naming: Naming, told: Told, bodies: Bodies | None, part: Cut) -> None:
        self._naming, self._told, self._bodies = naming, told, bodies
        self._start, self._end = part.beat_times[0], part.beat_times[-1]
        beat = (self._end - self._start) / part.counts
        self._found = {
            edge: stances.stance_at(bodies, time, beat) if bodies else stances.Estimate()
            for edge, time in (("in", self._start), ("out", self._end))
        }
        self.confidences: dict[str, float] = {}
        """By name of the field, for all that no person told."""

    def state(self, edge: str) -> DanceState:
        """Return the state at the edge "in" or "out"."""
        found = self._found[edge]
        told_hold = self._told.entry_hold if edge == "in" else self._told.exit_hold
        hold = self._settled("entry_hold" if edge == "in" else "exit_hold", told_hold, found.hold)
        if hold is None:
            hold = self._naming.hold or Hold.OPEN
            self.confidences["entry_hold" if edge == "in" else "exit_hold"] = (
                0.3 if self._naming.hold else 0.1
            )
        fields = {
            field: self._settled(f"{field}_{edge}", getattr(self._told, f"{field}_{edge}"), value)
            for field, value in (
                ("leader_foot", found.leader_foot),
                ("follower_foot", found.follower_foot),
                ("facing", found.facing),
            )
        }
        return DanceState(hold=hold, **fields)

    def travel(self) -> float | None:
        """Return the body heights between the couple's first and last place."""
        guess = stances.travel(self._bodies, self._start, self._end) if self._bodies else None
        way = self._settled("travel", self._told.travel, guess)
        return None if way is None else round(way, 2)

    def rotation(self) -> float | None:
        """Return the degrees by which the couple's axis turns."""
        ends = [self._found[edge].facing for edge in ("in", "out")]
        told = stances.turned(self._told.facing_in, self._told.facing_out)
        if self._told.rotation is not None or told is not None:
            return self._told.rotation if self._told.rotation is not None else told
        if ends[0] is None or ends[1] is None:
            return None
        guess = stances.turned(ends[0][0], ends[1][0])
        if guess is None:
            return None
        sure = min(ends[0][1], ends[1][1])
        found: float | None = self._settled("rotation", None, (float(round(guess)), sure))
        return found

    def _settled(self, field: str, told: Any, guess: tuple[Any, float] | None) -> Any:
        if told is not None:
            return told
        if guess is None or guess[1] < _LEAST_STANCE:
            return None
        self.confidences[field] = round(guess[1], 2)
        return round(guess[0], 1) if isinstance(guess[0], float) else guess[0]


def _or_even(vector: pose.Floats) -> pose.Floats:
    """Return a vector of unit length also for a clip in which nothing moves."""
    if vector.any():
        return vector
    return np.full(len(vector), len(vector) ** -0.5, np.float32)


def _audio_of(path: Path, facts: ClipFacts, part: Cut, move: Move) -> audio.Floats:
    if facts.has_sound and move.confidence >= beat_map.LEAST_SOUND_CONFIDENCE:
        times = [max(0.0, time - facts.sound_delay) for time in part.beat_times]
        try:
            (row,) = audio.describe(path, [(times[0], times[-1], times[:-1])])
            return np.asarray(row, np.float32)
        except ChoreoError:
            # The picture is fine; the music is then told by the tempo alone.
            pass
    return audio.from_tempo(move.tempo, move.energy_level.rank / 2)


def sentence_of(move: Move) -> str:
    """Return what is embedded as the move's text: all that a person could ask for."""
    entry, leave = (
        state.hold.value.replace("_", " ") for state in (move.entry_state, move.exit_state)
    )
    hold = f"{entry} hold" if entry == leave else f"from {entry} to {leave} hold"
    parts = [
        f"{move.name}.",
        f"{in_words(move.family)}."
        if move.family.replace("_", " ") not in move.name.lower()
        else "",
        move.description,
        f"{', '.join(move.tags).replace('_', ' ')}." if move.tags else "",
        f"{move.difficulty}, {move.energy_level} energy, {move.style} bachata, {hold}.",
    ]
    return " ".join(part for part in parts if part)
