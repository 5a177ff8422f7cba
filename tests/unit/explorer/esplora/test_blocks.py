"""`/api/block` and `/api/blocks`: blocks of the best chain, and what is in them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ccxx_core.block import Block
from ccxx_core.hashes import format_hash
from ccxx_core.network import REGTEST
from ccxx_core.transaction import TxOutput
from ccxx_explorer.database.store import Database

UNKNOWN = "f" * 64


async def test_block_is_shown_in_the_exact_shape(get: Any, story: Any) -> None:
    new = story.chain.blocks[7]
    header = new.block.header

    assert await get(f"/block/{format_hash(new.hash)}") == {
        "id": format_hash(new.hash),
        "height": 7,
        "version": 4,
        "timestamp": header.time,
        "tx_count": len(new.block.transactions),
        "size": new.block.size,
        "weight": new.block.weight,
        "merkle_root": format_hash(header.merkle_root),
        "previousblockhash": format_hash(header.prev_hash),
        "mediantime": new.median_time_past,
        "nonce": 0,
        "bits": 0x207FFFFF,
        "difficulty": pytest.approx(4.6565423739069247e-10),
    }


async def test_first_block_stands_on_nothing(get: Any, story: Any) -> None:
    block = await get(f"/block/{format_hash(story.chain.blocks[0].hash)}")

    assert block["previousblockhash"] is None


async def test_every_block_can_be_had_whole(get: Any, story: Any) -> None:
    for new in story.chain.blocks:
        name = format_hash(new.hash)
        txids = [format_hash(tx.txid) for tx in new.block.transactions]

        assert Block.decode(await get(f"/block/{name}/raw")) == new.block
        assert await get(f"/block/{name}/header") == new.block.header.encode().hex()
        assert await get(f"/block/{name}/txids") == txids
        assert await get(f"/block/{name}/txid/{len(txids) - 1}") == txids[-1]
        assert await get(f"/block-height/{new.height}") == name


async def test_status_names_the_block_that_stands_on_it(get: Any, story: Any) -> None:
    blocks = story.chain.blocks

    below = await get(f"/block/{format_hash(blocks[3].hash)}/status")
    tip = await get(f"/block/{format_hash(blocks[-1].hash)}/status")

    assert below == {"in_best_chain": True, "height": 3, "next_best": format_hash(blocks[4].hash)}
    assert tip == {"in_best_chain": True, "height": len(blocks) - 1}


async def test_tip_and_the_ten_newest_blocks(get: Any, story: Any) -> None:
    blocks = story.chain.blocks
    names = [format_hash(new.hash) for new in blocks]

    newest = await get("/blocks")
    older = await get("/blocks/4")

    assert await get("/blocks/tip/height") == str(len(blocks) - 1)
    assert await get("/blocks/tip/hash") == names[-1]
    assert [block["id"] for block in newest] == names[:-11:-1]
    assert [block["id"] for block in older] == names[4::-1]
    assert newest[0] == await get(f"/block/{names[-1]}")


async def test_transactions_of_a_block_come_twenty_five_at_a_time(chain: Any, serve: Any) -> None:
    while len(chain.plain) < 60:
        chain.mine()
    new = chain.mine(*(chain.spend((), (TxOutput(value, b"\x51"),)) for value in range(55)))
    name = format_hash(new.hash)

    async with serve(chain) as get:
        pages = [await get(f"/block/{name}/txs/{start}") for start in (0, 25, 50)]
        first = await get(f"/block/{name}/txs")
        beyond = await get(f"/block/{name}/txs/75", 404)
        between = await get(f"/block/{name}/txs/26", 400)

    assert [len(page) for page in pages] == [25, 25, 6]
    assert first == pages[0]
    assert [each["txid"] for page in pages for each in page] == [
        format_hash(tx.txid) for tx in new.block.transactions
    ]
    assert "0 to 55" in beyond
    assert "25" in between


async def test_block_that_left_the_best_chain_is_in_none(chain: Any, serve: Any) -> None:
    gone = chain.mine()

    async with serve(chain) as get:
        chain.disconnect()
        status = await get(f"/block/{format_hash(gone.hash)}/status")
        await get(f"/block/{format_hash(gone.hash)}", 404)
        await get(f"/block-height/{gone.height}", 404)
        tip = await get("/blocks/tip/hash")

    assert status == {"in_best_chain": False}
    assert tip == format_hash(chain.blocks[-1].hash)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/block/{UNKNOWN}", 404),
        (f"/block/{UNKNOWN}/header", 404),
        (f"/block/{UNKNOWN}/txs", 404),
        (f"/block/{UNKNOWN}/txids", 404),
        (f"/block/{UNKNOWN}/txid/0", 404),
        (f"/block/{UNKNOWN}/raw", 404),
        ("/block/5", 400),
        (f"/block/{'x' * 64}/status", 400),
        ("/block-height/2000000000", 404),
        ("/block-height/2000000001", 400),
        ("/block-height/-1", 400),
        ("/block-height/tip", 400),
        ("/blocks/1999999999", 404),
        ("/blocks/now", 400),
    ],
)
async def test_bad_questions_about_blocks(get: Any, path: str, status: int) -> None:
    assert isinstance(await get(path, status), str)


async def test_index_without_blocks_says_so(tmp_path: Path, serve: Any) -> None:
    empty = SimpleNamespace(database=Database.open(tmp_path / "empty.sqlite", REGTEST, None))

    async with serve(empty) as get:
        await get("/blocks/tip/height", 503)
        assert await get("/mempool/txids") == []

    empty.database.close()
