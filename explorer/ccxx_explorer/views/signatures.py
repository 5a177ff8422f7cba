"""Whose signatures an input carries: the keys that it shows, the role of each, and who signed.

Where all keys of a script must sign, the chain itself has checked that they did. Where some are
enough, each signature is tried against each key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ccxx_cert.custody import revealed_script
from ccxx_cert.trust import TrustAnchor
from ccxx_core.errors import DecodeError
from ccxx_core.keys import make_verifier
from ccxx_core.script import ScriptKind, read_ops, solve_script
from ccxx_core.spending import Lock, SpendingError, Template, open_lock
from ccxx_core.transaction import Transaction, TxInput, TxOutput
from ccxx_explorer.facts.life import KeyFacts

# What is said of keys that nobody has named.
NAMELESS = frozenset({"owner", "unknown"})
_MOST_SIGNATURES = 20


def input_keys(
    tx: Transaction, index: int, spent: TxOutput, roles: Mapping[bytes, str]
) -> tuple[KeyFacts, ...]:
    """Name the keys that an input shows; `roles` names keys, and scripts of a single key.

    `signed` is None where the signatures do not tell.
    """
    tx_input = tx.inputs[index]
    revealed = revealed_script(tx_input, spent.script_pubkey)
    lock = _lock(spent, revealed)
    if lock is not None and lock.template in (Template.MULTISIG, Template.RECOVERABLE):
        return tuple(_shared_keys(tx, index, lock, roles))
    solved = solve_script(revealed if revealed is not None else spent.script_pubkey)
    key = solved.solutions[0] if solved.kind is ScriptKind.PUBKEY else None
    shown = key or _shown_key(tx_input, solved.kind)
    if shown is None:
        return ()
    role = roles.get(shown) or roles.get(spent.script_pubkey) or "owner"
    return (KeyFacts(shown.hex(), role, True),)


def anchor_roles(anchor: TrustAnchor) -> dict[bytes, str]:
    """Name the keys of the root and its successors, and the scripts of root credit."""
    roles: dict[bytes, str] = {}
    for root in anchor.roots:
        roles |= {
            root.script: "root credit",
            root.root_key: "root",
            root.system_key: "issuing system",
        }
    return roles


def named_signers(keys: Iterable[KeyFacts]) -> tuple[KeyFacts, ...]:
    """Keep each key that has a role once; one that signed anywhere has signed."""
    found: dict[str, KeyFacts] = {}
    for key in keys:
        if key.role not in NAMELESS and (key.key not in found or key.signed):
            found[key.key] = key
    return tuple(found.values())


def _lock(spent: TxOutput, revealed: bytes | None) -> Lock | None:
    try:
        return open_lock(spent, revealed, revealed)
    except SpendingError:
        return None


def _shared_keys(
    tx: Transaction, index: int, lock: Lock, roles: Mapping[bytes, str]
) -> Iterator[KeyFacts]:
    everybody = lock.template is Template.MULTISIG and lock.required == len(lock.keys)
    signers = frozenset(lock.keys) if everybody else _signers(tx, index, lock)
    for key in lock.keys:
        signed = None if signers is None else key in signers
        yield KeyFacts(key.hex(), roles.get(key, "unknown"), signed)


def _signers(tx: Transaction, index: int, lock: Lock) -> frozenset[bytes] | None:
    """Find out which keys signed, None where too few signatures fit for the chain to take it."""
    verify = make_verifier()
    found = set()
    for signature in _signatures(tx.inputs[index]):
        digest = lock.digest(tx, index, signature[-1])
        found |= {key for key in lock.keys if verify(key, signature[:-1], digest)}
    # The recovery branch asks for root and issuer alone.
    enough = 2 if lock.template is Template.RECOVERABLE else lock.required
    return frozenset(found) if len(found) >= enough else None


def _signatures(tx_input: TxInput) -> list[bytes]:
    """Give what may be signatures: everything below the script but the empty items."""
    items = list(tx_input.witness[:-1]) if tx_input.witness else _pushes(tx_input.script_sig)[:-1]
    return [item for item in items if len(item) > 1][:_MOST_SIGNATURES]


def _pushes(script: bytes) -> list[bytes]:
    try:
        return [data for _, data, _ in read_ops(script) if data]
    except DecodeError:
        return []


def _shown_key(tx_input: TxInput, kind: ScriptKind) -> bytes | None:
    if kind is ScriptKind.WITNESS_V0_KEYHASH and len(tx_input.witness) == 2:
        return tx_input.witness[1]
    if kind is ScriptKind.PUBKEYHASH:
        pushes = _pushes(tx_input.script_sig)
        return pushes[-1] if pushes and len(pushes[-1]) in (33, 65) else None
    return None
