"""Clips whose every frame tells which clip and which frame it is, and songs with known clicks."""

from collections.abc import Callable, Container, Sequence
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType

from choreo import clip_format
from choreo.blueprint import Blueprint

WIDTH, HEIGHT = 320, 180
BITS = 16
LOW, HIGH = 60, 180

OTHER_TICK = Fraction(1, 60_000)
"""Finer than any rate needs, and coarse enough for MPEG-4."""


def barcode(clip: int, frame: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A luma picture: 16 blocks, 5 bits of clip and 11 of frame, above a moving ramp."""
    number = clip << 11 | frame
    luma = np.empty((height, width), np.uint8)
    for bit in range(BITS):
        left, right = bit * width // BITS, (bit + 1) * width // BITS
        luma[: height // 2, left:right] = HIGH if number >> bit & 1 else LOW
    ramp = (np.arange(width) + 7 * frame + 31 * clip) % 64 + 80
    luma[height // 2 :] = ramp
    return luma


def grainy(clip: int, frame: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A luma picture of a figure swaying before a rough wall, filmed in bad light."""
    across, down = np.arange(width), np.arange(height)[:, np.newaxis]
    luma = 90 + 40 * np.sin(across / 48 + clip) + 25 * np.cos(down / 35)
    luma = luma + np.random.default_rng(clip).normal(0, 6, luma.shape)
    left = round(width * (0.4 + 0.1 * np.sin(frame / 8 + clip)))
    luma[height // 4 :, left : left + width // 10] = 170
    luma += np.random.default_rng((clip, frame)).normal(0, 2.5, luma.shape)
    return luma.clip(16, 235).astype(np.uint8)


def levels(luma: np.ndarray) -> np.ndarray:
    """The mean grey of each block, as read from a decoded picture."""
    height, width = luma.shape
    found = []
    for bit in range(BITS):
        left, right = bit * width // BITS, (bit + 1) * width // BITS
        inset = max(1, (right - left) // 4)
        found.append(luma[height // 8 : height * 3 // 8, left + inset : right - inset].mean())
    return np.array(found)


def expected_levels(clip: int, frame: int) -> np.ndarray:
    number = clip << 11 | frame
    return np.array([HIGH if number >> bit & 1 else LOW for bit in range(BITS)], float)


def read_barcode(luma: np.ndarray) -> tuple[int, int]:
    """(clip, frame) of a decoded picture that is not blended."""
    found = levels(luma) > (LOW + HIGH) / 2
    number = sum(int(on) << bit for bit, on in enumerate(found))
    return number >> 11, number & 0x7FF


def picture(luma: np.ndarray) -> av.VideoFrame:
    height, width = luma.shape
    grey = np.full((height // 2, width), 128, np.uint8)
    return av.VideoFrame.from_ndarray(np.vstack([luma, grey]), "yuv420p")


def conformed_clip(
    path: Path,
    clip: int,
    frames: int,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    sealed: bool = True,
    drawn: Callable[[int, int, int, int], np.ndarray] = barcode,
    keys: Container[int] = (),
) -> Path:
    """A clip in the library's format, sealed as ingest does it, with further key frames."""
    with av.open(str(path), "w", format="mp4", options=clip_format.MP4_OPTIONS) as container:
        stream = clip_format.open_encoder(container, *size)
        for number in range(frames):
            frame = picture(drawn(clip, number, *size))
            frame.pts, frame.time_base = number, Fraction(1, clip_format.FRAME_RATE)
            frame.pict_type = PictureType.I if number in keys else PictureType.NONE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if sealed:
        clip_format.seal(path)
    return path


def other_clip(
    path: Path,
    clip: int,
    times: Sequence[float],
    *,
    codec: str = "libx264",
    size: tuple[int, int] = (WIDTH, HEIGHT),
    options: dict[str, str] | None = None,
    rotation: int = 0,
    sound: np.ndarray | None = None,
) -> Path:
    """A clip that the library would not hold: any codec, size, stamps (seconds) and sound."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = OTHER_TICK
        if rotation:
            stream.set_display_rotation(rotation)
        track = (
            container.add_stream("aac", rate=48_000, layout="mono") if sound is not None else None
        )
        for number, seconds in enumerate(times):
            luma = barcode(clip, number, *size)
            if rotation:
                upright = barcode(clip, number, size[1], size[0])
                luma = np.ascontiguousarray(np.rot90(upright, -rotation // 90))
            frame = picture(luma)
            frame.pts, frame.time_base = round(seconds / OTHER_TICK), OTHER_TICK
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if track is not None and sound is not None:
            block = av.AudioFrame.from_ndarray(
                sound.astype(np.float32).reshape(1, -1), "fltp", "mono"
            )
            block.sample_rate, block.pts = 48_000, 0
            container.mux(track.encode(block))
            container.mux(track.encode(None))
    return path


def write_wav(path: Path, samples: np.ndarray, rate: int = 48_000) -> Path:
    """A mono song; samples from -1 to 1."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=rate, layout="mono")
        data = np.clip(samples * 32767, -32768, 32767).astype(np.int16).reshape(1, -1)
        block = av.AudioFrame.from_ndarray(data, "s16", "mono")
        block.sample_rate, block.pts = rate, 0
        container.mux(stream.encode(block))
        container.mux(stream.encode(None))
    return path


def noise_song(seconds: float, seed: int = 1, rate: int = 48_000) -> np.ndarray:
    """Bursts of pink noise twice a second: sounds of music's spectrum, alike at one lag only."""
    rng = np.random.default_rng(seed)
    count = int(seconds * rate)
    envelope = 0.05 + 0.3 * ((np.arange(count) / rate) % 0.5 < 0.12)
    spectrum = np.fft.rfft(rng.normal(0, 1, count))
    pitch = np.fft.rfftfreq(count, 1 / rate)
    spectrum *= ((pitch > 40) & (pitch < 12_000)) / np.sqrt(np.maximum(pitch, 40))
    pink = np.fft.irfft(spectrum, count)
    return (0.4 * pink / pink.std()).clip(-1, 1) * envelope


def move(clip_id: str, start: float, duration: float, **fields: Any) -> dict[str, Any]:
    return {
        "clip_id": clip_id,
        "video_path": f"moves/{clip_id}.mp4",
        "start_time": start,
        "duration": duration,
        "original_duration": fields.pop("original_duration", 60.0),
        **fields,
    }


def plan(moves: list[dict[str, Any]], **fields: Any) -> Blueprint:
    """A blueprint of the test size; what is not said is off."""
    output = {
        "output_path": "out/video.mp4",
        "width": WIDTH,
        "height": HEIGHT,
        "fade_duration": 0.0,
        "normalize_audio": False,
        **fields.pop("output", {}),
    }
    total = moves[-1]["start_time"] + moves[-1]["duration"]
    return Blueprint.from_document(
        {
            "task_id": "test",
            "audio_path": "songs/song.wav",
            "audio_tempo": 120.0,
            "moves": moves,
            "total_duration": total,
            "difficulty_level": "beginner",
            "generation_timestamp": "2024-01-01T00:00:00Z",
            "output_config": output,
            **fields,
        }
    )


class Video:
    """A rendered file, decoded."""

    def __init__(self, path: Path) -> None:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            self.time_base = stream.time_base
            self.lumas: list[np.ndarray] = []
            self.times: list[float] = []
            for frame in container.decode(stream):
                plane = frame.planes[0]
                rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
                self.lumas.append(rows[: frame.height, : frame.width].copy())
                self.times.append(float(frame.pts * stream.time_base))

    @cached_property
    def shown(self) -> list[tuple[int, int]]:
        return [read_barcode(luma) for luma in self.lumas]


def heard(path: Path) -> np.ndarray:
    """The sound of a file as one channel at 48 kHz, from its first sample that is played."""
    blocks = []
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        for frame in container.decode(stream):
            data = frame.to_ndarray()
            if frame.pts is not None and frame.pts < 0:
                skip = min(data.shape[1], -frame.pts)
                data = data[:, skip:]
            blocks.append(data.mean(axis=0))
    return np.concatenate(blocks)
