"""Running scripts: one script on a stack, and the whole proof that an input may spend its coin.

Legacy scripts, pay-to-script-hash (BIP 16) and version 0 witness programs (BIP 141), under any
combination of the verification flags, with the failure names of Bitcoin Core 0.17.
"""

from collections.abc import Sequence

from ccxx_core.hashes import sha256
from ccxx_core.opcodes import Op
from ccxx_core.script import is_p2sh, is_push_only, push_data, witness_program
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.script_failure import ScriptError, ScriptFailure
from ccxx_node.consensus.script_machine import (
    MAX_ITEM_SIZE,
    MAX_OPS,
    MAX_SCRIPT_SIZE,
    MAX_STACK_ITEMS,
    Machine,
    SignatureChecker,
    is_minimal_push,
    pushed_range,
)
from ccxx_node.consensus.script_numbers import is_true
from ccxx_node.consensus.script_operations import DISABLED, OPERATIONS

# Plain ints: comparing with an enum member costs the hot loop a call.
_PUSHDATA1 = int(Op.OP_PUSHDATA1)
_PUSHDATA4 = int(Op.OP_PUSHDATA4)
_LAST_CONSTANT = int(Op.OP_16)
_FIRST_FLOW = int(Op.OP_IF)
_LAST_FLOW = int(Op.OP_ENDIF)
_CODESEPARATOR = int(Op.OP_CODESEPARATOR)

# DUP HASH160 push and EQUALVERIFY CHECKSIG: what a version 0 key hash stands for.
_P2PKH_HEAD, _P2PKH_TAIL = b"\x76\xa9\x14", b"\x88\xac"

# OP_3DUP; so only a script of some length needs to be watched for too large a stack.
MOST_ITEMS_A_BYTE = 3


def verify_script(
    script_sig: bytes,
    script_pubkey: bytes,
    witness: Sequence[bytes],
    flags: int,
    checker: SignatureChecker,
) -> None:
    """Check that an input's scripts unlock its coin; raises ScriptError."""
    if flags & f.SIGPUSHONLY and not is_push_only(script_sig):
        raise ScriptError(ScriptFailure.SIG_PUSHONLY)
    spends_hash = bool(flags & f.P2SH) and is_p2sh(script_pubkey)
    stack: list[bytes] = []
    only_pushes = evaluate(stack, script_sig, flags, checker)
    pushed = list(stack) if spends_hash else []
    evaluate(stack, script_pubkey, flags, checker)
    _check_top(stack)
    used_witness = False
    if flags & f.WITNESS and (program := witness_program(script_pubkey)) is not None:
        used_witness = True
        if script_sig:
            raise ScriptError(ScriptFailure.WITNESS_MALLEATED)
        _verify_witness_program(program, witness, flags, checker)
        del stack[1:]
    if spends_hash:
        if not only_pushes:
            raise ScriptError(ScriptFailure.SIG_PUSHONLY)
        stack = pushed
        redeem_script = stack.pop()
        evaluate(stack, redeem_script, flags, checker)
        _check_top(stack)
        if flags & f.WITNESS and (program := witness_program(redeem_script)) is not None:
            used_witness = True
            if script_sig != push_data(redeem_script):
                raise ScriptError(ScriptFailure.WITNESS_MALLEATED_P2SH)
            _verify_witness_program(program, witness, flags, checker)
            del stack[1:]
    if flags & f.CLEANSTACK and len(stack) != 1:
        raise ScriptError(ScriptFailure.CLEANSTACK)
    if flags & f.WITNESS and witness and not used_witness:
        raise ScriptError(ScriptFailure.WITNESS_UNEXPECTED)


def evaluate(
    stack: list[bytes],
    script: bytes,
    flags: int,
    checker: SignatureChecker,
    is_witness: bool = False,
) -> bool:
    """Run one script on a stack, in place; tells whether it only pushed. Raises ScriptError."""
    if not script:
        return True
    if len(script) > MAX_SCRIPT_SIZE:
        raise ScriptError(ScriptFailure.SCRIPT_SIZE)
    machine = Machine(stack, script, flags, checker, is_witness)
    _run(machine)
    if machine.conditions:
        raise ScriptError(ScriptFailure.UNBALANCED_CONDITIONAL)
    # Whatever does more than push counts as an operation.
    return machine.op_count == 0


def _run(machine: Machine) -> None:
    script, stack, minimal = machine.script, machine.stack, machine.minimal
    position, end = 0, len(script)
    may_overflow = len(stack) + MOST_ITEMS_A_BYTE * end > MAX_STACK_ITEMS
    while position < end:
        opcode = script[position]
        start = position = position + 1
        if opcode <= _PUSHDATA4:
            if opcode < _PUSHDATA1:
                position += opcode
            else:
                start, position = _long_push(script, start - 1, opcode)
            if position > end:
                raise ScriptError(ScriptFailure.BAD_OPCODE)
            if machine.executing:
                item = script[start:position]
                if minimal and not is_minimal_push(item, opcode):
                    raise ScriptError(ScriptFailure.MINIMALDATA)
                stack.append(item)
        else:
            if opcode > _LAST_CONSTANT:
                _count_operation(machine, opcode)
            if machine.executing or _FIRST_FLOW <= opcode <= _LAST_FLOW:
                machine.position = position
                OPERATIONS[opcode](machine)
        if may_overflow and len(stack) + len(machine.altstack) > MAX_STACK_ITEMS:
            raise ScriptError(ScriptFailure.STACK_SIZE)


def _long_push(script: bytes, position: int, opcode: int) -> tuple[int, int]:
    """Give start and end of what a push with a length of its own pushes, if not too large."""
    start, end = pushed_range(script, position, opcode)
    if end - start > MAX_ITEM_SIZE and end <= len(script):
        raise ScriptError(ScriptFailure.PUSH_SIZE)
    return start, end


def _count_operation(machine: Machine, opcode: int) -> None:
    """Check what holds for an operation in a branch that is not taken as well."""
    machine.op_count += 1
    if machine.op_count > MAX_OPS:
        raise ScriptError(ScriptFailure.OP_COUNT)
    if opcode in DISABLED:
        raise ScriptError(ScriptFailure.DISABLED_OPCODE)
    if opcode == _CODESEPARATOR and not machine.is_witness and machine.flags & f.CONST_SCRIPTCODE:
        raise ScriptError(ScriptFailure.OP_CODESEPARATOR)


def _verify_witness_program(
    program: tuple[int, bytes], witness: Sequence[bytes], flags: int, checker: SignatureChecker
) -> None:
    version, content = program
    if version != 0:
        # Later versions are for future rules: anyone may spend them.
        if flags & f.DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM:
            raise ScriptError(ScriptFailure.DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM)
        return
    stack, script = _open_witness_program(content, witness)
    if any(len(item) > MAX_ITEM_SIZE for item in stack):
        raise ScriptError(ScriptFailure.PUSH_SIZE)
    evaluate(stack, script, flags, checker, is_witness=True)
    if len(stack) != 1:
        raise ScriptError(ScriptFailure.CLEANSTACK)
    _check_top(stack)


def _open_witness_program(content: bytes, witness: Sequence[bytes]) -> tuple[list[bytes], bytes]:
    """Give the stack and the script that a version 0 program stands for."""
    if len(content) == 32:
        if not witness:
            raise ScriptError(ScriptFailure.WITNESS_PROGRAM_WITNESS_EMPTY)
        *stack, script = witness
        if sha256(script) != content:
            raise ScriptError(ScriptFailure.WITNESS_PROGRAM_MISMATCH)
        return stack, script
    if len(content) == 20:
        if len(witness) != 2:
            raise ScriptError(ScriptFailure.WITNESS_PROGRAM_MISMATCH)
        return list(witness), _P2PKH_HEAD + content + _P2PKH_TAIL
    raise ScriptError(ScriptFailure.WITNESS_PROGRAM_WRONG_LENGTH)


def _check_top(stack: list[bytes]) -> None:
    if not stack or not is_true(stack[-1]):
        raise ScriptError(ScriptFailure.EVAL_FALSE)
