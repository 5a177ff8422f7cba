"""Scripts of permits and certificates, and who is who in them (section 1)."""

from enum import StrEnum

from ccxx_cert.records import Custody
from ccxx_core.errors import DecodeError
from ccxx_core.script import (
    ScriptKind,
    is_p2sh,
    p2sh_script,
    p2wsh_script,
    read_ops,
    solve_script,
    sorted_multisig_script,
    witness_program,
)
from ccxx_core.spending import RECOVERY_DELAY, parse_recoverable, recoverable_script
from ccxx_core.transaction import TxInput

CERTIFICATE_VALUE = 100_000  # satoshis: one certificate is exactly 0.001 CCXX


class Wrap(StrEnum):
    """How a script is hidden behind its hash in an output."""

    P2WSH = "p2wsh"
    P2SH = "p2sh"


def permit_script(root_key: bytes, issuer_key: bytes, system_key: bytes) -> bytes:
    """Return the 3-of-3 of R, I and S in BIP 67 order."""
    return sorted_multisig_script(3, (root_key, issuer_key, system_key))


def certificate_script(
    root_key: bytes, issuer_key: bytes, holder_key: bytes, custody: Custody
) -> bytes:
    """Return the script of a certificate under a custody policy."""
    match custody:
        case Custody.THREE_OF_THREE:
            return sorted_multisig_script(3, (root_key, issuer_key, holder_key))
        case Custody.RECOVERABLE:
            return recoverable_script(root_key, issuer_key, holder_key, RECOVERY_DELAY)
        case Custody.TWO_OF_THREE:
            return sorted_multisig_script(2, (root_key, issuer_key, holder_key))


def wrap(script: bytes, how: Wrap | str = Wrap.P2WSH) -> bytes:
    """Return the output script that pays to a script's hash."""
    return p2wsh_script(script) if Wrap(how) is Wrap.P2WSH else p2sh_script(script)


def wraps_of(custody: Custody) -> tuple[Wrap, ...]:
    """Return the wraps that a custody policy allows: miniscript lives in P2WSH only."""
    return (Wrap.P2WSH,) if custody is Custody.RECOVERABLE else (Wrap.P2WSH, Wrap.P2SH)


def is_wrapped(script: bytes, script_pubkey: bytes, custody: Custody) -> bool:
    """Tell whether an output pays to a certificate script in a wrap that its policy allows."""
    return any(wrap(script, how) == script_pubkey for how in wraps_of(custody))


def revealed_script(tx_input: TxInput, script_pubkey: bytes) -> bytes | None:
    """Return the script that an input shows for the output it spends, None where it shows none."""
    script = _shown_by(tx_input, script_pubkey)
    return script if script is not None and opens(script, script_pubkey) else None


def opens(script: bytes, script_pubkey: bytes) -> bool:
    """Tell whether a script is the one behind an output's hash, in either wrap."""
    return script_pubkey in (p2wsh_script(script), p2sh_script(script))


def third_key(script: bytes, one: bytes, other: bytes, required: int = 3) -> bytes | None:
    """Return the key that shares a sorted multisig of three with two known keys.

    None where the script is anything else: another threshold, another order, another key.
    """
    solved = solve_script(script)
    if solved.kind is not ScriptKind.MULTISIG or len(solved.solutions) != 3:
        return None
    unknown = list(solved.solutions)
    for known in (one, other):
        if known not in unknown:
            return None
        unknown.remove(known)
    (third,) = unknown
    is_ours = script == sorted_multisig_script(required, (one, other, third))
    return third if is_ours and len(third) == 33 else None


def holder_of(script: bytes, root_key: bytes, issuer_key: bytes) -> tuple[bytes, Custody] | None:
    """Return the holder's key and the policy of a certificate script, None for another script."""
    for required, custody in ((3, Custody.THREE_OF_THREE), (2, Custody.TWO_OF_THREE)):
        holder_key = third_key(script, root_key, issuer_key, required)
        if holder_key is not None:
            return holder_key, custody
    recoverable = parse_recoverable(script)
    if recoverable is not None:
        (root, issuer, holder), delay = recoverable
        if (root, issuer, delay) == (root_key, issuer_key, RECOVERY_DELAY):
            return holder, Custody.RECOVERABLE
    return None


def _shown_by(tx_input: TxInput, script_pubkey: bytes) -> bytes | None:
    if witness_program(script_pubkey) is not None:
        return tx_input.witness[-1] if tx_input.witness else None
    if not is_p2sh(script_pubkey):
        return None
    pushes = _pushes(tx_input.script_sig)
    return pushes[-1] if pushes else None


def _pushes(script: bytes) -> list[bytes]:
    try:
        return [data for _, data, _ in read_ops(script) if data]
    except DecodeError:
        return []
