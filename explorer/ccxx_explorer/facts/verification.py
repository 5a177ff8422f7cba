"""What the verify page says about a document, a proof or an id."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.facts.certificates import CertificateLine, ExpiryFacts
from ccxx_explorer.facts.status import AsOf, Check, Problem, Statement


@dataclass(frozen=True, slots=True)
class SubmittedFacts:
    """What was given: `kind` is pdf, credential, x509, file, hash or id.

    `sha256` is the hash of the file as it is, `document_hash` the one that would stand on the
    chain; `uploaded` is False where only a hash came here.
    """

    kind: str
    name: str | None
    size: int | None
    sha256: str | None
    document_hash: str | None
    uploaded: bool


@dataclass(frozen=True, slots=True)
class ClaimedFieldFacts:
    """A field that the file shows of itself."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class PdfDocumentFacts:
    """A PDF certificate: what it claims of itself, and what the chain says of its anchor.

    `issuer_name`, `issuer_id`, `fields` and `verification` are the issuer's own claims. `height`
    and what follows are None where the anchor does not count.
    """

    issuer_name: str | None
    issuer_address: str | None
    verification: tuple[str, ...]
    fields: tuple[ClaimedFieldFacts, ...]
    owner_name: str | None
    owner_address: str | None
    target_hash: str
    merkle_root: str
    txid: str | None
    dialect: str | None
    issuer_id: str | None
    height: int | None
    time: int | None
    confirmations: int
    expiry: ExpiryFacts | None
    revoked_by: str | None
    revoked_height: int | None


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """What the one certificate is: `issuer_name` is None where no type definition names it.

    `claimed_name` is whom the file that was sent names, by its own word; None where it was not
    sent, or is not the certificate's document.
    """

    title: str
    serial: int
    issuer_name: str | None
    claimed_name: str | None


@dataclass(frozen=True, slots=True)
class VerificationFacts:
    """A verdict, the separate checks that it rests on, and where to go on."""

    as_of: AsOf
    verdict: Statement
    checks: tuple[Check, ...]
    subject: SubjectFacts | None
    submitted: SubmittedFacts
    certificates: tuple[CertificateLine, ...]
    pdf: PdfDocumentFacts | None
    url: str | None


@dataclass(frozen=True, slots=True)
class VerifyPage:
    """The verify page: `result` is None while nothing was asked; at most `most_bytes` are read."""

    result: VerificationFacts | None
    most_bytes: int


@dataclass(frozen=True, slots=True)
class RefusedPage:
    """The form of the verify page again, with what is wrong with what was sent."""

    problem: Problem
    most_bytes: int
    result: None = None


@dataclass(frozen=True, slots=True)
class PdfRevocationLine:
    """A message that takes something back; `hashes` are of single files, else it is all of them.

    `kind` is batch, credentials or address. `counts` says whether it is the issuer's own word.
    """

    kind: str
    txid: str
    height: int
    address: str | None
    hashes: tuple[str, ...]
    counts: bool
    words: str


@dataclass(frozen=True, slots=True)
class PdfBatchFacts:
    """What a BDIP or CRED transaction does: it issues a batch of PDF files, or takes back.

    `speakers` are the addresses that it spends from: it is their word and nobody else's. For an
    issue `revocations` are what takes it back since; for a revocation, what it takes back.
    """

    verdict: Statement
    dialect: str
    operation: str
    speakers: tuple[str, ...]
    issuer_id: str | None
    merkle_root: str | None
    expiry: ExpiryFacts | None
    revocations: tuple[PdfRevocationLine, ...]
