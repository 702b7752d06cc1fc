"""Songs with exact truth, each made once for all music tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from music_truth import SHORT_FORM, Band, Played

from choreo.music.analysis import analyse_samples
from choreo.music.decoding import decode
from choreo.music.spectrum import RATE
from local_emulators.demo_library.songs import write_audio
from local_emulators.demo_library.synthesiser import SongSpec, synthesise


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Band:
    """Return a function that plays a song with the given changes and analyses it."""
    folder = tmp_path_factory.mktemp("songs")
    made: dict[str, Played] = {}

    def play(seed: int = 3, suffix: str = ".wav", **changes: object) -> Played:
        key = repr((seed, suffix, sorted(changes.items(), key=repr)))
        if key not in made:
            spec = replace(SongSpec(tempo=131.3, parts=SHORT_FORM), **changes)  # type: ignore[arg-type]  # the tests' own fields
            audio, truth = synthesise(spec, seed)
            path = folder / f"song_{len(made)}{suffix}"
            write_audio(path, audio)
            made[key] = Played(path, truth, analyse_samples(decode(path, RATE).samples))
        return made[key]

    return play


@pytest.fixture(scope="session")
def wav_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that writes float samples of any rate into a WAV file, NaN included."""
    folder = tmp_path_factory.mktemp("wavs")
    count = 0

    def write(samples: np.ndarray, rate: int = RATE, name: str = "") -> Path:
        nonlocal count
        count += 1
        body = samples.astype("<f4").tobytes()
        header = b"RIFF" + (36 + len(body)).to_bytes(4, "little") + b"WAVEfmt "
        header += (16).to_bytes(4, "little") + (3).to_bytes(2, "little") + (1).to_bytes(2, "little")
        header += rate.to_bytes(4, "little") + (4 * rate).to_bytes(4, "little")
        header += (4).to_bytes(2, "little") + (32).to_bytes(2, "little")
        path = folder / (name or f"sound_{count}.wav")
        path.write_bytes(header + b"data" + len(body).to_bytes(4, "little") + body)
        return path

    return write
