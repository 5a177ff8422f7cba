"""Commands for what comes after a grant: revoke, move a permit's coins, close it."""

from collections.abc import Callable
from typing import Any

import click

from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Permit
from ccxx_issuer.deferred_commands import add_deferred_commands
from ccxx_issuer.permit_moves import (
    draft_closing,
    draft_join,
    draft_rekeying,
    fresh_issuer_key,
    give_issuer_key,
)
from ccxx_wallet.builder import Funded
from ccxx_wallet.certificate_inputs import hash_of_file
from ccxx_wallet.cli import FILE, PUBLIC_KEY, shared_options
from ccxx_wallet.desk import Choices, Desk
from ccxx_wallet.funding_options import FEERATE
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.permit_facts import find_permit
from ccxx_wallet.revocation_commands import CERTIFICATE_COMMANDS, PERMIT_COMMANDS
from ccxx_wallet.session_commands import draft_options
from ccxx_wallet.status_list_commands import status_group

_NEXT = "drafted and signed; the root signs the file next"


@click.command("join")
@click.argument("permit")
@click.option("--into", type=click.IntRange(1, 2_000), default=1, show_default=True, help="Coins.")
@draft_options
@FEERATE
@shared_options
@click.pass_context
def permit_join(ctx: click.Context, /, permit: str, into: int, **options: Any) -> None:
    """Make one coin of a permit's coins, for a large batch, or several; root and system sign."""
    with opened_desk(ctx) as desk:
        found = _prepare(desk, permit, options)
        funded = draft_join(desk.live, found, into, options["feerate"])
        facts = {**_finish(desk, found, funded, options), "coins": into}
        desk.settings.screen.show(facts, _NEXT)


@click.command("rekey")
@click.argument("permit")
@click.option(
    "--to", "new_key", type=PUBLIC_KEY, help="New issuer's key; else a fresh one of ours."
)
@click.option("--document", type=FILE, help="File that says why; its hash is published.")
@draft_options
@FEERATE
@shared_options
@click.pass_context
def permit_rekey(ctx: click.Context, /, permit: str, **options: Any) -> None:
    """Move a permit to a new issuer's key, once and for ever; root and system sign next."""
    with opened_desk(ctx) as desk:
        found = _prepare(desk, permit, options)
        wallet = desk.live.wallet
        own = fresh_issuer_key(desk.live) if options["new_key"] is None else None
        new_key = options["new_key"] if own is None else own.public_key
        doc_hash = hash_of_file(options["document"])
        funded = draft_rekeying(desk.live, found, new_key, doc_hash, options["feerate"])

        def keep() -> None:
            if own is not None:
                give_issuer_key(wallet, own)

        facts = _finish(desk, found, funded, options, keep)
        desk.settings.screen.show({**facts, "new_issuer_key": new_key.hex()}, _NEXT)


@click.command("close")
@click.argument("permit")
@click.option("--note", type=FILE, help="File that says why; its hash is published.")
@draft_options
@FEERATE
@shared_options
@click.pass_context
def permit_close(ctx: click.Context, /, permit: str, **options: Any) -> None:
    """Return a permit's credit to the root: it issues nothing any more; root and system sign."""
    with opened_desk(ctx) as desk:
        found = _prepare(desk, permit, options)
        note = hash_of_file(options["note"])
        funded = draft_closing(desk.live, found, note, options["feerate"])
        desk.settings.screen.show(_finish(desk, found, funded, options), _NEXT)


def add_upkeep_commands(main: click.Group, certificates: click.Group, permits: click.Group) -> None:
    """Put the commands into the issuer's groups."""
    main.add_command(status_group)
    add_deferred_commands(certificates)
    for command in CERTIFICATE_COMMANDS:
        certificates.add_command(command)
    for command in (*PERMIT_COMMANDS, permit_join, permit_rekey, permit_close):
        permits.add_command(command)


def _prepare(desk: Desk, permit: str, options: dict[str, Any]) -> Permit:
    desk.live.drafts.may_replace = options["replace_draft"]
    return find_permit(desk.live, permit)


def _finish(
    desk: Desk,
    permit: Permit,
    funded: Funded,
    options: dict[str, Any],
    keep: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    choices = Choices(options["out"], overwrite=options["overwrite"])
    facts = desk.finish_draft(funded, choices, keep)
    return {**facts, "permit": format_outpoint(permit.id)}
