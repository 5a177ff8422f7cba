"""`/api/tx`: a transaction exactly as Esplora shows it, its proofs, and what spent its outputs."""

from typing import Any

import pytest

from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash, parse_txid
from ccxx_core.merkle import root_from_branch
from ccxx_core.merkle_block import MerkleBlock, proven_txids
from ccxx_core.network import REGTEST
from ccxx_core.script import null_data_script, p2sh_script, p2wpkh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

UNKNOWN = "f" * 64


def status_of(chain: Any, height: int) -> dict[str, Any]:
    """Return the status of everything in a block."""
    block = chain.blocks[height]
    return {
        "confirmed": True,
        "block_height": height,
        "block_hash": format_hash(block.hash),
        "block_time": block.block.header.time,
    }


async def test_coinbase_is_shown_as_esplora_shows_it(get: Any, story: Any) -> None:
    block = story.chain.blocks[5]
    coinbase = block.block.transactions[0]
    script = coinbase.outputs[0].script_pubkey

    shown = await get(f"/tx/{format_hash(coinbase.txid)}")

    assert shown["vin"] == [
        {
            "txid": "0" * 64,
            "vout": 0xFFFFFFFF,
            "prevout": None,
            "scriptsig": "02000500",
            "scriptsig_asm": "OP_PUSHBYTES_2 0005 OP_0",
            "is_coinbase": True,
            "sequence": 0xFFFFFFFF,
        }
    ]
    assert shown["vout"][0] == {
        "scriptpubkey": script.hex(),
        "scriptpubkey_asm": f"OP_0 OP_PUSHBYTES_20 {script[2:].hex()}",
        "scriptpubkey_type": "v0_p2wpkh",
        "scriptpubkey_address": encode_address(script, REGTEST),
        "value": 10_000_000,
    }
    assert shown["fee"] == 0
    assert shown["status"] == status_of(story.chain, 5)


async def test_spend_is_shown_in_the_exact_shape(get: Any, story: Any) -> None:
    tx = story.transfer
    credit, plain = tx.inputs
    inner = credit.witness[-1]

    shown = await get(f"/tx/{format_hash(tx.txid)}")

    assert list(shown) == [
        "txid", "version", "locktime", "vin", "vout", "size", "weight", "fee", "status",
    ]  # fmt: skip
    assert list(shown["vin"][0]) == [
        "txid", "vout", "prevout", "scriptsig", "scriptsig_asm", "witness", "is_coinbase",
        "sequence", "inner_witnessscript_asm",
    ]  # fmt: skip
    assert shown["vin"][0]["witness"] == ["", "30", "30", "30", inner.hex()]
    assert shown["vin"][0]["inner_witnessscript_asm"].endswith("OP_PUSHNUM_3 OP_CHECKMULTISIG")
    assert shown["vin"][0]["prevout"]["scriptpubkey_type"] == "v0_p2wsh"
    assert "witness" not in shown["vin"][1]
    assert shown["vin"][1]["txid"] == format_hash(plain.prevout.txid)
    assert shown["vin"][1]["prevout"]["value"] == 10_000_000
    data = next(out for out in shown["vout"] if out["scriptpubkey_type"] == "op_return")
    assert data["scriptpubkey_asm"].startswith("OP_RETURN OP_PUSH")
    assert "scriptpubkey_address" not in data
    assert (shown["size"], shown["weight"]) == (tx.size, tx.weight)
    spent = sum(each["prevout"]["value"] for each in shown["vin"])
    assert shown["fee"] == spent - sum(out["value"] for out in shown["vout"])


async def test_every_transaction_of_the_chain_can_be_had_in_hex_and_as_bytes(
    get: Any, story: Any
) -> None:
    for new in story.chain.blocks:
        for tx in new.block.transactions:
            name = format_hash(tx.txid)

            assert await get(f"/tx/{name}/hex") == tx.encode().hex()
            assert await get(f"/tx/{name}/raw") == tx.encode()
            assert (await get(f"/tx/{name}/status")) == status_of(story.chain, new.height)


async def test_redeem_script_behind_a_script_hash_is_written_out(chain: Any, serve: Any) -> None:
    redeem = p2wpkh_script(bytes(20))
    funding = chain.spend((), (TxOutput(5_000, p2sh_script(redeem)),))
    chain.mine(funding)
    push = bytes([len(redeem)]) + redeem
    spend = Transaction(2, (TxInput(OutPoint(funding.txid, 0), push),), (TxOutput(1, b"\x51"),))
    chain.mine(spend)

    async with serve(chain) as get:
        shown = (await get(f"/tx/{format_hash(spend.txid)}"))["vin"][0]

    assert shown["inner_redeemscript_asm"] == f"OP_0 OP_PUSHBYTES_20 {bytes(20).hex()}"
    assert shown["prevout"]["scriptpubkey_type"] == "p2sh"
    assert "inner_witnessscript_asm" not in shown


async def test_pending_transaction_has_no_block_and_a_fee(
    chain: Any, serve: Any, pool_of: Any
) -> None:
    parent = chain.spend((), (TxOutput(9_000_000, b"\x51"),))
    child = Transaction(2, (TxInput(OutPoint(parent.txid, 0)),), (TxOutput(8_000_000, b"\x52"),))

    async with serve(chain, pool_of(chain, [parent, child])) as get:
        shown = await get(f"/tx/{format_hash(child.txid)}")
        status = await get(f"/tx/{format_hash(child.txid)}/status")
        spend = await get(f"/tx/{format_hash(parent.txid)}/outspend/0")
        await get(f"/tx/{format_hash(child.txid)}/merkle-proof", 404)

    assert status == shown["status"] == {"confirmed": False}
    assert shown["fee"] == 1_000_000
    assert shown["vin"][0]["prevout"]["value"] == 9_000_000
    assert spend == {
        "spent": True, "txid": format_hash(child.txid), "vin": 0, "status": {"confirmed": False},
    }  # fmt: skip


async def test_transaction_that_a_block_just_took_is_confirmed_though_the_pool_still_has_it(
    chain: Any, serve: Any, pool_of: Any
) -> None:
    tx = chain.spend((), (TxOutput(9_000_000, b"\x51"),))
    pool = pool_of(chain, [tx])
    chain.mine(tx)

    async with serve(chain, pool) as get:
        shown = await get(f"/tx/{format_hash(tx.txid)}")

    assert shown["status"]["confirmed"]


async def test_spends_name_the_input_that_spent_each_output(get: Any, story: Any) -> None:
    chain = story.chain
    spenders = {
        each.prevout: (tx.txid, index, new.height)
        for new in chain.blocks
        for tx in new.block.transactions
        for index, each in enumerate(tx.inputs)
    }
    for new in chain.blocks[:8]:
        tx = new.block.transactions[-1]
        wanted = [_spend(chain, spenders, OutPoint(tx.txid, n)) for n in range(len(tx.outputs))]

        found = await get(f"/tx/{format_hash(tx.txid)}/outspends")

        assert found == wanted
        assert await get(f"/tx/{format_hash(tx.txid)}/outspend/0") == wanted[0]


def _spend(chain: Any, spenders: dict[Any, Any], outpoint: OutPoint) -> dict[str, Any]:
    if outpoint not in spenders:
        return {"spent": False}
    txid, index, height = spenders[outpoint]
    status = status_of(chain, height)
    return {"spent": True, "txid": format_hash(txid), "vin": index, "status": status}


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7])
async def test_merkle_proofs_lead_to_the_root_of_the_block(
    chain: Any, serve: Any, count: int
) -> None:
    more = [chain.spend((), (TxOutput(number, b"\x51"),)) for number in range(count - 1)]
    new = chain.mine(*more)
    root = new.block.header.merkle_root

    async with serve(chain) as get:
        for position, tx in enumerate(new.block.transactions):
            proof = await get(f"/tx/{format_hash(tx.txid)}/merkle-proof")
            block = await get(f"/tx/{format_hash(tx.txid)}/merkleblock-proof")

            branch = [bytes(parse_txid(text)) for text in proof["merkle"]]
            assert (proof["block_height"], proof["pos"]) == (new.height, position)
            assert root_from_branch(tx.txid, branch, proof["pos"]) == root
            decoded = MerkleBlock.decode(bytes.fromhex(block))
            assert decoded.header == new.block.header
            assert proven_txids(decoded) == [tx.txid]


async def test_reorganisation_takes_a_transaction_and_its_spends_back(
    chain: Any, serve: Any
) -> None:
    first = chain.spend((), (TxOutput(9_000_000, b"\x51"),))
    chain.mine(first)
    second = Transaction(2, (TxInput(OutPoint(first.txid, 0)),), (TxOutput(1, b"\x52"),))
    chain.mine(second)
    name = format_hash(second.txid)

    async with serve(chain) as get:
        before = await get(f"/tx/{format_hash(first.txid)}/outspend/0")
        chain.disconnect()
        after = await get(f"/tx/{format_hash(first.txid)}/outspend/0")
        status = await get(f"/tx/{name}/status")
        await get(f"/tx/{name}", 404)

    assert before["txid"] == name
    assert after == {"spent": False}
    assert status == {"confirmed": False}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/tx/{UNKNOWN}", 404),
        (f"/tx/{UNKNOWN}/hex", 404),
        (f"/tx/{UNKNOWN}/raw", 404),
        (f"/tx/{UNKNOWN}/merkle-proof", 404),
        (f"/tx/{UNKNOWN}/merkleblock-proof", 404),
        (f"/tx/{UNKNOWN}/outspends", 404),
        (f"/tx/{UNKNOWN}/outspend/0", 404),
        (f"/tx/{UNKNOWN}/more", 404),
        ("/tx/12", 400),
        (f"/tx/{'g' * 64}", 400),
        (f"/tx/{'f' * 63}%00", 400),
        (f"/tx/{'f' * 2000}", 400),
        ("/tx/%3Cscript%3E/hex", 400),
        (f"/tx/{UNKNOWN}/outspend/-1", 400),
        (f"/tx/{UNKNOWN}/outspend/1e3", 400),
        (f"/tx/{UNKNOWN}/outspend/{'9' * 500}", 400),
        (f"/tx/{UNKNOWN}/outspend/٣", 400),
        ("/nothing", 404),
    ],
)
async def test_bad_questions_are_answered_in_plain_text(get: Any, path: str, status: int) -> None:
    said = await get(path, status)

    assert isinstance(said, str)
    assert "<" not in said and "Traceback" not in said


async def test_output_that_the_transaction_has_not_is_not_found(get: Any, story: Any) -> None:
    name, count = format_hash(story.transfer.txid), len(story.transfer.outputs)

    said = await get(f"/tx/{name}/outspend/{count}", 404)

    assert f"0 to {count - 1}" in said


async def test_data_output_of_another_protocol_is_only_shown(get: Any, story: Any) -> None:
    shown = await get(f"/tx/{format_hash(story.hostile.txid)}")

    script = story.hostile.outputs[0].script_pubkey
    assert script == null_data_script(script[2:])
    assert shown["vout"][0]["scriptpubkey"] == script.hex()
