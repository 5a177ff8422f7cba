"""What happened at each script, in order, with running sums: an address page reads one row.

Every transaction that pays to a script or spends from it touches it once. The newest touch says
how many there are, what was ever received and what is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from ccxx_explorer.database.bulk import Row, insert_rows, portions, select_in
from ccxx_explorer.database.schema import outputs, scripts, touches


class Movement(NamedTuple):
    """One output that a transaction pays to a script, or one that it spends, in satoshis."""

    transaction_number: int
    script: int
    value: int
    is_spend: bool


class _Sums(NamedTuple):
    """What a touch says of all up to it: satoshis, and how many outputs paid and were spent."""

    position: int = 0
    received: int = 0
    balance: int = 0
    funded_count: int = 0
    spent_count: int = 0


def insert_touches(
    connection: Connection, movements: Iterable[Movement], first_new_script: int
) -> None:
    """Write the touches of new transactions."""
    touched: dict[tuple[int, int], list[Movement]] = defaultdict(list)
    for movement in movements:
        touched[movement.transaction_number, movement.script].append(movement)
    latest = _latest(connection, {script for _, script in touched if script < first_new_script})
    rows: list[Row] = []
    for number, script in sorted(touched):
        sums = _after(latest.get(script, _Sums()), touched[number, script])
        latest[script] = sums
        rows.append({"script": script, "transaction_number": number, **sums._asdict()})
    insert_rows(connection, touches, rows)


def _after(before: _Sums, movements: Sequence[Movement]) -> _Sums:
    paid = [each.value for each in movements if not each.is_spend]
    spent = [each.value for each in movements if each.is_spend]
    return _Sums(
        before.position + 1,
        before.received + sum(paid),
        before.balance + sum(paid) - sum(spent),
        before.funded_count + len(paid),
        before.spent_count + len(spent),
    )


def _latest(connection: Connection, numbers: Iterable[int]) -> dict[int, _Sums]:
    """Return the sums at the newest touch of each script."""
    newest = (
        select(func.max(touches.c.position))
        .where(touches.c.script == scripts.c.number)
        .correlate(scripts)
        .scalar_subquery()
    )
    columns = (touches.c[name] for name in _Sums._fields)
    is_newest = (touches.c.script == scripts.c.number) & (touches.c.position == newest)
    query = select(touches.c.script, *columns).join_from(scripts, touches, is_newest)
    found = select_in(connection, query, scripts.c.number, sorted(numbers))
    return {row[0]: _Sums(*row[1:]) for row in found}


def delete_touches(connection: Connection, first: int) -> None:
    """Forget the touches of the transactions from a number on, while their outputs are known."""
    query = select(outputs.c.script)
    paid = query.where(outputs.c.transaction_number >= first)
    concerned = paid.union(query.where(outputs.c.spent_by >= first))
    for portion in portions(connection.execute(concerned).scalars()):
        connection.execute(
            delete(touches).where(
                touches.c.script.in_(portion), touches.c.transaction_number >= first
            )
        )
