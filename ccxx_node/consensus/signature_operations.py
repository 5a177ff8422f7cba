"""OP_CHECKSIG and OP_CHECKMULTISIG with their history: find-and-delete, dummy, order of keys."""

from collections.abc import Sequence

from ccxx_core.script import MAX_MULTISIG_KEYS, push_data
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.script_failure import ScriptError, ScriptFailure
from ccxx_node.consensus.script_machine import Machine, pushed_range
from ccxx_node.consensus.script_numbers import decode_number
from ccxx_node.consensus.signature_encoding import (
    KEY_RULES,
    check_public_key_encoding,
    check_signature_encoding,
)


def check_signature(machine: Machine) -> None:
    """(signature key -- bool)"""
    machine.stack.append(b"\1" if _signature_holds(machine) else b"")


def check_signature_verify(machine: Machine) -> None:
    """(signature key -- )"""
    if not _signature_holds(machine):
        raise ScriptError(ScriptFailure.CHECKSIGVERIFY)


def check_multisig(machine: Machine) -> None:
    """(dummy signatures m keys n -- bool)"""
    machine.stack.append(b"\1" if _multisig_holds(machine) else b"")


def check_multisig_verify(machine: Machine) -> None:
    """(dummy signatures m keys n -- )"""
    if not _multisig_holds(machine):
        raise ScriptError(ScriptFailure.CHECKMULTISIGVERIFY)


def find_and_delete(script: bytes, pattern: bytes) -> bytes:
    """Cut every occurrence of a pattern that starts where an opcode starts, repeats included."""
    if not pattern or pattern not in script:
        return script
    kept: list[bytes] = []
    kept_to = position = 0
    while True:
        kept.append(script[kept_to:position])
        while script.startswith(pattern, position):
            position += len(pattern)
        kept_to = position
        if position < len(script):
            _, position = pushed_range(script, position, script[position])
        # Behind a truncated push there are no opcodes: the rest is kept as it is.
        if kept_to == len(script) or position > len(script):
            return b"".join([*kept, script[kept_to:]])


def _signature_holds(machine: Machine) -> bool:
    machine.need(2)
    stack, flags, is_witness = machine.stack, machine.flags, machine.is_witness
    public_key = stack.pop()
    signature = stack.pop()
    code = _signed_code(machine, (signature,))
    check_signature_encoding(signature, flags)
    check_public_key_encoding(public_key, flags, is_witness)
    holds = machine.checker.check_signature(signature, public_key, code, is_witness)
    if not holds and signature and flags & f.NULLFAIL:
        raise ScriptError(ScriptFailure.NULLFAIL)
    return holds


def _multisig_holds(machine: Machine) -> bool:
    stack, flags = machine.stack, machine.flags
    size = len(stack)
    if size < 1:
        raise ScriptError(ScriptFailure.INVALID_STACK_OPERATION)
    key_count = decode_number(stack[-1], machine.minimal)
    if not 0 <= key_count <= MAX_MULTISIG_KEYS:
        raise ScriptError(ScriptFailure.PUBKEY_COUNT)
    machine.count_ops(key_count)
    if size < key_count + 2:
        raise ScriptError(ScriptFailure.INVALID_STACK_OPERATION)
    count = decode_number(stack[-key_count - 2], machine.minimal)
    if not 0 <= count <= key_count:
        raise ScriptError(ScriptFailure.SIG_COUNT)
    arguments = key_count + count + 2
    if size < arguments:
        raise ScriptError(ScriptFailure.INVALID_STACK_OPERATION)
    # The last pushed comes first, in the order in which the reference tries them.
    keys = stack[-2 : -key_count - 2 : -1]
    signatures = stack[-key_count - 3 : -arguments - 1 : -1]
    code = _signed_code(machine, signatures)
    holds = _match_signatures(machine, signatures, keys, code)
    if not holds and flags & f.NULLFAIL and any(signatures):
        raise ScriptError(ScriptFailure.NULLFAIL)
    # One item more than the arguments is taken: a mistake of the first release, now consensus.
    if size <= arguments:
        raise ScriptError(ScriptFailure.INVALID_STACK_OPERATION)
    if flags & f.NULLDUMMY and stack[-arguments - 1]:
        raise ScriptError(ScriptFailure.SIG_NULLDUMMY)
    del stack[-arguments - 1 :]
    return holds


def _match_signatures(
    machine: Machine, signatures: Sequence[bytes], keys: Sequence[bytes], code: bytes
) -> bool:
    flags, is_witness, checker = machine.flags, machine.is_witness, machine.checker
    if checker.defers and signatures:
        for signature in signatures:
            check_signature_encoding(signature, flags)
        if flags & KEY_RULES:
            for key in keys:
                check_public_key_encoding(key, flags, is_witness)
        return checker.defer_multisig(signatures, keys, code, is_witness)
    matched, tried = 0, 0
    # Signatures stand in the order of their keys. Encodings are checked only of what is tried.
    while matched < len(signatures):
        if len(signatures) - matched > len(keys) - tried:
            return False
        signature, key = signatures[matched], keys[tried]
        check_signature_encoding(signature, flags)
        check_public_key_encoding(key, flags, is_witness)
        matched += checker.check_signature(signature, key, code, is_witness)
        tried += 1
    return True


def _signed_code(machine: Machine, signatures: Sequence[bytes]) -> bytes:
    """Give the script that is signed: before segwit, signatures in it are cut out first."""
    code = machine.script[machine.code_start :]
    if machine.is_witness:
        return code
    for signature in signatures:
        if signature not in code:
            continue
        rest = find_and_delete(code, push_data(signature))
        if len(rest) != len(code) and machine.flags & f.CONST_SCRIPTCODE:
            raise ScriptError(ScriptFailure.SIG_FINDANDDELETE)
        code = rest
    return code
