"""The network after the story: its explorer in a browser and as JSON, and its logs."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect


def certificate_with(facts: Callable[..., Any], **wanted: Any) -> dict[str, Any]:
    """Find the first certificate in the list whose facts are the wanted ones."""
    listed = facts("certificates")
    while True:
        for certificate in listed["certificates"]:
            if certificate | wanted == certificate:
                return dict(certificate)
        if listed["after"] is None:
            break
        listed = facts("certificates", after=listed["after"])
    pytest.fail(f"no certificate has {wanted}")


def test_home_leads_to_the_latest_certificates(page: Page, explorer: str) -> None:
    page.goto(explorer)

    expect(page.get_by_role("heading", level=1)).to_contain_text("certificate")
    page.locator('a[href^="/certificate/"]').first.click()

    expect(page).to_have_url(re.compile("/certificate/[0-9a-f]{64}:"))
    expect(page.get_by_role("heading", name="Chain of custody")).to_be_visible()


def test_certificate_page_says_what_its_json_says(
    page: Page, explorer: str, facts: Callable[..., Any]
) -> None:
    share = certificate_with(facts, serial=1)
    wanted = facts(f"certificate/{share['id']}")

    page.goto(f"{explorer}/certificate/{share['id']}")

    content = page.get_by_role("main")
    for fact in ("certificate_id", "id", "holder_key", "document_hash", "issuer_key"):
        expect(content).to_contain_text(wanted[fact])
    expect(content).to_contain_text(wanted["verdict"]["title"])
    expect(content).to_contain_text(wanted["permit"]["id"])


def test_forced_transfer_is_shown_as_destroyed_and_why(
    page: Page, explorer: str, facts: Callable[..., Any]
) -> None:
    degree = certificate_with(facts, status="destroyed")

    page.goto(f"{explorer}/certificate/{degree['id']}")

    expect(page.get_by_role("main")).to_contain_text("Destroyed")
    expect(page.get_by_role("main")).to_contain_text("not transferable")


def test_certificate_is_found_by_its_short_id(
    page: Page, explorer: str, facts: Callable[..., Any]
) -> None:
    share = certificate_with(facts, serial=1)
    page.goto(explorer)

    page.locator("input[name=q]").fill(share["certificate_id"])
    page.get_by_role("button", name="Search").click()

    expect(page.get_by_role("main")).to_contain_text(share["id"])


def test_certificate_page_needs_no_javascript(
    chromium: Browser, explorer: str, facts: Callable[..., Any]
) -> None:
    share = certificate_with(facts, serial=1)
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()

    page.goto(f"{explorer}/certificate/{share['id']}")

    expect(page.get_by_role("heading", name="Chain of custody")).to_be_visible()
    context.close()


@pytest.mark.parametrize("path", ["", "blocks", "permits", "certificates", "status", "block/5000"])
def test_page_has_no_errors_and_fits_a_phone(page: Page, explorer: str, path: str) -> None:
    page.set_viewport_size({"width": 375, "height": 700})

    answer = page.goto(f"{explorer}/{path}")

    assert answer is not None
    assert answer.status == 200
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_explorer_shows_every_certificate_of_the_story(facts: Callable[..., Any]) -> None:
    counts = facts("status")["counts"]

    assert (counts["permits"], counts["certificates"], counts["refused"]) == (2, 51, 1)


def test_credit_is_conserved_and_only_the_forced_sale_lost_some(
    facts: Callable[..., Any],
) -> None:
    credit = facts("status")["credit"]

    parts = (credit["root"], credit["permits"], credit["certificates"], credit["destroyed"])

    assert sum(parts) == credit["total"] == 2_100_000_000
    assert credit["destroyed"] == 100_000


@pytest.mark.parametrize("secret", ["seed_phrase", "correct horse"])
def test_logs_hold_no_secret(demo: Any, secret: str) -> None:
    logs = list((demo.folder / "logs").iterdir())

    assert len(logs) >= 5
    assert [log.name for log in logs if secret in log.read_text()] == []
