"""What an operator watches and is told: metrics, health, warnings, notifications."""

from __future__ import annotations

from typing import Protocol

from ccxx_node.chainstate.rules import Rules
from ccxx_node.config import Config, ConfigError
from ccxx_node.consensus.params import ConsensusParams
from ccxx_node.consensus.unknown_rules import UnknownRulesWatch
from ccxx_node.node.metrics import Measured, NodeMetrics
from ccxx_node.node.metrics_server import MetricsServer
from ccxx_node.node.notifications import Notifier
from ccxx_node.node.process_usage import disk_free
from ccxx_node.node.settings import blocks_folder
from ccxx_node.node.tip_watch import TipWatch
from ccxx_node.p2p.network import PeerNetwork
from ccxx_node.rpc.health import HealthFacts

_MAX_PORT = 65535


class Operated(Measured, Protocol):
    """The node as its operator's interfaces see it."""

    params: ConsensusParams
    rules: Rules
    starting: str | None
    is_importing: bool
    peers: PeerNetwork

    @property
    def is_stopping(self) -> bool:
        """Whether the node shuts down."""

    def is_initial_download(self) -> bool:
        """Whether the chain is still far from today."""


class Operations:
    """Belongs to one node, from before it starts until after it stopped."""

    def __init__(self, node: Operated, config: Config) -> None:
        """Read the settings; raises `ConfigError`."""
        self._node = node
        self._folders = (config.network_datadir, blocks_folder(config))
        self._has_peers = config.texts("connect") != ("0",)
        self._notifier = Notifier(config.text("blocknotify"), config.text("alertnotify"))
        self._tip_watch: TipWatch | None = None
        self._address = _metrics_address(config)
        self._server: MetricsServer | None = None

    async def open(self) -> None:
        """Serve metrics if a port is set, also while the node starts; raises `ConfigError`."""
        if self._address is None:
            return
        metrics = NodeMetrics(self._node)
        self._server = MetricsServer(self._address, metrics.text, self.health)
        try:
            await self._server.open()
        except OSError as error:
            raise ConfigError(f"cannot serve metrics: {error}") from error

    def started(self) -> None:
        """Begin to watch the chain, which is open now."""
        node = self._node
        self._tip_watch = TipWatch(
            node.chain,
            UnknownRulesWatch(node.params, node.rules.deployments),
            node.is_initial_download,
            self._notifier,
        )
        self._tip_watch.look()

    def chain_changed(self) -> None:
        """Look at the tip and at branches that failed, and tell the operator what follows."""
        if self._tip_watch is not None:
            self._tip_watch.look()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What an operator should read."""
        if self._tip_watch is None:
            return ()
        return (*self._tip_watch.warnings, *self._node.peers.warnings)

    def health(self) -> HealthFacts:
        """Return what readiness is judged by."""
        node = self._node
        free = disk_free(self._folders)
        if node.starting is not None:
            return HealthFacts(is_starting=True, disk_free=free)
        return HealthFacts(
            is_stopping=node.is_stopping,
            is_importing=node.is_importing,
            is_initial_download=node.is_initial_download(),
            height=node.chain.height,
            headers=node.chain.best_header.height,
            announced=node.chain.best_announced.height,
            tip_age=max(0, node.now() - node.chain.tip.time),
            spacing=node.params.spacing,
            peers=sum(node.peer_counts()) if self._has_peers else None,
            disk_free=free,
            warnings=self.warnings,
        )

    async def close(self) -> None:
        """Stop to serve, and let go of the commands that run."""
        if self._server is not None:
            await self._server.close()
        await self._notifier.close()


def _metrics_address(config: Config) -> tuple[str, int] | None:
    port = config.number("metricsport", 0)
    if not port:
        return None
    if not 0 < port <= _MAX_PORT:
        raise ConfigError(f"-metricsport is {port}, wanted 1 to {_MAX_PORT}")
    return config.text("metricsbind", "127.0.0.1"), port
