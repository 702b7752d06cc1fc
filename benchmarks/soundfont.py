"""Recorded instruments: notes become a MIDI file, and FluidSynth plays it from a SoundFont.

FluidSynth and a SoundFont are no requirement. Debian's `fluidsynth` and `fluid-soundfont-gm`
bring both; `SOUNDFONT` may name another file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from choreo.music.decoding import converted
from local_emulators.demo_library.instruments import SAMPLE_RATE, Audio

SOUNDFONTS = (
    Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"),
    Path("/usr/share/sounds/sf2/TimGM6mb.sf2"),
)

TICKS = 10_000
"""Ticks per second: the file's tempo stays one quarter a second, and the notes carry the time."""

DRUMS = 128
"""Bank of the percussion; with it a drum may have a channel, place and loudness of its own."""

VOLUME, PAN, MODULATION, ROOM = 7, 10, 1, 91
"""Controllers of MIDI."""


class Instrument(NamedTuple):
    """One player's seat."""

    bank: int
    program: int
    volume: int
    """0 to 127, as `pan` (64 is the middle), `room` and `vibrato`."""
    pan: int = 64
    room: int = 40
    vibrato: int = 0


class Note(NamedTuple):
    """One tone."""

    channel: int
    start: float
    """Seconds, as `length`."""
    length: float
    pitch: int
    velocity: int
    """1 to 127."""


def missing() -> str:
    """Return what is missing to play, in words, or nothing."""
    if shutil.which("fluidsynth") is None:
        return "fluidsynth, which is not on PATH"
    if soundfont() is None:
        return "a SoundFont: set SOUNDFONT, or install fluid-soundfont-gm"
    return ""


def soundfont() -> Path | None:
    """Return the SoundFont to play from."""
    named = os.environ.get("SOUNDFONT")
    return next(
        (path for path in ((Path(named),) if named else SOUNDFONTS) if path.is_file()), None
    )


def play(instruments: Sequence[Instrument], notes: Iterable[Note], tuning: float = 0.0) -> Audio:
    """Return samples of shape (2, n) at 44.1 kHz; `tuning` is in semitones."""
    font = soundfont()
    if font is None:
        raise FileNotFoundError(missing())
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder) / "song.mid", Path(folder) / "song.wav"
        score.write_bytes(midi_file(instruments, notes, tuning))
        options = ("-ni", "-q", "-g", "0.35", "-r", str(SAMPLE_RATE), "-F", str(sound))
        banks = ("-o", "synth.midi-bank-select=mma", "-o", "synth.polyphony=160")
        subprocess.run(
            ["fluidsynth", *options, *banks, str(font), str(score)], check=True, capture_output=True
        )
        blocks = [f.to_ndarray() for f in converted(sound, "fltp", "stereo", SAMPLE_RATE)]
    return np.concatenate(blocks, axis=1).astype(np.float64)


def midi_file(
    instruments: Sequence[Instrument], notes: Iterable[Note], tuning: float = 0.0
) -> bytes:
    """Return a standard MIDI file of one track."""
    events: list[tuple[int, int, bytes]] = []
    bend = 8192 + round(8191 * tuning / 2)  # A whole tone either way, as MIDI leaves it.
    for channel, seat in enumerate(instruments):
        controls = ((0, seat.bank // 128), (32, seat.bank % 128), (VOLUME, seat.volume))
        for number, value in (*controls, (PAN, seat.pan), (ROOM, seat.room)):
            events.append((0, 0, bytes((0xB0 | channel, number, value))))
        events.append((0, 1, bytes((0xC0 | channel, seat.program))))
        events.append((0, 2, bytes((0xB0 | channel, MODULATION, seat.vibrato))))
        if seat.bank != DRUMS:
            events.append((0, 2, bytes((0xE0 | channel, bend & 127, bend >> 7))))
    for note in notes:
        start = round(max(note.start, 0.0) * TICKS)
        stop = start + max(1, round(note.length * TICKS))
        velocity = min(max(note.velocity, 1), 127)
        events.append((start, 4, bytes((0x90 | note.channel, note.pitch, velocity))))
        # A tone ends before the next one of its pitch begins.
        events.append((stop, 3, bytes((0x80 | note.channel, note.pitch, 0))))
    track, now = bytearray(b"\x00\xff\x51\x03" + (1_000_000).to_bytes(3, "big")), 0
    for at, _, message in sorted(events):
        track += _variable(at - now) + message
        now = at
    track += _variable(2 * TICKS) + b"\xff\x2f\x00"
    header = b"MThd" + (6).to_bytes(4, "big") + b"\x00\x00\x00\x01" + TICKS.to_bytes(2, "big")
    return header + b"MTrk" + len(track).to_bytes(4, "big") + bytes(track)


def _variable(value: int) -> bytes:
    """Return MIDI's variable-length number: seven bits a byte, the last one without the top bit."""
    parts = [value & 127]
    while value := value >> 7:
        parts.append(128 | value & 127)
    return bytes(parts[::-1])
