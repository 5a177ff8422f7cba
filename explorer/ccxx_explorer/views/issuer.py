"""Issuers and the root in lines and shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ccxx_cert.marks import RootState
from ccxx_cert.status import Status
from ccxx_cert.trust import TrustAnchor
from ccxx_core.address import encode_address
from ccxx_core.network import Network
from ccxx_explorer.database.grants import GrantSums
from ccxx_explorer.database.standing import Standing
from ccxx_explorer.facts import CreditFacts, CreditShare, IssuerLine, RootTerm, StatusCount
from ccxx_explorer.language import say

_STATUSES = {
    Standing.GOOD: Status.VALID,
    Standing.EXPIRED: Status.EXPIRED,
    Standing.NEEDS_NEWER: Status.NEEDS_NEWER,
    Standing.SURRENDERED: Status.SURRENDERED,
    Standing.SUSPENDED: Status.SUSPENDED,
    Standing.REVOKED: Status.REVOKED,
    Standing.DESTROYED: Status.DESTROYED,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A transaction by which somebody was seen: its id, height and time."""

    txid: str
    height: int
    time: int


def issuer_line(
    public_key: bytes, names: tuple[str, ...], sums: GrantSums, first: Seen
) -> IssuerLine:
    """Build one line of a list of issuers."""
    return IssuerLine(
        key=public_key.hex(),
        names=names,
        permits=sums.permits,
        issued=sums.issued,
        credit=sums.credit,
        first_height=first.height,
        first_time=first.time,
    )


def status_counts(standings: Mapping[Standing, int]) -> tuple[StatusCount, ...]:
    """Say how many certificates stand how; those that are not final yet count as valid."""
    return tuple(
        StatusCount(_STATUSES[standing], standings[standing]) for standing in sorted(standings)
    )


def shares_of_credit(credit: CreditFacts) -> tuple[CreditShare, ...]:
    """Say how the root's credit divides."""
    named = (
        ("root", say("Kept by the root"), credit.root),
        ("permits", say("In permits, to be issued"), credit.permits),
        ("certificates", say("In certificates"), credit.certificates),
        ("destroyed", say("Destroyed, for ever"), credit.destroyed),
    )
    whole = max(1, credit.total)
    return tuple(
        CreditShare(name, words, value, round(value * 1000 / whole)) for name, words, value in named
    )


def root_terms(
    anchor: TrustAnchor, state: RootState | None, network: Network
) -> tuple[RootTerm, ...]:
    """List the roots that the anchor knows, and tell which is in force."""
    current = state.script_pubkey if state is not None else anchor.root_script
    terms = []
    for place, root in enumerate(anchor.roots):
        terms.append(
            RootTerm(
                from_height=root.from_height,
                address=encode_address(root.script, network),
                root_key=root.root_key.hex(),
                system_key=root.system_key.hex(),
                # The first root is the anchor's own: no message names a document of it.
                document_hash=root.document_hash.hex() if place else None,
                in_force=root.script == current,
            )
        )
    return tuple(terms)
