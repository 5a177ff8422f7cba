"""Genesis blocks and the rules that depend on height alone."""

import pytest

from ccxx_core.hashes import format_hash
from ccxx_core.network import NETWORKS
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.header import has_valid_work
from ccxx_node.consensus.params import MAIN, PARAMS, REGTEST, TEST, ConsensusParams


@pytest.mark.parametrize("params", PARAMS.values(), ids=PARAMS)
def test_genesis_block_has_the_hash_of_its_network(params: ConsensusParams) -> None:
    block = genesis_block(params)

    assert block.hash == params.genesis_hash == NETWORKS[params.chain].genesis_hash
    assert format_hash(block.header.merkle_root) == (
        "baec7e8bad4a377bf0f5606d091a22095d7ec2b1cbb745f12496c814ca16bc5f"
    )


@pytest.mark.parametrize("params", [TEST, REGTEST], ids=lambda params: params.chain)
def test_genesis_block_has_done_its_work(params: ConsensusParams) -> None:
    assert has_valid_work(genesis_block(params).header, params)


def test_retargets_come_every_576_blocks_on_main_and_2016_elsewhere() -> None:
    assert [p.retarget_interval for p in (MAIN, TEST, REGTEST)] == [576, 2016, 2016]


def test_maturity_grows_on_main_after_its_last_checkpoint() -> None:
    assert MAIN.coinbase_maturity(8860) == 5000
    assert MAIN.coinbase_maturity(8861) == 100_000
    assert REGTEST.coinbase_maturity(10**6) == 5000


def test_tests_may_shorten_maturity_on_regtest_only() -> None:
    assert REGTEST.with_test_overrides(maturity=100).coinbase_maturity(1) == 100
    with pytest.raises(ValueError, match="regtest only"):
        MAIN.with_test_overrides(maturity=100)
    with pytest.raises(ValueError, match="at least 1"):
        REGTEST.with_test_overrides(subsidy_interval=0)
