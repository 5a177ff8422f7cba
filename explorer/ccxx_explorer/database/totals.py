"""How many permits and certificates there are and where the credit lies, after each block."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from ccxx_cert.marks import RootState
from ccxx_cert.state import BlockChanges, Certificate, Credit, CreditKind, Permit
from ccxx_explorer.database.bulk import Row
from ccxx_explorer.database.schema import blocks

_CREDIT = {
    CreditKind.ROOT: "root_credit",
    CreditKind.PERMIT: "permit_credit",
    CreditKind.CERTIFICATE: "certificate_credit",
}
COLUMNS = ("permits", "certificates", "refused", *_CREDIT.values(), "destroyed_credit")


class RunningTotals:
    """The totals of blocks in a row, counted on from the block below them."""

    def __init__(self, connection: Connection, height: int, root_value: int) -> None:
        self._connection = connection
        self._root_value = root_value
        query = select(*(blocks.c[name] for name in COLUMNS)).where(blocks.c.height == height - 1)
        below = connection.execute(query).first()
        self._now: Counter[str] = Counter(below._asdict() if below is not None else {})
        self._rows: list[Row] = []

    def add(self, found: BlockChanges) -> None:
        """Count one block."""
        for change in found.changes:
            self._count(change.before, -1)
            self._count(change.after, 1)
        self._now["refused"] += sum(not verdict.accepted for verdict in found.verdicts)
        row = {f"new_{name}": self._now[name] for name in COLUMNS}
        self._rows.append({"at": found.height, **row})

    def _count(self, record: object, sign: int) -> None:
        match record:
            case Credit():
                self._now[_CREDIT[record.kind]] += sign * record.value
                # What leaves one kind and enters no other is lost for ever.
                self._now["destroyed_credit"] -= sign * record.value
            case RootState():
                self._now["destroyed_credit"] += sign * self._root_value
            case Permit():
                self._now["permits"] += sign
            case Certificate():
                self._now["certificates"] += sign
            case _:
                pass

    def write(self) -> None:
        """Write the totals of all blocks that were counted."""
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in COLUMNS}
        statement = update(blocks).where(blocks.c.height == bindparam("at")).values(values)
        self._connection.execute(statement, self._rows)
