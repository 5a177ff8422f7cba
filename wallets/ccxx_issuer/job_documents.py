"""The documents of a job: made from its rows alone, so that they can be made again at any time."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ccxx_cert.batch_tree import BatchTree
from ccxx_cert.canonical import decode_json, encode_canonical
from ccxx_cert.document import CertificateFacts, Media, certificate_document
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_issuer.job import Job
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import check_output, make_private_folder
from ccxx_wallet.screen import ProgressReport
from ccxx_wallet.store import StoredDocument

_COLUMN = re.compile(r"\{([^{}]*)\}")


class JobDocuments:
    """Makes the document of each recipient, with a template or the suite's own form."""

    def __init__(self, job: Job, definition: TypeDefinition) -> None:
        """Take what all documents share; raises WalletError BAD_FILE for a bad template."""
        self._job = job
        self._definition = definition
        self._template = _read_template(job.terms.template)
        self._made: dict[int, StoredDocument] = {}

    def document(self, position: int) -> StoredDocument:
        """Return the document of a recipient."""
        found = self._made.get(position)
        if found is None:
            body = self._body(position)
            name = f"certificate-{self._job.serial(position)}.json"
            found = StoredDocument(sha256(body), name, str(Media.CREDENTIAL), body)
            self._made[position] = found
        return found

    def tree(self, positions: Iterable[int]) -> BatchTree:
        """Return the Merkle tree over the documents of some recipients."""
        return BatchTree([self.document(position).hash for position in positions])

    def _body(self, position: int) -> bytes:
        """Return canonical JSON, the form that is hashed."""
        recipient, terms = self._job.recipients[position], self._job.terms
        facts = CertificateFacts(
            serial=self._job.serial(position),
            subject=recipient.row.subject,
            valid_from=terms.valid_from,
            salt=recipient.salt,
            holder_key=recipient.row.holder_key,
            permit_id=terms.permit,
        )
        body = certificate_document(self._definition, facts)
        if self._template is None:
            return body
        return _fill_template(self._template, json.loads(body), recipient.row.subject)


def write_documents(folder: Path, files: Mapping[str, bytes], report: ProgressReport) -> None:
    """Write documents and proofs; they are not forced to the disk one by one.

    The job makes them again byte for byte: what a crash loses, the next run writes.
    """
    make_private_folder(folder)
    try:
        for done, (name, body) in enumerate(files.items(), 1):
            path = folder / name
            if not path.exists() or path.read_bytes() != body:
                path.write_bytes(body)
            report(done, len(files))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise WalletError(
            Refusal.CANNOT_WRITE, f"cannot write into {folder}: {reason}; make room and resume"
        ) from error


def check_documents(folder: Path, names: Iterable[str], overwrite: bool) -> None:
    """Refuse to put documents in the place of others; raises WalletError FILE_EXISTS."""
    if folder.exists():
        for name in names:
            check_output(folder / name, overwrite)


def proof_files(documents: Sequence[StoredDocument], tree: BatchTree) -> dict[str, bytes]:
    """Return the Merkle proof of each document of one batch under its file's name."""
    files, root = {}, tree.root.hex()
    for leaf, document in enumerate(documents):
        proof = {
            "leaf": leaf,
            "document_hash": document.hash.hex(),
            "merkle_root": root,
            "proof": [{str(step.side): step.digest.hex()} for step in tree.proof(leaf)],
        }
        name = f"{document.name.removesuffix('.json')}.proof.json"
        files[name] = json.dumps(proof, indent=1).encode() + b"\n"
    return files


def check_template(text: str, columns: Iterable[str]) -> None:
    """Raise WalletError BAD_FILE for a template that is no JSON object or names no column."""
    template, known = _read_template(text), set(columns)
    wanted = {name for each in _texts(template or {}) for name in _COLUMN.findall(each)}
    if unknown := sorted(wanted - known):
        raise WalletError(
            Refusal.BAD_FILE,
            f"the template names {', '.join(unknown)[:200]}, which the CSV has not; its columns"
            f" are {', '.join(sorted(known))[:200]}",
        )


def _read_template(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        template = decode_json(text)
    except DecodeError as error:
        raise WalletError(Refusal.BAD_FILE, f"the template is no JSON: {error}") from error
    if not isinstance(template, dict):
        raise WalletError(Refusal.BAD_FILE, "the template is no JSON object; see docs/cli.md")
    return template


def _fill_template(
    template: dict[str, Any], standard: dict[str, Any], subject: Mapping[str, str]
) -> bytes:
    """Return a template with its columns filled in, and what every certificate must say."""
    filled = _filled(template, subject)
    own_subject = filled.get("credentialSubject")
    claims = own_subject if isinstance(own_subject, dict) else standard["credentialSubject"]
    holder = standard["credentialSubject"].get("id")
    merged = {**standard, **filled, "credentialSubject": claims}
    # Serial, salt and permit, the issuer and the holder are never a template's to choose.
    merged |= {"certificate": standard["certificate"], "issuer": standard["issuer"]}
    if holder is not None:
        merged["credentialSubject"] = {**claims, "id": holder}
    return encode_canonical(merged)


def _filled(value: Any, subject: Mapping[str, str]) -> Any:
    match value:
        case str():
            return _COLUMN.sub(lambda found: subject[found[1]], value)
        case list():
            return [_filled(each, subject) for each in value]
        case dict():
            return {name: _filled(each, subject) for name, each in value.items()}
        case _:
            return value


def _texts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [text for each in value for text in _texts(each)]
        case dict():
            return [text for each in value.values() for text in _texts(each)]
        case _:
            return []
