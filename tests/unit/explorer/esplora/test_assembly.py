"""Scripts are written out as the library behind Esplora writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccxx_core.script import (
    build_script,
    multisig_script,
    null_data_script,
    p2pk_script,
    p2pkh_script,
    p2sh_script,
    p2wpkh_script,
    p2wsh_script,
)
from ccxx_explorer.views.assembly import assemble, script_type

HASH = bytes(range(20))
KEY = b"\x02" + bytes(32)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("", ""),
        ("00", "OP_0"),
        ("76a902abcd88ac", "OP_DUP OP_HASH160 OP_PUSHBYTES_2 abcd OP_EQUALVERIFY OP_CHECKSIG"),
        ("4f5160", "OP_PUSHNUM_NEG1 OP_PUSHNUM_1 OP_PUSHNUM_16"),
        ("b1b2b3", "OP_CLTV OP_CSV OP_NOP4"),
        ("4c02abcd", "OP_PUSHDATA1 abcd"),
        ("4d0100ff", "OP_PUSHDATA2 ff"),
        ("4e01000000ff", "OP_PUSHDATA4 ff"),
        ("4c00", "OP_PUSHDATA1"),
        ("6aba", "OP_RETURN OP_CHECKSIGADD"),
        ("bbfeff", "OP_RETURN_187 OP_RETURN_254 OP_INVALIDOPCODE"),
        ("5102ab", "OP_PUSHNUM_1 OP_PUSHBYTES_2 <push past end>"),
        ("4c", "<unexpected end>"),
        ("514d01", "OP_PUSHNUM_1<unexpected end>"),
        ("4dffff00", "OP_PUSHDATA2 <push past end>"),
    ],
)  # fmt: skip
def test_script_is_written_out(script: str, words: str) -> None:
    assert assemble(bytes.fromhex(script)) == words


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (b"", "empty"),
        (null_data_script(b"hello"), "op_return"),
        (b"\x6a\x4c", "op_return"),
        (p2pk_script(KEY), "p2pk"),
        (p2pkh_script(HASH), "p2pkh"),
        (p2sh_script(b"\x51"), "p2sh"),
        (p2wpkh_script(HASH), "v0_p2wpkh"),
        (p2wsh_script(b"\x51"), "v0_p2wsh"),
        (build_script(0x51, bytes(32)), "v1_p2tr"),
        (build_script(0x52, bytes(32)), "unknown"),
        (multisig_script(1, [KEY]), "unknown"),
        (b"\x51", "unknown"),
    ],
)
def test_script_has_a_kind(script: bytes, kind: str) -> None:
    assert script_type(script) == kind


@given(st.binary(max_size=200))
def test_any_bytes_can_be_written_out(script: bytes) -> None:
    words = assemble(script)

    assert words.isascii()
    assert script_type(script)
