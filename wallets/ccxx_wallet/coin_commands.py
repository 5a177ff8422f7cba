"""Commands on plain coins, the same in every wallet: list, freeze, unfreeze."""

import click

from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import get_credit
from ccxx_core.transaction import OutPoint
from ccxx_wallet.cli import settings_of, shared_options
from ccxx_wallet.coins import coin_facts
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.funding_options import OUTPOINT
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.opening import opened_desk, opened_wallet


def new_coin_group(
    described: str = "Plain coins, one by one: look, choose, set aside.",
) -> click.Group:
    """Return a group of its own for a program, which may add commands to it."""
    group = click.Group("coin", help=described)
    for command in (coin_list, coin_freeze, coin_unfreeze):
        group.add_command(command)
    return group


@click.command("list")
@shared_options
@click.pass_context
def coin_list(ctx: click.Context) -> None:
    """List the plain coins that can pay; certificates and permits are never among them."""
    with opened_desk(ctx) as desk:
        columns = ("coin", "value", "confirmations", "status", "label", "address")
        desk.settings.screen.show_list("coins", coin_facts(desk.live), columns)


@click.command("freeze")
@click.argument("coin", type=OUTPOINT)
@shared_options
@click.pass_context
def coin_freeze(ctx: click.Context, coin: OutPoint) -> None:
    """Keep a coin from being chosen to pay."""
    with opened_desk(ctx) as desk:
        _check_is_ours(desk.live, coin)
        if not desk.settings.dry_run:
            with desk.live.wallet.store.transaction():
                desk.live.wallet.store.freeze(coin)
        desk.settings.screen.show({"coin": format_outpoint(coin), "frozen": True})


@click.command("unfreeze")
@click.argument("coin", type=OUTPOINT)
@shared_options
@click.pass_context
def coin_unfreeze(ctx: click.Context, coin: OutPoint) -> None:
    """Let a frozen coin pay again; needs no node."""
    settings = settings_of(ctx)
    with opened_wallet(ctx) as wallet:
        if coin not in wallet.store.frozen():
            raise WalletError(
                Refusal.UNKNOWN_COIN, f"{format_outpoint(coin)} is not frozen; see `coin list`"
            )
        if not settings.dry_run:
            with wallet.store.transaction():
                wallet.store.unfreeze(coin)
        settings.screen.show({"coin": format_outpoint(coin), "frozen": False})


def _check_is_ours(live: LiveWallet, coin: OutPoint) -> None:
    if get_credit(live.ahead, coin) is not None:
        raise WalletError(
            Refusal.UNKNOWN_COIN,
            f"{format_outpoint(coin)} is credit, which no wallet ever chooses to pay; nothing to"
            " freeze",
        )
    if coin not in live.wallet.unspent(live.pending):
        raise WalletError(
            Refusal.UNKNOWN_COIN,
            f"{format_outpoint(coin)} is no unspent plain coin of this wallet; see `coin list`",
        )
