"""What pages say about permits and certificates."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.facts.life import CommandFacts, DocumentFacts, HistoryEvent, LifeStep
from ccxx_explorer.facts.status import AnchorFacts, AsOf, Check, Statement, Tone


@dataclass(frozen=True, slots=True)
class PermitLine:
    """One permit in a list."""

    id: str
    code: str
    title: str
    status: str
    tone: Tone
    height: int
    time: int
    quantity: int
    issued: int
    transferable: bool
    issuer_key: str | None


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """One certificate in a list; `id` is its issuing outpoint."""

    id: str
    certificate_id: str
    permit_id: str
    code: str
    title: str
    serial: int
    summary: str
    status: str
    tone: Tone
    height: int
    time: int
    address: str | None


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """One rule of a type: `name` is the field of the type definition."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class DefinitionFacts:
    """The type definition that the permit's hash commits to, where this explorer was given it."""

    issuer_name: str
    title: str
    criteria: str
    languages: tuple[str, ...]
    rules: tuple[RuleFacts, ...]


@dataclass(frozen=True, slots=True)
class ExpiryFacts:
    """The last valid time and height, None where there is no such limit, and both in words."""

    time: int | None
    height: int | None
    words: str


@dataclass(frozen=True, slots=True)
class RevocationFacts:
    """Who revoked or suspended it, where, and why; `since` is 0 where the message does not say."""

    reason: int
    since: int
    evidence: str | None
    by: str
    txid: str
    height: int
    time: int
    words: str


@dataclass(frozen=True, slots=True)
class PowerFacts:
    """What may be done with certificates of a type, and whose signatures it takes.

    `name` is issue, transfer, recover, refresh, surrender, revoke, rekey or close; `allowed` tells
    whether the type and the permit's state allow it.
    """

    name: str
    title: str
    allowed: bool
    words: str


@dataclass(frozen=True, slots=True)
class PermitFacts:
    """One permit in full."""

    id: str
    as_of: AsOf
    verdict: Statement
    status: str
    code: str
    title: str
    quantity: int
    issued: int
    credit: int
    transferable: bool
    issuer_may_revoke: bool
    root_may_revoke: bool
    public_summary: bool
    recovery_allowed: bool
    custody: str
    typedef_hash: str
    definition: DefinitionFacts | None
    revocation: RevocationFacts | None
    expiry: ExpiryFacts
    address: str | None
    issuer_key: str | None
    txid: str
    height: int
    time: int
    confirmations: int
    root: AnchorFacts
    powers: tuple[PowerFacts, ...]
    certificates: tuple[CertificateLine, ...]
    history: tuple[HistoryEvent, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """Where a certificate stands in its batch: its leaf under the Merkle root of documents."""

    txid: str
    merkle_root: str
    leaf: int
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One certificate in full; `id` is its issuing outpoint, its identity for ever.

    `life` is its whole life in a few steps, `grant` how its permit came to be, `history` a page of
    its events; `before` asks for the page before. `pending_txid` is a transaction without a block
    that spends it.
    """

    id: str
    as_of: AsOf
    certificate_id: str
    verdict: Statement
    status: str
    checks: tuple[Check, ...]
    confirmations: int
    serial: int
    summary: str
    document_hash: str | None
    document_url: str | None
    document: DocumentFacts | None
    batch: BatchFacts | None
    revocation: RevocationFacts | None
    expiry: ExpiryFacts
    transferable: bool
    custody: str
    holder_key: str | None
    address: str | None
    pending_txid: str | None
    location: str | None
    issued_txid: str
    issued_height: int
    issued_time: int
    permit: PermitLine
    definition: DefinitionFacts | None
    issuer_key: str | None
    root: AnchorFacts
    life: tuple[LifeStep, ...]
    grant: HistoryEvent | None
    history: tuple[HistoryEvent, ...]
    before: int | None
    commands: tuple[CommandFacts, ...]
