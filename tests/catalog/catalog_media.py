"""Media whose every frame says its number, so that conforming can be checked to the frame."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from choreo.settings import Role, Settings
from choreo.wiring import Stack

BITS = 10
"""Blocks across the picture: a frame's number in black and white."""


def numbered(number: int, width: int, height: int) -> np.ndarray:
    picture = np.full((height, width, 3), 60, np.uint8)
    for bit in range(BITS):
        left, right = bit * width // BITS, (bit + 1) * width // BITS
        picture[height // 3 : 2 * height // 3, left:right] = 230 if number >> bit & 1 else 20
    # Something that moves, on top: a ball that swings once a second.
    x = int(width * (0.5 + 0.3 * np.sin(number / 5)))
    picture[: height // 6, max(0, x - 12) : x + 12] = 200
    return picture


def read_number(picture: np.ndarray) -> int:
    height, width = picture.shape[:2]
    row = picture[height // 2 - 2 : height // 2 + 2].mean(axis=0)
    level = row.mean(axis=-1) if row.ndim == 2 else row
    centres = [(2 * bit + 1) * width // (2 * BITS) for bit in range(BITS)]
    return sum(int(level[c - 2 : c + 3].mean() > 125) << bit for bit, c in enumerate(centres))


def write_clip(
    path: Path,
    *,
    seconds: float = 6.0,
    rate: Fraction = Fraction(30),
    size: tuple[int, int] = (320, 180),
    codec: str = "libx264",
    stamps: list[float] | None = None,
    clicks_at: list[float] | None = None,
    picture=numbered,
) -> list[float]:
    """Write a clip and return its frames' times."""
    path.parent.mkdir(parents=True, exist_ok=True)
    times = stamps or [float(n / rate) for n in range(round(seconds * rate))]
    base = Fraction(1, 90_000) if stamps else 1 / rate
    options = {"preset": "ultrafast", "g": "20"} if codec == "libx264" else {}
    if codec == "libvpx-vp9":
        options = {"deadline": "realtime", "cpu-used": "8"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.bit_rate = 3_000_000
        stream.codec_context.time_base = base
        sound = None
        if clicks_at is not None:
            sound = container.add_stream("aac", rate=44_100, layout="mono", format="fltp")
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(number, *size), format="rgb24")
            frame.pts, frame.time_base = round(time / base), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            _write_clicks(container, sound, clicks_at, times[-1])
    return times


def _write_clicks(container, stream, clicks_at, seconds) -> None:
    samples = np.zeros(int(44_100 * seconds), np.float32)
    click = np.sin(np.arange(2_000) * 0.25) * np.exp(-np.arange(2_000) / 300)
    for time in clicks_at:
        at = int(time * 44_100)
        part = click[: len(samples) - at]
        samples[at : at + len(part)] += 0.8 * part
    for start in range(0, len(samples), 1024):
        block = samples[None, start : start + 1024]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), "fltp", "mono")
        frame.sample_rate, frame.pts = 44_100, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def turn_by_metadata(path: Path) -> None:
    """Write a quarter turn clockwise into an mp4's track header, as telephones do."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    one, nothing = b"\x00\x01\x00\x00", b"\x00\x00\x00\x00"
    minus = b"\xff\xff\x00\x00"
    data[at : at + 36] = (
        nothing + one + nothing + minus + nothing + nothing + nothing + nothing + b"\x40\0\0\0"
    )
    path.write_bytes(bytes(data))


def library(folder: Path) -> Stack:
    return Stack(Settings.from_env({"LIBRARY": str(folder)}, Role.CATALOG))


def keys_of(path):
    """The frames that are key frames."""
    with av.open(str(path)) as container:
        packets = list(container.demux(video=0))
    return sorted(
        round(packet.pts * packet.time_base * 30) for packet in packets if packet.is_keyframe
    )
