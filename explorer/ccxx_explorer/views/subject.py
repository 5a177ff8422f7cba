"""What a certificate is, whose it is, and whom the file itself names."""

from __future__ import annotations

from ccxx_cert.canonical import decode_json
from ccxx_core.errors import DecodeError
from ccxx_explorer.facts import CertificateFacts
from ccxx_explorer.facts.verification import SubjectFacts
from ccxx_explorer.wording import printable

_LONGEST_NAME = 200
_PLACES = (("credentialSubject", "name"), ("holder", "name"), ("name",))


def subject_facts(facts: CertificateFacts, credential: bytes | None) -> SubjectFacts:
    """Name a certificate, and whom its document names where that is JSON that was sent."""
    definition, permit = facts.definition, facts.permit
    return SubjectFacts(
        title=definition.title if definition else permit.title or permit.code,
        serial=facts.serial,
        issuer_name=definition.issuer_name if definition else None,
        claimed_name=None if credential is None else _claimed_name(credential),
    )


def _claimed_name(data: bytes) -> str | None:
    try:
        fields = decode_json(data)
    except DecodeError:
        return None
    for place in _PLACES:
        found = fields
        for key in place:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, str) and found.strip():
            return printable(found[:_LONGEST_NAME])
    return None
