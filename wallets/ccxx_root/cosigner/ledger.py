"""What was signed, approved and handed out, in SQLite: the memory that limits and replays need.

Every decision is made inside one `transaction()`, which also keeps two processes apart. What is
committed survives a power cut, and nothing is answered before it is committed.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint
from ccxx_root.cosigner.audit import Head
from ccxx_root.cosigner.policy import Order, Usage
from ccxx_wallet.errors import Refusal, WalletError

SCHEMA_VERSION = 1
_SCHEMA = """
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
        self._path = path
        with self._translated():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
            path.chmod(0o600)
            self._db.execute("pragma journal_mode = wal")
            # A signature that left this machine must be on disk: every commit waits for it.
            self._db.execute("pragma synchronous = full")
            self._create_schema()

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Apply all changes made inside, or none; other processes wait meanwhile."""
        with self._translated():
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise

    # What was signed.

    def signed(self, txid: Txid) -> Signed | None:
        """Return what was signed of a transaction."""
        row = self._db.execute(
            "select txid, issuer_key, action, psbt from signed where txid = ?", (txid,)
        ).fetchone()
        return None if row is None else Signed(*row)

    def usage(self, issuer_key: bytes | None, since: int) -> Usage:
        """Sum up what was signed for an issuer after a time."""
        row = self._db.execute(
            "select coalesce(sum(issued), 0), coalesce(sum(transfers), 0), coalesce(sum(value), 0)"
            " from signed where issuer_key is ? and time > ?",
            (issuer_key, since),
        ).fetchone()
        return Usage(*row)

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

    def add_token(self, token: StoredToken) -> None:
        """Keep a token's hash; raises sqlite3.IntegrityError where the name is taken."""
        keys = json.dumps([key.hex() for key in token.issuer_keys])
        self._db.execute(
            "insert into tokens values (?, ?, ?, ?, ?, ?)",
            (token.name, token.role, token.hash, keys, token.fingerprint, token.time),
        )

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

    def _create_schema(self) -> None:
        version = self._db.execute("pragma user_version").fetchone()[0]
        if version == SCHEMA_VERSION:
            return
        if version > SCHEMA_VERSION:
            raise WalletError(
                Refusal.DAMAGED_STORE, f"{self._path} was written by a newer version; upgrade ccxx"
            )
        with self.transaction():
            # Another process may have made it while this one waited.
            if self._db.execute("pragma user_version").fetchone()[0] == 0:
                self._run(_SCHEMA.split(";"))
                self._db.execute(f"pragma user_version = {SCHEMA_VERSION}")

    def _run(self, statements: Sequence[str]) -> None:
        for statement in statements:
            self._db.execute(statement)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise WalletError(
                Refusal.CANNOT_WRITE, f"cannot use {self._path}: {error}; make room and try again"
            ) from error
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            raise WalletError(
                Refusal.DAMAGED_STORE,
                f"{self._path} is damaged ({error}); without it nothing is signed: restore a copy",
            ) from error


def _outpoint_blob(outpoint: OutPoint) -> bytes:
    return outpoint.txid + outpoint.vout.to_bytes(4, "big")


def _token(row: Any) -> StoredToken:
    name, role, token_hash, keys, fingerprint, time = row
    issuer_keys = tuple(bytes.fromhex(key) for key in json.loads(keys))
    return StoredToken(name, role, token_hash, issuer_keys, fingerprint, time)
