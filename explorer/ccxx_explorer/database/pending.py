"""Questions that unconfirmed transactions ask of the index."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_explorer.database.schema import outputs, scripts, transactions

# A database takes only so many values in one question.
_PER_QUERY = 200


def coins_at(connection: Connection, wanted: Iterable[OutPoint]) -> dict[OutPoint, TxOutput]:
    """Give the confirmed outputs at some outpoints, spent or not; unknown ones are left out."""
    ordered = sorted(set(wanted))
    found: dict[OutPoint, TxOutput] = {}
    for start in range(0, len(ordered), _PER_QUERY):
        asked = set(ordered[start : start + _PER_QUERY])
        query = (
            select(transactions.c.txid, outputs.c.vout, outputs.c.value, scripts.c.script_pubkey)
            .join(outputs, outputs.c.transaction_number == transactions.c.number)
            .join(scripts, scripts.c.number == outputs.c.script)
            .where(transactions.c.txid.in_({each.txid for each in asked}))
            .where(outputs.c.vout.in_({each.vout for each in asked}))
        )
        for row in connection.execute(query):
            outpoint = OutPoint(Txid(row.txid), row.vout)
            if outpoint in asked:
                found[outpoint] = TxOutput(row.value, row.script_pubkey)
    return found
