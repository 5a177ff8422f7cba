"""Scripts are built, read and recognised as the reference does."""

import pytest

from ccxx_core.errors import DecodeError
from ccxx_core.opcodes import Op
from ccxx_core.script import (
    ScriptKind,
    SolvedScript,
    build_script,
    count_sigops,
    is_p2sh,
    is_push_only,
    is_unspendable,
    multisig_script,
    null_data_script,
    p2pk_script,
    p2pkh_script,
    p2sh_script,
    p2wpkh_script,
    p2wsh_script,
    push_data,
    read_ops,
    solve_script,
    sorted_multisig_script,
    witness_program,
)

KEY = b"\x02" + bytes(range(32))
OTHER_KEY = b"\x03" + bytes(range(32))
LONG_KEY = b"\x04" + bytes(64)
HASH20 = bytes(range(20))


@pytest.mark.parametrize(
    ("length", "prefix"),
    [(0, "00"), (1, "01"), (75, "4b"), (76, "4c4c"), (255, "4cff"), (256, "4d0001"),
     (0xFFFF, "4dffff"), (0x10000, "4e00000100")],
)  # fmt: skip
def test_push_has_the_shortest_prefix(length: int, prefix: str) -> None:
    script = push_data(bytes(length))

    assert script == bytes.fromhex(prefix) + bytes(length)
    assert [data for _, data, _ in read_ops(script)] == [bytes(length)]


@pytest.mark.parametrize(
    "script", ["01", "4c", "4c02ff", "4d01", "4d0100", "4e000000", "4effffffff"]
)
def test_truncated_push_is_refused(script: str) -> None:
    with pytest.raises(DecodeError):
        list(read_ops(bytes.fromhex(script)))


def test_ops_come_with_the_offset_behind_them() -> None:
    script = build_script(Op.OP_DUP, b"ab", Op.OP_0)

    assert list(read_ops(script)) == [(0x76, None, 1), (2, b"ab", 4), (0, b"", 5)]


@pytest.mark.parametrize(
    ("script", "solved"),
    [
        (p2pk_script(KEY), SolvedScript(ScriptKind.PUBKEY, (KEY,))),
        (p2pk_script(LONG_KEY), SolvedScript(ScriptKind.PUBKEY, (LONG_KEY,))),
        (p2pkh_script(HASH20), SolvedScript(ScriptKind.PUBKEYHASH, (HASH20,))),
        (b"\xa9\x14" + HASH20 + b"\x87", SolvedScript(ScriptKind.SCRIPTHASH, (HASH20,))),
        (p2wpkh_script(HASH20), SolvedScript(ScriptKind.WITNESS_V0_KEYHASH, (HASH20,))),
        (
            b"\x00\x20" + bytes(32),
            SolvedScript(ScriptKind.WITNESS_V0_SCRIPTHASH, (bytes(32),)),
        ),
        (b"\x51\x02ab", SolvedScript(ScriptKind.WITNESS_UNKNOWN, (b"\x01", b"ab"))),
        (b"\x00\x03abc", SolvedScript(ScriptKind.NONSTANDARD)),
        (
            multisig_script(2, [OTHER_KEY, KEY, LONG_KEY]),
            SolvedScript(ScriptKind.MULTISIG, (OTHER_KEY, KEY, LONG_KEY), 2),
        ),
        (null_data_script(b""), SolvedScript(ScriptKind.NULLDATA)),
        (b"\x6a", SolvedScript(ScriptKind.NULLDATA)),
        (b"\x6a\x50\x51\x02ab", SolvedScript(ScriptKind.NULLDATA)),
        (b"\x6a\x02a", SolvedScript(ScriptKind.NONSTANDARD)),
        (b"\x6a\x61", SolvedScript(ScriptKind.NONSTANDARD)),
        (b"", SolvedScript(ScriptKind.NONSTANDARD)),
        (b"\xae", SolvedScript(ScriptKind.NONSTANDARD)),
        (b"\x51\x51\xae", SolvedScript(ScriptKind.NONSTANDARD)),
        (p2pk_script(b"\x05" + bytes(32)), SolvedScript(ScriptKind.NONSTANDARD)),
        (multisig_script(1, [b"\x05" + bytes(32)]), SolvedScript(ScriptKind.NONSTANDARD)),
        (b"\x52\x21" + KEY + b"\x51\xae", SolvedScript(ScriptKind.NONSTANDARD)),
        (b"\x51\x21" + KEY + b"\x52\xae", SolvedScript(ScriptKind.NONSTANDARD)),
        (b"\x4c\xae", SolvedScript(ScriptKind.NONSTANDARD)),
    ],
)
def test_standard_kinds_are_recognised(script: bytes, solved: SolvedScript) -> None:
    assert solve_script(script) == solved


def test_sorted_multisig_does_not_depend_on_the_order_given() -> None:
    keys = [OTHER_KEY, KEY]

    assert sorted_multisig_script(2, keys) == sorted_multisig_script(2, keys[::-1])
    assert multisig_script(2, keys) != multisig_script(2, keys[::-1])


@pytest.mark.parametrize(("required", "count"), [(0, 1), (2, 1), (1, 0), (1, 17)])
def test_impossible_multisig_is_not_built(required: int, count: int) -> None:
    with pytest.raises(ValueError):
        multisig_script(required, [KEY] * count)


def test_wrappers_hash_the_script() -> None:
    inner = multisig_script(1, [KEY])

    assert is_p2sh(p2sh_script(inner))
    program = witness_program(p2wsh_script(inner))
    assert program is not None and program[0] == 0 and len(program[1]) == 32
    assert not is_p2sh(inner) and witness_program(inner) is None


@pytest.mark.parametrize("script", ["0001aa", "5229" + "00" * 41, "4f02aaaa", "000201", "", "00"])
def test_other_lengths_and_opcodes_are_no_witness_program(script: str) -> None:
    assert witness_program(bytes.fromhex(script)) is None


def test_only_pushes_are_push_only() -> None:
    assert is_push_only(b"") and is_push_only(b"\x00\x50\x60\x01a")
    assert not is_push_only(b"\x61") and not is_push_only(b"\x02a")


def test_data_and_oversized_outputs_are_unspendable() -> None:
    assert is_unspendable(b"\x6a") and is_unspendable(bytes(10_001))
    assert not is_unspendable(b"") and not is_unspendable(bytes(10_000))


def test_sigops_are_counted_up_to_a_truncated_push() -> None:
    multisig = multisig_script(1, [KEY, OTHER_KEY])

    assert count_sigops(p2pkh_script(HASH20), accurate=True) == 1
    assert count_sigops(multisig, accurate=False) == 20
    assert count_sigops(multisig, accurate=True) == 2
    assert count_sigops(b"\xae", accurate=True) == 20
    assert count_sigops(b"\xac\xad\x02", accurate=True) == 2
