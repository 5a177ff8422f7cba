"""Deferred batches: serials and documents are fixed now, each certificate is made when claimed.

Holders need no keys yet: the documents name none, and a claim pays the certificate to the key that
its holder gives then.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccxx_cert.batch_tree import BatchTree, is_leaf
from ccxx_cert.custody import Wrap
from ccxx_cert.document import CertificateFacts, Media, certificate_document, document_hash
from ccxx_cert.identity import format_outpoint
from ccxx_cert.marks import Claim
from ccxx_cert.records import BatchMessage, ClaimMessage
from ccxx_cert.state import Batch, Permit, claim_key, get_batch
from ccxx_cert.template import draft_claim, draft_deferred_batch
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.errors import CcxxError, DecodeError
from ccxx_core.hashes import parse_txid
from ccxx_core.transaction import OutPoint
from ccxx_issuer.certificates import check_holder, free_serial, holder_pubkey
from ccxx_issuer.job_documents import proof_files
from ccxx_issuer.permits import (
    check_definition,
    choose_coin,
    choose_permit,
    permit_input,
    stored_definition,
)
from ccxx_wallet.builder import Funded
from ccxx_wallet.document_check import read_proof
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.store import StoredDocument

# What the message's two bytes can say.
MOST_LEAVES = 0xFFFF
_KEY_COLUMN = "holder_key"


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is certified later: claims a row, and one random salt (at least 16 bytes) a row."""

    subjects: tuple[dict[str, str], ...]
    salts: tuple[bytes, ...]
    valid_from: str
    serial: int | None = None
    permit_id: OutPoint | None = None
    definition: TypeDefinition | None = None


@dataclass(frozen=True, slots=True)
class DraftedReservation:
    """A deferred batch ready to be signed, with the documents that its leaves commit to."""

    funded: Funded
    serial_start: int
    documents: tuple[StoredDocument, ...]
    tree: BatchTree

    def files(self) -> dict[str, bytes]:
        """Return each document and its Merkle proof under their files' names."""
        documents = {document.name: document.body for document in self.documents}
        return documents | proof_files(self.documents, self.tree)


@dataclass(frozen=True, slots=True)
class Claimed:
    """Which leaf of which batch becomes whose certificate, and the proof that it is the leaf."""

    batch: Batch
    leaf: int
    holder_key: bytes
    document: StoredDocument
    proof: Path | None
    script: Wrap = Wrap.P2WSH


def read_subjects(path: Path) -> tuple[dict[str, str], ...]:
    """Read a CSV in UTF-8 whose columns all become claims; raises WalletError BAD_CSV."""
    try:
        text = read_file(path).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        names = list(reader.fieldnames or ())
        rows = [dict(row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise WalletError(
            Refusal.BAD_CSV, f"{path} is not CSV in UTF-8 ({error}); save it as such"
        ) from error
    if len(set(names)) < len(names) or not all(name.strip() for name in names):
        raise WalletError(Refusal.BAD_CSV, f"{path}: give each column a name of its own")
    if _KEY_COLUMN in names:
        raise WalletError(
            Refusal.BAD_CSV,
            f"{path} has holders' keys; `certificate batch` issues to them at once, or remove the"
            f" column {_KEY_COLUMN}",
        )
    if not 1 <= len(rows) <= MOST_LEAVES:
        raise WalletError(
            Refusal.BAD_CSV, f"{path} has {len(rows)} rows; reserve 1 to {MOST_LEAVES} at once"
        )
    for line, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise WalletError(
                Refusal.BAD_CSV, f"row {line} has not as many cells as the header; correct it"
            )
    return tuple(rows)


def draft_reservation(live: LiveWallet, new: Reservation, feerate: int) -> DraftedReservation:
    """Draft a deferred BATCH: all credit returns to the permit, the serials are taken."""
    permit, key, script = choose_permit(live, new.permit_id, new.definition)
    check_definition(permit, key, new.definition)
    definition = new.definition or stored_definition(live, permit)
    serial = free_serial(live, permit, new.serial, len(new.subjects))
    documents = tuple(_documents(definition, permit, new, serial))
    tree = BatchTree([document.hash for document in documents])
    coin = choose_coin(live, permit, 1)
    message = BatchMessage(
        serial_start=serial, count=len(documents), merkle_root=tree.root, deferred=True
    )
    outputs = draft_deferred_batch(message, coin).outputs
    funded = live.draft([permit_input(live, coin, script, key)], outputs, feerate)
    return DraftedReservation(funded, serial, documents, tree)


def find_batch(live: LiveWallet, text: str) -> Batch:
    """Find a deferred batch by its transaction; raises WalletError UNKNOWN_CERTIFICATE."""
    try:
        batch = get_batch(live.ahead, parse_txid(text))
    except DecodeError as error:
        raise WalletError(Refusal.UNKNOWN_CERTIFICATE, f"{text!r}: {error}") from error
    if batch is None or not batch.message.deferred:
        raise WalletError(
            Refusal.UNKNOWN_CERTIFICATE,
            f"{text} is no deferred batch; give the transaction that `certificate reserve` made",
        )
    return batch


def draft_claimed(live: LiveWallet, claimed: Claimed, feerate: int) -> tuple[Funded, Permit]:
    """Draft a CLAIM after checking that the document is the leaf; return it and its permit."""
    batch, leaf = claimed.batch, claimed.leaf
    place = (leaf, batch.message.count)
    digest = claimed.document.hash
    if not is_leaf(digest, read_proof(claimed.proof) or (), place, batch.message.merkle_root):
        raise WalletError(
            Refusal.BAD_FILE,
            f"{claimed.document.name} is not leaf {leaf} of {batch.message.count} with"
            f" {claimed.proof or 'no proof'}; give the document and the proof that the reservation"
            " wrote",
        )
    permit, key, script = choose_permit(live, batch.permit_id, None)
    check_holder(permit, key, claimed.holder_key)
    serial = batch.message.serial_start + leaf
    live.drafts.take_serials(permit.id, range(serial, serial + 1))
    coin = choose_coin(live, permit, 1)
    pubkey = holder_pubkey(permit, key, claimed.holder_key, claimed.script)
    try:
        draft = draft_claim(ClaimMessage(batch.txid, leaf, digest), pubkey, coin)
    except CcxxError as error:
        raise WalletError(Refusal.RULES, f"{error}; see `certificate leaves`") from error
    return live.draft([permit_input(live, coin, script, key)], draft.outputs, feerate), permit


def leaves(live: LiveWallet, batch: Batch) -> list[dict[str, Any]]:
    """Give each leaf of a deferred batch as JSON: its serial, and the certificate it became."""
    rows = []
    for leaf in range(batch.message.count):
        claim = live.ahead.get(claim_key(batch.txid, leaf))
        certificate = format_outpoint(claim.certificate_id) if isinstance(claim, Claim) else None
        serial = batch.message.serial_start + leaf
        rows.append({"leaf": leaf, "serial": serial, "certificate": certificate})
    return rows


def _documents(
    definition: TypeDefinition, permit: Permit, new: Reservation, serial: int
) -> Sequence[StoredDocument]:
    documents = []
    for position, (subject, salt) in enumerate(zip(new.subjects, new.salts, strict=True)):
        facts = CertificateFacts(
            serial=serial + position,
            subject=subject,
            valid_from=new.valid_from,
            salt=salt,
            permit_id=permit.id,
        )
        body = certificate_document(definition, facts)
        media = Media.CREDENTIAL
        name = f"certificate-{serial + position}.json"
        documents.append(StoredDocument(document_hash(body, media), name, str(media), body))
    return documents
