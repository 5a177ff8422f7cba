"""Commands on deferred batches: reserve serials and documents, claim one, see what was claimed."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ccxx_cert.custody import Wrap
from ccxx_cert.identity import format_outpoint, parse_outpoint
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash
from ccxx_core.transaction import OutPoint
from ccxx_issuer.certificates import read_definition, read_document
from ccxx_issuer.deferred_batch import (
    Claimed,
    Reservation,
    draft_claimed,
    draft_reservation,
    find_batch,
    leaves,
    read_subjects,
)
from ccxx_issuer.job_documents import check_documents, write_documents
from ccxx_wallet.cli import FILE, PUBLIC_KEY, shared_options
from ccxx_wallet.desk import Choices
from ccxx_wallet.document_check import find_proof, proof_leaf
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.funding_options import FEERATE
from ccxx_wallet.kept_documents import keep_definition, keep_documents
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.session_commands import draft_options


@click.command("reserve")
@click.argument("csv_file", type=FILE)
@click.option("--documents", type=click.Path(path_type=Path), help="Folder for the documents.")
@click.option("--valid-from", help="Such as 2026-07-10T00:00:00Z; now if absent.")
@click.option("--serial", type=int, help="First row's serial; without it, the next free one.")
@click.option("--permit", help="Permit's txid:vout, if there are several.")
@click.option("--type", "type_file", type=FILE, help="Type definition, to be checked.")
@draft_options
@FEERATE
@shared_options
@click.pass_context
def certificate_reserve(ctx: click.Context, /, csv_file: Path, **options: Any) -> None:
    """Fix serials and documents of a CSV now; each certificate is made when it is claimed."""
    subjects = read_subjects(csv_file)
    new = Reservation(
        subjects=subjects,
        salts=tuple(os.urandom(32) for _ in subjects),
        valid_from=options["valid_from"] or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        serial=options["serial"],
        permit_id=_permit(options["permit"]),
        definition=read_definition(options["type_file"]),
    )
    with opened_desk(ctx) as desk:
        desk.live.drafts.may_replace = options["replace_draft"]
        drafted = draft_reservation(desk.live, new, options["feerate"])
        txid = format_hash(drafted.funded.psbt.transaction.txid)
        folder = Path(options["documents"] or f"batch-{txid[:8]}-documents")

        files = drafted.files()
        check_documents(folder, files, options["overwrite"])

        def keep_all() -> None:
            # The store is durable, and comes first: without its salt a document proves nothing.
            keep_definition(desk.live, new.definition)
            keep_documents(desk.live, drafted.documents)
            with desk.settings.screen.progress("Writing documents") as report:
                write_documents(folder, files, report)

        choices = Choices(options["out"], overwrite=options["overwrite"])
        facts = desk.finish_draft(drafted.funded, choices, keep_all)
        facts |= {"serial_start": drafted.serial_start, "count": len(subjects)}
        facts["merkle_root"] = drafted.tree.root.hex()
        facts["documents"] = None if desk.settings.dry_run else str(folder)
        desk.settings.screen.show(facts, "deferred batch drafted and signed; the root signs next")


@click.command("claim")
@click.argument("batch")
@click.option("--to", "holder_key", type=PUBLIC_KEY, required=True, help="The holder's key H.")
@click.option("--document", type=FILE, required=True, help="The document that was reserved.")
@click.option("--leaf", type=click.IntRange(0), help="Its place; without it, as the proof says.")
@click.option("--proof", type=FILE, help="Its Merkle proof; else <name>.proof.json beside it.")
@click.option("--script", type=click.Choice([how.value for how in Wrap]), default="p2wsh")
@draft_options
@FEERATE
@shared_options
@click.pass_context
def certificate_claim(ctx: click.Context, /, batch: str, document: Path, **options: Any) -> None:
    """Make the certificate of one leaf of a deferred batch; the root signs the file next."""
    with opened_desk(ctx) as desk:
        desk.live.drafts.may_replace = options["replace_draft"]
        proof = find_proof(document, options["proof"])
        leaf = proof_leaf(proof) if options["leaf"] is None else options["leaf"]
        found = find_batch(desk.live, batch)
        kept, how = read_document(document), Wrap(options["script"])
        claimed = Claimed(found, leaf, options["holder_key"], kept, proof, how)
        funded, permit = draft_claimed(desk.live, claimed, options["feerate"])
        choices = Choices(options["out"], overwrite=options["overwrite"])
        facts = desk.finish_draft(funded, choices, lambda: keep_documents(desk.live, [kept]))
        facts |= {"permit": format_outpoint(permit.id), "leaf": leaf}
        facts |= {"serial": found.message.serial_start + leaf, "document_hash": kept.hash.hex()}
        if facts["txid_is_final"]:
            facts["certificate"] = format_outpoint(OutPoint(funded.psbt.transaction.txid, 0))
        desk.settings.screen.show(facts, "claim drafted and signed; the root signs next")


@click.command("leaves")
@click.argument("batch")
@shared_options
@click.pass_context
def certificate_leaves(ctx: click.Context, batch: str) -> None:
    """List the leaves of a deferred batch, and the certificates that they became."""
    with opened_desk(ctx) as desk:
        rows = leaves(desk.live, find_batch(desk.live, batch))
        desk.settings.screen.show_list("leaves", rows, ("leaf", "serial", "certificate"))


def add_deferred_commands(certificates: click.Group) -> None:
    """Put the commands into the issuer's group."""
    for command in (certificate_reserve, certificate_claim, certificate_leaves):
        certificates.add_command(command)


def _permit(text: str | None) -> OutPoint | None:
    try:
        return None if text is None else parse_outpoint(text)
    except DecodeError as error:
        raise WalletError(Refusal.UNKNOWN_PERMIT, f"--permit {text!r}: {error}") from error
