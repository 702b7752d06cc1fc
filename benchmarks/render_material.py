"""Drawing the clips and the song that the renderer is measured with."""

import math
import shutil
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from benchmarks.render_scenario import (
    DISTINCT,
    HANDLE,
    MOVE_SECONDS,
    SIZE,
    SMALL_SIZE,
)
from catalog.conforming import PREVIEW_CRF, PREVIEW_PRESET, Rendition
from choreo import clip_format

FRAMES = int((MOVE_SECONDS + 2 * HANDLE) * clip_format.FRAME_RATE)
"""Of each clip."""


@dataclass(frozen=True, slots=True)
class Texture:
    """What makes pictures hard to encode: standard deviations in steps of 8-bit luma."""

    wall: float
    """Of a roughness that stands still."""
    grain: float
    """Of a camera's noise, which differs in each picture."""


ROUGH = Texture(wall=6, grain=2.5)
CALM = Texture(wall=1, grain=1)


class Scene:
    """A lit room with a rough wall and two swaying figures, as luma."""

    def __init__(self, seed: int, texture: Texture = ROUGH) -> None:
        width, height = SIZE
        rng = np.random.default_rng(seed)
        self._seed = seed
        self._rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        self._room = 90 + 40 * np.sin(columns / 190 + seed) + 25 * np.cos(self._rows / 140)
        self._room += rng.normal(0, texture.wall, self._room.shape).astype(np.float32)
        self._grains = [
            rng.normal(0, texture.grain, self._room.shape).astype(np.float32) for _ in range(6)
        ]

    def luma(self, number: int) -> NDArray[np.uint8]:
        """Return the picture with this number."""
        width = SIZE[0]
        luma = self._room + self._grains[number % len(self._grains)]
        for figure in range(2):
            sway = math.sin(number / 8 + figure * math.pi + self._seed)
            x = width * (0.42 + 0.16 * figure) + 60 * sway
            left, right = int(x - 55), int(x + 55)
            rows = self._rows[180:640, left:right]
            luma[180:640, left:right] = 200 - 60 * figure + 20 * np.sin(rows / 17 + number / 5)
        drawn: NDArray[np.uint8] = luma.clip(16, 235).astype(np.uint8)
        return drawn

    def frame(self, number: int) -> av.VideoFrame:
        """Return the picture with a little colour."""
        width, height = SIZE
        picture = np.full((height * 3 // 2, width), 128, np.uint8)
        picture[:height] = self.luma(number)
        picture[height : height + height // 4, ::3] = 120
        frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, clip_format.FRAME_RATE)
        return frame


def make_clips(folder: Path, count: int, texture: Texture = ROUGH) -> None:
    """Make `c0.mp4` and so on, and small renditions, as ingest does."""
    for n in range(min(count, DISTINCT)):
        scene = Scene(n, texture)
        whole = Rendition(folder / f"c{n}.mp4", *SIZE)
        small = Rendition(folder / f"c{n}_small.mp4", *SMALL_SIZE, PREVIEW_CRF, PREVIEW_PRESET)
        keys = clip_format.joint_keys(HANDLE, HANDLE + MOVE_SECONDS)
        for number in range(FRAMES):
            whole.add(scene.frame(number), number in keys)
            small.add(scene.frame(number), number in keys)
        whole.close()
        small.close()
    for n in range(DISTINCT, count):
        for kind in ("", "_small"):
            copy = folder / f"c{n}{kind}.mp4"
            shutil.copyfile(folder / f"c{n % DISTINCT}{kind}.mp4", copy)
            _make_other(copy, n)


def _make_other(clip: Path, number: int) -> None:
    """Add a box that players pass over: joints of equal clips would be taken from the cache."""
    with clip.open("ab") as file:
        file.write((12).to_bytes(4, "big") + b"free" + number.to_bytes(4, "big"))
    clip_format.seal(clip)


FOREIGN = (("mpeg4", "mov", (854, 480), 25), ("libx264", "mkv", (1920, 1080), 30))
"""Codec, container, size and rate of clips that cannot be stitched."""


def make_foreign_clips(folder: Path) -> None:
    """Make `foreign0` and so on: as long as the others, from other cameras."""
    for n, (codec, kind, size, rate) in enumerate(FOREIGN):
        scene = Scene(n)
        with av.open(str(folder / f"foreign{n}.{kind}"), "w") as container:
            stream = cast(VideoStream, container.add_stream(codec, rate=rate))
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            stream.bit_rate = 6_000_000
            for number in range(int((MOVE_SECONDS + 2 * HANDLE) * rate)):
                frame = scene.frame(number % 60).reformat(*size)
                frame.pts, frame.time_base = number, Fraction(1, rate)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))


def make_song(path: Path, seconds: float) -> None:
    """Make an mp3 file of beats and a tone."""
    rate = 44_100
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mp3", rate=rate, layout="stereo")
        for second in range(math.ceil(seconds)):
            clock = second + np.arange(rate) / rate
            tone = 0.2 * np.sin(2 * np.pi * 220 * clock) * (1 - clock % 0.5)
            spectrum = np.fft.rfft(rng.normal(0, 1, (3, rate)))
            pitch = np.maximum(np.fft.rfftfreq(rate, 1 / rate), 40)
            pink = np.fft.irfft(spectrum * (pitch < 14_000) / np.sqrt(pitch), rate)
            beats = 0.12 * pink / pink.std() * (0.1 + (clock % 0.25 < 0.08))
            both = tone + beats[0] + 0.4 * beats[1:]
            frame = av.AudioFrame.from_ndarray(both.astype(np.float32), "fltp", "stereo")
            frame.sample_rate, frame.pts = rate, second * rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
