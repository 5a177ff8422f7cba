"""The JSON of every page tells the story as it happened."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ccxx_core.address import encode_address
from ccxx_core.hashes import sha256
from ccxx_core.network import REGTEST
from ccxx_explorer.database.store import Database
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.site import Site
from ccxx_explorer.web import create_app


@asynccontextmanager
async def asking(site: Site) -> AsyncIterator[Any]:
    """Give a function that asks a web server for JSON."""
    async with TestClient(TestServer(create_app(site))) as client:

        async def get(path: str, status: int = 200) -> Any:
            reply = await client.get(path)
            assert reply.status == status, await reply.text()
            assert reply.headers["Content-Type"] == "application/json"
            return await reply.json()

        yield get


@pytest.fixture
async def ask(story: Any) -> AsyncIterator[Any]:
    """Return a function that asks the web server of the story for JSON."""
    async with asking(story.site()) as get:
        yield get


@pytest.fixture
def ask_about() -> Any:
    """Return a function that serves an index, or that of a chain or story, for a while."""

    def serve(shown: Any, state: NodeState | None = None) -> Any:
        database = shown if isinstance(shown, Database) else shown.database
        current = state or NodeState(online=True, since=1_700_000_000)
        return asking(Site(database, lambda: current))

    return serve


async def test_status_shows_how_the_root_credit_divides(ask: Any, story: Any) -> None:
    status = await ask("/status.json")

    credit = status["credit"]
    assert status["tip"]["height"] == len(story.chain.blocks) - 1
    assert credit["total"] == sum(credit[name] for name in credit if name != "total")
    assert credit["destroyed"] == 100_000
    assert status["counts"]["certificates"] == 54
    assert status["counts"]["permits"] == 2


async def test_transferred_certificate_is_valid_and_shows_both_holders(
    ask: Any, story: Any, named: Any, hexed: Any
) -> None:
    facts = await ask(f"/certificate/{named(story.single)}.json")

    assert facts["status"] == "valid"
    assert facts["verdict"]["tone"] == "good"
    assert [event["operation"] for event in facts["history"]] == ["ISSUE", "TRANSFER"]
    assert facts["history"][1]["txid"] == hexed(story.transfer.txid)
    assert facts["document_hash"] == sha256(b"document").hex()
    assert facts["permit"]["id"] == named(story.permit)
    assert facts["serial"] == 1


async def test_forced_transfer_destroys_a_certificate_and_says_why(
    ask: Any, story: Any, named: Any, hexed: Any
) -> None:
    facts = await ask(f"/certificate/{named(story.fixed)}.json")

    last = facts["history"][-1]
    assert facts["status"] == "destroyed"
    assert facts["verdict"]["tone"] == "bad"
    assert "not transferable" in facts["verdict"]["words"]
    assert last["txid"] == hexed(story.forced.txid)
    assert (last["accepted"], last["refusal"]) == (False, "not-transferable")
    assert last["destroyed"]
    assert facts["location"] is None


async def test_expired_certificate_is_expired_and_not_green(
    ask: Any, story: Any, named: Any
) -> None:
    facts = await ask(f"/certificate/{named(story.expiring)}.json")

    assert facts["status"] == "expired"
    assert facts["verdict"]["tone"] == "warn"
    checks = {check["name"]: check["result"] for check in facts["checks"]}
    assert checks["expiry"] == "failed"
    assert checks["issuer"] == "passed"
    assert checks["integrity"] == "unknown"


async def test_certificate_with_few_confirmations_is_provisional(
    ask: Any, story: Any, named: Any
) -> None:
    facts = await ask(f"/certificate/{named(story.recent)}.json")

    assert facts["status"] == "provisional"
    assert facts["confirmations"] == 1
    assert facts["summary"] == "<b>Zoë</b>"
    assert facts["holder_key"] is None


async def test_printable_id_and_outpoint_name_the_same_certificate(
    ask: Any, story: Any, named: Any
) -> None:
    by_outpoint = await ask(f"/certificate/{named(story.single)}.json")

    by_id = await ask(f"/certificate/{by_outpoint['certificate_id']}.json")

    assert by_id == by_outpoint


async def test_certificate_of_a_batch_knows_its_leaf(ask: Any, story: Any, hexed: Any) -> None:
    facts = await ask(f"/certificate/{hexed(story.first_of_batch.txid)}:7.json")

    assert facts["serial"] == 107
    assert facts["batch"]["leaf"] == 7
    assert facts["batch"]["count"] == 50
    assert facts["summary"] == "batch 2026-A"


async def test_past_and_present_address_lead_to_the_certificate(
    ask: Any, story: Any, named: Any
) -> None:
    past = encode_address(story.chain.learn("alice"), REGTEST)
    present = encode_address(story.chain.learn("bob"), REGTEST)

    for address in (past, present):
        facts = await ask(f"/address/{address}.json")
        assert [line["id"] for line in facts["certificates"]] == [named(story.single)]
        assert facts["roles"] == ["certificate"]


async def test_permit_counts_what_it_issued(ask: Any, story: Any, named: Any) -> None:
    facts = await ask(f"/permit/{named(story.permit)}.json")

    assert (facts["quantity"], facts["issued"]) == (1000, 53)
    assert facts["credit"] == 947 * 100_000
    assert facts["status"] == "valid"
    assert facts["title"] == "MSc Digital Currency"
    assert len(facts["history"]) == 5


async def test_transaction_names_the_role_of_every_key(
    ask: Any, story: Any, named: Any, hexed: Any
) -> None:
    facts = await ask(f"/tx/{hexed(story.transfer.txid)}.json")

    roles = {key["role"] for key in facts["inputs"][0]["keys"]}
    assert roles == {"root", "issuer", "holder"}
    assert facts["inputs"][0]["credit"]["id"] == named(story.single)
    assert facts["outputs"][0]["credit"]["id"] == named(story.single)
    assert facts["verdict"]["accepted"]
    message = next(output["data"] for output in facts["outputs"] if output["data"])
    assert message["operation"] == "TRANSFER"
    assert facts["fee"] > 0


async def test_block_is_found_by_height_and_by_hash(ask: Any, story: Any, hexed: Any) -> None:
    block = story.chain.blocks[5]

    by_height = await ask("/block/5.json")

    assert by_height == await ask(f"/block/{hexed(block.hash)}.json")
    assert by_height["transaction_count"] == len(block.block.transactions)


async def test_lists_are_paged(ask: Any) -> None:
    first = await ask("/certificates.json")
    second = await ask(f"/certificates.json?after={first['after']}")

    assert (first["total"], second["after"]) == (54, None)
    assert len(first["certificates"]) == 50
    assert len(second["certificates"]) == 4
    assert len({line["id"] for line in first["certificates"] + second["certificates"]}) == 54


async def test_search_finds_every_kind_of_thing(
    ask: Any, story: Any, named: Any, hexed: Any
) -> None:
    certificate = (await ask(f"/certificate/{named(story.single)}.json"))["certificate_id"]
    wanted = {
        "7": "block",
        hexed(story.chain.blocks[3].hash): "block",
        hexed(story.transfer.txid): "transaction",
        f"{hexed(story.transfer.txid)}:0": "certificate",
        named(story.single): "certificate",
        named(story.permit): "permit",
        certificate: "certificate",
        certificate.upper(): "certificate",
        encode_address(story.chain.learn("alice"), REGTEST): "address",
    }

    found = {text: (await ask(f"/search.json?q={text}"))["kind"] for text in wanted}

    assert found == wanted


async def test_document_hash_leads_to_the_certificate_or_to_all_of_them(
    chain: Any, named: Any, ask_about: Any
) -> None:
    permit = chain.grant()
    once, twice = sha256(b"one paper"), sha256(b"a paper issued again")
    first = chain.issue(permit, 1, "alice", doc_hash=once)
    chain.issue(permit, 2, "bob", doc_hash=twice)
    chain.issue(permit, 3, "carol", doc_hash=twice)

    async with ask_about(chain) as get:
        one = await get(f"/search.json?q={once.hex()}")
        many = await get(f"/search.json?q={twice.hex().upper()}")
        listed = await get(many["url"].replace("?", ".json?"))

    assert one["url"] == f"/certificate/{named(first)}"
    assert many["kind"] == "certificates"
    assert [line["serial"] for line in listed["certificates"]] == [3, 2]
    assert (listed["total"], listed["filters"][0]["value"]) == (2, twice.hex())


async def test_every_answer_about_certificates_says_as_of_which_block(
    ask: Any, story: Any, named: Any
) -> None:
    tip = story.chain.blocks[-1]
    address = encode_address(story.chain.learn("alice"), REGTEST)
    paths = (
        "/latest.json",
        "/certificates.json",
        "/permits.json",
        f"/certificate/{named(story.single)}.json",
        f"/permit/{named(story.permit)}.json",
        f"/address/{address}.json",
    )

    found = [(await ask(path))["as_of"] for path in paths]

    wanted = {"height": tip.height, "time": tip.block.header.time, "online": True}
    assert found == [wanted] * len(paths)


async def test_answer_without_a_node_says_so(story: Any, named: Any, ask_about: Any) -> None:
    async with ask_about(story, NodeState(online=False, since=1_700_000_000)) as get:
        facts = await get(f"/certificate/{named(story.single)}.json")

    assert facts["status"] == "valid"
    assert facts["as_of"]["online"] is False


async def test_root_coin_that_is_not_on_the_chain_is_a_problem_everywhere(
    chain: Any, ask_about: Any, tmp_path: Path
) -> None:
    stranger = replace(chain.anchor, root_height=chain.anchor.root_height + 1)
    database = Database.open(tmp_path / "stranger.sqlite", REGTEST, stranger)
    database.connect_blocks(chain.blocks)

    async with ask_about(database) as get:
        before = await get("/status.json")
        chain.mine()
        database.connect_blocks(chain.blocks[-1:])
        after = await get("/status.json")
        refusal = await get("/certificates.json", 503)
    database.close()

    assert before["problem"] is None
    assert "root coin of the trust anchor is not on this chain" in after["problem"]
    assert refusal["error"]["code"] == "wrong-anchor"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/tx/zz.json", 400, "bad-request"),
        (f"/tx/{'0' * 64}.json", 404, "not-found"),
        ("/block/999999.json", 404, "not-found"),
        (f"/certificate/{'0' * 64}:1.json", 404, "not-found"),
        ("/certificate/nonsense.json", 404, "not-found"),
        ("/address/nonsense.json", 400, "bad-request"),
        ("/certificates.json?after=0-1-2", 400, "bad-request"),
        ("/certificates.json?after=99999999999999999999", 400, "bad-request"),
        ("/certificates.json?permit=x", 400, "bad-request"),
        ("/blocks.json?below=-1", 400, "bad-request"),
        ("/nothing/here.json", 404, "no-such-page"),
        ("/search.json?q=%00%ff", 400, "bad-request"),
        ("/search.json", 400, "bad-request"),
    ],
)
async def test_bad_question_gets_a_helpful_error(
    ask: Any, path: str, status: int, code: str
) -> None:
    facts = await ask(path, status)

    assert facts["error"]["code"] == code
    assert facts["error"]["hint"]
