"""Opcodes on numbers: operands of at most four bytes, results of any size."""

from collections.abc import Callable

from ccxx_core.opcodes import Op
from ccxx_node.consensus.script_failure import ScriptError, ScriptFailure
from ccxx_node.consensus.script_machine import Machine
from ccxx_node.consensus.script_numbers import decode_number, encode_number


def _unary(compute: Callable[[int], int]) -> Callable[[Machine], None]:
    def operation(machine: Machine) -> None:
        machine.need(1)
        stack = machine.stack
        stack[-1] = encode_number(compute(decode_number(stack[-1], machine.minimal)))

    return operation


def _binary(compute: Callable[[int, int], int]) -> Callable[[Machine], None]:
    def operation(machine: Machine) -> None:
        machine.need(2)
        stack, minimal = machine.stack, machine.minimal
        left, right = decode_number(stack[-2], minimal), decode_number(stack[-1], minimal)
        stack.pop()
        stack[-1] = encode_number(compute(left, right))

    return operation


_num_equal = _binary(lambda left, right: left == right)


def _num_equal_verify(machine: Machine) -> None:
    _num_equal(machine)
    if not machine.stack.pop():
        raise ScriptError(ScriptFailure.NUMEQUALVERIFY)


def _within(machine: Machine) -> None:
    machine.need(3)
    stack, minimal = machine.stack, machine.minimal
    value, low, high = (decode_number(item, minimal) for item in stack[-3:])
    del stack[-3:]
    stack.append(encode_number(low <= value < high))


ARITHMETIC: dict[Op, Callable[[Machine], None]] = {
    Op.OP_1ADD: _unary(lambda value: value + 1),
    Op.OP_1SUB: _unary(lambda value: value - 1),
    Op.OP_NEGATE: _unary(lambda value: -value),
    Op.OP_ABS: _unary(abs),
    Op.OP_NOT: _unary(lambda value: value == 0),
    Op.OP_0NOTEQUAL: _unary(lambda value: value != 0),
    Op.OP_ADD: _binary(lambda left, right: left + right),
    Op.OP_SUB: _binary(lambda left, right: left - right),
    Op.OP_BOOLAND: _binary(lambda left, right: left != 0 and right != 0),
    Op.OP_BOOLOR: _binary(lambda left, right: left != 0 or right != 0),
    Op.OP_NUMEQUAL: _num_equal,
    Op.OP_NUMEQUALVERIFY: _num_equal_verify,
    Op.OP_NUMNOTEQUAL: _binary(lambda left, right: left != right),
    Op.OP_LESSTHAN: _binary(lambda left, right: left < right),
    Op.OP_GREATERTHAN: _binary(lambda left, right: left > right),
    Op.OP_LESSTHANOREQUAL: _binary(lambda left, right: left <= right),
    Op.OP_GREATERTHANOREQUAL: _binary(lambda left, right: left >= right),
    Op.OP_MIN: _binary(min),
    Op.OP_MAX: _binary(max),
    Op.OP_WITHIN: _within,
}
