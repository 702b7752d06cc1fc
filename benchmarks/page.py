"""The page's budgets, in headless Chromium through the local stack.

Run `python -m benchmarks.page [--library library] [--rounds 5]`. Every round opens each view, in
English and in Spanish, in a browser that has never been there, and takes the time to the first
paint and the bytes of script and style. Other programs on the machine can only add to a time, so
the quickest round counts.
Exit code 1 if a budget is broken, or anything is asked of another origin.
"""

import argparse
import shutil
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Response, sync_playwright

from local_emulators.stack import LocalStack

FIRST_PAINT_BUDGET = 1.0
"""Seconds from the navigation's start."""

BYTES_BUDGET = 150_000
"""Of script, style and the frame's HTML, as they are sent."""

VIEWS = ("#/", "#/library", "#/media", "#/class")

LANGUAGES = ("en-GB", "es-ES")

FIRST_PAINT = """() => new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const found = list.getEntriesByName("first-contentful-paint");
    if (found.length) resolve(found[0].startTime / 1000);
  }).observe({ type: "paint", buffered: true });
})"""


@dataclass(frozen=True)
class Visit:
    """What one view cost a browser that has never been there."""

    first_paint: float
    """Seconds."""
    sent: int
    """Bytes of script, style and HTML."""
    strangers: tuple[str, ...]
    """Addresses of other origins that were asked."""


def main() -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", type=Path, default=Path("library"))
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    within = True
    with (
        (wanted.library / "stack.log").open("a") as log,
        LocalStack(wanted.library, 0, log) as stack,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox"],
        )
        address = stack.addresses.page.rstrip("/")
        print(f"{'view':<18}{'first paint, s':>16}{'sent, kB':>12}")
        for view, language in product(VIEWS, LANGUAGES):
            visits = [visit(browser, address, view, language) for _ in range(wanted.rounds)]
            best = min(visits, key=lambda one: one.first_paint)
            name = f"{view} {language[:2]}"
            print(f"{name:<18}{best.first_paint:>16.3f}{best.sent / 1000:>12.1f}")
            within &= best.first_paint <= FIRST_PAINT_BUDGET and best.sent <= BYTES_BUDGET
            within &= not any(one.strangers for one in visits)
        browser.close()
    print(f"{'must be':<18}{FIRST_PAINT_BUDGET:>16.3f}{BYTES_BUDGET / 1000:>12.1f}")
    return 0 if within else 1


def visit(browser: Browser, address: str, view: str, language: str) -> Visit:
    """Open one view in a new browser context."""
    context = browser.new_context(viewport={"width": 1100, "height": 860}, locale=language)
    page = context.new_page()
    replies: list[Response] = []
    page.on("response", lambda reply: replies.append(reply))  # it marks its handlers
    page.goto(f"{address}/{view}", wait_until="networkidle")
    seconds = float(page.evaluate(FIRST_PAINT))
    own = [reply for reply in replies if reply.url.startswith(address)]
    sent = sum(
        len(reply.body())
        for reply in own
        if reply.url.removeprefix(address).startswith("/web/") or reply.url == f"{address}/"
    )
    strangers = tuple(reply.url for reply in replies if reply not in own)
    context.close()
    return Visit(seconds, sent, strangers)


if __name__ == "__main__":
    sys.exit(main())
