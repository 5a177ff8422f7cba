"""Whose signatures an input carries: the keys that it shows, the role of each, and who signed.

Where all keys of a script must sign, the chain itself has checked that they did. Where some are
enough, each signature is tried against each key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ccxx_cert.state import Certificate, Permit
from ccxx_cert.trust import TrustAnchor
from ccxx_core.errors import DecodeError
from ccxx_core.keys import make_verifier
from ccxx_core.script import is_key_shaped, is_p2sh, read_ops
from ccxx_core.sighash import SIGHASH_ALL, SIGHASH_ANYONECANPAY, SIGHASH_NONE, SIGHASH_SINGLE
from ccxx_core.spending import Lock, SpendingError, Template, open_lock
from ccxx_core.transaction import Transaction, TxInput, TxOutput
from ccxx_explorer.facts.life import KeyFacts

# What is said of keys that nobody has named.
NAMELESS = frozenset({"owner", "unknown"})
_MOST_SIGNATURES = 20
# The shortest DER signature with its hash type.
_SHORTEST = 9
_SIGHASHES = {SIGHASH_ALL: "ALL", SIGHASH_NONE: "NONE", SIGHASH_SINGLE: "SINGLE"}


def open_input(tx_input: TxInput, spent: TxOutput) -> Lock | None:
    """Open the coin that an input spends by what the input shows; None for an unknown script."""
    pushes = _pushes(tx_input.script_sig)
    redeem = pushes[-1] if pushes and is_p2sh(spent.script_pubkey) else None
    witness = tx_input.witness[-1] if tx_input.witness else None
    shown = frozenset(item for item in (*pushes, *tx_input.witness) if is_key_shaped(item))
    try:
        return open_lock(spent, redeem, witness, shown)
    except SpendingError:
        return None


def input_keys(
    tx: Transaction, index: int, spent: TxOutput, roles: Mapping[bytes, str]
) -> tuple[KeyFacts, ...]:
    """Name the keys that an input shows; `roles` names keys, and scripts of a single key.

    `signed` is None where the signatures do not tell.
    """
    lock = open_input(tx.inputs[index], spent)
    if lock is None:
        return ()
    signatures = _signatures(tx.inputs[index], lock)
    if lock.template in (Template.KEY, Template.KEY_HASH):
        covers = sighash_name(signatures[0]) if signatures else None
        return tuple(
            KeyFacts(
                key.hex(), roles.get(key) or roles.get(spent.script_pubkey) or "owner", True, covers
            )
            for key in lock.keys
        )
    return _shared_keys(lock, _match(tx, index, lock, signatures), roles)


def sighash_name(signature: bytes) -> str | None:
    """Name what a signature covers, as Bitcoin does: `ALL`, `NONE|ANYONECANPAY`, `0x41`."""
    if len(signature) < _SHORTEST:
        return None
    hash_type = signature[-1]
    name = _SIGHASHES.get(hash_type & ~SIGHASH_ANYONECANPAY)
    if name is None:
        return f"0x{hash_type:02x}"
    return f"{name}|ANYONECANPAY" if hash_type & SIGHASH_ANYONECANPAY else name


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


def key_roles(
    anchor: TrustAnchor | None, permits: Iterable[Permit], certificates: Iterable[Certificate]
) -> dict[bytes, str]:
    """Name the keys of root and issuing system, and those of some permits and certificates."""
    if anchor is None:
        return {}
    roles = anchor_roles(anchor)
    for permit in permits:
        if permit.issuer_key is not None:
            roles[permit.issuer_key] = "issuer"
    for certificate in certificates:
        roles[certificate.issuer_key] = "issuer"
        for holding in certificate.holdings:
            if holding.holder_key is not None:
                roles.setdefault(holding.holder_key, "holder")
    return roles


def named_signers(keys: Iterable[KeyFacts]) -> tuple[KeyFacts, ...]:
    """Keep each key that has a role once; one that signed anywhere has signed."""
    found: dict[str, KeyFacts] = {}
    for key in keys:
        if key.role not in NAMELESS and (key.key not in found or key.signed):
            found[key.key] = key
    return tuple(found.values())


def _shared_keys(
    lock: Lock, matched: Mapping[bytes, bytes] | None, roles: Mapping[bytes, str]
) -> tuple[KeyFacts, ...]:
    facts = []
    for key in lock.keys:
        signature = matched.get(key) if matched is not None else None
        facts.append(
            KeyFacts(
                key.hex(),
                roles.get(key, "unknown"),
                None if matched is None else signature is not None,
                sighash_name(signature) if signature is not None else None,
            )
        )
    return tuple(facts)


def _match(
    tx: Transaction, index: int, lock: Lock, signatures: Sequence[bytes]
) -> Mapping[bytes, bytes] | None:
    """Find each key's signature, None where too few fit for the chain to take the input."""
    everybody = lock.template is Template.MULTISIG and lock.required == len(lock.keys)
    if everybody and len(signatures) == len(lock.keys):
        # Signatures stand in the order of their keys.
        return dict(zip(lock.keys, signatures, strict=True))
    if everybody:
        return dict.fromkeys(lock.keys, b"")
    verify = make_verifier()
    found: dict[bytes, bytes] = {}
    for signature in signatures:
        digest = lock.digest(tx, index, signature[-1])
        found |= {key: signature for key in lock.keys if verify(key, signature[:-1], digest)}
    # The recovery branch asks for root and issuer alone.
    enough = 2 if lock.template is Template.RECOVERABLE else lock.required
    return found if len(found) >= enough else None


def _signatures(tx_input: TxInput, lock: Lock) -> list[bytes]:
    """Give what may be signatures: all that an input shows but its scripts, keys and blanks."""
    items = tx_input.witness if lock.is_segwit else _pushes(tx_input.script_sig)
    others = (lock.redeem_script, lock.witness_script, *lock.keys)
    kept = [item for item in items if len(item) > 1 and item not in others]
    return kept[:_MOST_SIGNATURES]


def _pushes(script: bytes) -> list[bytes]:
    try:
        return [data for _, data, _ in read_ops(script) if data]
    except DecodeError:
        return []
