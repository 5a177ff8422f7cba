"""Completion in a real browser: by keyboard and pointer, and a plain form without JavaScript."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

Facts = Callable[..., Any]


def test_a_certificate_is_found_by_the_beginning_of_its_id(
    page: Page, explorer: str, facts: Facts
) -> None:
    line = facts("certificates")["certificates"][0]
    page.goto(explorer)
    field = page.get_by_role("combobox")

    field.press_sequentially(line["certificate_id"][:12])
    expect(page.get_by_role("option").first).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")

    expect(page.get_by_role("option", selected=True)).to_contain_text(line["certificate_id"])
    chosen = page.get_by_role("option", selected=True).get_attribute("id")
    expect(field).to_have_attribute("aria-activedescendant", chosen or "")
    field.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(f"/certificate/{line['id']}")))


def test_escape_closes_the_list_and_enter_searches_what_was_typed(
    page: Page, explorer: str
) -> None:
    page.goto(explorer)
    field = page.get_by_role("combobox")
    field.press_sequentially("1")
    expect(page.get_by_role("option").first).to_be_visible()

    field.press("Escape")

    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press("Enter")
    expect(page).to_have_url(re.compile("/block/1$"))


def test_the_arrows_go_round_through_the_field(page: Page, explorer: str) -> None:
    page.goto(explorer)
    field = page.get_by_role("combobox")
    field.press_sequentially("1")
    options = page.get_by_role("option")
    expect(options.first).to_be_visible()

    field.press("ArrowUp")

    expect(options.last).to_have_attribute("aria-selected", "true")
    field.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_have_count(0)


def test_a_click_leads_to_the_page(page: Page, explorer: str) -> None:
    page.goto(f"{explorer}/blocks")
    page.get_by_role("combobox").press_sequentially("1")

    page.get_by_role("option").first.click()

    expect(page).to_have_url(re.compile("/block/1$"))


def test_without_javascript_the_field_is_a_plain_form(chromium: Browser, explorer: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(explorer)

    page.get_by_role("searchbox").fill("1")
    page.get_by_role("button", name="Search").click()

    expect(page).to_have_url(re.compile("/block/1$"))
    context.close()
