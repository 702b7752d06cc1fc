"""Which clip frame is shown when: the blueprint's seconds made into frames, once.

Everything here is arithmetic; no media is touched. The video's clock is counted in *ticks*,
a whole number of which make one frame of the output's rate, so nothing is rounded twice.
"""

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from choreo import clip_format
from choreo.blueprint import Blueprint, BlueprintMove, OutputConfig, TransitionType
from choreo.errors import RenderFailed
from rendering.clip import Clip

LONGEST_HOLD = 0.25
"""Seconds for which a clip's edge frame may stand in for a missing handle: above 0.3 s, a
held picture is seen as frozen."""

LENDABLE = 0.1
"""Seconds by which a clip may be shorter than the plan believes; its last frame is held."""

RETIMED_BY_STAMPS = (0.8, 1.25)
"""Speeds at which copied frames keep a rate that players show smoothly; beyond them the
frames are chosen anew for an even rate. At practice speed, slower ones are what is asked for."""


def place_of(index: int, move: BlueprintMove) -> str:
    """Return how errors name a move."""
    return f"moves[{index}] {move.clip_id!r} ({move.video_path})"


class Picture(NamedTuple):
    """One frame of the video that has to be drawn."""

    tick: int
    shot: int
    frame: int
    """Frame of that shot's clip."""
    other: int = -1
    """The shot that comes in, or -1 for none."""
    other_frame: int = 0
    share: float = 0.0
    """How much of the other is seen, 0 to 1."""
    light: float = 1.0
    """0 is black."""


@dataclass(frozen=True)
class Clock:
    """The output's rate in frames and ticks."""

    rate: Fraction
    ticks_per_second: int
    ticks_per_frame: int

    @classmethod
    def of(cls, output: OutputConfig) -> "Clock":
        """Choose the library's timescale where it holds whole frames, or the next like it."""
        rate = Fraction(output.frame_rate).limit_denominator(1001)
        scale = clip_format.TIMESCALE
        if (scale / rate).denominator != 1:
            scale = rate.numerator * -(-10_000 // rate.numerator)
        return cls(rate, scale, int(scale / rate))

    def frame(self, seconds: float) -> int:
        """Return the number of whole frames nearest to `seconds`."""
        return round(seconds * self.rate)

    def seconds(self, frame: int) -> float:
        """Return when `frame` begins."""
        return float(frame / self.rate)


class Shot:
    """A move on the timeline, with the clip it shows.

    Its frames on the timeline are `first` to `end` (exclusive). Outside them, as transitions
    ask for it, the clip's handles go on at the speed of the move's nearest beat.
    """

    def __init__(
        self, index: int, move: BlueprintMove, clip: Clip, clock: Clock, speed: float
    ) -> None:
        self.index = index
        self.move = move
        self.clip = clip
        self.clock = clock
        self.first = clock.frame(move.start_time)
        self.end = clock.frame(move.start_time + move.duration)
        self.place = place_of(index, move)
        self._pairs = self._speed_pairs()
        speeds = [(c - a) / (d - b) for (a, b), (c, d) in self._steps()]
        slowest, fastest = RETIMED_BY_STAMPS
        half = float(1 / (2 * clock.rate))
        origin = move.trim_start - move.start_time
        self.natural = all(abs(clip_t - song_t - origin) <= half for clip_t, song_t in self._pairs)
        self.gentle = slowest * speed <= min(speeds) and max(speeds) <= fastest
        rate = clip.rate
        self.even = self.natural and rate is not None and abs(rate - clock.rate) < 0.01
        """The clip's frames are the video's frames, one for one."""
        self._anchor = clip.nearest(move.trim_start)

    def _speed_pairs(self) -> list[tuple[float, float]]:
        move = self.move
        if move.beat_map:
            return list(move.beat_map)
        return [
            (move.trim_start, move.start_time),
            (move.trim_start + move.duration, move.start_time + move.duration),
        ]

    def _steps(self) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
        return itertools.pairwise(self._pairs)

    def clip_time(self, seconds: float) -> float:
        """Return the clip's time shown at `seconds` of the timeline."""
        place = bisect_right(self._pairs, seconds, key=lambda pair: pair[1]) - 1
        place = min(max(place, 0), len(self._pairs) - 2)
        (clip_a, song_a), (clip_b, song_b) = self._pairs[place], self._pairs[place + 1]
        return clip_a + (seconds - song_a) * (clip_b - clip_a) / (song_b - song_a)

    def timeline_time(self, clip_time: float) -> float:
        """Return when on the timeline the clip's `clip_time` is shown."""
        place = bisect_right(self._pairs, clip_time, key=lambda pair: pair[0]) - 1
        place = min(max(place, 0), len(self._pairs) - 2)
        (clip_a, song_a), (clip_b, song_b) = self._pairs[place], self._pairs[place + 1]
        return song_a + (clip_time - clip_a) * (song_b - song_a) / (clip_b - clip_a)

    def wanted_frame(self, frame: int) -> int:
        """Return the clip frame for `frame` of the timeline; it may lie outside the clip."""
        if self.even:
            return self._anchor + frame - self.first
        seconds = self.clip_time(self.clock.seconds(frame))
        if seconds < 0:
            return round(seconds * self.clip.mean_rate)
        if seconds > self.clip.end:
            return len(self.clip) + int((seconds - self.clip.end) * self.clip.mean_rate)
        return self.clip.nearest(seconds)

    def clip_frame(self, frame: int) -> int:
        """Return the clip frame for `frame` of the timeline, held at the clip's edges."""
        return min(max(self.wanted_frame(frame), 0), len(self.clip) - 1)

    def tick_of(self, clip_frame: int) -> int:
        """Return the tick at which the clip's frame falls when its stamps are bent."""
        seconds = self.timeline_time(self.clip.time(clip_frame))
        return round(seconds * self.clock.ticks_per_second)

    def check(self) -> None:
        """See that the clip lasts as long as the plan shows it.

        Raises:

            RenderFailed: If it does not, with both times.
        """
        if self.end == self.first:
            return
        shown_until = self.clip_time(self.clock.seconds(self.end))
        if shown_until > self.clip.end + LENDABLE:
            raise RenderFailed(
                f"{self.place}: the plan shows it until {shown_until:.3f} s, "
                f"but the clip ends at {self.clip.end:.3f} s"
            )


class Joint(NamedTuple):
    """A transition: frames `start` to `end` of the timeline, around the cut into `shot`."""

    start: int
    end: int
    shot: int
    kind: TransitionType


class Timeline:
    """All shots, all transitions, every frame."""

    def __init__(self, blueprint: Blueprint, clips: Sequence[Clip]) -> None:
        """Place the moves.

        Raises:

            RenderFailed: If the plan has no whole frame or a clip is too short for it.
        """
        output = blueprint.output_config
        self.clock = Clock.of(output)
        self.width, self.height = output.width, output.height
        self.frames = self.clock.frame(blueprint.total_duration)
        if self.frames == 0:
            raise RenderFailed(
                f"total_duration is {blueprint.total_duration} s, less than half a frame "
                f"at {output.frame_rate} frames per second"
            )
        shots = [
            Shot(index, move, clip, self.clock, output.speed)
            for index, (move, clip) in enumerate(zip(blueprint.moves, clips, strict=True))
        ]
        for shot in shots:
            shot.check()
        self.shots = [shot for shot in shots if shot.end > shot.first]
        """Moves shorter than half a frame are not seen."""
        self.shots[0].first, self.shots[-1].end = 0, self.frames
        for before, after in itertools.pairwise(self.shots):
            after.first = before.end
        self._firsts = [shot.first for shot in self.shots]
        self.joints = self._transitions(self.clock.frame(output.transition_duration))
        self.fade = min(self.clock.frame(output.fade_duration), self.frames // 2)

    def _transitions(self, length: int) -> list[Joint]:
        joints = []
        for place in range(1, len(self.shots)):
            before, after = self.shots[place - 1], self.shots[place]
            kind = after.move.transition_type
            if kind is TransitionType.CUT:
                continue
            shorter = min(before.end - before.first, after.end - after.first)
            lead = min(length, shorter // 2) // 2
            tail = min(length, shorter // 2) - lead
            if kind is TransitionType.CROSSFADE:
                hold = self.clock.frame(LONGEST_HOLD)
                while lead and after.wanted_frame(after.first - lead) < -hold:
                    lead -= 1
                while tail and self._lacks(before, tail, hold):
                    tail -= 1
            if lead + tail:
                joints.append(Joint(after.first - lead, after.first + tail, place, kind))
        return joints

    @staticmethod
    def _lacks(shot: Shot, tail: int, hold: int) -> bool:
        """Say whether the clip ends more than `hold` frames before a transition does."""
        return shot.wanted_frame(shot.end + tail - 1 - hold) >= len(shot.clip)

    @property
    def ticks(self) -> int:
        """The video's length."""
        return self.frames * self.clock.ticks_per_frame

    def shot_at(self, frame: int) -> int:
        """Return which of `shots` a frame belongs to."""
        return bisect_right(self._firsts, frame) - 1

    def drawn_spans(self) -> list[tuple[int, int]]:
        """Return the spans of frames that are not simply a clip's: fades and transitions."""
        spans = [(joint.start, joint.end) for joint in self.joints]
        if self.fade:
            spans = [(0, self.fade), *spans, (self.frames - self.fade, self.frames)]
        merged: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def picture(self, frame: int) -> Picture:
        """Return what is drawn at `frame`."""
        tick = frame * self.clock.ticks_per_frame
        place = self.shot_at(frame)
        joint = self._joint_at(frame)
        light = self._outer_light(frame)
        if joint is None or joint.kind is TransitionType.FADE_BLACK:
            if joint is not None:
                light *= _light_around(frame, joint, self.shots[joint.shot].first)
            return Picture(tick, place, self.shots[place].clip_frame(frame), light=light)
        before, after = self.shots[joint.shot - 1], self.shots[joint.shot]
        share = (frame - joint.start + 0.5) / (joint.end - joint.start)
        return Picture(
            tick,
            joint.shot - 1,
            before.clip_frame(frame),
            joint.shot,
            after.clip_frame(frame),
            share,
            light,
        )

    def _joint_at(self, frame: int) -> Joint | None:
        place = bisect_right(self.joints, frame, key=lambda joint: joint.start) - 1
        if place >= 0 and frame < self.joints[place].end:
            return self.joints[place]
        return None

    def _outer_light(self, frame: int) -> float:
        if not self.fade:
            return 1.0
        from_edge = min(frame, self.frames - 1 - frame)
        return min(1.0, (from_edge + 0.5) / self.fade)


def _light_around(frame: int, joint: Joint, cut: int) -> float:
    """Return the light of a fade through black, darkest at the cut."""
    if frame < cut:
        return (cut - frame - 0.5) / (cut - joint.start)
    return (frame - cut + 0.5) / (joint.end - cut)
