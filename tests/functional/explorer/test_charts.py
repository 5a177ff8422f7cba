"""Charts in a real browser: drawn by uPlot under the strict policy, by the server without it."""

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser


def test_charts_are_drawn_and_their_numbers_can_be_read(page: Page, explorer: str) -> None:
    page.goto(f"{explorer}/statistics")

    charts = page.locator(".uplot canvas")
    expect(charts.first).to_be_visible()
    assert charts.count() >= 4
    expect(page.locator(".plot > svg:visible")).to_have_count(0)
    page.locator(".uplot .u-over").first.hover()
    expect(page.locator("p.reading").first).to_be_visible()
    page.get_by_text("The numbers as a table").first.click()
    expect(page.get_by_role("table", name="Certificates issued")).to_be_visible()


def test_charts_ask_nobody_else(page: Page, explorer: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{explorer}/statistics")
    expect(page.locator(".uplot").first).to_be_visible()

    assert all(url.startswith(explorer) for url in asked)


@pytest.mark.parametrize("width", [360, 1440])
def test_without_javascript_the_pictures_of_the_server_stand(
    chromium: Browser, explorer: str, width: int
) -> None:
    context = chromium.new_context(
        java_script_enabled=False, viewport={"width": width, "height": 800}
    )
    page = context.new_page()

    page.goto(f"{explorer}/statistics")

    pictures = page.locator(".plot > svg")
    expect(pictures.first).to_be_visible()
    assert pictures.count() >= 4
    box = pictures.first.bounding_box()
    assert box is not None and box["width"] <= width
    context.close()


def test_charts_fit_a_phone(page: Page, explorer: str) -> None:
    page.set_viewport_size({"width": 360, "height": 700})

    page.goto(f"{explorer}/statistics")
    expect(page.locator(".uplot").first).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
