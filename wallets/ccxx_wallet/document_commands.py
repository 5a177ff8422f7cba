"""Commands about documents outside of a wallet: publish one, fetch one; in any wallet."""

from pathlib import Path
from typing import Any

import click

from ccxx_cert.document import Media, guess_media
from ccxx_cert.identity import format_outpoint
from ccxx_core.errors import DecodeError
from ccxx_wallet.chain_pieces import find_pieces
from ccxx_wallet.chain_publishing import publish_on_chain
from ccxx_wallet.cli import FILE, OVERWRITE, shared_options
from ccxx_wallet.desk import Desk
from ccxx_wallet.document_stores import CHAIN, check_digest, fetch, publish
from ccxx_wallet.document_subjects import Found, Subject, find_named, find_of_file
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import check_output, write_output
from ccxx_wallet.funding_options import FEERATE
from ccxx_wallet.kept_documents import keep_documents
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.store import StoredDocument
from ccxx_wallet.store_option import parse_store

_STORE = click.option(
    "--store",
    required=True,
    help="folder:DIR, https://…, ipfs:http://127.0.0.1:5001, or chain.",
)
_PROOF = click.option("--proof", type=FILE, help="Merkle proof, for a certificate of a batch.")
_ENDINGS = {Media.CREDENTIAL: "json", Media.PDF: "pdf", Media.X509: "der"}


@click.group("document")
def document_group() -> None:
    """Documents that the chain knows by hash: publish, fetch."""


@document_group.command("publish")
@click.argument("what", metavar="ID|FILE")
@_STORE
@_PROOF
@FEERATE
@shared_options
@click.pass_context
def document_publish(
    ctx: click.Context, what: str, store: str, proof: Path | None, feerate: int
) -> None:
    """Give a document to a store; it must be the one that the chain commits to."""
    place = parse_store(store)
    with opened_desk(ctx) as desk:
        found = _find(desk, what, proof)
        if found.document is None:
            raise WalletError(
                Refusal.NO_DOCUMENT, "this wallet does not keep that document; give its file"
            )
        check_digest(found.document, found.subject.digest)
        screen = desk.settings.screen
        facts = _facts(found.subject, found.document, store)
        if place is None:
            done = publish_on_chain(desk, found.subject, found.document, feerate)
            screen.show({**facts, **done}, "published")
            return
        if desk.settings.dry_run:
            screen.show({**facts, "place": None, "dry_run": True})
            return
        screen.notice(facts, "This gives the document to whoever may read the store:")
        screen.confirm("Publish it?")
        where = publish(place, found.subject.digest, found.document)
        screen.show({**facts, "place": where}, "published")


@document_group.command("fetch")
@click.argument("what", metavar="ID")
@_STORE
@_PROOF
@click.option("--out", type=FILE, help="File to write; else document-<hash>.")
@OVERWRITE
@shared_options
@click.pass_context
def document_fetch(ctx: click.Context, /, what: str, store: str, **options: Any) -> None:
    """Get a document from a store, check its hash against the chain, keep and write it."""
    place = parse_store(store)
    with opened_desk(ctx) as desk:
        subject = find_named(desk.live, what, options["proof"]).subject
        body = fetch(place, subject.digest) if place else _fetch_from_chain(desk, subject)
        facts = _facts(subject, body, store)
        name = f"document-{subject.digest.hex()[:8]}.{_ENDINGS[_media(body)]}"
        path = options["out"] or Path(name)
        if not desk.settings.dry_run:
            check_output(path, options["overwrite"], body)
            kept = StoredDocument(subject.digest, path.name, str(_media(body)), body)
            keep_documents(desk.live, [kept])
            write_output(path, body, options["overwrite"])
        facts["file"] = None if desk.settings.dry_run else str(path)
        desk.settings.screen.show(facts, "fetched")


def _find(desk: Desk, what: str, proof: Path | None) -> Found:
    if Path(what).is_file():
        return find_of_file(desk.live, Path(what), proof)
    return find_named(desk.live, what, proof)


def _fetch_from_chain(desk: Desk, subject: Subject) -> bytes:
    published = find_pieces(desk.live, subject, desk.settings.screen)
    body = published.document(subject.digest)
    if body is None:
        found = len({piece.message.index for piece in published.pieces})
        raise WalletError(
            Refusal.NO_DOCUMENT,
            f"{found} pieces of it by its author are on the chain, which make no whole document;"
            f" wait for more, or take another --store than {CHAIN}",
        )
    check_digest(body, subject.digest)
    return body


def _facts(subject: Subject, body: bytes, store: str) -> dict[str, Any]:
    return {
        "kind": str(subject.kind),
        "id": format_outpoint(subject.id),
        "document_hash": subject.digest.hex(),
        "media_type": str(_media(body)),
        "bytes": len(body),
        "store": store,
    }


def _media(body: bytes) -> Media:
    try:
        return guess_media(body)
    except DecodeError as error:
        raise WalletError(Refusal.BAD_FILE, f"{error}; ask who published it") from error
