"""Make the pictures of README.md anew: the page, a video's frames, the structure of a plan.

    python tools/pictures.py --library library

It starts the local stack on a library that `make demo` has made, asks for a dance in a browser,
and writes docs/pictures. It needs Chromium.
"""

import argparse
import json
import shutil
import sys
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, sync_playwright

from local_emulators.stack import LocalStack

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"

PATIENCE_MS = 240_000.0
"""Far above what a video of a minute takes on two busy cores."""

JPEG_QUALITY = 82
"""A page's picture stays readable and below 150 kB."""

SHOWN = "turn"
"""What the move is called whose frames are shown: there is more to see than in a basic step."""

FRAME_WIDTH, FRAME_HEIGHT = 320, 180
GAP = 4
"""Pixels between two frames."""

COUNTS = 8

DESK = (1100, 1040)
PHONE = (390, 844)


def main() -> int:
    """Make the pictures; exit code 1 without a library."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", type=Path, default=Path("library"))
    library = parser.parse_args().library
    if not (library / "choreo.db").exists():
        print(f"there is no library in {library}; make demo makes one", file=sys.stderr)
        return 1
    with (
        (library / "stack.log").open("a") as log,
        LocalStack(library, 0, log) as stack,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox"],
        )
        address = stack.addresses.page.rstrip("/")
        task_id = picture_page(browser, address)
        picture_phone(browser, address, task_id)
        picture_frames(address, task_id, library / "media")
        browser.close()
    for file in sorted(PICTURES.glob("*.jpg")):
        print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1000:.0f} kB")
    return 0


def picture_page(browser: Browser, address: str) -> str:
    """Ask for a dance, taking pictures on the way; return its id."""
    page = _tab(browser, DESK)
    page.goto(address)
    page.wait_for_selector("#songs li")
    page.get_by_text("Intermediate", exact=True).click()
    _shoot(page, "make")
    page.get_by_role("button", name="Make the video").click()
    page.wait_for_selector("#take")
    task_id = page.url.split("#/task/")[1]
    page.keyboard.press("l")  # loop an eight
    _stand_on(page, shown_move(plan_of(address, task_id)))
    _shoot(page, "practise")
    page.locator("#plan").evaluate("part => part.scrollIntoView()")
    _shoot(page, "plan")
    page.context.close()
    return task_id


def picture_phone(browser: Browser, address: str, task_id: str) -> None:
    """Take a picture of the dance on a phone, in Spanish, in the dark."""
    page = _tab(browser, PHONE, locale="es-ES", dark=True)
    page.goto(f"{address}/#/task/{task_id}")
    page.wait_for_selector("#take")
    _stand_on(page, shown_move(plan_of(address, task_id)))
    page.evaluate("document.getElementById('player').scrollIntoView()")
    _shoot(page, "phone")
    page.context.close()


def picture_frames(address: str, task_id: str, media: Path) -> None:
    """Put the frames of one move's eight counts side by side, in two rows."""
    plan = plan_of(address, task_id)
    first = plan["moves"][shown_move(plan)]["count_start"]
    beats = plan["counts"]["beats"][first : first + COUNTS]
    with av.open(str(media / plan["output_config"]["output_path"])) as container:
        frames = [_frame_at(container, second) for second in beats]
    rows = [np.hstack(frames[: COUNTS // 2]), np.hstack(frames[COUNTS // 2 :])]
    sheet = np.ascontiguousarray(np.vstack(rows)[:-GAP, :-GAP])
    _write_jpeg(sheet, PICTURES / "frames.jpg")


def plan_of(address: str, task_id: str) -> dict[str, Any]:
    """Fetch the plan of a dance."""
    url = f"{address}/api/choreography/tasks/{task_id}/blueprint"
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - it is the stack's own http address
        plan: dict[str, Any] = json.load(answer)
    return plan


def shown_move(plan: dict[str, Any]) -> int:
    """Return the place in the plan of the move that is shown: the first with turns, if any."""
    names = [move.get("move_name") or move["clip_id"] for move in plan["moves"]]
    return next((place for place, name in enumerate(names) if SHOWN in name.lower()), 0)


def _frame_at(container: "av.container.InputContainer", second: float) -> NDArray[np.uint8]:
    stream = container.streams.video[0]
    container.seek(round(second / stream.time_base) if stream.time_base else 0, stream=stream)
    for before, frame in pairwise(container.decode(stream)):
        if frame.time is not None and frame.time > second:
            small = before.reformat(FRAME_WIDTH, FRAME_HEIGHT, format="rgb24").to_ndarray()
            return np.pad(small, ((0, GAP), (0, GAP), (0, 0)), constant_values=255)
    raise ValueError(f"the video has no frame at {second} s")


def _write_jpeg(picture: NDArray[np.uint8], to: Path) -> None:
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    with av.open(str(to), "w", format="image2") as container:
        stream = container.add_stream("mjpeg", options={"qscale": "4", "strict": "unofficial"})
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuvj420p"
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


def _tab(
    browser: Browser, size: tuple[int, int], locale: str = "en-GB", dark: bool = False
) -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=locale,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    return page


def _stand_on(page: Page, move: int) -> None:
    """Show a frame in the middle of a move."""
    page.locator("#moves .jump").nth(move).click()
    page.wait_for_function("() => document.querySelectorAll('#counts .on').length === 1")
    page.evaluate("document.querySelector('video').pause()")
    page.evaluate("window.scrollTo(0, 0)")
    page.evaluate("document.activeElement.blur()")
    page.evaluate("for (const one of document.querySelectorAll('img')) one.loading = 'eager'")
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")


def _shoot(page: Page, name: str) -> None:
    page.screenshot(path=PICTURES / f"{name}.jpg", type="jpeg", quality=JPEG_QUALITY)


if __name__ == "__main__":
    sys.exit(main())
