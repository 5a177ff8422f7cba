"""Certificates as JSON, the same in every wallet."""

from collections.abc import Mapping
from typing import Any

from ccxx_cert.identity import (
    certificate_id,
    format_outpoint,
    identity_hash,
    parse_certificate_id,
    parse_outpoint,
)
from ccxx_cert.recovery import recovery_path
from ccxx_cert.state import Certificate, RegistryView, get_certificate, get_permit
from ccxx_cert.status import certificate_status, confirmations, revocation_of
from ccxx_core.address import encode_address
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network
from ccxx_core.transaction import OutPoint
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.labels import Kind
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.permit_facts import revocation_facts


def certificate_facts(live: LiveWallet, certificate: Certificate) -> dict[str, Any]:
    """Give a certificate as JSON; its status is that of the tip, or pending."""
    view: RegistryView = live.ahead
    permit = get_permit(view, certificate.permit_id)
    network = live.wallet.network
    status = certificate_status(
        view, certificate, live.tip_height, live.wallet.store.tip_median_time()
    )
    # An opaque one is taken to lie under its type's policy, until its script is shown.
    custody = certificate.holding.custody or certificate.policy
    path = recovery_path(certificate, custody)
    return {
        "id": format_outpoint(certificate.id),
        "short_id": certificate_id(certificate.id),
        "title": None if permit is None else permit.message.title,
        "label": certificate_label(live, certificate, certificate.holder_key),
        "serial": certificate.serial,
        "status": str(status),
        "as_of": as_of(live),
        "confirmations": max(0, confirmations(certificate, live.tip_height)),
        "permit": format_outpoint(certificate.permit_id),
        "transferable": permit is not None and permit.message.transferable,
        "summary": certificate.text or None,
        "document_hash": None if certificate.doc_hash is None else certificate.doc_hash.hex(),
        "batch": None if certificate.batch is None else certificate.batch[::-1].hex(),
        "leaf": certificate.leaf,
        "issuer_key": certificate.issuer_key.hex(),
        "holder_key": None if certificate.holder_key is None else certificate.holder_key.hex(),
        "address": encode_address(certificate.script_pubkey, network),
        "issued_height": certificate.issued.height,
        "expires_height": certificate.expires_height,
        "expires_time": certificate.expires_time,
        "revocation": revocation_facts(revocation_of(view, certificate)),
        "policy": custody.label,
        "recovery_opens": None if path is None else path.opens_height,
        "custody": [_holding(station, network) for station in certificate.holdings],
    }


def as_of(live: LiveWallet) -> dict[str, Any]:
    """Give the block up to which a status holds, as JSON."""
    tip = live.wallet.store.tip()
    return {"height": live.tip_height, "block": None if tip is None else format_hash(tip[1])}


def standing(facts: Mapping[str, Any]) -> str:
    """Say in a line what the facts of a certificate say of its status, and as of which block."""
    return f"{facts['status']} as of block {facts['as_of']['height']}"


def certificate_label(
    live: LiveWallet, certificate: Certificate, holder_key: bytes | None
) -> str | None:
    """Return the owner's words for a certificate, else those for the key that holds it."""
    store = live.wallet.store
    own = store.label(Kind.OUTPUT, format_outpoint(certificate.id))
    return own or (None if holder_key is None else store.label(Kind.PUBKEY, holder_key.hex()))


def find_certificate(live: LiveWallet, text: str) -> Certificate:
    """Find a certificate by `txid:vout` or its `ccert…` id.

    Raises WalletError UNKNOWN_CERTIFICATE.
    """
    certificate = _by_id(live, text) if text.lower().startswith("ccert") else _by_place(live, text)
    if certificate is None:
        raise WalletError(
            Refusal.UNKNOWN_CERTIFICATE,
            f"no certificate {text} on the chain; check the id, or wait for its block",
        )
    return certificate


def _by_place(live: LiveWallet, text: str) -> Certificate | None:
    try:
        outpoint: OutPoint = parse_outpoint(text)
    except DecodeError as error:
        raise WalletError(
            Refusal.UNKNOWN_CERTIFICATE, f"{text!r} is neither txid:vout nor ccert…: {error}"
        ) from error
    return get_certificate(live.ahead, outpoint)


def _by_id(live: LiveWallet, text: str) -> Certificate | None:
    try:
        wanted = parse_certificate_id(text)
    except DecodeError as error:
        raise WalletError(Refusal.UNKNOWN_CERTIFICATE, f"{text}: {error}; check it") from error
    ahead = [each for each in live.ahead.ahead() if isinstance(each, Certificate)]
    for certificate in [*ahead, *live.registry.certificates()]:
        if identity_hash(certificate.id)[: len(wanted)] == wanted:
            return certificate
    return None


def _holding(station: Any, network: Network) -> dict[str, Any]:
    return {
        "step": str(station.step),
        "height": station.moment.height,
        "location": format_outpoint(station.location),
        "address": encode_address(station.script_pubkey, network),
        "holder_key": None if station.holder_key is None else station.holder_key.hex(),
    }
