"""`/api/mempool`, fee estimates and sending, as far as no node is needed."""

from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ccxx_core.hashes import format_hash, sha256
from ccxx_core.transaction import NULL_OUTPOINT, Transaction, TxInput, TxOutput
from ccxx_explorer.pending import PoolSnapshot
from ccxx_explorer.serving.settings import SERVING_DEFAULTS
from ccxx_explorer.views.esplora import fee_histogram
from ccxx_explorer.web import create_app

WHOLE = Transaction(2, (TxInput(NULL_OUTPOINT),), (TxOutput(1, b"\x51"),)).encode().hex()


async def test_pool_is_summed_up(chain: Any, serve: Any, pool_of: Any) -> None:
    waiting = [chain.spend((), (TxOutput(9_000_000 + value, b"\x51"),)) for value in range(12)]
    vsize = waiting[0].vsize

    async with serve(chain, pool_of(chain, waiting)) as get:
        pool = await get("/mempool")
        txids = await get("/mempool/txids")
        recent = await get("/mempool/recent")

    assert (pool["count"], pool["vsize"]) == (12, 12 * vsize)
    assert pool["total_fee"] == sum(1_000_000 - value for value in range(12))
    assert pool["fee_histogram"] == [[(1_000_000 - 11) / vsize, 12 * vsize]]
    assert sorted(txids) == sorted(format_hash(tx.txid) for tx in waiting)
    assert [each["txid"] for each in recent] == [
        format_hash(tx.txid) for tx in reversed(waiting[2:])
    ]
    assert recent[0] == {
        "txid": format_hash(waiting[-1].txid),
        "fee": 1_000_000 - 11,
        "vsize": vsize,
        "value": 9_000_011,
    }


async def test_empty_pool_is_empty(get: Any) -> None:
    assert await get("/mempool") == {"count": 0, "vsize": 0, "total_fee": 0, "fee_histogram": []}
    assert await get("/mempool/recent") == []


async def test_pool_that_nobody_knows_is_not_said_to_be_empty(chain: Any, serve: Any) -> None:
    coin = chain.blocks[-1].block.transactions[0]
    txid, script = format_hash(coin.txid), sha256(coin.outputs[0].script_pubkey).hex()
    paths = [
        *("/mempool", "/mempool/txids", "/mempool/recent", f"/tx/{'f' * 64}"),
        *(f"/tx/{txid}/outspends", f"/scripthash/{script}", f"/scripthash/{script}/txs"),
        *(f"/scripthash/{script}/txs/mempool", f"/scripthash/{script}/utxo"),
    ]

    async with serve(chain, PoolSnapshot()) as get:
        said = [await get(path, 503) for path in paths]
        confirmed = await get(f"/scripthash/{script}/txs/chain")
        transaction = await get(f"/tx/{txid}")

    assert all("node" in words for words in said)
    assert txid in {each["txid"] for each in confirmed}
    assert transaction["txid"] == txid


def test_histogram_has_bins_a_little_above_their_width() -> None:
    rates = [(5.0, 30), (9.0, 40), (9.0, 40), (2.0, 30), (1.0, 10)]

    bins = fee_histogram(rates, 50)

    assert bins == ((9.0, 80), (2.0, 60), (1.0, 10))
    assert sum(size for _, size in bins) == sum(size for _, size in rates)


async def test_without_a_node_nothing_is_estimated(get: Any) -> None:
    assert "node" in await get("/fee-estimates", 503)


@pytest.mark.parametrize(
    ("allowed", "body", "status"),
    [(True, "00", 400), (True, "é", 400), (True, WHOLE, 503), (False, WHOLE, 403)],
)
async def test_what_is_sent_is_read_first(
    story: Any, allowed: bool, body: str, status: int
) -> None:
    app = create_app(story.site(), replace(SERVING_DEFAULTS, broadcast=allowed))

    async with TestClient(TestServer(app)) as client:
        reply = await client.post("/api/tx", data=body.encode())
        said = await reply.text()

    assert (reply.status, reply.content_type) == (status, "text/plain")
    assert body not in said
