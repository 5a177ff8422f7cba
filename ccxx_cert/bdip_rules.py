"""Whether a PDF certificate holds: the rules of BDIP and CRED over what an address has said.

The caller hands in the messages in the order of the chain. Only those count that the address
itself spoke: a transaction that merely pays to it proves nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ccxx_cert.bdip import (
    Dialect,
    PdfIssue,
    PdfMessage,
    RevokeAddress,
    RevokeBatches,
    RevokeCredentials,
)
from ccxx_cert.chainpoint import Receipt
from ccxx_cert.expiry import Deadline
from ccxx_cert.status import PROVISIONAL_BELOW
from ccxx_core.hashes import Txid, ripemd160

LEAST_TIME = 500_000_000


class PdfStatus(StrEnum):
    """The one word that a PDF certificate is shown with; only VALID is green."""

    ALTERED = "altered"
    BROKEN_PROOF = "broken-proof"
    NOT_ANCHORED = "not-anchored"
    WRONG_ROOT = "wrong-root"
    ISSUER_MISMATCH = "issuer-mismatch"
    PENDING = "pending"
    EXPIRED = "expired"
    ADDRESS_REVOKED = "address-revoked"
    BATCH_REVOKED = "batch-revoked"
    CREDENTIAL_REVOKED = "credential-revoked"
    PROVISIONAL = "provisional"
    VALID = "valid"


@dataclass(frozen=True, slots=True)
class Observation:
    """A message and where it stands: `height` is None while it is in no block.

    `spends_from_address` tells whether an input of its transaction spends from the address that
    the certificate names as its issuer's.
    """

    dialect: Dialect
    message: PdfMessage
    txid: Txid
    height: int | None
    spends_from_address: bool


@dataclass(frozen=True, slots=True)
class PdfCredential:
    """What a file claims: `target_hash` was computed from it, the receipt was in it or beside it.

    `txid` is the anchor that is looked at, `address_hash` the 20 bytes of the issuer's address.
    """

    target_hash: bytes
    receipt: Receipt
    txid: Txid
    address_hash: bytes

    @property
    def revocation_hash(self) -> bytes:
        """The 20 bytes by which a message revokes this one file."""
        return ripemd160(self.target_hash)


@dataclass(frozen=True, slots=True)
class PdfVerdict:
    """What the chain says of a file, up to a tip.

    `issue` is None where the anchor is not the issuer's; then nothing else is known. An expired
    file may have been revoked as well: `how_revoked` is one of the three statuses that say so.
    """

    status: PdfStatus
    issue: Observation | None = None
    confirmations: int = 0
    deadline: Deadline = field(default_factory=Deadline)
    is_expired: bool = False
    revocation: Observation | None = None
    how_revoked: PdfStatus | None = None


def judge_credential(
    credential: PdfCredential,
    observations: Sequence[Observation],
    tip_height: int,
    tip_median_time_past: int,
) -> PdfVerdict:
    """Judge a file by messages in chain order: the first rule that is broken names its status."""
    receipt = credential.receipt
    if credential.target_hash != receipt.target_hash:
        return PdfVerdict(PdfStatus.ALTERED)
    if not receipt.leads_to_root:
        return PdfVerdict(PdfStatus.BROKEN_PROOF)
    place = _place_of(credential.txid, observations)
    issue = observations[place] if place is not None else None
    fault = _fault_of_issue(issue, receipt.merkle_root)
    if fault is not None or issue is None or place is None:
        return PdfVerdict(fault or PdfStatus.NOT_ANCHORED)
    if issue.height is None:
        return PdfVerdict(PdfStatus.PENDING, issue)
    deadline = deadline_of(issue)
    is_expired = deadline.has_passed(tip_height, tip_median_time_past)
    how, revocation = _revocation(credential, observations[:place], observations[place + 1 :])
    depth = tip_height - issue.height + 1
    status = PdfStatus.VALID if depth >= PROVISIONAL_BELOW else PdfStatus.PROVISIONAL
    if is_expired or how is not None:
        status = PdfStatus.EXPIRED if is_expired else how or status
    return PdfVerdict(status, issue, depth, deadline, is_expired, revocation, how)


def deadline_of(issue: Observation) -> Deadline:
    """Return the last time or height at which an issue is valid; CRED knows no heights."""
    expiry = issue.message.expiry if isinstance(issue.message, PdfIssue) else None
    if expiry is None:
        return Deadline()
    if expiry < LEAST_TIME and issue.dialect is Dialect.BDIP:
        return Deadline(height=expiry)
    return Deadline(time=expiry)


def given_up_by(address_hash: bytes, said: Iterable[Observation]) -> Observation | None:
    """Return the message with which an address gives itself up, None where it never did."""
    giving = (each for each in _spoken(said) if _revokes_address(each.message, address_hash))
    return next(giving, None)


def said_before_giving_up(
    address_hash: bytes, said: Iterable[Observation]
) -> Iterator[Observation]:
    """Return what an address said while it counted: nothing after it gave itself up."""
    for each in _spoken(said):
        if _revokes_address(each.message, address_hash):
            return
        yield each


def _place_of(txid: Txid, observations: Iterable[Observation]) -> int | None:
    places = (place for place, each in enumerate(observations) if each.txid == txid)
    return next(places, None)


def _fault_of_issue(issue: Observation | None, merkle_root: bytes) -> PdfStatus | None:
    if issue is None or not isinstance(issue.message, PdfIssue):
        return PdfStatus.NOT_ANCHORED
    if issue.message.merkle_root != merkle_root:
        return PdfStatus.WRONG_ROOT
    return None if issue.spends_from_address else PdfStatus.ISSUER_MISMATCH


def _revocation(
    credential: PdfCredential, earlier: Sequence[Observation], later: Sequence[Observation]
) -> tuple[PdfStatus | None, Observation | None]:
    """Return the first message that takes the certificate back, and how."""
    given_up = given_up_by(credential.address_hash, earlier)
    if given_up is not None:
        return PdfStatus.ADDRESS_REVOKED, given_up
    for each in said_before_giving_up(credential.address_hash, later):
        match each.message:
            case RevokeBatches(txids) if credential.txid in txids:
                return PdfStatus.BATCH_REVOKED, each
            case RevokeCredentials(txid, hashes) if txid == credential.txid:
                if credential.revocation_hash in hashes:
                    return PdfStatus.CREDENTIAL_REVOKED, each
            case _:
                pass
    return None, None


def _spoken(observations: Iterable[Observation]) -> Iterator[Observation]:
    """Return what the address itself said, in blocks."""
    return (each for each in observations if each.spends_from_address and each.height is not None)


def _revokes_address(message: PdfMessage, address_hash: bytes) -> bool:
    return isinstance(message, RevokeAddress) and address_hash in message.pubkey_hashes
