"""Is a file the document behind a certificate, and is the certificate valid? In any wallet."""

from pathlib import Path
from typing import Any

import click

from ccxx_cert.batch_tree import ProofStep, Side, is_leaf
from ccxx_cert.canonical import decode_json
from ccxx_cert.document import Media, document_hash, guess_media
from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Certificate, get_batch
from ccxx_cert.status import PROVISIONAL_BELOW, Status, certificate_status, confirmations
from ccxx_core.errors import DecodeError
from ccxx_wallet.certificate_facts import as_of, find_certificate, standing
from ccxx_wallet.cli import FILE, refuse, shared_options
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.opening import opened_desk

Steps = tuple[ProofStep, ...]
_HASHED_AS = {
    Media.CREDENTIAL: "SHA-256 of the canonical JSON (RFC 8785): layout and order do not matter",
    Media.PDF: "SHA-256 of the file as it is: a changed byte is another document",
    Media.X509: "SHA-256 of the file as it is: a changed byte is another document",
}


@click.command("check")
@click.argument("certificate")
@click.argument("file", type=FILE)
@click.option("--proof", type=FILE, help="Merkle proof of a batch; else <name>.proof.json.")
@click.option("--anchor", type=FILE, help="Trust anchor to check by; then no wallet is needed.")
@shared_options
@click.pass_context
def certificate_check(
    ctx: click.Context, certificate: str, file: Path, proof: Path | None, anchor: Path | None
) -> None:
    """Check a document against a certificate, and its status; exit 0 if valid, else 1."""
    with opened_desk(ctx, anchor) as desk:
        found = find_certificate(desk.live, certificate)
        facts = check_file(desk.live, found, file, proof)
        if not facts["valid"]:
            said = f"not valid as of block {desk.live.tip_height}: " + "; ".join(facts["reasons"])
            refuse(ctx, desk.settings.screen, facts, WalletError(Refusal.NOT_VALID, said))
        desk.settings.screen.show(facts, standing(facts))


def check_file(
    live: LiveWallet, certificate: Certificate, file: Path, proof: Path | None
) -> dict[str, Any]:
    """Hash a document, compare it with a certificate and say what the certificate is worth.

    Raises WalletError BAD_FILE for what is no document, or no proof.
    """
    body = read_file(file)
    # A proof that was named is read even where none is needed: a wrong name is no verdict.
    wants_proof = proof is not None or certificate.batch is not None
    steps = read_proof(find_proof(file, proof)) if wants_proof else None
    try:
        media = guess_media(body)
        digest = document_hash(body, media)
    except DecodeError as error:
        raise WalletError(Refusal.BAD_FILE, f"{file}: {error}; give the document") from error
    fault = _document_fault(live, certificate, digest, steps)
    status = certificate_status(
        live.ahead, certificate, live.tip_height, live.wallet.store.tip_median_time()
    )
    reasons = [each for each in (fault, _status_fault(live, certificate, status)) if each]
    return {
        "certificate": format_outpoint(certificate.id),
        "serial": certificate.serial,
        "file": str(file),
        "media_type": str(media),
        "hashed_as": _HASHED_AS[media],
        "document_hash": digest.hex(),
        "matches": fault is None,
        "status": str(status),
        "as_of": as_of(live),
        "valid": not reasons,
        "reasons": reasons,
    }


def _document_fault(
    live: LiveWallet, certificate: Certificate, digest: bytes, steps: Steps | None
) -> str | None:
    """Say why a document is not the one that was certified, None if it is."""
    if certificate.batch is None:
        wanted = certificate.doc_hash or b""
        if digest == wanted:
            return None
        return f"the document's hash is {digest.hex()}, the certificate's {wanted.hex()}"
    batch = get_batch(live.ahead, certificate.batch)
    if batch is None or certificate.leaf is None:
        return "its batch is not known"
    place = (certificate.leaf, batch.message.count)
    if is_leaf(digest, steps or (), place, batch.message.merkle_root):
        return None
    if steps is None and batch.message.count > 1:
        return "its batch needs a Merkle proof, and there is no <name>.proof.json; give --proof"
    return f"the document's hash {digest.hex()} is not leaf {certificate.leaf} of its batch"


def _status_fault(live: LiveWallet, certificate: Certificate, status: Status) -> str | None:
    if status is Status.VALID:
        return None
    if status in (Status.PENDING, Status.PROVISIONAL):
        depth = max(0, confirmations(certificate, live.tip_height))
        return f"the certificate is {status}: {depth} of {PROVISIONAL_BELOW} confirmations"
    return f"the certificate is {status}"


def find_proof(file: Path, given: Path | None) -> Path | None:
    """Return the file of a document's Merkle proof: the one given, else one beside it, if any."""
    beside = file.with_name(f"{file.stem}.proof.json")
    return given or (beside if beside.exists() else None)


def proof_leaf(path: Path | None) -> int:
    """Return the leaf that a Merkle proof's file says it proves; 0 where there is no file.

    Raises WalletError BAD_FILE, also if the file cannot be read.
    """
    if path is None:
        return 0
    try:
        return int(decode_json(read_file(path, limit=65_536))["leaf"])
    except (DecodeError, ValueError, KeyError, TypeError) as error:
        raise WalletError(
            Refusal.BAD_FILE, f"{path} does not say which leaf it proves; give --leaf"
        ) from error


def read_proof(path: Path | None) -> Steps | None:
    """Read a Chainpoint proof as `certificate batch` writes it; None where there is no file.

    Raises WalletError BAD_FILE, also if the file cannot be read.
    """
    if path is None:
        return None
    try:
        steps = decode_json(read_file(path, limit=65_536))["proof"]
        return tuple(
            ProofStep(Side(side), bytes.fromhex(text))
            for step in steps
            for side, text in step.items()
        )
    except (DecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WalletError(Refusal.BAD_FILE, f"{path} is no Merkle proof; ask the issuer") from error
