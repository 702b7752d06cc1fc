"""Laws of the vector search and of the library that is kept in memory."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest
from machine import PATIENCE_SECONDS

from benchmarks.planning_material import (
    MemoryCatalogue,
    embed_moves,
    make_moves,
    make_song,
    unit_rows,
)
from planning.model import Brief, Library, Span
from planning.pipeline import _slot_music
from planning.search import (
    IndexCache,
    MoveIndex,
    Query,
    find_candidates,
    query_vectors,
    read_library,
)
from planning.slots import cut_into_slots


def library_of(count: int, seed: int = 0) -> Library:
    return read_library(MemoryCatalogue(embed_moves(make_moves(count, seed=seed), seed)))


def queries(count: int, seed: int = 3) -> np.ndarray:
    draw = np.random.default_rng(seed)
    query = Query(unit_rows(draw, count, 128), unit_rows(draw, 1, 384)[0])
    return query_vectors(query, count)


def without_faiss(library: Library, monkeypatch: pytest.MonkeyPatch) -> MoveIndex:
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "faiss", None)
        return MoveIndex(library)


@pytest.mark.parametrize("share", [0.01, 0.2, 1.0])
def test_numpy_finds_the_same_moves_in_the_same_order_as_faiss(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = library_of(700)
    allowed = np.random.default_rng(1).random(700) < share
    fast, plain = MoveIndex(library), without_faiss(library, monkeypatch)
    assert fast.degraded is None
    assert plain.degraded is not None
    for k in (1, 20, 200):
        assert np.array_equal(
            fast.nearest(queries(9), k, allowed), plain.nearest(queries(9), k, allowed)
        )


def test_equal_moves_come_in_the_order_of_their_index(monkeypatch: pytest.MonkeyPatch) -> None:
    library = library_of(60)
    same = Library(
        moves=library.moves,
        pose=np.repeat(library.pose[:1], 60, axis=0),
        audio=np.repeat(library.audio[:1], 60, axis=0),
        text=np.repeat(library.text[:1], 60, axis=0),
        version="same",
    )
    everything = np.ones(60, bool)
    for index in (MoveIndex(same), without_faiss(same, monkeypatch)):
        assert index.nearest(queries(2), 7, everything).tolist() == [list(range(7))] * 2


def test_the_filter_acts_before_the_ranking() -> None:
    library = library_of(400)
    index = MoveIndex(library)
    allowed = np.zeros(400, bool)
    allowed[[3, 77, 311]] = True
    assert set(index.nearest(queries(1), 20, allowed)[0].tolist()) == {3, 77, 311}
    assert index.nearest(queries(1), 20, np.zeros(400, bool)).shape == (1, 0)


def test_a_planted_neighbour_is_found_first() -> None:
    library = library_of(500)
    audio = library.audio.copy()
    wanted = unit_rows(np.random.default_rng(9), 1, 128)
    audio[123] = wanted[0]
    index = MoveIndex(Library(library.moves, library.pose, audio, library.text, "planted"))
    found = index.nearest(query_vectors(Query(audio=wanted), 1), 5, np.ones(500, bool))
    assert found[0, 0] == 123


def test_faiss_that_fails_in_the_middle_gives_way_to_numpy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = library_of(100)
    index = MoveIndex(library)
    expected = index.nearest(queries(3), 10, np.ones(100, bool))

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("index torn")

    monkeypatch.setattr(index, "_by_faiss", broken)
    assert np.array_equal(index.nearest(queries(3), 10, np.ones(100, bool)), expected)
    assert index.degraded is not None
    assert "index torn" in index.degraded


def test_a_large_library_is_searched_by_cells_with_high_recall(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("planning.search.index.EXACT_UP_TO", 1_500)
    draw = np.random.default_rng(4)
    library = library_of(2_000)
    centres = draw.integers(0, 30, 2_000)

    def clustered(dimensions: int) -> np.ndarray:
        rows = unit_rows(draw, 30, dimensions)[centres]
        rows = rows + 0.5 * unit_rows(draw, 2_000, dimensions)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    grouped = Library(library.moves, clustered(512), clustered(128), clustered(384), "grouped")
    index = MoveIndex(grouped, nprobe=1)
    places = draw.integers(0, 2_000, 20)
    query = np.vstack(
        [query_vectors(Query(grouped.audio[p : p + 1], grouped.text[p]), 1) for p in places]
    )
    allowed = np.ones(2_000, bool)
    found = index.nearest(query, 20, allowed)
    exact = index._by_numpy(query, 20, allowed)
    recall = np.mean([len(set(a) & set(b)) / 20 for a, b in zip(found, exact, strict=True)])
    assert index.degraded is None
    assert recall >= 0.9


def test_candidates_come_from_the_library_alone_and_hold_what_serves() -> None:
    song = make_song()
    slots = cut_into_slots(song, Span())
    index = MoveIndex(library_of(600))
    found = find_candidates(Brief(), slots, index, Query(_slot_music(song, slots)), 20)
    assert {move.role for move in found.moves} >= {"intro", "outro", "hold"}
    assert found.music.shape == (len(slots.slots), len(found.moves))
    assert len({move.id for move in found.moves}) == len(found.moves)


# The library in memory.


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_library_is_read_once_until_it_is_too_old_or_changed() -> None:
    catalogue = MemoryCatalogue(embed_moves(make_moves(5)))
    clock = Clock()
    cache = IndexCache(catalogue, 3600, clock=clock)
    first = cache.index()
    assert cache.index() is first
    clock.now = 3599
    assert cache.index() is first
    clock.now = 3601
    assert cache.index() is not first
    assert catalogue.reads == 2
    catalogue.library = embed_moves(make_moves(6))
    assert len(cache.index().library.moves) == 6
    assert catalogue.reads == 3


def test_readers_are_not_held_up_while_the_library_is_read_anew() -> None:
    started, released = threading.Event(), threading.Event()

    class Slow(MemoryCatalogue):
        def embedded_moves(self) -> list:  # type: ignore[type-arg]
            if self.reads:
                started.set()
                released.wait(PATIENCE_SECONDS)
            return super().embedded_moves()

    catalogue = Slow(embed_moves(make_moves(5)))
    cache = IndexCache(catalogue, 3600)
    old = cache.index()
    catalogue.stamp += 1
    reader = threading.Thread(target=cache.index)
    reader.start()
    assert started.wait(PATIENCE_SECONDS)
    assert cache.index() is old
    released.set()
    reader.join(10)
    assert cache.index() is not old
    assert catalogue.reads == 2


def test_threads_that_come_first_read_the_library_once() -> None:
    catalogue = MemoryCatalogue(embed_moves(make_moves(5)))
    cache = IndexCache(catalogue, 3600)
    found: list[MoveIndex] = []
    threads = [threading.Thread(target=lambda: found.append(cache.index())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 8
    assert catalogue.reads == 1
