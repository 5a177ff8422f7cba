"""A whole local network in one folder: a node with a mature chain, an explorer, and wallets."""

from pathlib import Path
from types import TracebackType

from ccxx_regtest import chain_cache, faucet
from ccxx_regtest.cosigner import RegtestCosigner
from ccxx_regtest.explorer import RegtestExplorer
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import RegtestError
from ccxx_regtest.wallet import Wallet

# Fewer than this and the explorer rightly calls a certificate provisional.
CONFIRMATIONS = 6


class LocalNetwork:
    """Everything that runs, under one folder; leaving it as a context stops it all."""

    def __init__(
        self, folder: Path, progress: chain_cache.Progress, daemon: Path | None = None
    ) -> None:
        """Start the node on a chain whose first rewards can be spent; mine it if need be.

        The node is ccxx-node, or the program of another `daemon`.
        """
        self.folder = folder
        self._daemon = daemon
        self.logs = folder / "logs"
        self.node = self._start_node(progress)
        self._explorer: RegtestExplorer | None = None
        self._cosigner: RegtestCosigner | None = None
        self._spent_rewards = 0

    def __enter__(self) -> "LocalNetwork":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def explorer(self) -> RegtestExplorer:
        """The explorer, once it was started."""
        if self._explorer is None:
            raise RegtestError("the explorer is not started yet")
        return self._explorer

    def start_explorer(self, anchor: Path) -> None:
        """Start the explorer, which judges certificates by this trust anchor."""
        self._explorer = RegtestExplorer(
            self.folder / "explorer", anchor, self.logs / "explorer.log", self.node.settings
        )

    def start_cosigner(self, root: Wallet) -> RegtestCosigner:
        """Start the service that signs with the keys of a root's wallet."""
        self._cosigner = RegtestCosigner(root, self.folder / "tokens", self.logs / "cosigner.log")
        return self._cosigner

    def wallet(self, role: str, person: str) -> Wallet:
        """Give the wallet of a person in a role: root, issuer or holder."""
        return Wallet(
            f"ccxx-{role}",
            self.folder / person,
            self.node.settings,
            self.logs / f"{person}.log",
        )

    def fund(self, address: str, amount: int) -> None:
        """Pay satoshis from the faucet, and mine the payment."""
        self._spent_rewards += 1
        faucet.pay(self.node.client, self._spent_rewards, address, amount)
        self.mine(1)

    def mine(self, blocks: int = CONFIRMATIONS) -> None:
        """Mine blocks; the explorer, if it runs, has indexed them on return."""
        self.node.mine(blocks, faucet.ADDRESS)
        if self._explorer is not None:
            self._explorer.wait_for_height(self.node.client.block_count())

    def stop(self) -> None:
        """Stop whatever runs, in the order that leaves nobody without what it needs."""
        try:
            for service in (self._cosigner, self._explorer):
                if service is not None:
                    service.stop()
        finally:
            self.node.stop()

    def _start_node(self, progress: chain_cache.Progress) -> RegtestNode:
        datadir = self.folder / "node"
        log = self.logs / "node.log"
        was_kept = chain_cache.has_chain(self._daemon)
        chain_cache.copy_chain(datadir, progress, self._daemon)
        try:
            return RegtestNode(datadir, log, daemon=self._daemon)
        except RegtestError:
            if not was_kept:
                raise
        # A kept chain that this node cannot read is of no use: mine another, once.
        chain_cache.forget_chain(self._daemon)
        datadir.rename(self.folder / "node-unreadable")
        chain_cache.copy_chain(datadir, progress, self._daemon)
        return RegtestNode(datadir, log, daemon=self._daemon)
