"""The verification widget on pages of another origin: green in one case alone."""

import html
import shutil
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from ccxx_regtest.processes import Process, free_ports, program

Facts = Callable[..., Any]
Embed = Callable[..., Locator]
SECONDS = 30_000


class Shop:
    """A site of somebody else that embeds what a test tells it to."""

    def __init__(self) -> None:
        self.body = ""
        self.policy: str | None = None
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = f"<!doctype html><html lang=en><title>Shop</title><body>{shop.body}".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                if shop.policy is not None:
                    self.send_header("Content-Security-Policy", shop.policy)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        """Close it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A site on another origin than the explorer."""
    opened = Shop()
    yield opened
    opened.close()


@pytest.fixture
def certificates(facts: Facts) -> dict[str, str]:
    """One certificate of every status, by its printable id."""
    lines = facts("certificates")["certificates"]
    return {line["status"]: line["certificate_id"] for line in reversed(lines)}


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Page]:
    """A visitor of the shop."""
    opened = chromium.new_page(viewport={"width": 360, "height": 800})
    yield opened
    opened.close()


@pytest.fixture
def embed(shop: Shop, visitor: Page, explorer: str) -> Embed:
    """Give a function that embeds a certificate's widget, and returns what is seen of it."""

    def show(certificate: str, more: str = "", at: str = explorer) -> Locator:
        named = html.escape(certificate, quote=True)
        shop.body = (
            f'<script src="{at}/widget.js" data-certificate="{named}" {more} async></script>'
        )
        visitor.goto(shop.url)
        return visitor.locator("[data-ccxx-certificate] .card")

    return show


def test_valid_certificate_is_green_and_leads_to_its_page(
    embed: Embed, explorer: str, certificates: dict[str, str]
) -> None:
    card = embed(certificates["valid"])

    expect(card).to_have_attribute("data-tone", "good", timeout=SECONDS)
    expect(card.get_by_role("status")).to_contain_text("Valid")
    expect(card.get_by_role("link")).to_have_attribute(
        "href", f"{explorer}/certificate/{certificates['valid']}"
    )
    expect(card).to_contain_text("As of block")


def test_every_other_status_is_never_green(embed: Embed, certificates: dict[str, str]) -> None:
    others = {status: name for status, name in certificates.items() if status != "valid"}
    assert others

    for status, name in others.items():
        card = embed(name)
        expect(card.get_by_role("status")).not_to_contain_text("Checking", timeout=SECONDS)
        assert card.get_attribute("data-tone") in ("bad", "warn", "calm"), status


@pytest.mark.parametrize(
    ("status", "tone"), [("revoked", "bad"), ("suspended", "warn"), ("expired", "warn")]
)
def test_status_that_the_explorer_tells_is_shown_in_its_words(
    embed: Embed, visitor: Page, certificates: dict[str, str], status: str, tone: str
) -> None:
    def revoke(route: Route) -> None:
        reply = route.fetch()
        facts = reply.json()
        facts["status"] = status
        facts["verdict"] = {"status": status, "tone": tone, "title": status.title(), "words": ""}
        route.fulfill(response=reply, json=facts)

    visitor.route("**/certificate/*.json*", revoke)
    card = embed(certificates["valid"])

    expect(card).to_have_attribute("data-tone", tone, timeout=SECONDS)
    expect(card.get_by_role("status")).to_contain_text(status.title())


def test_widget_that_names_no_certificate_says_so_and_asks_nothing(
    embed: Embed, visitor: Page
) -> None:
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))

    card = embed("")

    expect(card.get_by_role("status")).to_contain_text("No certificate is named", timeout=SECONDS)
    expect(card).to_have_attribute("data-tone", "calm")
    expect(card).to_contain_text("data-certificate")
    assert not [url for url in asked if "/certificate/" in url]


def test_answer_about_another_certificate_is_not_believed(
    embed: Embed, visitor: Page, explorer: str, certificates: dict[str, str]
) -> None:
    other = next(name for status, name in certificates.items() if status != "valid")
    genuine = f"{explorer}/certificate/{certificates['valid']}.json"
    visitor.route(
        f"**/certificate/{other}.json*",
        lambda route: route.fulfill(response=route.fetch(url=genuine)),
    )

    card = embed(other)

    expect(card.get_by_role("status")).to_contain_text("Could not be checked", timeout=SECONDS)


def test_explorer_that_is_away_says_nothing_about_the_certificate(
    embed: Embed, visitor: Page, certificates: dict[str, str]
) -> None:
    visitor.route("**/certificate/*.json*", lambda route: route.abort())

    card = embed(certificates["valid"])

    expect(card.get_by_role("status")).to_contain_text("Could not be checked", timeout=SECONDS)
    expect(card).to_have_attribute("data-tone", "calm")


def test_node_that_is_away_leaves_nothing_green(
    demo: Any, embed: Embed, certificates: dict[str, str], tmp_path: Path
) -> None:
    found = next(demo.folder.rglob("*.sqlite"))
    for part in found.parent.glob(f"{found.name}*"):
        shutil.copy(part, tmp_path / part.name)
    port = free_ports(2)
    anchor = next(demo.folder.rglob("anchor.json"))
    options = [f"--database={tmp_path / found.name}", f"--port={port[0]}", f"--anchor={anchor}"]
    node = f"--node=http://a:b@127.0.0.1:{port[1]}"
    command = [program("ccxx-explorer"), "serve", *options, node, "--network=regtest"]
    process = Process("ccxx-explorer", command, tmp_path / "explorer.log", {})
    try:
        process.wait_until(lambda: "Explorer:" in (tmp_path / "explorer.log").read_text())
        card = embed(certificates["valid"], at=f"http://127.0.0.1:{port[0]}")

        expect(card.get_by_role("status")).to_contain_text("Could not be checked", timeout=SECONDS)
        expect(card).to_have_attribute("data-tone", "calm")
        expect(card).to_contain_text("node is away")
    finally:
        process.stop()


@pytest.mark.parametrize(
    "name", ["ccert1qqqq", "x", "", "../../latest", '"><script>alert(1)</script>', "ff" * 32 + ":0"]
)
def test_strange_name_is_not_known_and_never_markup(embed: Embed, visitor: Page, name: str) -> None:
    card = embed(name)

    expect(card.get_by_role("status")).not_to_contain_text("Checking", timeout=SECONDS)
    assert card.get_attribute("data-tone") == "calm"
    assert visitor.locator("script").count() == 1


def test_strict_policy_of_the_site_needs_two_words(
    embed: Embed, shop: Shop, visitor: Page, explorer: str, certificates: dict[str, str]
) -> None:
    shop.policy = f"default-src 'none'; script-src {explorer}; connect-src {explorer}"
    complaints: list[str] = []
    visitor.on("console", lambda said: complaints.append(said.text))

    card = embed(certificates["valid"])

    expect(card).to_have_attribute("data-tone", "good", timeout=SECONDS)
    assert card.evaluate("each => getComputedStyle(each).borderInlineStartWidth") != "0px"
    assert [said for said in complaints if "Content Security" in said] == []


def test_policy_that_forbids_asking_leaves_it_unchecked(
    embed: Embed, shop: Shop, explorer: str, certificates: dict[str, str]
) -> None:
    shop.policy = f"default-src 'none'; script-src {explorer}"

    card = embed(certificates["valid"])

    expect(card.get_by_role("status")).to_contain_text("Could not be checked", timeout=SECONDS)


def test_language_and_direction_are_the_sites(embed: Embed, certificates: dict[str, str]) -> None:
    card = embed(certificates["valid"], 'data-lang="fa-IR" data-theme="dark"')

    expect(card).to_have_attribute("dir", "rtl", timeout=SECONDS)
    expect(card).to_have_attribute("lang", "fa")
    fits = card.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert fits


def test_widget_sets_no_cookies_and_asks_the_explorer_alone(
    embed: Embed, shop: Shop, visitor: Page, explorer: str, certificates: dict[str, str]
) -> None:
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))

    expect(embed(certificates["valid"])).to_have_attribute("data-tone", "good", timeout=SECONDS)

    assert visitor.context.cookies() == []
    assert all(url.startswith((explorer, shop.url)) for url in asked)


def test_page_shows_the_line_and_how_it_looks(
    visitor: Page, explorer: str, certificates: dict[str, str]
) -> None:
    visitor.goto(f"{explorer}/widget?certificate={certificates['valid']}")

    line = f'<script src="{explorer}/widget.js" data-certificate="{certificates["valid"]}" async>'
    expect(visitor.get_by_text(line)).to_be_visible()
    card = visitor.locator("[data-ccxx-certificate] .card")
    expect(card).to_have_attribute("data-tone", "good", timeout=SECONDS)
