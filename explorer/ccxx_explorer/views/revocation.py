"""A revocation or hold in words: why, by whom, since when, and where it stands."""

from __future__ import annotations

from ccxx_cert.standing import Authority, Revocation
from ccxx_core.hashes import format_hash
from ccxx_explorer.facts import RevocationFacts
from ccxx_explorer.language import N_, say
from ccxx_explorer.wording import format_time, reason_of_revocation, since_words


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
    """Say who revoked or suspended it, when and why, in whole sentences."""
    sentences = [_who_and_why(revocation)]
    if revocation.since:
        sentences.append(say("That holds since %(since)s.", since=since_words(revocation.since)))
    if any(revocation.evidence):
        evidence = revocation.evidence.hex()
        sentences.append(say("Evidence was named with it: SHA-256 %(hash)s.", hash=evidence))
    return " ".join(sentences)


def _who_and_why(revocation: Revocation) -> str:
    moment = revocation.moment
    values = {
        "height": moment.height,
        "time": format_time(moment.time),
        "reason": reason_of_revocation(revocation.reason),
    }
    sentences = _SUSPENDED if revocation.is_hold else _REVOKED
    return say(sentences[revocation.by], **values)


_REVOKED = {
    Authority.ROOT_CREDIT: N_(
        "It was revoked by the owner of the root credit in block %(height)s (%(time)s): %(reason)s."
    ),
    Authority.ROOT: N_("It was revoked by the root in block %(height)s (%(time)s): %(reason)s."),
    Authority.ISSUER: N_(
        "It was revoked by the issuer in block %(height)s (%(time)s): %(reason)s."
    ),
    Authority.PERMIT: N_(
        "It was revoked by root, issuer and issuing system together in block %(height)s (%(time)s):"
        " %(reason)s."
    ),
}
_SUSPENDED = {
    Authority.ROOT_CREDIT: N_(
        "It was suspended by the owner of the root credit in block %(height)s (%(time)s):"
        " %(reason)s."
    ),
    Authority.ROOT: N_("It was suspended by the root in block %(height)s (%(time)s): %(reason)s."),
    Authority.ISSUER: N_(
        "It was suspended by the issuer in block %(height)s (%(time)s): %(reason)s."
    ),
    Authority.PERMIT: N_(
        "It was suspended by root, issuer and issuing system together in block %(height)s"
        " (%(time)s): %(reason)s."
    ),
}
