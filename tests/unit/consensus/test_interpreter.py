"""Corners of the interpreter that the recorded vectors leave out, and its building blocks."""

import pytest

from ccxx_core.opcodes import Op
from ccxx_core.script import build_script
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.interpreter import evaluate
from ccxx_node.consensus.params import REGTEST
from ccxx_node.consensus.script_failure import ScriptError, ScriptFailure
from ccxx_node.consensus.script_numbers import decode_number, encode_number, is_true
from ccxx_node.consensus.sigcheck import RecordingChecker
from ccxx_node.consensus.signature_operations import find_and_delete

CHECKER = RecordingChecker(genesis_block(REGTEST).transactions[0], 0, 0, 0, [])


def failure_of(script: bytes, flags: int = f.NONE, stack: list[bytes] | None = None) -> str:
    try:
        evaluate([] if stack is None else stack, script, flags, CHECKER)
    except ScriptError as error:
        return error.failure
    return "OK"


@pytest.mark.parametrize(
    ("value", "item"),
    [
        (0, ""),
        (1, "01"),
        (-1, "81"),
        (127, "7f"),
        (128, "8000"),
        (-128, "8080"),
        (255, "ff00"),
        (-255, "ff80"),
        (2**31 - 1, "ffffff7f"),
        (-(2**31) + 1, "ffffffff"),
        (2**31, "0000008000"),
    ],
)
def test_numbers_are_little_endian_with_a_sign_bit(value: int, item: str) -> None:
    assert encode_number(value).hex() == item
    assert decode_number(bytes.fromhex(item), minimal=True, max_size=5) == value


@pytest.mark.parametrize("item", ["00", "80", "0100", "0180", "ff0000"])
def test_padded_numbers_are_refused_only_where_they_must_be_minimal(item: str) -> None:
    decode_number(bytes.fromhex(item), minimal=False)

    with pytest.raises(ScriptError):
        decode_number(bytes.fromhex(item), minimal=True)


def test_zero_of_any_sign_and_length_is_false() -> None:
    assert not any(is_true(bytes.fromhex(item)) for item in ("", "00", "80", "0000", "0080"))
    assert all(is_true(bytes.fromhex(item)) for item in ("01", "81", "8000", "0081", "0100"))


@pytest.mark.parametrize(
    ("script", "pattern", "rest"),
    [
        ("0302ff03", "0302ff03", ""),
        ("0302ff030302ff03", "0302ff03", ""),
        ("0302ff030302ff03", "02", "0302ff030302ff03"),
        ("0302ff030302ff03", "ff", "0302ff030302ff03"),
        ("0302ff030302ff03", "03", "02ff0302ff03"),
        ("02feed5169", "feed51", "02feed5169"),
        ("02feed5169", "02feed51", "69"),
        ("516902feed5169", "feed51", "516902feed5169"),
        ("516902feed5169", "02feed51", "516969"),
        ("00005151", "0051", "0051"),
        ("000051005151", "0051", "0051"),
        ("0003feed", "03feed", "00"),
        ("0003feed", "00", "03feed"),
        ("03feed", "03feed", ""),
        ("5103feed", "feed", "5103feed"),
    ],
)
def test_find_and_delete_cuts_only_at_opcodes(script: str, pattern: str, rest: str) -> None:
    assert find_and_delete(bytes.fromhex(script), bytes.fromhex(pattern)).hex() == rest


def test_code_separator_before_segwit_fails_under_policy_even_where_not_run() -> None:
    script = build_script(Op.OP_0, Op.OP_IF, Op.OP_CODESEPARATOR, Op.OP_ENDIF, Op.OP_1)

    assert failure_of(script) == "OK"
    assert failure_of(script, f.CONST_SCRIPTCODE) is ScriptFailure.OP_CODESEPARATOR


def test_signature_in_the_signed_script_fails_under_policy() -> None:
    signature, key = b"not a signature\1", bytes([2] * 33)
    script = build_script(signature, key, Op.OP_CHECKSIG)

    assert failure_of(script) == "OK"
    assert failure_of(script, f.CONST_SCRIPTCODE) is ScriptFailure.SIG_FINDANDDELETE


def test_stack_of_a_thousand_items_is_the_largest() -> None:
    assert failure_of(bytes([Op.OP_1]) * 1000) == "OK"
    assert failure_of(bytes([Op.OP_1]) * 1001) is ScriptFailure.STACK_SIZE
    assert failure_of(bytes([Op.OP_1]), stack=[b""] * 1000) is ScriptFailure.STACK_SIZE
    assert failure_of(bytes([Op.OP_3DUP]), stack=[b""] * 998) is ScriptFailure.STACK_SIZE
    moved = bytes([Op.OP_TOALTSTACK, Op.OP_1, Op.OP_1])
    assert failure_of(moved, stack=[b""] * 999) is ScriptFailure.STACK_SIZE


def test_keys_of_a_multisig_count_as_operations() -> None:
    script = build_script(Op.OP_0, Op.OP_0, *[b"k"] * 20, bytes([20]), Op.OP_CHECKMULTISIG)

    assert failure_of(script + bytes([Op.OP_NOP]) * 180) == "OK"
    assert failure_of(bytes([Op.OP_NOP]) * 181 + script) is ScriptFailure.OP_COUNT


@pytest.mark.parametrize("script", ["4c", "4d01", "4e010000", "4c0200", "05ffff"])
def test_push_that_is_cut_off_is_a_bad_opcode(script: str) -> None:
    assert failure_of(bytes.fromhex(script)) is ScriptFailure.BAD_OPCODE
