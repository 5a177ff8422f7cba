"""What a block may create, by height, by its parent's gap and by its miner."""

import pytest

from ccxx_core.amount import COIN
from ccxx_core.hashes import hash160
from ccxx_core.network import REGTEST as REGTEST_NETWORK
from ccxx_core.script import multisig_script, null_data_script, p2pk_script, p2pkh_script
from ccxx_core.transaction import NULL_OUTPOINT, Transaction, TxInput, TxOutput
from ccxx_node.consensus.params import MAIN, REGTEST, TEST
from ccxx_node.consensus.subsidy import block_subsidy, miner_address

KEY = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")


def subsidy(height: int, gap: int = 150, is_rewarded: bool = True) -> int:
    return block_subsidy(height, gap, MAIN, lambda: is_rewarded)


@pytest.mark.parametrize(
    ("height", "expected"),
    [
        (1, 30_000 * COIN),
        (575, 30_000 * COIN),
        (576, 1_875 * COIN),
        (1152, 11_718_750_000),
        (1728, 732_421_875),
        (2303, 732_421_875),
        (2304, 3_500_000),
        (10**6, 3_500_000),
    ],
)
def test_subsidy_shrinks_sixteenfold_each_interval_until_the_fifth(
    height: int, expected: int
) -> None:
    assert subsidy(height) == expected


def test_later_subsidy_is_nothing_after_a_fast_parent() -> None:
    assert subsidy(2304, gap=119) == 0
    assert subsidy(2304, gap=120) == 3_500_000
    assert subsidy(2304, gap=-1) == 0
    assert subsidy(2303, gap=0) > 0


def test_only_trusted_miners_are_rewarded_from_height_70000() -> None:
    assert subsidy(69_999, is_rewarded=False) == 3_500_000
    assert subsidy(70_000, is_rewarded=False) == 0


def test_intervals_on_test_are_long() -> None:
    assert block_subsidy(839_999, 0, TEST, lambda: True) == 30_000 * COIN


def test_test_subsidy_halves_from_fifty_coins() -> None:
    params = REGTEST.with_test_overrides(subsidy_interval=150)

    subsidies = [block_subsidy(height, 0, params, lambda: True) for height in (1, 150, 300, 10**6)]

    assert subsidies == [50 * COIN, 25 * COIN, 1_250_000_000, 0]


def coinbase_paying(*scripts: bytes) -> Transaction:
    outputs = tuple(TxOutput(0, script) for script in scripts)
    return Transaction(1, (TxInput(NULL_OUTPOINT, bytes(2)),), outputs)


def test_miner_is_the_first_address_in_the_first_two_outputs() -> None:
    script, note = p2pkh_script(hash160(KEY)), null_data_script(b"note")
    address = miner_address(coinbase_paying(script), REGTEST_NETWORK)

    assert address.startswith(("m", "n"))
    assert miner_address(coinbase_paying(note, script), REGTEST_NETWORK) == address
    assert miner_address(coinbase_paying(p2pk_script(KEY)), REGTEST_NETWORK) == address
    assert miner_address(coinbase_paying(multisig_script(1, [KEY])), REGTEST_NETWORK) == address
    assert miner_address(coinbase_paying(note, note, script), REGTEST_NETWORK) == "DEF"
    assert miner_address(coinbase_paying(note), REGTEST_NETWORK) == "DEF"
