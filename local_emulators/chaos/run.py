"""Run many tasks through the local stack while its parts fail; prove that nothing is lost.

python -m local_emulators.chaos.run --seeds 20 --tasks 200

Each seed is a stack of its own with real processes. Planner, request handler, jobs service,
render jobs, queue and database are killed, paused and started again; messages come twice,
late, out of order or not at all; jobs are started twice; callers cancel and ask twice. At the
end every task must have ended for a reason that is known, every completed one must have
exactly the video of its blueprint, and nothing else may be left. Seeds take turns between
SQLite and PostgreSQL, where that is installed.
"""

import argparse
import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from local_emulators import postgres
from local_emulators.chaos.material import make_library
from local_emulators.chaos.seed import Outcome, run_seed
from local_emulators.chaos.verdict import References, Verdict

TOGETHER = 3
"""Seeds at once: one works while others wait for what is paused."""

RESUME_SECONDS = 30.0
"""A killed planner's task must be taken up within this after its lease has ended."""


@dataclass(frozen=True)
class Round:
    """What is the same for every seed."""

    tasks: int
    database: str
    """`both`, `sqlite` or `postgresql`."""
    programs: str | None
    """PostgreSQL's, if it is installed."""
    library: Path
    references: References
    log: Path


def outcomes(seeds: Sequence[int], together: int, given: Round) -> Iterator[Outcome]:
    """Run the seeds, each in a process of its own, and yield how they ended, as they end.

    Args:

        seeds: What is run.

        together: So many at once.

        given: What is the same for all.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(together, mp_context=context, initializer=_end_in_order) as pool:
        waiting, running = list(seeds), dict[Future[Outcome], int]()
        try:
            while waiting or running:
                while waiting and len(running) < together:
                    seed = waiting.pop(0)
                    running[pool.submit(_outcome, seed, given)] = seed
                for ended in wait(running, return_when=FIRST_COMPLETED).done:
                    yield _told(ended, running.pop(ended))
        finally:
            for process in multiprocessing.active_children() if running else ():
                process.terminate()  # each ends its stack first


def _outcome(seed: int, given: Round) -> Outcome:
    on_server = given.database == "postgresql" or (given.database == "both" and seed % 2 == 0)
    programs = given.programs if on_server else None
    with given.log.open("a") as log:
        return run_seed(seed, given.tasks, given.library, given.references, programs, log)


def _told(ended: "Future[Outcome]", seed: int) -> Outcome:
    """Return what a seed ended with, also when that was an error of the run itself."""
    error = ended.exception()
    if error is None:
        return ended.result()
    told = "".join(traceback.format_exception(error)).rstrip()
    verdict = Verdict(faults=[f"the run broke off: {told}"])
    return Outcome(seed, "?", verdict, Counter(), 0.0, 0.0, 0.0)


def _end_in_order() -> None:
    """Let SIGTERM end this process like Ctrl-C: nothing may be left then either."""
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # lost connections are meant
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)


def _end(_number: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # asked twice, it still ends in order
    raise KeyboardInterrupt


def _line(cells: Sequence[object]) -> str:
    widths = (4, 10, 5, 9, 6, 9, 4, 7, 7, 5, 6, 5, 8, 7, 8)
    return "  ".join(f"{cell!s:>{width}}" for cell, width in zip(cells, widths, strict=True))


HEADS = (
    "seed", "database", "tasks", "completed", "failed", "cancelled", "lost", "doubled",
    "orphans", "plans", "faults", "lease", "resumed", "seconds", "verdict",
)  # fmt: skip


def _print(outcome: Outcome) -> None:
    verdict, statuses = outcome.verdict, outcome.verdict.statuses
    print(
        _line(
            (
                outcome.seed, outcome.database, statuses.total(), statuses["completed"],
                statuses["failed"], statuses["cancelled"], verdict.lost, verdict.doubled,
                verdict.orphans, verdict.plans, outcome.faults.total(),
                f"{outcome.lease:.0f} s", f"{outcome.resumed:.1f} s", f"{outcome.seconds:.0f}",
                "FAILED" if verdict.faults else "ok",
            )
        ),
        flush=True,
    )  # fmt: skip
    for fault in verdict.faults[:20]:
        print(f"      {fault}", flush=True)


def _counted(title: str, counts: Mapping[str, int]) -> str:
    listed = ", ".join(f"{number} × {name}" for name, number in sorted(counts.items()))
    return f"{title}: {listed or 'none'}"


@contextlib.contextmanager
def _given(options: argparse.Namespace, programs: str | None) -> Iterator[Round]:
    with tempfile.TemporaryDirectory(prefix="choreo-chaos-") as name:
        folder = Path(name)
        print("Making the smallest library that makes videos", flush=True)
        make_library(folder / "library", folder / "sources")
        (folder / "references").mkdir()
        yield Round(
            options.tasks,
            options.database,
            programs,
            folder / "library",
            References(folder / "library", folder / "references"),
            options.log or Path(os.devnull),
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local_emulators.chaos.run",
        description="Run tasks through the local stack while its parts fail.",
        epilog="Example: python -m local_emulators.chaos.run --seeds 5 --tasks 40",
    )
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds are run")
    parser.add_argument("--first-seed", type=int, default=1, help="the first one")
    parser.add_argument("--tasks", type=int, default=200, help="tasks of each seed")
    parser.add_argument("--together", type=int, default=TOGETHER, help="seeds at once")
    parser.add_argument("--database", choices=("both", "sqlite", "postgresql"), default="both")
    parser.add_argument("--log", type=Path, help="file to which the services' lines are added")
    return parser.parse_args()


def main() -> int:
    """Run all seeds and print a table; return 1 if anything was lost, doubled or left."""
    options = _arguments()
    _end_in_order()
    programs = None if options.database == "sqlite" else postgres.available()
    if options.database == "postgresql" and programs is None:
        print("error: there are no PostgreSQL programs here; set PG_BIN", file=sys.stderr)
        return 1
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    ended = []
    try:
        with _given(options, programs) as given:
            print(_line(HEADS), flush=True)
            for outcome in outcomes(seeds, options.together, given):
                ended.append(outcome)
                _print(outcome)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 1
    faults: Counter[str] = sum((one.faults for one in ended), Counter())
    reasons: Counter[str] = sum((one.verdict.reasons for one in ended), Counter())
    tasks = sum(one.verdict.statuses.total() for one in ended)
    good = sum(not one.verdict.faults for one in ended)
    slowest = max(one.resumed for one in ended)
    late = slowest > RESUME_SECONDS
    print(_counted("faults", faults))
    print(_counted("why tasks failed", reasons))
    print(
        f"a killed planner's task went on at most {slowest:.1f} s after its lease "
        f"(allowed: {RESUME_SECONDS:.0f} s)"
    )
    print(f"{good} of {len(ended)} seeds without a fault, {tasks} tasks")
    return 0 if good == len(ended) and not late else 1


if __name__ == "__main__":
    sys.exit(main())
