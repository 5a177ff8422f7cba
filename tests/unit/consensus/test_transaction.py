"""Rules of a single transaction."""

from dataclasses import replace

import pytest

from ccxx_core.amount import MAX_MONEY
from ccxx_core.hashes import Txid
from ccxx_core.opcodes import Op
from ccxx_core.script import build_script, multisig_script, p2sh_script, p2wsh_script, push_data
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.coins import Coin
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.consensus.transaction import (
    check_inputs,
    check_transaction,
    is_final,
    legacy_sigops,
    sequence_locks,
    sigop_cost,
)

ONE_INPUT = TxInput(OutPoint(Txid(bytes([1] * 32)), 0), sequence=0)
SPEND = Transaction(2, (ONE_INPUT,), (TxOutput(1000, b"\x51"),))
COINBASE = replace(SPEND, inputs=(TxInput(NULL_OUTPOINT, b"\1\1"),))
COIN = Coin(2000, b"\x51", 10, False)
MULTISIG = multisig_script(2, [bytes([2]) + bytes([i] * 32) for i in range(3)])


def outputs(*values: int) -> tuple[TxOutput, ...]:
    return tuple(TxOutput(value, b"\x51") for value in values)


@pytest.mark.parametrize(
    ("tx", "reject"),
    [
        (replace(SPEND, inputs=()), Reject.NO_INPUTS),
        (replace(SPEND, outputs=()), Reject.NO_OUTPUTS),
        (replace(SPEND, outputs=(TxOutput(0, bytes(1_000_000)),)), Reject.TX_OVERSIZE),
        (replace(SPEND, outputs=outputs(-1)), Reject.NEGATIVE_OUTPUT),
        (replace(SPEND, outputs=outputs(MAX_MONEY + 1)), Reject.OUTPUT_TOO_LARGE),
        (replace(SPEND, outputs=outputs(MAX_MONEY, 1)), Reject.OUTPUT_TOTAL_TOO_LARGE),
        (replace(SPEND, inputs=SPEND.inputs * 2), Reject.DUPLICATE_INPUT),
        (replace(SPEND, inputs=(TxInput(NULL_OUTPOINT, b"\1"),)), Reject.COINBASE_LENGTH),
        (replace(SPEND, inputs=(TxInput(NULL_OUTPOINT, bytes(101)),)), Reject.COINBASE_LENGTH),
        (replace(SPEND, inputs=(ONE_INPUT, TxInput(NULL_OUTPOINT))), Reject.NULL_PREVOUT),
    ],
)
def test_transaction_that_is_wrong_by_itself_is_refused(tx: Transaction, reject: Reject) -> None:
    with pytest.raises(ConsensusError) as error:
        check_transaction(tx)

    assert error.value.reject is reject


def test_transactions_at_the_limits_are_accepted() -> None:
    check_transaction(replace(SPEND, outputs=outputs(MAX_MONEY, 0)))
    check_transaction(replace(COINBASE, inputs=(TxInput(NULL_OUTPOINT, bytes(2)),)))
    check_transaction(replace(COINBASE, inputs=(TxInput(NULL_OUTPOINT, bytes(100)),)))


@pytest.mark.parametrize(
    ("locktime", "height", "time", "expected"),
    [
        (0, 0, 0, True),
        (99, 100, 0, True),
        (100, 100, 0, False),
        (500_000_000, 0, 500_000_001, True),
        (500_000_000, 500_000_001, 500_000_000, False),
    ],
)
def test_lock_time_opens_after_its_height_or_time(
    locktime: int, height: int, time: int, expected: bool
) -> None:
    assert is_final(replace(SPEND, locktime=locktime), height, time) is expected


def test_lock_time_does_not_hold_when_every_input_is_final() -> None:
    final = ONE_INPUT._replace(sequence=0xFFFFFFFF)

    assert is_final(replace(SPEND, locktime=100, inputs=(final,)), 1, 0)
    assert not is_final(replace(SPEND, locktime=100, inputs=(final, ONE_INPUT)), 1, 0)


def locks_of(sequence: int, version: int = 2) -> tuple[int, int]:
    tx = replace(SPEND, version=version, inputs=(ONE_INPUT._replace(sequence=sequence),))
    return sequence_locks(tx, [10], lambda height: 1000 * height)


def test_relative_height_lock_counts_from_the_height_of_its_coin() -> None:
    assert locks_of(5) == (14, -1)


def test_relative_time_lock_counts_from_the_median_time_before_its_coin() -> None:
    assert locks_of(1 << 22 | 2) == (-1, 9000 + 2 * 512 - 1)


def test_relative_locks_need_version_two_read_without_sign() -> None:
    assert locks_of(5, version=1) == (-1, -1)
    assert locks_of(5, version=-1) == (14, -1)


def test_relative_lock_is_off_with_the_top_bit() -> None:
    assert locks_of(1 << 31 | 5) == (-1, -1)


def test_fee_is_what_the_outputs_leave() -> None:
    assert check_inputs(SPEND, [COIN], height=11, maturity=100) == 1000


@pytest.mark.parametrize(
    ("coins", "reject"),
    [
        ([COIN._replace(is_coinbase=True)], Reject.IMMATURE_COINBASE),
        ([COIN._replace(value=MAX_MONEY + 1)], Reject.INPUT_VALUE_RANGE),
        ([COIN._replace(value=MAX_MONEY), COIN], Reject.INPUT_VALUE_RANGE),
        ([COIN._replace(value=999)], Reject.SPENDS_TOO_MUCH),
    ],
)
def test_inputs_that_may_not_be_spent_are_refused(coins: list[Coin], reject: Reject) -> None:
    with pytest.raises(ConsensusError) as error:
        check_inputs(SPEND, coins, height=109, maturity=100)

    assert error.value.reject is reject


def test_coinbase_may_be_spent_at_exactly_its_maturity() -> None:
    check_inputs(SPEND, [COIN._replace(is_coinbase=True)], height=110, maturity=100)


def test_overspending_names_both_amounts_as_the_reference_does() -> None:
    tx = replace(SPEND, outputs=outputs(100_000_001))

    with pytest.raises(ConsensusError) as error:
        check_inputs(tx, [COIN._replace(value=100_000_000)], height=11, maturity=100)

    assert error.value.detail == "value in (1.00) < value out (1.00000001)"


def test_legacy_multisig_counts_twenty_whatever_it_holds() -> None:
    tx = replace(SPEND, outputs=(TxOutput(0, MULTISIG), TxOutput(0, bytes([Op.OP_CHECKSIG]))))

    assert legacy_sigops(tx) == 21


def test_p2sh_operations_cost_four_each_and_witness_operations_one() -> None:
    p2sh = TxInput(ONE_INPUT.prevout, push_data(MULTISIG))
    p2wsh = TxInput(ONE_INPUT.prevout, b"", witness=(b"", MULTISIG))
    nested = TxInput(ONE_INPUT.prevout, push_data(p2wsh_script(MULTISIG)), witness=(b"", MULTISIG))
    tx = replace(SPEND, inputs=(p2sh, p2wsh, nested))
    scripts = (p2sh_script(MULTISIG), p2wsh_script(MULTISIG), p2sh_script(p2wsh_script(MULTISIG)))
    coins = [COIN._replace(script_pubkey=script) for script in scripts]

    assert sigop_cost(tx, coins, f.P2SH | f.WITNESS) == 12 + 3 + 3
    assert sigop_cost(tx, coins, f.P2SH) == 12
    assert sigop_cost(tx, coins, f.NONE) == 0


def test_p2sh_operations_do_not_count_behind_a_script_that_does_more_than_push() -> None:
    coin = COIN._replace(script_pubkey=p2sh_script(MULTISIG))
    for script_sig in (build_script(Op.OP_NOP, MULTISIG), push_data(MULTISIG)[:-1]):
        tx = replace(SPEND, inputs=(TxInput(ONE_INPUT.prevout, script_sig),))

        assert sigop_cost(tx, [coin], f.P2SH | f.WITNESS) == 0
