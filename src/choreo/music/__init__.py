"""Music: from an audio file to the time of a song.

Importing this package costs nothing; numpy and the decoder load at the first call.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from choreo.music.correction import correct_by_taps, correct_counts

if TYPE_CHECKING:
    from choreo.music.decoding import Sound
    from choreo.music.levels import Loudness
    from choreo.song import SongAnalysis

__all__ = [
    "analyse",
    "correct_by_taps",
    "correct_counts",
    "decode",
    "loudness",
    "peaks",
]


def analyse(audio: Path) -> SongAnalysis:
    """Find the beats, the count, the sections and the character of a recording.

    `eight_counts` are a subset of `downbeats`, these of `beats`; sections start on
    `eight_counts`. Without a steady beat `beats` is empty, `tempo` 0 and a warning says so. When
    the 1 is uncertain, `confidence` is below 0.5 and a warning says how to correct it. The same
    file always gives the same answer.

    Raises:

        UnreadableMedia: When the file is missing, not sound, damaged throughout, shorter than
            a second or longer than half an hour; the text names the file and the reason.
    """
    from choreo.music.analysis import analyse_file

    return analyse_file(audio)


def decode(path: Path, rate: int, *, max_duration: float = 1_830.0) -> Sound:
    """Decode a file's sound to one channel at `rate` samples per second.

    Raises:

        UnreadableMedia: As `analyse`, but any length above zero up to `max_duration` seconds.
    """
    from choreo.music import decoding

    return decoding.decode(path, rate, max_duration=max_duration)


def loudness(audio: Path) -> Loudness:
    """Measure integrated loudness (LUFS) and true peak (dBTP) by EBU R128.

    Raises:

        UnreadableMedia: When the file cannot be decoded.
    """
    from choreo.music.levels import measure_loudness

    return measure_loudness(audio)


def peaks(audio: Path, n: int = 600) -> tuple[float, ...]:
    """Return the absolute peaks, 0 to 1, of `n` equal slices of a recording.

    Raises:

        UnreadableMedia: When the file cannot be decoded.
    """
    from choreo.music.levels import measure_peaks

    return measure_peaks(audio, n)
