"""Every page in a real browser: with and without JavaScript, dark and light, on a phone and a desk.

Pages are collected from the endpoints themselves, so a new page without an example fails here.
What was seen is kept: `CCXX_SCREENSHOTS` names the folder, `artifacts/screenshots` else.
"""

import os
import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, FloatRect, Page

from ccxx_explorer.catalogues import CODES
from ccxx_explorer.database.listings import CERTIFICATE_STATUSES
from ccxx_explorer.endpoints import Form
from ccxx_explorer.web import ENDPOINTS

Facts = Callable[..., Any]

ROOT = Path(__file__).resolve().parents[3]
SCREENSHOTS = Path(os.environ.get("CCXX_SCREENSHOTS", ROOT / "artifacts" / "screenshots"))
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
# WCAG 2.2 AA and axe's own advice; the size of targets is a rule that axe leaves off by itself.
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
# Dark differs from light by colours alone: these rules of them are about colours.
RULES_OF_COLOURS = RULES | {"runOnly": ["color-contrast", "link-in-text-block"], "rules": {}}
JUDGE = """rules => axe.run(document, rules).then(
  ({violations}) => violations.map(({id, help, nodes}) =>
    `${id}: ${help}: ${nodes.slice(0, 3).map(node => node.html.slice(0, 160))}`))"""
# What a browser draws in one piece; only the description of the API is longer.
TALLEST = 16_384
SIZE = "[document.documentElement.clientWidth, document.documentElement.scrollHeight]"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

KINDS = sorted(
    {
        endpoint.template
        for endpoint in ENDPOINTS
        if endpoint.form is Form.PAGE and endpoint.media == "text/html"
    }
)
WIDTHS = (360, 1440)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MAIN = ["/", "/certificate/{id}", "/certificates", "/verify"]


@pytest.fixture(scope="module")
def examples(facts: Facts) -> dict[str, list[str]]:
    """Paths to look at for each kind of page; a certificate of every status among them."""
    lists = [facts("certificates", status=status) for status in CERTIFICATE_STATUSES]
    lines = [found["certificates"][0] for found in lists if found["certificates"]]
    certificates = [f"/certificate/{line['id']}" for line in lines]
    certificate = facts(certificates[-1][1:])
    event = certificate["history"][-1]
    events = {line["title"]: f"/tx/{line['txid']}" for line in facts("latest")["events"]}
    return {
        "/certificate/{id}": certificates,
        "/permit/{id}": [f"/permit/{line['id']}" for line in facts("permits")["permits"][:2]],
        "/issuer/{id}": [f"/issuer/{certificate['issuer_key']}"],
        "/tx/{id}": list(events.values())[:2],
        "/block/{id}": [f"/block/{event['height']}"],
        "/address/{id}": [f"/address/{certificate['address']}"],
        "/pending/{id}": [certificates[0].replace("/certificate/", "/pending/")],
        "/search": ["/search?q=no+such+%3Cthing%3E", "/nothing-here"],
    }


@pytest.fixture(scope="module")
def windows(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Give a function that opens a kind of window, the same one for the same wishes."""
    opened: dict[Any, BrowserContext] = {}

    def window(width: int, scripts: bool, language: str = "en") -> BrowserContext:
        wish = (width, scripts, language)
        if wish not in opened:
            opened[wish] = chromium.new_context(
                # Colours change at once, not little by little.
                reduced_motion="reduce",
                viewport={"width": width, "height": 900},
                java_script_enabled=scripts,
                locale=language,
            )
        return opened[wish]

    yield window
    for context in opened.values():
        context.close()


class Visit:
    """One page in one window, and everything that is wrong with it."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.page: Page = context.new_page()
        self.origin = origin
        self.faults: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("requestfailed", lambda ask: self.faults.append(f"request failed: {ask.url}"))
        self.page.on("request", lambda ask: self._watch(ask.url))

    def _hear(self, said: Any) -> None:
        # That this page itself is an error is what a problem page says.
        if said.type in ("error", "warning") and said.location.get("url") != self.page.url:
            self.faults.append(f"console: {said.text}")

    def _watch(self, url: str) -> None:
        if not url.startswith((self.origin, "data:")):
            self.faults.append(f"third party: {url}")

    def open(self, path: str) -> None:
        """Go there, and see that it fits the window."""
        self.page.goto(self.origin + path)
        if overflow := self.page.evaluate(OVERFLOW):
            self.faults.append(f"{overflow} pixels too wide")

    def colour(self, scheme: Literal["light", "dark"]) -> None:
        """Let the visitor's system be light or dark from now on."""
        self.page.emulate_media(color_scheme=scheme)

    def judge(self, rules: dict[str, Any] = RULES) -> None:
        """Let axe look at it."""
        if not self.page.evaluate("Boolean(window.axe)"):
            self.page.evaluate(AXE)
        self.faults.extend(self.page.evaluate(JUDGE, rules))

    def keep(self, *names: Any) -> None:
        """Keep what it looks like."""
        name = "-".join(re.sub(r"[^a-z0-9]+", "-", str(part).lower()).strip("-") for part in names)
        width, height = self.page.evaluate(SIZE)
        area: FloatRect = {"x": 0, "y": 0, "width": width, "height": min(height, TALLEST)}
        file = SCREENSHOTS / f"{name}.jpeg"
        self.page.screenshot(path=file, full_page=True, clip=area, quality=80)

    def close(self) -> list[str]:
        """Leave; gives what was wrong."""
        faults = list(self.faults)
        self.page.close()
        return faults


def paths_of(kind: str, examples: dict[str, list[str]]) -> list[str]:
    """Return what to look at for a kind of page."""
    if kind in examples:
        return examples[kind]
    assert "{" not in kind, f"no example of {kind}: add one to `examples`"
    return [kind]


@pytest.mark.parametrize("scripts", [True, False], ids=["javascript", "plain"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_page_is_sound_in_every_window(
    windows: Callable[..., BrowserContext],
    explorer: str,
    examples: dict[str, list[str]],
    kind: str,
    scripts: bool,
) -> None:
    faults = {}
    for number, path in enumerate(paths_of(kind, examples)):
        for width in WIDTHS:
            visit = Visit(windows(width, scripts), explorer)
            visit.open(path)
            for scheme in SCHEMES:
                visit.colour(scheme)
                # Without JavaScript axe itself cannot run.
                if scripts:
                    visit.judge(RULES if scheme == "light" else RULES_OF_COLOURS)
                way = "javascript" if scripts else "plain"
                visit.keep(kind.strip("/") or "home", number, scheme, width, way)
            if found := visit.close():
                faults[f"{path} {width}"] = found

    assert faults == {}


@pytest.mark.parametrize("language", CODES)
def test_main_pages_fit_in_every_language(
    windows: Callable[..., BrowserContext],
    explorer: str,
    examples: dict[str, list[str]],
    language: str,
) -> None:
    faults = {}
    for kind in MAIN:
        # What fits a phone in a language fits a desk.
        visit = Visit(windows(360, True, language), explorer)
        visit.open(paths_of(kind, examples)[0])
        spoken = visit.page.evaluate("[document.documentElement.lang, document.dir]")
        if spoken != [language, "rtl" if language == "fa" else "ltr"]:
            visit.faults.append(f"speaks {spoken}")
        if language == "fa":
            visit.judge()
        visit.keep(language, kind.strip("/") or "home")
        if found := visit.close():
            faults[kind] = found

    assert faults == {}
