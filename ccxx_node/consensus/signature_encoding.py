"""Which encodings of signatures and public keys the flags allow (BIP 62, 66, 141)."""

from ccxx_core.keys import ORDER
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.script_failure import ScriptError, ScriptFailure

_SIGNATURE_RULES = f.DERSIG | f.LOW_S | f.STRICTENC
KEY_RULES = f.STRICTENC | f.WITNESS_PUBKEYTYPE
_POLICY_RULES = f.LOW_S | f.STRICTENC
_HALF_ORDER = ORDER // 2


def check_signature_encoding(signature: bytes, flags: int) -> None:
    """Check a signature with its hash type byte; an empty one is how a script says no."""
    if not flags & _SIGNATURE_RULES or not signature:
        return
    if not is_strict_der(signature):
        raise ScriptError(ScriptFailure.SIG_DER)
    if not flags & _POLICY_RULES:
        return
    if flags & f.LOW_S and not _has_low_s(signature):
        raise ScriptError(ScriptFailure.SIG_HIGH_S)
    if flags & f.STRICTENC and not 1 <= signature[-1] & 0x7F <= 3:
        raise ScriptError(ScriptFailure.SIG_HASHTYPE)


def check_public_key_encoding(public_key: bytes, flags: int, is_witness: bool) -> None:
    """Check the form of a public key, not whether it is on the curve."""
    if not flags & KEY_RULES:
        return
    is_compressed = len(public_key) == 33 and public_key[0] in (2, 3)
    is_uncompressed = len(public_key) == 65 and public_key[0] == 4
    if flags & f.STRICTENC and not (is_compressed or is_uncompressed):
        raise ScriptError(ScriptFailure.PUBKEYTYPE)
    if flags & f.WITNESS_PUBKEYTYPE and is_witness and not is_compressed:
        raise ScriptError(ScriptFailure.WITNESS_PUBKEYTYPE)


def is_strict_der(signature: bytes) -> bool:
    """Tell whether bytes are 30 len 02 len R 02 len S type, both numbers positive and shortest."""
    size = len(signature)
    if not 9 <= size <= 73 or signature[0] != 0x30 or signature[1] != size - 3:
        return False
    r_size = signature[3]
    if r_size + 5 >= size:
        return False
    s_size = signature[r_size + 5]
    if r_size + s_size + 7 != size or signature[2] != 2 or signature[r_size + 4] != 2:
        return False
    # Of each number the first byte, then why it may be zero: alone, or in front of a top bit.
    r, s = signature[4], signature[r_size + 6]
    if r_size == 0 or s_size == 0 or (r | s) & 0x80:
        return False
    if r == 0 and r_size > 1 and not signature[5] & 0x80:
        return False
    return s != 0 or s_size == 1 or signature[r_size + 7] & 0x80 != 0


def _has_low_s(signature: bytes) -> bool:
    r_end = 4 + signature[3]
    r = int.from_bytes(signature[4:r_end], "big")
    s = int.from_bytes(signature[r_end + 2 : -1], "big")
    # The reference reads a number beyond the order as zero, which is low.
    return r >= ORDER or s >= ORDER or s <= _HALF_ORDER
