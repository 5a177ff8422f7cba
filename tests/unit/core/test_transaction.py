"""Transactions in the wire format."""

from dataclasses import replace

import pytest

from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid
from ccxx_core.transaction import (
    NULL_OUTPOINT,
    OutPoint,
    Transaction,
    TxInput,
    TxOutput,
    decode_transaction,
)

TX = Transaction(
    version=2,
    inputs=(
        TxInput(OutPoint(Txid(b"\x11" * 32), 7), b"\x01a", 5),
        TxInput(OutPoint(Txid(b"\x22" * 32), 0xFFFFFFFF)),
    ),
    outputs=(TxOutput(100_000, b"\x51"), TxOutput(0, b"")),
    locktime=500_000_001,
)
SEGWIT = replace(
    TX, inputs=(TX.inputs[0]._replace(witness=(b"", b"sig", bytes(300))), TX.inputs[1])
)


@pytest.mark.parametrize("tx", [TX, SEGWIT], ids=["legacy", "segwit"])
def test_decoded_transaction_equals_the_encoded_one(tx: Transaction) -> None:
    decoded, end = decode_transaction(b"xx" + tx.encode() + b"yyy", 2)

    assert decoded == tx
    assert end == 2 + len(tx.encode()) == 2 + tx.size == 2 + decoded.size
    assert (decoded.txid, decoded.wtxid, decoded.weight) == (tx.txid, tx.wtxid, tx.weight)
    assert decoded.encode() == tx.encode()


def test_witness_changes_the_wtxid_and_not_the_txid() -> None:
    assert SEGWIT.txid == TX.txid == TX.wtxid
    assert SEGWIT.wtxid != SEGWIT.txid
    assert SEGWIT.encode_without_witness() == TX.encode()


def test_witness_weighs_a_quarter() -> None:
    witness = SEGWIT.size - TX.size

    assert TX.weight == 4 * TX.size and TX.vsize == TX.size
    assert SEGWIT.weight == TX.weight + witness
    assert SEGWIT.vsize == TX.size + (witness + 3) // 4


def test_empty_witnesses_behind_a_marker_are_no_witness() -> None:
    base = TX.encode()
    superfluous = base[:4] + b"\x00\x01" + base[4:-4] + b"\x00\x00" + base[-4:]

    decoded = Transaction.decode(superfluous)

    assert decoded == TX and not decoded.has_witness
    assert (decoded.txid, decoded.wtxid) == (TX.txid, TX.txid)
    assert (decoded.size, decoded.encode()) == (TX.size, base)


def test_negative_versions_and_values_come_back() -> None:
    tx = Transaction(-1, TX.inputs, (TxOutput(-1, b""),))

    assert Transaction.decode(tx.encode()) == tx


@pytest.mark.parametrize("tx", [TX, SEGWIT], ids=["legacy", "segwit"])
def test_every_truncation_is_refused(tx: Transaction) -> None:
    data = tx.encode()

    for length in range(len(data)):
        with pytest.raises(DecodeError):
            Transaction.decode(data[:length])


def test_bytes_left_over_are_refused() -> None:
    with pytest.raises(DecodeError):
        Transaction.decode(TX.encode() + b"\0")


@pytest.mark.parametrize("flags", [2, 3, 0x80, 0xFF])
def test_unknown_flags_are_refused(flags: int) -> None:
    data = SEGWIT.encode()

    with pytest.raises(DecodeError):
        Transaction.decode(data[:5] + bytes([flags]) + data[6:])


@pytest.mark.parametrize("count", [b"\xfe\xff\xff\xff\x01", b"\xff" * 9, b"\xfd\x01\x00"])
def test_counts_that_cannot_be_true_are_refused(count: bytes) -> None:
    with pytest.raises(DecodeError):
        Transaction.decode(b"\2\0\0\0" + count + TX.encode()[5:])


def test_coinbase_spends_nothing() -> None:
    coinbase = replace(TX, inputs=(TxInput(NULL_OUTPOINT, b"\x51\x51"),))

    assert coinbase.is_coinbase
    assert not TX.is_coinbase and not replace(TX, inputs=coinbase.inputs * 2).is_coinbase
