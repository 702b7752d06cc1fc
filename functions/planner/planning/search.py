"""Slots × library → candidates: nearest moves by music, words and movement.

One inner-product index over the weighted concatenation of the moves' unit vectors. Metadata
filters act inside the search, so that the nearest moves that pass are found, not what passes
among the nearest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from choreo.errors import PlanImpossible
from choreo.move import AUDIO_DIMENSIONS, POSE_DIMENSIONS, TEXT_DIMENSIONS, Move
from choreo.vectors.packing import unpack
from choreo.vocabulary import EnergyLevel
from planning.model import (
    RETIME_LIMIT,
    Brief,
    Candidates,
    Catalogue,
    Library,
    Slots,
    is_kind,
    listed,
)

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

CHOICE = 3
"""Candidates per slot, at least, when the library has them: a sequence that must not repeat
itself needs more than the nearest few, which are often the same for every slot."""

DEPTH = 4
"""Times `top_k` hits are fetched at once, and used where the nearest are not choice enough."""

LEAST_CELLS = 1 / 64
"""Share of an inverted file's cells that a query looks into at least: one cell alone finds 83 %
of the nearest moves, five of 316 find all (`benchmarks/planner.py`)."""

SERVING_ROLES = ("intro", "outro", "hold", "connector")
"""What a sequence may need whatever the music is like; always candidates."""


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


EVERY_UP_TO = 4_000
"""Moves that are sequenced all at once, at most, where the nearest ones have no legal order."""


def find_candidates(
    brief: Brief,
    slots: Slots,
    index: MoveIndex,
    query: Query,
    top_k: int,
    *,
    kept: Collection[str] = (),
    every: bool = False,
    only_energy: EnergyLevel | None = None,
) -> Candidates:
    """Find the moves from which the sequence is made.

    What the request rules out never comes back: a higher difficulty, banned kinds, clips that
    would have to be played more than 10 % off their speed. A style, then an energy, is given up
    when too few moves are left for variety, and `relaxed` says so.

    Args:

        brief: What was asked for.

        slots: The song.

        index: The library.

        query: The song's music and the sentence.

        top_k: Nearest moves that each slot is searched for.

        kept: Ids of moves that are candidates in any case.

        every: Take all moves that the request allows, not only the nearest.

        only_energy: Look among moves of just this energy, while there are enough.

    Raises:

        PlanImpossible: If no move passes, naming the filter that left none.
    """
    library = index.library
    allowed = _hard_filters(brief, slots, index)
    style, energy, relaxed = _soft_filters(brief, index, allowed, min(top_k, len(slots.slots)))
    filtered = allowed & style & energy
    vectors = query_vectors(query, len(slots.slots))
    always = allowed & (index.serving | _of_kinds(library.moves, brief.wanted))
    if brief.style is not None and style.all():
        # Too few for all places, and so the first to be taken.
        always |= allowed & (index.style == brief.style.value)
    reach = 1
    if only_energy is not None:
        reach = 0
        exact = filtered & (index.energy == only_energy.rank)
        always |= exact & (exact.sum() < top_k)
    deep = DEPTH * top_k
    hits = np.full((len(vectors), deep), -1, np.int64)
    for (rank, tempo), members in _alike(brief, slots).items():
        there = filtered & _fits_tempo(index, tempo)
        mask = there & (np.abs(index.energy - rank) <= reach)
        found = index.nearest(vectors[members], deep, mask if mask.sum() >= top_k else there)
        hits[members, : found.shape[1]] = found
    wanted = min(int(filtered.sum()), CHOICE * len(slots.slots))
    for k in (top_k, deep):
        chosen = always.copy()
        chosen[hits[:, :k][hits[:, :k] >= 0]] = True
        if (chosen & filtered).sum() >= wanted:
            break
    else:
        # All slots like the same few: what is left is taken too, up to what suffices.
        rest = np.flatnonzero(filtered & ~chosen)
        chosen[rest[: wanted - int((chosen & filtered).sum())]] = True
    if every and allowed.sum() <= EVERY_UP_TO:
        chosen |= allowed
    if kept:
        chosen |= np.array([move.id in kept for move in library.moves], bool)
    ids = np.flatnonzero(chosen)
    known = query.audio is not None
    music = (
        np.asarray(query.audio @ library.audio[ids].T, np.float32)
        if known and query.audio is not None
        else np.zeros((len(slots.slots), len(ids)), np.float32)
    )
    text = (
        library.text[ids] @ query.text if query.text is not None else np.zeros(len(ids), np.float32)
    )
    return Candidates(
        moves=tuple(library.moves[i] for i in ids),
        pose=library.pose[ids],
        music=music,
        text=np.asarray(text, np.float32),
        relaxed=relaxed,
        degraded=index.degraded,
    )


def every_candidate(
    brief: Brief, slots: Slots, index: MoveIndex, reason: str, kept: Collection[str] = ()
) -> Candidates:
    """Return all moves that the request allows, unranked: what is left when search fails.

    Raises:

        PlanImpossible: As `find_candidates`.
    """
    moves = index.library.moves
    also = np.array([move.id in kept for move in moves], bool)
    ids = np.flatnonzero(_hard_filters(brief, slots, index) | also)
    return Candidates(
        moves=tuple(moves[i] for i in ids),
        pose=np.zeros((len(ids), POSE_DIMENSIONS), np.float32),
        music=np.zeros((len(slots.slots), len(ids)), np.float32),
        text=np.zeros(len(ids), np.float32),
        degraded=f"moves in the order of rules alone, since search failed: {reason}",
    )


def _of_kinds(moves: Sequence[Move], kinds: Sequence[str]) -> Mask:
    if not kinds:
        return np.zeros(len(moves), bool)
    return np.array([any(is_kind(move, kind) for kind in kinds) for move in moves], bool)


def _hard_filters(brief: Brief, slots: Slots, index: MoveIndex) -> Mask:
    moves = index.library.moves
    if not moves:
        raise PlanImpossible("the library has no move; add clips with `choreo ingest --moves DIR`")
    ceiling = brief.difficulty
    easy = np.ones(len(moves), bool) if ceiling is None else index.difficulty <= ceiling.rank
    if ceiling is not None and not easy.any():
        lowest = moves[int(index.difficulty.argmin())].difficulty
        raise PlanImpossible(
            f"no move of the library is {ceiling.value} or easier; the easiest of its "
            f"{len(moves)} moves is {lowest.value}"
        )
    permitted = ~_of_kinds(moves, brief.banned)
    if not (easy & permitted).any():
        raise PlanImpossible(
            f"no move is left without {listed(brief.banned)}: all {int(easy.sum())} moves of the "
            "right difficulty are of these kinds"
        )
    allowed: Mask = easy & permitted
    usable = np.zeros(len(moves), bool)
    for tempo in slots.tempi:
        fitting = allowed & _fits_tempo(index, tempo)
        if not fitting.any():
            left = index.tempo[allowed]
            raise PlanImpossible(
                f"the song runs at {tempo:.0f} BPM; the clips that the request allows were "
                f"danced at {left.min():.0f} to {left.max():.0f} BPM, and may be played at most "
                f"{100 * RETIME_LIMIT:.0f} % faster or slower: clips at "
                f"{tempo / (1 + RETIME_LIMIT):.0f} to {tempo / (1 - RETIME_LIMIT):.0f} "
                "BPM are missing"
            )
        usable |= fitting
    return usable


def _fits_tempo(index: MoveIndex, tempo: float) -> Mask:
    # A little room: the tempo of one slot differs from that of its song.
    fits: Mask = np.abs(tempo / index.tempo - 1) <= RETIME_LIMIT + 0.02
    return fits


def _soft_filters(
    brief: Brief, index: MoveIndex, allowed: Mask, enough: int
) -> tuple[Mask, Mask, tuple[str, ...]]:
    """Return the filters for style and energy, and which of them had to be given up."""
    every = np.ones(len(allowed), bool)
    style = every if brief.style is None else index.style == brief.style.value
    asked = brief.energy
    energy = every if asked is None else np.abs(index.energy - asked.rank) <= 1
    relaxed = []
    if brief.style is not None and (allowed & style & energy).sum() < enough:
        left = int((allowed & style).sum())
        relaxed.append(
            f"only {left} {brief.style.value} moves fit the song and the difficulty; the styles "
            "nearest to it fill in"
        )
        style = every
    if asked is not None and (allowed & style & energy).sum() < min(enough, allowed.sum()):
        left = int((allowed & energy).sum())
        relaxed.append(f"only {left} moves are near {asked.value} energy; others fill in")
        energy = every
    return style, energy, tuple(relaxed)


def _alike(brief: Brief, slots: Slots) -> dict[tuple[int, float], list[int]]:
    """Group the slots by the energy that the music has there, as a rank, and by tempo."""
    groups: dict[tuple[int, float], list[int]] = {}
    for number, slot in enumerate(slots.slots):
        rank = round(2 * slot.energy) if brief.energy is None else brief.energy.rank
        groups.setdefault((rank, slot.tempo), []).append(number)
    return groups
