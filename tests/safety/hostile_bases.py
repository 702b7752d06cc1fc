"""Small sound media, from which the hostile ones are made: equal bytes at every call."""

from __future__ import annotations

import io
from fractions import Fraction
from functools import cache

import av
import numpy as np

SECONDS = 5.0
WIDTH, HEIGHT = 192, 108
RATE = 30
TEMPO = 120.0

CLIPS = {
    "mp4": ("mp4", "libx264", "aac"),
    "mkv": ("matroska", "libx264", "aac"),
    "webm": ("webm", "libvpx", "libopus"),
    "avi": ("avi", "mpeg4", "pcm_s16le"),
    "mov": ("mov", "mjpeg", "pcm_s16le"),
    "ts": ("mpegts", "mpeg2video", "mp2"),
}
"""By suffix: container, picture, sound."""

SONGS = {
    "wav": ("wav", "pcm_s16le"),
    "mp3": ("mp3", "libmp3lame"),
    "flac": ("flac", "flac"),
    "ogg": ("ogg", "libopus"),
    "m4a": ("ipod", "aac"),
    "aac": ("adts", "aac"),
}


@cache
def music(seconds: float, rate: int = 48_000) -> np.ndarray:
    """A pulse on every beat, louder on each fourth: float samples of shape (n,)."""
    time = np.arange(int(seconds * rate)) / rate
    beat = time * TEMPO / 60
    decay = np.exp(-12 * (beat % 1))
    pitch = np.where(np.floor(beat) % 4 == 3, 90.0, 180.0)
    chord = np.sin(2 * np.pi * time * np.where(np.floor(beat / 4) % 2, 220.0, 262.0))
    return (0.6 * decay * np.sin(2 * np.pi * pitch * time) + 0.1 * chord).astype(np.float32)


def picture(number: int) -> np.ndarray:
    """A bright bar that swings once in two beats, above a pattern that runs; luma of (h, w)."""
    luma = np.full((HEIGHT, WIDTH), 70, np.uint8)
    left = int((0.4 + 0.35 * np.sin(np.pi * number / RATE * TEMPO / 60)) * WIDTH)
    luma[20:90, left : left + 30] = 210
    luma[90:] = (np.arange(WIDTH) + 7 * number) % 64 + 80
    return luma


def _frame(number: int) -> av.VideoFrame:
    grey = np.full((HEIGHT // 2, WIDTH), 128, np.uint8)
    frame = av.VideoFrame.from_ndarray(np.vstack([picture(number), grey]), "yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, RATE)
    return frame


def _add_sound(box: av.container.OutputContainer, stream: object, samples: np.ndarray) -> None:
    assert isinstance(stream, av.AudioStream)
    frame = av.AudioFrame.from_ndarray(samples[None], "fltp", "mono")
    frame.sample_rate, frame.pts = 48_000, 0
    fifo = av.AudioFifo()
    convert = av.AudioResampler(stream.format, stream.layout, stream.rate)
    for part in [*convert.resample(frame), *convert.resample(None)]:
        part.pts = None
        fifo.write(part)
    size = stream.codec_context.frame_size or 1024
    while fifo.samples:
        block = fifo.read(size, partial=True)
        assert block is not None
        box.mux(stream.encode(block))
    box.mux(stream.encode(None))


@cache
def clip(suffix: str, seconds: float = SECONDS) -> bytes:
    """Return a clip of the kind that the suffix says; its index lies behind its packets."""
    kind, codec, sound_codec = CLIPS[suffix]
    memory = io.BytesIO()
    options = {"bitexact": "1", "fflags": "+bitexact"}
    with av.open(memory, "w", format=kind, container_options=options) as box:
        fast = {"preset": "ultrafast", "g": "15", "threads": "1"} if codec == "libx264" else {}
        stream = box.add_stream(codec, rate=RATE, options=fast)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.bit_rate = 400_000
        stream.thread_count = 1
        sound = box.add_stream(sound_codec, rate=48_000)
        for number in range(round(seconds * RATE)):
            box.mux(stream.encode(_frame(number)))
        box.mux(stream.encode(None))
        _add_sound(box, sound, music(seconds))
    return memory.getvalue()


@cache
def tracks_of_sound(count: int, seconds: float = 0.2) -> bytes:
    """Return a transport stream with so many tracks of sound and no picture."""
    memory = io.BytesIO()
    options = {"bitexact": "1", "fflags": "+bitexact"}
    with av.open(memory, "w", format="mpegts", container_options=options) as box:
        tracks = [box.add_stream("mp2", rate=48_000) for _ in range(count)]
        for track in tracks:
            _add_sound(box, track, music(seconds))
    return memory.getvalue()


@cache
def song(suffix: str, seconds: float = 12.0) -> bytes:
    """Return a song of the kind that the suffix says."""
    kind, codec = SONGS[suffix]
    memory = io.BytesIO()
    options = {"bitexact": "1", "fflags": "+bitexact"}
    with av.open(memory, "w", format=kind, container_options=options) as box:
        sound = box.add_stream(codec, rate=48_000)
        if suffix != "aac":
            box.metadata["title"] = "Base"
        _add_sound(box, sound, music(seconds))
    return memory.getvalue()
