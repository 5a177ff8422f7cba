"""The envelope: one OP_RETURN, one minimal push, no value."""

import pytest

from ccxx_cert.errors import Refusal
from ccxx_cert.recognize import find_message, read_message
from ccxx_core.hashes import Txid
from ccxx_core.script import null_data_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

PAYMENT = TxOutput(1, b"\x51")


def tx_with(*outputs: TxOutput) -> Transaction:
    """A transaction with outputs."""
    return Transaction(2, (TxInput(OutPoint(Txid(bytes(32)), 0)),), outputs)


@pytest.mark.parametrize("size", [1, 75, 76, 80])
def test_payload_is_found_behind_its_shortest_push(size: int) -> None:
    payload = b"\x99" * size

    found = find_message(tx_with(PAYMENT, TxOutput(0, null_data_script(payload)), PAYMENT))

    assert found == (1, payload)


@pytest.mark.parametrize(
    "script",
    [
        b"\x6a",
        b"\x6a\x00",
        b"\x6a\x51",
        null_data_script(bytes(81)),
        b"\x6a\x4c\x04CCXC",
        b"\x6a\x4d\x04\x00CCXC",
        b"\x6a\x04CCXC\x00",
        b"\x6a\x04CCXC\x04CCXC",
        b"\x6a\x05CCXC",
        b"\x61\x6a\x04CCXC",
    ],
)
def test_any_other_form_is_no_message(script: bytes) -> None:
    assert find_message(tx_with(TxOutput(0, script))) is None


def test_second_op_return_silences_the_first() -> None:
    message = TxOutput(0, null_data_script(b"CCXC"))

    assert find_message(tx_with(message, TxOutput(0, b"\x6a"))) is None


def test_op_return_with_a_value_is_no_message() -> None:
    assert find_message(tx_with(TxOutput(1, null_data_script(b"CCXC")))) is None


def test_payload_of_another_protocol_is_not_read() -> None:
    assert read_message(tx_with(TxOutput(0, null_data_script(b"BDIP" + bytes(44))))) is None


def test_payload_of_ours_that_does_not_parse_says_why() -> None:
    reading = read_message(tx_with(TxOutput(0, null_data_script(b"CCXC\x01"))))

    assert reading is not None
    assert (reading.message, reading.refusal) == (None, Refusal.MALFORMED)
