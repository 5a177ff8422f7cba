"""Building a wallet's store anew from the chain, beside the one that is in use.

The old store stays as it is until the new one stands at the node's tip; then one transaction takes
over what blocks say. Whoever kills it loses nothing but the work.
"""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ccxx_node.client.rpc import NodeClient, check_network
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.scanner import Scanner
from ccxx_wallet.screen import Screen
from ccxx_wallet.store import Store
from ccxx_wallet.wallet import STORE_FILE, Wallet

_FRESH = f"{STORE_FILE}.rescan"


@dataclass(frozen=True, slots=True)
class Plan:
    """The first block to read again, and whether what was read before it stays."""

    first: int
    keeps: bool = False


def plan_rescan(wallet: Wallet, first: int | None) -> Plan:
    """Say where a rescan from a height (None: from the start) begins.

    What was read before stays only where it can be undone down to there: a wallet that began with a
    snapshot of the registry does not have the blocks below it.
    """
    start = wallet.start_height
    if first is None:
        return Plan(start)
    if first > start and wallet.store.hash_at(first - 1) is not None:
        return Plan(first, keeps=True)
    return Plan(min(first, start))


def rescan(wallet: Wallet, client: NodeClient, plan: Plan, screen: Screen) -> int:
    """Read the chain again as planned; return the height reached.

    Raises WalletError CANNOT_WRITE while another rescan of this wallet is at work.
    """
    check_network(client, wallet.network)
    path = wallet.folder / _FRESH
    _clear(path)
    try:
        tip = _build(wallet, client, plan, screen)
        wallet.store.adopt(path)
    finally:
        _remove(path)
    return tip


def _build(wallet: Wallet, client: NodeClient, plan: Plan, screen: Screen) -> int:
    path = wallet.folder / _FRESH
    Store(path).close()
    wallet.store.copy_to(path, with_chain=plan.keeps)
    with closing(Wallet(wallet.folder, Store(path))) as fresh:
        scanner = Scanner(fresh.store, fresh.watched, fresh.anchor)
        if plan.keeps:
            scanner.rewind(plan.first - 1)
        elif plan.first < fresh.start_height:
            with fresh.store.transaction():
                fresh.store.set_fact("birthday", str(plan.first))
        with screen.progress("Reading blocks again") as report:
            scanner.catch_up(client, fresh.start_height, report)
        tip = fresh.store.tip()
    return -1 if tip is None else tip[0]


def _clear(path: Path) -> None:
    """Remove what a rescan that was killed left behind, but not the file of one at work."""
    if path.exists():
        try:
            with closing(Store(path)) as left, left.transaction():
                pass
        except WalletError as error:
            # Nothing in it is needed, whole or not.
            if error.refusal is not Refusal.DAMAGED_STORE:
                raise
    _remove(path)


def _remove(path: Path) -> None:
    for tail in ("", "-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)
