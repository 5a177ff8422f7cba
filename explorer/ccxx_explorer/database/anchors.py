"""When the trust anchor learns of a later root: how far back an index has to be judged anew."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, select

from ccxx_cert.recognize import read_message
from ccxx_cert.records import Op, RootMessage
from ccxx_cert.trust import TrustAnchor
from ccxx_core.transaction import Transaction
from ccxx_explorer.database.schema import transactions, verdicts


def earlier_anchor(anchor: TrustAnchor, anchor_id: str) -> TrustAnchor | None:
    """Return the same anchor before it learned of its last roots, None if the id is another's."""
    known = range(len(anchor.successors))
    earlier = (replace(anchor, successors=anchor.successors[:count]) for count in known)
    return next((each for each in earlier if each.anchor_id.hex() == anchor_id), None)


def first_judged_otherwise(
    connection: Connection, old: TrustAnchor, new: TrustAnchor
) -> int | None:
    """Return the height of the first block that the new anchor may judge otherwise, None if none.

    Documents of later roots are asked for by ROOT messages alone: up to the first that names one
    which the old anchor had not, both say the same.
    """
    learned = {each.document_hash for each in new.successors} - {
        each.document_hash for each in old.successors
    }
    query = (
        select(transactions.c.raw, transactions.c.height)
        .join(verdicts, verdicts.c.transaction_number == transactions.c.number)
        .where(verdicts.c.operation == Op.ROOT.name)
        .order_by(transactions.c.number)
    )
    for raw, height in connection.execute(query):
        reading = read_message(Transaction.decode(raw))
        message = reading.message if reading is not None else None
        if isinstance(message, RootMessage) and message.doc_hash in learned:
            return int(height)
    return None
