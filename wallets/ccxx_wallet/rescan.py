"""Building a wallet's store anew from the chain, beside the one that is in use.

The old store stays as it is until the new one stands at the node's tip; then one transaction takes
over what blocks say. Whoever kills it loses nothing but the work.
"""

from contextlib import closing
from pathlib import Path

from ccxx_node.client.rpc import NodeClient, check_network
from ccxx_wallet.scanner import Scanner
from ccxx_wallet.screen import Screen
from ccxx_wallet.store import Store
from ccxx_wallet.wallet import STORE_FILE, Wallet

_FRESH = f"{STORE_FILE}.rescan"


def rescan(wallet: Wallet, client: NodeClient, first: int | None, screen: Screen) -> int:
    """Read the chain again from a height on (None: from the start); return the height reached.

    Raises WalletError CANNOT_WRITE while another rescan of this wallet is at work.
    """
    check_network(client, wallet.network)
    path = wallet.folder / _FRESH
    _clear(path)
    try:
        tip = _build(wallet, client, first, screen)
        wallet.store.adopt(path)
    finally:
        _remove(path)
    return tip


def _build(wallet: Wallet, client: NodeClient, first: int | None, screen: Screen) -> int:
    path = wallet.folder / _FRESH
    keeps = first is not None and first > wallet.start_height
    Store(path).close()
    wallet.store.copy_to(path, with_chain=keeps)
    with closing(Wallet(wallet.folder, Store(path))) as fresh:
        scanner = Scanner(fresh.store, fresh.watched, fresh.anchor)
        if first is not None and not keeps:
            with fresh.store.transaction():
                fresh.store.set_fact("birthday", str(first))
        elif first is not None:
            scanner.rewind(first - 1)
        with screen.progress("Reading blocks again") as report:
            scanner.catch_up(client, fresh.start_height, report)
        tip = fresh.store.tip()
    return -1 if tip is None else tip[0]


def _clear(path: Path) -> None:
    """Remove what a rescan that was killed left behind, but not the file of one at work."""
    if path.exists():
        with closing(Store(path)) as left, left.transaction():
            pass
    _remove(path)


def _remove(path: Path) -> None:
    for tail in ("", "-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)
