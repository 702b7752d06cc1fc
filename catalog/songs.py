"""A song's file into a `Song`: measured, analysed, described."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.source_files import Source, slug
from choreo.errors import ChoreoError
from choreo.song import Song, SongAnalysis

if TYPE_CHECKING:
    from collections.abc import Iterable

WAVEFORM_SLICES = 600
MAX_TAG_CHARS = 300
_TAGS = ("album", "genre", "date", "composer", "album_artist", "comment")


@dataclass(frozen=True)
class SongLabels:
    """What a file says of itself."""

    title: str
    artist: str
    tags: dict[str, str]


def labels_of(source: Source) -> SongLabels:
    """Return the tags of a song, with the file's name for a missing title.

    Raises:

        UnreadableMedia: When the file cannot be read as sound.
    """
    from choreo.music.decoding import opened

    with opened(source.path) as (container, stream):
        found = {
            str(key).lower(): " ".join(str(value).split())[:MAX_TAG_CHARS]
            for entries in (stream.metadata, container.metadata)
            for key, value in entries.items()
        }
    title = found.get("title") or source.stem.replace("_", " ").strip() or source.stem
    tags = {key: found[key] for key in _TAGS if found.get(key)}
    return SongLabels(title, found.get("artist", ""), tags)


def song_id(title: str, stem: str, content_hash: str, taken: Iterable[str]) -> str:
    """Return a readable id that no other song has; the same song always gets the same."""
    base = slug(title) or slug(stem) or f"song_{content_hash[:8]}"
    return base if base not in set(taken) else f"{base}_{content_hash[:6]}"


def make_song(source: Source, labels: SongLabels, identity: str, content_hash: str) -> Song:
    """Measure, analyse and describe a song.

    Raises:

        UnreadableMedia: When the file cannot be decoded or is too short or too long.
    """
    from choreo.music import analyse, loudness, peaks

    analysis = analyse(source.path)
    level = loudness(source.path)
    return Song(
        id=identity,
        title=labels.title,
        artist=labels.artist,
        audio_path=audio_path(identity, content_hash, source.path),
        duration=analysis.duration,
        loudness=level.integrated,
        true_peak=level.true_peak,
        peaks=peaks(source.path, WAVEFORM_SLICES),
        analysis=analysis,
        slot_vectors=slot_vectors(source.path, analysis),
        tags=labels.tags,
        content_hash=content_hash,
    )


def audio_path(identity: str, content_hash: str, file: Path) -> str:
    """Return the key under which a song's file is stored."""
    return f"songs/{identity}/{content_hash[:12]}{file.suffix.lower()}"


def slot_vectors(file: Path, analysis: SongAnalysis) -> str:
    """Return `Song.slot_vectors`: the audio vector of each 8-count, as base64."""
    from choreo.vectors import audio
    from choreo.vectors.packing import to_base64

    spans = eight_count_spans(analysis)
    if not spans:
        return ""
    try:
        return to_base64(audio.describe(file, spans))
    except ChoreoError:
        return ""


def eight_count_spans(analysis: SongAnalysis) -> list[tuple[float, float, tuple[float, ...]]]:
    """Return (start, end, counts) of each 8-count; the last one ends after eight mean beats."""
    beats, ones = analysis.beats, analysis.eight_counts
    if len(beats) < 2 or not ones:
        return []
    beat = 60.0 / analysis.tempo if analysis.tempo else beats[-1] - beats[-2]
    spans = []
    for index, start in enumerate(ones):
        end = ones[index + 1] if index + 1 < len(ones) else start + 8 * beat
        counts = tuple(time for time in beats if start <= time < end - 1e-6)
        spans.append((start, end, counts))
    return spans
