"""What a certificate or permit is worth at a tip (rules 11 to 13)."""

from enum import StrEnum

from ccxx_cert.expiry import Deadline, permit_deadline
from ccxx_cert.standing import Revocation
from ccxx_cert.state import Certificate, Permit, RegistryView, get_batch, get_permit

PROVISIONAL_BELOW = 6  # confirmations


class Status(StrEnum):
    """The one word that a certificate or permit is shown with; only VALID is green."""

    DESTROYED = "destroyed"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    SURRENDERED = "surrendered"
    CLOSED = "closed"
    NEEDS_NEWER = "needs-newer"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    PENDING = "pending"
    PROVISIONAL = "provisional"
    VALID = "valid"


def is_valid(certificate: Certificate) -> bool:
    """Tell whether a certificate still lies somewhere; revocation and expiry are apart."""
    return certificate.location is not None and not certificate.needs_newer


def revocation_of(view: RegistryView, certificate: Certificate) -> Revocation | None:
    """Return what revokes a certificate, or else suspends it: its own, its batch's, its permit's.

    The revocation of a permit stops new issues; what was issued it voids only by rule 13.
    """
    batch = get_batch(view, certificate.batch) if certificate.batch is not None else None
    permit = get_permit(view, certificate.permit_id)
    found = [certificate.revocation, batch.revocation if batch else None]
    if permit and permit.revocation and permit.revocation.voids(certificate.issued):
        found.append(permit.revocation)
    standing = [each for each in found if each is not None]
    return min(standing, key=lambda each: each.is_hold, default=None)


def is_expired(certificate: Certificate, height: int, median_time_past: int) -> bool:
    """Tell whether a certificate's deadline lies behind a tip."""
    deadline = Deadline(certificate.expires_time, certificate.expires_height)
    return deadline.has_passed(height, median_time_past)


def confirmations(certificate: Certificate, tip_height: int) -> int:
    """Return how deep the latest station of a certificate lies; 1 in the tip's own block."""
    return tip_height - certificate.holding.moment.height + 1


def certificate_status(
    view: RegistryView, certificate: Certificate, tip_height: int, tip_median_time_past: int
) -> Status:
    """Return a certificate's status at the tip, the gravest first."""
    if certificate.ended is not None:
        return Status.DESTROYED
    revocation = revocation_of(view, certificate)
    if revocation is not None:
        return Status.SUSPENDED if revocation.is_hold else Status.REVOKED
    if certificate.surrendered is not None:
        return Status.SURRENDERED
    if certificate.needs_newer or get_permit(view, certificate.permit_id) is None:
        return Status.NEEDS_NEWER
    if is_expired(certificate, tip_height, tip_median_time_past):
        return Status.EXPIRED
    depth = confirmations(certificate, tip_height)
    return _by_depth(depth)


def permit_status(permit: Permit, tip_height: int, tip_median_time_past: int) -> Status:
    """Return a permit's status at the tip; without credit it is exhausted."""
    if permit.revocation is not None:
        return Status.SUSPENDED if permit.revocation.is_hold else Status.REVOKED
    if permit.closed is not None:
        return Status.CLOSED
    if permit_deadline(permit.message).has_passed(tip_height, tip_median_time_past):
        return Status.EXPIRED
    if not permit.credit:
        return Status.EXHAUSTED
    return _by_depth(tip_height - permit.granted.height + 1)


def _by_depth(depth: int) -> Status:
    if depth < 1:
        return Status.PENDING
    return Status.PROVISIONAL if depth < PROVISIONAL_BELOW else Status.VALID
