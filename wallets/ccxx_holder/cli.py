"""The command of a certificate's holder: `ccxx-holder`."""

from pathlib import Path
from typing import Any

import click

from ccxx_cert.identity import format_outpoint
from ccxx_core.transaction import OutPoint
from ccxx_holder.holdings import draft_handover, held_facts, holdings, list_holdings
from ccxx_wallet.certificate_facts import certificate_facts, find_certificate
from ccxx_wallet.cli import FILE, PUBLIC_KEY, WalletGroup, settings_of, shared_options
from ccxx_wallet.desk import Choices
from ccxx_wallet.document_check import certificate_check
from ccxx_wallet.init_commands import Start, create, init_options
from ccxx_wallet.keyring import Role
from ccxx_wallet.opening import opened_desk, opened_wallet
from ccxx_wallet.session_commands import FORCE, draft_options
from ccxx_wallet.wallet_commands import FEERATE, add_shared_commands

ROLES = (Role.HOLDER, Role.PLAIN)


@click.group("ccxx-holder", cls=WalletGroup)
@shared_options
def main() -> None:
    """A holder: keep certificates, each under a key of its own, and pass them on."""


add_shared_commands(main)


@main.command("init")
@init_options
@click.option("--anchor", type=FILE, required=True, help="Trust anchor file of the root.")
@shared_options
@click.pass_context
def init(ctx: click.Context, /, anchor: Path, **start: Any) -> None:
    """Make the holder's wallet; the seed phrase is shown once."""
    facts = create(ctx, ROLES, Start(anchor_file=anchor, **start))
    settings_of(ctx).screen.show(facts, "wallet made")


@main.group("key")
def key_group() -> None:
    """Holder keys: one fresh key for each certificate."""


@key_group.command("new")
@click.option("--label", help="A word to remember what the key is for.")
@click.option("--count", type=click.IntRange(1, 1_000), default=1, show_default=True)
@shared_options
@click.pass_context
def key_new(ctx: click.Context, label: str | None, count: int) -> None:
    """Show a fresh public key to give to an issuer or to a previous holder."""
    settings = settings_of(ctx)
    with opened_wallet(ctx) as wallet:
        if settings.dry_run:
            keys = [wallet.receive_key(Role.HOLDER)]
        else:
            keys = [wallet.give_key(Role.HOLDER) for _ in range(count)]
            if label:
                with wallet.store.transaction():
                    for each in keys:
                        wallet.store.set_label("pubkey", each.public_key.hex(), label)
        settings.screen.show(
            {
                "holder_key": keys[0].public_key.hex(),
                "index": keys[0].path.index,
                "holder_keys": [each.public_key.hex() for each in keys],
            }
        )


@key_group.command("list")
@shared_options
@click.pass_context
def key_list(ctx: click.Context) -> None:
    """List the keys that were given away or seen on the chain."""
    with opened_wallet(ctx) as wallet:
        labels = wallet.store.labels("pubkey")
        rows = [
            {
                "index": each.path.index,
                "holder_key": each.public_key.hex(),
                "label": labels.get(each.public_key.hex()),
            }
            for each in wallet.store.watched_keys(Role.HOLDER, given_only=True)
        ]
        settings_of(ctx).screen.show_list("keys", rows, ("index", "holder_key", "label"))


@main.command("list")
@shared_options
@click.pass_context
def list_command(ctx: click.Context) -> None:
    """List the certificates that this wallet's keys hold."""
    with opened_desk(ctx) as desk:
        columns = ("id", "title", "serial", "status", "summary", "transferable")
        desk.settings.screen.show_list("certificates", list_holdings(desk.live), columns)


@main.command("show")
@click.argument("certificate")
@shared_options
@click.pass_context
def show(ctx: click.Context, certificate: str) -> None:
    """Show one certificate and its chain of custody; CERTIFICATE is txid:vout or ccert…"""
    with opened_desk(ctx) as desk:
        found = find_certificate(desk.live, certificate)
        held = {each.certificate.id: each for each in holdings(desk.live)}.get(found.id)
        facts = certificate_facts(desk.live, found) if held is None else held_facts(desk.live, held)
        desk.settings.screen.show({**facts, "held_here": held is not None})


@main.group("certificate")
def certificate_group() -> None:
    """Certificates: transfer."""


@certificate_group.command("transfer")
@click.argument("certificate")
@click.option("--to", "new_holder", type=PUBLIC_KEY, required=True, help="The new holder's key.")
@draft_options
@FORCE
@FEERATE
@shared_options
@click.pass_context
def certificate_transfer(
    ctx: click.Context, /, certificate: str, new_holder: bytes, **options: Any
) -> None:
    """Draft and sign a transfer; issuer and root sign the file next."""
    with opened_desk(ctx) as desk:
        desk.live.drafts.may_replace = options["replace_draft"]
        found = find_certificate(desk.live, certificate)
        funded = draft_handover(desk.live, found, new_holder, options["feerate"], options["force"])
        facts = desk.finish_draft(
            funded, Choices(options["out"], force=options["force"], overwrite=options["overwrite"])
        )
        facts["certificate"] = format_outpoint(found.id)
        if facts["txid_is_final"]:
            facts["new_location"] = format_outpoint(OutPoint(funded.psbt.transaction.txid, 0))
        desk.settings.screen.show(facts, "transfer drafted and signed")


certificate_group.add_command(certificate_check)


if __name__ == "__main__":
    main()
