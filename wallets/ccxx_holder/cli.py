"""The command of a certificate's holder: `ccxx-holder`."""

from pathlib import Path
from typing import Any

import click

from ccxx_holder.certificate_commands import certificate_group
from ccxx_holder.holdings import held, held_facts, holdings, reminders, warn_of_recovery
from ccxx_wallet.certificate_facts import certificate_facts, find_certificate, standing
from ccxx_wallet.cli import FILE, WalletGroup, settings_of, shared_options
from ccxx_wallet.init_commands import Start, create, init_options
from ccxx_wallet.keyring import Role
from ccxx_wallet.opening import opened_desk, opened_wallet
from ccxx_wallet.wallet_commands import add_shared_commands, status_facts

ROLES = (Role.HOLDER, Role.PLAIN)


@click.group("ccxx-holder", cls=WalletGroup)
@shared_options
def main() -> None:
    """A holder: keep certificates, each under a key of its own, and pass them on."""


add_shared_commands(main)
main.add_command(certificate_group)


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


@main.command("status")
@shared_options
@click.pass_context
def status(ctx: click.Context) -> None:
    """Show tip, balance, unconfirmed transactions, and which certificates need a refresh soon."""
    with opened_desk(ctx) as desk:
        screen = desk.settings.screen
        rows = reminders(desk.live, holdings(desk.live))
        screen.show({**status_facts(desk.live), "reminders": rows})
        warn_of_recovery(screen, rows)


@main.command("list")
@shared_options
@click.pass_context
def list_command(ctx: click.Context) -> None:
    """List the certificates that this wallet's keys hold."""
    with opened_desk(ctx) as desk:
        ours = holdings(desk.live)
        columns = ("id", "title", "label", "serial", "status", "summary", "transferable")
        rows = [held_facts(desk.live, each) for each in ours]
        desk.settings.screen.show_list("certificates", rows, columns)
        warn_of_recovery(desk.settings.screen, reminders(desk.live, ours))


@main.command("show")
@click.argument("certificate")
@shared_options
@click.pass_context
def show(ctx: click.Context, certificate: str) -> None:
    """Show one certificate and its chain of custody; CERTIFICATE is txid:vout or ccert…"""
    with opened_desk(ctx) as desk:
        found = find_certificate(desk.live, certificate)
        ours = held(desk.live, found)
        facts = certificate_facts(desk.live, found) if ours is None else held_facts(desk.live, ours)
        rows = [] if ours is None else reminders(desk.live, [ours])
        facts |= {"held_here": ours is not None, "reminders": rows}
        desk.settings.screen.show(facts, standing(facts))
        warn_of_recovery(desk.settings.screen, rows)


if __name__ == "__main__":
    main()
