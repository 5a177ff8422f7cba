"""Questions that unconfirmed transactions ask of the index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_explorer.database.schema import outputs, scripts, transactions

_IDS_PER_QUERY = 500


def coins_at(connection: Connection, wanted: Iterable[OutPoint]) -> dict[OutPoint, TxOutput]:
    """Give the confirmed outputs at some outpoints, spent or not; unknown ones are left out."""
    by_txid: dict[bytes, set[int]] = {}
    for outpoint in wanted:
        by_txid.setdefault(outpoint.txid, set()).add(outpoint.vout)
    found: dict[OutPoint, TxOutput] = {}
    for ids in _slices(list(by_txid)):
        vouts = {vout for txid in ids for vout in by_txid[txid]}
        query = (
            select(transactions.c.txid, outputs.c.vout, outputs.c.value, scripts.c.script_pubkey)
            .join(outputs, outputs.c.transaction_number == transactions.c.number)
            .join(scripts, scripts.c.number == outputs.c.script)
            .where(transactions.c.txid.in_(ids), outputs.c.vout.in_(vouts))
        )
        for row in connection.execute(query):
            if row.vout in by_txid[row.txid]:
                outpoint = OutPoint(Txid(row.txid), row.vout)
                found[outpoint] = TxOutput(row.value, row.script_pubkey)
    return found


def _slices(ids: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(ids), _IDS_PER_QUERY):
        yield ids[start : start + _IDS_PER_QUERY]
