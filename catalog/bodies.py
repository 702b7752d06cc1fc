"""The couple's joints in every picture, by a pose model that works offline.

The two BlazePose networks (Bazarevsky et al., 2020): one finds people, one their joints in a
square around a person. They find one person well; here both dancers are followed, each by the
square that its joints of the picture before give, so that one is kept while the other is hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from catalog.watching import turned
from choreo.vectors.pose import JOINTS, Bodies

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

DETECTOR = "pose_detection.tflite"
LANDMARKS = "pose_landmark_full.tflite"

RATE = 8.0
"""Pictures per second that are looked at: four to a count."""
LONG_SIDE = 640
"""Pixels of the pictures that are given to `BodyFinder.look`."""

_SEARCH_SIDE = 224
_BODY_SIDE = 256
_LEAST_PERSON = 0.5
"""Score from which the finder's or the joints' network is believed."""
_APART = 0.35
"""Two bodies whose joints lie nearer than this many torsos are one and the same, seen twice."""
_LOST_AFTER = 3
"""Pictures after which a body that is not seen any more is searched for anew."""
_MODEL_JOINTS = (0, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
"""Where the joints of `choreo.vectors.pose.JOINTS` are among the network's 33."""


class _Square(NamedTuple):
    """A turned square around a person, in pixels of the picture."""

    x: float
    y: float
    side: float
    angle: float
    """Radians by which the person leans."""


@dataclass
class _Track:
    """One dancer, followed."""

    square: _Square
    points: NDArray[np.float32]
    lost: int = 0
    """Pictures since it was seen."""
    age: int = 0
    """Pictures in which it was seen."""


class BodyFinder:
    """Follows up to two people through the pictures of one clip.

    Args:

        models: Folder that holds the two networks.
    """

    def __init__(self, models: Path) -> None:
        self._models = models
        self._tracks: list[_Track | None] = [None, None]
        self._times: list[float] = []
        self._points: list[NDArray[np.float32]] = []
        self._seen: list[NDArray[np.float32]] = []
        self._yaw: list[NDArray[np.float32]] = []

    def look(self, picture: NDArray[np.uint8], time: float) -> None:
        """Take the next picture, RGB, shape (h, w, 3), at `time` seconds."""
        points = np.zeros((2, len(JOINTS), 2), np.float32)
        seen = np.zeros((2, len(JOINTS)), np.float32)
        yaw = np.full(2, np.nan, np.float32)
        if any(track is None or track.lost for track in self._tracks):
            self._search(picture)
        for index, track in enumerate(self._tracks):
            if track is None:
                continue
            joints = self._networks.joints(picture, track.square)
            if joints is None:
                track.lost += 1
                if track.lost > _LOST_AFTER:
                    self._tracks[index] = None
                continue
            track.lost, track.square, track.points = 0, joints.square, joints.points
            track.age += 1
            points[index], seen[index], yaw[index] = joints.points, joints.seen, joints.yaw
        if bool(seen.any(axis=1).all()) and _distance(points[0], points[1]) < _APART:
            # The one that was followed for longer keeps its place.
            younger = int(np.argmin([track.age if track else 0 for track in self._tracks]))
            self._tracks[younger] = None
            seen[younger], yaw[younger] = 0, np.nan
        self._times.append(time)
        self._points.append(points)
        self._seen.append(seen)
        self._yaw.append(yaw)

    def found(self) -> Bodies | None:
        """Return the joints of both, the taller one first, or None if nobody was found."""
        if len(self._times) < 4:
            return None
        points, seen = np.stack(self._points, axis=1), np.stack(self._seen, axis=1)
        yaw = np.stack(self._yaw, axis=1)
        if seen[..., 1:].mean(axis=(1, 2)).max() < 0.2:
            return None
        if _height(points[1], seen[1]) > _height(points[0], seen[0]):
            points, seen, yaw = points[::-1], seen[::-1], yaw[::-1]
        return Bodies(np.array(self._times, np.float32), points, seen, yaw)

    def _search(self, picture: NDArray[np.uint8]) -> None:
        known = [track for track in self._tracks if track is not None and track.age]
        present = [track for track in known if not track.lost]
        # Who is followed already is painted over, or their face would be the only one found.
        for square in self._networks.people(_without(picture, present)):
            if any(_same_place(track.square, square) for track in present):
                continue
            free = [i for i, track in enumerate(self._tracks) if track not in present]
            if not free:
                return
            # Who was lost is most likely found again near where they were.
            slot = min(free, key=lambda i: self._way_to(i, square))
            nowhere = np.zeros((len(JOINTS), 2), np.float32)
            track = _Track(square, nowhere)
            self._tracks[slot] = track
            present.append(track)

    def _way_to(self, index: int, square: _Square) -> float:
        track = self._tracks[index]
        if track is None:
            return float("inf")
        return float(np.hypot(track.square.x - square.x, track.square.y - square.y))

    @cached_property
    def _networks(self) -> _Networks:
        return _Networks(self._models)


def _same_place(a: _Square, b: _Square) -> bool:
    return bool(np.hypot(a.x - b.x, a.y - b.y) < 0.12 * a.side)


def _without(picture: NDArray[np.uint8], tracks: list[_Track]) -> NDArray[np.uint8]:
    """Return the picture with the bodies of `tracks` painted grey."""
    import cv2

    if not tracks:
        return picture
    painted = picture.copy()
    for track in tracks:
        if not track.age:
            continue
        places = track.points.round().astype(np.int32)
        width = max(4, round(0.09 * track.square.side))
        for chain in ((0, 1, 2), (1, 2, 8, 7), (7, 9, 11), (8, 10, 12)):
            cv2.polylines(painted, [places[list(chain)]], False, (128, 128, 128), width)
        cv2.fillConvexPoly(painted, cv2.convexHull(places[[1, 2, 8, 7]]), (128, 128, 128))
        cv2.circle(painted, places[0].tolist(), width, (128, 128, 128), -1)
    return painted


class PoseOnlooker:
    """Shows a `BodyFinder` some of the frames that are decoded, small and upright."""

    def __init__(self, models: Path) -> None:
        from av.video.reformatter import VideoReformatter

        self._finder = BodyFinder(models)
        self._scaler = VideoReformatter()
        self._next = 0.0

    def look(self, frame: VideoFrame, time: float) -> None:
        """Take a decoded frame at `time` seconds; most are passed over."""
        if time < self._next:
            return
        # Half a frame early is near enough, and keeps the pace at sources of odd rates.
        self._next = time + 0.98 / RATE
        scale = min(1.0, LONG_SIDE / max(frame.width, frame.height))
        size = (max(2, round(frame.width * scale)), max(2, round(frame.height * scale)))
        small = self._scaler.reformat(frame, *size, "rgb24").to_ndarray()
        upright = np.rot90(small, turned(frame) // 90)
        self._finder.look(np.ascontiguousarray(upright, np.uint8), time)

    def found(self) -> Bodies | None:
        """Return the joints of both dancers, or None if nobody was found."""
        return self._finder.found()


class _Joints(NamedTuple):
    points: NDArray[np.float32]
    seen: NDArray[np.float32]
    square: _Square
    yaw: float
    """Degrees the chest is turned from the camera, -180 to 180."""


class _Networks:
    """The two networks, with what goes in and what comes out put right."""

    def __init__(self, models: Path) -> None:
        self._finder = _interpreter(models / DETECTOR)
        self._joints = _interpreter(models / LANDMARKS)
        self._anchors = _anchors()

    def people(self, picture: NDArray[np.uint8]) -> list[_Square]:
        """Return the people of a picture, the surest first, each once."""
        import cv2

        high, wide = picture.shape[:2]
        side = max(high, wide)
        padded = np.zeros((side, side, 3), np.uint8)
        top, left = (side - high) // 2, (side - wide) // 2
        padded[top : top + high, left : left + wide] = picture
        size = (_SEARCH_SIDE, _SEARCH_SIDE)
        small = cv2.resize(padded, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        boxes, scores = self._run(self._finder, small / 127.5 - 1.0)[:2]
        sure = 1 / (1 + np.exp(-np.clip(scores[0, :, 0], -50, 50)))
        best = np.argsort(-sure)[:40]
        squares: list[_Square] = []
        for index in best[sure[best] >= _LEAST_PERSON]:
            values = boxes[0, index, 4:8] / _SEARCH_SIDE + np.tile(self._anchors[index], 2)
            x, y, end_x, end_y = values * side - np.array([left, top, left, top])
            square = _around(float(x), float(y), float(end_x), float(end_y))
            if all(np.hypot(o.x - square.x, o.y - square.y) > 0.15 * o.side for o in squares):
                squares.append(square)
        return squares[:4]

    def joints(self, picture: NDArray[np.uint8], square: _Square) -> _Joints | None:
        """Return the joints of the person in a square, or None if nobody is there."""
        import cv2

        scale = square.side / _BODY_SIDE
        cosine, sine = np.cos(square.angle) * scale, np.sin(square.angle) * scale
        half = _BODY_SIDE / 2
        to_picture = np.array(
            [
                [cosine, -sine, square.x - cosine * half + sine * half],
                [sine, cosine, square.y - sine * half - cosine * half],
            ],
            np.float32,
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        part = cv2.warpAffine(picture, to_picture, (_BODY_SIDE, _BODY_SIDE), flags=flags)
        outputs = self._run(self._joints, part.astype(np.float32) / 255.0)
        marks = next(o for o in outputs if o.shape == (1, 195)).reshape(39, 5)
        present = float(next(o for o in outputs if o.shape == (1, 1))[0, 0])
        if present < _LEAST_PERSON:
            return None
        places = marks[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
        chosen = list(_MODEL_JOINTS)
        seen = 1 / (1 + np.exp(-np.clip(marks[chosen, 3], -50, 50)))
        around = _around(*map(float, (*places[33], *places[34])))
        room = next(o for o in outputs if o.shape == (1, 117)).reshape(39, 3)
        across = room[11] - room[12] + room[23] - room[24]  # left less right: shoulders, hips
        yaw = float(np.degrees(np.arctan2(across[2], across[0])))
        return _Joints(places[chosen].astype(np.float32), seen.astype(np.float32), around, yaw)

    @staticmethod
    def _run(network: Any, picture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        network.set_tensor(network.get_input_details()[0]["index"], picture[None])
        network.invoke()
        return [network.get_tensor(entry["index"]) for entry in network.get_output_details()]


def _interpreter(file: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(file), num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def _anchors() -> NDArray[np.float32]:
    """Return the centres of the finder's 2,254 places, shape (2254, 2), 0 to 1."""
    rows = []
    for cells, repeats in ((28, 2), (14, 2), (7, 6)):
        centre = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(centre, centre, indexing="ij")
        rows.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), repeats, axis=0))
    return np.concatenate(rows).astype(np.float32)


def _around(x: float, y: float, end_x: float, end_y: float) -> _Square:
    """Return the square around a person from the middle of the hips and the body's reach."""
    reach = float(np.hypot(end_x - x, end_y - y))
    angle = np.pi / 2 - np.arctan2(-(end_y - y), end_x - x)
    return _Square(x, y, max(2.5 * reach, 8.0), float((angle + np.pi) % (2 * np.pi) - np.pi))


def _distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the mean distance of two bodies' joints, in torsos."""
    torso = np.linalg.norm(a[1:3].mean(axis=0) - a[7:9].mean(axis=0)) + 1e-6
    return float(np.linalg.norm(a - b, axis=1).mean() / torso)


def _height(points: NDArray[np.float32], seen: NDArray[np.float32]) -> float:
    sure = seen[:, 1:].mean(axis=1) > 0.3
    if not sure.any():
        return 0.0
    ankles = points[sure, 11:13, 1].max(axis=1)
    return float(np.median(ankles - points[sure, 0, 1]))
