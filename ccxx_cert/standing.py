"""What happened to permits and certificates besides being issued and moved, and who said so."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ccxx_cert.errors import Refusal
from ccxx_cert.records import RevocationReason
from ccxx_core.hashes import Txid

# As in nLockTime: a smaller `since` is a height, another one unix time.
LEAST_SINCE_TIME = 500_000_000
_COMPROMISED = (RevocationReason.KEY_COMPROMISE, RevocationReason.CA_COMPROMISE)


class Moment(NamedTuple):
    """A block as rules see it: its height, its time, and the median time past that it ends in."""

    height: int
    time: int
    median_time_past: int


class Authority(StrEnum):
    """Whose coin a message without credit spends: that is who speaks (rule 7)."""

    ROOT_CREDIT = "root-credit"
    ROOT = "root"
    ISSUER = "issuer"
    PERMIT = "permit"


@dataclass(frozen=True, slots=True)
class Revocation:
    """A REVOKE that counts: by whom, where, why, and since when (0 where it does not say)."""

    txid: Txid
    moment: Moment
    reason: RevocationReason
    since: int
    evidence: bytes
    by: Authority

    @property
    def is_hold(self) -> bool:
        """Whether it only suspends, so that it can be lifted."""
        return self.reason is RevocationReason.HOLD

    def voids(self, issued: Moment) -> bool:
        """Tell whether the revocation of a permit voids a certificate of it (rule 13).

        Only a compromised key reaches back, to `since`, or to its own block where that is 0.
        """
        if self.reason not in _COMPROMISED:
            return False
        if self.since >= LEAST_SINCE_TIME:
            return issued.median_time_past >= self.since
        return issued.height >= (self.since or self.moment.height)


@dataclass(frozen=True, slots=True)
class Ending:
    """The transaction that destroyed a certificate, and what was wrong with it."""

    txid: Txid
    moment: Moment
    reason: Refusal


@dataclass(frozen=True, slots=True)
class Return:
    """The SURRENDER or CLOSE by which credit went back, with its note."""

    txid: Txid
    moment: Moment
    note: bytes


@dataclass(frozen=True, slots=True)
class Rekeying:
    """The REKEY of a permit, and the script that it left."""

    txid: Txid
    moment: Moment
    old_script_pubkey: bytes
    doc_hash: bytes


@dataclass(frozen=True, slots=True)
class KeyTerm:
    """The keys R and S of permits granted from a height on; empty where no document says them."""

    from_height: int
    root_key: bytes
    system_key: bytes
