"""The running node: chain, pool and RPC server wired together in one event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from ccxx_core.block import Block
from ccxx_core.hashes import BlockHash, format_hash
from ccxx_core.transaction import Transaction
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.errors import ChainError, StorageError
from ccxx_node.chainstate.rules import Rules
from ccxx_node.config import Config, ConfigError
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.consensus.workers import WorkerPool
from ccxx_node.mempool.accept import Acceptor, Terms
from ccxx_node.mempool.entry import Entry
from ccxx_node.mempool.next_block import BlockAfter
from ccxx_node.mempool.pool import Mempool
from ccxx_node.mining.next_template import make_template
from ccxx_node.mining.template import BlockTemplate
from ccxx_node.node.chain_follower import TURN_SECONDS, ChainFollower
from ccxx_node.node.importing import check_readable, import_files
from ccxx_node.node.kept_pool import KeptPool
from ccxx_node.node.network_settings import initial_download, network_options, peer_options
from ccxx_node.node.operations import Operations
from ccxx_node.node.peer_door import PeerDoor
from ccxx_node.node.settings import (
    block_limits,
    chainstate_options,
    consensus_params,
    mempool_policy,
    mock_time,
    rpc_settings,
    user_agent,
    worker_count,
)
from ccxx_node.node.trusted_miners import miner_policy
from ccxx_node.p2p.network import PeerNetwork
from ccxx_node.p2p.sockets.listening import ListenError
from ccxx_node.rpc.auth import write_cookie
from ccxx_node.rpc.call_times import CallTimes
from ccxx_node.rpc.health import HealthFacts
from ccxx_node.rpc.methods import REGISTRY
from ccxx_node.rpc.server import RpcServer

_log = logging.getLogger("ccxx.node")

STARTING = "Loading block index..."


class Node:
    """One node from start to stop; provides `rpc.services.NodeServices`."""

    def __init__(self, config: Config) -> None:
        """Read all settings; raises `ConfigError` before anything is touched."""
        self.config = config
        self.network = config.network
        self.params = consensus_params(config)
        self.acceptor = Acceptor(Mempool(), mempool_policy(config))
        self.user_agent = user_agent(config)
        self.mock_time = mock_time(config)
        self.started_at = int(time.time())
        self.starting: str | None = STARTING
        self.chain: Chainstate
        self.rules: Rules
        self.peers: PeerNetwork
        self._follower: ChainFollower
        self.is_importing = False
        self.calls = CallTimes()
        self._kept_pool = KeptPool(config, self.acceptor)
        self._operations = Operations(self, config)
        self._network_options = network_options(config)
        self._peer_options = peer_options(config, self._network_options.max_outbound)
        self._initial_download = initial_download(config)
        self._limits = block_limits(config)
        self._last_height = config.number("stopatheight", 0)
        self._miners = miner_policy(config)
        self._options = chainstate_options(config)
        self._imports = tuple(Path(path) for path in config.texts("loadblock"))
        for path in self._imports:
            check_readable(path)
        self._cookie = self._cookie_path()
        self._workers: WorkerPool | None = None
        self._server: RpcServer | None = None
        self._tip_changed = asyncio.Event()
        self._stop = asyncio.Event()
        self._failure: Exception | None = None

    # From start to stop

    async def run(self) -> None:
        """Serve until `request_stop`.

        Raises `StorageError` or `ConfigError` if that cannot be, `ChainError` at the end if an
        import it was to stop after left blocks out, and what a bug of ours raised.
        """
        try:
            await self._open()
            await self._serve()
        finally:
            await self._close()
        if self._failure is not None:
            raise self._failure

    def request_stop(self) -> None:
        """Begin to shut down; calls that are being answered are finished."""
        self._stop.set()
        self._tip_changed.set()

    async def _open(self) -> None:
        await self._operations.open()
        if self.config.flag("server", True):
            settings = rpc_settings(self.config, self._own_users())
            self._server = RpcServer(settings, REGISTRY, self)
            try:
                await self._server.open()
            except OSError as error:
                raise ConfigError(f"Unable to start HTTP server: {error}") from error
        (self.config.network_datadir / "wallets").mkdir(parents=True, exist_ok=True)
        cores = worker_count(self.config)
        self._workers = WorkerPool(cores) if cores > 1 else None
        self.rules = Rules(self.params, self._workers, self._miners, cores)
        # Only here the chain is touched by another thread: nobody else can until it is open.
        self.chain = await asyncio.to_thread(
            Chainstate.open, self.config.network_datadir, self.params, self._options, self.rules
        )
        await self._kept_pool.open(self.chain, self.next_block(), self.now())
        await self._open_network()
        self.starting = None
        self._operations.started()
        tip = self.chain.tip
        _log.info("node started height=%d hash=%s", tip.height, format_hash(tip.hash))

    async def _open_network(self) -> None:
        peers = PeerNetwork(PeerDoor(self), self._network_options, self._peer_options)
        self.peers = peers
        self._follower = ChainFollower(self)
        try:
            await peers.open()
        except ListenError as error:
            self.chain.close()
            raise ConfigError(str(error)) from error

    async def _serve(self) -> None:
        work: set[asyncio.Task[None]] = {
            asyncio.create_task(self._import_all()),
            asyncio.create_task(self.peers.run()),
        }
        stop = asyncio.create_task(self._stop.wait())
        try:
            while not stop.done():
                done, _ = await asyncio.wait({stop, *work}, return_when=asyncio.FIRST_COMPLETED)
                for task in work & done:
                    work.remove(task)
                    task.result()
        finally:
            for each in (stop, *work):
                each.cancel()
            await asyncio.gather(stop, *work, return_exceptions=True)

    async def _close(self) -> None:
        self.request_stop()
        try:
            await self._close_server()
            if self.starting is None:
                await self.peers.close()
                await self._follower.close()
            await self._operations.close()
        finally:
            self._close_rest()
        _log.info("node stopped")

    async def _close_server(self) -> None:
        if self._server is None:
            return
        await self._server.close()
        if self._uses_cookie():
            # On a disk that takes no change the next start writes another.
            with suppress(OSError):
                self._cookie.unlink(missing_ok=True)

    def _close_rest(self) -> None:
        try:
            if self.starting is None:
                self._close_chain()
        finally:
            if self._workers is not None:
                self._workers.close()

    def _close_chain(self) -> None:
        try:
            self._kept_pool.close(self._follower.returning)
        finally:
            self.chain.close()

    def _own_users(self) -> list[str]:
        if not self._uses_cookie():
            return []
        try:
            return [write_cookie(self._cookie)]
        except OSError as error:
            text = f"cannot write the cookie {self._cookie}: {error.strerror}"
            raise ConfigError(text) from error

    def _uses_cookie(self) -> bool:
        return not self.config.text("rpcpassword")

    def _cookie_path(self) -> Path:
        return self.config.network_datadir / self.config.text("rpccookiefile", ".cookie")

    # Importing blocks

    async def _import_all(self) -> None:
        self.is_importing = bool(self._imports)
        incomplete = await import_files(self, self._imports, self._follower.follow)
        self.is_importing = False
        self._operations.chain_changed()
        if self._imports and self.config.flag("stopafterblockimport"):
            if incomplete is not None and self._failure is None:
                self.fail(incomplete)
            self.request_stop()

    # What RPC methods ask for

    def now(self) -> int:
        """Return unix time, or the time set for tests."""
        return self.mock_time or int(time.time())

    def next_block(self) -> BlockAfter:
        """Return what holds for the block after the tip."""
        return BlockAfter(self.chain.tip, self.chain, self.params, self.rules)

    def submit_block(self, block: Block) -> None:
        """Add a block to the chain; raises `ConsensusError` if it is refused."""
        with self._stopping_when_disk_fails():
            try:
                events = self.chain.accept_block(block, self.now(), TURN_SECONDS)
            except ConsensusError as error:
                self._log_refusal(block, error)
                self._follower.catch_up()
                if self.chain.is_settled:
                    # Also where the tip stays: the whole network may be on the other side.
                    self._operations.chain_changed()
                raise
            self._follower.follow(events)

    def _log_refusal(self, block: Block, error: ConsensusError) -> None:
        entry = self.chain.entry(block.hash)
        # A block that was stored has been refused, and logged, where it should be connected.
        if entry is None or entry.block_position is None:
            # The answer to whoever sent it is the family's `duplicate`.
            builds_on_refused = entry is not None and entry.failed_parent
            reason = Reject.INVALID_PARENT if builds_on_refused else error
            _log.warning("block refused hash=%s reason=%s", format_hash(block.hash), reason)

    def submit_transaction(self, tx: Transaction, max_fee: int) -> Entry:
        """Put a transaction into the pool; raises `ConsensusError` or `PolicyError`."""
        entry = self.acceptor.accept(tx, self.next_block(), Terms(self.now(), max_fee))
        _log.info("transaction accepted txid=%s fee=%d", format_hash(tx.txid), entry.fee)
        self.peers.transaction_accepted(tx.txid)
        return entry

    def invalidate(self, block_hash: BlockHash) -> None:
        """Treat a known block as invalid from now on."""
        with self._stopping_when_disk_fails():
            self._follower.follow(self.chain.invalidate_block(block_hash, TURN_SECONDS))

    def reconsider(self, block_hash: BlockHash) -> None:
        """Forget that a block and its descendants were treated as invalid."""
        with self._stopping_when_disk_fails():
            self._follower.follow(self.chain.reconsider_block(block_hash, TURN_SECONDS))

    def prefer(self, block_hash: BlockHash) -> None:
        """Treat a block as if it had come before others of the same work."""
        with self._stopping_when_disk_fails():
            self._follower.follow(self.chain.precious_block(block_hash, TURN_SECONDS))

    async def settled(self) -> None:
        """Return when the tip is the best there is; raises `ChainError` if the node stops."""
        await self._follower.settled()

    def template(self, *, with_witness: bool = True) -> BlockTemplate:
        """Return the next block as it would be mined now, perhaps without witness transactions.

        Raises `ChainError` in the middle of a long reorganisation.
        """
        if not self.chain.is_settled:
            raise ChainError("the chain is being reorganised: ask again in a moment")
        limits = replace(self._limits, with_witness=with_witness)
        return make_template(
            self.chain, self.acceptor.pool, limits, self.now(), self.rules.deployments
        )

    async def wait_for_tip(self, timeout: float | None) -> None:
        """Return when the tip changes, the time is over, or the node stops."""
        if self._stop.is_set():
            return
        try:
            await asyncio.wait_for(self._tip_changed.wait(), timeout)
        except TimeoutError:
            return

    def is_initial_download(self) -> bool:
        """Whether the chain is still far from today; once over it stays over."""
        return self.is_importing or self._initial_download.is_active(self.chain.tip, self.now())

    @property
    def warnings(self) -> str:
        """What an operator should read, as one text."""
        return "; ".join(self._operations.warnings)

    def health(self) -> HealthFacts:
        """Return what readiness is judged by."""
        return self._operations.health()

    def peer_counts(self) -> tuple[int, int]:
        """Return how many peers called us, and how many we called."""
        peers = self.peers.peers
        inbound = sum(peer.inbound for peer in peers)
        return inbound, len(peers) - inbound

    def peer_bytes(self) -> tuple[int, int]:
        """Return the bytes received from peers, and those sent."""
        totals = self.peers.totals
        return totals.received, totals.sent

    @property
    def is_stopping(self) -> bool:
        """Whether the node shuts down."""
        return self._stop.is_set()

    def blocks_size(self) -> int:
        """Return the bytes that blocks and undo data take on the disk."""
        return self.chain.blocks_size()

    def save_mempool(self) -> None:
        """Write the pool to the disk; OSError if that fails."""
        self._kept_pool.save(self._follower.returning)

    def chain_settled(self) -> None:
        """Hear that the tip is where it stays until the next block."""
        self._operations.chain_changed()
        self._wake()
        if 0 < self._last_height <= self.chain.height:
            _log.info("node stopping height=%d", self.chain.height)
            self.request_stop()

    @contextmanager
    def _stopping_when_disk_fails(self) -> Iterator[None]:
        try:
            yield
        except StorageError as error:
            self.fail(error)
            raise

    def fail(self, error: Exception) -> None:
        """Shut down because of an error, which `run` raises; the process leaves with 1."""
        _log.error("node stopping reason=%s", error)
        self._failure = error
        self.request_stop()

    def _wake(self) -> None:
        waiting, self._tip_changed = self._tip_changed, asyncio.Event()
        waiting.set()
