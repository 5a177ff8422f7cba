"""A revocation or hold in words: why, by whom, since when, and where it stands."""

from __future__ import annotations

from ccxx_cert.standing import Authority, Revocation
from ccxx_core.hashes import format_hash
from ccxx_explorer.facts import RevocationFacts
from ccxx_explorer.wording import format_time, reason_of_revocation, since_words

_SPEAKERS = {
    Authority.ROOT_CREDIT: "the owner of the root credit",
    Authority.ROOT: "the root",
    Authority.ISSUER: "the issuer",
    Authority.PERMIT: "root, issuer and issuing system together",
}


def revocation_facts(revocation: Revocation | None) -> RevocationFacts | None:
    """Build the facts of a revocation."""
    if revocation is None:
        return None
    evidence = revocation.evidence.hex() if any(revocation.evidence) else None
    return RevocationFacts(
        reason=int(revocation.reason),
        since=revocation.since,
        evidence=evidence,
        by=str(revocation.by),
        txid=format_hash(revocation.txid),
        height=revocation.moment.height,
        time=revocation.moment.time,
        words=revocation_words(revocation),
    )


def revocation_words(revocation: Revocation) -> str:
    """Say a revocation as the end of a sentence: `was revoked by the issuer in block 7 …`."""
    moment = revocation.moment
    verb = "was suspended" if revocation.is_hold else "was revoked"
    words = (
        f"{verb} by {_SPEAKERS[revocation.by]} in block {moment.height:,}"
        f" ({format_time(moment.time)}), reason: {reason_of_revocation(revocation.reason)}"
    )
    if revocation.since:
        words += f", since {since_words(revocation.since)}"
    if any(revocation.evidence):
        words += f"; evidence {revocation.evidence.hex()}"
    return f"{words}; transaction {format_hash(revocation.txid)}"
