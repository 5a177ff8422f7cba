"""Transactions without parents are kept for a while, within bounds."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.mempool.orphans import EXPIRY_SECONDS, MAX_INPUTS, Orphans

NOW = 1_700_000_000
PARENT = Transaction(2, (TxInput(OutPoint(Txid(b"p" * 32), 0)),), (TxOutput(1, b"\x51"),) * 3)


def child(*positions: int, tag: int = 0, parent: Transaction = PARENT) -> Transaction:
    """Spend outputs of a transaction."""
    inputs = tuple(TxInput(OutPoint(parent.txid, position)) for position in positions)
    return Transaction(2, inputs, (TxOutput(tag, b"\x51"),))


@pytest.fixture
def orphans() -> Orphans:
    return Orphans(Random(1).randrange, max_count=10)


def test_children_are_found_when_their_parent_comes(orphans: Orphans) -> None:
    both, second, stranger = child(0, 2), child(1), child(0, parent=child(0))
    for tx in (second, both, stranger):
        assert orphans.add(tx, peer=1, now=NOW)

    found = [orphan.tx for orphan in orphans.children_of(PARENT)]

    assert found == [both, second]


def test_same_orphan_is_kept_once(orphans: Orphans) -> None:
    orphans.add(child(0), peer=1, now=NOW)

    assert not orphans.add(child(0), peer=2, now=NOW)
    assert len(orphans) == 1


def test_heavy_orphan_is_not_kept(orphans: Orphans) -> None:
    heavy = Transaction(2, child(0).inputs, (TxOutput(0, bytes(100_001)),))

    assert not orphans.add(heavy, peer=1, now=NOW)
    assert len(orphans) == 0


def test_inputs_of_all_orphans_together_are_bounded() -> None:
    orphans, share = Orphans(Random(1).randrange), MAX_INPUTS // 10

    for tag in range(12):
        orphans.add(child(*range(share), tag=tag), peer=1, now=NOW)

    assert len(orphans) == 10


def test_orphan_is_forgotten_after_twenty_minutes(orphans: Orphans) -> None:
    orphans.add(child(0), peer=1, now=NOW)
    orphans.add(child(1), peer=1, now=NOW + 1)

    orphans.expire(NOW + EXPIRY_SECONDS)

    assert child(0).txid not in orphans
    assert child(1).txid in orphans


def test_what_a_peer_sent_leaves_with_it(orphans: Orphans) -> None:
    orphans.add(child(0), peer=1, now=NOW)
    orphans.add(child(1), peer=2, now=NOW)

    orphans.remove_from(1)

    assert [orphan.peer for orphan in orphans.children_of(PARENT)] == [2]


def test_block_lets_go_what_it_has_and_what_conflicts(orphans: Orphans) -> None:
    mined, conflict, other = child(0), child(0, 1, tag=5), child(2)
    for tx in (mined, conflict, other):
        orphans.add(tx, peer=1, now=NOW)

    orphans.remove_for_block([mined])

    assert [orphan.tx for orphan in orphans.children_of(PARENT)] == [other]


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 3), st.sets(st.integers(0, 2), min_size=1), st.integers(0, 9)),
        max_size=60,
    )
)
def test_bounds_hold_and_nothing_is_left_behind(
    steps: list[tuple[int, set[int], int]],
) -> None:
    orphans = Orphans(Random(1).randrange, max_count=5)

    for number, (action, positions, tag) in enumerate(steps):
        tx = child(*sorted(positions), tag=tag)
        if action == 0:
            orphans.remove(tx.txid)
        elif action == 1:
            orphans.remove_for_block([tx])
        else:
            kept = orphans.add(tx, peer=tag, now=NOW + number)
            assert not kept or tx.txid in orphans
        assert len(orphans) <= 5
        assert len(orphans.children_of(PARENT)) == len(orphans)

    orphans.expire(NOW + EXPIRY_SECONDS + len(steps))
    assert len(orphans) == 0
    assert orphans.children_of(PARENT) == []
    assert not orphans._spenders
