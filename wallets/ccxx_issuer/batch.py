"""Issuing many certificates at once: a CSV becomes documents, a Merkle tree and one transaction."""

import csv
import io
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ccxx_cert.batch_tree import BatchTree
from ccxx_cert.custody import Wrap
from ccxx_cert.document import CertificateFacts, Media, certificate_document, document_hash
from ccxx_cert.records import BatchMessage
from ccxx_cert.state import Permit
from ccxx_cert.template import draft_batch
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.errors import CcxxError
from ccxx_core.keys import is_valid_public_key
from ccxx_core.transaction import OutPoint
from ccxx_issuer.certificates import check_holder, check_summary, free_serial, holder_pubkey
from ccxx_issuer.permits import check_definition, choose_coin, choose_permit, permit_input
from ccxx_wallet.builder import Funded
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import check_output, make_private_folder, read_file, write_output
from ccxx_wallet.kept_documents import keep_documents
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.store import StoredDocument

# A standard transaction holds about this many P2WSH certificates (weight 400,000).
MOST_CERTIFICATES = 2_300


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the CSV: a holder's key and what the document says of them."""

    line: int
    holder_key: bytes
    subject: dict[str, str]


@dataclass(frozen=True, slots=True)
class NewBatch:
    """What is to be certified; salts are one random value a row, of at least 16 bytes."""

    rows: tuple[Row, ...]
    salts: tuple[bytes, ...]
    valid_from: str
    serial: int | None = None
    text: str = ""
    permit_id: OutPoint | None = None
    definition: TypeDefinition | None = None
    script: Wrap = Wrap.P2WSH
    summary_anyway: bool = False


@dataclass(frozen=True, slots=True)
class DraftedBatch:
    """A batch ready to be signed, with the documents that its leaves commit to."""

    funded: Funded
    permit: Permit
    serial_start: int
    documents: tuple[StoredDocument, ...]
    tree: BatchTree


def read_rows(path: Path, key_column: str) -> tuple[Row, ...]:
    """Read a CSV in UTF-8 with a header; raises WalletError BAD_CSV that names the line.

    Cells are data only: nothing in them is ever run, or used as a file's name.
    """
    try:
        text = read_file(path).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        _check_header(reader.fieldnames or (), key_column)
        # One more than fits is enough to know that there are too many.
        read = islice(reader, MOST_CERTIFICATES + 1)
        rows = tuple(_row(reader.line_num, dict(row), key_column) for row in read)
    except (UnicodeDecodeError, csv.Error) as error:
        raise WalletError(
            Refusal.BAD_CSV, f"{path} is not CSV in UTF-8 ({error}); save it as such"
        ) from error
    if not 1 <= len(rows) <= MOST_CERTIFICATES:
        raise WalletError(
            Refusal.BAD_CSV,
            f"{path} has {'more' if rows else 'no'} rows; a batch has 1 to {MOST_CERTIFICATES}, so"
            f" {'split it' if rows else 'add some'}",
        )
    return rows


def draft(live: LiveWallet, new: NewBatch, feerate: int) -> DraftedBatch:
    """Draft a BATCH: one certificate a row, in the rows' order."""
    permit, key, script = choose_permit(live, new.permit_id, new.definition)
    check_definition(permit, key, new.definition)
    definition = new.definition or _stored_definition(live, permit)
    check_summary(permit, new.text, new.summary_anyway)
    for row in new.rows:
        check_holder(permit, key, row.holder_key)
    serial = free_serial(live, permit, new.serial, len(new.rows))
    documents = tuple(_documents(definition, permit, new, serial))
    tree = BatchTree([document.hash for document in documents])
    coin = choose_coin(live, permit, len(new.rows))
    pubkeys = [holder_pubkey(permit, key, row.holder_key, new.script) for row in new.rows]
    message = BatchMessage(
        serial_start=serial, count=len(new.rows), merkle_root=tree.root, text=new.text
    )
    try:
        outputs = draft_batch(message, pubkeys, coin).outputs
    except CcxxError as error:
        raise WalletError(Refusal.RULES, f"{error}; shorten or correct --summary") from error
    funded = live.draft([permit_input(live, coin, script, key)], outputs, feerate)
    return DraftedBatch(funded, permit, serial, documents, tree)


def keep(live: LiveWallet, folder: Path, batch: DraftedBatch, overwrite: bool) -> None:
    """Write each document and its proof into a folder, and keep the documents in the wallet.

    Without a document's salt its certificate proves nothing, so this comes before signing ends; on
    failure nothing is left behind. Raises WalletError FILE_EXISTS before anything is written.
    """
    files = _files(batch)
    for name, body in files.items():
        check_output(folder / name, overwrite, body)
    is_new = not folder.exists()
    make_private_folder(folder)
    try:
        for name, body in files.items():
            write_output(folder / name, body, overwrite)
    except BaseException:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    keep_documents(live, batch.documents)


def _files(batch: DraftedBatch) -> dict[str, bytes]:
    """Return each document and its proof under their files' names."""
    files = {}
    for leaf, document in enumerate(batch.documents):
        files[document.name] = document.body
        proof = {
            "leaf": leaf,
            "document_hash": document.hash.hex(),
            "merkle_root": batch.tree.root.hex(),
            "proof": [{str(step.side): step.digest.hex()} for step in batch.tree.proof(leaf)],
        }
        name = f"{Path(document.name).stem}.proof.json"
        files[name] = json.dumps(proof, indent=1).encode() + b"\n"
    return files


def _check_header(names: Sequence[str], key_column: str) -> None:
    """Refuse a header that would lose cells: of two columns of one name only one would count."""
    if names and key_column not in names:
        raise WalletError(
            Refusal.BAD_CSV,
            f"the CSV has no column {key_column!r}, but {', '.join(names)[:200]!r}; cells are"
            " separated by commas, and --key-column names the column of the holders' keys",
        )
    for name, count in Counter(names).items():
        if count > 1 or not name.strip():
            raise WalletError(
                Refusal.BAD_CSV,
                f"the CSV's header has {name[:70]!r} {count} times; give each column a name of its"
                " own",
            )


def _row(line: int, row: dict[str, str | None], key_column: str) -> Row:
    if None in row or None in row.values():
        raise WalletError(
            Refusal.BAD_CSV, f"line {line} has not as many cells as the header; correct it"
        )
    subject = {name: str(value) for name, value in row.items()}
    text = subject.pop(key_column).strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 33 or not is_valid_public_key(key):
        raise WalletError(
            Refusal.WRONG_KEY,
            f"line {line}: {text[:70]!r} is no public key of 66 hex digits; ask the holder for it",
        )
    return Row(line, key, subject)


def _documents(
    definition: TypeDefinition, permit: Permit, new: NewBatch, serial: int
) -> Sequence[StoredDocument]:
    documents = []
    for position, (row, salt) in enumerate(zip(new.rows, new.salts, strict=True)):
        facts = CertificateFacts(
            serial=serial + position,
            subject=row.subject,
            valid_from=new.valid_from,
            salt=salt,
            holder_key=row.holder_key,
            permit_id=permit.id,
        )
        body = certificate_document(definition, facts)
        name = f"certificate-{serial + position}.json"
        media = Media.CREDENTIAL
        documents.append(StoredDocument(document_hash(body, media), name, str(media), body))
    return documents


def _stored_definition(live: LiveWallet, permit: Permit) -> TypeDefinition:
    document = live.wallet.store.document(permit.message.typedef_hash)
    if document is None:
        raise WalletError(
            Refusal.WRONG_TYPE_DEFINITION,
            "this wallet does not know the permit's type definition; give the file with --type",
        )
    return TypeDefinition.decode(document.body)
