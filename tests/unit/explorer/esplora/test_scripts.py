"""`/api/address` and `/api/scripthash`: sums, history, coins and the beginnings of addresses."""

from typing import Any

import pytest

from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash, sha256
from ccxx_core.network import REGTEST
from ccxx_core.script import is_unspendable, p2wpkh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

SCRIPT = p2wpkh_script(sha256(b"somebody")[:20])
ADDRESS = encode_address(SCRIPT, REGTEST)
HASH = sha256(SCRIPT).hex()
NOTHING = {
    "funded_txo_count": 0,
    "funded_txo_sum": 0,
    "spent_txo_count": 0,
    "spent_txo_sum": 0,
    "tx_count": 0,
}


def pay(chain: Any, *values: int) -> Transaction:
    """Pay somebody some amounts."""
    tx: Transaction = chain.spend((), tuple(TxOutput(value, SCRIPT) for value in values))
    return tx


def spend(*prevouts: OutPoint, change: int = 0) -> Transaction:
    """Spend somebody's coins, and pay what is left back to the same script."""
    outputs = (TxOutput(change, SCRIPT if change else b"\x51"),)
    return Transaction(2, tuple(TxInput(prevout) for prevout in prevouts), outputs)


def totals(chain: Any) -> dict[bytes, dict[str, int]]:
    """Add up what every script of a chain did, the slow way."""
    coins: dict[OutPoint, TxOutput] = {}
    found: dict[bytes, dict[str, int]] = {}
    for new in chain.blocks:
        for tx in new.block.transactions:
            touched: set[bytes] = set()
            for each in tx.inputs:
                if coin := coins.get(each.prevout):
                    stats = found[coin.script_pubkey]
                    stats["spent_txo_count"] += 1
                    stats["spent_txo_sum"] += coin.value
                    touched.add(coin.script_pubkey)
            for vout, output in enumerate(tx.outputs):
                coins[OutPoint(tx.txid, vout)] = output
                stats = found.setdefault(output.script_pubkey, dict(NOTHING))
                stats["funded_txo_count"] += 1
                stats["funded_txo_sum"] += output.value
                touched.add(output.script_pubkey)
            for script in touched:
                found[script]["tx_count"] += 1
    return found


async def test_sums_of_every_script_are_those_of_the_chain(get: Any, story: Any) -> None:
    wanted = totals(story.chain)
    spendable = [script for script in wanted if not is_unspendable(script)]

    assert len(spendable) > 50
    for script in spendable:
        name = sha256(script).hex()
        found = await get(f"/scripthash/{name}")

        assert found == {
            "scripthash": name, "chain_stats": wanted[script], "mempool_stats": NOTHING,
        }  # fmt: skip


async def test_coin_without_value_counts_too(chain: Any, serve: Any) -> None:
    paid = pay(chain, 0, 7)
    chain.mine(paid)
    chain.mine(spend(OutPoint(paid.txid, 0)))

    async with serve(chain) as get:
        stats = (await get(f"/address/{ADDRESS}"))["chain_stats"]

    assert stats == {
        "funded_txo_count": 2,
        "funded_txo_sum": 7,
        "spent_txo_count": 1,
        "spent_txo_sum": 0,
        "tx_count": 2,
    }


async def test_address_that_nobody_ever_paid_has_nothing(get: Any) -> None:
    assert await get(f"/address/{ADDRESS}") == {
        "address": ADDRESS, "chain_stats": NOTHING, "mempool_stats": NOTHING,
    }  # fmt: skip
    assert await get(f"/scripthash/{HASH}") == {
        "scripthash": HASH, "chain_stats": NOTHING, "mempool_stats": NOTHING,
    }  # fmt: skip
    for path in ("/txs", "/txs/chain", "/txs/mempool", "/utxo"):
        assert await get(f"/address/{ADDRESS}{path}") == []


async def test_history_goes_page_by_page_to_its_beginning(chain: Any, serve: Any) -> None:
    while len(chain.plain) < 60:
        chain.mine()
    mined = []
    for value in range(1, 61):
        mined.append(pay(chain, value))
        if len(mined) % 20 == 0:
            chain.mine(*mined[-20:])
    wanted = [format_hash(tx.txid) for tx in reversed(mined)]

    async with serve(chain) as get:
        first = await get(f"/address/{ADDRESS}/txs")
        pages = [await get(f"/scripthash/{HASH}/txs/chain")]
        while pages[-1]:
            last = pages[-1][-1]["txid"]
            pages.append(await get(f"/scripthash/{HASH}/txs/chain/{last}"))

    assert [len(page) for page in pages] == [25, 25, 10, 0]
    assert first == pages[0]
    assert [each["txid"] for page in pages for each in page] == wanted


async def test_pending_transactions_come_first_and_at_most_fifty(
    chain: Any, serve: Any, pool_of: Any
) -> None:
    while len(chain.plain) < 70:
        chain.mine()
    done = pay(chain, 5)
    waiting = [pay(chain, value) for value in range(60)]
    chain.mine(done)

    async with serve(chain, pool_of(chain, waiting)) as get:
        history = await get(f"/address/{ADDRESS}/txs")
        pending = await get(f"/address/{ADDRESS}/txs/mempool")
        after = await get(f"/address/{ADDRESS}/txs/chain/{pending[-1]['txid']}")
        stats = (await get(f"/address/{ADDRESS}"))["mempool_stats"]

    newest = [format_hash(tx.txid) for tx in reversed(waiting)][:50]
    assert [each["txid"] for each in pending] == newest
    assert history[:50] == pending
    assert [each["txid"] for each in history[50:]] == [format_hash(done.txid)]
    assert after == history[50:]
    assert (stats["tx_count"], stats["funded_txo_sum"]) == (60, sum(range(60)))


async def test_coins_are_those_that_nobody_spends_not_even_in_the_pool(
    chain: Any, serve: Any, pool_of: Any
) -> None:
    paid = pay(chain, 10, 20, 30, 40)
    chain.mine(paid)
    done = spend(OutPoint(paid.txid, 0), OutPoint(paid.txid, 1), change=25)
    chain.mine(done)
    waiting = spend(OutPoint(paid.txid, 3), change=35)
    height = len(chain.blocks) - 2

    async with serve(chain, pool_of(chain, [waiting])) as get:
        coins = await get(f"/address/{ADDRESS}/utxo")
        both = await get(f"/address/{ADDRESS}")

    assert coins[0] == {
        "txid": format_hash(paid.txid),
        "vout": 2,
        "status": {
            "confirmed": True,
            "block_height": height,
            "block_hash": format_hash(chain.blocks[height].hash),
            "block_time": chain.blocks[height].block.header.time,
        },
        "value": 30,
    }
    assert coins[1]["txid"] == format_hash(done.txid)
    assert coins[2] == {
        "txid": format_hash(waiting.txid), "vout": 0, "status": {"confirmed": False}, "value": 35,
    }  # fmt: skip
    assert len(coins) == 3
    assert both["chain_stats"]["spent_txo_count"] == 2
    assert both["mempool_stats"] == {
        "funded_txo_count": 1,
        "funded_txo_sum": 35,
        "spent_txo_count": 1,
        "spent_txo_sum": 40,
        "tx_count": 1,
    }


async def test_more_than_five_hundred_coins_are_refused(chain: Any, serve: Any) -> None:
    chain.mine(pay(chain, *[1] * 501))

    async with serve(chain) as get:
        said = await get(f"/address/{ADDRESS}/utxo", 400)

    assert "500" in said


async def test_what_a_block_just_took_is_not_counted_twice(
    chain: Any, serve: Any, pool_of: Any
) -> None:
    paid = pay(chain, 10)
    pool = pool_of(chain, [paid])
    chain.mine(paid)

    async with serve(chain, pool) as get:
        stats = await get(f"/address/{ADDRESS}")
        history = await get(f"/address/{ADDRESS}/txs")
        coins = await get(f"/address/{ADDRESS}/utxo")

    assert stats["chain_stats"]["tx_count"] == 1
    assert stats["mempool_stats"] == NOTHING
    assert [each["status"]["confirmed"] for each in history] == [True]
    assert [coin["status"]["confirmed"] for coin in coins] == [True]


async def test_reorganisation_takes_history_and_sums_back(chain: Any, serve: Any) -> None:
    paid = pay(chain, 10)
    chain.mine(paid)
    later = pay(chain, 20)
    chain.mine(later)

    async with serve(chain) as get:
        chain.disconnect()
        stats = (await get(f"/address/{ADDRESS}"))["chain_stats"]
        history = await get(f"/address/{ADDRESS}/txs/chain")
        said = await get(f"/address/{ADDRESS}/txs/chain/{format_hash(later.txid)}", 404)

    assert (stats["tx_count"], stats["funded_txo_sum"]) == (1, 10)
    assert [each["txid"] for each in history] == [format_hash(paid.txid)]
    assert "begin again" in said


async def test_page_cannot_continue_from_a_transaction_of_somebody_else(
    get: Any, story: Any
) -> None:
    await get(f"/scripthash/{HASH}/txs/chain/{format_hash(story.transfer.txid)}", 404)


async def test_beginning_of_an_address_finds_at_most_ten(get: Any, story: Any) -> None:
    scripts = {
        output.script_pubkey
        for new in story.chain.blocks
        for tx in new.block.transactions
        for output in tx.outputs
    }
    named = sorted(filter(None, (encode_address(script, REGTEST) for script in scripts)))
    of_witness = [name for name in named if name.startswith("rccx1q")]

    assert await get("/address-prefix/rccx1q") == of_witness[:10]
    assert await get(f"/address-prefix/{named[0]}") == [named[0]]
    assert await get("/address-prefix/nobody") == []


@pytest.mark.parametrize(
    "path",
    [
        "/address/nothing",
        "/address/bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        f"/address/{ADDRESS}x",
        f"/address/{'a' * 3000}/txs",
        "/address/%00/utxo",
        "/address/%E2%80%AErccx1/txs/mempool",
        "/scripthash/12",
        f"/scripthash/{'z' * 64}",
        f"/scripthash/{'f' * 63}%20/utxo",
        f"/scripthash/{HASH}/txs/chain/12",
        "/address-prefix/%25",
        "/address-prefix/%3Cb%3E",
        f"/address-prefix/{'r' * 91}",
    ],
)
async def test_names_that_are_none_are_bad_questions(get: Any, path: str) -> None:
    said = await get(path, 400)

    assert isinstance(said, str)
    assert "<" not in said and "\x00" not in said and "\u202e" not in said
