"""What a video of the scenario looks like: its joints against exact ones, its frames counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import av.logging
import numpy as np
from numpy.typing import NDArray

from benchmarks.likeness import psnr, ssim
from benchmarks.render_material import ROUGH, Scene, Texture
from benchmarks.render_scenario import DISTINCT, FADE, HANDLE, MOVE_SECONDS
from choreo import clip_format

_RATE = clip_format.FRAME_RATE
_MOVE, _LEAD_IN = round(MOVE_SECONDS * _RATE), round(HANDLE * _RATE)
_FADE = round(FADE * _RATE)
_AROUND = 20
"""Frames looked at before and after a crossfade: encoded ones, and copied neighbours."""

Luma = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Quality:
    """What was seen."""

    frames: int
    warnings: int
    """Of the decoder."""
    worst_frame: float
    """SSIM of the least like of the encoded frames against the exact blend of the clips' frames."""
    worst_joint: float
    """Mean SSIM of the encoded frames of one joint, of the joint where it is least."""
    library_ssim: float
    """Mean of the clips' own frames against what was filmed."""
    step: float
    """Decibels by which joints are further from what was filmed than the copied frames beside
    them (PSNR, means)."""


def quality_of(video: Path, folder: Path, clips: int, texture: Texture = ROUGH) -> Quality:
    """Look at a video of the scenario.

    Args:

        video: The file.

        folder: Where the clips are.

        clips: How many moves it has.

        texture: Of what they show.
    """
    scenes = [Scene(n, texture) for n in range(min(clips, DISTINCT))]
    sources = [_lumas(folder / f"c{n}.mp4") for n in range(len(scenes))]
    likeness: dict[int, list[float]] = {}
    own: list[float] = []
    drawn: list[float] = []
    kept: list[float] = []
    with av.logging.Capture(local=False) as said, av.open(str(video)) as container:
        frames = 0
        for number, frame in enumerate(container.decode(video=0)):
            frames += 1
            cut = max(1, min(clips - 1, round(number / _MOVE)))
            place = number - cut * _MOVE + _FADE // 2
            if cut >= len(scenes) or not -_AROUND <= place < _FADE + _AROUND:
                continue
            luma = _luma(frame)
            share = min(max((place + 0.5) / _FADE, 0.0), 1.0)
            if not 0 <= place < _FADE:
                share = float(place >= _FADE)
            shown = [(cut - 1, 1 - share), (cut, share)]
            at = {n: number - n * _MOVE + _LEAD_IN for n, part in shown if part}
            exact = _blend([(sources[n][at[n]], part) for n, part in shown if part])
            filmed = _blend([(scenes[n].luma(at[n]), part) for n, part in shown if part])
            if np.array_equal(luma, exact):
                kept.append(psnr(luma, filmed))
                own.append(ssim(luma, filmed))
            else:
                drawn.append(psnr(luma, filmed))
                likeness.setdefault(cut, []).append(ssim(luma, exact))
    return Quality(
        frames=frames,
        warnings=len(said),
        worst_frame=min(min(joint) for joint in likeness.values()),
        worst_joint=min(float(np.mean(joint)) for joint in likeness.values()),
        library_ssim=float(np.mean(own)),
        step=float(np.mean(kept) - np.mean(drawn)),
    )


def _lumas(clip: Path) -> dict[int, Luma]:
    """Return the pictures that a crossfade at either end may show."""
    with av.open(str(clip)) as container:
        first, last = _LEAD_IN, _LEAD_IN + _MOVE
        reach = _AROUND + _FADE
        return {
            number: _luma(frame)
            for number, frame in enumerate(islice(container.decode(video=0), last + reach))
            if abs(number - first) <= reach or abs(number - last) <= reach
        }


def _blend(parts: Sequence[tuple[NDArray[np.generic], float]]) -> Luma:
    mixed: Luma = np.sum([luma.astype(np.float32) * part for luma, part in parts], axis=0)
    return mixed


def _luma(frame: av.VideoFrame) -> Luma:
    return frame.to_ndarray()[: frame.height].astype(np.float32)
