"""What lists of certificates, permits and issuers say, and the pages of an issuer and the root."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.facts.certificates import CertificateLine, PermitLine
from ccxx_explorer.facts.chain import TransactionLine
from ccxx_explorer.facts.status import AnchorFacts, AsOf, CreditFacts


@dataclass(frozen=True, slots=True)
class FilterFacts:
    """What a list is filtered by: the parameter, its value, and both in words."""

    name: str
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class PermitList:
    """Permits, newest first; `after` asks for the page behind this one.

    `total` is how many there are in all, None where the list is filtered.
    """

    as_of: AsOf
    permits: tuple[PermitLine, ...]
    total: int | None
    filters: tuple[FilterFacts, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class CertificateList:
    """Certificates in the order of `sort`; `after` asks for the page behind this one.

    `total` is how many the list has: at least so many where `total_is_least`, and None where it
    was not counted. `codes` are codes of types to choose from.
    """

    as_of: AsOf
    certificates: tuple[CertificateLine, ...]
    total: int | None
    total_is_least: bool
    sort: str
    filters: tuple[FilterFacts, ...]
    codes: tuple[str, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class IssuerLine:
    """One issuer in a list: its names by type definitions, sums, and when it was first seen."""

    key: str
    names: tuple[str, ...]
    permits: int
    issued: int
    credit: int
    first_height: int
    first_time: int


@dataclass(frozen=True, slots=True)
class IssuerList:
    """Issuers, the newest first; `after` asks for the page behind this one."""

    as_of: AsOf
    issuers: tuple[IssuerLine, ...]
    total: int
    after: str | None


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many certificates have a status."""

    status: str
    count: int


@dataclass(frozen=True, slots=True)
class IssuerFacts:
    """One issuer in full: what it may issue, what it issued, and how that stands.

    `key` is its public key; certificates of a permit that moved to new keys keep the old one.
    """

    as_of: AsOf
    key: str
    names: tuple[str, ...]
    address: str | None
    permit_count: int
    issued: int
    credit: int
    statuses: tuple[StatusCount, ...]
    first_txid: str
    first_height: int
    first_time: int
    last_txid: str
    last_height: int
    last_time: int
    permits: tuple[PermitLine, ...]
    certificates: tuple[CertificateLine, ...]


@dataclass(frozen=True, slots=True)
class CreditShare:
    """A share of the root's credit: `name` is root, permits, certificates or destroyed.

    `value` is in satoshis, `permille` its part of the whole.
    """

    name: str
    words: str
    value: int
    permille: int


@dataclass(frozen=True, slots=True)
class RootTerm:
    """A root by its document: from a height on new permits have these keys."""

    from_height: int
    address: str | None
    root_key: str
    system_key: str
    document_hash: str | None
    in_force: bool


@dataclass(frozen=True, slots=True)
class RootFacts:
    """The root: the anchor, where its credit lies, its terms, and who was granted what.

    `hidden_permits` counts the permits whose issuer has not shown its key yet.
    """

    as_of: AsOf
    anchor: AnchorFacts
    anchor_url: str
    credit: CreditFacts
    shares: tuple[CreditShare, ...]
    terms: tuple[RootTerm, ...]
    issuers: tuple[IssuerLine, ...]
    hidden_permits: int
    messages: tuple[TransactionLine, ...]
