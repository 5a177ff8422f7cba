"""The second opinion agrees with what we sign and with nothing else."""

from dataclasses import replace

import pytest

from ccxx_core.hashes import Txid, hash160
from ccxx_core.keys import PrivateKey
from ccxx_core.psbt import Psbt, PsbtInput
from ccxx_core.script import (
    p2pkh_script,
    p2sh_script,
    p2wpkh_script,
    p2wsh_script,
    sorted_multisig_script,
)
from ccxx_core.spending import RECOVERY_DELAY, recoverable_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.second_opinion import Opinion, check_again

KEYS = [PrivateKey(bytes([n]) * 32) for n in (1, 2, 3)]
MULTISIG = sorted_multisig_script(3, [key.public_key for key in KEYS])


def signed(script_pubkey: bytes, script: bytes | None = None) -> tuple[Transaction, TxOutput]:
    spent = TxOutput(100_000, script_pubkey)
    previous = Transaction(2, (TxInput(OutPoint(Txid(bytes([7]) * 32), 0)),), (spent,))
    legacy = script_pubkey[0] != 0
    tx = Transaction(
        2,
        (TxInput(OutPoint(previous.txid, 0)),),
        (TxOutput(90_000, p2wpkh_script(bytes(20))),),
    )
    described = PsbtInput(
        non_witness_utxo=previous if legacy else None,
        witness_utxo=None if legacy else spent,
        redeem_script=script if legacy else None,
        witness_script=None if legacy else script,
    )
    psbt = Psbt.create(tx, [described])
    for key in KEYS:
        psbt = psbt.sign_with(key)
    return psbt.finalize(), spent


@pytest.mark.parametrize(
    ("script_pubkey", "script", "count"),
    [
        (p2wpkh_script(hash160(KEYS[0].public_key)), None, 1),
        (p2pkh_script(hash160(KEYS[0].public_key)), None, 1),
        (p2wsh_script(MULTISIG), MULTISIG, 3),
        (p2sh_script(MULTISIG), MULTISIG, 3),
    ],
)
def test_our_signatures_verify_with_foreign_code(
    script_pubkey: bytes, script: bytes | None, count: int
) -> None:
    tx, spent = signed(script_pubkey, script)

    opinion = check_again(tx, [spent])

    assert opinion == Opinion(count)


def test_an_input_of_a_form_that_it_cannot_read_is_named() -> None:
    tx, spent = signed(p2wpkh_script(hash160(KEYS[0].public_key)))
    # Taproot: newer than the foreign code, and than this chain.
    strange = TxOutput(spent.value, b"\x51\x20" + bytes(32))

    opinion = check_again(tx, [strange])

    assert opinion == Opinion(0, unread=(0,))


def test_an_output_altered_after_signing_is_noticed() -> None:
    tx, spent = signed(p2wsh_script(MULTISIG), MULTISIG)
    altered = replace(tx, outputs=(tx.outputs[0]._replace(value=80_000),))

    with pytest.raises(WalletError) as error:
        check_again(altered, [spent])

    assert error.value.refusal is Refusal.SECOND_OPINION


def test_a_misstated_value_is_noticed() -> None:
    tx, spent = signed(p2wsh_script(MULTISIG), MULTISIG)

    with pytest.raises(WalletError) as error:
        check_again(tx, [spent._replace(value=200_000)])

    assert error.value.refusal is Refusal.SECOND_OPINION


def test_a_signature_for_a_part_is_no_opinion_on_the_whole() -> None:
    tx, spent = signed(p2wpkh_script(hash160(KEYS[0].public_key)))
    der, key = tx.inputs[0].witness
    for signature in (b"", der[:-1] + b"\x02"):
        odd = replace(tx, inputs=(tx.inputs[0]._replace(witness=(signature, key)),))

        with pytest.raises(WalletError) as error:
            check_again(odd, [spent])

        assert error.value.refusal is Refusal.SECOND_OPINION


ROOT, ISSUER, HOLDER = KEYS
RECOVERABLE = recoverable_script(*(key.public_key for key in KEYS), RECOVERY_DELAY)


def recoverable(signers: list[PrivateKey], sequence: int) -> tuple[Transaction, TxOutput]:
    spent = TxOutput(100_000, p2wsh_script(RECOVERABLE))
    tx = Transaction(
        2,
        (TxInput(OutPoint(Txid(bytes([7]) * 32), 0), sequence=sequence),),
        (TxOutput(90_000, p2wpkh_script(bytes(20))),),
    )
    psbt = Psbt.create(tx, [PsbtInput(witness_utxo=spent, witness_script=RECOVERABLE)])
    for key in signers:
        psbt = psbt.sign_with(key)
    return psbt.finalize(), spent


@pytest.mark.parametrize(
    ("signers", "sequence"), [(KEYS, 0xFFFFFFFE), ([ROOT, ISSUER], RECOVERY_DELAY)]
)
def test_both_branches_of_recoverable_custody_are_verified(
    signers: list[PrivateKey], sequence: int
) -> None:
    tx, spent = recoverable(signers, sequence)

    assert check_again(tx, [spent]) == Opinion(len(signers))


@pytest.mark.parametrize("sequence", [RECOVERY_DELAY - 1, RECOVERY_DELAY | 1 << 22, 0xFFFFFFFE])
def test_a_recovery_that_does_not_wait_is_noticed(sequence: int) -> None:
    tx, spent = recoverable([ROOT, ISSUER], RECOVERY_DELAY)
    hasty = replace(tx, inputs=(tx.inputs[0]._replace(sequence=sequence),))

    with pytest.raises(WalletError) as error:
        check_again(hasty, [spent])

    assert error.value.refusal is Refusal.SECOND_OPINION
    assert "does not wait 52560 blocks" in error.value.detail


def test_a_recovery_signed_by_the_wrong_pair_is_noticed() -> None:
    tx, spent = recoverable([ROOT, ISSUER], RECOVERY_DELAY)
    witness = list(tx.inputs[0].witness)
    swapped = (witness[0], witness[2], witness[1], *witness[3:])
    odd = replace(tx, inputs=(tx.inputs[0]._replace(witness=swapped),))

    with pytest.raises(WalletError) as error:
        check_again(odd, [spent])

    assert error.value.refusal is Refusal.SECOND_OPINION
