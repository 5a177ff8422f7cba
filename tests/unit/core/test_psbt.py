"""PSBTs are passed around, signed in any order, and finished only when everything fits."""

import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from ecdsa.util import sigdecode_der, sigencode_der
from embit.psbt import PSBT as EmbitPsbt

from ccxx_core.bip32 import KeyOrigin
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, format_hash, hash160, sha256
from ccxx_core.keys import ORDER, PrivateKey
from ccxx_core.network import MAIN, REGTEST
from ccxx_core.psbt import Psbt, PsbtError, PsbtInput, PsbtOutput
from ccxx_core.script import (
    build_script,
    multisig_script,
    p2pk_script,
    p2pkh_script,
    p2sh_script,
    p2wpkh_script,
    p2wsh_script,
    push_data,
    sorted_multisig_script,
)
from ccxx_core.spending import SpendingError, count_missing, recoverable_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.consensus.checker import TransactionChecker
from ccxx_node.consensus.flags import STANDARD
from ccxx_node.consensus.interpreter import verify_script

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "core" / "psbt.json").read_text())
ROOT, ISSUER, HOLDER = KEYS = [PrivateKey(sha256(bytes([number]))) for number in range(3)]
PUBLIC = [key.public_key for key in KEYS]
KEY_HASH = hash160(ROOT.public_key)
MULTISIG = sorted_multisig_script(3, PUBLIC)
TWO_OF_THREE = sorted_multisig_script(2, PUBLIC)
DELAY = 52_560
RECOVERABLE = recoverable_script(*PUBLIC, DELAY)
WRAPPED = p2wsh_script(MULTISIG)
ANCHOR_ID = sha256(b"anchor")

SCRIPTS = {
    "p2pk": p2pk_script(ROOT.public_key),
    "p2pkh": p2pkh_script(KEY_HASH),
    "p2wpkh": p2wpkh_script(KEY_HASH),
    "p2sh-p2wpkh": p2sh_script(p2wpkh_script(KEY_HASH)),
    "bare": multisig_script(2, PUBLIC),
    "p2sh": p2sh_script(MULTISIG),
    "p2wsh": p2wsh_script(MULTISIG),
    "p2sh-p2wsh": p2sh_script(WRAPPED),
    "p2wsh-2of3": p2wsh_script(TWO_OF_THREE),
    "recoverable": p2wsh_script(RECOVERABLE),
}
NAMES = list(SCRIPTS)
PREVIOUS = Transaction(
    2,
    (TxInput(OutPoint(Txid(b"\x07" * 32), 0)),),
    tuple(TxOutput(100_000 + number, script) for number, script in enumerate(SCRIPTS.values())),
)
KNOWN = {
    "p2sh-p2wpkh": PsbtInput(redeem_script=p2wpkh_script(KEY_HASH)),
    "p2sh": PsbtInput(redeem_script=MULTISIG),
    "p2wsh": PsbtInput(witness_script=MULTISIG),
    "p2sh-p2wsh": PsbtInput(redeem_script=WRAPPED, witness_script=MULTISIG),
    "p2wsh-2of3": PsbtInput(witness_script=TWO_OF_THREE),
    "recoverable": PsbtInput(witness_script=RECOVERABLE),
}
LEGACY = ("p2pk", "p2pkh", "bare", "p2sh")


def known_input(name: str) -> PsbtInput:
    """Describe an input that spends the named output."""
    known = KNOWN.get(name, PsbtInput())
    if name in LEGACY:
        return replace(known, non_witness_utxo=PREVIOUS)
    return replace(known, witness_utxo=PREVIOUS.outputs[NAMES.index(name)])


def draft(*names: str, sequence: int = 0xFFFFFFFF) -> Psbt:
    """Start a PSBT that spends the named outputs."""
    inputs = tuple(
        TxInput(OutPoint(PREVIOUS.txid, NAMES.index(name)), sequence=sequence) for name in names
    )
    tx = Transaction(2, inputs, (TxOutput(90_000, p2wpkh_script(KEY_HASH)),), 99)
    described = [known_input(name) for name in names]
    return Psbt.create(tx, described, network=REGTEST, anchor_id=ANCHOR_ID)


def signed_by_all(psbt: Psbt) -> Psbt:
    """Let each key sign its own copy and join the copies."""
    return Psbt.combine([psbt.sign_with(key) for key in KEYS])


@pytest.mark.parametrize("name", NAMES)
def test_every_standard_output_is_spent(name: str) -> None:
    psbt = signed_by_all(draft(name))

    tx = psbt.finalize()

    assert psbt.missing_signatures() == ((),)
    assert tx.txid == psbt.transaction.txid or name in (*LEGACY, "p2sh-p2wpkh", "p2sh-p2wsh")
    assert bool(tx.inputs[0].witness) == (name not in LEGACY)
    assert tx.inputs[0]._replace(script_sig=b"", witness=()) == psbt.transaction.inputs[0]
    assert psbt.fee == PREVIOUS.outputs[NAMES.index(name)].value - 90_000


@pytest.mark.parametrize("name", NAMES)
def test_the_nodes_interpreter_accepts_every_finished_input(name: str) -> None:
    check_with_node(signed_by_all(draft(name)).finalize(), name)


def test_the_nodes_interpreter_accepts_a_recovery() -> None:
    psbt = draft("recoverable", sequence=DELAY).sign_with(ROOT).sign_with(ISSUER)

    check_with_node(psbt.finalize(), "recoverable")


def check_with_node(tx: Transaction, name: str) -> None:
    """Run the node's interpreter, as strict as its relay policy, over the only input."""
    tx_input, spent = tx.inputs[0], PREVIOUS.outputs[NAMES.index(name)]
    checker = TransactionChecker(tx, 0, spent.value)
    verify_script(tx_input.script_sig, spent.script_pubkey, tx_input.witness, STANDARD, checker)


def test_unlocking_data_has_the_shape_of_its_script() -> None:
    tx = signed_by_all(draft(*NAMES)).finalize()
    by_name = dict(zip(NAMES, tx.inputs, strict=True))

    assert by_name["p2pkh"].script_sig.endswith(push_data(ROOT.public_key))
    assert by_name["p2wpkh"].witness[1:] == (ROOT.public_key,)
    assert by_name["p2sh"].script_sig.startswith(b"\0")
    assert by_name["p2sh"].script_sig.endswith(push_data(MULTISIG))
    assert by_name["p2wsh"].witness[0] == b"" and by_name["p2wsh"].witness[-1] == MULTISIG
    assert len(by_name["p2wsh"].witness) == 5
    assert len(by_name["p2wsh-2of3"].witness) == 4
    assert by_name["p2sh-p2wsh"].script_sig == push_data(WRAPPED)


def test_signatures_stand_in_the_order_of_the_script() -> None:
    psbt = signed_by_all(draft("p2wsh"))

    signatures = psbt.signatures(0)

    ordered = tuple(signatures[key] for key in sorted(PUBLIC))
    assert psbt.finalize().inputs[0].witness[1:4] == ordered


def test_signers_may_come_in_any_order() -> None:
    copies = [draft(*NAMES).sign_with(key) for key in KEYS]

    combined = {Psbt.combine(order).encode() for order in permutations(copies)}
    in_turn = {
        draft(*NAMES).sign_with(one).sign_with(two).sign_with(three).encode()
        for one, two, three in permutations(KEYS)
    }

    assert len(combined) == 1 and combined == in_turn


def test_recovery_needs_the_delay_and_two_signatures() -> None:
    waited = draft("recoverable", sequence=DELAY)
    pair = [psbt.sign_with(ROOT).sign_with(ISSUER) for psbt in (draft("recoverable"), waited)]

    tx = pair[1].finalize()

    assert tx.inputs[0].witness[0] == b"" and tx.inputs[0].witness[3:] == (b"",) * 4 + (
        RECOVERABLE,
    )
    assert pair[0].missing_signatures() == ((HOLDER.public_key,),)
    with pytest.raises(SpendingError):
        pair[0].finalize()


@pytest.mark.parametrize("sequence", [DELAY - 1, DELAY | 1 << 22, DELAY | 1 << 31, 0])
def test_recovery_is_not_tried_with_another_sequence(sequence: int) -> None:
    psbt = draft("recoverable", sequence=sequence).sign_with(ROOT).sign_with(ISSUER)

    assert psbt.missing_signatures() == ((HOLDER.public_key,),)


def test_recovery_by_the_holder_and_one_other_is_not_possible() -> None:
    psbt = draft("recoverable", sequence=DELAY).sign_with(ROOT).sign_with(HOLDER)

    assert psbt.missing_signatures() == ((ISSUER.public_key,),)


def test_recovery_after_the_delay_asks_nothing_of_the_holder() -> None:
    waited = draft("recoverable", sequence=DELAY)

    assert waited.missing_signatures() == ((ROOT.public_key, ISSUER.public_key),)
    assert waited.sign_with(ISSUER).missing_signatures() == ((ROOT.public_key,),)


@pytest.mark.parametrize(
    ("name", "signers", "missing"),
    [
        ("p2wsh", (), 3),
        ("p2wsh-2of3", (), 2),
        ("p2wsh-2of3", (ROOT,), 1),
        ("p2wsh-2of3", KEYS, 0),
        ("recoverable", (HOLDER,), 2),
        ("p2wpkh", (), 1),
    ],
)
def test_a_script_still_needs_as_many_signatures_as_it_says(
    name: str, signers: Sequence[PrivateKey], missing: int
) -> None:
    psbt = draft(name, sequence=DELAY)
    signed = frozenset(key.public_key for key in signers)

    assert count_missing(psbt.lock(0), psbt.transaction, 0, signed) == missing


def test_missing_signatures_name_the_keys() -> None:
    psbt = draft("p2wsh", "p2pkh").sign_with(ISSUER)

    missing = psbt.missing_signatures()

    assert set(missing[0]) == {ROOT.public_key, HOLDER.public_key}
    assert missing[1] == (KEY_HASH,)
    with pytest.raises(SpendingError):
        psbt.finalize()


def test_only_the_inputs_asked_for_are_signed() -> None:
    psbt = draft("p2wsh", "p2pkh", "p2wpkh").sign_with(ROOT, [0, 2])

    assert [len(known.signatures) for known in psbt.inputs] == [1, 0, 1]
    assert psbt.inputs_of(ROOT.public_key) == (0, 1, 2)
    assert psbt.inputs_of(HOLDER.public_key) == (0,)
    with pytest.raises(PsbtError):
        psbt.sign_with(HOLDER, [1])


def test_output_altered_after_the_first_signature_is_noticed() -> None:
    psbt = signed_by_all(draft("p2wsh"))
    output = psbt.transaction.outputs[0]._replace(value=89_999)
    altered = replace(psbt, transaction=replace(psbt.transaction, outputs=(output,)))

    with pytest.raises(PsbtError, match="altered"):
        altered.finalize()
    with pytest.raises(PsbtError, match="altered"):
        altered.missing_signatures()
    with pytest.raises(PsbtError, match="different transactions"):
        Psbt.combine([psbt, altered])


def test_signature_of_a_foreign_key_is_refused() -> None:
    psbt = draft("p2wsh")
    foreign = PrivateKey(sha256(b"foreign")).public_key
    known = replace(psbt.inputs[0], signatures=((foreign, b"\x30\x01"),))

    with pytest.raises(PsbtError, match="foreign"):
        replace(psbt, inputs=(known,)).finalize()


@pytest.mark.parametrize("hash_type", [0, 2, 3, 0x81, 0x83])
def test_signature_of_a_part_of_the_transaction_is_refused(hash_type: int) -> None:
    psbt = draft("p2wpkh")
    digest = psbt.lock(0).digest(psbt.transaction, 0, hash_type)
    signature = ROOT.sign(digest) + bytes([hash_type])
    known = replace(psbt.inputs[0], signatures=((ROOT.public_key, signature),))

    with pytest.raises(PsbtError, match="whole transaction"):
        replace(psbt, inputs=(known,)).finalize()


def rewritten(signature: bytes) -> bytes:
    """Give the other S of a signature, which everybody can compute: valid, and never relayed."""
    r, s = sigdecode_der(signature[:-1], ORDER)
    return bytes(sigencode_der(r, ORDER - s, ORDER)) + signature[-1:]


def test_signature_that_nodes_do_not_relay_is_refused() -> None:
    psbt = signed_by_all(draft("p2wsh"))
    known = psbt.inputs[0]
    rewrites = tuple((key, rewritten(signature)) for key, signature in known.signatures)
    altered = replace(psbt, inputs=(replace(known, signatures=rewrites),))

    with pytest.raises(PsbtError, match="form that nodes refuse"):
        altered.finalize()


@pytest.mark.parametrize("bad", [b"", b"\0", b"\xff", b"\x30\x01\x01"])
@pytest.mark.parametrize("name", NAMES)
def test_bad_signature_of_a_hostile_co_signer_displaces_no_good_one(name: str, bad: bytes) -> None:
    psbt = draft(name)
    keys = psbt.lock(0, PUBLIC).keys
    lies = tuple(sorted((key, bad) for key in keys))
    hostile = replace(psbt, inputs=(replace(psbt.inputs[0], signatures=lies),))
    copies = [hostile, *(psbt.sign_with(key) for key in KEYS)]

    combined = {Psbt.combine(order).encode() for order in permutations(copies)}

    assert len(combined) == 1
    assert Psbt.decode(combined.pop()).finalize() == signed_by_all(psbt).finalize()


def test_rewritten_signature_displaces_no_good_one() -> None:
    psbt = signed_by_all(draft("p2wsh"))
    known = psbt.inputs[0]
    rewrites = tuple((key, rewritten(signature)) for key, signature in known.signatures)
    hostile = replace(psbt, inputs=(replace(known, signatures=rewrites),))

    assert Psbt.combine([psbt, hostile]) == Psbt.combine([hostile, psbt]) == psbt


@pytest.mark.parametrize("name", NAMES)
def test_worthless_final_form_hides_no_signature(name: str) -> None:
    psbt = draft(name)
    tx = signed_by_all(psbt).finalize()
    worthless = replace(psbt.inputs[0], final_script_sig=b"\x05", final_witness=(b"",))
    finished = replace(
        psbt.inputs[0],
        final_script_sig=tx.inputs[0].script_sig or None,
        final_witness=tx.inputs[0].witness or None,
    )
    hostile, honest = (replace(psbt, inputs=(known,)) for known in (worthless, finished))

    assert Psbt.combine([hostile, signed_by_all(psbt)]).finalize() == tx
    assert Psbt.combine([honest, hostile]).finalize() == tx
    assert Psbt.combine([hostile, honest]).finalize() == tx


def test_request_to_sign_a_part_of_the_transaction_is_refused() -> None:
    psbt = draft("p2wpkh")
    known = replace(psbt.inputs[0], sighash_type=0x82)

    with pytest.raises(PsbtError):
        replace(psbt, inputs=(known,)).sign_with(ROOT)


def test_legacy_input_needs_its_whole_previous_transaction() -> None:
    psbt = draft("p2pkh")

    with pytest.raises(PsbtError, match="previous transaction"):
        known = PsbtInput(witness_utxo=PREVIOUS.outputs[NAMES.index("p2pkh")])
        Psbt.create(psbt.transaction, [known])
    with pytest.raises(PsbtError, match="another previous transaction"):
        known = PsbtInput(non_witness_utxo=replace(PREVIOUS, locktime=1))
        Psbt.create(psbt.transaction, [known])
    with pytest.raises(PsbtError, match="which output"):
        Psbt.create(psbt.transaction, [PsbtInput()])


def test_contradicting_previous_outputs_are_refused() -> None:
    output = PREVIOUS.outputs[NAMES.index("p2wpkh")]
    known = PsbtInput(non_witness_utxo=PREVIOUS, witness_utxo=output._replace(value=1))

    with pytest.raises(PsbtError, match="two things"):
        Psbt.create(draft("p2wpkh").transaction, [known])


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("p2wsh", PsbtInput()),
        ("p2wsh", PsbtInput(witness_script=TWO_OF_THREE)),
        ("p2sh", PsbtInput()),
        ("p2sh", PsbtInput(redeem_script=TWO_OF_THREE)),
    ],
)
def test_script_that_does_not_fit_the_output_is_refused(name: str, known: PsbtInput) -> None:
    known = replace(known, non_witness_utxo=PREVIOUS)

    with pytest.raises(SpendingError):
        Psbt.create(draft(name).transaction, [known])


def test_script_of_an_unknown_kind_is_refused() -> None:
    script = build_script(0x51)
    output = TxOutput(5, p2wsh_script(script))
    tx = Transaction(2, (TxInput(OutPoint(Txid(bytes(32)), 0)),), ())

    with pytest.raises(SpendingError):
        Psbt.create(tx, [PsbtInput(witness_utxo=output, witness_script=script)])


def test_signed_transaction_is_no_start() -> None:
    signed = signed_by_all(draft("p2wsh")).finalize()

    with pytest.raises(PsbtError):
        Psbt.create(signed, [known_input("p2wsh")])
    with pytest.raises(PsbtError):
        Psbt.create(draft("p2wsh").transaction, [])


def test_outputs_that_the_transaction_does_not_have_are_not_described() -> None:
    psbt = draft("p2wsh")
    too_many = [PsbtOutput()] * (len(psbt.outputs) + 1)

    with pytest.raises(PsbtError):
        Psbt.create(psbt.transaction, psbt.inputs, outputs=too_many)


def test_coin_spent_twice_does_not_count_twice() -> None:
    psbt = draft("p2wsh")
    twice = replace(psbt.transaction, inputs=psbt.transaction.inputs * 2)

    with pytest.raises(PsbtError, match="twice"):
        Psbt.create(twice, psbt.inputs * 2)
    with pytest.raises(DecodeError, match="twice"):
        Psbt.decode(replace(psbt, transaction=twice, inputs=psbt.inputs * 2).encode())


@pytest.mark.parametrize("key", [b"\x00\x01", b"\xfb\x01"])
def test_global_key_longer_than_its_type_is_refused(key: bytes) -> None:
    psbt = replace(draft("p2wsh"), unknown=((key, b""),))

    with pytest.raises(DecodeError, match="longer than its type"):
        Psbt.decode(psbt.encode())


@pytest.mark.parametrize("key", [b"\x00\x01", b"\x01\x01", b"\x08\x01"])
def test_input_key_longer_than_its_type_is_refused(key: bytes) -> None:
    psbt = draft("p2wsh")
    known = replace(psbt.inputs[0], unknown=((key, b""),))

    with pytest.raises(DecodeError):
        Psbt.decode(replace(psbt, inputs=(known,)).encode())


def test_psbt_for_another_network_or_anchor_is_noticed() -> None:
    psbt = Psbt.decode(draft("p2wsh").encode())

    psbt.check_network(REGTEST, ANCHOR_ID)
    with pytest.raises(PsbtError, match="network"):
        psbt.check_network(MAIN)
    with pytest.raises(PsbtError, match="anchor"):
        psbt.check_network(REGTEST, bytes(32))
    with pytest.raises(PsbtError, match="network"):
        Psbt.combine([psbt, replace(psbt, network_name="main")])


def test_psbt_of_another_program_has_no_network_and_joins_ours() -> None:
    psbt = draft("p2wsh")
    plain = replace(psbt, network_name=None, anchor_id=None).sign_with(ROOT)

    combined = Psbt.combine([plain, psbt])

    plain.check_network(MAIN)
    assert (combined.network_name, combined.anchor_id) == ("regtest", ANCHOR_ID)


def test_everything_known_comes_back() -> None:
    origins = ((ROOT.public_key, KeyOrigin(b"abcd", (2**31, 7))),)
    psbt = signed_by_all(draft(*NAMES))
    first = replace(psbt.inputs[0], origins=origins, sighash_type=1, unknown=((b"\xf0k", b"v"),))
    output = PsbtOutput(MULTISIG, RECOVERABLE, origins, ((b"\xf1", b""),))
    psbt = replace(
        psbt,
        inputs=(first, *psbt.inputs[1:]),
        outputs=(output,),
        unknown=((b"\x01xpub", b"origin"), (b"\xfc\x03abc\x00", b"proprietary")),
    )

    assert Psbt.decode(psbt.encode()) == psbt
    assert Psbt.decode(psbt.to_base64()) == psbt
    assert Psbt.decode(psbt.to_base64().encode() + b"\n") == psbt


def test_embit_reads_what_we_write() -> None:
    psbt = signed_by_all(draft(*NAMES))

    other = EmbitPsbt.parse(psbt.encode())

    assert other.serialize()[:60] == psbt.encode()[:60]
    assert [len(scope.partial_sigs) for scope in other.inputs] == [
        len(known.signatures) for known in psbt.inputs
    ]


@pytest.mark.parametrize("name", NAMES)
def test_inputs_finished_by_another_program_are_understood(name: str) -> None:
    psbt = draft(name)
    tx = signed_by_all(psbt).finalize()
    finished = replace(
        psbt.inputs[0],
        final_script_sig=tx.inputs[0].script_sig or None,
        final_witness=tx.inputs[0].witness or None,
    )
    received = Psbt.decode(replace(psbt, inputs=(finished,)).encode())

    assert received.missing_signatures() == ((),)
    assert received.finalize() == tx
    assert Psbt.combine([psbt, received]).finalize() == tx


def test_finished_input_of_another_transaction_is_not_enough() -> None:
    tx = signed_by_all(draft("p2wsh")).finalize()
    psbt = draft("p2wsh", sequence=1)
    finished = replace(psbt.inputs[0], final_witness=tx.inputs[0].witness)

    with pytest.raises(SpendingError):
        replace(psbt, inputs=(finished,)).finalize()


def test_sequence_and_version_zero_survive() -> None:
    psbt = draft("p2wsh", sequence=0)
    psbt = replace(psbt, transaction=replace(psbt.transaction, version=0))

    assert Psbt.decode(psbt.encode()).transaction == psbt.transaction


def test_nothing_is_not_combined() -> None:
    with pytest.raises(PsbtError):
        Psbt.combine([])


def test_different_scripts_for_one_input_are_not_combined() -> None:
    psbt = draft("p2wsh")
    other = replace(psbt, inputs=(replace(psbt.inputs[0], witness_script=TWO_OF_THREE),))

    with pytest.raises(PsbtError):
        Psbt.combine([psbt, other])


@pytest.mark.parametrize("case", VECTORS["accepted"], ids=lambda case: case["name"])
def test_recorded_psbt_has_its_recorded_facts(case: dict[str, Any]) -> None:
    psbt = Psbt.decode(case["psbt"])

    missing = [[key.hex() for key in keys] for keys in psbt.missing_signatures()]

    assert psbt.to_base64() == case["psbt"]
    assert format_hash(psbt.transaction.txid) == case["txid"]
    assert (psbt.fee, missing) == (case["fee"], case["missing"])
    if case["final"] is None:
        with pytest.raises(SpendingError):
            psbt.finalize()
    else:
        assert psbt.finalize().encode().hex() == case["final"]


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_recorded_malformed_psbt_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        Psbt.decode(b64decode(case["psbt"]))
    with pytest.raises(DecodeError):
        Psbt.decode(case["psbt"])
