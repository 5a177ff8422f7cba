"""The pool as a graph: packages, limits, removal, eviction, and what a block picks from it."""

import logging
from dataclasses import replace

import pytest

from ccxx_core.hashes import Txid, format_hash, sha256
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.mempool.entry import Entry
from ccxx_node.mempool.errors import PolicyError, PolicyReject
from ccxx_node.mempool.persist import decode_pool, encode_pool
from ccxx_node.mempool.policy import ChainLimits
from ccxx_node.mempool.pool import Mempool, Removal
from ccxx_node.mempool.rolling_fee import RollingFee
from ccxx_node.mining.selection import BlockLimits, Selection

HOUR = 3600


def make_tx(name: str, *parents: Transaction, outputs: int = 2) -> Transaction:
    """A transaction that spends one fresh output of each parent, or a coin of the chain."""
    spent = [
        OutPoint(parent.txid, sha256(name.encode())[0] % len(parent.outputs)) for parent in parents
    ] or [OutPoint(Txid(sha256(name.encode())), 0)]
    inputs = tuple(TxInput(outpoint) for outpoint in spent)
    return Transaction(2, inputs, tuple(TxOutput(1000, name.encode()) for _ in range(outputs)))


def put(pool: Mempool, tx: Transaction, fee: int = 1000, size: int = 100, time: int = 0) -> Entry:
    entry = Entry(tx, fee, size, sigop_cost=4, time=time, height=1, spends_coinbase=False)
    pool.add(entry)
    return entry


@pytest.fixture
def family() -> tuple[Mempool, Transaction, Transaction, Transaction]:
    """A grandparent, a parent and a child in one pool."""
    pool = Mempool()
    first = make_tx("first")
    second = make_tx("second", first)
    third = make_tx("third", second)
    for tx in (first, second, third):
        put(pool, tx)
    return pool, first, second, third


def test_packages_count_the_transaction_itself(
    family: tuple[Mempool, Transaction, Transaction, Transaction],
) -> None:
    pool, first, second, third = family

    assert pool.ancestor_package(third.txid).count == 3
    assert pool.descendant_package(first.txid).size == 300
    assert pool.ancestors(second) == {first.txid}


def test_descendants_leave_together(
    family: tuple[Mempool, Transaction, Transaction, Transaction],
) -> None:
    pool, first, second, third = family

    removed = pool.remove_with_descendants([second.txid], Removal.EXPIRED)

    assert {entry.txid for entry in removed} == {second.txid, third.txid}
    assert [entry.txid for entry in pool] == [first.txid]
    assert (pool.size, len(pool.spenders)) == (100, 1)


def test_block_takes_out_what_it_has_and_what_conflicts(
    family: tuple[Mempool, Transaction, Transaction, Transaction],
) -> None:
    pool, first, second, _ = family
    rival = replace(second, locktime=1)

    pool.remove_for_block([first, rival])

    assert len(pool) == 0


def test_old_transactions_expire_with_their_children() -> None:
    pool = Mempool()
    old, young = make_tx("old"), make_tx("young")
    child = make_tx("child", old)
    put(pool, old, time=0)
    put(pool, child, time=2 * HOUR)
    put(pool, young, time=2 * HOUR)

    pool.expire(before=HOUR)

    assert [entry.txid for entry in pool] == [young.txid]


def test_transaction_that_came_back_is_as_young_as_it_is_now() -> None:
    pool = Mempool()
    tx = make_tx("one")
    put(pool, tx, time=0)
    pool.remove([tx.txid], Removal.CONFIRMED)
    put(pool, tx, time=2 * HOUR)

    pool.expire(before=HOUR)

    assert tx.txid in pool


def test_what_has_left_is_not_kept_by_its_age() -> None:
    pool = Mempool()

    for number in range(5000):
        tx = make_tx(str(number))
        put(pool, tx)
        pool.remove([tx.txid], Removal.CONFIRMED)

    # Nobody can ask for it, but the system's memory would tell within days.
    assert len(pool._by_age) < 2000


def test_worst_paid_package_leaves_a_full_pool() -> None:
    pool = Mempool()
    poor, rich, child = make_tx("poor"), make_tx("rich"), make_tx("child")
    put(pool, poor, fee=100)
    put(pool, rich, fee=5000)
    put(pool, child, fee=1000)

    removed = pool.trim(pool.usage - 1, incremental_fee=1000, now=0)

    assert [entry.txid for entry in removed] == [poor.txid]
    assert pool.rolling_fee.current(1, 1, 1000, now=0) == 2000


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (ChainLimits(ancestors=3), "too many unconfirmed ancestors [limit: 3]"),
        (ChainLimits(ancestor_size=399), "exceeds ancestor size limit [limit: 399]"),
        (ChainLimits(descendants=3), "too many descendants for tx"),
        (ChainLimits(descendant_size=399), "exceeds descendant size limit for tx"),
    ],
)
def test_chain_must_not_grow_too_long(
    family: tuple[Mempool, Transaction, Transaction, Transaction], limits: ChainLimits, said: str
) -> None:
    pool, _, _, third = family

    with pytest.raises(PolicyError) as error:
        pool.check_limits(make_tx("fourth", third), 100, limits)

    assert error.value.reject is PolicyReject.TOO_LONG_CHAIN
    assert error.value.detail.startswith(said)


def test_priority_counts_in_packages() -> None:
    pool = Mempool()
    tx = make_tx("one")
    pool.prioritise(tx.txid, 300)
    put(pool, tx)

    pool.prioritise(tx.txid, 200)

    assert pool.entries[tx.txid].modified_fee == 1500


def choose(pool: Mempool, limits: BlockLimits | None = None) -> list[bytes]:
    selection = Selection(pool, limits or BlockLimits(), lambda tx: tx.locktime == 0)
    return [entry.tx.outputs[0].script_pubkey for entry in selection.run()]


def test_block_prefers_what_pays_best() -> None:
    pool = Mempool()
    put(pool, make_tx("cheap"), fee=200)
    put(pool, make_tx("dear"), fee=2000)

    assert choose(pool) == [b"dear", b"cheap"]


def test_rich_child_takes_its_poor_parent_along() -> None:
    pool = Mempool()
    parent = make_tx("parent")
    put(pool, parent, fee=0)
    put(pool, make_tx("child", parent), fee=3000)
    put(pool, make_tx("other"), fee=1000)

    assert choose(pool) == [b"parent", b"child", b"other"]


def test_parent_needed_twice_is_paid_once() -> None:
    pool = Mempool()
    parent = make_tx("parent", outputs=2)
    put(pool, parent, fee=0)
    for vout, fee in ((0, 5000), (1, 150)):
        tx = Transaction(
            2, (TxInput(OutPoint(parent.txid, vout)),), (TxOutput(1, b"child%d" % vout),)
        )
        put(pool, tx, fee=fee)
    put(pool, make_tx("other"), fee=1000)

    assert choose(pool) == [b"parent", b"child0", b"other", b"child1"]


def test_block_leaves_out_what_pays_too_little_or_is_locked_or_has_no_room() -> None:
    pool = Mempool()
    put(pool, make_tx("free"), fee=0)
    put(pool, replace(make_tx("locked"), locktime=9), fee=9000)
    put(pool, make_tx("huge"), fee=900_000, size=999_000)
    put(pool, make_tx("fits"), fee=1000)

    assert choose(pool) == [b"fits"]


def test_pool_on_disk_is_the_pool_that_was_written(
    family: tuple[Mempool, Transaction, Transaction, Transaction],
) -> None:
    pool, first, second, third = family
    pool.prioritise(third.txid, 7)
    pool.prioritise(Txid(bytes(32)), 5)

    entries, deltas = decode_pool(encode_pool(pool))

    assert [saved.tx for saved in entries] == [first, second, third]
    assert entries[2].fee_delta == 7
    assert deltas == {bytes(32): 5}


def test_floor_of_fees_sinks_after_a_block() -> None:
    floor = RollingFee()
    floor.raise_to(8000, now=0)

    before = floor.current(10, 10, 1000, now=12 * HOUR)
    floor.note_block()
    halved = floor.current(10, 10, 1000, now=12 * HOUR)
    gone = floor.current(0, 10, 1000, now=48 * HOUR)

    assert (before, halved, gone) == (8000, 4000, 0)


def test_log_tells_what_came_and_why_it_left(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "ccxx.mempool")
    pool = Mempool()
    confirmed, late = make_tx("confirmed"), make_tx("late")
    put(pool, confirmed)
    put(pool, late)

    pool.remove_for_block([confirmed])
    pool.expire(before=1)

    one, other = format_hash(confirmed.txid), format_hash(late.txid)
    assert [record.message for record in caplog.records] == [
        f"transaction added txid={one} fee=1000 vsize=100 txs=1",
        f"transaction added txid={other} fee=1000 vsize=100 txs=2",
        f"transaction removed txid={one} reason=confirmed",
        f"transaction removed txid={other} reason=expired",
    ]


def test_pool_writes_nothing_where_nobody_wants_to_read_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pool = Mempool()
    put(pool, make_tx("one"))

    assert caplog.records == []
