"""`status`, and below it the status lists of an issuer or the root: publish, show."""

from pathlib import Path
from typing import Any

import click

from ccxx_wallet.cli import FILE, shared_options
from ccxx_wallet.desk import Choices
from ccxx_wallet.files import read_file
from ccxx_wallet.funding_options import FEERATE
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.session_commands import draft_options
from ccxx_wallet.status_lists import (
    StatusList,
    chain_facts,
    list_locator,
    list_name,
    publish,
    status_chains,
)
from ccxx_wallet.wallet_commands import status_command

_LIST = click.option("--list", "name", default="revoked", show_default=True, help="Its name.")


@click.group("status", invoke_without_command=True)
@shared_options
@click.pass_context
def status_group(ctx: click.Context) -> None:
    """Show tip, balance and unconfirmed transactions; below it, status lists."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(status_command)


@status_group.command("publish")
@click.argument("list_file", type=FILE)
@_LIST
@click.option("--locator", default="", help="Where the list is found, up to 20 bytes.")
@draft_options
@FEERATE
@shared_options
@click.pass_context
def status_publish(ctx: click.Context, /, list_file: Path, **options: Any) -> None:
    """Publish the hash of a list, or of its next version; sent at once unless --out is given."""
    name, locator = list_name(options["name"]), list_locator(options["locator"])
    wanted = StatusList(name, read_file(list_file), locator)
    with opened_desk(ctx) as desk:
        desk.live.drafts.may_replace = options["replace_draft"]
        out = options["out"]
        choices = Choices(out, send=out is None, overwrite=options["overwrite"])
        facts = publish(desk, wanted, choices, options["feerate"])
        desk.settings.screen.show(facts, "published" if facts.get("sent") else "drafted and signed")


@status_group.command("show")
@click.option("--list", "name", help="Only lists of this name.")
@shared_options
@click.pass_context
def status_show(ctx: click.Context, name: str | None) -> None:
    """Show the status lists of the network, and which of them are this wallet's."""
    with opened_desk(ctx) as desk:
        chains = status_chains(desk.live)
        if name is not None:
            chains = [chain for chain in chains if chain.name == list_name(name)]
        rows = [chain_facts(desk.live, chain) for chain in chains]
        columns = ("list", "by", "sequence", "height", "ours", "ended", "list_hash")
        desk.settings.screen.show_list("lists", rows, columns)
