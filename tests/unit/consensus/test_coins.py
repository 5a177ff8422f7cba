"""What blocks do to coins."""

from dataclasses import replace

import pytest

from ccxx_core.block import Block
from ccxx_core.script import null_data_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.consensus.coins import Coin, CoinChanges, apply_block, undo_block
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.params import REGTEST


class Coins(dict[OutPoint, Coin]):
    def get_coin(self, outpoint: OutPoint) -> Coin | None:
        return self.get(outpoint)


GENESIS = genesis_block(REGTEST)
COINBASE = GENESIS.transactions[0]
SPEND = Transaction(
    2,
    (TxInput(OutPoint(COINBASE.txid, 0)),),
    (TxOutput(7, b"\x51"), TxOutput(0, null_data_script(b"data"))),
)


def test_coin_made_and_spent_in_one_block_is_gone_after_it() -> None:
    changes = CoinChanges(Coins())

    undo = apply_block(replace(GENESIS, transactions=(COINBASE, SPEND)), 5, changes)

    made = Coin(50 * 100_000_000, COINBASE.outputs[0].script_pubkey, 5, True)
    assert undo.spent == ((made,),)
    assert changes.changes == {
        OutPoint(COINBASE.txid, 0): None,
        OutPoint(SPEND.txid, 0): Coin(7, b"\x51", 5, False),
    }


def test_output_that_cannot_be_spent_makes_no_coin() -> None:
    changes = CoinChanges(Coins())

    apply_block(replace(GENESIS, transactions=(COINBASE, SPEND)), 5, changes)

    assert OutPoint(SPEND.txid, 1) not in changes.changes


def test_missing_coin_is_our_own_mistake() -> None:
    with pytest.raises(KeyError):
        apply_block(
            Block(
                GENESIS.header,
                (COINBASE, replace(SPEND, inputs=(TxInput(OutPoint(COINBASE.txid, 9)),))),
            ),
            5,
            CoinChanges(Coins()),
        )


def test_undo_restores_what_the_block_spent() -> None:
    old = Coin(9, b"\x52", 1, False)
    spent = OutPoint(COINBASE.txid, 3)
    below = Coins({spent: old})
    block = replace(GENESIS, transactions=(COINBASE, replace(SPEND, inputs=(TxInput(spent),))))
    changes = CoinChanges(below)

    undo = apply_block(block, 5, changes)
    undo_block(block, undo, changes)

    assert {k: v for k, v in changes.changes.items() if v is not None} == {spent: old}
