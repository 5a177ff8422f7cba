"""How the history names certificates, and what a message without credit says of them."""

from ccxx_cert.identity import format_outpoint
from ccxx_cert.records import RevocationReason, RevokeMessage
from ccxx_cert.revocation import WHOLE
from ccxx_cert.state import Certificate, get_batch, get_certificate, get_permit
from ccxx_core.hashes import format_hash
from ccxx_core.transaction import OutPoint
from ccxx_wallet.labels import Kind
from ccxx_wallet.live import LiveWallet


def certificate_name(live: LiveWallet, certificate: Certificate) -> str:
    """Name a certificate by its serial, its title, its id and its owner's label."""
    permit = get_permit(live.ahead, certificate.permit_id)
    title = "" if permit is None else f" “{permit.message.title}”"
    label = live.wallet.store.label(Kind.OUTPUT, format_outpoint(certificate.id))
    place = format_outpoint(certificate.id) + (f", {label}" if label else "")
    return f"certificate {certificate.serial}{title} ({place})"


def return_words(live: LiveWallet, certificate: Certificate, is_issuer: bool) -> str:
    """Say that a certificate was surrendered, and to its issuer what came back by it."""
    words = f"{certificate_name(live, certificate)} surrendered"
    permit = get_permit(live.ahead, certificate.permit_id)
    if permit is None or not is_issuer:
        return words
    return f"{words} by its holder: permit {permit.message.code} may issue one more"


def revocation_words(live: LiveWallet, message: RevokeMessage) -> str:
    """Say what a REVOKE says of a certificate, a batch or a permit."""
    return f"{_subject(live, message)} {reason_words(message.reason)}"


def reason_words(reason: RevocationReason) -> str:
    """Say what a reason does, and the reason itself where it is final."""
    if reason is RevocationReason.HOLD:
        return "suspended"
    if reason is RevocationReason.REMOVE_FROM_HOLD:
        return "reinstated"
    return f"revoked ({reason.name.lower().replace('_', ' ')})"


def _subject(live: LiveWallet, message: RevokeMessage) -> str:
    if message.vout != WHOLE:
        place = OutPoint(message.txid, message.vout)
        certificate = get_certificate(live.ahead, place)
        known = None if certificate is None else certificate_name(live, certificate)
        return known or f"certificate {format_outpoint(place)}"
    permit = get_permit(live.ahead, OutPoint(message.txid, 0))
    if permit is not None:
        return f"permit {permit.message.code} ({format_outpoint(permit.id)})"
    batch = get_batch(live.ahead, message.txid)
    count = "" if batch is None else f"all {batch.message.count} certificates of "
    return f"{count}batch {format_hash(message.txid)}"
