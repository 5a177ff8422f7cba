"""From a command's options to an open wallet beside its node."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ccxx_node.client.rpc import connect
from ccxx_wallet.cli import settings_of
from ccxx_wallet.cosigner_options import wanted_cosigner
from ccxx_wallet.desk import Desk
from ccxx_wallet.funding_options import funding_of
from ccxx_wallet.init_commands import load_anchor
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.observer import open_observer
from ccxx_wallet.wallet import Wallet, open_wallet


@contextmanager
def opened_wallet(ctx: click.Context) -> Iterator[Wallet]:
    """Open the wallet alone; the node is not asked."""
    settings = settings_of(ctx)
    program = str(ctx.find_root().command.name)
    wallet = open_wallet(settings.folder, program, settings.network)
    try:
        yield wallet
    finally:
        wallet.close()


@contextmanager
def opened_observer(ctx: click.Context, anchor_file: Path) -> Iterator[Wallet]:
    """Open what stands in for a wallet where there is only a trust anchor: it owns nothing."""
    wallet = open_observer(load_anchor(anchor_file), settings_of(ctx).network)
    try:
        yield wallet
    finally:
        wallet.close()


@contextmanager
def opened_desk(ctx: click.Context, anchor_file: Path | None = None) -> Iterator[Desk]:
    """Open the wallet, or an observer by a trust anchor, and bring it to the node's tip."""
    settings = settings_of(ctx)
    opened = opened_wallet(ctx) if anchor_file is None else opened_observer(ctx, anchor_file)
    with opened as wallet:
        client = connect(settings.node, wallet.network, settings.datadir)
        try:
            live = LiveWallet(wallet, client)
            live.funding = funding_of(ctx)
            live.sync(settings.screen)
            yield Desk(live, settings, wanted_cosigner(ctx))
        finally:
            client.close()
