"""Commands by which the root moves: the document of the next root, and the rotation itself."""

from contextlib import closing
from pathlib import Path
from typing import Any

import click

from ccxx_cert.trust import RootDocument, TrustAnchor
from ccxx_core.address import encode_address
from ccxx_root.rotation import (
    Rotation,
    draft_rotation,
    encode_root_document,
    keep_root_document,
    next_document,
    read_root_document,
    root_in_force,
)
from ccxx_wallet.cli import FILE, OVERWRITE, PUBLIC_KEY, shared_options
from ccxx_wallet.desk import Choices, Desk
from ccxx_wallet.files import write_output
from ccxx_wallet.funding_options import FEERATE
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.session_commands import draft_options
from ccxx_wallet.wallet import open_wallet

_HEIGHT = click.option("--height", type=click.IntRange(0), help="First block of the new R and S.")
_SYSTEM = click.option("--system-key", type=PUBLIC_KEY, help="New S, if another service holds it.")


@click.command("document")
@click.argument("file", type=FILE)
@_HEIGHT
@_SYSTEM
@OVERWRITE
@shared_options
@click.pass_context
def coin_document(ctx: click.Context, /, file: Path, **options: Any) -> None:
    """Write the document of a next root with fresh keys of this wallet, for `coin rotate`."""
    with opened_desk(ctx) as desk:
        live = desk.live
        height = live.moment.height if options["height"] is None else options["height"]
        anchor = live.require_anchor()
        document = next_document(live.wallet, anchor, height, options["system_key"])
        if not desk.settings.dry_run:
            write_output(file, encode_root_document(document), options["overwrite"])
        written = None if desk.settings.dry_run else str(file)
        desk.settings.screen.show({**_facts(desk, document), "file": written})


@click.command("rotate")
@click.option("--new-keys", is_flag=True, help="To fresh keys of this wallet: K0, R and S.")
@click.option("--new-wallet", type=click.Path(path_type=Path), help="To another root wallet's.")
@click.option("--document", type=FILE, help="To the root of a document of `coin document`.")
@_HEIGHT
@_SYSTEM
@click.option("--next-document", type=FILE, help="Promise the document of the root after that.")
@click.option("--send", is_flag=True, help="Send at once: only the root credit's key is needed.")
@draft_options
@FEERATE
@shared_options
@click.pass_context
def coin_rotate(ctx: click.Context, /, **options: Any) -> None:
    """Move all root credit to a new root; new permits get its keys, older ones keep theirs."""
    ways = ("new_keys", "new_wallet", "document")
    if sum(bool(options[way]) for way in ways) != 1:
        raise click.UsageError("give one of --new-keys, --new-wallet and --document")
    with opened_desk(ctx) as desk:
        desk.live.drafts.may_replace = options["replace_draft"]
        promised = options["next_document"]
        commitment = bytes(32) if promised is None else read_root_document(promised).document_hash
        document = _document(desk, options)
        rotation = Rotation(document, commitment)
        funded = draft_rotation(desk.live, rotation, options["feerate"])
        # For this run's review, which shows the new keys; the file changes when the ROOT is mined.
        desk.live.wallet.anchor = desk.live.require_anchor().extended(document)
        sends = options["send"]
        choices = Choices(options["out"], send=sends, overwrite=options["overwrite"])
        facts = desk.finish_draft(funded, choices, lambda: keep_root_document(desk.live, document))
        facts |= _facts(desk, document)
        facts["sequence"] = root_in_force(desk.live).seq + 1
        facts["next_commitment"] = commitment.hex() if any(commitment) else None
        done = "root rotated; after its block give `anchor export` to everybody"
        desk.settings.screen.show(facts, done if facts.get("sent") else "drafted and signed")


def _document(desk: Desk, options: dict[str, Any]) -> RootDocument:
    if options["document"] is not None:
        return read_root_document(options["document"])
    live = desk.live
    anchor: TrustAnchor = live.require_anchor()
    height = live.moment.height if options["height"] is None else options["height"]
    if options["new_wallet"] is None:
        return next_document(live.wallet, anchor, height, options["system_key"])
    with closing(open_wallet(options["new_wallet"], "ccxx-root", live.wallet.network)) as other:
        return next_document(other, anchor, height, options["system_key"])


def _facts(desk: Desk, document: RootDocument) -> dict[str, Any]:
    return {
        "document_hash": document.document_hash.hex(),
        "from_height": document.from_height,
        "new_address": encode_address(document.script, desk.live.wallet.network),
        "new_root_key": document.root_key.hex(),
        "new_system_key": document.system_key.hex(),
    }
