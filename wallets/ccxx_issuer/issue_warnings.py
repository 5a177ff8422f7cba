"""What an issuer should think about before a certificate is signed; none of it breaks a rule."""

from collections.abc import Iterator
from typing import Any

from ccxx_cert.canonical import decode_json
from ccxx_cert.document import Media, did_key
from ccxx_cert.identity import format_outpoint
from ccxx_cert.recognize import read_message
from ccxx_cert.records import IssueMessage
from ccxx_cert.state import Certificate, Permit
from ccxx_core.transaction import OutPoint
from ccxx_issuer.permits import own_permits
from ccxx_wallet.drafts import name_draft
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.store import StoredDocument
from ccxx_wallet.watch import holder_scripts


def waiting_permits(live: LiveWallet, chosen: Permit, named: OutPoint | None) -> list[str]:
    """Name the permits that were passed over because they are in no block yet."""
    if named is not None:
        return []
    return [
        f"permit {permit.message.code} ({format_outpoint(permit.id)}) waits for its block and was"
        f" passed over; this uses {chosen.message.code} ({format_outpoint(chosen.id)})"
        for permit, _, _ in own_permits(live)
        if permit.granted.height > live.tip_height and permit.id != chosen.id
    ]


def same_again(
    live: LiveWallet, permit: Permit, holder_key: bytes, document_hash: bytes
) -> list[str]:
    """Say where this document was certified to this key before, or is about to be."""
    issuer_keys = [key for each, key, _ in own_permits(live) if each.id == permit.id]
    scripts = [
        script
        for issuer_key in issuer_keys
        for script in holder_scripts(permit.root_key, issuer_key, holder_key)
    ]
    return [
        f"the same document was certified to the same key before: {place}"
        for place in (
            *_certificates(live, scripts, document_hash),
            *_drafts(live, scripts, document_hash),
        )
    ]


def contradictions(document: StoredDocument, serial: int, holder_key: bytes) -> list[str]:
    """Say where a JSON credential names another serial or another holder than its certificate."""
    if document.media_type != Media.CREDENTIAL:
        return []
    credential = decode_json(document.body)
    found = []
    named = _member(_member(credential, "certificate"), "serial")
    if named is not None and named != serial:
        found.append(
            f"the document names serial {str(named)[:40]}, the certificate gets serial {serial};"
            " correct the document, or give its --serial"
        )
    holder = _member(_member(credential, "credentialSubject"), "id")
    if str(holder).startswith("did:key:") and holder != did_key(holder_key):
        found.append(
            f"the document names another holder, {str(holder)[:80]}, than the key that gets the"
            f" certificate, which is {did_key(holder_key)}"
        )
    return found


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _certificates(live: LiveWallet, scripts: list[bytes], document_hash: bytes) -> Iterator[str]:
    stored = (each for script in scripts for each in live.registry.certificates_at(script))
    ahead = (
        each
        for each in live.ahead.ahead()
        if isinstance(each, Certificate) and each.script_pubkey in scripts
    )
    found = {each.id: each for each in (*stored, *ahead)}
    for certificate in found.values():
        if certificate.doc_hash == document_hash and certificate.location is not None:
            yield f"certificate {certificate.serial} ({format_outpoint(certificate.id)})"


def _drafts(live: LiveWallet, scripts: list[bytes], document_hash: bytes) -> Iterator[str]:
    for draft in live.wallet.store.drafts():
        reading = read_message(draft.transaction)
        message = None if reading is None else reading.message
        if (
            isinstance(message, IssueMessage)
            and message.doc_hash == document_hash
            and draft.transaction.outputs[0].script_pubkey in scripts
        ):
            yield name_draft(draft)
