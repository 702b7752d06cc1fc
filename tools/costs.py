"""Write the tables of costs into docs/operations.md: measured use times list prices.

    python tools/costs.py            # writes the tables
    python tools/costs.py --check    # exit status 1 if they are not up to date

Change the numbers below when something was measured again, or when a price has changed.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "operations.md"
BEGIN, END = "<!-- costs: begin -->\n", "<!-- costs: end -->\n"

# --- list prices in US dollars, region europe-west1, without free tiers and discounts ---
#
# Read on 2026-11-22 in stored copies of the public pages: cloud.google.com/run/pricing (tier 1),
# /storage/pricing and /storage/pricing-examples, /secret-manager/pricing. Not found there, so from
# general knowledge and the operator's to check: Cloud SQL, Cloud Scheduler, GiB-seconds of jobs.

REQUEST_VCPU_SECOND = 0.000024
REQUEST_GIB_SECOND = 0.0000025
"""Cloud Run services that are billed while they answer."""

JOB_VCPU_SECOND = 0.000018
JOB_GIB_SECOND = 0.000002
"""Cloud Run jobs, billed from start to end."""

MILLION_REQUESTS = 0.40
STORED_GB_MONTH = 0.020
SENT_GB = 0.12
DATABASE_VCPU_HOUR = 0.0413
DATABASE_GIB_HOUR = 0.0070
DATABASE_DISK_GIB_MONTH = 0.17
BACKUP_GIB_MONTH = 0.08
SCHEDULER_JOB_MONTH = 0.10
SECRET_VERSION_MONTH = 0.06
HOURS_A_MONTH = 730

# --- use of one video: 232 s, 720p30, 29 clips, all crossfades, a song that was analysed before ---

POLLS = 30
"""One a second, as the page does, and the POST."""

ANSWER_SECONDS = 0.1
"""What is billed for an answer of 10 ms: time is rounded up to this."""

PLANNING_SECONDS = 4.0
"""A cold planner; a warm one takes a quarter."""

RENDER_CPU_SECONDS = 16.0
"""As `make bench` measures it on one thread, so also its seconds; the budget is 20."""

RENDER_OTHER_SECONDS = 10.0
"""Start of the container, fetching clips and song, upload."""

VIDEO_GB = 0.06
"""232 s at 2 Mbit/s of video and 192 kbit/s of sound."""

RENDER_VCPU, RENDER_GIB = 2, 2
PLANNER_VCPU, PLANNER_GIB = 2, 2
HANDLER_VCPU, HANDLER_GIB = 1, 0.5
"""Defaults of the Terraform's variables."""

SWEEP_SECONDS = 0.1
DATABASE_VCPU, DATABASE_GIB, DATABASE_DISK_GIB = 1, 3.75, 10


@dataclass(frozen=True)
class Line:
    """One line of a table."""

    what: str
    worked_out: str
    dollars: float


def per_video() -> list[Line]:
    """Return what one video costs, watched once and kept for a month."""
    calls = POLLS + 1
    handler = HANDLER_VCPU * REQUEST_VCPU_SECOND + HANDLER_GIB * REQUEST_GIB_SECOND
    planner = PLANNER_VCPU * REQUEST_VCPU_SECOND + PLANNER_GIB * REQUEST_GIB_SECOND
    job = RENDER_VCPU * JOB_VCPU_SECOND + RENDER_GIB * JOB_GIB_SECOND
    rendering = RENDER_CPU_SECONDS + RENDER_OTHER_SECONDS
    return [
        Line(
            "requests and polls",
            f"{calls} × ({ANSWER_SECONDS} s × ${handler:.6f} + ${MILLION_REQUESTS / 1e6:.7f})",
            calls * (ANSWER_SECONDS * handler + MILLION_REQUESTS / 1e6),
        ),
        Line("planning", f"{PLANNING_SECONDS:.0f} s × ${planner:.6f}", PLANNING_SECONDS * planner),
        Line("rendering", f"{rendering:.0f} s × ${job:.6f}", rendering * job),
        Line(
            "keeping the video for a month",
            f"{VIDEO_GB} GB × ${STORED_GB_MONTH}",
            VIDEO_GB * STORED_GB_MONTH,
        ),
        Line("watching it once", f"{VIDEO_GB} GB × ${SENT_GB}", VIDEO_GB * SENT_GB),
    ]


def per_month() -> list[Line]:
    """Return what the installation costs when nobody uses it."""
    database = DATABASE_VCPU * DATABASE_VCPU_HOUR + DATABASE_GIB * DATABASE_GIB_HOUR
    planner = PLANNER_VCPU * REQUEST_VCPU_SECOND + PLANNER_GIB * REQUEST_GIB_SECOND
    sweeps = 60 * HOURS_A_MONTH
    disk = DATABASE_DISK_GIB_MONTH + BACKUP_GIB_MONTH
    return [
        Line(
            "database, 1 vCPU and 3.75 GiB",
            f"{HOURS_A_MONTH} h × ${database:.4f}",
            HOURS_A_MONTH * database,
        ),
        Line(
            "its disk and backups",
            f"{DATABASE_DISK_GIB} GiB × ${disk:.2f}",
            DATABASE_DISK_GIB * disk,
        ),
        Line(
            "the sweeper's calls of the planner",
            f"{sweeps} × {SWEEP_SECONDS} s × ${planner:.6f}",
            sweeps * SWEEP_SECONDS * planner,
        ),
        Line(
            "scheduler and secret",
            f"${SCHEDULER_JOB_MONTH:.2f} + ${SECRET_VERSION_MONTH:.2f}",
            SCHEDULER_JOB_MONTH + SECRET_VERSION_MONTH,
        ),
    ]


def tables() -> str:
    """Return both tables as Markdown."""
    return (
        "One video, watched once:\n\n"
        + _table(per_video(), 5)
        + "\nA month without any video:\n\n"
        + _table(per_month(), 2)
    )


def _table(lines: list[Line], digits: int) -> str:
    total = Line("**together**", "", sum(line.dollars for line in lines))
    rows = "".join(
        f"| {line.what} | {line.worked_out} | ${line.dollars:.{digits}f} |\n"
        for line in (*lines, total)
    )
    return f"| what | worked out | cost |\n| --- | --- | ---: |\n{rows}"


def with_tables(page: str) -> str:
    """Return `page` with the tables between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write or check the tables; return the exit status."""
    parser = argparse.ArgumentParser(description="Write the tables of costs.")
    parser.add_argument("--check", action="store_true", help="only say whether they are up to date")
    wanted = parser.parse_args(arguments)
    page = PAGE.read_text()
    if not wanted.check:
        PAGE.write_text(with_tables(page))
        print(f"wrote the tables of {PAGE.relative_to(ROOT)}")
    elif page != with_tables(page):
        print("docs/operations.md is not up to date: run python tools/costs.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
