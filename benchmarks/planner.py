"""How fast and how right the planner's search is, and what a plan costs.

    python -m benchmarks.planner [--quick] [--library DIR]

Three tables. Search: the index that the planner would choose, against numpy on the same
vectors, and against ranking first and filtering afterwards. Plan: a four-minute song, in seconds
of the processor. Quality: the metrics of `docs/choreography.md` for the plan, beside random moves
on a fixed grid and the aim; with `--library` also for the moves and songs of that library.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.planning_material import (
    OTHER_PARTS,
    MemoryCatalogue,
    NoMedia,
    embed_moves,
    embed_words,
    make_moves,
    make_song,
)
from choreo.database.catalogue import EmbeddedMove, SqlCatalogue
from choreo.database.engine import engine_for
from choreo.song import Song
from choreo.task import GenerationRequest
from choreo.vectors.packing import from_base64
from planning.choreography import choreograph
from planning.model import Brief, Library, Span
from planning.pipeline import Tools, plan
from planning.search import (
    IndexCache,
    MoveIndex,
    Query,
    find_candidates,
    query_vectors,
)
from planning.slots import cut_into_slots

TOP_K = 20
QUERIES = 60
FAMILIES = 150
"""Kinds of move in the large libraries: takes of one kind lie close together."""

SPREAD = 0.7
"""Distance of a take from its kind, in lengths of the vector: cosine 0.67 between two takes."""


def clustered(draw: np.random.Generator, kinds: np.ndarray, dimensions: int) -> np.ndarray:
    centres = draw.standard_normal((FAMILIES, dimensions), dtype=np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    rows = draw.standard_normal((len(kinds), dimensions), dtype=np.float32)
    rows *= SPREAD / np.linalg.norm(rows, axis=1, keepdims=True)
    rows += centres[kinds]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def library_of(count: int) -> Library:
    draw = np.random.default_rng(count)
    kinds = draw.integers(0, FAMILIES, count)
    few = make_moves(2_000)
    return Library(
        moves=tuple(few[i % len(few)] for i in range(count)),
        pose=clustered(draw, kinds, 512),
        audio=clustered(draw, kinds, 128),
        text=clustered(draw, kinds, 384),
        version="benchmark",
    )


def milliseconds(
    calls: list[Callable[[], Any]], clock: Callable[[], float] = time.perf_counter
) -> float:
    times = []
    for call in calls:
        began = clock()
        call()
        times.append(1000 * (clock() - began))
    return statistics.median(times)


processor_milliseconds = partial(milliseconds, clock=time.process_time)


def recall(found: Iterable[np.ndarray], exact: np.ndarray) -> float:
    return float(
        np.mean([len(set(a) & set(b)) / max(1, len(b)) for a, b in zip(found, exact, strict=True)])
    )


def search_table(counts: list[int], nprobes: list[int]) -> None:
    print(f"search, top {TOP_K}, filter keeps 1 of 6, one query at a time (median ms)")
    print(f"{'moves':>8} {'index':<14} {'build s':>8} {'ms':>8} {'numpy ms':>9} {'recall':>7} "
          f"{'filter last':>11}")  # fmt: skip
    for count in counts:
        library = library_of(count)
        draw = np.random.default_rng(1)
        places = draw.integers(0, count, QUERIES)
        queries = np.vstack(
            [query_vectors(Query(library.audio[p : p + 1], library.text[p]), 1) for p in places]
        )
        allowed = draw.random(count) < 1 / 6
        for nprobe in nprobes if count > 50_000 else [1]:
            began = time.perf_counter()
            index = MoveIndex(library, nprobe=nprobe)
            built = time.perf_counter() - began
            singles = [queries[row : row + 1] for row in range(QUERIES)]
            fast = milliseconds([partial(index.nearest, one, TOP_K, allowed) for one in singles])
            slow = milliseconds(
                [partial(index._by_numpy, one, TOP_K, allowed) for one in singles[:8]]
            )
            exact = index._by_numpy(queries, TOP_K, allowed)
            right = recall(index.nearest(queries, TOP_K, allowed), exact)
            everything = index.nearest(queries, TOP_K, np.ones(count, bool))
            late = recall([row[allowed[row]] for row in everything], exact)
            name = f"cells, nprobe {nprobe}" if count > 50_000 else "exact"
            print(f"{count:8d} {name:<14} {built:8.1f} {fast:8.2f} {slow:9.2f} {right:7.3f} "
                  f"{late:11.3f}")  # fmt: skip
            del index


def plan_table() -> None:
    song = make_song(break_after=11)
    print(
        f"\nplan of a {song.duration:.0f} s song (processor ms, median of 7; library in memory; "
        "aim: at most 500 with 2000 moves)"
    )
    print(f"{'moves':>8} {'search':>8} {'sequence':>9} {'both':>8} {'whole plan':>11}")
    for count in (70, 500, 2_000):
        catalogue = MemoryCatalogue(embed_moves(make_moves(count)), [song])
        tools = Tools(catalogue, NoMedia(), IndexCache(catalogue, 3600), embed=embed_words)
        index, slots = tools.cache.index(), cut_into_slots(song, Span())
        music = from_base64(song.slot_vectors, 128)
        rows = music[[max(slot.eight, 0) for slot in slots.slots]]
        query = Query(rows, embed_words(["bachata"])[0])
        found = find_candidates(Brief(), slots, index, query, TOP_K)
        search = processor_milliseconds(
            [partial(find_candidates, Brief(), slots, index, query, TOP_K)] * 7
        )
        order = processor_milliseconds([partial(choreograph, Brief(), slots, found, 0)] * 7)
        request = GenerationRequest(song_id="song")
        whole = processor_milliseconds([partial(plan, request, tools, task_id="t")] * 7)
        print(f"{count:8d} {search:8.0f} {order:9.0f} {search + order:8.0f} {whole:11.0f}")


AIMS: Mapping[str, str] = {
    "cut_on_8_count": ">= 0.99",
    "in_clip_beat_agreement": ">= 0.95",
    "count_agreement": ">= 0.95",
    "retime_p95": "<= 0.06",
    "retime_max": "<= 0.10",
    "illegal_transitions": "0",
    "difficulty_above_request": "0",
    "immediate_repeats": "0",
    "repeats_within_4": "<= 0.05",
    "distinct": ">= 0.60",
    "energy_fit": ">= 0.60",
    "structure_echo": "> 0.10",
    "session_switches": "low",
    "coverage": ">= 0.98",
}
"""What `docs/choreography.md` aims at."""

TEMPI = (116.0, 126.0, 138.0)
OTHER_TEMPI = (119.0, 123.0, 131.0)
SEEDS = 3


def quality_table(name: str, library: list[EmbeddedMove], songs: list[Song]) -> None:
    catalogue = MemoryCatalogue(library, songs)
    tools = Tools(catalogue, NoMedia(), IndexCache(catalogue, 3600), embed=embed_words)
    reports = [
        plan(
            GenerationRequest(song_id=song.id, seed=seed), tools, task_id="t"
        ).blueprint.generation_parameters["quality"]
        for song in songs
        for seed in range(SEEDS)
    ]
    print(f"\nquality, {name}, {len(library)} moves, {len(reports)} plans")
    print(f"{'metric':<26} {'mean':>8} {'lowest':>8} {'highest':>8} {'random, 8 s grid':>17}  aim")
    for metric, aim in AIMS.items():
        ours = [report[metric] for report in reports if report[metric] is not None]
        base = [r["baseline"][metric] for r in reports if r["baseline"][metric] is not None]
        if not ours:
            continue
        ground = f"{statistics.mean(base):17.3f}" if base else f"{'-':>17}"
        print(f"{metric:<26} {statistics.mean(ours):8.3f} {min(ours):8.3f} {max(ours):8.3f} "
              f"{ground}  {aim}")  # fmt: skip


def quality_tables(folder: Path | None) -> None:
    long_songs = [
        make_song(song_id=f"song_{tempo:.0f}", tempo=tempo, drift=0.01, break_after=11)
        for tempo in TEMPI
    ]
    quality_table("four-minute songs", embed_moves(make_moves(70)), long_songs)
    if folder is not None:
        catalogue = SqlCatalogue(engine_for(f"sqlite:///{folder / 'choreo.db'}"))
        library = catalogue.embedded_moves()
        quality_table(f"songs of {folder.name}", library, catalogue.songs())
        quality_table(f"four-minute songs, moves of {folder.name}", library, long_songs)
        others = [
            make_song(song_id=f"other_{n}", tempo=tempo, drift=0.01, parts=OTHER_PARTS, seed=n)
            for n, tempo in enumerate(OTHER_TEMPI)
        ]
        quality_table(f"songs of another form, moves of {folder.name}", library, others)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="without the 100,000 moves")
    parser.add_argument("--library", type=Path, help="also measure this library's moves and songs")
    arguments = parser.parse_args()
    search_table([1_000, 10_000] if arguments.quick else [1_000, 10_000, 100_000], [1, 16])
    plan_table()
    quality_tables(arguments.library)


if __name__ == "__main__":
    main()
