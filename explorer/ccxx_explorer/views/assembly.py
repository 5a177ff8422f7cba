"""Scripts as Esplora prints them: its words for their kinds, and its way to write them out."""

from __future__ import annotations

from ccxx_core.opcodes import Op
from ccxx_core.script import ScriptKind, solve_script

_TYPES = {
    ScriptKind.PUBKEY: "p2pk",
    ScriptKind.PUBKEYHASH: "p2pkh",
    ScriptKind.SCRIPTHASH: "p2sh",
    ScriptKind.WITNESS_V0_KEYHASH: "v0_p2wpkh",
    ScriptKind.WITNESS_V0_SCRIPTHASH: "v0_p2wsh",
}
_TAPROOT_SIZE = 34
_LONGEST_PLAIN_PUSH = 0x4B
_WIDTHS: dict[int, int] = {Op.OP_PUSHDATA1: 1, Op.OP_PUSHDATA2: 2, Op.OP_PUSHDATA4: 4}
# The names of the library that Esplora prints with, where they are not those of this chain.
_OTHER_NAMES = {
    Op.OP_1NEGATE: "OP_PUSHNUM_NEG1",
    Op.OP_CHECKLOCKTIMEVERIFY: "OP_CLTV",
    Op.OP_CHECKSEQUENCEVERIFY: "OP_CSV",
}
_CHECKSIGADD = 0xBA


def script_type(script_pubkey: bytes) -> str:
    """Name the kind of an output script."""
    if not script_pubkey:
        return "empty"
    if script_pubkey[0] == Op.OP_RETURN:
        return "op_return"
    if len(script_pubkey) == _TAPROOT_SIZE and script_pubkey[:2] == bytes([Op.OP_1, 32]):
        return "v1_p2tr"
    return _TYPES.get(solve_script(script_pubkey).kind, "unknown")


def assemble(script: bytes) -> str:
    """Write a script out; what is cut short ends it with the note that Esplora makes."""
    words: list[str] = []
    offset = 0
    while offset < len(script):
        opcode = script[offset]
        offset += 1
        width = _WIDTHS.get(opcode, 0)
        if offset + width > len(script):
            return " ".join(words) + "<unexpected end>"
        length = opcode if opcode <= _LONGEST_PLAIN_PUSH else 0
        if width:
            length = int.from_bytes(script[offset : offset + width], "little")
            offset += width
        words.append(opcode_name(opcode))
        if offset + length > len(script):
            words.append("<push past end>")
            break
        if length:
            words.append(script[offset : offset + length].hex())
        offset += length
    return " ".join(words)


def opcode_name(opcode: int) -> str:
    """Name an opcode; numbers 1 to 75 push that many bytes."""
    if 1 <= opcode <= _LONGEST_PLAIN_PUSH:
        return f"OP_PUSHBYTES_{opcode}"
    if Op.OP_1 <= opcode <= Op.OP_16:
        return f"OP_PUSHNUM_{opcode - Op.OP_1 + 1}"
    if opcode == _CHECKSIGADD:
        return "OP_CHECKSIGADD"
    try:
        known = Op(opcode)
    except ValueError:
        return f"OP_RETURN_{opcode}"
    return _OTHER_NAMES.get(known, known.name)
