"""What was signed, approved and handed out, in SQLite: the memory that limits and replays need.

Every decision is made inside one `transaction()`, which also keeps two processes apart. What is
committed survives a power cut, and nothing is answered before it is committed.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint
from ccxx_root.cosigner.audit import Head
from ccxx_root.cosigner.face_value import Amounts
from ccxx_root.cosigner.policy import CLAIM, Order, Usage
from ccxx_wallet.sqlite_file import SqliteFile, Tables

_FACES = """
create table faces (
    txid blob not null,
    unit text not null,
    amount text not null,
    primary key (txid, unit)
) without rowid;
"""
_TABLES = Tables(
    2,
    """
create table signed (
    txid blob primary key,
    issuer_key blob,
    caller text not null,
    action text not null,
    permit blob not null,
    serial_start integer not null,
    issued integer not null,
    transfers integer not null,
    value integer not null,
    time integer not null,
    psbt blob not null
) without rowid;
create index signed_by_issuer on signed (issuer_key, time);
create index signed_by_permit on signed (permit, serial_start);
create table approvals (
    permit blob not null,
    officer text not null,
    time integer not null,
    primary key (permit, officer)
) without rowid;
create table tokens (
    name text primary key,
    role text not null,
    hash blob not null unique,
    issuer_keys text not null,
    fingerprint blob,
    time integer not null
) without rowid;
create table log_head (
    id integer primary key check (id = 1),
    lines integer not null,
    size integer not null,
    hash blob not null
);
"""
    + _FACES,
    when_busy="make room and try again",
    when_damaged="without it nothing is signed: restore a copy",
    upgrades={1: _FACES},
)


@dataclass(frozen=True, slots=True)
class Signed:
    """An order that was signed: for whom, and the PSBT with our signatures."""

    txid: Txid
    issuer_key: bytes | None
    action: str
    psbt: bytes


@dataclass(frozen=True, slots=True)
class StoredToken:
    """What is kept of a token; the token itself is not."""

    name: str
    role: str
    hash: bytes
    issuer_keys: tuple[bytes, ...] = ()
    fingerprint: bytes | None = None
    time: int = 0


class Ledger:
    """The co-signer's database."""

    def __init__(self, path: Path) -> None:
        """Open or create it; raises WalletError where it cannot be used."""
        self._db = SqliteFile(path, _TABLES)
        self.transaction = self._db.transaction
        self.close = self._db.close

    # What was signed.

    def signed(self, txid: Txid) -> Signed | None:
        """Return what was signed of a transaction."""
        row = self._db.execute(
            "select txid, issuer_key, action, psbt from signed where txid = ?", (txid,)
        ).fetchone()
        return None if row is None else Signed(*row)

    def usage(self, issuer_key: bytes | None, since: int) -> Usage:
        """Sum up what was signed for an issuer after a time."""
        issued, transfers, value = self._db.execute(
            "select coalesce(sum(issued * (action <> ?)), 0), coalesce(sum(transfers), 0),"
            " coalesce(sum(value), 0) from signed where issuer_key is ? and time > ?",
            (CLAIM, issuer_key, since),
        ).fetchone()
        return Usage(issued, transfers, value, self._faces(issuer_key, since))

    def add_signed(self, order: Order, caller: str, time: int, signed: tuple[Txid, bytes]) -> None:
        """Count an order; `signed` is its transaction's id and the PSBT with our signatures."""
        self._db.execute(
            "insert into signed values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                signed[0],
                order.issuer_key,
                caller,
                order.action,
                _outpoint_blob(order.permit),
                order.serial_start,
                order.issued,
                len(order.moved),
                order.value,
                time,
                signed[1],
            ),
        )
        self._db.executemany(
            "insert into faces values (?, ?, ?)",
            [(signed[0], unit, str(amount)) for unit, amount in order.face.amounts.items()],
        )

    def _faces(self, issuer_key: bytes | None, since: int) -> Amounts:
        """Sum up face values by unit; amounts are texts, since SQL's numbers end too early."""
        rows = self._db.execute(
            "select unit, amount from faces join signed using (txid)"
            " where issuer_key is ? and time > ?",
            (issuer_key, since),
        )
        total: Counter[str] = Counter()
        for unit, amount in rows:
            total[unit] += int(amount)
        return total

    def with_serials(self, permit: OutPoint, start: int, count: int) -> list[Signed]:
        """Return what was signed that uses any of some serials of a permit."""
        rows = self._db.execute(
            "select txid, issuer_key, action, psbt from signed where permit = ? and issued > 0"
            " and serial_start < ? and serial_start + issued > ?",
            (_outpoint_blob(permit), start + count, start),
        )
        return [Signed(*row) for row in rows]

    # Approvals of permits by officers.

    def approvals(self, permit: OutPoint) -> list[str]:
        """Return the officers who approved a permit."""
        rows = self._db.execute(
            "select officer from approvals where permit = ? order by time, officer",
            (_outpoint_blob(permit),),
        )
        return [str(row[0]) for row in rows]

    def add_approval(self, permit: OutPoint, officer: str, time: int) -> None:
        """Remember that an officer approved a permit; the second time changes nothing."""
        self._db.execute(
            "insert or ignore into approvals values (?, ?, ?)",
            (_outpoint_blob(permit), officer, time),
        )

    # Tokens.

    def add_token(self, token: StoredToken) -> bool:
        """Keep a token's hash; tell whether its name was free."""
        keys = json.dumps([key.hex() for key in token.issuer_keys])
        added = self._db.execute(
            "insert or ignore into tokens values (?, ?, ?, ?, ?, ?)",
            (token.name, token.role, token.hash, keys, token.fingerprint, token.time),
        )
        return added.rowcount > 0

    def remove_token(self, name: str) -> bool:
        """Forget a token; tell whether there was one."""
        return self._db.execute("delete from tokens where name = ?", (name,)).rowcount > 0

    def tokens(self) -> list[StoredToken]:
        """Return all tokens by name."""
        return [_token(row) for row in self._db.execute("select * from tokens order by name")]

    def token_of(self, token_hash: bytes) -> StoredToken | None:
        """Return the token with a hash."""
        row = self._db.execute("select * from tokens where hash = ?", (token_hash,)).fetchone()
        return None if row is None else _token(row)

    # The end of the audit log.

    def log_head(self) -> Head:
        """Return where the audit log ends."""
        row = self._db.execute("select lines, size, hash from log_head").fetchone()
        return Head() if row is None else Head(*row)

    def set_log_head(self, head: Head) -> None:
        """Remember where the audit log ends."""
        self._db.execute("insert or replace into log_head values (1, ?, ?, ?)", head)


def _outpoint_blob(outpoint: OutPoint) -> bytes:
    return outpoint.txid + outpoint.vout.to_bytes(4, "big")


def _token(row: Any) -> StoredToken:
    name, role, token_hash, keys, fingerprint, time = row
    issuer_keys = tuple(bytes.fromhex(key) for key in json.loads(keys))
    return StoredToken(name, role, token_hash, issuer_keys, fingerprint, time)
