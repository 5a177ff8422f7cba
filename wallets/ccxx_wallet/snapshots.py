"""A wallet's registry as a file, and back: to compare with others, or to begin from.

What a snapshot says about the chain is asked of the node. That its state follows from the chain
only an observer who read the chain can say: they compare the state hash.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ccxx_cert.snapshot import Snapshot
from ccxx_cert.state import Certificate, Change, key_of
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash
from ccxx_node.client.rpc import NodeClient, RpcError, check_network
from ccxx_wallet.anchoring import holds_root_coin
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.registry_store import StoredRegistry
from ccxx_wallet.scanner import Scanner
from ccxx_wallet.wallet import Wallet

_MOST_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """A snapshot beside what this wallet worked out itself at the same block (32 bytes)."""

    snapshot: Snapshot
    own_hash: bytes

    @property
    def is_same(self) -> bool:
        """Whether both observers know the same."""
        return self.own_hash == self.snapshot.state_hash


def take_snapshot(live: LiveWallet) -> Snapshot:
    """Return the registry at the wallet's tip; raises WalletError NOT_VALID without one."""
    tip = live.wallet.store.tip()
    anchor = live.require_anchor()
    if tip is None or tip[0] < anchor.root_height:
        raise WalletError(Refusal.NOT_VALID, "the root coin's block is not read yet; wait for it")
    lines = tuple(live.wallet.store.records(""))
    return Snapshot(live.wallet.network.chain, anchor.anchor_id, *tip, lines)


def read_snapshot(path: Path, wallet: Wallet) -> Snapshot:
    """Read a file for this wallet's network and anchor.

    Raises WalletError BAD_FILE, WRONG_NETWORK or WRONG_ANCHOR.
    """
    try:
        snapshot = Snapshot.decode(read_file(path, _MOST_BYTES))
    except DecodeError as error:
        raise WalletError(
            Refusal.BAD_FILE, f"{path} is no whole snapshot ({error}); get it again"
        ) from error
    if snapshot.network != wallet.network.chain:
        raise WalletError(
            Refusal.WRONG_NETWORK,
            f"the snapshot is of {snapshot.network}, this wallet for {wallet.network.chain}",
        )
    if snapshot.anchor_id != wallet.require_anchor().anchor_id:
        raise WalletError(
            Refusal.WRONG_ANCHOR,
            f"the snapshot was judged by the anchor {snapshot.anchor_id.hex()}, this wallet has"
            f" {wallet.require_anchor().anchor_id.hex()}; compare the anchors first",
        )
    return snapshot


def compare(live: LiveWallet, snapshot: Snapshot) -> Comparison:
    """Work out our own state at a snapshot's block; the wallet stays as it is.

    Raises WalletError NOT_VALID where the block is not on our chain, or before what we read.
    """
    check_on_chain(live.client, snapshot)
    wallet = live.wallet
    if wallet.store.hash_at(snapshot.height) != snapshot.block_hash:
        raise WalletError(
            Refusal.NOT_VALID,
            f"this wallet has not read block {snapshot.height} itself, so it cannot compare; ask an"
            " observer that has",
        )
    own = b""
    # A rehearsal: the blocks above are undone, and the undoing is taken back.
    with suppress(_Rehearsed), wallet.store.transaction():
        Scanner(wallet.store, wallet.watched, wallet.anchor).rewind(snapshot.height)
        own = StoredRegistry(wallet.store).state_hash()
        raise _Rehearsed
    return Comparison(snapshot, own)


def check_on_chain(client: NodeClient, snapshot: Snapshot) -> None:
    """Raise WalletError NOT_VALID where a snapshot's block is not on the node's best chain."""
    try:
        found = client.block_hash(snapshot.height)
    except RpcError as error:
        raise WalletError(
            Refusal.NOT_VALID,
            f"your node has no block {snapshot.height} yet; let it catch up",
        ) from error
    if found != snapshot.block_hash:
        raise WalletError(
            Refusal.NOT_VALID,
            f"the snapshot is of block {format_hash(snapshot.block_hash)}, your node's chain has"
            f" {format_hash(found)} at height {snapshot.height}; get a newer one",
        )


def adopt(wallet: Wallet, client: NodeClient, snapshot: Snapshot) -> None:
    """Begin a new wallet's registry with a snapshot, so that it reads only the blocks after it.

    Raises WalletError NOT_VALID for a wallet that has read blocks, or that may have coins before.
    """
    check_network(client, wallet.network)
    check_on_chain(client, snapshot)
    anchor = wallet.require_anchor()
    if wallet.store.tip() is not None:
        raise WalletError(
            Refusal.NOT_VALID,
            "this wallet has read blocks already and needs no snapshot; `registry check` compares",
        )
    if wallet.birthday <= snapshot.height:
        raise WalletError(
            Refusal.NOT_VALID,
            f"coins of this wallet may be in blocks from {wallet.birthday} on, and the snapshot"
            f" begins behind {snapshot.height}; read the chain instead, with any command",
        )
    if not holds_root_coin(client.block(client.block_hash(anchor.root_height)), anchor):
        raise WalletError(
            Refusal.WRONG_ANCHOR,
            f"block {anchor.root_height} has no such root coin; the trust anchor is not for this"
            " chain",
        )
    median_time = int(client.header(snapshot.block_hash)["mediantime"])
    changes = [Change(key_of(record), None, record) for record in snapshot.records()]
    with wallet.store.transaction():
        # Undoing this block, after a deep reorganisation, leaves an empty registry: all is read.
        journal = StoredRegistry(wallet.store).apply(changes)
        held = [change for change in changes if isinstance(change.after, Certificate)]
        wallet.watched.mark_holders(held)
        wallet.store.add_block(snapshot.height, snapshot.block_hash, median_time, journal)


class _Rehearsed(Exception):
    """What was tried inside a transaction is to be forgotten."""
