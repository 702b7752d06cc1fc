"""The video's sound: the song, or the clips' own, levelled, as a finished AAC file.

Loudness is that of EBU R128.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
import av.error
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.filter import Graph

from choreo.blueprint import Blueprint
from choreo.decoding import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, in_fair_pieces
from choreo.errors import RenderFailed, UnreadableMedia
from rendering.cache import LARGEST_ENTRY, JointCache, digest_of, key_of
from rendering.clip import Clip
from rendering.drift import Listener
from rendering.encoding import bits_per_second
from rendering.media import SOUND_FORMATS, VIDEO_FORMATS, opened, reason
from rendering.timeline import Shot

if TYPE_CHECKING:
    from av.container import OutputContainer

SAMPLE_RATE = 48_000

AAC_FRAME = 1_024
"""Samples of one AAC packet."""

TARGET_LOUDNESS = -14.0
"""LUFS."""

PEAK_LIMIT = -2.0
"""Decibels of full scale that samples stay below. The wave between samples and the AAC encoder
go past them by up to 1 dB, and -1 dBTP is promised."""

MOST_GAIN = 30.0
"""Decibels; more would only raise the noise of a song that is all but silent."""

LIGHTLY_LIMITED = 1.5
"""Decibels that the limiter may take from the highest peak and leave the loudness as it is."""

MOST_MISSED = 0.2
"""LU beside the target at which another gain is tried."""

MOST_TRIALS = 6
"""Times a gain is tried; each halves what is missed, or better."""

SILENT = -60.0
"""LUFS below which there is nothing to level."""

DECLICK = 0.01
"""Seconds over which a clip's own sound comes and goes at a cut."""

BLOCK = 4_096
"""Samples handled at a time."""

LEAST_AUDIO_RATE, MOST_AUDIO_RATE = 32_000, 512_000
"""Bits per second that the AAC encoder takes for stereo."""

_CODER = {"aac_coder": "fast", "aac_is": "0", "aac_pns": "0", "aac_tns": "0"}
"""Measured on bursts of noise at 192 kbit/s: 40 % less work than the encoder's defaults, and the
error 14 dB lower, as no noise is made up in place of the song's."""

_LAYOUT = "stereo"
_FORMAT = "fltp"

Blocks = Iterator[AudioFrame]
Check = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Sound:
    """A finished sound file and what is known about it."""

    path: Path
    loudness: float | None
    """LUFS of what is heard, or None when it is silent."""
    silence_after: float
    """Seconds at the end that the song is too short to fill."""
    listener: Listener
    """What was heard before levelling, to compare the finished file with."""


def write_sound(
    blueprint: Blueprint,
    shots: list[Shot],
    media: Mapping[str, Path],
    seconds: Fraction,
    path: Path,
    cache: JointCache | None,
    check: Check,
) -> Sound:
    """Write the sound of the whole video.

    Args:

        blueprint: The plan.

        shots: Its moves, with their clips, in order.

        media: The local file of each path in the plan.

        seconds: Length of the video; the sound gets the same, to the sample.

        path: The mp4 file to write.

        cache: Where the same sound may have been kept, if anywhere.

        check: Called for each block; what it raises ends the work.

    Raises:

        RenderFailed: Naming the song or the clip, and the cause.
    """
    samples = round(seconds * SAMPLE_RATE)
    if cache is None or not blueprint.output_config.add_audio_overlay:
        return _made(blueprint, shots, media, samples, path, check)
    key = _key(blueprint, media[blueprint.audio_path], samples)
    kept = cache.get(key)
    if kept is not None:
        return _unpacked(kept, path)
    sound = _made(blueprint, shots, media, samples, path, check)
    if path.stat().st_size <= LARGEST_ENTRY:
        cache.put(key, _packed(sound))
    return sound


def _key(blueprint: Blueprint, song: Path, samples: int) -> str:
    output = blueprint.output_config
    return key_of(
        "sound",
        av.library_versions,
        digest_of(song),
        samples,
        blueprint.audio_start,
        blueprint.audio_loudness,
        blueprint.audio_true_peak,
        (output.normalize_audio, output.audio_bitrate, output.fade_duration, output.speed),
    )


def _packed(sound: Sound) -> bytes:
    """Return the sound and what is known about it as one row of bytes."""
    known = {
        "loudness": sound.loudness,
        "silence_after": sound.silence_after,
        "starts": list(sound.listener.starts),
        "heard": list(sound.listener.heard.items()),
    }
    return json.dumps(known).encode() + b"\n" + sound.path.read_bytes()


def _unpacked(kept: bytes, path: Path) -> Sound:
    head, _, data = kept.partition(b"\n")
    known = json.loads(head)
    try:
        path.write_bytes(data)
    except OSError as exc:
        raise RenderFailed(f"writing the sound failed: {reason(exc)}") from exc
    listener = Listener(known["starts"], dict(known["heard"]))
    return Sound(path, known["loudness"], known["silence_after"], listener)


def _made(
    blueprint: Blueprint,
    shots: list[Shot],
    media: Mapping[str, Path],
    samples: int,
    path: Path,
    check: Check,
) -> Sound:
    source = _Source(blueprint, shots, media, samples, check)
    if not blueprint.output_config.normalize_audio:
        return _written(blueprint, source, samples, 0.0, path)
    stored = _stored_gain(blueprint)
    if stored is not None:
        sound = _written(blueprint, source, samples, stored, path)
        if abs(_missed(sound.loudness)) <= MOST_MISSED:
            return sound
    return _written(blueprint, source, samples, _gain(blueprint, source), path)


def _stored_gain(blueprint: Blueprint) -> float | None:
    """Return the gain that ingest's numbers give, where the limiter has next to nothing to do."""
    loudness, peak = blueprint.audio_loudness, blueprint.audio_true_peak
    if not blueprint.output_config.add_audio_overlay or loudness is None or peak is None:
        return None
    gain = _gain_for(loudness)
    return gain if peak + gain <= PEAK_LIMIT + LIGHTLY_LIMITED else None


def _gain(blueprint: Blueprint, source: "_Source") -> float:
    """Return the decibels that bring the sound to the target, once limited.

    The loudness of the plan is that of the whole song, and the limiter takes some away: so the
    first guess is metered, which is a tenth of the work of encoding, and bettered if need be.
    """
    known = blueprint.audio_loudness if blueprint.output_config.add_audio_overlay else None
    gain = _gain_for(_measured(source.blocks()) if known is None else known)
    for _ in range(MOST_TRIALS):
        missed = _missed(_measured(_Chain(_limiter(gain)).through(source.blocks())))
        if abs(missed) <= MOST_MISSED:
            break
        gain = min(gain + missed, MOST_GAIN)
    return gain


def _missed(loudness: float | None) -> float:
    return 0.0 if loudness is None else TARGET_LOUDNESS - loudness


def _gain_for(loudness: float | None) -> float:
    if loudness is None or loudness < SILENT:
        return 0.0
    return min(TARGET_LOUDNESS - loudness, MOST_GAIN)


class _Source:
    """The samples before levelling, as often as they are asked for."""

    def __init__(
        self,
        blueprint: Blueprint,
        shots: list[Shot],
        media: Mapping[str, Path],
        samples: int,
        check: Check,
    ) -> None:
        self._blueprint = blueprint
        self._shots = shots
        self._media = media
        self._samples = samples
        self._check = check
        self.missing = 0
        """Samples of silence after the song, known once all blocks were read."""

    def blocks(self) -> Blocks:
        """Yield exactly the video's number of samples."""
        song = self._blueprint.output_config.add_audio_overlay
        given = 0
        for block in self._song() if song else self._clips():
            self._check()
            room = self._samples - given
            if block.samples > room:
                block = _head(block, room)
            given += block.samples
            yield block
            if given >= self._samples:
                break
        if song:
            self.missing = self._samples - given
        yield from _silence(self._samples - given)

    def _song(self) -> Blocks:
        blueprint = self._blueprint
        name = blueprint.audio_path
        skip = round(blueprint.audio_start * SAMPLE_RATE)
        speed = blueprint.output_config.speed
        heard = False
        try:
            for block in _decoded(self._media[name], SOUND_FORMATS, skip, speed):
                heard = True
                yield block
        except (av.error.FFmpegError, ValueError, UnreadableMedia) as exc:
            raise RenderFailed(f"the song {name} cannot be read: {_said(exc)}") from exc
        if not heard:
            raise RenderFailed(
                f"the song {name} ends before audio_start, {blueprint.audio_start} s"
            )

    def _clips(self) -> Blocks:
        for shot in self._shots:
            start = round(shot.clock.seconds(shot.first) * SAMPLE_RATE)
            end = round(shot.clock.seconds(shot.end) * SAMPLE_RATE)
            try:
                yield from _clip_sound(shot, shot.clip, end - start)
            except (av.error.FFmpegError, ValueError, UnreadableMedia) as exc:
                raise RenderFailed(f"{shot.place}: reading its sound failed: {_said(exc)}") from exc


def _said(exc: BaseException) -> str:
    return str(exc) if isinstance(exc, UnreadableMedia) else reason(exc)


def _clip_sound(shot: Shot, clip: Clip, samples: int) -> Blocks:
    if not clip.has_sound or shot.move.volume_adjustment == 0:
        yield from _silence(samples)
        return
    begin = shot.clip_time(shot.clock.seconds(shot.first))
    finish = shot.clip_time(shot.clock.seconds(shot.end))
    speed = (finish - begin) * SAMPLE_RATE / samples
    skip = max(0, round(begin * SAMPLE_RATE))
    ramp = min(DECLICK, samples / SAMPLE_RATE / 2)
    shaped = _Chain(
        f"volume={shot.move.volume_adjustment:.6f}",
        f"afade=t=in:d={ramp:.6f}",
        f"afade=t=out:d={ramp:.6f}:st={samples / SAMPLE_RATE - ramp:.6f}",
    )
    given = 0
    decoded = _decoded(clip.path, VIDEO_FORMATS, skip, speed)
    for block in shaped.through(_cut(decoded, samples)):
        given += block.samples
        yield block
    yield from _silence(samples - given)


def _cut(blocks: Blocks, samples: int) -> Blocks:
    for block in blocks:
        if block.samples >= samples:
            yield _head(block, samples)
            return
        samples -= block.samples
        yield block


def _check_rate(rate: int, name: str) -> None:
    """Refuse sound of so few samples a second that one packet would become hours."""
    if not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE:
        raise UnreadableMedia(
            f"{name} has {rate} samples per second; {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} are read"
        )


def _decoded(path: Path, formats: str, skip: int, speed: float) -> Blocks:
    """Yield a file's sound from sample `skip` on, in our format and in equal blocks.

    The clock counts samples from the first one the decoder gives, as the analysis does; stamps
    of mp3 files are not to be trusted that far. A clip's sound that starts later than its
    picture is preceded by silence.
    """
    fifo = AudioFifo()
    retime = _Chain(*_tempo(speed)) if abs(speed - 1) > 1e-4 else None  # inaudible

    def raw() -> Blocks:
        left = skip
        with opened(path, formats) as container:
            if not container.streams.audio:
                raise UnreadableMedia(f"{path.name} has no sound")
            _check_rate(container.streams.audio[0].rate, path.name)
            resampler = AudioResampler(_FORMAT, _LAYOUT, SAMPLE_RATE)
            decoded = container.decode(container.streams.audio[0])
            for frame in in_fair_pieces(decoded, path.name):
                frame.pts = None
                for block in resampler.resample(frame):
                    if block.samples <= left:
                        left -= block.samples
                        continue
                    yield _tail(block, left)
                    left = 0
            for block in resampler.resample(None):
                if block.samples > left:
                    yield _tail(block, left)
                left = max(0, left - block.samples)

    for block in retime.through(raw()) if retime else raw():
        block.pts = None
        fifo.write(block)
        yield from fifo.read_many(BLOCK)
    rest = fifo.read(0, partial=True) if fifo.samples else None
    if rest is not None:
        yield rest


SLOWEST_STEP = 0.5
"""Speed below which the filter does not go in one step."""


def _tempo(speed: float) -> list[str]:
    """Return the filters that change the speed and leave the pitch."""
    steps = []
    while speed < SLOWEST_STEP:
        steps.append(f"atempo={SLOWEST_STEP}")
        speed /= SLOWEST_STEP
    return [*steps, f"atempo={speed:.9f}"]


def _head(block: AudioFrame, samples: int) -> AudioFrame:
    return _slice(block, 0, samples)


def _tail(block: AudioFrame, skip: int) -> AudioFrame:
    return block if skip == 0 else _slice(block, skip, block.samples)


def _slice(block: AudioFrame, start: int, end: int) -> AudioFrame:
    piece = AudioFrame(_FORMAT, _LAYOUT, end - start)
    piece.sample_rate = block.sample_rate
    for target, plane in zip(piece.planes, block.planes, strict=True):
        target.update(bytes(plane)[start * 4 : end * 4].ljust(target.buffer_size, b"\0"))
    return piece


def _silence(samples: int) -> Blocks:
    while samples > 0:
        count = min(samples, BLOCK)
        block = AudioFrame(_FORMAT, _LAYOUT, count)
        block.sample_rate = SAMPLE_RATE
        for plane in block.planes:
            plane.update(bytes(plane.buffer_size))
        yield block
        samples -= count


class _Chain:
    """A row of filters that sound is sent through."""

    def __init__(self, *steps: str) -> None:
        self._graph = Graph()
        self._graph.threads = 1
        last = self._graph.add_abuffer(
            sample_rate=SAMPLE_RATE, format=_FORMAT, layout=_LAYOUT, time_base=_SAMPLE
        )
        for step in steps:
            name, _, arguments = step.partition("=")
            node = self._graph.add(name, arguments or None)
            last.link_to(node)
            last = node
        shape = self._graph.add(
            "aformat", f"sample_fmts={_FORMAT}:channel_layouts={_LAYOUT}:sample_rates={SAMPLE_RATE}"
        )
        last.link_to(shape)
        shape.link_to(self._graph.add("abuffersink"))
        self._graph.configure()

    def through(self, blocks: Blocks) -> Blocks:
        """Yield what comes out."""
        clock = 0
        for block in blocks:
            block.pts, block.time_base = clock, _SAMPLE
            clock += block.samples
            self._graph.push(block)
            yield from self._ready()
        self._graph.push(None)
        yield from self._ready()

    def _ready(self) -> Blocks:
        while True:
            try:
                yield cast(AudioFrame, self._graph.pull())
            except (av.error.BlockingIOError, av.error.EOFError):
                return


_SAMPLE = Fraction(1, SAMPLE_RATE)
_METER = "ebur128=metadata=1"


class _Meter:
    """Reads the loudness that the meter writes beside the samples."""

    def __init__(self) -> None:
        self._value = -math.inf

    def read(self, blocks: Blocks) -> Blocks:
        for block in blocks:
            text = block.metadata.get("lavfi.r128.I")
            if text is not None:
                self._value = float(text)
            yield block

    @property
    def loudness(self) -> float | None:
        return self._value if self._value > SILENT else None


def _measured(blocks: Blocks) -> float | None:
    meter = _Meter()
    for _ in meter.read(_Chain(_METER).through(blocks)):
        pass
    return meter.loudness


def _limiter(gain: float) -> str:
    return (
        f"alimiter=level_in={10 ** (gain / 20):.6f}:limit={10 ** (PEAK_LIMIT / 20):.6f}:"
        f"attack=5:release=50:level=0:latency=1"
    )


def _written(blueprint: Blueprint, source: _Source, samples: int, gain: float, path: Path) -> Sound:
    output = blueprint.output_config
    steps = []
    if output.normalize_audio:
        steps.append(_limiter(gain))
    length = samples / SAMPLE_RATE
    fade = min(output.fade_duration, length / 2)
    if fade > 0:
        steps.append(f"afade=t=out:st={length - fade:.6f}:d={fade:.6f}")
    meter = _Meter()
    listener = Listener.for_length(samples)
    levelled = meter.read(_Chain(*steps, _METER).through(listener.listen(source.blocks())))
    rate = min(max(bits_per_second(output.audio_bitrate), LEAST_AUDIO_RATE), MOST_AUDIO_RATE)
    try:
        with av.open(str(path), "w", format="mp4") as container:
            _encode(container, levelled, rate)
    except av.error.FFmpegError as exc:
        raise RenderFailed(f"writing the sound failed: {reason(exc)}") from exc
    return Sound(path, meter.loudness, source.missing / SAMPLE_RATE, listener)


def _encode(container: "OutputContainer", blocks: Blocks, bit_rate: int) -> None:
    stream = container.add_stream("aac", rate=SAMPLE_RATE, options=_CODER, layout=_LAYOUT)
    stream.bit_rate = bit_rate
    fifo = AudioFifo()
    clock = 0

    def send(frame: AudioFrame) -> None:
        nonlocal clock
        frame.pts, frame.time_base = clock, _SAMPLE
        clock += frame.samples
        container.mux(stream.encode(frame))

    for block in blocks:
        block.pts = None
        fifo.write(block)
        for frame in fifo.read_many(AAC_FRAME):
            send(frame)
    if fifo.samples:
        rest = fifo.read(0, partial=True)
        if rest is not None:
            send(rest)
    container.mux(stream.encode(None))
