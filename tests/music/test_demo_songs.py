"""The songs of the demo library."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest

from benchmarks.music import f1
from choreo.music import analyse
from local_emulators.demo_library.songs import make_songs


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[tuple[int, int]]]:
    steps: list[tuple[int, int]] = []
    paths = make_songs(tmp_path_factory.mktemp("demo"), lambda done, of: steps.append((done, of)))
    return paths, steps


Made = tuple[list[Path], list[tuple[int, int]]]


def test_three_songs_are_made_with_progress_titles_and_truth(songs: Made) -> None:
    paths, steps = songs
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)]
    for path in paths:
        with av.open(str(path)) as box:
            assert box.metadata["artist"] == "Choreo Demo Band"
            assert box.metadata["title"]
        truth = json.loads(path.with_suffix(".truth.json").read_text(encoding="utf-8"))
        assert 60 <= truth["duration"] <= 80
        assert set(truth["eight_counts"]) <= set(truth["downbeats"]) <= set(truth["beats"])


def test_the_analysis_agrees_with_the_truth_of_the_demo_songs(songs: Made) -> None:
    tempi = []
    for path in songs[0]:
        truth = json.loads(path.with_suffix(".truth.json").read_text(encoding="utf-8"))
        analysis = analyse(path)
        tempi.append(analysis.tempo)
        assert f1(truth["beats"], analysis.beats) >= 0.98
        assert f1(truth["eight_counts"], analysis.eight_counts) >= 0.98
        assert analysis.count_resets == pytest.approx(truth["count_resets"], abs=0.07)
        assert analysis.confidence >= 0.5
    assert max(tempi) - min(tempi) > 10
