"""What people do with the pages in a real browser: choose, switch, copy, print, follow links."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.browser

Facts = Callable[..., Any]

# How far things moved while the page came up, as browsers measure it.
SHIFT = """() => new Promise(resolve => {
  let sum = 0;
  new PerformanceObserver(seen => {
    for (const entry of seen.getEntries()) sum += entry.value;
  }).observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
})"""


@pytest.fixture
def window(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Give a function that opens a window with the wishes of a visitor."""
    opened: list[BrowserContext] = []

    def open_window(**wishes: Any) -> BrowserContext:
        opened.append(chromium.new_context(**wishes))
        return opened[-1]

    yield open_window
    for context in opened:
        context.close()


def test_language_is_chosen_without_javascript_and_stays(
    window: Callable[..., BrowserContext], explorer: str
) -> None:
    page = window(java_script_enabled=False, locale="el").new_page()
    page.goto(f"{explorer}/blocks?below=5")
    expect(page.locator("html")).to_have_attribute("lang", "el")

    page.locator(".languages summary").click()
    page.get_by_role("link", name="فارسی").click()

    assert page.url == f"{explorer}/blocks?below=5&lang=fa"
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.goto(f"{explorer}/permits")
    expect(page.locator("html")).to_have_attribute("lang", "fa")


def test_colours_are_switched_and_remembered(
    window: Callable[..., BrowserContext], explorer: str
) -> None:
    page = window(color_scheme="light").new_page()
    paper = "getComputedStyle(document.body).backgroundColor"
    page.goto(explorer)
    light = page.evaluate(paper)

    page.get_by_role("button", name="Dark colours").click()
    dark = page.evaluate(paper)
    page.reload()

    assert dark != light
    assert page.evaluate(paper) == dark
    expect(page.get_by_role("button", name="Dark colours", pressed=True)).to_be_visible()


def test_id_is_copied_whole(
    window: Callable[..., BrowserContext], explorer: str, facts: Facts
) -> None:
    line = facts("certificates")["certificates"][0]
    page = window(permissions=["clipboard-read", "clipboard-write"]).new_page()
    page.goto(f"{explorer}/certificate/{line['id']}")

    page.locator(f'button[data-copy="{line["certificate_id"]}"]').first.click()

    expect(page.locator(".said")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == line["certificate_id"]


def test_nothing_moves_while_a_page_comes_up(page: Page, explorer: str, facts: Facts) -> None:
    certificate = facts("certificates")["certificates"][0]["id"]
    for path in ("/", f"/certificate/{certificate}", "/certificates"):
        page.goto(f"{explorer}{path}")

        assert page.evaluate(SHIFT) < 0.01, path


def test_print_keeps_the_verdict_and_leaves_the_ways_out(
    page: Page, explorer: str, facts: Facts
) -> None:
    certificate = facts("certificates")["certificates"][0]["id"]
    page.goto(f"{explorer}/certificate/{certificate}")

    page.emulate_media(media="print")

    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.locator("header.site form")).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "de"])
def test_certificate_prints_on_one_sheet_with_what_could_not_be_checked(
    page: Page, explorer: str, facts: Facts, language: str
) -> None:
    for line in facts("certificates")["certificates"][:6]:
        page.goto(f"{explorer}/certificate/{line['id']}?lang={language}")

        printed = page.pdf(format="A4")

        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1, line["id"]
        for check in facts(f"certificate/{line['id']}", lang=language)["checks"]:
            if check["result"] == "unknown":
                expect(page.locator(".sheet")).to_contain_text(check["words"])


def test_valid_alone_is_green(page: Page, explorer: str, facts: Facts) -> None:
    lines = facts("certificates")["certificates"]
    destroyed = next(line for line in lines if line["status"] == "destroyed")

    page.goto(f"{explorer}/certificate/{destroyed['id']}")

    expect(page.locator(".verdict.bad").first).to_be_visible()
    expect(page.locator("main .good")).to_have_count(0)


def test_old_address_leads_to_the_certificate(page: Page, explorer: str, facts: Facts) -> None:
    share, history = transferred(facts)
    page.goto(explorer)

    page.locator("input[name=q]").fill(history[0]["address"])
    page.locator("input[name=q]").press("Enter")
    page.locator(f'a[href="/certificate/{share}"]').first.click()

    expect(page.get_by_role("heading", name="Chain of custody")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(history[1]["txid"])


def transferred(facts: Facts) -> tuple[str, Any]:
    """Return the certificate that the story transfers, and its history."""
    for line in facts("certificates", sort="oldest")["certificates"]:
        history = facts(f"certificate/{line['id']}")["history"]
        if len(history) == 2 and history[1]["accepted"]:
            return line["id"], history
    pytest.fail("no certificate was transferred")


def test_wrong_search_says_what_can_be_searched_for(chromium: Browser, explorer: str) -> None:
    page = chromium.new_page()
    page.goto(explorer)

    with page.expect_response("**/search?*") as answer:
        page.locator("input[name=q]").fill("no such <thing>")
        page.get_by_role("button", name="Search").click()

    assert answer.value.status == 400
    expect(page.get_by_role("main")).to_contain_text("Certificates are found by their id")
    page.close()
