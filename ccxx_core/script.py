"""Scripts: opcodes, pushes, the standard templates, and how many signature checks they may cost.

Executing a script is the node's business (``ccxx_node.consensus``); everyone else needs only to
build and recognise them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ccxx_core.errors import DecodeError
from ccxx_core.hashes import hash160, sha256
from ccxx_core.opcodes import Op

MAX_SCRIPT_SIZE = 10_000
MAX_MULTISIG_KEYS = 20

# Plain ints for loops over every script of a block: members of an enum cost a call to compare.
_PUSHDATA1 = int(Op.OP_PUSHDATA1)
_PUSHDATA4 = int(Op.OP_PUSHDATA4)
_FIRST_NUMBER = int(Op.OP_1)
_LAST_CONSTANT = int(Op.OP_16)
_EQUAL = int(Op.OP_EQUAL)
_HASH160 = int(Op.OP_HASH160)
_CHECKSIG = int(Op.OP_CHECKSIG)
_CHECKMULTISIG = int(Op.OP_CHECKMULTISIG)
_CHECKMULTISIGVERIFY = int(Op.OP_CHECKMULTISIGVERIFY)


class ScriptKind(StrEnum):
    """Standard kinds of an output script, named as the RPC prints them."""

    NONSTANDARD = "nonstandard"
    PUBKEY = "pubkey"
    PUBKEYHASH = "pubkeyhash"
    SCRIPTHASH = "scripthash"
    MULTISIG = "multisig"
    NULLDATA = "nulldata"
    WITNESS_V0_KEYHASH = "witness_v0_keyhash"
    WITNESS_V0_SCRIPTHASH = "witness_v0_scripthash"
    WITNESS_UNKNOWN = "witness_unknown"


@dataclass(frozen=True, slots=True)
class SolvedScript:
    """What a script is: its kind, its hashes or keys, and for multisig how many must sign."""

    kind: ScriptKind
    solutions: tuple[bytes, ...] = ()
    required: int = 0


def push_data(data: bytes) -> bytes:
    """Write a push with the shortest length prefix (small numbers keep their bytes)."""
    length = len(data)
    if length < Op.OP_PUSHDATA1:
        return bytes([length]) + data
    if length <= 0xFF:
        return bytes([Op.OP_PUSHDATA1, length]) + data
    if length <= 0xFFFF:
        return bytes([Op.OP_PUSHDATA2]) + length.to_bytes(2, "little") + data
    return bytes([Op.OP_PUSHDATA4]) + length.to_bytes(4, "little") + data


def small_number_op(value: int) -> int:
    """Give the opcode that pushes an integer from 0 to 16."""
    return Op.OP_1 + value - 1 if value else Op.OP_0


def build_script(*items: int | bytes) -> bytes:
    """Join opcodes (int) and pushes (bytes) into a script."""
    return b"".join(bytes([item]) if isinstance(item, int) else push_data(item) for item in items)


def read_ops(script: bytes) -> Iterator[tuple[int, bytes | None, int]]:
    """Yield (opcode, pushed bytes or None, offset behind it); DecodeError on a truncated push."""
    offset, end = 0, len(script)
    while offset < end:
        opcode = script[offset]
        offset += 1
        if opcode > _PUSHDATA4:
            yield opcode, None, offset
            continue
        length = opcode
        if opcode >= _PUSHDATA1:
            width = 1 << opcode - _PUSHDATA1
            if offset + width > end:
                raise DecodeError("script ends inside the length of a push")
            length = int.from_bytes(script[offset : offset + width], "little")
            offset += width
        if offset + length > end:
            raise DecodeError(f"script ends inside a push of {length} bytes")
        yield opcode, script[offset : offset + length], offset + length
        offset += length


def p2pk_script(public_key: bytes) -> bytes:
    """Pay to a bare public key."""
    return build_script(public_key, Op.OP_CHECKSIG)


def p2pkh_script(key_hash: bytes) -> bytes:
    """Pay to the HASH160 of a public key (20 bytes)."""
    return build_script(Op.OP_DUP, Op.OP_HASH160, key_hash, Op.OP_EQUALVERIFY, Op.OP_CHECKSIG)


def p2sh_script(redeem_script: bytes) -> bytes:
    """Pay to the hash of a redeem script (BIP 16)."""
    return p2sh_script_of_hash(hash160(redeem_script))


def p2sh_script_of_hash(script_hash: bytes) -> bytes:
    """Pay to the HASH160 of a redeem script (20 bytes, BIP 16)."""
    return build_script(Op.OP_HASH160, script_hash, Op.OP_EQUAL)


def p2wpkh_script(key_hash: bytes) -> bytes:
    """Pay to the HASH160 of a compressed public key by witness (BIP 141)."""
    return build_script(Op.OP_0, key_hash)


def p2wsh_script(witness_script: bytes) -> bytes:
    """Pay to the SHA-256 of a witness script (BIP 141)."""
    return build_script(Op.OP_0, sha256(witness_script))


def multisig_script(required: int, public_keys: Sequence[bytes]) -> bytes:
    """Require ``required`` signatures of 1 to 16 keys in the order given."""
    count = len(public_keys)
    if not 1 <= required <= count <= 16:
        raise ValueError(f"{required} of {count} keys is no multisig script")
    return build_script(
        small_number_op(required), *public_keys, small_number_op(count), Op.OP_CHECKMULTISIG
    )


def sorted_multisig_script(required: int, public_keys: Sequence[bytes]) -> bytes:
    """Require ``required`` signatures of keys in lexicographic order (BIP 67)."""
    return multisig_script(required, sorted(public_keys))


def null_data_script(payload: bytes) -> bytes:
    """Carry a payload in an output that nobody can spend: OP_RETURN and one push."""
    return build_script(Op.OP_RETURN, payload)


def is_p2sh(script: bytes) -> bool:
    """Tell a pay-to-script-hash output (BIP 16): exactly these 23 bytes."""
    return len(script) == 23 and script[0] == _HASH160 and script[1] == 20 and script[22] == _EQUAL


def witness_program(script: bytes) -> tuple[int, bytes] | None:
    """Give (version, program) if the script is a witness program (BIP 141), else None."""
    length = len(script)
    if not 4 <= length <= 42 or script[1] + 2 != length:
        return None
    version = script[0]
    if version == 0:
        return 0, script[2:]
    if _FIRST_NUMBER <= version <= _LAST_CONSTANT:
        return version - _FIRST_NUMBER + 1, script[2:]
    return None


def is_push_only(script: bytes) -> bool:
    """Tell whether a script does nothing but push (OP_RESERVED counts as a push)."""
    offset, end = 0, len(script)
    while offset < end:
        opcode = script[offset]
        if opcode < _PUSHDATA1:
            offset += 1 + opcode
        elif opcode <= _LAST_CONSTANT:
            offset = _next_op(script, offset, opcode)
        else:
            return False
    return offset == end


def _next_op(script: bytes, offset: int, opcode: int) -> int:
    """Give the offset behind the opcode at ``offset`` and what it pushes; may be behind the end."""
    if opcode > _PUSHDATA4:
        return offset + 1
    if opcode < _PUSHDATA1:
        return offset + 1 + opcode
    start = offset + 1 + (1 << opcode - _PUSHDATA1)
    # A length that is cut off itself reads as a push behind the end, which it is.
    return start + int.from_bytes(script[offset + 1 : start], "little")


def is_unspendable(script: bytes) -> bool:
    """Tell whether an output can never be spent, so that it need not be stored."""
    return script.startswith(b"\x6a") or len(script) > MAX_SCRIPT_SIZE


def is_key_shaped(data: bytes) -> bool:
    """Tell whether bytes have the length that their first byte demands of a public key."""
    if len(data) == 33:
        return data[0] in (2, 3)
    return len(data) == 65 and data[0] in (4, 6, 7)


def solve_script(script: bytes) -> SolvedScript:
    """Recognise the standard kind of an output script."""
    if is_p2sh(script):
        return SolvedScript(ScriptKind.SCRIPTHASH, (script[2:22],))
    if (program := witness_program(script)) is not None:
        return _solve_witness_program(*program)
    if script[:1] == b"\x6a" and is_push_only(script[1:]):
        return SolvedScript(ScriptKind.NULLDATA)
    if len(script) == 25 and script[:3] == b"\x76\xa9\x14" and script[23:] == b"\x88\xac":
        return SolvedScript(ScriptKind.PUBKEYHASH, (script[3:23],))
    if len(script) in (35, 67) and script[0] == len(script) - 2 and script[-1] == Op.OP_CHECKSIG:
        key = script[1:-1]
        if is_key_shaped(key):
            return SolvedScript(ScriptKind.PUBKEY, (key,))
    return _solve_multisig(script)


def _solve_witness_program(version: int, program: bytes) -> SolvedScript:
    if version == 0 and len(program) == 20:
        return SolvedScript(ScriptKind.WITNESS_V0_KEYHASH, (program,))
    if version == 0 and len(program) == 32:
        return SolvedScript(ScriptKind.WITNESS_V0_SCRIPTHASH, (program,))
    if version == 0:
        return SolvedScript(ScriptKind.NONSTANDARD)
    return SolvedScript(ScriptKind.WITNESS_UNKNOWN, (bytes([version]), program))


def _solve_multisig(script: bytes) -> SolvedScript:
    nonstandard = SolvedScript(ScriptKind.NONSTANDARD)
    if script[-1:] != bytes([Op.OP_CHECKMULTISIG]):
        return nonstandard
    try:
        ops = list(read_ops(script))
    except DecodeError:
        return nonstandard
    first, *middle, last, _ = (opcode for opcode, _, _ in ops) if len(ops) >= 4 else (0, 0, 0)
    keys = tuple(data or b"" for _, data, _ in ops[1:-2])
    if not (Op.OP_1 <= first <= Op.OP_16 and Op.OP_1 <= last <= Op.OP_16 and middle):
        return nonstandard
    required, count = first - Op.OP_1 + 1, last - Op.OP_1 + 1
    if len(keys) != count or required > count or not all(is_key_shaped(key) for key in keys):
        return nonstandard
    return SolvedScript(ScriptKind.MULTISIG, keys, required)


def count_sigops(script: bytes, accurate: bool) -> int:
    """Count signature operations up to the first truncated push.

    A CHECKMULTISIG counts 20, or with ``accurate`` the number pushed right before it (BIP 16).
    """
    count, previous = 0, _PUSHDATA4
    offset, end = 0, len(script)
    while offset < end:
        opcode = script[offset]
        if opcode < _PUSHDATA1:
            offset += 1 + opcode
        elif opcode <= _PUSHDATA4:
            offset = _next_op(script, offset, opcode)
        else:
            offset += 1
            # The four opcodes from OP_CHECKSIG to OP_CHECKMULTISIGVERIFY.
            if opcode < _CHECKSIG or opcode > _CHECKMULTISIGVERIFY:
                pass
            elif opcode < _CHECKMULTISIG:
                count += 1
            elif accurate and _FIRST_NUMBER <= previous <= _LAST_CONSTANT:
                count += previous - _FIRST_NUMBER + 1
            else:
                count += MAX_MULTISIG_KEYS
        previous = opcode
    return count
