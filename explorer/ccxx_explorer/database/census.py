"""Everything in the index, counted row by row: for comparing, not for pages."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, func, select

from ccxx_explorer.database.schema import (
    batches,
    blocks,
    certificates,
    outputs,
    permits,
    transactions,
    verdicts,
)


def count_everything(connection: Connection) -> dict[str, int]:
    """Count the rows that a chain determines, by what they are; values are satoshis."""
    rows = {
        "blocks": _count(blocks),
        "transactions": _count(transactions),
        "outputs": _count(outputs),
        "outputs_spent": _count(outputs).where(outputs.c.spent_by.is_not(None)),
        "output_value": select(func.sum(outputs.c.value)),
        "unspent_value": select(func.sum(outputs.c.value)).where(outputs.c.spent_by.is_(None)),
        "verdicts": _count(verdicts),
        "refused": _count(verdicts).where(~verdicts.c.accepted),
        "permits": _count(permits),
        "batches": _count(batches),
        "certificates": _count(certificates),
    }
    return {name: int(connection.execute(query).scalar() or 0) for name, query in rows.items()}


def _count(table: Any) -> Select[Any]:
    return select(func.count()).select_from(table)
