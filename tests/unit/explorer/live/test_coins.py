"""Coins that unconfirmed transactions spend, as the index knows them."""

from typing import Any

from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_explorer.database.pending import coins_at


def test_coins_are_found_by_outpoint_and_strangers_left_out(story: Any) -> None:
    blocks = story.chain.blocks
    wanted = {
        OutPoint(tx.txid, vout): output
        for new in blocks
        for tx in new.block.transactions
        for vout, output in enumerate(tx.outputs)
    }
    strangers = [OutPoint(bytes(32), 0), OutPoint(blocks[0].block.transactions[0].txid, 999)]

    with story.database.read() as connection:
        found = coins_at(connection, [*wanted, *strangers])

    assert found == wanted


def test_more_outpoints_than_a_database_takes_values_are_no_problem(story: Any) -> None:
    known = story.chain.blocks[5].block.transactions[0]
    many = [OutPoint(number.to_bytes(32, "big"), number) for number in range(40_000)]

    with story.database.read() as connection:
        found = coins_at(connection, [*many, OutPoint(known.txid, 0)])

    assert found == {
        OutPoint(known.txid, 0): TxOutput(known.outputs[0].value, known.outputs[0].script_pubkey)
    }
