"""Compare the index with its node: read the whole chain anew, and judge it in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ccxx_cert.registry import MemoryRegistry, apply_block, state_hash
from ccxx_cert.state import Credit, ObservedBlock, RecordKind
from ccxx_cert.trust import TrustAnchor
from ccxx_core.hashes import BlockHash, format_hash
from ccxx_core.transaction import OutPoint
from ccxx_explorer.database import reader
from ccxx_explorer.database.census import count_everything
from ccxx_explorer.database.store import Database
from ccxx_explorer.database.whole_state import registry_hash
from ccxx_explorer.problems import ExplorerError
from ccxx_node.client.follow import BlockConnected, BlockDisconnected, catch_up
from ccxx_node.client.rpc import NodeClient

_CREDIT = ("root_credit", "permit_credit", "certificate_credit", "destroyed_credit")
_TOTALS = ("transactions", "permits", "certificates", "refused")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing as the index has it and as the chain has it."""

    name: str
    index: str | int
    chain: str | int

    @property
    def is_equal(self) -> bool:
        """Whether both say the same."""
        return self.index == self.chain


def check_index(
    database: Database, client: NodeClient, report: Callable[[int, int], None]
) -> list[Comparison]:
    """Compare the index at its tip with the node's chain up to there.

    `report` is told the height read and the last one. Raises ExplorerError where the index is
    empty, or the chain was reorganised meanwhile.
    """
    ours = _facts_of_index(database)
    height = int(ours["height"])
    chain = ChainReader(database.anchor)
    for event in catch_up(client, chain):
        if isinstance(event, BlockDisconnected):
            raise ExplorerError("the chain was reorganised while it was read: check again")
        chain.add(event)
        report(event.height, height)
        if event.height >= height:
            break
    theirs = chain.facts()
    return [Comparison(name, value, theirs.get(name, 0)) for name, value in ours.items()]


def _facts_of_index(database: Database) -> dict[str, str | int]:
    with database.read() as connection:
        tip, totals = reader.tip(connection), reader.totals(connection)
        if tip is None or totals is None:
            raise ExplorerError("the index is empty: run `ccxx-explorer index` first")
        facts: dict[str, str | int] = {"height": tip.height, "block": format_hash(tip.hash)}
        facts |= count_everything(connection)
        facts |= {f"total_{name}": getattr(totals, name) for name in _TOTALS}
        if database.anchor is not None:
            facts |= {name: getattr(totals, name) for name in _CREDIT}
            facts["state_hash"] = registry_hash(connection).hex()
    return facts


class ChainReader:
    """Reads blocks in order and counts what they hold; it knows nothing of the index."""

    def __init__(self, anchor: TrustAnchor | None) -> None:
        self._anchor = anchor
        self._registry = MemoryRegistry()
        self._counts: Counter[str] = Counter()
        self._values: dict[OutPoint, int] = {}
        self._tip: tuple[int, BlockHash] | None = None

    def tip(self) -> tuple[int, BlockHash] | None:
        """Return the last block read."""
        return self._tip

    def hash_at(self, height: int) -> BlockHash | None:
        """Return the hash of the last block read, where it is at this height."""
        return self._tip[1] if self._tip is not None and self._tip[0] == height else None

    def add(self, event: BlockConnected) -> None:
        """Count and judge one block."""
        transactions = event.block.transactions
        self._counts.update(blocks=1, transactions=len(transactions))
        for tx in transactions:
            for each in tx.inputs if not tx.is_coinbase else ():
                self._counts.update(outputs_spent=1)
                self._values.pop(each.prevout, None)
            for vout, output in enumerate(tx.outputs):
                self._counts.update(outputs=1, output_value=output.value)
                self._values[OutPoint(tx.txid, vout)] = output.value
        self._tip = (event.height, event.hash)
        if self._anchor is not None:
            self._judge(self._anchor, event)

    def _judge(self, anchor: TrustAnchor, event: BlockConnected) -> None:
        block = ObservedBlock(
            event.height,
            event.hash,
            event.block.header.time,
            event.median_time_past,
            event.block.transactions,
        )
        found = apply_block(self._registry, anchor, block)
        self._registry.apply(found.changes)
        refused = sum(not verdict.accepted for verdict in found.verdicts)
        self._counts.update(verdicts=len(found.verdicts), refused=refused)

    def facts(self) -> Mapping[str, str | int]:
        """Say what was read, under the names by which the index says it."""
        tip = self._tip or (-1, BlockHash(bytes(32)))
        kinds = Counter(key.kind for key in self._registry.records)
        facts: dict[str, str | int] = {"height": tip[0], "block": format_hash(tip[1])}
        facts |= self._counts
        facts["unspent_value"] = sum(self._values.values())
        facts["permits"] = kinds[RecordKind.PERMIT]
        facts["batches"] = kinds[RecordKind.BATCH]
        facts["certificates"] = kinds[RecordKind.CERTIFICATE]
        facts |= {f"total_{name}": facts.get(name, 0) for name in _TOTALS}
        if self._anchor is not None:
            facts |= self._credit(self._anchor, has_root=kinds[RecordKind.ROOT] > 0)
            facts["state_hash"] = state_hash(self._registry.records).hex()
        return facts

    def _credit(self, anchor: TrustAnchor, *, has_root: bool) -> dict[str, int]:
        sums: Counter[str] = Counter()
        for record in self._registry.records.values():
            if isinstance(record, Credit):
                sums[f"{record.kind.value}_credit"] += record.value
        sums["destroyed_credit"] = anchor.root_value * has_root - sums.total()
        return {name: sums[name] for name in _CREDIT}
