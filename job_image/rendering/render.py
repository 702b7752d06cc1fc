"""From a blueprint and its media to a video."""

import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from choreo.blueprint import Blueprint, Fit, Overlay
from choreo.errors import RenderFailed, UnreadableMedia
from rendering.cache import JointCache
from rendering.captions import chapters, count_cues, title_of
from rendering.clip import Clip, read_clip
from rendering.encoding import Encoded, Target, bits_per_second, encode_pictures, format_of
from rendering.equipment import Equipment
from rendering.inspection import Findings, inspect_video
from rendering.labels import Labels
from rendering.media import reason
from rendering.memory import return_large_blocks
from rendering.progress import POLL_SECONDS, Pulse
from rendering.segments import Copy, Encode, Segment, pictures, segments, ticks
from rendering.sound import Sound, write_sound
from rendering.timeline import Clock, Timeline, place_of
from rendering.variants import at_practice_speed, preview_plan
from rendering.writer import VideoWriter

WORKERS = 2
"""Segments encoded at once; each holds one encoder and two decoders."""

AHEAD = 4
"""Encoded segments that may wait for their turn; at 4 Mbit/s they hold up to 20 MB."""

LONGEST_JOINT = 90
"""Frames; a segment up to this long between copied ones keeps their quality, whatever the bit
rate: held to less than its neighbours, it would be seen to blur."""

_READ, _WRITTEN, _CHECKED = 0.05, 0.92, 0.99

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RenderReport:
    """What was made."""

    duration: float
    """Seconds."""
    file_size: int
    """Bytes."""
    frames: int
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    quality: dict[str, float | int | str | bool] = field(default_factory=dict)
    """What the check of the finished file found."""


def render(
    blueprint: Blueprint,
    media: Mapping[str, Path],
    output: Path,
    *,
    report: Callable[[float, str], None],
    cancelled: Callable[[], bool],
    cache: JointCache | None = None,
) -> RenderReport:
    """Make the video of a blueprint.

    The file appears under `output` only when it is complete and checked; whatever happens,
    nothing else is left in that folder.

    Args:

        blueprint: The plan.

        media: The local file of each `video_path` and of each song.

        output: The file to make; its folder exists.

        report: Called with the share that is done (0 to 1) and what is being done.

        cancelled: Asked at least twice a second; true ends the render.

        cache: What earlier renders encoded; joints found in it are not encoded again.

    Raises:

        RenderFailed: Naming the clip, its place in the plan, the operation and its cause.

        ClaimLost: After `cancelled` said true.
    """
    return_large_blocks()
    blueprint = at_practice_speed(blueprint)
    pulse = Pulse(report, cancelled)
    pulse.beat(0.0, "reading the clips")
    with _workplace(output) as folder:
        timeline = Timeline(blueprint, _clips(blueprint, media, pulse))
        result = _Render(blueprint, media, timeline, folder, pulse, cache).run()
        pulse.beat(_CHECKED)
        try:
            (folder / _VIDEO).replace(output)
        except OSError as exc:
            raise RenderFailed(f"publishing {output.name} failed: {reason(exc)}") from exc
    if cache is not None:
        cache.tidy()
    pulse.finish("the video is finished")
    return result


def preview(
    blueprint: Blueprint,
    media: Mapping[str, Path],
    output: Path,
    *,
    report: Callable[[float, str], None],
    cancelled: Callable[[], bool],
    cache: JointCache | None = None,
) -> RenderReport | None:
    """Make a small video of a blueprint from the clips' small renditions, to be seen first.

    Args:

        blueprint: The plan.

        media: The local file of each `preview_path` and of each song.

        output, report, cancelled, cache: As for `render`, which says what is raised as well.

    Returns: None, and no file, when a move has no `preview_path`.
    """
    small = preview_plan(blueprint)
    if small is None:
        return None
    return render(small, media, output, report=report, cancelled=cancelled, cache=cache)


_VIDEO = "video.mp4"
_SOUND = "sound.m4a"


@contextmanager
def _workplace(output: Path) -> Iterator[Path]:
    """Make a folder beside the output, where a rename is all that publishing takes."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=".render-", dir=output.parent))
    except OSError as exc:
        raise RenderFailed(
            f"the folder of {output.name} cannot be written to: {reason(exc)}"
        ) from exc
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clips(blueprint: Blueprint, media: Mapping[str, Path], pulse: Pulse) -> list[Clip]:
    """Read each clip once, however often it is danced."""
    known: dict[str, Clip] = {}
    clips = []
    for index, move in enumerate(blueprint.moves):
        name = move.video_path
        if name not in known:
            pulse.beat(_READ * index / len(blueprint.moves))
            try:
                known[name] = read_clip(media[name], name, pulse.beat)
            except UnreadableMedia as exc:
                raise RenderFailed(f"{place_of(index, move)}: {exc}") from exc
            except KeyError:
                raise RenderFailed(f"{place_of(index, move)}: its file was not given") from None
        clips.append(known[name])
    songs = (blueprint.audio_path, *(song.audio_path for song in blueprint.medley))
    for song in songs if blueprint.output_config.add_audio_overlay else ():
        if song not in media:
            raise RenderFailed(f"the song {song}: its file was not given")
    return clips


class _Render:
    """One run: two threads encode, one makes the sound, this one writes in order."""

    def __init__(
        self,
        blueprint: Blueprint,
        media: Mapping[str, Path],
        timeline: Timeline,
        folder: Path,
        pulse: Pulse,
        cache: JointCache | None,
    ) -> None:
        output = blueprint.output_config
        self._cache = cache
        self._blueprint = blueprint
        self._media = media
        self._timeline = timeline
        self._folder = folder
        self._pulse = pulse
        clock: Clock = timeline.clock
        self._target = Target(
            output.width,
            output.height,
            clock,
            bits_per_second(output.video_bitrate),
            crop=output.fit is Fit.CROP,
            mirror=output.mirror,
        )
        self._labels = Labels(blueprint) if output.overlay is not Overlay.NONE else None
        wanted, self._template = format_of(self._target)
        changed = output.mirror or self._labels is not None
        self._segments = segments(timeline, None if changed else wanted, output.constant_frame_rate)
        self._equipment = Equipment(output.width, output.height)
        self._copies = any(isinstance(segment, Copy) for segment in self._segments)

    def run(self) -> RenderReport:
        pools = (
            ThreadPoolExecutor(WORKERS, thread_name_prefix="encode"),
            ThreadPoolExecutor(1, thread_name_prefix="sound"),
        )
        try:
            return self._run(*pools)
        finally:
            self._pulse.stopped.set()
            for pool in pools:
                pool.shutdown(cancel_futures=True)

    def _run(self, encoders: ThreadPoolExecutor, sound_maker: ThreadPoolExecutor) -> RenderReport:
        timeline, output = self._timeline, self._blueprint.output_config
        sound_task = sound_maker.submit(
            write_sound,
            self._blueprint,
            timeline,
            self._media,
            self._folder / _SOUND,
            self._cache,
            self._pulse.check,
        )
        queue = self._submitted(encoders)
        first = next(queue)
        self._pulse.beat(_READ, "levelling the sound")
        sound: Sound = self._result(sound_task)
        path = self._folder / _VIDEO
        with VideoWriter(
            path,
            self._template,
            timeline.clock,
            timeline.ticks,
            sound.path,
            count_cues(self._blueprint),
            chapters(self._blueprint),
        ) as writer:
            frames, copied = self._write(writer, first, queue)
        self._pulse.beat(_WRITTEN, "checking the video")
        findings = self._result(
            sound_maker.submit(
                inspect_video, path, timeline, frames, sound.listener, self._pulse.check
            )
        )
        return RenderReport(
            duration=findings.duration,
            file_size=path.stat().st_size,
            frames=findings.frames,
            width=output.width,
            height=output.height,
            quality=_quality(findings, sound, copied),
        )

    def _write(
        self,
        writer: VideoWriter,
        first: "_Queued",
        rest: Iterator["_Queued"],
    ) -> tuple[int, int]:
        frames = copied = 0
        timeline = self._timeline
        queued: _Queued | None = first
        while queued is not None:
            segment, task = queued
            last = segment is self._segments[-1]
            if task is not None:
                encoded = self._result(task)
                writer.add(encoded, last)
                frames += len(encoded.ticks)
                tick = encoded.ticks[-1]
            elif isinstance(segment, Copy):
                run = segment.run
                shot = timeline.shots[run.shot]
                stamps = ticks(timeline, run)
                writer.copy(shot.clip, run.start, stamps, shot.place, self._pulse.beat, last)
                frames += len(stamps)
                copied += len(stamps)
                tick = stamps[-1]
            share = tick / timeline.ticks
            number = timeline.shot_at(
                min(tick // timeline.clock.ticks_per_frame, timeline.frames - 1)
            )
            move = timeline.shots[number]
            self._pulse.beat(
                _READ + share * (_WRITTEN - _READ),
                f"move {move.index + 1} of {len(self._blueprint.moves)}: {title_of(move.move)}",
            )
            queued = next(rest, None)
        return frames, copied

    def _submitted(self, encoders: ThreadPoolExecutor) -> Iterator["_Queued"]:
        """Yield the segments in order, having given the next ones to the encoders."""
        waiting: deque[_Queued] = deque()
        tasks = 0
        for segment in self._segments:
            task = self._encoding(encoders, segment) if isinstance(segment, Encode) else None
            tasks += task is not None
            waiting.append((segment, task))
            while tasks > AHEAD:
                oldest = waiting.popleft()
                tasks -= oldest[1] is not None
                yield oldest
        yield from waiting

    def _encoding(self, encoders: ThreadPoolExecutor, segment: Encode) -> "Future[Encoded]":
        timeline = self._timeline
        drawn = (picture for piece in segment.pieces for picture in pictures(timeline, piece))
        target = self._target
        if self._copies and segment.frames <= LONGEST_JOINT:
            target = replace(target, bit_rate=None)
        return encoders.submit(
            encode_pictures,
            target,
            timeline.shots,
            drawn,
            self._labels,
            self._cache,
            self._equipment,
            self._pulse.check,
        )

    def _result(self, task: "Future[_T]") -> _T:
        """Wait for a task, staying reachable for the caller."""
        while True:
            try:
                return task.result(timeout=POLL_SECONDS)
            except NotYet:
                if task.done():
                    raise
                self._pulse.beat()


_Queued = tuple[Segment, "Future[Encoded] | None"]


def _quality(findings: Findings, sound: Sound, copied: int) -> dict[str, float | int | str | bool]:
    quality: dict[str, float | int | str | bool] = {
        "frames": findings.frames,
        "copied_frames": copied,
        "black_frames": findings.black_frames,
        "frozen_frames": findings.frozen_frames,
        "frames_looked_at": findings.looked_at,
    }
    if sound.loudness is not None:
        quality["loudness_lufs"] = round(sound.loudness, 2)
    if findings.drift is not None:
        quality["drift_ms"] = round(findings.drift * 1000, 1)
    if sound.silence_after > 0:
        quality["silence_after_song"] = round(sound.silence_after, 3)
    return quality
