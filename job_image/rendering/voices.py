"""Who is heard when: the songs one after another, or the clips' own sound, and their sum.

A voice is one file's sound in its place on the timeline. Neighbours overlap while the sound passes
from one to the other, which keeps its power: one falls with the cosine, the other rises with the
sine of the same angle.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av.error
from av.audio.frame import AudioFrame

from choreo.blueprint import Blueprint, TransitionType
from choreo.errors import RenderFailed, UnreadableMedia
from rendering.media import SOUND_FORMATS, VIDEO_FORMATS, reason
from rendering.samples import (
    BLOCK,
    SAMPLE_RATE,
    Blocks,
    Chain,
    Pipe,
    added,
    cut_to,
    decoded,
    samples_in,
    silence,
)
from rendering.timeline import Joint, Shot, Timeline

DECLICK = 0.01
"""Seconds over which a clip's own sound comes and goes at a cut."""

KEPT_SECONDS = 90.0
"""Length of a video up to which sound that is read several times is kept once decoded, in 35 MB;
each reading would begin at the file's start."""

Check = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Voice:
    """One file's sound in its place. All lengths are samples of the output."""

    name: str
    """How errors call it."""
    path: Path | None
    """None for silence."""
    formats: str
    """Demuxers that may read it."""
    skip: int
    """Samples of the file before the first that is heard."""
    late: int
    """Silence before it."""
    speed: float
    first: int
    """Place on the timeline."""
    end: int
    fade_in: int
    fade_out: int
    factor: float = 1.0
    """By which the samples are multiplied."""
    loudness: float | None = None
    """LUFS of the whole file, measured at ingest."""
    peak: float | None = None
    """dBTP, likewise."""
    audio_start: float | None = None
    """Of a song: the second of its file at which the plan begins it."""

    @property
    def is_song(self) -> bool:
        """Say whether it is a song, which must be heard."""
        return self.audio_start is not None

    def steps(self, factor: float) -> list[str]:
        """Return the filters between the file and the mix; `factor` comes on top of its own."""
        steps = []
        if self.factor * factor != 1:
            steps.append(f"volume={self.factor * factor:.6f}")
        if self.fade_in:
            steps.append(f"afade=t=in:ns={self.fade_in}:curve=qsin")
        if self.fade_out:
            start = self.end - self.first - self.fade_out
            steps.append(f"afade=t=out:ss={start}:ns={self.fade_out}:curve=qsin")
        return steps


def song_voices(blueprint: Blueprint, media: Mapping[str, Path], samples: int) -> list[Voice]:
    """Return the songs of a plan, each from half its crossfade on to half the next one's.

    Args:

        blueprint: The plan.

        media: The local file of each song.

        samples: Length of the video.
    """
    speed = blueprint.output_config.speed
    first = (
        blueprint.audio_path,
        blueprint.audio_start,
        0.0,
        0.0,
        blueprint.audio_loudness,
        blueprint.audio_true_peak,
    )
    rest = [
        (
            song.audio_path,
            song.audio_start,
            song.start_time,
            song.crossfade,
            song.audio_loudness,
            song.audio_true_peak,
        )
        for song in blueprint.medley
    ]
    songs = [first, *rest]
    starts = [samples_in(begin - fade / 2) for _, _, begin, fade, _, _ in songs]
    fades = [samples_in(fade) for _, _, _, fade, _, _ in songs]
    ends = [start + fade for start, fade in zip(starts[1:], fades[1:], strict=True)]
    return [
        Voice(
            name=f"the song {path}",
            path=media[path],
            formats=SOUND_FORMATS,
            skip=max(0, samples_in(begin - fade / 2 * speed)),
            late=0,
            speed=speed,
            first=start,
            end=end,
            fade_in=samples_in(fade),
            fade_out=fade_out,
            loudness=loudness,
            peak=peak,
            audio_start=begin,
        )
        for (path, begin, _, fade, loudness, peak), start, end, fade_out in zip(
            songs, starts, [*ends, samples], [*fades[1:], 0], strict=True
        )
    ]


def clip_voices(timeline: Timeline) -> list[Voice]:
    """Return the clips' own sound, crossfaded where the pictures are."""
    joints = {joint.shot: joint for joint in timeline.joints}
    return [
        _clip_voice(shot, joints.get(place), joints.get(place + 1))
        for place, shot in enumerate(timeline.shots)
    ]


def _clip_voice(shot: Shot, into: Joint | None, out: Joint | None) -> Voice:
    def at(frame: int) -> int:
        return samples_in(shot.clock.seconds(frame))

    start, end = shot.first, shot.end
    if into is not None and into.kind is TransitionType.CROSSFADE:
        start = into.start
    if out is not None and out.kind is TransitionType.CROSSFADE:
        end = out.end
    length = at(end) - at(start)
    ramp = min(samples_in(DECLICK), length // 2)
    clip = shot.clip
    begin = shot.clip_time(shot.clock.seconds(start)) - clip.sound_start
    finish = shot.clip_time(shot.clock.seconds(end)) - clip.sound_start
    speed = (finish - begin) * SAMPLE_RATE / length
    heard = clip.has_sound and shot.move.volume_adjustment > 0
    return Voice(
        name=shot.place,
        path=clip.path if heard else None,
        formats=VIDEO_FORMATS,
        skip=max(0, samples_in(begin)),
        late=max(0, samples_in(-begin / speed)),
        speed=speed,
        first=at(start),
        end=at(end),
        fade_in=at(into.end) - at(start) if into else ramp,
        fade_out=at(end) - at(out.start) if out else ramp,
        factor=shot.move.volume_adjustment,
    )


class Mixer:
    """The sum of voices that follow one another, as often as it is asked for."""

    def __init__(self, voices: Sequence[Voice], samples: int, check: Check) -> None:
        self._voices = voices
        self._samples = samples
        self._check = check
        self._kept: dict[Voice, list[AudioFrame]] | None = None
        self.missing = 0
        """Samples that songs were too short to fill, known once all blocks were read."""

    def keep(self) -> None:
        """Prepare for several readings: what is short is decoded once for all of them."""
        if self._samples <= samples_in(KEPT_SECONDS):
            self._kept = {}

    def blocks(self, factors: Sequence[float] | None = None) -> Blocks:
        """Yield exactly the video's number of samples.

        Args:

            factors: By which each voice is multiplied; all by 1 if none are given.

        Raises:

            RenderFailed: Naming the song or the clip that cannot be read.
        """
        self.missing = 0
        yield from cut_to(self._row(factors or [1.0] * len(self._voices)), self._samples)

    def alone(self, place: int) -> Blocks:
        """Yield one voice without its neighbours, and without its passages to them."""
        return self._heard(replace(self._voices[place], fade_in=0, fade_out=0), 1.0)

    def _row(self, factors: Sequence[float]) -> Blocks:
        pipe = Pipe(self._heard(self._voices[0], factors[0]))
        done = 0
        for place, voice in enumerate(self._voices):
            after = self._voices[place + 1] if place + 1 < len(self._voices) else None
            alone_until = after.first if after else voice.end
            yield from pipe.taken(alone_until - done)
            if after is None:
                return
            other = Pipe(self._heard(after, factors[place + 1]))
            for start in range(alone_until, voice.end, BLOCK):
                length = min(BLOCK, voice.end - start)
                yield added(pipe.take(length), other.take(length))
            pipe, done = other, voice.end

    def _heard(self, voice: Voice, factor: float) -> Blocks:
        length = voice.end - voice.first
        given = 0
        steps = voice.steps(factor)
        try:
            sounding = self._sounding(voice, length)
            for block in Chain(*steps).through(sounding) if steps else sounding:
                self._check()
                given += block.samples
                yield block
        except (av.error.FFmpegError, ValueError, UnreadableMedia) as exc:
            said = str(exc) if isinstance(exc, UnreadableMedia) else reason(exc)
            fault = " cannot be read" if voice.is_song else ": reading its sound failed"
            raise RenderFailed(f"{voice.name}{fault}: {said}") from exc
        if voice.is_song:
            if not given:
                raise RenderFailed(f"{voice.name} ends before audio_start, {voice.audio_start} s")
            self.missing += length - given
        yield from silence(length - given)

    def _sounding(self, voice: Voice, length: int) -> Blocks:
        """Yield a voice as it is in its file, at most `length` samples."""
        if self._kept is None:
            yield from cut_to(self._decoded(voice), length)
            return
        plain = replace(voice, fade_in=0, fade_out=0)
        if plain not in self._kept:
            self._kept[plain] = list(cut_to(self._decoded(voice), length))
        yield from self._kept[plain]

    def _decoded(self, voice: Voice) -> Blocks:
        yield from silence(voice.late)
        if voice.path is not None:
            yield from decoded(voice.path, voice.formats, voice.skip, voice.speed, self._check)
