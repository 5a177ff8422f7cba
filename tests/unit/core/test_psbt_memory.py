"""What a PSBT remembers saves work and never vouches for another transaction."""

from dataclasses import fields, replace

import pytest

from ccxx_core.bip32 import KeyOrigin
from ccxx_core.hashes import Txid, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.psbt import Psbt, PsbtError, PsbtInput, PsbtOutput
from ccxx_core.script import p2wsh_script, sorted_multisig_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

KEYS = [PrivateKey(bytes([n]) * 32) for n in (1, 2, 3)]
SCRIPT = sorted_multisig_script(3, [key.public_key for key in KEYS])
OUTPUT = TxOutput(100_000, p2wsh_script(SCRIPT))
COIN = PsbtInput(witness_utxo=OUTPUT, witness_script=SCRIPT)


def draft(value: int = 90_000) -> Psbt:
    spent = TxInput(OutPoint(Txid(sha256(b"coin")), 0))
    return Psbt.create(Transaction(2, (spent,), (TxOutput(value, b"\x51"),)), [COIN])


def test_signing_with_all_keys_gives_what_signing_one_by_one_gives() -> None:
    one_by_one = draft()
    for key in KEYS:
        one_by_one = one_by_one.sign_with(key)

    at_once = draft().sign(KEYS)

    assert at_once == one_by_one
    assert at_once.finalize() == Psbt.decode(one_by_one.encode()).finalize()


def test_a_signature_for_one_transaction_is_not_good_in_another() -> None:
    signed = draft().sign(KEYS)

    altered = replace(signed, transaction=draft(80_000).transaction)

    with pytest.raises(PsbtError):
        altered.signatures(0)


def test_a_signature_for_one_value_is_not_good_for_another() -> None:
    signed = draft().sign(KEYS)
    richer = replace(signed.inputs[0], witness_utxo=OUTPUT._replace(value=200_000))

    altered = replace(signed, inputs=(richer,))

    with pytest.raises(PsbtError):
        altered.finalize()


def test_what_joins_a_signed_file_is_verified() -> None:
    signed, other = draft().sign(KEYS[:1]), draft(80_000).sign(KEYS[1:2])
    foreign = replace(draft(), inputs=(COIN.with_signatures(other.inputs[0].signatures),))

    joined = Psbt.combine([signed, foreign])

    with pytest.raises(PsbtError):
        joined.signatures(0)


def test_an_input_that_is_signed_keeps_all_else_that_is_known_of_it() -> None:
    key, origin = KEYS[0].public_key, KeyOrigin(b"root", (1,))
    known = PsbtInput(
        non_witness_utxo=draft().transaction,
        witness_utxo=OUTPUT,
        redeem_script=b"\x51",
        witness_script=SCRIPT,
        origins=((key, origin),),
        signatures=((key, b"old"),),
        sighash_type=1,
        final_script_sig=b"\x52",
        final_witness=(b"\x53",),
        unknown=((b"\xf0", b"more"),),
    )
    signatures = ((key, b"new"),)
    assert all(getattr(known, field.name) != field.default for field in fields(known))

    signed = known.with_signatures(signatures)

    assert signed == replace(known, signatures=signatures)


def test_a_psbt_that_is_signed_keeps_all_else_that_it_says() -> None:
    unsigned = replace(
        draft(),
        outputs=(PsbtOutput(redeem_script=b"\x51"),),
        network_name="regtest",
        anchor_id=bytes(32),
        unknown=((b"\xf0", b"more"),),
    )

    signed = unsigned.sign(KEYS)

    assert replace(signed, inputs=unsigned.inputs) == unsigned


def test_a_finished_transaction_keeps_the_id_of_the_draft() -> None:
    unsigned = draft()

    finished = unsigned.sign(KEYS).finalize()

    assert finished.txid == unsigned.transaction.txid
    assert Transaction.decode(finished.encode()) == finished
