"""Eviction: who has to leave when all places are taken, and who never has to."""

from dataclasses import replace
from math import inf

from ccxx_node.p2p.sockets.eviction import Candidate, choose_to_evict


def candidate(peer_id: int, **facts: float) -> Candidate:
    """A peer of a group of its own that has done nothing for us yet."""
    plain = Candidate(
        peer_id=peer_id,
        group=peer_id,
        connected_at=float(peer_id),
        shortest_ping=inf,
        last_block_at=0,
        last_transaction_at=0,
        is_useful=True,
        wants_transactions=True,
        has_filter=False,
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


def test_few_peers_are_all_protected() -> None:
    assert choose_to_evict([candidate(n) for n in range(20)]) is None


def test_nobody_leaves_where_nobody_is() -> None:
    assert choose_to_evict([]) is None


def test_youngest_of_the_largest_group_leaves() -> None:
    honest = [candidate(n) for n in range(60)]
    crowd = [candidate(n, group=7, connected_at=1000.0 + n) for n in range(100, 160)]

    assert choose_to_evict(honest + crowd) == 159


def test_peer_with_the_shortest_ping_stays() -> None:
    crowd = [candidate(n, group=7) for n in range(100)]
    near = candidate(200, group=7, connected_at=5000.0, shortest_ping=0.001)

    assert choose_to_evict([*crowd, near]) != 200


def test_peer_that_brought_a_block_stays() -> None:
    crowd = [candidate(n, group=7) for n in range(100)]
    useful = candidate(200, group=7, connected_at=5000.0, last_block_at=1)

    assert choose_to_evict([*crowd, useful]) != 200


def test_peer_that_brought_a_transaction_stays() -> None:
    crowd = [candidate(n, group=7) for n in range(100)]
    useful = candidate(200, group=7, connected_at=5000.0, last_transaction_at=1)

    assert choose_to_evict([*crowd, useful]) != 200


def test_half_that_was_there_longest_stays_however_many_come() -> None:
    old = [candidate(n, group=1) for n in range(40)]
    flood = [candidate(n, group=n, connected_at=9000.0 + n) for n in range(1000, 1060)]

    evicted = choose_to_evict(old + flood)

    assert evicted is not None
    assert evicted >= 1000
