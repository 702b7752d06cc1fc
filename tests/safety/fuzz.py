"""`make fuzz`: everything that is thrown at the product, in full. Prints each number."""

from __future__ import annotations

import logging
import math
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from api_fuzz import described, random_requests
from blueprint_mutations import mutations
from hostile_media import corpus
from trials import MOST_MIB, MOST_SECONDS, ROOT, Verdict, most_seconds, run, watched

sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "request_handler"))

from machine import PATIENCE_SECONDS  # after its folder
from real_server import HEALTH, LOCAL, running, statuses  # see above
from test_stalling_clients import LINGERS, STALLED, STALLS, stalled  # see above

BURST_SECONDS = 3.0
"""In which what the clients asked for at once is answered, as far as it goes."""

MOST_WAIT = 1.0
"""Seconds that an answer may take beside clients that stall."""


def media() -> bool:
    """Take in every hostile file in every way."""
    with tempfile.TemporaryDirectory(prefix="choreo-fuzz-") as name, watched(Path(name)) as watch:
        items = corpus(watch.bait)
        verdicts: list[Verdict] = []
        for verdict in run(items, Path(name), watch.bait):
            verdicts.append(verdict)
            if not verdict.is_sound:
                print(f"  {verdict}", flush=True)
    allowed = {item.name: most_seconds(item) for item in items}
    slow = [verdict for verdict in verdicts if verdict.cpu > allowed[verdict.name]]
    kinds = Counter(verdict.outcome.split(":")[0] for verdict in verdicts)
    peak = max(verdict.peak_mib for verdict in verdicts)
    print(f"{len(items)} hostile files in {len(verdicts)} trials: {dict(kinds)}")
    for verdict in slow:
        print(f"  slow: {verdict}")
    beyond = max(v.cpu - allowed[v.name] for v in verdicts) + MOST_SECONDS
    print(f"  slowest {beyond:.1f} CPU-s beyond its length; {len(slow)} over {MOST_SECONDS:.0f} s")
    print(f"  peak memory of a process {peak} MiB")
    print(f"  files outside opened: {len(watch.touched)}, connections: {len(watch.asked)}")
    sound = all(verdict.is_sound for verdict in verdicts)
    return sound and not slow and not watch.touched and not watch.asked and peak <= MOST_MIB


def api() -> bool:
    """Send 10,000 requests made from the description, and 2,500 of no sense."""
    logging.disable(logging.CRITICAL)
    started = time.process_time()
    storms = [described(14_000), random_requests(2_500)]
    statuses = sum((storm.statuses for storm in storms), Counter[int]())
    faults = [fault for storm in storms for fault in storm.faults]
    for fault in faults[:40]:
        print(f"  {fault}")
    seconds = time.process_time() - started
    print(f"{statuses.total()} requests in {seconds:.0f} CPU-s: {dict(sorted(statuses.items()))}")
    print(f"  server errors {sum(n for code, n in statuses.items() if code >= 500)}")
    print(f"  answers outside the description {len(faults)}")
    return not faults and statuses.total() >= 10_000


def blueprints() -> bool:
    """Check 10,000 bent blueprints."""
    bent = mutations(10_000)
    for fault in bent.faults[:40]:
        print(f"  {fault}")
    print(f"{bent.refused + bent.accepted} bent blueprints: {bent.refused} refused,")
    print(f"  {bent.accepted} still good, {len(bent.faults)} otherwise")
    print(f"  slowest {bent.slowest * 1000:.0f} ms of processor time")
    return not bent.faults and bent.slowest < MOST_SECONDS


def clients() -> bool:
    """Let 200 clients stall with the local server, in each way, and ask beside them."""
    most = 0.0
    with tempfile.TemporaryDirectory(prefix="choreo-fuzz-") as folder:
        for number, (stall, said) in enumerate({**STALLS, **LINGERS}.items()):
            own = Path(folder) / str(number)
            own.mkdir()
            with running(own, LOCAL) as server, stalled(server, said, STALLED):
                slowest = 0.0
                time.sleep(BURST_SECONDS)
                for _ in range(20):
                    started = time.monotonic()
                    answer = server.send(HEALTH, wait=PATIENCE_SECONDS)
                    slowest = max(slowest, time.monotonic() - started)
                    if statuses(answer) != [200]:
                        slowest = math.inf
            print(f"  {STALLED} clients that {stall}: answered within {slowest * 1000:.0f} ms")
            most = max(most, slowest)
    print(f"slowest answer beside {STALLED} stalled clients: {most * 1000:.0f} ms")
    return most < MOST_WAIT


PARTS = {"blueprints": blueprints, "api": api, "media": media, "clients": clients}

if __name__ == "__main__":
    chosen = sys.argv[1:] or list(PARTS)
    failed = [part for part in chosen if not PARTS[part]()]
    sys.exit(f"not withstood: {', '.join(failed)}" if failed else 0)
