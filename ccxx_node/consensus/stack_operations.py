"""Opcodes that move stack items around; the comments show the stack before and after, top last."""

from collections.abc import Callable

from ccxx_core.opcodes import Op
from ccxx_node.consensus.script_failure import ScriptError, ScriptFailure
from ccxx_node.consensus.script_machine import Machine
from ccxx_node.consensus.script_numbers import decode_number, encode_number, is_true


def _to_altstack(machine: Machine) -> None:
    machine.need(1)
    machine.altstack.append(machine.stack.pop())


def _from_altstack(machine: Machine) -> None:
    if not machine.altstack:
        raise ScriptError(ScriptFailure.INVALID_ALTSTACK_OPERATION)
    machine.stack.append(machine.altstack.pop())


def _drop(machine: Machine) -> None:
    machine.need(1)
    machine.stack.pop()


def _two_drop(machine: Machine) -> None:
    machine.need(2)
    del machine.stack[-2:]


def _dup(machine: Machine) -> None:
    machine.need(1)
    machine.stack.append(machine.stack[-1])


def _two_dup(machine: Machine) -> None:
    machine.need(2)
    machine.stack.extend(machine.stack[-2:])


def _three_dup(machine: Machine) -> None:
    machine.need(3)
    machine.stack.extend(machine.stack[-3:])


def _two_over(machine: Machine) -> None:
    # a b c d -- a b c d a b
    machine.need(4)
    machine.stack.extend(machine.stack[-4:-2])


def _two_rot(machine: Machine) -> None:
    # a b c d e f -- c d e f a b
    machine.need(6)
    stack = machine.stack
    stack[-6:] = stack[-4:] + stack[-6:-4]


def _two_swap(machine: Machine) -> None:
    # a b c d -- c d a b
    machine.need(4)
    stack = machine.stack
    stack[-4:] = stack[-2:] + stack[-4:-2]


def _if_dup(machine: Machine) -> None:
    machine.need(1)
    if is_true(machine.stack[-1]):
        machine.stack.append(machine.stack[-1])


def _depth(machine: Machine) -> None:
    machine.stack.append(encode_number(len(machine.stack)))


def _nip(machine: Machine) -> None:
    machine.need(2)
    del machine.stack[-2]


def _over(machine: Machine) -> None:
    machine.need(2)
    machine.stack.append(machine.stack[-2])


def _chosen(machine: Machine) -> int:
    """Take the top number n; give the index of the n-th item below it."""
    machine.need(2)
    distance = decode_number(machine.stack[-1], machine.minimal)
    machine.stack.pop()
    if not 0 <= distance < len(machine.stack):
        raise ScriptError(ScriptFailure.INVALID_STACK_OPERATION)
    return -distance - 1


def _pick(machine: Machine) -> None:
    machine.stack.append(machine.stack[_chosen(machine)])


def _roll(machine: Machine) -> None:
    machine.stack.append(machine.stack.pop(_chosen(machine)))


def _rot(machine: Machine) -> None:
    # a b c -- b c a
    machine.need(3)
    machine.stack.append(machine.stack.pop(-3))


def _swap(machine: Machine) -> None:
    machine.need(2)
    machine.stack.append(machine.stack.pop(-2))


def _tuck(machine: Machine) -> None:
    # a b -- b a b
    machine.need(2)
    machine.stack.insert(-2, machine.stack[-1])


def _size(machine: Machine) -> None:
    machine.need(1)
    machine.stack.append(encode_number(len(machine.stack[-1])))


STACK: dict[Op, Callable[[Machine], None]] = {
    Op.OP_TOALTSTACK: _to_altstack,
    Op.OP_FROMALTSTACK: _from_altstack,
    Op.OP_2DROP: _two_drop,
    Op.OP_2DUP: _two_dup,
    Op.OP_3DUP: _three_dup,
    Op.OP_2OVER: _two_over,
    Op.OP_2ROT: _two_rot,
    Op.OP_2SWAP: _two_swap,
    Op.OP_IFDUP: _if_dup,
    Op.OP_DEPTH: _depth,
    Op.OP_DROP: _drop,
    Op.OP_DUP: _dup,
    Op.OP_NIP: _nip,
    Op.OP_OVER: _over,
    Op.OP_PICK: _pick,
    Op.OP_ROLL: _roll,
    Op.OP_ROT: _rot,
    Op.OP_SWAP: _swap,
    Op.OP_TUCK: _tuck,
    Op.OP_SIZE: _size,
}
