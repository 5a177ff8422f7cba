"""The page of a transaction: who signed what, when it may be mined, and pages of large ones."""

from dataclasses import replace
from typing import Any

import pytest

from ccxx_core.hashes import hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import multisig_script, p2pkh_script, p2wpkh_script, p2wsh_script
from ccxx_core.sighash import segwit_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.views.signatures import input_keys
from ccxx_explorer.views.timelocks import locktime_words, sequence_words
from ccxx_explorer.views.transaction import TransactionRows, part_of, transaction_facts

COIN = OutPoint(sha256(b"coin"), 0)  # type: ignore[arg-type]
KEYS = [PrivateKey(sha256(bytes([number]))) for number in range(3)]


def spending(**changes: Any) -> Transaction:
    """Return a transaction with one input and one output."""
    made = Transaction(2, (TxInput(COIN),), (TxOutput(1_000, b"\x51"),))
    return replace(made, **changes)


def signed_with(tx: Transaction, key: PrivateKey, code: bytes, hash_type: int) -> bytes:
    """Sign the only input of a transaction that spends 5,000 satoshis."""
    return key.sign(segwit_sighash(tx, 0, code, 5_000, hash_type)) + bytes([hash_type])


@pytest.mark.parametrize(
    ("hash_type", "name"), [(1, "ALL"), (0x82, "NONE|ANYONECANPAY"), (3, "SINGLE"), (0x41, "0x41")]
)
def test_signature_says_what_it_covers(hash_type: int, name: str) -> None:
    key_hash = hash160(KEYS[0].public_key)
    signature = signed_with(spending(), KEYS[0], p2pkh_script(key_hash), hash_type)
    tx = spending(inputs=(TxInput(COIN, witness=(signature, KEYS[0].public_key)),))

    (key,) = input_keys(tx, 0, TxOutput(5_000, p2wpkh_script(key_hash)), {})

    assert (key.role, key.signed, key.sighash) == ("owner", True, name)


def test_of_two_of_three_keys_those_that_signed_are_named() -> None:
    script = multisig_script(2, [key.public_key for key in KEYS])
    signatures = [signed_with(spending(), KEYS[number], script, 1) for number in (0, 2)]
    tx = spending(inputs=(TxInput(COIN, witness=(b"", *signatures, script)),))

    keys = input_keys(tx, 0, TxOutput(5_000, p2wsh_script(script)), {KEYS[2].public_key: "holder"})

    assert [key.signed for key in keys] == [True, False, True]
    assert [key.role for key in keys] == ["unknown", "unknown", "holder"]
    assert [key.sighash for key in keys] == ["ALL", None, "ALL"]


@pytest.mark.parametrize(
    ("sequence", "version", "words"),
    [
        (0xFFFFFFFF, 2, "final"),
        (0xFFFFFFFE, 2, "the lock time applies"),
        (0xFFFFFFFD, 2, "may be replaced by one with a higher fee while unconfirmed"),
        (144, 2, "not before its coin has 144 confirmations"),
        (1, 2, "not before its coin has 1 confirmation"),
        (1 << 22 | 169, 2, "not before its coin is 1 day old"),
        (144, 1, "may be replaced by one with a higher fee while unconfirmed"),
    ],
)
def test_sequence_is_said_in_words(sequence: int, version: int, words: str) -> None:
    assert sequence_words(sequence, version) == words


@pytest.mark.parametrize(
    ("locktime", "sequence", "words"),
    [
        (0, 0, "it could be mined at once"),
        (812, 0, "only in a block above 812"),
        (812, 0xFFFFFFFF, "without effect: every input is final"),
        (1_700_000_000, 0, "only in a block whose median time past is after 2023-11-14 22:13 UTC"),
    ],
)
def test_locktime_is_said_in_words(locktime: int, sequence: int, words: str) -> None:
    tx = spending(locktime=locktime, inputs=(TxInput(COIN, sequence=sequence),))

    assert locktime_words(tx) == words


def test_large_transaction_is_shown_page_by_page() -> None:
    tx = spending(
        inputs=tuple(TxInput(OutPoint(COIN.txid, vout)) for vout in range(10_000)),
        outputs=tuple(TxOutput(vout, b"\x51") for vout in range(10_000)),
    )
    rows = TransactionRows(tx, None, part_of(10_000, 100), part_of(10_000, 3))

    facts = transaction_facts(rows, REGTEST)

    assert (facts.input_part.pages, facts.output_part.pages) == (100, 100)
    assert [facts.inputs[0].index, facts.inputs[-1].index] == [9_900, 9_999]
    assert [facts.outputs[0].vout, facts.outputs[-1].vout] == [200, 299]
    assert facts.hex is None


async def test_pages_of_outputs_end_where_it_ends(facts: Any, story: Any) -> None:
    txid = story.first_of_batch.txid[::-1].hex()

    shown = await facts(f"/tx/{txid}.json")
    beyond = await facts(f"/tx/{txid}.json", 400, outputs=2)

    assert shown["output_part"] == {"count": 53, "page": 1, "pages": 1}
    assert [each["vout"] for each in shown["outputs"]] == list(range(53))
    assert beyond["error"]["code"] == "bad-request"


async def test_transfer_names_its_signers_and_its_fee(facts: Any, story: Any, hexed: Any) -> None:
    shown = await facts(f"/tx/{hexed(story.transfer.txid)}.json")

    first = shown["inputs"][0]
    assert first["required"] == 3
    assert {key["role"]: key["signed"] for key in first["keys"]} == {
        "root": True,
        "issuer": True,
        "holder": True,
    }
    assert shown["fee"] == shown["value_in"] - shown["value_out"]
    assert shown["feerate"] == shown["fee"] * 1000 // shown["vsize"]
