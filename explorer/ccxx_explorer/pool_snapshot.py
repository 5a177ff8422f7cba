"""The node's pool at one moment, as it is handed out: it never changes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ccxx_core.hashes import Txid, sha256
from ccxx_core.transaction import OutPoint, Transaction, TxOutput


@dataclass(frozen=True, slots=True)
class PendingTransaction:
    """An unconfirmed transaction: fee in satoshis, if known, and when the node saw it first.

    `prevouts` are the coins that it spends, those that index or pool know.
    """

    transaction: Transaction
    fee: int | None
    vsize: int
    first_seen: int
    prevouts: Mapping[OutPoint, TxOutput] = field(default_factory=dict)

    @property
    def feerate(self) -> int | None:
        """What it pays, in satoshis for 1,000 virtual bytes."""
        return None if self.fee is None else self.fee * 1_000 // self.vsize

    @property
    def is_resolved(self) -> bool:
        """Tell whether every coin that it spends is known."""
        return all(each.prevout in self.prevouts for each in self.transaction.inputs)


@dataclass(frozen=True, slots=True)
class PendingSpend:
    """The input of an unconfirmed transaction that spends an output."""

    txid: Txid
    index: int


@dataclass(frozen=True, slots=True)
class PoolSnapshot:
    """The pool at one moment; `sequence` grows with every change.

    `transactions` are in the order in which they were read, parents first; `by_script` names those
    that pay to or spend from a script by its SHA-256; `count` and `size` (virtual bytes) are the
    node's own. A transaction may be here for a second after a block took it: the index goes first.
    """

    sequence: int = 0
    is_stale: bool = True
    count: int = 0
    size: int = 0
    transactions: Mapping[Txid, PendingTransaction] = field(default_factory=dict)
    by_script: Mapping[bytes, tuple[Txid, ...]] = field(default_factory=dict)
    spends: Mapping[OutPoint, PendingSpend] = field(default_factory=dict)

    @property
    def hidden(self) -> int:
        """How many transactions the node holds that are not shown here."""
        return max(0, self.count - len(self.transactions))

    def output_at(self, outpoint: OutPoint) -> TxOutput | None:
        """Give an output of an unconfirmed transaction."""
        pending = self.transactions.get(outpoint.txid)
        if pending is None or outpoint.vout >= len(pending.transaction.outputs):
            return None
        return pending.transaction.outputs[outpoint.vout]


def take_snapshot(
    known: Mapping[Txid, PendingTransaction], sequence: int, count: int, size: int
) -> PoolSnapshot:
    """Put the transactions of a pool in order: by id, by script, and by the coins they spend."""
    by_script: dict[bytes, dict[Txid, None]] = {}
    spends: dict[OutPoint, PendingSpend] = {}
    for txid, pending in known.items():
        for index, each in enumerate(pending.transaction.inputs):
            spends[each.prevout] = PendingSpend(txid, index)
        for output in (*pending.prevouts.values(), *pending.transaction.outputs):
            by_script.setdefault(sha256(output.script_pubkey), {})[txid] = None
    return PoolSnapshot(
        sequence=sequence,
        is_stale=False,
        count=count,
        size=size,
        transactions=dict(known),
        by_script={script: tuple(txids) for script, txids in by_script.items()},
        spends=spends,
    )
