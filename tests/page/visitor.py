"""A browser at the page: what it complains about, what it looks like, who can read it."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it has no annotations
from machine import PATIENCE_SECONDS
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    expect,
)

DESK: ViewportSize = {"width": 1100, "height": 860}
PHONE: ViewportSize = {"width": 360, "height": 740}

PICTURES = Path(__file__).parents[2] / "build" / "page"
"""Pictures of every state, to be looked at after a run."""

WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""

GRAVE = ("serious", "critical")


@dataclass
class Visitor:
    """One browser, and its tab at the page."""

    context: BrowserContext
    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def arrive(
        cls, browser: Browser, address: str, viewport: ViewportSize = DESK, language: str = "en-GB"
    ) -> "Visitor":
        """Open a tab of a browser that has never been here."""
        context = browser.new_context(viewport=viewport, locale=language)
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE_SECONDS)
        page.add_init_script(WATCH_POLICY)
        visitor = cls(context, page, address)
        page.on("console", visitor._hear)
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        return visitor

    def _hear(self, message: ConsoleMessage) -> None:
        # A preview may go between the answer that names it and the request for it: the whole
        # video is there by then, and the page takes it.
        if not ("404" in message.text and ".preview.mp4" in message.location["url"]):
            self.complaints.append(f"{message.text} ({message.location['url']})")

    def go(self, place: str = "#/") -> Page:
        """Go to a place of the page."""
        self.page.goto(f"{self.address}/{place}")
        return self.page

    def look(self, state: str) -> None:
        """Keep a picture of the state, and assert that everybody can use it.

        Nothing is wider than the screen, and axe finds nothing grave.
        """
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{state}.png", full_page=True)
        width = self.page.viewport_size["width"] if self.page.viewport_size else 0
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(self.page).response["violations"]
        grave = [
            (rule["id"], node["html"][:200], node["failureSummary"])
            for rule in found
            if rule["impact"] in GRAVE
            for node in rule["nodes"]
        ]
        assert grave == []

    def look_in_both_themes(self, state: str) -> None:
        """Keep pictures of the state in the light and in the dark; everybody can use both."""
        for scheme in ("dark", "light"):
            dark = scheme == "dark"
            self.page.emulate_media(
                color_scheme="dark" if dark else "light", reduced_motion="reduce"
            )
            self.look(f"{state}-dark" if dark else state)

    def task_id(self) -> str:
        """Return the id of the dance that is shown."""
        expect(self.page).to_have_url(re.compile("#/task/"))
        return self.page.url.split("#/task/")[1].split("?")[0]

    def finished(self) -> None:
        """Wait until the dance of the address can be watched whole."""
        own = self.page.locator(f'#take a[href*="{self.task_id()}"]').first
        expect(own).to_be_visible()
