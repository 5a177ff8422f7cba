"""What a signature signs: the original digest and that of BIP 143."""

from struct import Struct

from ccxx_core.encoding import encode_bytes, encode_compact_size
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256d
from ccxx_core.opcodes import Op
from ccxx_core.script import read_ops
from ccxx_core.transaction import Transaction

SIGHASH_ALL = 1
SIGHASH_NONE = 2
SIGHASH_SINGLE = 3
SIGHASH_ANYONECANPAY = 0x80

_VERSION = Struct("<i")
_PREVOUT = Struct("<32sI")
# Version, one input, its prevout.
_LONE_HEAD = Struct("<iB32sI")
_SEQUENCE = Struct("<I")
# Prevout, an empty script, sequence.
_BLANK_INPUT = Struct("<32sIBI")
# Locktime, hash type.
_LEGACY_TAIL = Struct("<II")
# Version, prevouts, sequences, prevout.
_SEGWIT_HEAD = Struct("<i32s32s32sI")
# Value, sequence, outputs, locktime, hash type.
_SEGWIT_TAIL = Struct("<qI32sII")

_ONE = (1).to_bytes(32, "little")
_ZERO = bytes(32)
_CODE_SEPARATOR = bytes([Op.OP_CODESEPARATOR])


def legacy_sighash(tx: Transaction, index: int, script_code: bytes, hash_type: int) -> bytes:
    """Give the digest (32 bytes) that a signature outside of segwit signs for one input.

    ``hash_type`` is the whole 32-bit type. SIGHASH_SINGLE without a matching output signs the
    number one, a quirk that is consensus.
    """
    base_type = hash_type & 0x1F
    if index >= len(tx.inputs) or (base_type == SIGHASH_SINGLE and index >= len(tx.outputs)):
        return _ONE
    if _CODE_SEPARATOR in script_code:
        script_code = _without_code_separators(script_code)
    (txid, vout), _, sequence, _ = tx.inputs[index]
    if len(tx.inputs) == 1 or hash_type & SIGHASH_ANYONECANPAY:
        # A lone input is signed alike, whoever may add others.
        head, after = _LONE_HEAD.pack(tx.version, 1, txid, vout), b""
    else:
        before, after = _other_inputs(tx, index, base_type)
        head = before + _PREVOUT.pack(txid, vout)
    parts = (
        head,
        encode_bytes(script_code),
        _SEQUENCE.pack(sequence),
        after,
        _signed_outputs(tx, index, base_type),
        _LEGACY_TAIL.pack(tx.locktime, hash_type),
    )
    return sha256d(b"".join(parts))


def _other_inputs(tx: Transaction, index: int, base_type: int) -> tuple[bytes, bytes]:
    """Give what stands before the signed input, from the version on, and behind it."""
    blanks = _blank_inputs(tx)
    if base_type in (SIGHASH_NONE, SIGHASH_SINGLE):
        # Other inputs may still change their sequences.
        blanks = [blank[:-4] + b"\0\0\0\0" for blank in blanks]
    head = _VERSION.pack(tx.version) + encode_compact_size(len(blanks)) + b"".join(blanks[:index])
    return head, b"".join(blanks[index + 1 :])


def _blank_inputs(tx: Transaction) -> list[bytes]:
    """Give the inputs as signatures of other inputs see them: without their scripts."""
    cached: list[bytes] | None = tx.__dict__.get("blank_inputs")
    if cached is None:
        cached = [_BLANK_INPUT.pack(*prevout, 0, sequence) for prevout, _, sequence, _ in tx.inputs]
        tx.__dict__["blank_inputs"] = cached
    return cached


def _signed_outputs(tx: Transaction, index: int, base_type: int) -> bytes:
    if base_type == SIGHASH_NONE:
        return b"\0"
    if base_type == SIGHASH_SINGLE:
        blank = b"\xff" * 8 + b"\0"
        return encode_compact_size(index + 1) + blank * index + tx.outputs[index].encode()
    return tx.encoded_outputs


def _without_code_separators(script: bytes) -> bytes:
    """Drop every OP_CODESEPARATOR; what follows a truncated push is kept as it is."""
    parts, start = [], 0
    try:
        for opcode, _, end in read_ops(script):
            if opcode == _CODE_SEPARATOR[0]:
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
    prevout, _, sequence, _ = tx.inputs[index]
    if anyone_can_pay:
        prevouts = _ZERO
    if anyone_can_pay or not plain:
        sequences = _ZERO
    head = _SEGWIT_HEAD.pack(tx.version, prevouts, sequences, *prevout)
    tail = _SEGWIT_TAIL.pack(value, sequence, outputs, tx.locktime, hash_type)
    return sha256d(head + encode_bytes(script_code) + tail)


def _shared_digests(tx: Transaction) -> tuple[bytes, bytes, bytes]:
    cached: tuple[bytes, bytes, bytes] | None = tx.__dict__.get("segwit_digests")
    if cached is None:
        # The outputs stand behind their count, which BIP 143 leaves out.
        count = len(encode_compact_size(len(tx.outputs)))
        cached = (
            sha256d(b"".join([_PREVOUT.pack(*prevout) for prevout, _, _, _ in tx.inputs])),
            sha256d(b"".join([_SEQUENCE.pack(sequence) for _, _, sequence, _ in tx.inputs])),
            sha256d(tx.encoded_outputs[count:]),
        )
        tx.__dict__["segwit_digests"] = cached
    return cached
