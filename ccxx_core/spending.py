"""How a standard output is unlocked: which keys sign which digest, and where the signatures go.

Known are P2PK, P2PKH, P2WPKH, bare multisig, multisig in P2SH or P2WSH (or P2WSH in P2SH) and the
recoverable custody. A finaliser needs no more, and refuses everything else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from ccxx_core.errors import CcxxError, DecodeError
from ccxx_core.hashes import hash160, sha256
from ccxx_core.opcodes import Op
from ccxx_core.script import (
    ScriptKind,
    build_script,
    is_p2sh,
    multisig_script,
    p2pkh_script,
    push_data,
    read_ops,
    solve_script,
    witness_program,
)
from ccxx_core.sighash import legacy_sighash, segwit_sighash
from ccxx_core.transaction import Transaction, TxOutput

# BIP 68: the lock is in blocks in the low 16 bits, unless one of these bits is set.
SEQUENCE_DISABLED = 1 << 31
SEQUENCE_IN_SECONDS = 1 << 22
SEQUENCE_MASK = 0xFFFF
# Blocks of 150 seconds: about three months without a refresh before root and issuer may re-key.
RECOVERY_DELAY = 52_560


class SpendingError(CcxxError):
    """The output cannot be spent with what is known about it."""


class Template(Enum):
    """The shapes of a script that we can unlock."""

    KEY = auto()
    KEY_HASH = auto()
    MULTISIG = auto()
    RECOVERABLE = auto()


@dataclass(frozen=True, slots=True)
class Lock:
    """An output with its scripts opened: who must sign, and the digest's script code.

    ``keys`` stand in the order of the script; a key hash that no known key matches gives none.
    ``delay`` is the recovery delay in blocks, 0 if the template has none.
    """

    template: Template
    script: bytes
    keys: tuple[bytes, ...]
    required: int
    redeem_script: bytes
    witness_script: bytes
    is_segwit: bool
    output: TxOutput
    delay: int = 0

    def digest(self, tx: Transaction, index: int, hash_type: int) -> bytes:
        """Give the digest (32 bytes) that signatures of this input sign."""
        if self.is_segwit:
            return segwit_sighash(tx, index, self.script, self.output.value, hash_type)
        return legacy_sighash(tx, index, self.script, hash_type)

    def can_recover(self, tx: Transaction, index: int) -> bool:
        """Tell whether the input asks for the recovery branch: its sequence waits out the delay."""
        sequence = tx.inputs[index].sequence
        return (
            self.template is Template.RECOVERABLE
            and tx.version >= 2
            and not sequence & (SEQUENCE_DISABLED | SEQUENCE_IN_SECONDS)
            and sequence & SEQUENCE_MASK >= self.delay
        )


def recoverable_script(root: bytes, issuer: bytes, holder: bytes, delay: int) -> bytes:
    """Build ``or_d(multi(3,R,I,H),and_v(v:multi(2,R,I),older(delay)))`` as miniscript compiles it.

    ``delay`` is in blocks, from 17 to 65535.
    """
    if not 16 < delay <= SEQUENCE_MASK:
        raise ValueError(f"delay of {delay} blocks, need 17 to {SEQUENCE_MASK}")
    number = delay.to_bytes(delay.bit_length() // 8 + 1, "little")
    return (
        multisig_script(3, (root, issuer, holder))
        + build_script(Op.OP_IFDUP, Op.OP_NOTIF)
        + multisig_script(2, (root, issuer))[:-1]
        + build_script(Op.OP_CHECKMULTISIGVERIFY, number, Op.OP_CHECKSEQUENCEVERIFY, Op.OP_ENDIF)
    )


def parse_recoverable(script: bytes) -> tuple[tuple[bytes, bytes, bytes], int] | None:
    """Give ((root, issuer, holder), delay) if the script is a recoverable custody, else None."""
    try:
        pushes = [data for _, data, _ in read_ops(script) if data]
    except DecodeError:
        return None
    if len(pushes) != 6 or any(len(key) != 33 for key in pushes[:5]) or len(pushes[5]) > 3:
        return None
    root, issuer, holder, *_, number = pushes
    delay = int.from_bytes(number, "little")
    if not 16 < delay <= SEQUENCE_MASK or script != recoverable_script(root, issuer, holder, delay):
        return None
    return (root, issuer, holder), delay


def open_lock(
    output: TxOutput,
    redeem_script: bytes | None,
    witness_script: bytes | None,
    known_keys: frozenset[bytes] = frozenset(),
) -> Lock:
    """Open an output with the scripts behind its hashes; SpendingError if they do not fit.

    ``known_keys`` are searched for the key behind a key hash.
    """
    script, redeem, witness, is_segwit = output.script_pubkey, b"", b"", False
    if is_p2sh(script):
        redeem = _matching_script(redeem_script, script[2:22], hash160, "redeem script")
        script = redeem
    program = witness_program(script)
    if program is not None:
        if program[0] != 0 or len(program[1]) not in (20, 32):
            raise SpendingError("output has a witness program of an unknown version")
        is_segwit = True
        if len(program[1]) == 32:
            witness = _matching_script(witness_script, program[1], sha256, "witness script")
            script = witness
        else:
            # BIP 143: the script code of a key hash program is that of P2PKH.
            script = p2pkh_script(program[1])
    template, keys, required, delay = _recognise(script, is_segwit, known_keys)
    return Lock(template, script, keys, required, redeem, witness, is_segwit, output, delay)


def _matching_script(
    script: bytes | None, digest: bytes, hash_function: Callable[[bytes], bytes], name: str
) -> bytes:
    if script is None:
        raise SpendingError(f"the {name} is missing")
    if hash_function(script) != digest:
        raise SpendingError(f"the {name} does not match the output's hash")
    return script


def _recognise(
    script: bytes, is_segwit: bool, known_keys: frozenset[bytes]
) -> tuple[Template, tuple[bytes, ...], int, int]:
    """Give (template, keys, required signatures, delay) of the innermost script."""
    if is_segwit and (recoverable := parse_recoverable(script)) is not None:
        keys, delay = recoverable
        return Template.RECOVERABLE, keys, 3, delay
    solved = solve_script(script)
    match solved.kind:
        case ScriptKind.PUBKEY:
            return Template.KEY, solved.solutions, 1, 0
        case ScriptKind.PUBKEYHASH:
            matching = (key for key in sorted(known_keys) if hash160(key) == solved.solutions[0])
            return Template.KEY_HASH, tuple(matching)[:1], 1, 0
        case ScriptKind.MULTISIG:
            return Template.MULTISIG, solved.solutions, solved.required, 0
        case _:
            raise SpendingError("output has a script of an unknown kind")


def missing_keys(
    lock: Lock, tx: Transaction, index: int, signed: frozenset[bytes]
) -> tuple[bytes, ...]:
    """Give the keys that may still sign, none if the signatures suffice.

    Where only the hash of the key is known, the hash (20 bytes) stands for it.
    """
    if lock.can_recover(tx, index):
        return tuple(key for key in lock.keys[:2] if key not in signed)
    if not lock.keys:
        return solve_script(lock.script).solutions
    if len(signed.intersection(lock.keys)) >= lock.required:
        return ()
    return tuple(key for key in lock.keys if key not in signed)


def count_missing(lock: Lock, tx: Transaction, index: int, signed: frozenset[bytes]) -> int:
    """Tell how many signatures an input still needs: fewer than the keys that may give them."""
    able = missing_keys(lock, tx, index, signed)
    if lock.can_recover(tx, index):
        return len(able)
    return min(len(able), max(0, lock.required - len(signed.intersection(lock.keys))))


def unlock(
    lock: Lock, tx: Transaction, index: int, signatures: Mapping[bytes, bytes]
) -> tuple[bytes, tuple[bytes, ...]]:
    """Give (script_sig, witness) made of signatures by public key; SpendingError if too few."""
    items = _stack(lock, tx, index, signatures)
    if not lock.is_segwit:
        if lock.redeem_script:
            items.append(lock.redeem_script)
        return b"".join(map(push_data, items)), ()
    if lock.witness_script:
        items.append(lock.witness_script)
    return push_data(lock.redeem_script) if lock.redeem_script else b"", tuple(items)


def _stack(
    lock: Lock, tx: Transaction, index: int, signatures: Mapping[bytes, bytes]
) -> list[bytes]:
    """Give the stack, bottom first, that the innermost script needs."""
    present = [(key, signatures[key]) for key in lock.keys if key in signatures]
    enough = len(present) >= lock.required
    # The empty item is what CHECKMULTISIG takes off the stack beyond its arguments.
    if not enough and lock.can_recover(tx, index):
        pair = [signatures[key] for key in lock.keys[:2] if key in signatures]
        if len(pair) == 2:
            # Under it lie no signatures for the first branch: three empty ones and the extra.
            return [b"", *pair, b"", b"", b"", b""]
    if not enough or not present:
        raise SpendingError(f"input {index} has {len(present)} of {lock.required} signatures")
    chosen = [signature for _, signature in present[: lock.required]]
    match lock.template:
        case Template.KEY:
            return chosen
        case Template.KEY_HASH:
            return [chosen[0], present[0][0]]
        case Template.MULTISIG | Template.RECOVERABLE:
            return [b"", *chosen]
