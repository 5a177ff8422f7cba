"""Commands of the root about what was granted and issued: look, revoke, suspend, reinstate."""

import click

from ccxx_cert.state import Certificate
from ccxx_root.rotation_commands import coin_document, coin_rotate
from ccxx_wallet.certificate_facts import certificate_facts, find_certificate, standing
from ccxx_wallet.cli import shared_options
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.permit_facts import find_permit
from ccxx_wallet.revocation_commands import CERTIFICATE_COMMANDS, PERMIT_COMMANDS
from ccxx_wallet.status_list_commands import status_group


@click.group("certificate")
def certificate_group() -> None:
    """Certificates of all issuers: list, show, revoke."""


@certificate_group.command("list")
@click.option("--permit", help="Only those of one permit, txid:vout.")
@shared_options
@click.pass_context
def certificate_list(ctx: click.Context, permit: str | None) -> None:
    """List the certificates of the network, or of one permit."""
    with opened_desk(ctx) as desk:
        wanted = None if permit is None else find_permit(desk.live, permit).id
        found = [each for each in _certificates(desk.live) if wanted in (None, each.permit_id)]
        rows = [certificate_facts(desk.live, each) for each in found]
        columns = ("id", "serial", "title", "status", "summary", "issued_height")
        desk.settings.screen.show_list("certificates", rows, columns)


@certificate_group.command("show")
@click.argument("certificate")
@shared_options
@click.pass_context
def certificate_show(ctx: click.Context, certificate: str) -> None:
    """Show one certificate, its chain of custody and its revocation."""
    with opened_desk(ctx) as desk:
        found = find_certificate(desk.live, certificate)
        facts = certificate_facts(desk.live, found)
        desk.settings.screen.show(facts, standing(facts))


def add_upkeep_commands(main: click.Group, permits: click.Group, coins: click.Group) -> None:
    """Put the commands into the root's groups."""
    coins.add_command(coin_document)
    coins.add_command(coin_rotate)
    main.add_command(certificate_group)
    main.add_command(status_group)
    for command in CERTIFICATE_COMMANDS:
        certificate_group.add_command(command)
    for command in PERMIT_COMMANDS:
        permits.add_command(command)


def _certificates(live: LiveWallet) -> list[Certificate]:
    """Return all certificates, the pool's included, in order of issue."""
    found = {each.id: each for each in live.registry.certificates()}
    found |= {each.id: each for each in live.ahead.ahead() if isinstance(each, Certificate)}
    return sorted(found.values(), key=lambda each: (each.issued.height, each.id))
