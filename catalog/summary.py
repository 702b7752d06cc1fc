"""What became of an ingest."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.source_files import Refusal


@dataclass(frozen=True)
class Summary:
    """Counts, ids and reasons, for a table or for machines."""

    songs_made: tuple[str, ...] = ()
    """Ids of the songs that are new or changed."""
    songs_unchanged: tuple[str, ...] = ()
    moves_made: tuple[str, ...] = ()
    """Ids of the moves that are new or changed."""
    moves_unchanged: tuple[str, ...] = ()
    moves_removed: tuple[str, ...] = ()
    """Ids that a clip of this run no longer gives."""
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[Refusal, ...] = ()
    """Files that were taken in, with what is uncertain about them."""
    seconds: float = 0.0
    """Wall time."""

    @property
    def usable(self) -> bool:
        """True when at least one song or move of this run is in the library."""
        return bool(
            self.songs_made or self.songs_unchanged or self.moves_made or self.moves_unchanged
        )
