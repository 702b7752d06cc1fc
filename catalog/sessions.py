"""Which clips were filmed together: clothes, light and room, by their colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVELS = 6
"""Steps of each colour channel: 216 colours."""

SAME_SESSION = 0.72
"""Overlap of two pictures' colours (Bhattacharyya) from which they count as one session: the
couple moves and is turned, the room stays."""


def signature(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the colours of a picture, RGB, shape (h, w, 3), as shape (2 * 216,), unit length.

    The outer and the middle third are kept apart: the room, and the couple in it.
    """
    third = picture.shape[1] // 3
    parts = [
        np.concatenate([picture[:, :third], picture[:, -third:]], axis=1),
        picture[:, third:-third],
    ]
    rows = []
    for part in parts:
        # Soft bins: a lamp that flickers must not move a wall into the next colour.
        scaled = part.reshape(-1, 3).astype(np.float32) / 256 * LEVELS - 0.5
        low = np.clip(np.floor(scaled), 0, LEVELS - 1).astype(np.int64)
        high = np.clip(low + 1, 0, LEVELS - 1)
        share = np.clip(scaled - low, 0, 1)
        counts = np.zeros(LEVELS**3)
        for corner in range(8):
            bits = [(corner >> axis) & 1 for axis in range(3)]
            index = np.zeros(len(scaled), np.int64)
            weight = np.ones(len(scaled))
            for axis, bit in enumerate(bits):
                index = index * LEVELS + (high if bit else low)[:, axis]
                weight = weight * (share[:, axis] if bit else 1 - share[:, axis])
            counts += np.bincount(index, weight, LEVELS**3)
        rows.append(np.sqrt(counts / max(counts.sum(), 1)))
    return np.asarray(np.concatenate(rows) / np.sqrt(2), np.float32)


class Sessions:
    """The sessions known so far; a clip joins the nearest one or opens a new one."""

    def __init__(self) -> None:
        self._known: dict[str, list[NDArray[np.float32]]] = {}

    def add(self, name: str, colours: NDArray[np.float32]) -> None:
        """Put a clip into a session that is known by name."""
        self._known.setdefault(name, []).append(colours)

    def place(self, colours: NDArray[np.float32]) -> str:
        """Return the session of a clip, and remember it there."""
        best, overlap = "", 0.0
        for name, members in self._known.items():
            near = float(np.mean([colours @ member for member in members[-20:]]))
            if near > overlap:
                best, overlap = name, near
        if overlap < SAME_SESSION:
            number = 1
            while f"session_{number}" in self._known:
                number += 1
            best = f"session_{number}"
        self.add(best, colours)
        return best
