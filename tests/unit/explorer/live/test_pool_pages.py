"""The page of the pool, and of what a waiting transaction would make."""

import html
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ccxx_cert.identity import certificate_id
from ccxx_cert.records import IssueMessage, PermitMessage
from ccxx_cert.state import CreditKind, get_certificate
from ccxx_cert.template import draft_issue, draft_permit, draft_transfer
from ccxx_core.hashes import sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.script import null_data_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.foresight import foresee
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.pending import PendingTransaction, PoolSnapshot, take_snapshot
from ccxx_explorer.serving.settings import SERVING_DEFAULTS
from ccxx_explorer.site import Site
from ccxx_explorer.web import create_app

SEEN = 1_700_000_000
ONLINE = NodeState(online=True, since=SEEN)


def pool_of(*txs: Transaction, fee: int | None = 1_000, more: int = 0) -> PoolSnapshot:
    """Put transactions into a pool, the first as the oldest."""
    known = {
        tx.txid: PendingTransaction(tx, fee, tx.vsize, SEEN + place, {})
        for place, tx in enumerate(txs)
    }
    size = sum(tx.vsize for tx in txs)
    return take_snapshot(known, 1, len(txs) + more, size)


@asynccontextmanager
async def asking(chain: Any, pool: PoolSnapshot) -> AsyncIterator[Any]:
    """Serve an index with a pool beside it."""
    site = Site(chain.database, lambda: ONLINE, pool=lambda: pool)
    app = create_app(site, replace(SERVING_DEFAULTS, rate=0))
    async with TestClient(TestServer(app)) as client:
        yield client


def payments(chain: Any, count: int) -> list[Transaction]:
    """Make ordinary payments."""
    chain.mine()
    return [chain.spend((), (TxOutput(1_000 + place, b"\x51"),)) for place in range(count)]


@pytest.fixture
def granting(chain: Any) -> Transaction:
    """A transaction that would grant a permit."""
    message = PermitMessage(
        code="UNICDEG", quantity=10, typedef_hash=sha256(b"type"), title="MSc <b>Currency"
    )
    coin = chain.coin(CreditKind.ROOT)
    permit_script = b"\x00\x20" + sha256(b"permit")
    return chain.draft(draft_permit(message, permit_script, [coin], 2))  # type: ignore[no-any-return]


@pytest.fixture
def issuing(chain: Any) -> Transaction:
    """A transaction that would issue a certificate under a permit that is in a block."""
    permit = chain.grant()
    message = IssueMessage(serial=7, doc_hash=sha256(b"document"), tail="<i>Zoë</i>")
    coin = chain.coin(CreditKind.PERMIT, permit)
    return chain.draft(draft_issue(message, chain.learn("alice"), coin))  # type: ignore[no-any-return]


async def test_empty_pool_says_that_nothing_waits(chain: Any) -> None:
    async with asking(chain, pool_of()) as client:
        page = await (await client.get("/mempool")).text()

    assert "Nothing waits at the moment." in page


async def test_pool_that_is_not_known_is_never_shown_as_empty(chain: Any) -> None:
    async with asking(chain, PoolSnapshot()) as client:
        page = await (await client.get("/mempool")).text()
        facts = await (await client.get("/mempool.json")).json()

    assert "what waits is not known here" in page
    assert "Nothing waits" not in page
    assert facts["known"] is False


async def test_pool_is_listed_newest_first_in_pages(chain: Any, hexed: Any) -> None:
    txs = payments(chain, 8)
    many = [replace_locktime(txs[0], number) for number in range(60)]

    async with asking(chain, pool_of(*many)) as client:
        first = await (await client.get("/mempool.json")).json()
        second = await (await client.get("/mempool.json", params={"page": 2})).json()
        beyond = await client.get("/mempool.json", params={"page": 3})

    assert first["pages"] == 2
    assert first["transactions"][0]["txid"] == hexed(many[-1].txid)
    assert len(first["transactions"]) == 50 and len(second["transactions"]) == 10
    assert beyond.status == 400


def replace_locktime(tx: Transaction, locktime: int) -> Transaction:
    """Make another transaction of the same size."""
    return Transaction(tx.version, tx.inputs, tx.outputs, locktime)


async def test_what_is_not_shown_is_counted(chain: Any) -> None:
    async with asking(chain, pool_of(*payments(chain, 2), more=5)) as client:
        facts = await (await client.get("/mempool.json")).json()
        page = await (await client.get("/mempool")).text()

    assert (facts["count"], facts["hidden"]) == (7, 5)
    assert "5 transactions more wait than this explorer shows." in page


async def test_fees_are_told_in_bands_that_add_up(chain: Any) -> None:
    txs = payments(chain, 3)
    pool = pool_of(*txs, fee=None)
    paid = {
        tx.txid: replace(pool.transactions[tx.txid], fee=fee)
        for tx, fee in zip(txs, (tx_fee(txs[0], 1_500), tx_fee(txs[1], 1_500), None), strict=True)
    }

    async with asking(chain, take_snapshot(paid, 2, 3, 300)) as client:
        bands = (await (await client.get("/mempool.json")).json())["fees"]

    assert [(band["least"], band["most"], band["count"]) for band in bands] == [(1_000, 2_000, 2)]


def tx_fee(tx: Transaction, feerate: int) -> int:
    """Return a fee that gives a feerate, in satoshis for 1,000 virtual bytes."""
    return -(-tx.vsize * feerate // 1_000)


async def test_certificate_messages_are_told_in_words(
    chain: Any, granting: Transaction, issuing: Transaction
) -> None:
    stranger = chain.spend((), (TxOutput(0, null_data_script(b"CCXC\x01\x20\x00\x00")),))

    async with asking(chain, pool_of(issuing, stranger)) as client:
        lines = (await (await client.get("/mempool.json")).json())["transactions"]

    assert [(line["operation"], line["accepted"]) for line in lines][1] == ("ISSUE", True)
    assert lines[1]["meaning"] == "Pending: issuing a certificate"
    assert lines[0]["accepted"] is False
    assert lines[0]["tone"] == "bad"
    assert granting.txid not in {line["txid"] for line in lines}


async def test_certificate_that_waits_is_not_found_but_named_and_explained(
    chain: Any, issuing: Transaction, named: Any
) -> None:
    outpoint = OutPoint(issuing.txid, 0)

    async with asking(chain, pool_of(issuing)) as client:
        missing = await client.get(f"/certificate/{named(outpoint)}.json")
        problem = (await missing.json())["error"]
        page = await (await client.get(f"/certificate/{certificate_id(outpoint)}")).text()
        facts = await (await client.get(f"/pending/{certificate_id(outpoint)}.json")).json()
        waiting = await (await client.get(f"/pending/{named(outpoint)}")).text()

    assert (missing.status, problem["code"]) == (404, "pending")
    assert "nothing is valid before" in page
    assert f"/pending/{certificate_id(outpoint)}" in page
    assert (facts["status"], facts["kind"], facts["serial"]) == ("pending", "certificate", 7)
    assert facts["id"] == named(outpoint)
    assert facts["title"] == "MSc Digital Currency"
    assert "Not in a block yet: nothing is valid before" in waiting
    assert "<i>Zoë" not in waiting and "Zoë" in html.unescape(waiting)
    assert 'class="verdict good"' not in waiting


async def test_permit_that_waits_is_explained(
    chain: Any, granting: Transaction, named: Any
) -> None:
    name = named(OutPoint(granting.txid, 0))

    async with asking(chain, pool_of(granting)) as client:
        missing = await (await client.get(f"/permit/{name}.json")).json()
        facts = await (await client.get(f"/pending/{name}.json")).json()
        page = await (await client.get(f"/pending/{name}")).text()

    assert missing["error"]["code"] == "pending"
    assert (facts["kind"], facts["status"], facts["quantity"]) == ("permit", "pending", 10)
    assert "<b>Currency" not in page


async def test_certificate_that_the_rules_would_refuse_is_called_so(chain: Any, named: Any) -> None:
    permit = chain.grant()
    chain.issue(permit, 7, "bob")
    message = IssueMessage(serial=7, doc_hash=sha256(b"document"))
    coin = chain.coin(CreditKind.PERMIT, permit)
    again = chain.draft(draft_issue(message, chain.learn("alice"), coin))

    async with asking(chain, pool_of(again)) as client:
        facts = await (await client.get(f"/pending/{named(OutPoint(again.txid, 0))}.json")).json()

    assert facts["status"] == "refused"
    assert "the serial number was used before" in facts["verdict"]["words"]


async def test_what_is_in_a_block_by_now_leads_to_its_page(chain: Any, named: Any) -> None:
    certificate = chain.issue(chain.grant(), 1, "alice")

    async with asking(chain, pool_of()) as client:
        facts = await (await client.get(f"/pending/{named(certificate)}.json")).json()

    assert facts["status"] == "confirmed"
    assert facts["url"] == f"/certificate/{named(certificate)}"


@pytest.mark.parametrize("name", ["x", "ccert1x", "0:0", "ff:99999999999", "%00", "12"])
async def test_strange_name_is_answered_with_help(chain: Any, name: str) -> None:
    async with asking(chain, pool_of(*payments(chain, 1))) as client:
        reply = await client.get(f"/pending/{name}")

        assert reply.status in (400, 404)
        assert "<h1>" in await reply.text()


async def test_plain_output_of_a_waiting_transaction_is_no_certificate(
    chain: Any, issuing: Transaction, named: Any
) -> None:
    outpoints: Sequence[OutPoint] = [
        OutPoint(issuing.txid, vout) for vout in range(1, len(issuing.outputs) + 2)
    ]

    async with asking(chain, pool_of(issuing)) as client:
        found = [(await client.get(f"/pending/{named(at)}.json")).status for at in outpoints]

    assert set(found) == {404}


async def test_transfer_of_a_certificate_that_waits_itself_is_foreseen(
    chain: Any, issuing: Transaction
) -> None:
    at = OutPoint(issuing.txid, 0)
    with chain.database.read() as connection:
        outlook = foresee(Site(chain.database, lambda: ONLINE), connection, [issuing])
    certificate = get_certificate(outlook.registry, at)
    assert certificate is not None
    holder = PrivateKey(sha256(b"bob")).public_key
    draft = draft_transfer([certificate], [chain.learn("bob")], holder, sha256(b"deed"))
    inner = chain.inner[issuing.outputs[0].script_pubkey]
    fee = chain.spend((), ()).inputs[0]
    spent = TxInput(at, witness=(b"", b"\x30", b"\x30", b"\x30", inner))
    transfer = Transaction(2, (spent, fee), (*draft.outputs,))

    async with asking(chain, pool_of(transfer, issuing)) as client:
        lines = (await (await client.get("/mempool.json")).json())["transactions"]

    assert [(line["operation"], line["accepted"]) for line in lines] == [
        ("ISSUE", True),
        ("TRANSFER", True),
    ]


async def test_search_for_a_certificate_that_waits_leads_to_what_it_would_be(
    chain: Any, issuing: Transaction, named: Any
) -> None:
    outpoint = OutPoint(issuing.txid, 0)

    async with asking(chain, pool_of(issuing)) as client:
        found = await (
            await client.get("/search.json", params={"q": certificate_id(outpoint)})
        ).json()

    assert (found["kind"], found["url"]) == ("pending", f"/pending/{named(outpoint)}")
