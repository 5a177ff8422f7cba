"""The header tree: ancestors, forks, median time, and what survives on disk."""

from pathlib import Path

import pytest

from ccxx_core.block import BlockHeader
from ccxx_core.hashes import BlockHash
from ccxx_node.chainstate.block_entry import BlockEntry, find_fork
from ccxx_node.chainstate.block_index import BlockIndex
from ccxx_node.chainstate.errors import CorruptionError
from ccxx_node.chainstate.record_files import FilePosition


def header_after(parent: BlockEntry | None, time: int = 0, nonce: int = 0) -> BlockHeader:
    prev_hash = BlockHash(bytes(32)) if parent is None else parent.hash
    return BlockHeader(0x20000000, prev_hash, bytes(32), time, 0x207FFFFF, nonce)


def grow(parent: BlockEntry | None, count: int, nonce: int = 0) -> list[BlockEntry]:
    entries = []
    for number in range(count):
        parent = BlockEntry(header_after(parent, number, nonce), parent)
        entries.append(parent)
    return entries


def test_ancestor_at_every_height_is_the_one() -> None:
    chain = grow(None, 300)

    for start in (0, 1, 2, 63, 64, 65, 298, 299):
        found = [chain[start].ancestor(height) for height in range(start + 1)]
        assert found == chain[: start + 1]
    assert chain[5].ancestor(6) is None
    assert chain[5].ancestor(-1) is None


@pytest.mark.parametrize("fork_height", [0, 1, 50, 98, 99])
@pytest.mark.parametrize("length", [1, 2, 70])
def test_fork_of_two_branches_is_found_from_both_sides(fork_height: int, length: int) -> None:
    chain = grow(None, 100)
    branch = grow(chain[fork_height], length, nonce=1)

    assert find_fork(chain[-1], branch[-1]) is chain[fork_height]
    assert find_fork(branch[-1], chain[-1]) is chain[fork_height]
    assert find_fork(chain[-1], chain[fork_height]) is chain[fork_height]


def test_median_time_is_of_the_last_eleven() -> None:
    chain = grow(None, 20)

    assert [entry.median_time_past for entry in chain[:4]] == [0, 1, 1, 2]
    assert chain[19].median_time_past == 14


def test_index_gives_back_what_it_was_told(tmp_path: Path) -> None:
    index = BlockIndex(tmp_path)
    genesis = index.add(header_after(None), None)
    stored = index.add(header_after(genesis, nonce=1), genesis)
    failed = index.add(header_after(genesis, nonce=2), genesis)
    child = index.add(header_after(failed, nonce=3), failed)
    for entry, tx_count in ((genesis, 1), (stored, 3)):
        entry.tx_count, entry.fully_valid = tx_count, True
        entry.block_position = FilePosition(0, 8, 100 + tx_count)
    stored.undo_position, stored.sequence = FilePosition(2, 30, 40), -7
    failed.failed = child.failed_parent = True
    index.flush()
    index.close()

    index = BlockIndex(tmp_path)
    restored = {entry.hash: entry for entry in index}

    for before in (genesis, stored, failed, child):
        assert restored[before.hash].encode() == before.encode()
        assert restored[before.hash].chain_work == before.chain_work
    assert restored[stored.hash].chain_tx_count == 4
    assert not restored[child.hash].is_linked
    assert index.best_header is restored[stored.hash]
    assert index.take_first_sequence() == -8
    index.close()


def test_index_that_was_not_flushed_is_empty(tmp_path: Path) -> None:
    index = BlockIndex(tmp_path)
    index.add(header_after(None), None)
    index.close()

    index = BlockIndex(tmp_path)

    assert len(index) == 0
    index.close()


def test_index_without_a_parent_names_the_remedy(tmp_path: Path) -> None:
    index = BlockIndex(tmp_path)
    genesis = BlockEntry(header_after(None), None)
    index.add(header_after(genesis, nonce=1), genesis)
    lost = BlockEntry(header_after(genesis, nonce=2), genesis)
    index.add(header_after(lost, nonce=3), lost)
    index.flush()
    index.close()

    with pytest.raises(CorruptionError, match="-reindex"):
        BlockIndex(tmp_path)
