"""Every page in a real browser: any width, dark and light, with and without JavaScript."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

Facts = Callable[..., Any]

# WCAG's contrast of every text that is seen, against the nearest background behind it.
CONTRAST = """() => {
  const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${walker.currentNode.data.trim()}`);
  }
  return faint;
}"""


@pytest.fixture(scope="module")
def paths(facts: Facts) -> list[str]:
    """One page of every kind, with the certificates of every status."""
    certificates = facts("certificates")["certificates"]
    statuses = {line["status"]: f"certificate/{line['id']}" for line in certificates}
    certificate = facts(next(iter(statuses.values())))
    event = certificate["history"][0]
    permits = [f"permit/{line['id']}" for line in facts("permits")["permits"]]
    lists = ["", "blocks", "permits", "certificates", "status", "nothing-here"]
    more = [f"tx/{event['txid']}", f"block/{event['height']}", f"address/{event['address']}"]
    return [*lists, *statuses.values(), *permits, *more]


@pytest.fixture(params=[360, 1440], ids=["phone", "desk"])
def width(request: pytest.FixtureRequest) -> int:
    """How wide the window is."""
    return int(request.param)


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Any:
    """Which colours the visitor prefers."""
    return request.param


@pytest.fixture
def plain(chromium: Browser, width: int, scheme: Any) -> Iterator[Page]:
    """A window without JavaScript that records where it asks and what goes wrong."""
    context = chromium.new_context(
        java_script_enabled=False,
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
    )
    yield context.new_page()
    context.close()


def test_every_page_fits_its_window_and_asks_nobody_else(
    chromium: Browser, explorer: str, paths: list[str], width: int, scheme: Any
) -> None:
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    for path in paths:
        page.goto(f"{explorer}/{path}")

        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, f"/{path} is {overflow} pixels too wide"
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert page.evaluate("document.querySelectorAll('[id]').length") >= 1

    assert all(url.startswith(explorer) for url in asked)
    context.close()


def test_every_page_is_readable_without_javascript(
    plain: Page, explorer: str, paths: list[str]
) -> None:
    for path in paths:
        plain.goto(f"{explorer}/{path}")

        expect(plain.get_by_role("main")).to_be_visible()
        expect(plain.get_by_role("heading", level=1)).to_be_visible()


def test_text_has_enough_contrast(
    chromium: Browser, explorer: str, paths: list[str], scheme: Any
) -> None:
    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()

    for path in paths:
        page.goto(f"{explorer}/{path}")
        faint = page.evaluate(CONTRAST)

        assert faint == [], f"/{path} {scheme}"
    context.close()


def test_valid_alone_is_green(page: Page, explorer: str, facts: Facts) -> None:
    lines = facts("certificates")["certificates"]
    destroyed = next(line for line in lines if line["status"] == "destroyed")

    page.goto(f"{explorer}/certificate/{destroyed['id']}")

    expect(page.locator(".verdict.bad")).to_be_visible()
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
