"""Blocks decoded ahead come in order, whole or with their error."""

from collections.abc import Iterator
from itertools import count

import pytest

from ccxx_core.block import Block
from ccxx_core.errors import DecodeError
from ccxx_node.chainstate.decoding_ahead import decoded_ahead
from ccxx_node.chainstate.errors import ChainError
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.params import REGTEST

RAW = genesis_block(REGTEST).encode()


@pytest.mark.parametrize("threads", [1, 2])
def test_blocks_come_in_order_with_their_labels(threads: int) -> None:
    raws = [(number, RAW) for number in range(7)]

    blocks = [(label, decode()) for label, decode in decoded_ahead(raws, threads)]

    assert blocks == [(number, Block.decode(RAW)) for number in range(7)]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_broken_block_fails_where_it_stands_and_those_behind_it_come(threads: int) -> None:
    raws = [(0, RAW), (1, RAW[:-1]), (2, RAW)]
    broken, whole = [], []

    for label, decode in decoded_ahead(raws, threads):
        try:
            whole.append((label, decode().hash))
        except DecodeError:
            broken.append(label)

    assert broken == [1]
    assert whole == [(0, REGTEST.genesis_hash), (2, REGTEST.genesis_hash)]


@pytest.mark.parametrize("threads", [1, 2])
def test_only_a_few_blocks_are_read_before_they_are_asked_for(threads: int) -> None:
    read: list[int] = []

    def endless() -> Iterator[tuple[int, bytes]]:
        for number in count():
            read.append(number)
            yield number, RAW

    blocks = decoded_ahead(endless(), threads)
    label, _ = next(blocks)
    blocks.close()

    assert label == 0
    assert len(read) <= 3


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_of_the_source_comes_behind_what_came_before_it(threads: int) -> None:
    taken: list[int] = []

    def cut_short() -> Iterator[tuple[int, bytes]]:
        yield from ((number, RAW) for number in range(5))
        raise ChainError("ends within a block")

    with pytest.raises(ChainError):
        for label, decode in decoded_ahead(cut_short(), threads):
            taken.append(label)
            assert decode().hash == REGTEST.genesis_hash

    assert taken == [0, 1, 2, 3, 4]
