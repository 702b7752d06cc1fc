"""The video as a row of segments: packets to copy, and pictures to encode.

Where a clip is in the library's format, whole groups of pictures are copied. What is left, the
transitions, the fades and the pieces between a trim and the next key frame, is encoded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from rendering.clip import VideoFormat
from rendering.timeline import Picture, Shot, Timeline

SHORTEST_COPY = 8
"""Frames; below this, a copy saves less than the key frame after it costs."""

LONGEST_ENCODING = 300
"""Frames encoded in one go: what bounds the memory, and lets the next core take the next."""


class Drawn(NamedTuple):
    """Frames `start` to `end` of the timeline, drawn one by one at the output's rate."""

    start: int
    end: int


class Stamped(NamedTuple):
    """Frames `start` to `end` of a shot's clip, each shown at the tick the beat map gives it."""

    shot: int
    start: int
    end: int
    first_tick: int
    """The tick at which the first of the run (not of this piece) is shown."""
    run_start: int
    """The first frame of the run."""
    end_tick: int
    """The tick at which the run ends."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Packets taken over as they are."""

    run: Stamped


@dataclass(frozen=True, slots=True)
class Encode:
    """Pictures drawn and encoded."""

    pieces: tuple[Drawn | Stamped, ...]

    @property
    def frames(self) -> int:
        """How many pictures."""
        return sum(piece.end - piece.start for piece in self.pieces)


Segment = Copy | Encode


def ticks(timeline: Timeline, run: Stamped) -> list[int]:
    """Return the tick of each frame of a run, ascending by at least one."""
    shot = timeline.shots[run.shot]
    step = timeline.clock.ticks_per_frame
    if shot.even:
        return [run.first_tick + step * (f - run.run_start) for f in range(run.start, run.end)]
    least = step // 4
    found: list[int] = []
    for frame in range(run.start, run.end):
        after_first = run.first_tick + least * (frame - run.run_start)
        tick = run.first_tick if frame == run.run_start else shot.tick_of(frame)
        found.append(max(tick, after_first, found[-1] + least if found else 0))
    return found


def pictures(timeline: Timeline, piece: Drawn | Stamped) -> Iterator[Picture]:
    """Yield what is drawn in one piece of an `Encode`."""
    if isinstance(piece, Drawn):
        for frame in range(piece.start, piece.end):
            yield timeline.picture(frame)
        return
    for frame, tick in zip(range(piece.start, piece.end), ticks(timeline, piece), strict=True):
        yield Picture(tick, piece.shot, frame)


def segments(timeline: Timeline, wanted: VideoFormat | None, even_rate: bool) -> list[Segment]:
    """Divide the timeline.

    Args:

        timeline: What is shown.

        wanted: The format of the video's track; clips in it are copied. None: no clip is.

        even_rate: True if retimed clips must be drawn at the output's rate.
    """
    row: list[Segment] = []
    for piece in _pieces(timeline):
        for segment in _divided(timeline, piece, wanted, even_rate):
            last = row[-1] if row else None
            if isinstance(segment, Encode) and isinstance(last, Encode):
                row[-1] = Encode(last.pieces + segment.pieces)
            else:
                row.append(segment)
    return [part for segment in row for part in _parts(segment)]


class _Plain(NamedTuple):
    shot: int
    start: int
    end: int


def _pieces(timeline: Timeline) -> Iterator[Drawn | _Plain]:
    done = 0
    for start, end in [*timeline.drawn_spans(), (timeline.frames, timeline.frames)]:
        while done < start:
            place = timeline.shot_at(done)
            upto = min(start, timeline.shots[place].end)
            yield _Plain(place, done, upto)
            done = upto
        if end > start:
            yield Drawn(start, end)
        done = end


def _divided(
    timeline: Timeline, piece: Drawn | _Plain, wanted: VideoFormat | None, even_rate: bool
) -> Iterator[Segment]:
    if isinstance(piece, Drawn):
        yield Encode((piece,))
        return
    drawn = Encode((Drawn(piece.start, piece.end),))
    shot = timeline.shots[piece.shot]
    copyable = wanted is not None and shot.clip.format == wanted
    by_stamps = shot.even or (shot.gentle and not even_rate)
    run = _run(timeline, piece, shot) if copyable and by_stamps else None
    if run is None:
        yield drawn
        return
    first = shot.clip.next_key(run.start)
    end = shot.clip.copyable_end(run.end) if first < run.end else first
    if end - first < SHORTEST_COPY:
        yield drawn
        return
    if first > run.start:
        yield Encode((run._replace(end=first),))
    yield Copy(run._replace(start=first, end=end))
    if end < run.end:
        yield Encode((run._replace(start=end),))


def _run(timeline: Timeline, piece: _Plain, shot: Shot) -> Stamped | None:
    """Return the clip frames shown in a piece, or None where the clip's edge is held."""
    start, end = shot.wanted_frame(piece.start), shot.wanted_frame(piece.end - 1) + 1
    step = timeline.clock.ticks_per_frame
    if not shot.even:
        end = max(end, shot.wanted_frame(piece.end))
    if start < 0 or end > len(shot.clip) or end - start < SHORTEST_COPY:
        return None
    run = Stamped(piece.shot, start, end, piece.start * step, start, piece.end * step)
    if not shot.even:
        # The next piece begins where this one ends: leave no frame too close to it.
        found = ticks(timeline, run)
        while found and found[-1] > run.end_tick - step // 2:
            found.pop()
        run = run._replace(end=run.start + len(found))
    return run


def _parts(segment: Segment) -> Iterator[Segment]:
    """Yield a long `Encode` as several."""
    if isinstance(segment, Copy) or segment.frames <= LONGEST_ENCODING:
        yield segment
        return
    held: list[Drawn | Stamped] = []
    room = LONGEST_ENCODING
    for whole in segment.pieces:
        piece = whole
        while piece.end - piece.start > room:
            yield Encode((*held, piece._replace(end=piece.start + room)))
            piece = piece._replace(start=piece.start + room)
            held, room = [], LONGEST_ENCODING
        held.append(piece)
        room -= piece.end - piece.start
    yield Encode(tuple(held))
