"""What may be done with a certificate and what stands in the way: the rules, before anybody tries.

Pure. What depends on one wallet (its keys, its drafts, its coins) is added by the wallet.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ccxx_cert.recovery import format_blocks
from ccxx_cert.standing import Revocation
from ccxx_cert.state import Certificate, RegistryView, Step, get_permit
from ccxx_cert.status import PROVISIONAL_BELOW, confirmations, is_expired, revocation_of
from ccxx_core.hashes import format_hash


class Deed(StrEnum):
    """What somebody may want to do with a certificate."""

    SHOW_VALID = "show-valid"
    SIGN = "sign"
    TRANSFER = "transfer"
    RECOVER = "recover"
    REFRESH = "refresh"
    SURRENDER = "surrender"


class Obstacle(StrEnum):
    """Why not; scripts may rely on these words."""

    DESTROYED = "destroyed"
    SURRENDERED = "surrendered"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    NEEDS_NEWER = "needs-newer"
    EXPIRED = "expired"
    PENDING = "unconfirmed"
    PROVISIONAL = "few-confirmations"
    NOT_TRANSFERABLE = "not-transferable"
    RECOVERY_NOT_ALLOWED = "recovery-not-allowed"
    TRANSFER_LIMIT = "transfer-limit"
    WAITING_BLOCKS = "waiting-blocks"
    OPAQUE = "opaque-custody"
    NOT_OURS = "not-ours"
    WATCH_ONLY = "watch-only"
    DRAFTED = "drafted"
    NO_COINS = "no-plain-coins"


@dataclass(frozen=True, slots=True)
class Hindrance:
    """One thing that stands in the way: a stable word, and a line that says what helps."""

    reason: Obstacle
    line: str


@dataclass(frozen=True, slots=True)
class Tip:
    """Where the chain stands."""

    height: int
    median_time_past: int


# The terms of a type definition, None where this observer was not given it.
Terms = Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Case:
    """A certificate as one observer sees it at a tip."""

    certificate: Certificate
    view: RegistryView
    tip: Tip
    terms: Terms = None


def hindrances(case: Case, deed: Deed) -> tuple[Hindrance, ...]:
    """Return what the rules put in the way of a deed, the gravest first; none if they allow it."""
    gone = tuple(_gone(case))
    return gone if gone or deed not in _RULES else tuple(_RULES[deed](case))


def count_transfers(certificate: Certificate) -> int:
    """Return how often a certificate was transferred."""
    return sum(each.step is Step.TRANSFERRED for each in certificate.holdings)


def blocks_rested(certificate: Certificate, next_height: int) -> int:
    """Return for how many blocks a certificate has not changed hands; a refresh is no change."""
    changes = [each for each in certificate.holdings if each.step is not Step.REFRESHED]
    return next_height - changes[-1].moment.height


def _show_valid(case: Case) -> Iterator[Hindrance]:
    yield from _void(case, case.tip.height)
    depth = confirmations(case.certificate, case.tip.height)
    if depth < 1:
        line = "its latest transaction is in no block yet; wait for its block"
        yield Hindrance(Obstacle.PENDING, line)
    elif depth < PROVISIONAL_BELOW:
        line = f"{depth} of {PROVISIONAL_BELOW} confirmations"
        more = PROVISIONAL_BELOW - depth
        yield Hindrance(
            Obstacle.PROVISIONAL, f"{line}; wait for {more} more block{'s'[: more > 1]}"
        )


def _transfer(case: Case) -> Iterator[Hindrance]:
    yield from _void(case, case.tip.height + 1)
    permit = get_permit(case.view, case.certificate.permit_id)
    if permit is None or not permit.message.transferable:
        yield Hindrance(
            Obstacle.NOT_TRANSFERABLE,
            "its type is not transferable: a transfer would destroy it; the issuer can issue"
            " another to the other person",
        )
    elif case.terms is not None:
        yield from _terms(case, case.terms)


def _terms(case: Case, terms: Mapping[str, object]) -> Iterator[Hindrance]:
    """Yield what the type's own terms ask, which the co-signers see to."""
    limit, waiting = terms.get("transfer_limit"), terms.get("waiting_blocks", 0)
    transfers = count_transfers(case.certificate)
    if isinstance(limit, int) and transfers >= limit:
        yield Hindrance(
            Obstacle.TRANSFER_LIMIT,
            f"it was transferred {transfers} times and its type allows {limit}: the co-signer"
            " signs no other",
        )
    rested = blocks_rested(case.certificate, case.tip.height + 1)
    if isinstance(waiting, int) and rested < waiting:
        left = format_blocks(waiting - rested)
        yield Hindrance(
            Obstacle.WAITING_BLOCKS,
            f"its type asks for {waiting} blocks between two transfers: wait for {left}",
        )


def _recover(case: Case) -> Iterator[Hindrance]:
    yield from _void(case, case.tip.height + 1)
    permit = get_permit(case.view, case.certificate.permit_id)
    if permit is None or not permit.message.recovery:
        yield Hindrance(
            Obstacle.RECOVERY_NOT_ALLOWED,
            "its type does not allow another key for the same person; the issuer can revoke it and"
            " issue another",
        )


def _gone(case: Case) -> Iterator[Hindrance]:
    """Yield that a certificate lies nowhere any more."""
    ended, surrendered = case.certificate.ended, case.certificate.surrendered
    if ended is not None:
        yield Hindrance(
            Obstacle.DESTROYED,
            f"it was destroyed in block {ended.moment.height} by {format_hash(ended.txid)}"
            f" ({ended.reason}), for ever; ask the issuer for another",
        )
    if surrendered is not None:
        yield Hindrance(
            Obstacle.SURRENDERED,
            f"its holder gave it back in block {surrendered.moment.height}, for ever; ask the"
            " issuer for another",
        )


def _void(case: Case, height: int) -> Iterator[Hindrance]:
    """Yield what makes a certificate void at a height, though it still lies somewhere."""
    certificate = case.certificate
    revocation = revocation_of(case.view, certificate)
    if revocation is not None:
        yield _revoked(revocation)
    if certificate.needs_newer or get_permit(case.view, certificate.permit_id) is None:
        line = "a newer message touched it that this version cannot read; upgrade ccxx"
        yield Hindrance(Obstacle.NEEDS_NEWER, line)
    if is_expired(certificate, height, case.tip.median_time_past):
        last, time = certificate.expires_height, certificate.expires_time
        ends = f"time {time}" if last is None else f"block {last}"
        line = f"it is valid until {ends} and no longer; ask the issuer for another"
        yield Hindrance(Obstacle.EXPIRED, line)


def _revoked(revocation: Revocation) -> Hindrance:
    reason = revocation.reason.name.lower().replace("_", " ")
    where = f"in block {revocation.moment.height} by {format_hash(revocation.txid)}"
    if revocation.is_hold:
        line = f"it is suspended since {where[3:]}; whoever did it can lift that"
        return Hindrance(Obstacle.SUSPENDED, line)
    line = f"it was revoked {where} ({reason}), for ever; ask the issuer for another"
    return Hindrance(Obstacle.REVOKED, line)


def _refresh(case: Case) -> Iterator[Hindrance]:
    """Yield that a refresh helps nobody: the rules would take it, but it only costs a fee."""
    revocation = revocation_of(case.view, case.certificate)
    if revocation is not None and not revocation.is_hold:
        yield _revoked(revocation)


# Whatever lies somewhere may be signed for and given back.
_RULES = {
    Deed.SHOW_VALID: _show_valid,
    Deed.TRANSFER: _transfer,
    Deed.RECOVER: _recover,
    Deed.REFRESH: _refresh,
}
