"""Ask for known vulnerabilities of everything that is locked.

    python -m tools.audit        # make audit

The package index is asked, and where it tells nothing of a lock file at all, OSV; `--osv-url`
names another service of OSV's protocol, which is then the only one that is asked.

Ends with 0 when every package was looked up and none is known to be vulnerable, with 1 when one
is, and with 2 when no service that knows told of every package: then nothing is known.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
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
    reason: str = ""
    """Why something was skipped, in the service's words."""

    @property
    def verdict(self) -> int:
        """`GOOD`, `VULNERABLE` or `UNKNOWN`."""
        if self.vulnerable:
            return VULNERABLE
        return UNKNOWN if self.skipped or not self.audited else GOOD


def read_report(report: Mapping[str, Any]) -> Finding:
    """Return what a report of pip-audit says; what it skips counts as unknown, not as good."""
    skipped, vulnerable, audited, reason = [], [], 0, ""
    for package in report["dependencies"]:
        if "skip_reason" in package:
            skipped.append(package["name"])
            reason = reason or package["skip_reason"]
            continue
        audited += 1
        for fault in package["vulns"]:
            mended = ", ".join(fault["fix_versions"]) or "no release"
            vulnerable.append(
                f"{package['name']} {package['version']}: {fault['id']}, mended in {mended}"
            )
    return Finding(audited, tuple(skipped), tuple(vulnerable), reason)


PYPI: tuple[str, ...] = ()
OSV = ("--vulnerability-service", "osv")
"""What tells pip-audit whom to ask."""


def ask(lock: Path, service: Sequence[str]) -> Finding:
    """Return what a service says of a lock file; one that does not answer says nothing of it."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--require-hashes"),
        *("--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "20"),
        *service,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own words
    try:
        return read_report(json.loads(done.stdout))
    except (ValueError, KeyError):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return Finding(0, tuple(pin.name for pin in read_lock(lock)), (), last)


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit all lock files and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.audit")
    parser.add_argument("--osv-url", help="a service of OSV's protocol, asked instead of the index")
    osv_url = parser.parse_args(arguments).osv_url
    services = [(*OSV, "--osv-url", osv_url)] if osv_url else [PYPI, OSV]
    worst = GOOD
    for name, place in {**LOCKS, **TOOL_LOCKS}.items():
        pins = read_lock(ROOT / place)
        loose = [pin.name for pin in pins if not pin.hashes]
        findings = []
        for service in services:
            findings.append(ask(ROOT / place, service))
            if findings[-1].audited:
                break
        finding = findings[-1]
        print(f"{name}: {len(pins)} packages locked, {len(loose)} without a hash")
        print(f"  {finding.audited} looked up, {len(finding.skipped)} not known to the service")
        for silent in findings:
            if silent.reason:
                print(f"  not looked up: {silent.reason[:300]}")
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
        UNKNOWN: "No service told of every package, so nothing is known: run this where "
        "https://pypi.org or https://api.osv.dev can be reached, or name yours with --osv-url.",
    }
    print(words[worst])
    return worst


if __name__ == "__main__":
    sys.exit(main())
