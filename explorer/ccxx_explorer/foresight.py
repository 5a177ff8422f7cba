"""What unconfirmed transactions would do, if the next block took them in this order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from ccxx_cert.registry import Stage, apply_transaction
from ccxx_cert.state import Moment, RegistryView, Verdict
from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint, Transaction, TxOutput
from ccxx_explorer.database.pending import coins_at
from ccxx_explorer.database.records import RecordTables
from ccxx_explorer.pending import PoolSnapshot
from ccxx_explorer.site import Site

# Nodes relay chains of 25: what is longer is not worth a visitor's time.
_MOST_WAITING = 500


@dataclass(frozen=True, slots=True)
class Outlook:
    """The registry as it would be, and the verdicts on the transactions that concern it."""

    registry: RegistryView
    verdicts: Mapping[Txid, Verdict]


def foresee(site: Site, connection: Connection, txs: Iterable[Transaction]) -> Outlook:
    """Let the rules judge transactions as if the next block held them, after what they wait for.

    Without a trust anchor, or while nothing is indexed, there are no verdicts.
    """
    stage = Stage(RecordTables(connection))
    tip, anchor = site.tip_or_none(connection), site.database.anchor
    verdicts: dict[Txid, Verdict] = {}
    if tip is None or anchor is None:
        return Outlook(stage, verdicts)
    moment = Moment(tip.height + 1, tip.header.time, tip.median_time_past)
    for position, tx in enumerate(_in_order(site.pool(), txs)):
        verdict = apply_transaction(stage, anchor, tx, moment, position + 1)
        if verdict is not None:
            verdicts[tx.txid] = verdict
    return Outlook(stage, verdicts)


def coins_of(site: Site, connection: Connection, tx: Transaction) -> dict[OutPoint, TxOutput]:
    """Give the coins that an unconfirmed transaction spends, those that index or pool know."""
    pool = site.pool()
    wanted = [each.prevout for each in tx.inputs]
    found = {at: coin for at in wanted if (coin := pool.output_at(at)) is not None}
    return coins_at(connection, (at for at in wanted if at not in found)) | found


def _in_order(pool: PoolSnapshot, txs: Iterable[Transaction]) -> list[Transaction]:
    """Put unconfirmed parents before their children; ancestors too far back are left out."""
    ordered: dict[Txid, Transaction] = {}
    waiting = list(txs)[::-1]
    while waiting:
        tx = waiting[-1]
        parents = [
            parent.transaction
            for each in tx.inputs
            if (parent := pool.transactions.get(each.prevout.txid)) is not None
            and each.prevout.txid not in ordered
        ]
        if parents and len(waiting) < _MOST_WAITING:
            waiting += parents
        else:
            ordered.setdefault(tx.txid, waiting.pop())
    return list(ordered.values())
