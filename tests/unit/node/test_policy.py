"""What a node passes on, judged from the transaction and the coins that it spends."""

from dataclasses import replace

import pytest

from ccxx_core.hashes import Txid
from ccxx_core.script import (
    build_script,
    multisig_script,
    null_data_script,
    p2pkh_script,
    p2sh_script,
    p2wpkh_script,
    p2wsh_script,
)
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.mempool.errors import PolicyError, PolicyReject
from ccxx_node.mempool.policy import (
    Policy,
    check_base_size,
    check_standard,
    check_standard_inputs,
    check_standard_witness,
    dust_threshold,
    fee_for,
    last_push,
    virtual_size,
)

KEY = b"\x02" + bytes(31) + b"\x01"
KEY_HASH = bytes(20)
POLICY = Policy()
PAYMENT = TxOutput(100_000, p2pkh_script(KEY_HASH))
PLAIN = Transaction(2, (TxInput(OutPoint(Txid(bytes(32)), 0)),), (PAYMENT,))


def reject_of(tx: Transaction, policy: Policy = POLICY) -> PolicyReject:
    with pytest.raises(PolicyError) as error:
        check_standard(tx, policy)
    return error.value.reject


def with_script_sig(script: bytes) -> Transaction:
    return replace(PLAIN, inputs=(PLAIN.inputs[0]._replace(script_sig=script),))


def with_outputs(*outputs: TxOutput) -> Transaction:
    return replace(PLAIN, outputs=outputs)


def test_common_payment_is_standard() -> None:
    check_standard(PLAIN, POLICY)


@pytest.mark.parametrize(
    ("tx", "reject"),
    [
        (replace(PLAIN, version=0), PolicyReject.VERSION),
        (replace(PLAIN, version=3), PolicyReject.VERSION),
        (with_script_sig(build_script(bytes(1650))), PolicyReject.SCRIPTSIG_SIZE),
        (with_script_sig(b"\x61"), PolicyReject.SCRIPTSIG_NOT_PUSHONLY),
        (with_outputs(TxOutput(100_000, b"\x51")), PolicyReject.SCRIPTPUBKEY),
        (with_outputs(TxOutput(0, null_data_script(bytes(81)))), PolicyReject.SCRIPTPUBKEY),
        (with_outputs(TxOutput(0, null_data_script(b"a")), TxOutput(0, null_data_script(b"b"))),
         PolicyReject.MULTI_OP_RETURN),
        (with_outputs(TxOutput(100_000, multisig_script(1, [KEY] * 4))), PolicyReject.SCRIPTPUBKEY),
        (with_outputs(*[PAYMENT] * 3000), PolicyReject.TX_SIZE),
    ],
)  # fmt: skip
def test_uncommon_transaction_is_refused(tx: Transaction, reject: PolicyReject) -> None:
    assert reject_of(tx) is reject


@pytest.mark.parametrize(
    ("script", "limit"),
    [
        (p2pkh_script(KEY_HASH), 546),
        (p2sh_script(b""), 540),
        (p2wpkh_script(KEY_HASH), 294),
        (p2wsh_script(b""), 330),
        (null_data_script(b"x"), 0),
    ],
)
def test_dust_begins_below_the_limit_of_the_kind(script: bytes, limit: int) -> None:
    assert dust_threshold(TxOutput(0, script), POLICY.dust_fee) == limit


def test_output_one_satoshi_below_the_limit_is_dust() -> None:
    check_standard(with_outputs(PAYMENT._replace(value=546)), POLICY)

    assert reject_of(with_outputs(PAYMENT._replace(value=545))) is PolicyReject.DUST


def test_bare_multisig_can_be_refused() -> None:
    tx = with_outputs(TxOutput(100_000, multisig_script(1, [KEY])))

    check_standard(tx, POLICY)

    assert reject_of(tx, replace(POLICY, bare_multisig=False)) is PolicyReject.BARE_MULTISIG


def test_transaction_smaller_than_any_payment_is_refused() -> None:
    with pytest.raises(PolicyError) as error:
        check_base_size(with_outputs(TxOutput(0, b"\x6a")))

    assert error.value.reject is PolicyReject.TX_SIZE_SMALL


def test_redeem_script_with_many_checks_is_refused() -> None:
    redeem_script = b"\xac" * 16

    with pytest.raises(PolicyError) as error:
        check_standard_inputs(
            with_script_sig(build_script(redeem_script)), [p2sh_script(redeem_script)]
        )

    assert error.value.reject is PolicyReject.NONSTANDARD_INPUTS


def test_witness_for_a_script_without_one_is_refused() -> None:
    tx = replace(PLAIN, inputs=(PLAIN.inputs[0]._replace(witness=(b"x",)),))

    with pytest.raises(PolicyError) as error:
        check_standard_witness(tx, [p2pkh_script(KEY_HASH)])

    assert error.value.reject is PolicyReject.NONSTANDARD_WITNESS


@pytest.mark.parametrize(
    ("witness", "is_standard"),
    [
        ((bytes(80), b"\x51"), True),
        ((bytes(81), b"\x51"), False),
        ((b"",) * 100 + (b"\x51",), True),
        ((b"",) * 101 + (b"\x51",), False),
        ((bytes(3600),), True),
        ((bytes(3601),), False),
    ],
)
def test_witness_script_is_kept_within_limits(
    witness: tuple[bytes, ...], is_standard: bool
) -> None:
    tx = replace(PLAIN, inputs=(PLAIN.inputs[0]._replace(witness=witness),))

    try:
        check_standard_witness(tx, [p2wsh_script(witness[-1])])
        was_accepted = True
    except PolicyError:
        was_accepted = False

    assert was_accepted is is_standard


def test_smallest_fee_is_one_satoshi() -> None:
    assert fee_for(1, 1) == 1
    assert fee_for(0, 1) == 0
    assert fee_for(1000, 250) == 250


def test_signature_checks_count_as_bytes() -> None:
    assert virtual_size(weight=401, sigop_cost=1, bytes_per_sigop=20) == 101
    assert virtual_size(weight=400, sigop_cost=80, bytes_per_sigop=20) == 400


@pytest.mark.parametrize(
    ("script", "top"),
    [
        (b"", None),
        (b"\x01a\x02bc", b"bc"),
        (b"\x51", b"\x01"),
        (b"\x4f", b"\x81"),
        (b"\x05a", None),
    ],
)
def test_top_of_the_stack_is_the_last_push(script: bytes, top: bytes | None) -> None:
    assert last_push(script) == top
