"""What a signature signs: the original digest and that of BIP 143."""

from ccxx_core.encoding import encode_bytes, encode_compact_size
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256d
from ccxx_core.opcodes import Op
from ccxx_core.script import read_ops
from ccxx_core.transaction import Transaction, TxInput

SIGHASH_ALL = 1
SIGHASH_NONE = 2
SIGHASH_SINGLE = 3
SIGHASH_ANYONECANPAY = 0x80

_ONE = (1).to_bytes(32, "little")
_ZERO = bytes(32)


def legacy_sighash(tx: Transaction, index: int, script_code: bytes, hash_type: int) -> bytes:
    """Give the digest (32 bytes) that a signature outside of segwit signs for one input.

    ``hash_type`` is the whole 32-bit type. SIGHASH_SINGLE without a matching output signs the
    number one, a quirk that is consensus.
    """
    base_type = hash_type & 0x1F
    if index >= len(tx.inputs) or (base_type == SIGHASH_SINGLE and index >= len(tx.outputs)):
        return _ONE
    parts = [tx.version.to_bytes(4, "little", signed=True)]
    script_code = _without_code_separators(script_code)
    if hash_type & SIGHASH_ANYONECANPAY:
        signed = tx.inputs[index]
        parts += [b"\x01", _signed_input(signed, script_code, signed.sequence)]
    else:
        keeps_sequences = base_type not in (SIGHASH_NONE, SIGHASH_SINGLE)
        parts.append(encode_compact_size(len(tx.inputs)))
        for position, tx_input in enumerate(tx.inputs):
            if position == index:
                parts.append(_signed_input(tx_input, script_code, tx_input.sequence))
            else:
                sequence = tx_input.sequence if keeps_sequences else 0
                parts.append(_signed_input(tx_input, b"", sequence))
    parts += [
        _signed_outputs(tx, index, base_type),
        tx.locktime.to_bytes(4, "little"),
        hash_type.to_bytes(4, "little"),
    ]
    return sha256d(b"".join(parts))


def _signed_input(tx_input: TxInput, script: bytes, sequence: int) -> bytes:
    return tx_input.prevout.encode() + encode_bytes(script) + sequence.to_bytes(4, "little")


def _signed_outputs(tx: Transaction, index: int, base_type: int) -> bytes:
    if base_type == SIGHASH_NONE:
        return b"\0"
    if base_type == SIGHASH_SINGLE:
        blank = b"\xff" * 8 + b"\0"
        return encode_compact_size(index + 1) + blank * index + tx.outputs[index].encode()
    return encode_compact_size(len(tx.outputs)) + _encoded_outputs(tx)


def _encoded_outputs(tx: Transaction) -> bytes:
    cached = tx.__dict__.get("encoded_outputs")
    if cached is None:
        cached = b"".join(output.encode() for output in tx.outputs)
        tx.__dict__["encoded_outputs"] = cached
    return bytes(cached)


def _without_code_separators(script: bytes) -> bytes:
    """Drop every OP_CODESEPARATOR; what follows a truncated push is kept as it is."""
    if Op.OP_CODESEPARATOR not in script:
        return script
    parts, start = [], 0
    try:
        for opcode, _, end in read_ops(script):
            if opcode == Op.OP_CODESEPARATOR:
                parts.append(script[start : end - 1])
                start = end
    except DecodeError:
        pass
    return b"".join([*parts, script[start:]])


def segwit_sighash(
    tx: Transaction, index: int, script_code: bytes, value: int, hash_type: int
) -> bytes:
    """Give the digest (32 bytes) that a version 0 witness signature signs (BIP 143).

    ``value`` is the spent output's, in satoshis. The parts shared by all inputs are kept on the
    transaction, so that a transaction is hashed once and not once an input.
    """
    base_type = hash_type & 0x1F
    anyone_can_pay = bool(hash_type & SIGHASH_ANYONECANPAY)
    plain = base_type not in (SIGHASH_NONE, SIGHASH_SINGLE)
    prevouts, sequences, outputs = _shared_digests(tx)
    if base_type == SIGHASH_SINGLE:
        has_output = index < len(tx.outputs)
        outputs = sha256d(tx.outputs[index].encode()) if has_output else _ZERO
    elif not plain:
        outputs = _ZERO
    signed = tx.inputs[index]
    return sha256d(
        b"".join(
            (
                tx.version.to_bytes(4, "little", signed=True),
                _ZERO if anyone_can_pay else prevouts,
                sequences if plain and not anyone_can_pay else _ZERO,
                signed.prevout.encode(),
                encode_bytes(script_code),
                value.to_bytes(8, "little", signed=True),
                signed.sequence.to_bytes(4, "little"),
                outputs,
                tx.locktime.to_bytes(4, "little"),
                hash_type.to_bytes(4, "little"),
            )
        )
    )


def _shared_digests(tx: Transaction) -> tuple[bytes, bytes, bytes]:
    cached: tuple[bytes, bytes, bytes] | None = tx.__dict__.get("segwit_digests")
    if cached is None:
        cached = (
            sha256d(b"".join(tx_input.prevout.encode() for tx_input in tx.inputs)),
            sha256d(b"".join(i.sequence.to_bytes(4, "little") for i in tx.inputs)),
            sha256d(_encoded_outputs(tx)),
        )
        tx.__dict__["segwit_digests"] = cached
    return cached
