"""Vectors as bytes: little-endian float32, as the tables and the songs' JSON hold them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pack(vector: NDArray[np.float32]) -> bytes:
    """Return the bytes of a vector or of the rows of a matrix."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def unpack(data: bytes, dimensions: int) -> NDArray[np.float32]:
    """Return float32 rows, shape (n, dimensions), sharing memory with `data`.

    Raises:

        ValueError: If `data` is not a whole number of rows.
    """
    if len(data) % (4 * dimensions):
        raise ValueError(f"{len(data)} bytes are not rows of {dimensions} float32")
    rows: NDArray[np.float32] = np.frombuffer(data, dtype="<f4").reshape(-1, dimensions)
    return rows


def to_base64(rows: NDArray[np.float32]) -> str:
    """Return the base64 text of packed rows, for JSON documents."""
    return base64.b64encode(pack(rows)).decode("ascii")


def from_base64(text: str, dimensions: int) -> NDArray[np.float32]:
    """Return float32 rows, shape (n, dimensions), from `to_base64`'s text.

    Raises:

        ValueError: If the text is not base64 of whole rows.
    """
    return unpack(base64.b64decode(text, validate=True), dimensions)


def unit(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale each row (the last axis) to length 1; rows of zeros stay zeros."""
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return (rows / np.where(norms > 0, norms, 1)).astype(np.float32)
