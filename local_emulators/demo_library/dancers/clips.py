"""Clips of the drawn couple: painted, encoded in the library's format, described, with truth."""

import csv
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import av
import numpy as np
import skia
from av.video.frame import PictureType
from av.video.reformatter import Colorspace, VideoReformatter
from numpy.typing import NDArray

from choreo.clip_format import FRAME_RATE, MP4_OPTIONS, PIXEL_FORMAT, joint_keys, open_encoder

from .body import JOINTS, SIDES
from .camera import HEIGHT, WIDTH, project
from .figures import follower_shapes, leader_shapes
from .motion import Motion, grips, perform
from .outfits import OUTFITS
from .repertoire import repertoire
from .room import painted, shadows
from .score import HANDLE_SECONDS, STANDS, Score
from .shapes import Colour, Shape

Pixels = NDArray[Any]

MANIFEST = "manifest.csv"

COLUMNS = (
    "file", "name", "family", "role", "difficulty", "energy_level", "style", "counts",
    "first_count_at", "tempo", "entry_hold", "exit_hold", "leader_foot_in", "follower_foot_in",
    "leader_foot_out", "follower_foot_out", "facing_in", "facing_out", "loopable", "session",
    "tags", "description",
)  # fmt: skip
"""The manifest's columns; people write the same for their own clips."""

PRESET, X264 = "superfast", "b-adapt=0:subme=0"
"""Flat colours compress well with any search; this takes half the time of the library's preset
and writes the same parameter sets."""

_MARGIN = 6
"""Pixels kept around the couple when only their part of the picture is converted."""


def make_clips(folder: Path, progress: Callable[[int, int], None], workers: int = 2) -> list[Path]:
    """Write every clip of the repertoire, its truth and `manifest.csv` under `folder`.

    The same call writes the same bytes again.

    Args:

        folder: Made if it is not there; clips go to `<family>/<name>.mp4`.

        progress: Called with (clips done, clips in all) after each clip, in this process.

        workers: Processes to draw with.

    Returns:
        The clips' paths, in the manifest's order.
    """
    scores = repertoire()
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / score.family / f"{score.name}.mp4" for score in scores]
    # Long clips first, so that no process is left with one at the end.
    order = sorted(range(len(scores)), key=lambda i: -scores[i].counts)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_render_named, scores[i].name, paths[i]) for i in order]
        for done, job in enumerate(as_completed(jobs), start=1):
            job.result()
            progress(done, len(jobs))
    write_manifest(scores, folder / MANIFEST)
    return paths


def _render_named(name: str, path: Path) -> None:
    render_clip(next(score for score in repertoire() if score.name == name), path)


def write_manifest(scores: Iterable[Score], path: Path) -> None:
    """Write one row of `COLUMNS` for each score."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for score in scores:
            writer.writerow(manifest_row(score))


def manifest_row(score: Score) -> dict[str, str]:
    """What the manifest says of one clip; `facing` is the leader's yaw, degrees."""
    return {
        "file": f"{score.family}/{score.name}.mp4",
        "name": score.name,
        "family": score.family,
        "role": score.role,
        "difficulty": score.difficulty.value,
        "energy_level": score.energy_level.value,
        "style": score.style.value,
        "counts": str(score.counts),
        "first_count_at": f"{HANDLE_SECONDS:.3f}",
        "tempo": f"{score.tempo:g}",
        "entry_hold": score.entry.value,
        "exit_hold": score.exit.value,
        "leader_foot_in": score.standing(leader=True, at_exit=False).value,
        "follower_foot_in": score.standing(leader=False, at_exit=False).value,
        "leader_foot_out": score.standing(leader=True, at_exit=True).value,
        "follower_foot_out": score.standing(leader=False, at_exit=True).value,
        "facing_in": f"{STANDS[score.entry].leader_yaw:g}",
        "facing_out": f"{STANDS[score.exit].leader_yaw:g}",
        "loopable": str(score.loopable).lower(),
        "session": score.session,
        "tags": ";".join(score.tags),
        "description": score.description,
    }


def render_clip(score: Score, path: Path) -> None:
    """Draw and encode one clip, with its truth beside it as `<name>.truth.json`."""
    motion = perform(score)
    path.parent.mkdir(parents=True, exist_ok=True)
    _encode(score, motion, path)
    path.with_suffix(".truth.json").write_text(json.dumps(truth(score, motion)), encoding="utf-8")


def truth(score: Score, motion: Motion) -> dict[str, object]:
    """Beat times, foot plants and every joint on the picture, for tests.

    `joints` holds, for each dancer, pixels [x, y] of `joint_names` at every frame; `plants`
    the counts (0-based) and times at which a foot lands, and whether it takes the weight;
    `grips` the times between which two hands hold each other.
    """
    times = motion.times
    beats = [HANDLE_SECONDS + k * score.beat for k in range(score.counts + 1)]
    plants = []
    for who, part in (("leader", score.leader), ("follower", score.follower)):
        for k in range(score.counts + 1):
            foot = part.feet[k]
            if foot.upper() in "LR":
                plants.append(
                    {
                        "dancer": who,
                        "foot": "left" if foot.upper() == "L" else "right",
                        "weight": foot.isupper(),
                        "count": k,
                        "time": round(beats[k], 6),
                    }
                )
    joints = {}
    for who, body in (("leader", motion.leader), ("follower", motion.follower)):
        xy, _, _ = project(np.stack([body.joints[name] for name in JOINTS], axis=1))
        joints[who] = np.round(xy, 1).tolist()
    return {
        "name": score.name,
        "frame_rate": FRAME_RATE,
        "width": WIDTH,
        "height": HEIGHT,
        "tempo": score.tempo,
        "counts": score.counts,
        "beat_times": [round(b, 6) for b in beats],
        "plants": plants,
        "grips": [
            {
                "leader_hand": grip.leader_hand,
                "follower_hand": grip.follower_hand,
                "start": round(float(max(times[0], HANDLE_SECONDS + grip.start * score.beat)), 6),
                "end": round(float(min(times[-1], HANDLE_SECONDS + grip.end * score.beat)), 6),
            }
            for grip in grips(score)
        ],
        "joint_names": list(JOINTS),
        "joints": joints,
    }


def _shadow_shapes(motion: Motion) -> list[tuple[Pixels, Colour]]:
    """Soft discs under hips and feet, as nested faint ellipses."""
    ring = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    circle = np.stack([np.cos(ring), np.sin(ring)], axis=-1)
    layers = []
    for body in (motion.leader, motion.follower):
        spots = [(body.joints["pelvis"], r, 8) for r in (0.50, 0.42, 0.34, 0.26, 0.18)]
        for side in SIDES:
            middle = 0.5 * (body.joints[f"{side}_toe"] + body.joints[f"{side}_ankle"])
            spots += [(middle, r, 22) for r in (0.19, 0.145, 0.10)]
        for spot, radius, alpha in spots:
            centre, half = shadows(spot, radius)
            layers.append((centre[:, None] + circle * half[:, None], alpha << 24 | 0x1C0A10))
    return layers


Box = tuple[int, int, int, int]
"""(left, top, right, bottom) in even pixels."""


def paint_frames(score: Score, motion: Motion) -> Iterable[tuple[Pixels, Box]]:
    """The picture (720, 1280, 4; BGRA, reused) of every frame and the box of the whole dance.

    Outside of the box, the same in every frame, the room is untouched.
    """
    outfit = OUTFITS[score.session]
    shapes: list[Shape] = leader_shapes(motion.leader, outfit) + follower_shapes(
        motion.follower, outfit
    )
    depths = np.stack([np.broadcast_to(s.depth, motion.times.shape) for s in shapes], axis=1)
    order = np.argsort(-depths, axis=1, kind="stable")
    ground = _shadow_shapes(motion)
    low = np.min(
        [c.min(axis=1) for s in shapes for c, _ in s.layers] + [c.min(axis=1) for c, _ in ground],
        axis=0,
    )
    high = np.max(
        [c.max(axis=1) for s in shapes for c, _ in s.layers] + [c.max(axis=1) for c, _ in ground],
        axis=0,
    )
    room = painted(score.session)
    pixels = room.copy()
    surface = skia.Surface.MakeRasterDirect(skia.ImageInfo.MakeN32Premul(WIDTH, HEIGHT), pixels)
    canvas = surface.getCanvas()
    paint = skia.Paint(AntiAlias=True)
    whole = _even_box(low.min(axis=0), high.max(axis=0))
    left, top, right, bottom = whole
    for f in range(len(motion.times)):
        pixels[top:bottom, left:right] = room[top:bottom, left:right]
        surface.notifyContentWillChange(skia.Surface.kRetain_ContentChangeMode)
        _draw(canvas, paint, ground, f)
        for i in order[f]:
            _draw(canvas, paint, shapes[i].layers, f)
        yield pixels, whole


def _draw(
    canvas: skia.Canvas, paint: skia.Paint, layers: list[tuple[Pixels, Colour]], f: int
) -> None:
    for contour, colour in layers:
        path = skia.Path()
        path.addPoly([skia.Point(x, y) for x, y in contour[f].tolist()], True)
        paint.setColor(colour)
        canvas.drawPath(path, paint)


def _even_box(low: Pixels, high: Pixels) -> Box:
    left, top = (max(0, int(v) - _MARGIN) // 2 * 2 for v in low)
    right = min(WIDTH, (int(high[0]) + _MARGIN) // 2 * 2 + 2)
    bottom = min(HEIGHT, (int(high[1]) + _MARGIN) // 2 * 2 + 2)
    return left, top, right, bottom


def _to_yuv(pixels: Pixels, scaler: VideoReformatter) -> Pixels:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="bgra")
    return scaler.reformat(
        frame, format=PIXEL_FORMAT, dst_colorspace=Colorspace.ITU709
    ).to_ndarray()


def _encode(score: Score, motion: Motion, path: Path) -> None:
    # Kept, since making a scaler anew costs more than converting a picture.
    scaler = VideoReformatter()
    base = _to_yuv(painted(score.session), VideoReformatter())
    part = path.with_suffix(".part")
    with av.open(str(part), "w", format="mp4", options=MP4_OPTIONS) as container:
        stream = open_encoder(container, WIDTH, HEIGHT)
        codec = stream.codec_context
        x264 = codec.options["x264-params"] + ":" + X264
        codec.options = {**codec.options, "preset": PRESET, "x264-params": x264}
        picture = base.copy()
        keys = joint_keys(HANDLE_SECONDS, HANDLE_SECONDS + score.counts * score.beat)
        for index, (pixels, (x0, y0, x1, y1)) in enumerate(paint_frames(score, motion)):
            crop = _to_yuv(pixels[y0:y1, x0:x1], scaler)
            _paste(picture, crop, x0, y0, x1, y1)
            frame = av.VideoFrame.from_ndarray(picture, format=PIXEL_FORMAT)
            frame.pts, frame.time_base = index, Fraction(1, FRAME_RATE)
            frame.pict_type = PictureType.I if index in keys else PictureType.NONE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    part.replace(path)


def _paste(picture: Pixels, crop: Pixels, x0: int, y0: int, x1: int, y1: int) -> None:
    """Lay the planes of `crop` (packed yuv420p) into those of `picture`."""
    height, width = y1 - y0, x1 - x0
    picture[y0:y1, x0:x1] = crop[:height]
    for plane in range(2):
        big = picture[HEIGHT + plane * HEIGHT // 4 : HEIGHT + (plane + 1) * HEIGHT // 4]
        small = crop[height:].reshape(2, height // 2, width // 2)[plane]
        big.reshape(HEIGHT // 2, WIDTH // 2)[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2] = small
