"""The set that forgets."""

from ccxx_node.p2p.peers.known import RecentSet


def test_the_newest_half_is_remembered_and_no_more_than_fits_is_kept() -> None:
    known = RecentSet(100)
    items = [number.to_bytes(4, "big") for number in range(1000)]

    for item in items:
        known.add(item)

    assert all(item in known for item in items[-50:])
    assert items[0] not in known
    assert len(known) <= 100
    known.clear()
    assert items[-1] not in known
