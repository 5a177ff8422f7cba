"""Relay policy: what this node passes on, from the transaction and the coins it spends alone.

These are the rules of Bitcoin Core 0.17.1. Fee rates are satoshis per 1000 virtual bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ccxx_core.errors import DecodeError
from ccxx_core.script import (
    ScriptKind,
    count_sigops,
    is_p2sh,
    is_push_only,
    is_unspendable,
    read_ops,
    solve_script,
    witness_program,
)
from ccxx_core.transaction import WITNESS_SCALE_FACTOR, Transaction, TxInput, TxOutput
from ccxx_node.mempool.errors import PolicyError, PolicyReject

MAX_STANDARD_WEIGHT = 400_000
MAX_STANDARD_SIGOP_COST = 16_000
MAX_STANDARD_VERSION = 2
MIN_STANDARD_BASE_SIZE = 82
MAX_SCRIPT_SIG_SIZE = 1650
MAX_P2SH_SIGOPS = 15
MAX_BARE_MULTISIG_KEYS = 3
MAX_P2WSH_SCRIPT_SIZE = 3600
MAX_P2WSH_STACK_ITEMS = 100
MAX_P2WSH_STACK_ITEM_SIZE = 80

# What spending an output costs later: outpoint, length, signature and key, sequence.
_SPEND_SIZE = 32 + 4 + 1 + 107 + 4
_WITNESS_SPEND_SIZE = 32 + 4 + 1 + 107 // WITNESS_SCALE_FACTOR + 4


@dataclass(frozen=True, slots=True)
class ChainLimits:
    """How long chains of unconfirmed transactions may grow: counts and virtual bytes."""

    ancestors: int = 25
    ancestor_size: int = 101_000
    descendants: int = 25
    descendant_size: int = 101_000


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator may choose; `data_carrier` is the longest OP_RETURN script in bytes."""

    require_standard: bool = True
    min_relay_fee: int = 1000
    incremental_fee: int = 1000
    dust_fee: int = 3000
    data_carrier: int = 83
    bare_multisig: bool = True
    bytes_per_sigop: int = 20
    replacement: bool = False
    max_bytes: int = 300_000_000
    expiry_seconds: int = 336 * 3600
    limits: ChainLimits = field(default_factory=ChainLimits)


def fee_for(rate: int, size: int) -> int:
    """Return the fee in satoshis for `size` virtual bytes at a rate per 1000."""
    fee = rate * size // 1000
    return 1 if fee == 0 and rate > 0 and size > 0 else fee


def virtual_size(weight: int, sigop_cost: int, bytes_per_sigop: int) -> int:
    """Return the size that fees are paid for: many signature operations count as bytes."""
    return -(-max(weight, sigop_cost * bytes_per_sigop) // WITNESS_SCALE_FACTOR)


def dust_threshold(output: TxOutput, dust_fee: int) -> int:
    """Return the value below which spending the output costs more than it is worth."""
    if is_unspendable(output.script_pubkey):
        return 0
    size = len(output.encode())
    size += _SPEND_SIZE if witness_program(output.script_pubkey) is None else _WITNESS_SPEND_SIZE
    return fee_for(dust_fee, size)


def check_standard(tx: Transaction, policy: Policy) -> None:
    """Check form, size and outputs against what is commonly used."""
    if not 1 <= tx.version <= MAX_STANDARD_VERSION:
        raise PolicyError(PolicyReject.VERSION)
    if tx.weight > MAX_STANDARD_WEIGHT:
        raise PolicyError(PolicyReject.TX_SIZE)
    for tx_input in tx.inputs:
        if len(tx_input.script_sig) > MAX_SCRIPT_SIG_SIZE:
            raise PolicyError(PolicyReject.SCRIPTSIG_SIZE)
        if not is_push_only(tx_input.script_sig):
            raise PolicyError(PolicyReject.SCRIPTSIG_NOT_PUSHONLY)
    kinds = [_check_standard_output(output, policy) for output in tx.outputs]
    if kinds.count(ScriptKind.NULLDATA) > 1:
        raise PolicyError(PolicyReject.MULTI_OP_RETURN)


def _check_standard_output(output: TxOutput, policy: Policy) -> ScriptKind:
    solved = solve_script(output.script_pubkey)
    match solved.kind:
        case ScriptKind.NONSTANDARD | ScriptKind.WITNESS_UNKNOWN:
            raise PolicyError(PolicyReject.SCRIPTPUBKEY)
        case ScriptKind.MULTISIG if len(solved.solutions) > MAX_BARE_MULTISIG_KEYS:
            raise PolicyError(PolicyReject.SCRIPTPUBKEY)
        case ScriptKind.MULTISIG if not policy.bare_multisig:
            raise PolicyError(PolicyReject.BARE_MULTISIG)
        case ScriptKind.NULLDATA if len(output.script_pubkey) > policy.data_carrier:
            raise PolicyError(PolicyReject.SCRIPTPUBKEY)
        case ScriptKind.NULLDATA:
            pass
        case _ if output.value < dust_threshold(output, policy.dust_fee):
            raise PolicyError(PolicyReject.DUST)
    return solved.kind


def check_base_size(tx: Transaction) -> None:
    """Refuse transactions smaller than any that pays somebody: 64 bytes could pass for a hash."""
    if len(tx.base) < MIN_STANDARD_BASE_SIZE:
        raise PolicyError(PolicyReject.TX_SIZE_SMALL)


def check_standard_inputs(tx: Transaction, scripts: Sequence[bytes]) -> None:
    """Check that spent scripts are of known kinds and redeem scripts are cheap to run."""
    for tx_input, script_pubkey in zip(tx.inputs, scripts, strict=True):
        kind = solve_script(script_pubkey).kind
        # A data output cannot be spent at all; the script check says so with a better reason.
        if kind is ScriptKind.NONSTANDARD:
            raise PolicyError(PolicyReject.NONSTANDARD_INPUTS)
        if kind is ScriptKind.SCRIPTHASH:
            redeem_script = last_push(tx_input.script_sig)
            if redeem_script is None or count_sigops(redeem_script, True) > MAX_P2SH_SIGOPS:
                raise PolicyError(PolicyReject.NONSTANDARD_INPUTS)


def check_standard_witness(tx: Transaction, scripts: Sequence[bytes]) -> None:
    """Check that witnesses belong to witness programs and are not bloated."""
    for tx_input, script_pubkey in zip(tx.inputs, scripts, strict=True):
        if tx_input.witness and not _is_standard_witness(tx_input, script_pubkey):
            raise PolicyError(PolicyReject.NONSTANDARD_WITNESS)


def _is_standard_witness(tx_input: TxInput, script_pubkey: bytes) -> bool:
    script: bytes | None = script_pubkey
    if is_p2sh(script_pubkey):
        script = last_push(tx_input.script_sig)
    program = None if script is None else witness_program(script)
    if program is None:
        return False
    if program[0] != 0 or len(program[1]) != 32:
        return True
    *items, witness_script = tx_input.witness
    return (
        len(witness_script) <= MAX_P2WSH_SCRIPT_SIZE
        and len(items) <= MAX_P2WSH_STACK_ITEMS
        and all(len(item) <= MAX_P2WSH_STACK_ITEM_SIZE for item in items)
    )


def last_push(script: bytes) -> bytes | None:
    """Return what a script of pushes leaves on top of the stack, or None if it leaves nothing."""
    top: bytes | None = None
    try:
        for opcode, data, _ in read_ops(script):
            top = data if data is not None else _small_number(opcode)
    except DecodeError:
        return None
    return top


def _small_number(opcode: int) -> bytes | None:
    # OP_1NEGATE, and OP_1 to OP_16: the only opcodes in a push-only script that carry no data.
    if opcode == 0x4F:
        return b"\x81"
    return bytes([opcode - 0x50]) if 0x51 <= opcode <= 0x60 else None
