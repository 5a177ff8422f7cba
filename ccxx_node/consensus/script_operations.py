"""What each opcode does: flow, comparison, hashes, lock times, and the table of all of them."""

import hashlib
from collections.abc import Callable

from ccxx_core.hashes import hash160, ripemd160, sha256, sha256d
from ccxx_core.opcodes import Op
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.arithmetic_operations import ARITHMETIC
from ccxx_node.consensus.script_failure import ScriptError, ScriptFailure
from ccxx_node.consensus.script_machine import Machine
from ccxx_node.consensus.script_numbers import (
    MAX_LOCKTIME_BYTES,
    decode_number,
    encode_number,
    is_true,
)
from ccxx_node.consensus.signature_operations import (
    check_multisig,
    check_multisig_verify,
    check_signature,
    check_signature_verify,
)
from ccxx_node.consensus.stack_operations import STACK

Operation = Callable[[Machine], None]

_SEQUENCE_DISABLED = 1 << 31


def _bad_opcode(_: Machine) -> None:
    raise ScriptError(ScriptFailure.BAD_OPCODE)


def _constant(value: int) -> Operation:
    item = encode_number(value)

    def operation(machine: Machine) -> None:
        machine.stack.append(item)

    return operation


def _nop(_: Machine) -> None:
    pass


def _upgradable_nop(machine: Machine) -> None:
    if machine.flags & f.DISCOURAGE_UPGRADABLE_NOPS:
        raise ScriptError(ScriptFailure.DISCOURAGE_UPGRADABLE_NOPS)


def _take_condition(machine: Machine) -> bool:
    if not machine.stack:
        raise ScriptError(ScriptFailure.UNBALANCED_CONDITIONAL)
    item = machine.stack[-1]
    if machine.is_witness and machine.flags & f.MINIMALIF and item not in (b"", b"\1"):
        raise ScriptError(ScriptFailure.MINIMALIF)
    machine.stack.pop()
    return is_true(item)


def _if(machine: Machine) -> None:
    taken = machine.executing and _take_condition(machine)
    machine.conditions.append(taken)
    machine.executing = taken


def _not_if(machine: Machine) -> None:
    taken = machine.executing and not _take_condition(machine)
    machine.conditions.append(taken)
    machine.executing = taken


def _else(machine: Machine) -> None:
    if not machine.conditions:
        raise ScriptError(ScriptFailure.UNBALANCED_CONDITIONAL)
    machine.conditions[-1] = not machine.conditions[-1]
    machine.executing = all(machine.conditions)


def _end_if(machine: Machine) -> None:
    if not machine.conditions:
        raise ScriptError(ScriptFailure.UNBALANCED_CONDITIONAL)
    machine.conditions.pop()
    machine.executing = all(machine.conditions)


def _verify(machine: Machine) -> None:
    machine.need(1)
    if not is_true(machine.stack.pop()):
        raise ScriptError(ScriptFailure.VERIFY)


def _return(_: Machine) -> None:
    raise ScriptError(ScriptFailure.OP_RETURN)


def _equal(machine: Machine) -> None:
    stack = machine.stack
    if len(stack) < 2:
        raise ScriptError(ScriptFailure.INVALID_STACK_OPERATION)
    stack.append(b"\1" if stack.pop() == stack.pop() else b"")


def _equal_verify(machine: Machine) -> None:
    stack = machine.stack
    if len(stack) < 2:
        raise ScriptError(ScriptFailure.INVALID_STACK_OPERATION)
    if stack.pop() != stack.pop():
        raise ScriptError(ScriptFailure.EQUALVERIFY)


def _hash(function: Callable[[bytes], bytes]) -> Operation:
    def operation(machine: Machine) -> None:
        stack = machine.stack
        if not stack:
            raise ScriptError(ScriptFailure.INVALID_STACK_OPERATION)
        stack[-1] = function(stack[-1])

    return operation


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _code_separator(machine: Machine) -> None:
    machine.code_start = machine.position


def _check_locktime(machine: Machine) -> None:
    """BIP 65; before its height an opcode that does nothing, and is not discouraged."""
    if not machine.flags & f.CHECKLOCKTIMEVERIFY:
        return
    if not machine.checker.check_locktime(_read_locktime(machine)):
        raise ScriptError(ScriptFailure.UNSATISFIED_LOCKTIME)


def _check_sequence(machine: Machine) -> None:
    """BIP 112; a number with bit 31 set is left for future rules."""
    if not machine.flags & f.CHECKSEQUENCEVERIFY:
        return
    sequence = _read_locktime(machine)
    if sequence & _SEQUENCE_DISABLED:
        return
    if not machine.checker.check_sequence(sequence):
        raise ScriptError(ScriptFailure.UNSATISFIED_LOCKTIME)


def _read_locktime(machine: Machine) -> int:
    machine.need(1)
    value = decode_number(machine.stack[-1], machine.minimal, MAX_LOCKTIME_BYTES)
    if value < 0:
        raise ScriptError(ScriptFailure.NEGATIVE_LOCKTIME)
    return value


DISABLED = frozenset(
    int(opcode)
    for opcode in (
        Op.OP_CAT,
        Op.OP_SUBSTR,
        Op.OP_LEFT,
        Op.OP_RIGHT,
        Op.OP_INVERT,
        Op.OP_AND,
        Op.OP_OR,
        Op.OP_XOR,
        Op.OP_2MUL,
        Op.OP_2DIV,
        Op.OP_MUL,
        Op.OP_DIV,
        Op.OP_MOD,
        Op.OP_LSHIFT,
        Op.OP_RSHIFT,
    )
)

_NAMED: dict[Op, Operation] = {
    **STACK,
    **ARITHMETIC,
    Op.OP_1NEGATE: _constant(-1),
    Op.OP_NOP: _nop,
    Op.OP_IF: _if,
    Op.OP_NOTIF: _not_if,
    Op.OP_ELSE: _else,
    Op.OP_ENDIF: _end_if,
    Op.OP_VERIFY: _verify,
    Op.OP_RETURN: _return,
    Op.OP_EQUAL: _equal,
    Op.OP_EQUALVERIFY: _equal_verify,
    Op.OP_RIPEMD160: _hash(ripemd160),
    Op.OP_SHA1: _hash(_sha1),
    Op.OP_SHA256: _hash(sha256),
    Op.OP_HASH160: _hash(hash160),
    Op.OP_HASH256: _hash(sha256d),
    Op.OP_CODESEPARATOR: _code_separator,
    Op.OP_CHECKSIG: check_signature,
    Op.OP_CHECKSIGVERIFY: check_signature_verify,
    Op.OP_CHECKMULTISIG: check_multisig,
    Op.OP_CHECKMULTISIGVERIFY: check_multisig_verify,
    Op.OP_NOP1: _upgradable_nop,
    Op.OP_CHECKLOCKTIMEVERIFY: _check_locktime,
    Op.OP_CHECKSEQUENCEVERIFY: _check_sequence,
}


def _build_table() -> tuple[Operation, ...]:
    table: list[Operation] = [_bad_opcode] * 256
    for number in range(1, 17):
        table[Op.OP_1 + number - 1] = _constant(number)
    for opcode, operation in _NAMED.items():
        table[opcode] = operation
    for number in range(Op.OP_NOP4, Op.OP_NOP10 + 1):
        table[number] = _upgradable_nop
    return tuple(table)


# Opcodes up to OP_PUSHDATA4 never come here: the machine pushes by itself.
OPERATIONS = _build_table()
