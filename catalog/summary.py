"""What became of an ingest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from catalog.source_files import Refusal


@dataclass(frozen=True)
class Outcome:
    """What became of one file, told as soon as it is known."""

    file: str
    """Place below the source folder, `/` between parts."""
    state: Literal["made", "unchanged", "refused"]
    ids: tuple[str, ...] = ()
    """The song, or the moves, that the file gives."""
    reason: str = ""
    """Why it was refused."""
    warnings: tuple[str, ...] = ()
    """What is uncertain about it."""


OnFile = Callable[[Outcome], None]


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
