"""Headers that come together: threads hash them, the verdicts are those of one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ccxx_core.block import Block, BlockHeader
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.rules import Rules
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.consensus.params import ConsensusParams

MakeBranch = Callable[..., list[Block]]

NOW = 1_700_868_523
COUNT = 100


@pytest.fixture(params=[1, 2])
def chainstate(
    request: pytest.FixtureRequest, tmp_path: Path, params: ConsensusParams
) -> Iterator[Chainstate]:
    with Chainstate.open(tmp_path, params, rules=Rules(params, threads=request.param)) as opened:
        yield opened


@pytest.fixture
def headers(chainstate: Chainstate, make_branch: MakeBranch) -> list[BlockHeader]:
    return [block.header for block in make_branch(chainstate.tip.header, COUNT)]


def test_headers_are_accepted_in_order(chainstate: Chainstate, headers: list[BlockHeader]) -> None:
    entries = chainstate.accept_headers(headers, NOW)

    assert [entry.height for entry in entries] == list(range(1, COUNT + 1))
    assert [entry.hash for entry in entries] == [header.hash for header in headers]
    assert chainstate.best_header is entries[-1]


def test_known_headers_are_found_again(chainstate: Chainstate, headers: list[BlockHeader]) -> None:
    first = chainstate.accept_headers(headers[:60], NOW)

    again = chainstate.accept_headers(headers, NOW)

    assert all(one is other for one, other in zip(first, again, strict=False))
    assert len(again) == COUNT


def test_headers_before_the_first_bad_one_stay(
    chainstate: Chainstate, headers: list[BlockHeader]
) -> None:
    # Above the target of regtest, which is half of all hashes.
    bad = next(
        header
        for nonce in range(1000)
        if (header := replace(headers[50], nonce=nonce)).pow_hash[-1] >= 0x80
    )

    with pytest.raises(ConsensusError) as error:
        chainstate.accept_headers([*headers[:50], bad, *headers[51:]], NOW)

    assert error.value.reject is Reject.HIGH_HASH
    assert chainstate.best_header.hash == headers[49].hash
