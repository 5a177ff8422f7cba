"""The pages: the same facts as the JSON, safe to show whatever the chain says."""

import html
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ccxx_cert.identity import certificate_id
from ccxx_core.network import REGTEST
from ccxx_explorer.database.store import Database
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.site import Site
from ccxx_explorer.web import create_app

SINCE = 1_700_000_000


@pytest.fixture
async def client(story: Any) -> AsyncIterator[Any]:
    """A client of the web server."""
    async with TestClient(TestServer(create_app(story.site()))) as opened:
        yield opened


@pytest.fixture
async def read(client: Any) -> Any:
    """Return a function that reads a page's HTML."""

    async def get(path: str, status: int = 200) -> str:
        reply = await client.get(path)
        text: str = await reply.text()
        assert reply.status == status, text
        assert reply.headers["Content-Type"].startswith("text/html")
        return text

    return get


@pytest.mark.parametrize(
    "path", ["/", "/latest", "/status", "/blocks", "/permits", "/certificates", "/block/7"]
)
async def test_page_names_its_json_twin(read: Any, client: Any, path: str) -> None:
    page = await read(path)

    twin = page.split("This page as JSON")[0].rsplit('href="', 1)[1].split('"')[0]
    reply = await client.get(twin)
    assert reply.status == 200
    assert reply.content_type == "application/json"


async def test_json_twin_says_the_same_for_the_same_parameters(read: Any, client: Any) -> None:
    page = await read("/blocks?below=3")

    twin = page.split("This page as JSON")[0].rsplit('href="', 1)[1].split('"')[0]
    blocks = (await (await client.get(twin)).json())["blocks"]

    assert [block["height"] for block in blocks] == [2, 1, 0]


async def test_valid_certificate_is_green_and_says_so_in_words(
    read: Any, story: Any, named: Any
) -> None:
    page = await read(f"/certificate/{named(story.single)}")

    assert '<section class="verdict good" aria-label="Verdict"><strong>Valid</strong>' in page


async def test_nothing_is_green_on_a_destroyed_certificate(
    read: Any, story: Any, named: Any
) -> None:
    page = await read(f"/certificate/{named(story.fixed)}")

    assert "<strong>Destroyed</strong>" in page
    assert "certificates of this type are not transferable" in page
    assert 'class="badge good"' not in page
    assert 'class="verdict good"' not in page


async def test_markup_from_the_chain_is_shown_as_text(
    read: Any, story: Any, named: Any, hexed: Any
) -> None:
    summary = await read(f"/certificate/{named(story.recent)}")
    message = await read(f"/tx/{hexed(story.hostile.txid)}")

    assert "&lt;b&gt;Zoë&lt;/b&gt;" in summary
    assert "<b>Zoë" not in summary
    assert "<script>" not in message
    assert "&lt;script&gt;" in message


async def test_control_characters_from_the_chain_are_shown_by_their_names(
    read: Any, story: Any, hexed: Any
) -> None:
    message = await read(f"/tx/{hexed(story.hostile.txid)}")

    assert "\u202e" not in message and "\x00" not in message
    assert "<U+202E><U+0000> evil" in html.unescape(message)


async def test_every_answer_forbids_foreign_scripts_and_other_sites(client: Any) -> None:
    for path in ("/", "/status.json", "/nothing", "/static/explorer.css"):
        reply = await client.get(path)

        policy = reply.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "http" not in policy
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/tx/<script>", 400),
        ("/certificate/none", 404),
        ("/address/%F0%9F%98%80", 400),
        ("/blocks?below=x", 400),
        ("/search?q=%3Cscript%3E", 400),
        ("/" + "x" * 3000, 404),
    ],
)
async def test_bad_question_gets_a_helpful_page(read: Any, path: str, status: int) -> None:
    page = await read(path, status)

    assert "<h1>" in page
    assert "Traceback" not in page
    assert "<script>" not in page


async def test_search_leads_to_the_page(client: Any, story: Any, named: Any) -> None:
    reply = await client.get(
        "/search", params={"q": f"  {named(story.single)} "}, allow_redirects=False
    )

    assert reply.status == 303
    assert reply.headers["Location"] == f"/certificate/{named(story.single)}"


async def test_other_methods_are_refused_with_a_hint(client: Any) -> None:
    reply = await client.post("/status.json", data=b"x")

    assert reply.status == 405
    assert (await reply.json())["error"]["code"] == "method-not-allowed"


async def test_silent_node_is_named_on_every_page_with_its_time(story: Any) -> None:
    gone = NodeState(online=False, since=SINCE, height=19)
    async with TestClient(TestServer(create_app(story.site(gone)))) as client:
        for path in ("/", "/blocks", "/nothing"):
            page = await (await client.get(path)).text()

            assert "has not answered since" in page
            assert "2023-11-14 22:13 UTC" in page


async def test_unreadable_index_is_said_without_its_reason(story: Any, tmp_path: Any) -> None:
    broken = tmp_path / "index.sqlite"
    story_site = story.site()
    database = type(story.database).open(broken, story.database.network, story.chain.anchor)
    story_site.database = database
    database.close()
    broken.write_bytes(b"not a database" * 1000)

    async with TestClient(TestServer(create_app(story_site))) as client:
        reply = await client.get("/")
        page = await reply.text()

    assert reply.status == 503
    assert "has not been readable since" in page
    assert "sqlite" not in page


async def test_explorer_without_anchor_says_what_is_missing(story: Any, tmp_path: Any) -> None:
    plain = type(story.database).open(tmp_path / "plain.sqlite", story.database.network, None)
    plain.connect_blocks(story.chain.blocks)
    site = story.site()
    site.database = plain

    async with TestClient(TestServer(create_app(site))) as client:
        home = await (await client.get("/")).text()
        reply = await client.get("/certificates.json")
        error = (await reply.json())["error"]

    assert "started without a trust anchor" in home
    assert (reply.status, error["code"]) == (404, "no-anchor")
    plain.close()


async def test_empty_index_asks_for_patience(story: Any, tmp_path: Any) -> None:
    empty = type(story.database).open(
        tmp_path / "empty.sqlite", story.database.network, story.chain.anchor
    )
    site = story.site()
    site.database = empty

    async with TestClient(TestServer(create_app(site))) as client:
        assert (await client.get("/")).status == 200
        assert (await client.get("/status.json")).status == 200
        reply = await client.get("/certificates")
        page = await reply.text()

    assert reply.status == 503
    assert "No block has been indexed yet" in page
    empty.close()


async def test_certificate_page_says_as_of_when_and_how_to_compute_the_hash(
    read: Any, story: Any, named: Any
) -> None:
    page = await read(f"/certificate/{named(story.single)}")

    assert "As of block" in page
    assert "sha256sum FILE" in page
    assert "RFC 8785" in page


async def test_certificate_of_a_batch_says_how_to_check_a_document_against_it(
    read: Any, story: Any, named: Any
) -> None:
    name = named(story.first_of_batch)

    page = await read(f"/certificate/{name}")

    assert f"ccxx-holder certificate check {name} FILE --proof NAME.proof.json" in page
    assert "ccxx-issuer" not in page
    assert "A search for the document's hash does not find this certificate" in page
    assert "sha256sum FILE" not in page


async def test_commands_come_with_what_they_need_once(read: Any, story: Any, named: Any) -> None:
    page = await read(f"/certificate/{named(story.single)}")

    preparation = page.index("ccxx-holder init --anchor anchor.json")
    assert page.index("export CCXX_NETWORK=regtest") < page.index("/root/anchor.json") < preparation
    assert preparation < page.index("ccxx-holder show")
    assert "ccxx-cli -chain=regtest -datadir=&#34;$CCXX_DATADIR&#34;" in page


async def test_page_says_why_no_issuer_is_named(read: Any, story: Any, named: Any) -> None:
    page = await read(f"/certificate/{named(story.single)}")

    assert "This explorer was not given the type definition" in page
    assert "--types" in page


async def test_certificate_takes_its_id_along_to_where_a_document_is_compared(
    read: Any, story: Any, named: Any
) -> None:
    identity = certificate_id(story.single)

    page = await read(f"/certificate/{named(story.single)}")
    form = await read(f"/verify?q={identity}")

    assert f'href="/verify?q={identity}#document"' in page
    assert f'value="{identity}"' in form
    assert "Compare your document with it" in form


async def test_problem_of_the_node_is_said_in_the_readers_language(story: Any) -> None:
    problem = "new blocks cannot be written to the index"
    state = NodeState(online=True, since=SINCE, problem=problem)

    async with TestClient(TestServer(create_app(Site(story.database, lambda: state)))) as client:
        page = await (await client.get("/status", params={"lang": "de"})).text()
        facts = await (await client.get("/status.json")).json()

    assert "neue Blöcke können nicht in den Index geschrieben werden" in page
    assert problem not in page
    assert facts["node"]["problem"] == problem


async def test_mistyped_id_is_told_from_an_unknown_one(client: Any, story: Any) -> None:
    identity = certificate_id(story.single)
    mistyped = identity[:-1] + ("q" if identity[-1] != "q" else "p")

    reply = await client.get(f"/certificate/{mistyped}.json")

    assert reply.status == 400
    assert "its checksum does not match" in (await reply.json())["error"]["message"]


async def test_every_page_warns_of_a_root_coin_that_is_not_there(
    chain: Any, tmp_path: Path
) -> None:
    stranger = replace(chain.anchor, root_value=chain.anchor.root_value + 1)
    database = Database.open(tmp_path / "stranger.sqlite", REGTEST, stranger)
    database.connect_blocks(chain.blocks)
    site = Site(database, lambda: NodeState(online=True, since=SINCE))

    async with TestClient(TestServer(create_app(site))) as client:
        pages = [await (await client.get(path)).text() for path in ("/", "/status", "/permits")]
    database.close()

    assert all("root coin of the trust anchor is not on this chain" in page for page in pages)
    assert "No permit has been granted yet" not in pages[2]
