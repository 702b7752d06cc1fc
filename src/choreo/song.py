"""A song and what is known about its time.

Times are seconds on the song's clock: 0 is the first sample of the decoded file.
"""

from itertools import pairwise
from typing import Annotated

from pydantic import ConfigDict, Field

from choreo.media_path import MediaPath
from choreo.values import Value
from choreo.vocabulary import RhythmMode, SectionLabel

Seconds = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(Value):
    """One part of a song, from one 8-count start to another (or to an end of the song)."""

    start: Seconds
    end: Seconds
    label: SectionLabel
    energy: Share
    """Loudness and density of this section relative to the song's own calmest and fullest."""
    rhythm_mode: RhythmMode


class SongAnalysis(Value):
    """The musical time of a song, made once at ingest and stored with the song.

    `beats` are strictly ascending. `downbeats` are the beats counted 1 or 5, `eight_counts`
    those counted 1; both are subsets of `beats`. After a break the count may start again:
    `count_resets` lists the beats at which a new 1 falls earlier than eight counts after the
    last one.
    """

    duration: Annotated[float, Field(gt=0)]
    tempo: Annotated[float, Field(ge=0)]
    """Beats per minute: 60 over the slope of the least-squares line through the beats; 0
    when the song has no beat."""
    beats: tuple[Seconds, ...]
    downbeats: tuple[Seconds, ...]
    eight_counts: tuple[Seconds, ...]
    sections: tuple[Section, ...]
    rhythm_strength: Share
    syncopation_level: Share
    confidence: Share
    """How far the 1 can be trusted; below 0.5 the task carries a warning."""
    count_resets: tuple[Seconds, ...] = ()
    warnings: tuple[str, ...] = ()
    """Sentences for a person: what is uncertain, and how to correct it."""
    corrected_by_person: bool = False
    """True once a person moved the 1; later analyses keep that word."""
    version: str = "1"
    """Version of the method, so that old analyses can be found and made again."""


class Song(Value):
    """A song of the library."""

    id: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    title: str
    artist: str = ""
    audio_path: MediaPath
    duration: Annotated[float, Field(gt=0)]
    loudness: float | None = None
    """EBU R128 integrated loudness in LUFS."""
    true_peak: float | None = None
    """EBU R128 true peak in dBTP."""
    peaks: tuple[Share, ...] = ()
    """Absolute peaks of equal slices of the song, for a waveform picture."""
    analysis: SongAnalysis | None = None
    heard: SongAnalysis | None = None
    """The analysis before a person corrected it: the way back. None while nobody has."""
    slot_vectors: str = ""
    """Base64 of little-endian float32, shape (len(analysis.eight_counts), 128): the audio
    vector of each 8-count, in the space of the moves' audio vectors."""
    tags: dict[str, str] = Field(default_factory=dict)
    content_hash: str = ""
    """SHA-256 of the source file."""


LISTED_PEAKS = 200
"""Enough for a waveform as wide as a phone; hundreds of songs then fit one answer."""


class ListedAnalysis(Value):
    """What a list tells about a song's time; see `SongAnalysis`."""

    model_config = ConfigDict(extra="ignore")

    tempo: float
    confidence: Share
    sections: tuple[Section, ...]
    warnings: tuple[str, ...] = ()


class ListedSong(Value):
    """What a list tells about a song: everything but its beats and vectors, and fewer peaks.

    It reads from a whole `Song`'s document, whose other fields are passed over.
    """

    model_config = ConfigDict(extra="ignore")

    id: str
    title: str
    artist: str = ""
    audio_path: MediaPath
    duration: Annotated[float, Field(gt=0)]
    peaks: tuple[Share, ...] = ()
    analysis: ListedAnalysis | None = None

    @classmethod
    def of(cls, song: Song) -> "ListedSong":
        """Return what a list tells about `song`."""
        listed = cls.model_validate_json(song.model_dump_json(exclude_none=True))
        count = len(song.peaks)
        if count <= LISTED_PEAKS:
            return listed
        edges = [index * count // LISTED_PEAKS for index in range(LISTED_PEAKS + 1)]
        peaks = tuple(max(song.peaks[start:end]) for start, end in pairwise(edges))
        return listed.model_copy(update={"peaks": peaks})
