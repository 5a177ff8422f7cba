"""Who signed: real signatures of some keys of a script, told apart from keys that did not sign."""

from itertools import combinations

import pytest

from ccxx_cert.custody import certificate_script, wrap
from ccxx_cert.records import Custody
from ccxx_core.hashes import Txid, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.sighash import SIGHASH_ALL
from ccxx_core.spending import open_lock, unlock
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.facts import KeyFacts
from ccxx_explorer.views.signatures import input_keys, named_signers

KEYS = {name: PrivateKey(sha256(name.encode())) for name in ("root", "issuer", "holder")}
ROLES = {key.public_key: name for name, key in KEYS.items()}
PLAIN = TxOutput(90_000, b"\x51")


def signed(
    custody: Custody, how: str, names: tuple[str, ...], sequence: int
) -> tuple[Transaction, TxOutput]:
    """Spend a certificate with the signatures of some of its keys."""
    script = certificate_script(*(key.public_key for key in KEYS.values()), custody)
    output = TxOutput(100_000, wrap(script, how))
    tx = Transaction(2, (TxInput(OutPoint(Txid(bytes(32)), 0), sequence=sequence),), (PLAIN,))
    lock = open_lock(output, script, script)
    digest = lock.digest(tx, 0, SIGHASH_ALL)
    signatures = {
        KEYS[name].public_key: KEYS[name].sign(digest) + bytes([SIGHASH_ALL]) for name in names
    }
    script_sig, witness = unlock(lock, tx, 0, signatures)
    spent = TxInput(tx.inputs[0].prevout, script_sig, sequence, witness)
    return Transaction(2, (spent,), (PLAIN,)), output


@pytest.mark.parametrize("how", ["p2wsh", "p2sh"])
@pytest.mark.parametrize("names", list(combinations(KEYS, 2)), ids="-".join)
def test_two_of_three_are_told_by_their_signatures(how: str, names: tuple[str, ...]) -> None:
    tx, output = signed(Custody.TWO_OF_THREE, how, names, 0xFFFFFFFF)

    found = input_keys(tx, 0, output, ROLES)

    assert {key.role for key in found} == set(KEYS)
    assert {key.role for key in found if key.signed} == set(names)


def test_recovery_is_signed_by_root_and_issuer_alone() -> None:
    tx, output = signed(Custody.RECOVERABLE, "p2wsh", ("root", "issuer"), 52_560)

    found = input_keys(tx, 0, output, ROLES)

    assert {key.role for key in found if key.signed} == {"root", "issuer"}


def test_refresh_of_a_recoverable_certificate_is_signed_by_all() -> None:
    tx, output = signed(Custody.RECOVERABLE, "p2wsh", tuple(KEYS), 0xFFFFFFFF)

    found = input_keys(tx, 0, output, ROLES)

    assert {key.role for key in found if key.signed} == set(KEYS)


def test_all_of_three_have_signed_what_is_in_a_block() -> None:
    tx, output = signed(Custody.THREE_OF_THREE, "p2wsh", tuple(KEYS), 0xFFFFFFFF)

    assert all(key.signed for key in input_keys(tx, 0, output, ROLES))


def test_signatures_of_another_transaction_tell_nothing() -> None:
    tx, output = signed(Custody.TWO_OF_THREE, "p2wsh", ("root", "issuer"), 0xFFFFFFFF)
    other = Transaction(2, tx.inputs, (TxOutput(1, b"\x51"),))

    assert {key.signed for key in input_keys(other, 0, output, ROLES)} == {None}


def test_a_key_that_signed_any_input_has_signed_and_nameless_keys_are_left_out() -> None:
    keys = [
        KeyFacts("aa", "root", None),
        KeyFacts("bb", "owner", True),
        KeyFacts("aa", "root", True),
        KeyFacts("cc", "holder", False),
    ]

    found = named_signers(keys)

    assert [(key.role, key.signed) for key in found] == [("root", True), ("holder", False)]
