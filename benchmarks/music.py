"""How well the music analysis finds what was played, beside librosa and a fixed grid.

Run with `python -m benchmarks.music [--quick]`; about 15 minutes of CPU, 3 with `--quick`. Songs
are synthesised with exact truth: tempi 100 to 150, plain and with drift, breaks, an off-beat
güira, a noisy room, a free intro, missing instruments, a loud voice, a loose band, chords that
come early or stay two bars, a walking bass, a large hall, clipping and a poor file, each with its
own instruments, room, key, swing, form and loudness. A second band, of recorded instruments, plays
where FluidSynth and a SoundFont are on the machine (see `benchmarks.sampled_band`).

Columns (beats and 1s match within 70 ms, one to one; means over songs):
  beat           F1 of beats
  down, right 1  F1 of downbeats (counts 1 and 5), and share of the true 1s that are found; both
                 over songs that do not abstain
  all            the latter over all songs
  abstain        share of songs with confidence below 0.5
  off-beat       share of songs whose beats lie, in the median, over 0.3 beats away
  tempo          median and 95th percentile of the relative error, in percent
  bounds         F1 of section boundaries within one bar
  energy         Spearman's rho, over beats, between the energy of the section found and what was
                 meant: break 0.1, intro and outro 0.3, bridge 0.4, verse 0.5, chorus 0.7, mambo 1
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks import sampled_band, soundfont
from choreo.music import analyse
from choreo.song import Section
from choreo.vocabulary import RhythmMode, SectionLabel
from local_emulators.demo_library.instruments import SAMPLE_RATE
from local_emulators.demo_library.songs import write_audio
from local_emulators.demo_library.synthesiser import Part, SongSpec, Truth, synthesise

TOLERANCE = 0.07
MEANT = {
    "break": 0.1,
    "intro": 0.3,
    "outro": 0.3,
    "bridge": 0.4,
    "verse": 0.5,
    "chorus": 0.7,
    "mambo": 1.0,
}
TEMPI = (100, 125, 150)
QUICK_TEMPI = (104, 127, 148)
SEEDS = (1, 2, 3)
SAMPLED_SEEDS = (100, 124)
"""First seed of the band of recorded instruments, and the one after its last."""
QUICK_SAMPLED = 4
"""So many of its songs with `--quick`."""

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
    sections: Sequence[Section]
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
        analysis.sections,
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
    return Answer(beats, beats[::4], beats[::8], (), float(np.ravel(tempo)[0]), False, cpu)


def eight_second_grid(path: Path) -> Answer:
    """A fixed grid: a cut every 8 seconds, which is what "each move 8 seconds" means."""
    import av

    with av.open(str(path)) as box:
        duration = float(box.duration or 0) / 1e6
    grid = [float(cut) for cut in np.arange(0, duration, 8.0)]
    cuts = [
        Section(
            start=a, end=b, label=SectionLabel.VERSE, energy=0.5, rhythm_mode=RhythmMode.DERECHO
        )
        for a, b in itertools.pairwise([*grid, duration + 8.0])
    ]
    return Answer(grid, grid, grid, cuts, 0.0, False, 0.0)


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
    energy: float
    cpu: float
    modes: dict[tuple[str, str], int]
    """Beats by rhythm mode played and found."""


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
    answered = [section.start for section in answer.sections][1:]
    energy, modes = _character(truth, answer)
    return Score(
        beat=f1(truth.beats, answer.beats),
        down=f1(truth.downbeats, answer.downbeats),
        ones=matches(truth.eight_counts, answer.eights) / len(truth.eight_counts),
        abstains=answer.abstains,
        offbeat=offbeat,
        tempo=abs(answer.tempo - truth.tempo) / truth.tempo,
        bounds=f1(bounds, answered, 4 * 60.0 / truth.tempo),
        energy=energy,
        cpu=answer.cpu,
        modes=modes,
    )


def _character(truth: Truth, answer: Answer) -> tuple[float, dict[tuple[str, str], int]]:
    """Return how energy follows what was meant, and beats by rhythm mode played and found."""
    meant: list[float] = []
    found: list[float] = []
    modes: Counter[tuple[str, str]] = Counter()
    for beat in truth.beats:
        played = next((s for s in truth.sections if s.start <= beat < s.end), None)
        heard = next((s for s in answer.sections if s.start <= beat < s.end), None)
        if played is None or heard is None:
            continue
        meant.append(MEANT[played.label])
        found.append(heard.energy)
        if played.label not in ("break", "intro"):
            # In a break nobody plays, and introductions may leave the güira out.
            modes[played.rhythm_mode, heard.rhythm_mode.value] += 1
    if len(set(meant)) < 2 or len(set(found)) < 2:
        return 0.0, dict(modes)
    return float(np.corrcoef(_ranks(meant), _ranks(found))[0, 1]), dict(modes)


def _ranks(values: Sequence[float]) -> np.ndarray:
    """Return ranks, equal values sharing the middle of theirs."""
    ordered = np.sort(values)
    low, high = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return np.asarray(0.5 * (low + high))


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


def run_sampled(seed: int) -> dict[str, Score]:
    """Let the band of recorded instruments play one song, and every method answer."""
    song = sampled_band.compose(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = sampled_band.write(Path(folder), song)
        return {name: scored(song.truth, method(path)) for name, method in METHODS.items()}


def row(name: str, scores: Sequence[Score]) -> str:
    """Return one line of the table."""
    sure = [score for score in scores if not score.abstains]
    tempo = np.array([score.tempo for score in scores])
    down = f"{np.mean([s.down for s in sure]):6.3f}" if sure else "     –"
    right = f"{np.mean([s.ones for s in sure]):7.3f}" if sure else "      –"
    return (
        f"{name:28} {np.mean([s.beat for s in scores]):6.3f} {down} {right}"
        f" {np.mean([s.ones for s in scores]):6.3f}"
        f" {np.mean([s.abstains for s in scores]):7.2f}"
        f" {np.mean([s.offbeat for s in scores]):8.2f}"
        f" {100 * np.median(tempo):6.2f} {100 * np.percentile(tempo, 95):6.2f}"
        f" {np.mean([s.bounds for s in scores]):6.3f}"
        f" {np.mean([s.energy for s in scores]):6.2f} {np.mean([s.cpu for s in scores]):6.2f}"
    )


HEAD = (
    f"{'':28} {'beat':>6} {'down':>6} {'right 1':>7} {'all':>6} {'abstain':>7} {'off-beat':>8}"
    f" {'tempo':>6} {'p95 %':>6} {'bounds':>6} {'energy':>6} {'CPU s':>6}"
)

NO_GUIRA = "strings only"


def goals(scores: Sequence[Score]) -> list[str]:
    """Return one line for each goal: what, reached, and what is asked for."""
    sure = [score for score in scores if not score.abstains]
    tempo = 100 * np.array([score.tempo for score in scores])
    lines = [
        ("beat F1", float(np.mean([s.beat for s in scores])), ">=", 0.98),
        ("downbeat F1, or abstains", float(np.mean([s.down for s in sure])), ">=", 0.95),
        ("right 1 of the eight, or abstains", float(np.mean([s.ones for s in sure])), ">=", 0.90),
        ("share of songs that abstain", 1 - len(sure) / len(scores), "<=", 0.15),
        ("off-beat lock, share of songs", float(np.mean([s.offbeat for s in scores])), "<=", 0.01),
        ("tempo error, median, %", float(np.median(tempo)), "<=", 0.1),
        ("tempo error, 95th percentile, %", float(np.percentile(tempo, 95)), "<=", 0.3),
        ("section boundary F1 (1 bar)", float(np.mean([s.bounds for s in scores])), ">=", 0.8),
    ]
    return [_goal(*line) for line in lines]


def _goal(name: str, value: float, sign: str, asked: float, unit: str = "") -> str:
    met = value >= asked if sign == ">=" else value <= asked
    return f"{name:36} {value:8.3f} {sign} {asked:g}{unit}  {'yes' if met else 'NO'}"


def confusion(scores: Sequence[Score]) -> list[str]:
    """Return the rhythm mode found (columns) for each that was played, as shares of beats."""
    names = [mode.value for mode in RhythmMode]
    total: Counter[tuple[str, str]] = Counter()
    for score in scores:
        total.update(score.modes)
    lines = [f"{'played':12}" + "".join(f"{name:>9}" for name in names)]
    for played in names:
        beats = max(sum(total[played, name] for name in names), 1)
        shares = "".join(f"{total[played, name] / beats:9.2f}" for name in names)
        lines.append(f"{played:12}{shares}")
    return lines


COLD_RUN = """
import resource, sys
from pathlib import Path
from choreo.music import analyse

analyse(Path(sys.argv[1]))
use = resource.getrusage(resource.RUSAGE_SELF)
peak = use.ru_maxrss
status = Path("/proc/self/status")
if status.exists():
    # Linux hands the parent's peak on in ru_maxrss; this one starts with the program.
    peak = next(int(x.split()[1]) for x in status.read_text().splitlines() if "VmHWM" in x)
print(use.ru_utime + use.ru_stime, peak / 1024)
"""


def cold_runs(folder: Path) -> list[str]:
    """Return CPU seconds and peak memory of a process that analyses one song, of 233 s and 20 min.

    The second is the first played five times: what counts is that memory stays bounded.
    """
    form = (*FORMS[3], *FORMS[0], *FORMS[4])
    spec = replace(varied(128.0, 7, "cold"), parts=form, free_intro=0.0)
    audio, _ = synthesise(spec, 7)
    one = np.resize(audio.mean(axis=0), (1, 233 * SAMPLE_RATE)).astype(np.float32)
    lines = []
    for name, times in (("233 s", 1), ("20 min", 5)):
        path = folder / "long.mp3"
        write_audio(path, np.tile(one, (1, times)), bit_rate=128_000)
        told = subprocess.run(
            [sys.executable, "-c", COLD_RUN, str(path)], check=True, capture_output=True, text=True
        )
        cpu, memory = map(float, told.stdout.split())
        lines.append(_goal(f"cold process, {name}, CPU s", cpu, "<=", 12.0 if times == 1 else 60.0))
        lines.append(_goal(f"cold process, {name}, peak MB", memory, "<=", 512.0))
    return lines


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
    parser.add_argument(
        "--sampled", type=int, nargs=2, default=SAMPLED_SEEDS, help="the recorded band's seeds"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    options = parser.parse_args(arguments)
    tempi = QUICK_TEMPI if options.quick else options.tempi
    seeds = options.seeds[:1] if options.quick else options.seeds
    jobs = [(c, float(t), s) for c in CONDITIONS for t in tempi for s in seeds]
    results: dict[str, dict[str, list[Score]]] = {}
    chosen = f"tempi {', '.join(map(str, tempi))}, seeds {', '.join(map(str, seeds))}"
    print(f"{len(jobs)} songs, {chosen}\n\n{HEAD}")
    of_condition = len(jobs) // len(CONDITIONS)
    with _compiled_librosa(), ProcessPoolExecutor(options.jobs) as pool:
        for done, (job, scores) in enumerate(zip(jobs, pool.map(run_song, jobs), strict=True), 1):
            for method, score in scores.items():
                results.setdefault(method, {}).setdefault(job[0], []).append(score)
            if done % of_condition == 0:
                print(row(f"choreo · {job[0]}", results["choreo"][job[0]]), flush=True)
            elif sys.stderr.isatty():
                print(f"\r{done}/{len(jobs)} songs\r", end="", file=sys.stderr, flush=True)
        chosen_seeds = range(*options.sampled)[: QUICK_SAMPLED if options.quick else None]
        lacking = soundfont.missing()
        sampled = [] if lacking else list(pool.map(run_sampled, chosen_seeds))
    print()
    for method, by_condition in results.items():
        print(row(f"{method} · all", [s for group in by_condition.values() for s in group]))
    everything = [s for group in results["choreo"].values() for s in group]
    print()
    if lacking:
        print(f"not played: the band of recorded instruments, which needs {lacking}")
    for method in METHODS if sampled else ():
        print(row(f"{method} · recorded band", [scores[method] for scores in sampled]))
    print("\nRhythm mode, share of beats\n")
    with_guira = [s for name, group in results["choreo"].items() if name != NO_GUIRA for s in group]
    print("\n".join(confusion(with_guira)))
    print("\nGoals\n")
    print("\n".join(goals(everything)))
    with tempfile.TemporaryDirectory() as folder:
        print("\n".join(cold_runs(Path(folder))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
