"""Commands on what the chain says of a wallet, the same in every wallet: history, rescan."""

from contextlib import closing

import click

from ccxx_core.amount import format_amount
from ccxx_node.client.rpc import check_network, connect
from ccxx_wallet.cli import settings_of, shared_options
from ccxx_wallet.history import history
from ccxx_wallet.opening import opened_desk, opened_wallet
from ccxx_wallet.rescan import plan_rescan, rescan


@click.command("history")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=50,
    show_default=True,
    help="Show the newest so many transactions.",
)
@shared_options
@click.pass_context
def history_command(ctx: click.Context, limit: int) -> None:
    """Show what came and went, newest first: plain coins, certificates and permits."""
    with opened_desk(ctx) as desk:
        rows = history(desk.live, limit)
        shown = [{**row, "what": row["lines"]} for row in rows]
        columns = ("height", "amount", "what", "label", "txid")
        desk.settings.screen.show_list(
            "history", rows if desk.settings.screen.as_json else shown, columns
        )


@click.command("rescan")
@click.option("--from", "first", type=click.IntRange(0), help="First block to read again.")
@shared_options
@click.pass_context
def rescan_command(ctx: click.Context, first: int | None) -> None:
    """Read the chain again; the wallet stays as it is until that is done."""
    settings = settings_of(ctx)
    with (
        opened_wallet(ctx) as wallet,
        closing(connect(settings.node, wallet.network, settings.datadir)) as client,
    ):
        check_network(client, wallet.network)
        if first is not None and first > (tip := client.block_count()):
            raise click.UsageError(f"--from {first} is beyond the last block, {tip}")
        plan = plan_rescan(wallet, first)
        if settings.dry_run:
            height = client.block_count()
            settings.screen.show({"from": plan.first, "height": height, "dry_run": True})
            return
        height = rescan(wallet, client, plan, settings.screen)
        coins = wallet.store.coins()
        value = format_amount(sum(coin.value for coin in coins))
        settings.screen.show(
            {"from": plan.first, "height": height, "coins": len(coins), "value": value}
        )
