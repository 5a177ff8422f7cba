"""Numbers for Prometheus: all are read from the node at the moment somebody asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric

from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.mempool.accept import Acceptor
from ccxx_node.node.process_usage import process_usage
from ccxx_node.rpc.call_times import CallTimes
from ccxx_node.rpc.health import HealthFacts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Measured(Protocol):
    """The node as its metrics see it."""

    chain: Chainstate
    acceptor: Acceptor
    calls: CallTimes
    started_at: int

    def now(self) -> int:
        """Return unix time, or the time set for tests."""

    def health(self) -> HealthFacts:
        """Return what readiness is judged by."""

    def peer_counts(self) -> tuple[int, int]:
        """Return how many peers called us, and how many we called."""

    def peer_bytes(self) -> tuple[int, int]:
        """Return the bytes received from peers, and those sent."""


class NodeMetrics:
    """Collects every number of one node; while it starts, those that are known already."""

    def __init__(self, node: Measured) -> None:
        self._node = node
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """Return the page that Prometheus reads."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Give all families of numbers."""
        health = self._node.health()
        yield _gauge("ready", "1 if the node is ready (getnodehealth)", not health.reasons)
        yield _gauge("start_time_seconds", "Unix time of the start", self._node.started_at)
        yield _gauge(
            "disk_free_bytes",
            "Room on the disk of the data folder, or of the blocks if that is less",
            health.disk_free,
        )
        yield _gauge("warnings", "Warnings that stand", len(health.warnings))
        yield from _process()
        yield from self._calls()
        if not health.is_starting:
            yield from self._chain(health)
            yield from self._mempool()
            yield from self._peers()

    def _chain(self, health: HealthFacts) -> Iterator[Metric]:
        chain = self._node.chain
        yield _gauge("block_height", "Height of the tip", health.height)
        yield _gauge("header_height", "Height of the best header", health.headers)
        yield _gauge("tip_age_seconds", "Seconds since the tip's time", health.tip_age)
        yield _gauge("initial_download", "1 during it", health.is_initial_download)
        yield _gauge("blocks_bytes", "Files of blocks and undo data", chain.blocks_size())
        cached, dirty = chain.coin_cache
        yield _gauge("coin_cache_coins", "Coins in memory", cached)
        yield _gauge("coin_cache_unwritten", "Coins the database does not know yet", dirty)
        work = chain.connect_times
        yield SummaryMetricFamily(
            "ccxx_block_connect_seconds",
            "Time to check and connect blocks",
            count_value=work.count,
            sum_value=work.seconds,
        )
        moved = CounterMetricFamily("ccxx_blocks_disconnected", "Blocks that left the chain")
        moved.add_metric([], work.disconnected)
        yield moved

    def _mempool(self) -> Iterator[Metric]:
        pool, acceptor = self._node.acceptor.pool, self._node.acceptor
        yield _gauge("mempool_transactions", "Transactions in the pool", len(pool))
        yield _gauge("mempool_bytes", "Their virtual bytes", pool.size)
        yield _gauge("mempool_usage_bytes", "Memory they take", pool.usage)
        floor = max(acceptor.min_fee(self._node.now()), acceptor.policy.min_relay_fee)
        yield _gauge("mempool_min_fee_satoshis", "Least fee for 1,000 virtual bytes", floor)

    def _peers(self) -> Iterator[Metric]:
        inbound, outbound = self._node.peer_counts()
        peers = GaugeMetricFamily("ccxx_peers", "Connected peers", labels=["direction"])
        peers.add_metric(["inbound"], inbound)
        peers.add_metric(["outbound"], outbound)
        yield peers
        received, sent = self._node.peer_bytes()
        traffic = CounterMetricFamily("ccxx_peer_bytes", "Bytes of peers", labels=["direction"])
        traffic.add_metric(["received"], received)
        traffic.add_metric(["sent"], sent)
        yield traffic

    def _calls(self) -> Iterator[Metric]:
        took = SummaryMetricFamily(
            "ccxx_rpc_seconds", "Calls of RPC methods and their time", labels=["method"]
        )
        failed = CounterMetricFamily(
            "ccxx_rpc_failures", "Calls answered with an error", labels=["method"]
        )
        for method, calls in self._node.calls:
            took.add_metric([method], count_value=calls.count, sum_value=calls.seconds)
            failed.add_metric([method], calls.failed)
        refused = CounterMetricFamily(
            "ccxx_rpc_refused", "Callers and calls turned away", labels=["reason"]
        )
        for reason, count in self._node.calls.refused.items():
            refused.add_metric([reason], count)
        yield from (took, failed, refused)


def _process() -> Iterator[Metric]:
    usage = process_usage()
    yield _gauge("resident_memory_bytes", "Memory of the process", usage.resident_bytes)
    yield _gauge("open_files", "Open files and sockets", usage.open_files)
    yield _gauge("max_open_files", "As many may be open", usage.max_files)


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"ccxx_{name}", help_text, value=value)
