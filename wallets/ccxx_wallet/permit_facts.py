"""Permits as JSON, the same in every wallet."""

from typing import Any

from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.identity import format_outpoint, parse_outpoint
from ccxx_cert.standing import Revocation
from ccxx_cert.state import Permit, get_permit
from ccxx_cert.status import Status
from ccxx_core.address import encode_address
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.live import LiveWallet


def permit_facts(permit: Permit, status: Status, network: Network) -> dict[str, Any]:
    """Give a permit as JSON; the issuer's key is null until its first certificate shows it."""
    message = permit.message
    return {
        "id": format_outpoint(permit.id),
        "code": message.code,
        "title": message.title,
        "status": str(status),
        "quantity": message.quantity,
        "issued": permit.issued,
        "left": permit.credit // CERTIFICATE_VALUE,
        "transferable": message.transferable,
        "custody": message.custody.label,
        "expiry_kind": message.expiry_kind.label,
        "expiry": message.expiry or None,
        "granted_height": permit.granted.height,
        "address": encode_address(permit.script_pubkey, network),
        "issuer_key": None if permit.issuer_key is None else permit.issuer_key.hex(),
        "typedef_hash": message.typedef_hash.hex(),
        "revocation": revocation_facts(permit.revocation),
        "rekeyed_height": None if permit.rekeyed is None else permit.rekeyed.moment.height,
        "closed_height": None if permit.closed is None else permit.closed.moment.height,
    }


def revocation_facts(revocation: Revocation | None) -> dict[str, Any] | None:
    """Give a revocation or hold as JSON, None where there is none."""
    if revocation is None:
        return None
    return {
        "reason": revocation.reason.name.lower().replace("_", "-"),
        "by": str(revocation.by),
        "txid": format_hash(revocation.txid),
        "height": revocation.moment.height,
        "since": revocation.since or None,
        "evidence": revocation.evidence.hex() if any(revocation.evidence) else None,
    }


def find_permit(live: LiveWallet, text: str) -> Permit:
    """Find a permit by `txid:vout`, or by its code if only one has it, the pool's included.

    Raises WalletError UNKNOWN_PERMIT.
    """
    if ":" not in text:
        return _by_code(live, text)
    try:
        permit = get_permit(live.ahead, parse_outpoint(text))
    except DecodeError as error:
        raise WalletError(Refusal.UNKNOWN_PERMIT, f"{text!r}: {error}; see permit list") from error
    if permit is None:
        raise WalletError(Refusal.UNKNOWN_PERMIT, f"no permit {text} on the chain; see permit list")
    return permit


def _by_code(live: LiveWallet, code: str) -> Permit:
    found = [each for each in live.permits() if each.message.code == code]
    if len(found) != 1:
        ids = ", ".join(format_outpoint(each.id) for each in found[:5])
        raise WalletError(
            Refusal.UNKNOWN_PERMIT,
            f"several permits have the code {code}; give one of {ids}"
            if found
            else f"no permit has the code {code[:70]!r}; give its txid:vout, see permit list",
        )
    return get_permit(live.ahead, found[0].id) or found[0]
