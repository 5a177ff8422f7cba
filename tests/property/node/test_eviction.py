"""The pool always knows its worst paid transaction, whatever came and went."""

from hypothesis import given
from hypothesis import strategies as st

from ccxx_core.hashes import Txid, sha256
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.mempool.entry import Entry
from ccxx_node.mempool.eviction import EvictionOrder
from ccxx_node.mempool.pool import Mempool, Removal

STEPS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9), st.integers(1, 9)), max_size=40)


@given(STEPS)
def test_noted_order_is_that_of_all_rates(steps: list[tuple[int, int, int]]) -> None:
    pool = Mempool()
    order = EvictionOrder(pool)
    made: list[Transaction] = []

    for number, (parent, fee, action) in enumerate(steps):
        if action == 1 and made:
            txid = made[parent % len(made)].txid
            removed = pool.remove_with_descendants([txid], Removal.EXPIRED)
            for entry in removed:
                order.note(pool.ancestors(entry.tx))
        else:
            tx = make_child(number, made[parent % len(made)] if made and action > 4 else None)
            if any(tx_input.prevout in pool.spenders for tx_input in tx.inputs):
                continue
            made.append(tx)
            pool.add(Entry(tx, fee, 10, 0, 0, 0, spends_coinbase=False))
            order.note(pool.ancestors(tx) | {tx.txid})

        if len(pool):
            rates = [pool.descendant_rate(txid) for txid in pool.entries]
            assert pool.descendant_rate(order.worst()) == min(rates)


def make_child(number: int, parent: Transaction | None) -> Transaction:
    """A transaction with three outputs that spends one of its parent's, or a coin of its own."""
    outpoint = OutPoint(Txid(sha256(bytes([number]))), 0)
    if parent is not None:
        outpoint = OutPoint(parent.txid, number % 3)
    return Transaction(2, (TxInput(outpoint),), tuple(TxOutput(1, b"%d" % number) for _ in "abc"))
