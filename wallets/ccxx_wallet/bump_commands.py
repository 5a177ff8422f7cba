"""The command that raises the fee of a transaction on its way, the same in every wallet."""

from typing import Any

import click

from ccxx_core.hashes import format_hash, parse_txid
from ccxx_wallet.bumping import REPLACEMENT, draft_bump
from ccxx_wallet.cli import shared_options
from ccxx_wallet.draft_commands import draft_instead, instead_options
from ccxx_wallet.funding_options import FEERATE
from ccxx_wallet.labels import Kind
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.opening import opened_desk


@click.command("bump")
@click.argument("txid")
@instead_options
@FEERATE
@shared_options
@click.pass_context
def bump_command(ctx: click.Context, /, txid: str, **options: Any) -> None:
    """Raise the fee of a transaction that waits for a block, and send at once."""
    with opened_desk(ctx) as desk:
        choices = draft_instead(options)
        at_once = choices.send and not desk.live.wallet.is_watch_only
        bump = draft_bump(desk.live, txid, options["feerate"], at_once)
        facts = desk.finish_draft(bump.funded, choices) | bump.as_facts()
        if bump.method == REPLACEMENT and facts.get("sent"):
            _forget_replaced(desk.live, facts)
        verb = "bumped" if facts.get("sent") else "bump drafted,"
        desk.settings.screen.show(facts, f"{verb} by {bump.method}")


def _forget_replaced(live: LiveWallet, facts: dict[str, Any]) -> None:
    """Forget the old version, and have its label pass to the new one."""
    old, new = facts["bumps"], facts["txid"]
    store = live.wallet.store
    with store.transaction():
        store.remove_sent(parse_txid(old))
        if (label := store.label(Kind.TX, format_hash(parse_txid(old)))) is not None:
            store.set_label(Kind.TX, new, label)
