"""The library and its index in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from choreo.move import AUDIO_DIMENSIONS, POSE_DIMENSIONS, TEXT_DIMENSIONS
from choreo.vectors.packing import unpack
from planning.model import Catalogue, Library
from planning.search.index import MoveIndex

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


class IndexCache:
    """The library and its index in memory, shared by threads.

    Read anew when a move was stored or removed, and after `ttl` seconds in any case. One
    thread reads at a time; meanwhile the others get the index as it was.

    Args:

        catalogue: Where the moves are.

        ttl: Seconds.

        nprobe, use_gpu: See `MoveIndex`.

        clock: Gives monotonic seconds.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        ttl: float,
        nprobe: int = 1,
        use_gpu: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue = catalogue
        self._ttl = ttl
        self._nprobe = nprobe
        self._use_gpu = use_gpu
        self._clock = clock
        self._reading = threading.Lock()
        self._held: tuple[MoveIndex, float] | None = None

    def index(self) -> MoveIndex:
        """Return the index as it is now, or as it was while another thread makes it anew.

        Raises:

            Unavailable: If the database does not answer.
        """
        held = self._held
        if held is not None and (self._is_fresh(held) or self._reading.locked()):
            return held[0]
        # Without an index yet there is nothing else to do than to wait for it.
        with self._reading:
            held = self._held
            if held is None or not self._is_fresh(held):
                library = read_library(self._catalogue)
                held = (MoveIndex(library, self._nprobe, self._use_gpu), self._clock())
                self._held = held
            return held[0]

    def _is_fresh(self, held: tuple[MoveIndex, float]) -> bool:
        index, read_at = held
        young = self._clock() - read_at < self._ttl
        return young and index.library.version == self._catalogue.version()


def read_library(catalogue: Catalogue) -> Library:
    """Read all moves and their vectors."""
    version = catalogue.version()
    items = sorted(catalogue.embedded_moves(), key=lambda item: item.move.id)

    def rows(kind: str, dimensions: int) -> Floats:
        return unpack(b"".join(getattr(item, kind) for item in items), dimensions)

    return Library(
        moves=tuple(item.move for item in items),
        pose=rows("pose", POSE_DIMENSIONS),
        audio=rows("audio", AUDIO_DIMENSIONS),
        text=rows("text", TEXT_DIMENSIONS),
        version=version,
    )
