"""Judge a PDF certificate, or any file with a Chainpoint receipt, by the index and the pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ccxx_cert.bdip import PdfIssue
from ccxx_cert.bdip_rules import (
    Observation,
    PdfCredential,
    PdfStatus,
    PdfVerdict,
    judge_credential,
)
from ccxx_cert.chainpoint import Receipt
from ccxx_cert.pdf_claims import PdfClaims, read_claims
from ccxx_cert.vpdf import ProvenPdf, take_proof
from ccxx_core.address import decode_address, encode_address
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, format_hash
from ccxx_core.message import verify_message
from ccxx_core.network import Network
from ccxx_core.script import solve_script
from ccxx_core.transaction import Transaction
from ccxx_explorer.database import reader
from ccxx_explorer.database.pdf_messages import observations_of, read_pdf_message
from ccxx_explorer.facts.verification import ClaimedFieldFacts, PdfDocumentFacts
from ccxx_explorer.site import Site
from ccxx_explorer.views.expiry import expiry_facts
from ccxx_explorer.views.pdf_verdict import (
    ANCHORED,
    NOT_FOUND,
    OTHER_NETWORK,
    PdfRows,
    claim_text,
)

# Coins of an unconfirmed transaction are looked up one by one.
_PENDING_INPUTS = 100
_MOST_FIELDS = 100


@dataclass(frozen=True, slots=True)
class ProvenFile:
    """A file with its receipt; `claims` and `pdf` are None where the receipt came beside it."""

    target_hash: bytes
    receipt: Receipt
    claims: PdfClaims | None = None
    pdf: ProvenPdf | None = None


def read_proven_pdf(data: bytes) -> ProvenFile:
    """Read a PDF that has its proof inside; raises DecodeError."""
    pdf = take_proof(data)
    return ProvenFile(pdf.target_hash, pdf.receipt(), read_claims(pdf.form), pdf)


def judge_file(site: Site, connection: Connection, file: ProvenFile) -> PdfRows:
    """Judge a file by what its anchor says here, and its issuer's address since."""
    anchor = _Anchor.find(site, connection, file.receipt)
    script, address = _issuer(site.network, file.claims, anchor)
    txid = anchor.txid or Txid(bytes(32))
    solved = solve_script(script).solutions if script is not None else ()
    credential = PdfCredential(
        file.target_hash, file.receipt, txid, solved[0] if solved else b"\0" * 20
    )
    tip = site.tip(connection)
    observations = _observations(connection, credential, script, anchor)
    verdict = judge_credential(credential, observations, tip.height, tip.median_time_past)
    revoked_at = verdict.revocation.height if verdict.revocation else None
    issued_at = verdict.issue.height if verdict.issue else None
    heights = [each for each in (issued_at, revoked_at) if each is not None]
    times = reader.times_of(connection, heights)
    return PdfRows(
        credential=credential,
        verdict=verdict,
        status=_status(verdict, file, script, anchor),
        claims=file.claims,
        address=address,
        issue_time=None if issued_at is None else times.get(issued_at),
        revocation_time=None if revoked_at is None else times.get(revoked_at),
        owner_signed=_has_owner_signed(file, site.network),
    )


def document_facts(rows: PdfRows) -> PdfDocumentFacts:
    """Sum up what a file claims, and what the chain says of it."""
    claims, verdict = rows.claims, rows.verdict
    issue = verdict.issue
    message = issue.message if issue and isinstance(issue.message, PdfIssue) else None
    fields = claims.fields[:_MOST_FIELDS] if claims else ()
    owner = claims.owner if claims else None
    limits = verdict.deadline
    return PdfDocumentFacts(
        issuer_name=claim_text(claims.issuer_name) if claims else None,
        issuer_address=rows.address,
        verification=tuple(map(claim_text, claims.verification[:8])) if claims else (),
        fields=tuple(
            ClaimedFieldFacts(claim_text(label), claim_text(value)) for label, value in fields
        ),
        owner_name=claim_text(owner.name) if owner else None,
        owner_address=claim_text(owner.address) if owner else None,
        target_hash=rows.credential.target_hash.hex(),
        merkle_root=rows.credential.receipt.merkle_root.hex(),
        txid=format_hash(rows.credential.txid) if any(rows.credential.txid) else None,
        dialect=issue.dialect if issue else None,
        issuer_id=claim_text(message.issuer_id) if message else None,
        height=issue.height if issue else None,
        time=rows.issue_time,
        confirmations=verdict.confirmations,
        expiry=expiry_facts(limits.time, limits.height) if verdict.confirmations else None,
        revoked_by=format_hash(verdict.revocation.txid) if verdict.revocation else None,
        revoked_height=verdict.revocation.height if verdict.revocation else None,
    )


@dataclass(frozen=True, slots=True)
class _Anchor:
    """Where a receipt's root is anchored: in a block, in the pool, or nowhere that is known here.

    `scripts` are those that its transaction spends from.
    """

    txid: Txid | None = None
    pending: Transaction | None = None
    scripts: tuple[bytes, ...] = ()

    @classmethod
    def find(cls, site: Site, connection: Connection, receipt: Receipt) -> _Anchor:
        """Find the first of a receipt's transactions that this chain or its pool has."""
        for anchor in receipt.anchors:
            row = reader.transaction_of_id(connection, anchor.txid)
            if row is not None:
                spent = reader.prevouts_of(connection, row.number)
                return cls(anchor.txid, scripts=tuple(coin.script_pubkey for coin in spent))
        for anchor in receipt.anchors[:1]:
            tx = site.pending_transaction(anchor.txid)
            if tx is not None:
                return cls(anchor.txid, tx, tuple(_scripts_of_pending(connection, tx)))
        return cls(receipt.anchors[0].txid if receipt.anchors else None)

    @property
    def is_known(self) -> bool:
        """Whether anything is known of it here; every transaction but a coinbase spends."""
        return bool(self.scripts) or self.pending is not None


def _scripts_of_pending(connection: Connection, tx: Transaction) -> Sequence[bytes]:
    coins = (reader.output_at(connection, each.prevout) for each in tx.inputs[:_PENDING_INPUTS])
    return [coin.script_pubkey for coin in coins if coin is not None]


def _issuer(
    network: Network, claims: PdfClaims | None, anchor: _Anchor
) -> tuple[bytes | None, str | None]:
    """Give the script and the address of the issuer: as claimed, else of who anchored it."""
    if claims is None:
        script = anchor.scripts[0] if anchor.scripts else None
        return script, encode_address(script, network) if script is not None else None
    try:
        return decode_address(claims.issuer_address, network), claims.issuer_address
    except DecodeError:
        return None, claim_text(claims.issuer_address) or None


def _observations(
    connection: Connection, credential: PdfCredential, script: bytes | None, anchor: _Anchor
) -> Sequence[Observation]:
    if script is None or not anchor.is_known:
        return []
    if anchor.pending is None:
        return observations_of(connection, credential, script)
    found = read_pdf_message(anchor.pending)
    if found is None:
        return []
    return [Observation(*found, credential.txid, None, script in anchor.scripts)]


def _status(verdict: PdfVerdict, file: ProvenFile, script: bytes | None, anchor: _Anchor) -> str:
    if verdict.status in (PdfStatus.ALTERED, PdfStatus.BROKEN_PROOF):
        return verdict.status
    if not anchor.is_known:
        return NOT_FOUND
    if script is None:
        return OTHER_NETWORK
    if verdict.status is PdfStatus.VALID and file.claims is None:
        return ANCHORED
    return verdict.status


def _has_owner_signed(file: ProvenFile, network: Network) -> bool | None:
    """Tell whether the owner that a file names signed it; None where it names none."""
    owner = file.claims.owner if file.claims else None
    if owner is None or file.pdf is None:
        return None
    try:
        return verify_message(owner.address, owner.proof, file.pdf.owner_hash.hex(), network)
    except DecodeError:
        return False
