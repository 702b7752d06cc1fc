"""Ask for known vulnerabilities of everything that is locked.

    python -m tools.audit        # make audit

Ends with 0 when every package was looked up and none is known to be vulnerable, with 1 when one
is, and with 2 when the service that knows did not tell: then nothing is known.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.locks import LOCKS, ROOT, TOOL_LOCKS, read_lock

GOOD, VULNERABLE, UNKNOWN = 0, 1, 2


@dataclass(frozen=True)
class Finding:
    """What is known of one lock file."""

    audited: int
    skipped: tuple[str, ...]
    """Packages of which the service told nothing."""
    vulnerable: tuple[str, ...]
    """A line for each known vulnerability."""

    @property
    def verdict(self) -> int:
        """`GOOD`, `VULNERABLE` or `UNKNOWN`."""
        if self.vulnerable:
            return VULNERABLE
        return UNKNOWN if self.skipped or not self.audited else GOOD


def read_report(report: Mapping[str, Any]) -> Finding:
    """Return what a report of pip-audit says; what it skips counts as unknown, not as good."""
    skipped, vulnerable, audited = [], [], 0
    for package in report["dependencies"]:
        if "skip_reason" in package:
            skipped.append(package["name"])
            continue
        audited += 1
        for fault in package["vulns"]:
            mended = ", ".join(fault["fix_versions"]) or "no release"
            vulnerable.append(
                f"{package['name']} {package['version']}: {fault['id']}, mended in {mended}"
            )
    return Finding(audited, tuple(skipped), tuple(vulnerable))


def _ask(lock: Path) -> Finding:
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--require-hashes"),
        *("--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "20"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own words
    try:
        return read_report(json.loads(done.stdout))
    except (ValueError, KeyError):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        print(f"  {lock.name}: the audit did not run: {last}")
        return Finding(0, ("everything",), ())


def main() -> int:
    """Audit all lock files and return the exit code."""
    worst = GOOD
    for name, place in {**LOCKS, **TOOL_LOCKS}.items():
        pins = read_lock(ROOT / place)
        loose = [pin.name for pin in pins if not pin.hashes]
        finding = _ask(ROOT / place)
        print(f"{name}: {len(pins)} packages locked, {len(loose)} without a hash")
        print(f"  {finding.audited} looked up, {len(finding.skipped)} not known to the service")
        for line in finding.vulnerable:
            print(f"  vulnerable: {line}")
        for package in loose:
            print(f"  without a hash: {package}")
        worst = (
            VULNERABLE
            if VULNERABLE in (worst, finding.verdict) or loose
            else max(worst, finding.verdict)
        )
    words = {
        GOOD: "No known vulnerability.",
        VULNERABLE: "Raise what is named above: make lock, make test.",
        UNKNOWN: "The vulnerability service did not tell of every package, so nothing is known: "
        "run this where https://pypi.org can be reached.",
    }
    print(words[worst])
    return worst


if __name__ == "__main__":
    sys.exit(main())
