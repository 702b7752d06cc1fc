"""The nearest moves of a library: one inner-product index over weighted vectors.

Metadata filters act inside the search, so that the nearest moves that pass are found, not what
passes among the nearest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from choreo.move import AUDIO_DIMENSIONS, POSE_DIMENSIONS, TEXT_DIMENSIONS
from planning.model import Library

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

WEIGHTS = {"pose": 0.25, "audio": 0.40, "text": 0.35}
"""Share of each kind of vector in the score of a move for a slot."""

EXACT_UP_TO = 50_000
"""Moves; above it the index is an inverted file, below it exact search is as fast."""

TRAINING_ROUNDS = 8
"""Of k-means; more changes recall by less than a hundredth."""

SPARE_HITS = 8
"""Hits beyond those asked for, so that equal scores at the edge are ordered by index."""

LEAST_CELLS = 1 / 64
"""Share of an inverted file's cells that a query looks into at least: one cell alone finds 83 %
of the nearest moves, five of 316 find all (`benchmarks/planner.py`)."""

SERVING_ROLES = ("intro", "outro", "hold", "connector")
"""What a sequence may need whatever the music is like; always candidates."""


@dataclass(frozen=True)
class Query:
    """What a slot is searched with; a part that is None does not count."""

    audio: Floats | None = None
    """Shape (slots, 128), rows of unit length, zeros where nothing is known."""
    text: Floats | None = None
    """Shape (384,), unit length."""


@dataclass
class MoveIndex:
    """Search over all moves of a library; built once per library, then only read.

    Args:

        library: The moves.

        nprobe: Cells of the inverted file that a query looks into, for large libraries; never
            fewer than `LEAST_CELLS` of them.

        use_gpu: Use a graphics processor if the search library was built for one.
    """

    library: Library
    nprobe: int = 1
    use_gpu: bool = False
    degraded: str | None = None
    """Why numpy searches instead of faiss."""
    difficulty: NDArray[np.int64] = field(init=False, repr=False)
    """Ranks, one per move; so the others."""
    energy: NDArray[np.int64] = field(init=False, repr=False)
    style: NDArray[np.str_] = field(init=False, repr=False)
    tempo: NDArray[np.float64] = field(init=False, repr=False)
    serving: Mask = field(init=False, repr=False)
    """Which moves have one of `SERVING_ROLES`."""
    _vectors: Floats = field(init=False, repr=False)
    _index: Any = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        moves = self.library.moves
        self.difficulty = np.array([move.difficulty.rank for move in moves], np.int64)
        self.energy = np.array([move.energy_level.rank for move in moves], np.int64)
        self.style = np.array([move.style.value for move in moves], np.str_)
        self.tempo = np.array([move.tempo for move in moves])
        self.serving = np.array([move.role in SERVING_ROLES for move in moves], bool)
        parts = (
            np.sqrt(WEIGHTS["pose"]) * self.library.pose,
            np.sqrt(WEIGHTS["audio"]) * self.library.audio,
            np.sqrt(WEIGHTS["text"]) * self.library.text,
        )
        self._vectors = np.ascontiguousarray(np.hstack(parts), dtype=np.float32)
        try:
            self._index = _faiss_index(self._vectors, self.use_gpu)
        except Exception as exc:  # noqa: BLE001 - whatever ails faiss, numpy can search
            self.degraded = f"vector search by numpy, since faiss failed: {exc}"

    def nearest(self, query: Floats, k: int, allowed: Mask) -> NDArray[np.int64]:
        """Return the indices of the nearest allowed moves, best first, equal ones by index.

        Args:

            query: Shape (n, 1024), from `query_vectors`.

            k: At most so many for each row.

            allowed: Shape (moves,): the metadata filter.

        Returns:

            Shape (n, min(k, allowed moves)).
        """
        k = min(k, int(allowed.sum()))
        if k == 0:
            return np.empty((len(query), 0), np.int64)
        if self._index is not None:
            try:
                return self._by_faiss(query, k, allowed)
            except Exception as exc:  # noqa: BLE001 - whatever ails faiss, numpy can search
                self.degraded = f"vector search by numpy, since faiss failed: {exc}"
        return self._by_numpy(query, k, allowed)

    def _by_faiss(self, query: Floats, k: int, allowed: Mask) -> NDArray[np.int64]:
        faiss = _faiss()
        bits = np.packbits(allowed, bitorder="little")
        selector = faiss.IDSelectorBitmap(len(allowed), faiss.swig_ptr(bits))
        exact = len(allowed) <= EXACT_UP_TO
        asked = min(k + SPARE_HITS, int(allowed.sum()))
        parameters = (
            faiss.SearchParameters(sel=selector)
            if exact
            else faiss.SearchParametersIVF(sel=selector, nprobe=self._probes())
        )
        _, hits = self._index.search(query, asked, params=parameters)
        found = np.empty((len(query), k), np.int64)
        for row, ids in enumerate(hits):
            ids = np.sort(ids[ids >= 0])
            scores = self._scores(query[row], ids)
            order = np.lexsort((ids, -scores))
            cut_in_a_tie = len(ids) < k or (
                exact and len(ids) < allowed.sum() and scores[order[-1]] == scores[order[k - 1]]
            )
            if cut_in_a_tie:
                found[row] = self._by_numpy(query[row : row + 1], k, allowed)[0]
            else:
                found[row] = ids[order[:k]]
        return found

    def _probes(self) -> int:
        return max(self.nprobe, round(LEAST_CELLS * _cells(len(self.library.moves))))

    def _by_numpy(self, query: Floats, k: int, allowed: Mask) -> NDArray[np.int64]:
        ids = np.flatnonzero(allowed)
        found = np.empty((len(query), k), np.int64)
        for row in range(len(query)):
            scores = self._scores(query[row], ids)
            found[row] = ids[np.lexsort((ids, -scores))[:k]]
        return found

    def _scores(self, query: Floats, ids: NDArray[np.int64]) -> NDArray[np.float64]:
        # Rounded, so that the last bits of two ways to sum do not decide an order.
        scores = (self._vectors[ids] @ query).astype(np.float64)
        return np.asarray(np.round(scores, 5), np.float64)


def _faiss() -> Any:
    # Its wheel's type hints know neither selectors nor clustering parameters.
    import faiss

    return faiss


def _cells(count: int) -> int:
    return int(np.sqrt(count))


def _faiss_index(vectors: Floats, use_gpu: bool) -> Any:
    faiss = _faiss()
    count, dimensions = vectors.shape
    flat = faiss.IndexFlatIP(dimensions)
    if count <= EXACT_UP_TO:
        index = flat
    else:
        index = faiss.IndexIVFFlat(flat, dimensions, _cells(count), faiss.METRIC_INNER_PRODUCT)
        index.cp.niter = TRAINING_ROUNDS
        index.cp.max_points_per_centroid = 64
        index.cp.seed = 1
        index.train(vectors)
    if use_gpu and hasattr(faiss, "StandardGpuResources"):
        index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)
    index.add(vectors)
    return index


def query_vectors(query: Query, slots: int) -> Floats:
    """Return the query of each slot, shape (slots, 1024).

    Parts that are not known are zero; the weights of the others keep their proportion.
    """
    audio = np.zeros((slots, AUDIO_DIMENSIONS), np.float32) if query.audio is None else query.audio
    text = np.zeros(TEXT_DIMENSIONS, np.float32) if query.text is None else query.text
    parts = (
        np.zeros((slots, POSE_DIMENSIONS), np.float32),
        np.sqrt(WEIGHTS["audio"]) * audio,
        np.sqrt(WEIGHTS["text"]) * np.broadcast_to(text, (slots, TEXT_DIMENSIONS)),
    )
    return np.ascontiguousarray(np.hstack(parts), dtype=np.float32)
