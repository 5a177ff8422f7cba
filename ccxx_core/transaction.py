"""Transactions in the wire format, with and without witness (BIP 144).

Inputs, outputs and outpoints are named tuples: a block makes ten thousand of them, and a tuple is
made, hashed and compared in C.
"""

from dataclasses import dataclass
from functools import cached_property
from struct import Struct
from struct import error as StructError
from typing import Any, NamedTuple

from ccxx_core.encoding import encode_bytes, encode_compact_size, read_compact_size
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, sha256d

SEQUENCE_FINAL = 0xFFFFFFFF
WITNESS_SCALE_FACTOR = 4

_VERSION = Struct("<i")
_UINT32 = Struct("<I")
_VALUE = Struct("<q")
_PREVOUT = Struct("<32sI")
# Past their own constructors named tuples take half the time to make.
_MAKE: Any = tuple.__new__


class OutPoint(NamedTuple):
    """One output of one transaction: its id (internal order) and the output's position."""

    txid: Txid
    vout: int

    def encode(self) -> bytes:
        """Write the 36 bytes of the wire format."""
        return _PREVOUT.pack(self.txid, self.vout)


NULL_OUTPOINT = OutPoint(Txid(bytes(32)), 0xFFFFFFFF)


class TxInput(NamedTuple):
    """One input: the output it spends and what unlocks it."""

    prevout: OutPoint
    script_sig: bytes = b""
    sequence: int = SEQUENCE_FINAL
    witness: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """Write the input without its witness."""
        return self.prevout.encode() + encode_bytes(self.script_sig) + _UINT32.pack(self.sequence)


class TxOutput(NamedTuple):
    """One output: satoshis (signed, as the wire has them) and the script that guards them."""

    value: int
    script_pubkey: bytes

    def encode(self) -> bytes:
        """Write the output."""
        return _VALUE.pack(self.value) + encode_bytes(self.script_pubkey)


@dataclass(frozen=True)
class Transaction:
    """A transaction; version is signed, locktime a height, or unix time from 500,000,000."""

    version: int
    inputs: tuple[TxInput, ...]
    outputs: tuple[TxOutput, ...]
    locktime: int = 0

    @classmethod
    def decode(cls, data: bytes) -> "Transaction":
        """Read exactly one transaction; raises DecodeError, also for bytes left over."""
        tx, end = decode_transaction(data, 0)
        if end != len(data):
            raise DecodeError(f"{len(data) - end} bytes behind the transaction")
        return tx

    def encode(self) -> bytes:
        """Write the transaction, with witness if any input has one."""
        if not self.has_witness:
            return self.base
        return b"".join(
            (
                self.base[:4],
                b"\0\1",
                self.base[4:-4],
                *(encode_witness(tx_input.witness) for tx_input in self.inputs),
                self.base[-4:],
            )
        )

    @cached_property
    def base(self) -> bytes:
        """The serialisation without witness: what the txid commits to."""
        return b"".join(
            (
                _VERSION.pack(self.version),
                encode_compact_size(len(self.inputs)),
                *(tx_input.encode() for tx_input in self.inputs),
                self.encoded_outputs,
                _UINT32.pack(self.locktime),
            )
        )

    @cached_property
    def encoded_outputs(self) -> bytes:
        """The count and the outputs on the wire: every signature digest needs them."""
        count = encode_compact_size(len(self.outputs))
        return count + b"".join([output.encode() for output in self.outputs])

    def with_unlocked(self, inputs: tuple[TxInput, ...]) -> "Transaction":
        """Give the same transaction with its inputs unlocked; what stays is not written anew.

        ``inputs`` are its own in all but their script signatures and witnesses.
        """
        tx = Transaction(self.version, inputs, self.outputs, self.locktime)
        tx.__dict__["encoded_outputs"] = self.encoded_outputs
        # Without a script outside of the witness, the bytes that the id commits to stay.
        if not any(
            [new.script_sig or old.script_sig for new, old in zip(inputs, self.inputs, strict=True)]
        ):
            tx.__dict__["base"] = self.base
            if "txid" in self.__dict__:
                tx.__dict__["txid"] = self.txid
        return tx

    def encode_without_witness(self) -> bytes:
        """Write the transaction as nodes before BIP 144 know it."""
        return self.base

    @cached_property
    def has_witness(self) -> bool:
        """Whether any input carries a witness stack that is not empty."""
        return any(tx_input.witness for tx_input in self.inputs)

    @cached_property
    def txid(self) -> Txid:
        """The id that outpoints use: double SHA-256 without witness, internal order."""
        return Txid(sha256d(self.base))

    @cached_property
    def wtxid(self) -> Txid:
        """The id with witness (BIP 141), internal order."""
        return Txid(sha256d(self.encode())) if self.has_witness else self.txid

    @cached_property
    def size(self) -> int:
        """Bytes on the wire, witness included."""
        if not self.has_witness:
            return len(self.base)
        witness = sum(len(encode_witness(tx_input.witness)) for tx_input in self.inputs)
        return len(self.base) + 2 + witness

    @property
    def weight(self) -> int:
        """Three times the size without witness plus the whole size (BIP 141)."""
        return len(self.base) * (WITNESS_SCALE_FACTOR - 1) + self.size

    @property
    def vsize(self) -> int:
        """Weight over four, rounded up: the size that fees are counted by."""
        return -(-self.weight // WITNESS_SCALE_FACTOR)

    @cached_property
    def is_coinbase(self) -> bool:
        """Whether this is the first transaction of a block: one input that spends nothing."""
        return len(self.inputs) == 1 and self.inputs[0].prevout == NULL_OUTPOINT


def encode_witness(stack: tuple[bytes, ...]) -> bytes:
    """Write one input's witness stack: the count, then each item behind its length."""
    return encode_compact_size(len(stack)) + b"".join(map(encode_bytes, stack))


def decode_transaction(data: bytes, offset: int) -> tuple[Transaction, int]:
    """Read a transaction at an offset; returns it and the offset behind it.

    Raises DecodeError. Empty witness stacks behind a marker are accepted, as the reference does.
    """
    try:
        tx, end = _decode(data, offset)
    except (IndexError, StructError):
        raise DecodeError("transaction is truncated") from None
    # Slices never fail: a field cut short shows here, in where the last one should have ended.
    if end > len(data):
        raise DecodeError("transaction is truncated")
    return tx, end


def _decode(data: bytes, start: int) -> tuple[Transaction, int]:
    version = _VERSION.unpack_from(data, start)[0]
    flags = 0
    body = start + 4
    inputs, offset = _decode_inputs(data, body)
    outputs: tuple[TxOutput, ...] = ()
    outputs_start = offset
    if inputs:
        outputs, offset = _decode_outputs(data, offset)
    else:
        # No inputs: the next byte is the flag of BIP 144, or the count of no outputs.
        flags = data[offset]
        body = offset = offset + 1
        if flags:
            inputs, outputs_start = _decode_inputs(data, offset)
            outputs, offset = _decode_outputs(data, outputs_start)
    if flags & ~1:
        raise DecodeError("unknown optional data in the transaction")
    body_end = offset
    if flags:
        inputs, offset = _decode_witnesses(data, offset, inputs)
    tx = Transaction.__new__(Transaction)
    # The fields of a frozen dataclass go one by one through a slower door.
    known = tx.__dict__
    known["version"] = version
    known["inputs"] = inputs
    known["outputs"] = outputs
    known["locktime"] = _UINT32.unpack_from(data, offset)[0]
    end = offset + 4
    # Everybody asks for these: they are slices of what was read, cheaper taken than made again.
    known["is_coinbase"] = len(inputs) == 1 and inputs[0][0] == NULL_OUTPOINT
    if outputs:
        known["encoded_outputs"] = data[outputs_start:body_end]
    if not flags:
        known["base"] = base = data[start:end]
    else:
        known["base"] = base = data[start : start + 4] + data[body:body_end] + data[offset:end]
    known["txid"] = known["wtxid"] = Txid(sha256d(base))
    known["size"] = len(base)
    known["has_witness"] = has_witness = flags != 0 and any([i.witness for i in inputs])
    if has_witness:
        known["wtxid"] = Txid(sha256d(data[start:end]))
        known["size"] = end - start
    return tx, end


def _decode_inputs(data: bytes, offset: int) -> tuple[tuple[TxInput, ...], int]:
    count, offset = read_compact_size(data, offset)
    make, inputs = _MAKE, []
    for _ in range(count):
        txid, vout = _PREVOUT.unpack_from(data, offset)
        offset += 36
        length = data[offset]
        offset += 1
        if length >= 253:
            length, offset = read_compact_size(data, offset - 1)
        end = offset + length
        script = data[offset:end]
        sequence = _UINT32.unpack_from(data, end)[0]
        prevout = make(OutPoint, (txid, vout))
        inputs.append(make(TxInput, (prevout, script, sequence, ())))
        offset = end + 4
    return tuple(inputs), offset


def _decode_outputs(data: bytes, offset: int) -> tuple[tuple[TxOutput, ...], int]:
    count, offset = read_compact_size(data, offset)
    make, outputs = _MAKE, []
    for _ in range(count):
        value = _VALUE.unpack_from(data, offset)[0]
        offset += 8
        length = data[offset]
        offset += 1
        if length >= 253:
            length, offset = read_compact_size(data, offset - 1)
        end = offset + length
        outputs.append(make(TxOutput, (value, data[offset:end])))
        offset = end
    return tuple(outputs), offset


def _decode_witnesses(
    data: bytes, offset: int, inputs: tuple[TxInput, ...]
) -> tuple[tuple[TxInput, ...], int]:
    with_witness = []
    for prevout, script_sig, sequence, _ in inputs:
        count, offset = read_compact_size(data, offset)
        stack = []
        for _ in range(count):
            length = data[offset]
            offset += 1
            if length >= 253:
                length, offset = read_compact_size(data, offset - 1)
            end = offset + length
            stack.append(data[offset:end])
            offset = end
        with_witness.append(_MAKE(TxInput, (prevout, script_sig, sequence, tuple(stack))))
    return tuple(with_witness), offset
