"""The command `registry`, the same in every wallet: one string for all that the rules have said."""

import click

from ccxx_core.hashes import format_hash
from ccxx_wallet.cli import shared_options
from ccxx_wallet.opening import opened_desk


@click.command("registry")
@shared_options
@click.pass_context
def registry_command(ctx: click.Context) -> None:
    """Show the hash of the whole registry, by which two observers compare what they know."""
    with opened_desk(ctx) as desk:
        anchor, live = desk.live.require_anchor(), desk.live
        tip = live.wallet.store.tip()
        facts = {
            "height": live.tip_height,
            "block": None if tip is None else format_hash(tip[1]),
            "anchor_id": anchor.anchor_id.hex(),
            "state_hash": live.registry.state_hash().hex(),
        }
        desk.settings.screen.show(facts)
