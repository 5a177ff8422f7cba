"""What a document belongs to: a certificate, a leaf of a batch, or a permit's type definition."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ccxx_cert.batch_tree import is_leaf
from ccxx_cert.canonical import decode_json
from ccxx_cert.document import document_hash, guess_media, published_form
from ccxx_cert.identity import parse_outpoint
from ccxx_cert.state import Certificate, Moment, Permit, get_batch, get_permit
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint
from ccxx_wallet.certificate_facts import find_certificate
from ccxx_wallet.document_check import find_proof, read_proof
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file
from ccxx_wallet.live import LiveWallet


class SubjectKind(StrEnum):
    """What may have a document."""

    CERTIFICATE = "certificate"
    TYPE_DEFINITION = "type-definition"


@dataclass(frozen=True, slots=True)
class Subject:
    """One hash that the chain commits to: whose it is, and the transaction whose message has it."""

    kind: SubjectKind
    id: OutPoint
    digest: bytes
    txid: Txid
    moment: Moment


@dataclass(frozen=True, slots=True)
class Found:
    """A subject and, where it is at hand, its document in published form."""

    subject: Subject
    document: bytes | None


def find_named(live: LiveWallet, text: str, proof: Path | None) -> Found:
    """Find a subject by `txid:vout` or `ccert…`, and its document if this wallet keeps it.

    Raises WalletError UNKNOWN_CERTIFICATE, or BAD_FILE where a batch needs a proof.
    """
    permit = None if text.lower().startswith("ccert") else _permit_at(live, text)
    subject = _of_permit(permit) if permit else _named(live, find_certificate(live, text), proof)
    kept = live.wallet.store.document(subject.digest)
    return Found(subject, None if kept is None else published_form(kept.body, _media(kept.body)))


def find_of_file(live: LiveWallet, file: Path, proof: Path | None) -> Found:
    """Find what a document belongs to; a batch's through the proof beside it.

    Raises WalletError WRONG_DOCUMENT where the chain commits to no such hash.
    """
    body = read_file(file)
    try:
        media = guess_media(body)
        digest = document_hash(body, media)
    except DecodeError as error:
        raise WalletError(Refusal.BAD_FILE, f"{file}: {error}; give the document") from error
    for subject in _candidates(live, find_proof(file, proof)):
        if subject.digest == digest:
            return Found(subject, published_form(body, media))
    raise WalletError(
        Refusal.WRONG_DOCUMENT,
        f"no certificate or permit on the chain commits to {file} (hash {digest.hex()}); wait for"
        " its block, or for one of a batch give its --proof",
    )


def _candidates(live: LiveWallet, proof: Path | None) -> Iterator[Subject]:
    certificates = [each for each in live.ahead.ahead() if isinstance(each, Certificate)]
    certificates += live.registry.certificates()
    yield from (_of_certificate(each, each.doc_hash) for each in certificates if each.doc_hash)
    yield from map(_of_permit, live.permits())
    if proof is not None:
        in_batches = (each for each in certificates if each.batch and not each.doc_hash)
        found = (_leaf(live, each, proof) for each in in_batches)
        yield from (each for each in found if each is not None)


def _permit_at(live: LiveWallet, text: str) -> Permit | None:
    try:
        return get_permit(live.ahead, parse_outpoint(text))
    except DecodeError:
        return None


def _named(live: LiveWallet, certificate: Certificate, proof: Path | None) -> Subject:
    if certificate.doc_hash is not None:
        return _of_certificate(certificate, certificate.doc_hash)
    subject = None if proof is None else _leaf(live, certificate, proof)
    if subject is None:
        raise WalletError(
            Refusal.BAD_FILE,
            "the certificate is a leaf of a batch, and the chain has only the root over all leaves;"
            " give its --proof (<name>.proof.json), which the issuer has",
        )
    return subject


def _leaf(live: LiveWallet, certificate: Certificate, proof: Path) -> Subject | None:
    """Return the subject of a certificate in a batch, None where a proof is of another one."""
    batch = None if certificate.batch is None else get_batch(live.ahead, certificate.batch)
    if batch is None or certificate.leaf is None:
        return None
    digest, place = _proven(proof), (certificate.leaf, batch.message.count)
    if not is_leaf(digest, read_proof(proof) or (), place, batch.message.merkle_root):
        return None
    return Subject(SubjectKind.CERTIFICATE, certificate.id, digest, batch.txid, batch.issued)


def _proven(proof: Path) -> bytes:
    try:
        return bytes.fromhex(decode_json(read_file(proof, limit=65_536))["document_hash"])
    except (DecodeError, ValueError, KeyError, TypeError) as error:
        raise WalletError(
            Refusal.BAD_FILE, f"{proof} is no Merkle proof; ask the issuer"
        ) from error


def _of_certificate(certificate: Certificate, digest: bytes) -> Subject:
    identity = certificate.id
    return Subject(SubjectKind.CERTIFICATE, identity, digest, identity.txid, certificate.issued)


def _of_permit(permit: Permit) -> Subject:
    digest = permit.message.typedef_hash
    return Subject(SubjectKind.TYPE_DEFINITION, permit.id, digest, permit.id.txid, permit.granted)


def _media(body: bytes) -> str:
    return str(guess_media(body))
