"""How well the music analysis finds what was played, beside librosa and a fixed grid.

Run with `python -m benchmarks.music [--quick]`. Songs are synthesised with exact truth: tempi
100 to 150, plain and with drift, breaks, an off-beat güira, noise, a free intro, missing
instruments, a loud voice, a live band, a large hall, clipping and a poor file, each with its own
instruments, room, key, swing and loudness.

Columns (beats and 1s match within 70 ms, one to one; means over songs):
  beat, down     F1 of beats and of downbeats (counts 1 and 5)
  right 1        share of the true 1s that are found, over songs that do not abstain
  abstain        share of songs with confidence below 0.5
  off-beat       share of songs whose beats lie, in the median, over 0.3 beats away
  tempo          median and 95th percentile of the relative error, in percent
  bounds         F1 of section boundaries within one bar
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from choreo.music import analyse
from local_emulators.demo_library.songs import write_audio
from local_emulators.demo_library.synthesiser import Part, SongSpec, Truth, synthesise

TOLERANCE = 0.07
TEMPI = (100, 125, 150)
QUICK_TEMPI = (104, 127, 148)
SEEDS = (1, 2, 3)

FORMS: tuple[tuple[Part, ...], ...] = (
    (
        Part("intro", 2),
        Part("verse", 4),
        Part("chorus", 4, "majao"),
        Part("verse", 4),
        Part("mambo", 4, "mambo"),
        Part("outro", 2, "majao"),
    ),
    (
        Part("intro", 4),
        Part("verse", 6),
        Part("chorus", 4, "majao"),
        Part("mambo", 4, "mambo"),
        Part("chorus", 4, "majao"),
    ),
    (
        Part("mambo", 4, "mambo"),
        Part("verse", 8),
        Part("chorus", 4, "majao"),
        Part("mambo", 2, "mambo"),
        Part("outro", 4),
    ),
    (
        Part("intro", 3),
        Part("verse", 4),
        Part("chorus", 4, "majao"),
        Part("bridge", 2),
        Part("mambo", 6, "mambo"),
        Part("chorus", 4, "majao"),
        Part("outro", 1),
    ),
    (
        Part("verse", 4),
        Part("chorus", 4, "majao"),
        Part("mambo", 2, "mambo"),
        Part("verse", 4),
        Part("chorus", 4, "majao"),
        Part("mambo", 4, "mambo"),
    ),
)
PLAYERS = ("guira", "bongo", "bass", "guitar", "requinto", "lead", "pad")
PROGRESSIONS = (
    (0, 5, 2, 6), (0, 3, 4, 0), (0, 6, 5, 4), (0, 3, 0, 4), (5, 3, 0, 4), (0, 4), (3, 4, 0, 0),
)  # fmt: skip
BASSES = ("1-2&-3-4", "1-3-4", "1-3-4-4&", "1-4", "1-2-3-4")


def varied(tempo: float, seed: int, condition: str = "") -> SongSpec:
    """Return a song in which everything that a band may choose differs with the arguments."""
    rng = np.random.default_rng([seed, int(tempo), *condition.encode()])
    levels = {name: float(10 ** (rng.uniform(-5, 4) / 20)) for name in PLAYERS}
    return SongSpec(
        tempo=tempo + float(rng.uniform(-1.5, 1.5)),
        tonic=int(rng.integers(50, 62)),
        minor=bool(rng.random() < 0.65),
        chords=PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))],
        bars_per_chord=int(rng.choice([1, 1, 2, 2])),
        turnaround=bool(rng.random() < 0.3),
        anticipation=float(rng.choice([0.0, 0.0, 0.25, 0.5])),
        parts=FORMS[int(rng.integers(len(FORMS)))],
        drift=0.002,
        swing=float(rng.uniform(0.0, 0.12)),
        humanise=float(rng.uniform(0.003, 0.010)),
        looseness=float(rng.uniform(0.0, 0.006)),
        lags={name: float(rng.normal(0.0, 0.005)) for name in PLAYERS},
        levels=levels,
        bass_pattern=str(rng.choice(BASSES)),
        bass_variation=float(rng.uniform(0.0, 0.4)),
        martillo_low=float(rng.uniform(0.35, 1.2)),
        melisma=bool(rng.random() < 0.6),
        dynamics=float(rng.uniform(0.0, 4.0)),
        sparse_intro=bool(rng.random() < 0.4),
        room=float(rng.uniform(0.05, 0.4)),
        room_seconds=float(rng.uniform(0.5, 2.0)),
        drive=float(rng.uniform(1.0, 2.5)),
        loudness=float(rng.uniform(-14, 1.5)),
        noise=float(10 ** (rng.uniform(-70, -50) / 20)),
        lead_in=float(rng.uniform(0.0, 1.5)),
        tuning=float(rng.uniform(-0.4, 0.4)),
    )


def _with_break(spec: SongSpec) -> SongSpec:
    parts = list(spec.parts)
    parts[1] = replace(parts[1], break_counts=4)
    parts[3] = replace(parts[3], break_counts=8 if spec.tempo > 125 else 4)
    return replace(spec, parts=tuple(parts))


POOR_FILE = "mp3, mono, 32 kbit/s"


def _louder(spec: SongSpec, **levels: float) -> SongSpec:
    return replace(spec, levels={**spec.levels, **levels})


CONDITIONS: dict[str, Callable[[SongSpec], SongSpec]] = {
    "plain": lambda spec: spec,
    "drift 3 %": lambda spec: replace(spec, drift=0.03),
    "breaks": _with_break,
    "off-beat güira": lambda spec: replace(_louder(spec, guira=2.0), offbeat_guira=True),
    "noisy room": lambda spec: replace(spec, noise=0.02, crowd=0.025, loudness=-3.0),
    "free intro, fade": lambda spec: replace(spec, free_intro=6.0, fade_out=8.0),
    "no bongo": lambda spec: _louder(spec, bongo=0.0),
    "no bass": lambda spec: _louder(spec, bass=0.0),
    "strings only": lambda spec: _louder(spec, bongo=0.0, guira=0.0),
    "voice in front": lambda spec: replace(
        _louder(spec, lead=3.5, guira=0.5, bongo=0.5), melisma=True
    ),
    "loose band": lambda spec: replace(
        spec,
        drift=0.025,
        swing=0.16,
        humanise=0.014,
        looseness=0.014,
        lags={"bass": 0.015, "guira": -0.01, "lead": 0.03, "guitar": 0.01},
        noise=0.01,
        loudness=-4.0,
    ),
    "early chords": lambda spec: replace(spec, anticipation=0.9),
    "chords of two bars": lambda spec: replace(
        spec, bars_per_chord=2, anticipation=0.5, turnaround=True
    ),
    "walking bass": lambda spec: replace(spec, bass_pattern="1-2-3-4", martillo_low=0.3),
    "large hall": lambda spec: replace(spec, room=0.5, room_seconds=2.6),
    "clipped": lambda spec: replace(spec, loudness=7.0),
    POOR_FILE: lambda spec: spec,
}


@dataclass(frozen=True)
class Answer:
    """What a method says about a song."""

    beats: Sequence[float]
    downbeats: Sequence[float]
    eights: Sequence[float]
    bounds: Sequence[float]
    tempo: float
    abstains: bool
    cpu: float


def f1(truth: Sequence[float], found: Sequence[float], tolerance: float = TOLERANCE) -> float:
    """Return the F1 of a one-to-one match within `tolerance` seconds."""
    hits = matches(truth, found, tolerance)
    return 2 * hits / max(len(truth) + len(found), 1)


def matches(truth: Sequence[float], found: Sequence[float], tolerance: float = TOLERANCE) -> int:
    """Return how many of two ascending sequences pair up."""
    hits = i = j = 0
    while i < len(truth) and j < len(found):
        if abs(truth[i] - found[j]) <= tolerance:
            hits, i, j = hits + 1, i + 1, j + 1
        elif truth[i] < found[j]:
            i += 1
        else:
            j += 1
    return hits


def ours(path: Path) -> Answer:
    start = time.process_time()
    analysis = analyse(path)
    return Answer(
        analysis.beats,
        analysis.downbeats,
        analysis.eight_counts,
        [section.start for section in analysis.sections][1:],
        analysis.tempo,
        analysis.confidence < 0.5,
        time.process_time() - start,
    )


def librosa_alone(path: Path) -> Answer:
    """librosa's beat tracker, every fourth beat called a downbeat, every eighth a 1."""
    import librosa

    start = time.process_time()
    samples, rate = librosa.load(path, sr=22_050)
    tempo, found = librosa.beat.beat_track(y=samples, sr=rate, units="time")
    beats = [float(beat) for beat in found]
    cpu = time.process_time() - start
    return Answer(beats, beats[::4], beats[::8], [], float(np.ravel(tempo)[0]), False, cpu)


def eight_second_grid(path: Path) -> Answer:
    """A fixed grid: a cut every 8 seconds, which is what "each move 8 seconds" means."""
    import av

    with av.open(str(path)) as box:
        duration = float(box.duration or 0) / 1e6
    grid = [float(cut) for cut in np.arange(0, duration, 8.0)]
    return Answer(grid, grid, grid, grid[1:], 0.0, False, 0.0)


METHODS: dict[str, Callable[[Path], Answer]] = {
    "choreo": ours,
    "librosa": librosa_alone,
    "8 s grid": eight_second_grid,
}


@dataclass(frozen=True)
class Score:
    """One method on one song."""

    beat: float
    down: float
    ones: float
    abstains: bool
    offbeat: bool
    tempo: float
    bounds: float
    cpu: float


def scored(truth: Truth, answer: Answer) -> Score:
    beats = np.array(truth.beats)
    found = np.array(answer.beats)
    offbeat = False
    if len(found) > 1:
        period = 60.0 / truth.tempo
        inner = found[(found >= beats[0]) & (found <= beats[-1])]
        away = [float(np.abs(beats - beat).min()) / period for beat in inner]
        offbeat = bool(away) and float(np.median(away)) > 0.3
    bounds = [section.start for section in truth.sections][1:]
    return Score(
        beat=f1(truth.beats, answer.beats),
        down=f1(truth.downbeats, answer.downbeats),
        ones=matches(truth.eight_counts, answer.eights) / len(truth.eight_counts),
        abstains=answer.abstains,
        offbeat=offbeat,
        tempo=abs(answer.tempo - truth.tempo) / truth.tempo,
        bounds=f1(bounds, answer.bounds, 4 * 60.0 / truth.tempo),
        cpu=answer.cpu,
    )


def write_song(folder: Path, audio: np.ndarray, condition: str) -> Path:
    """Write a song as the condition wants it: CD quality, or a file that was passed around."""
    if condition == POOR_FILE:
        path = folder / "song.mp3"
        write_audio(path, audio.mean(axis=0, keepdims=True), bit_rate=32_000)
    else:
        path = folder / "song.wav"
        write_audio(path, audio)
    return path


def run_song(job: tuple[str, float, int]) -> dict[str, Score]:
    """Synthesise one song and let every method answer."""
    condition, tempo, seed = job
    audio, truth = synthesise(CONDITIONS[condition](varied(tempo, seed, condition)), seed)
    with tempfile.TemporaryDirectory() as folder:
        path = write_song(Path(folder), audio, condition)
        return {name: scored(truth, method(path)) for name, method in METHODS.items()}


def row(name: str, scores: Sequence[Score]) -> str:
    """Return one line of the table."""
    sure = [score.ones for score in scores if not score.abstains]
    tempo = np.array([score.tempo for score in scores])
    right = f"{np.mean(sure):7.3f}" if sure else "      –"
    return (
        f"{name:28} {np.mean([s.beat for s in scores]):6.3f}"
        f" {np.mean([s.down for s in scores]):6.3f}"
        f" {right} {np.mean([s.abstains for s in scores]):7.2f}"
        f" {np.mean([s.offbeat for s in scores]):8.2f}"
        f" {100 * np.median(tempo):6.2f} {100 * np.percentile(tempo, 95):6.2f}"
        f" {np.mean([s.bounds for s in scores]):6.3f} {np.mean([s.cpu for s in scores]):6.2f}"
    )


HEAD = (
    f"{'':28} {'beat':>6} {'down':>6} {'right 1':>7} {'abstain':>7} {'off-beat':>8}"
    f" {'tempo':>6} {'p95 %':>6} {'bounds':>6} {'CPU s':>6}"
)


@contextmanager
def _compiled_librosa() -> Iterator[None]:
    """Compile librosa once into a folder of this run.

    Processes that compile into one shared cache at once can spoil it, and then crash.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NUMBA_CACHE_DIR"] = folder
        path = Path(folder) / "warm.wav"
        write_audio(path, np.random.default_rng(1).normal(size=(1, 220_500)) * 0.1)
        with ProcessPoolExecutor(1) as single:
            single.submit(librosa_alone, path).result()
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; the exit code is 0 whatever they say."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one seed, three tempi")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--tempi", type=int, nargs="+", default=TEMPI)
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    options = parser.parse_args(arguments)
    tempi = QUICK_TEMPI if options.quick else options.tempi
    seeds = options.seeds[:1] if options.quick else options.seeds
    jobs = [(c, float(t), s) for c in CONDITIONS for t in tempi for s in seeds]
    results: dict[str, dict[str, list[Score]]] = {}
    with _compiled_librosa(), ProcessPoolExecutor(options.jobs) as pool:
        for done, (job, scores) in enumerate(zip(jobs, pool.map(run_song, jobs), strict=True), 1):
            for method, score in scores.items():
                results.setdefault(method, {}).setdefault(job[0], []).append(score)
            if sys.stderr.isatty():
                print(f"\r{done}/{len(jobs)} songs", end="", file=sys.stderr, flush=True)
    chosen = f"tempi {', '.join(map(str, tempi))}, seeds {', '.join(map(str, seeds))}"
    print(f"{len(jobs)} songs, {chosen}\n")
    print(HEAD)
    for condition, scores_of in results["choreo"].items():
        print(row(f"choreo · {condition}", scores_of))
    print()
    for method, by_condition in results.items():
        print(row(f"{method} · all", [s for group in by_condition.values() for s in group]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
