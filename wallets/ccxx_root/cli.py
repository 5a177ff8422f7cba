"""The command of the root organisation: `ccxx-root`."""

from pathlib import Path
from typing import Any

import click

from ccxx_cert.custody import Wrap
from ccxx_core.amount import format_amount
from ccxx_root.cosigner.cli import cosigner_group
from ccxx_root.cosigner.signing import SIGN_COMMAND
from ccxx_root.permits import Grant, coins_in_words, draft_grant, list_permits
from ccxx_root.registration import register
from ccxx_root.type_files import (
    example,
    kept_definition,
    read_definition,
    readable,
    words_of,
)
from ccxx_root.upkeep_commands import add_upkeep_commands
from ccxx_wallet.cli import (
    AMOUNT,
    FILE,
    OVERWRITE,
    PUBLIC_KEY,
    WalletGroup,
    settings_of,
    shared_options,
)
from ccxx_wallet.coin_commands import new_coin_group
from ccxx_wallet.desk import Choices
from ccxx_wallet.files import write_output
from ccxx_wallet.funding_options import FEERATE
from ccxx_wallet.init_commands import Start, create, init_options
from ccxx_wallet.kept_documents import keep_definition
from ccxx_wallet.keyring import Role
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.session_commands import draft_options
from ccxx_wallet.wallet_commands import add_shared_commands

ROLES = (Role.ROOT, Role.SYSTEM, Role.CREDIT, Role.PLAIN)


@click.group("ccxx-root", cls=WalletGroup)
@shared_options
def main() -> None:
    """The root organisation: register the root coin, grant permits, co-sign."""


add_shared_commands(main)
main.add_command(SIGN_COMMAND)
main.add_command(cosigner_group)


@main.command("init")
@init_options
@click.option("--anchor", "anchor", type=FILE, help="Trust anchor, when restoring.")
@shared_options
@click.pass_context
def init(ctx: click.Context, /, anchor: Path | None, **start: Any) -> None:
    """Make the wallet that holds K0, R and S; the seed phrase is shown once."""
    facts = create(ctx, ROLES, Start(anchor_file=anchor, **start))
    settings_of(ctx).screen.show(facts, "wallet made")


coin = new_coin_group("The root coin, from which all credit descends, and plain coins.")
main.add_command(coin)


@coin.command("register")
@click.option("--value", type=AMOUNT, required=True, help="Its value: 0.001 a certificate.")
@click.option("--system-key", type=PUBLIC_KEY, help="S, if another service holds it.")
@FEERATE
@shared_options
@click.pass_context
def coin_register(ctx: click.Context, value: int, system_key: bytes | None, feerate: int) -> None:
    """Pay the root coin to the root credit address; the anchor is complete once it is mined."""
    with opened_desk(ctx) as desk:
        facts = register(desk, value, system_key, feerate)
        done = "root coin sent; mine a block, then run `anchor export`"
        desk.settings.screen.show(facts, done if facts.get("sent") else "drafted and signed")


@main.group("permit")
def permit() -> None:
    """Permits: how many certificates of which type an issuer may issue."""


@permit.command("grant")
@click.option("--issuer-key", type=PUBLIC_KEY, required=True, help="The issuer's key I.")
@click.option("--type", "type_file", type=FILE, required=True, help="Type definition, JSON.")
@click.option("--type-out", type=FILE, help="Completed definition; else <name>.granted.json.")
@click.option("--quantity", type=int, required=True, help="How many certificates.")
@click.option("--script", type=click.Choice([how.value for how in Wrap]), default="p2wsh")
@click.option("--fan-out", type=int, default=8, show_default=True, help="Permit coins to make.")
@click.option("--fee-float", type=AMOUNT, default="0.01", help="Plain coins for the issuer's fees.")
@click.option("--send", is_flag=True, help="Send at once: only root keys are needed.")
@click.option("--unsigned", is_flag=True, help="Leave signing to a co-signer that holds K0.")
@draft_options
@FEERATE
@shared_options
@click.pass_context
def permit_grant(ctx: click.Context, /, type_file: Path, send: bool, **options: Any) -> None:
    """Draft and sign a permit; --send also sends it."""
    with opened_desk(ctx) as desk:
        feerate, out = options.pop("feerate"), options.pop("out")
        desk.live.drafts.may_replace = options.pop("replace_draft")
        overwrite, type_out = options.pop("overwrite"), options.pop("type_out")
        unsigned = options.pop("unsigned")
        signs = send or not unsigned
        granted = read_definition(type_file, options["issuer_key"], type_out)
        granted.check(overwrite)
        wanted = Grant(definition=granted.definition, **options)
        funded = draft_grant(desk.live, wanted, feerate)
        desk.settings.screen.notice(
            words_of(granted.definition), "The type that this permit commits to:"
        )

        def keep() -> None:
            keep_definition(desk.live, granted.definition)
            granted.write(overwrite)

        choices = Choices(out=out, sign=signs, send=send, overwrite=overwrite)
        facts = desk.finish_draft(funded, choices, keep)
        facts["permit"] = f"{facts['txid']}:0"
        facts["coins"] = coins_in_words(wanted)
        facts["typedef_hash"] = granted.definition.typedef_hash.hex()
        facts["type_file"] = None if desk.settings.dry_run else str(granted.file)
        facts["fee_float"] = format_amount(wanted.fee_float)
        desk.settings.screen.show(facts, "permit granted" if send else "permit drafted and signed")


@permit.command("type")
@click.argument("permit_id", metavar="PERMIT")
@click.option("--out", type=FILE, help="File to write it to; without it, printed.")
@OVERWRITE
@shared_options
@click.pass_context
def permit_type(ctx: click.Context, permit_id: str, out: Path | None, overwrite: bool) -> None:
    """Give the complete type definition of a permit that this wallet granted."""
    with opened_desk(ctx) as desk:
        definition = kept_definition(desk.live, permit_id)
    if out is None:
        click.echo(readable(definition), nl=False)
        return
    if not desk.settings.dry_run:
        write_output(out, readable(definition), overwrite)
    facts = {"permit": permit_id, "typedef_hash": definition.typedef_hash.hex()}
    desk.settings.screen.show({**facts, "file": None if desk.settings.dry_run else str(out)})


@main.group("type")
def type_group() -> None:
    """Type definitions: what kind of certificate a permit allows."""


@type_group.command("example")
@shared_options
def type_example() -> None:
    """Print a type definition with every field, to be changed and granted."""
    click.echo(example(), nl=False)


@permit.command("list")
@shared_options
@click.pass_context
def permit_list(ctx: click.Context) -> None:
    """List all permits of the network."""
    with opened_desk(ctx) as desk:
        columns = ("id", "code", "title", "status", "quantity", "left", "granted_height")
        desk.settings.screen.show_list("permits", list_permits(desk.live), columns)


add_upkeep_commands(main, permit, coin)


if __name__ == "__main__":
    main()
