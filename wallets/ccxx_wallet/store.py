"""What a wallet remembers between commands; only this module and its schema speak SQL.

Everything here can be rebuilt from the chain and the seed phrase, except labels, documents and
transactions that are not mined yet. No secret is ever stored. `docs/storage.md` explains the
columns.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccxx_core.hashes import BlockHash, Txid
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_wallet.coin_selection import PlainCoin
from ccxx_wallet.keyring import KeyPath, Role, WatchedKey
from ccxx_wallet.sqlite_file import SqliteFile
from ccxx_wallet.store_schema import TABLES

# The tables that blocks alone fill.
_FROM_CHAIN = ("blocks", "records", "coins", "lost")


@dataclass(frozen=True, slots=True)
class SentTransaction:
    """A transaction that this wallet gave to the network; `mined_height` is None until mined."""

    transaction: Transaction
    purpose: str
    mined_height: int | None


@dataclass(frozen=True, slots=True)
class Draft:
    """An unsigned transaction that this wallet made and that was not sent yet, and its file."""

    transaction: Transaction
    purpose: str
    file: str


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document kept beside the certificate that commits to it."""

    hash: bytes
    name: str
    media_type: str
    body: bytes


class Store:
    """One wallet's database; every change happens inside `transaction()`."""

    def __init__(self, path: Path) -> None:
        """Open or create the database; raises WalletError DAMAGED_STORE or CANNOT_WRITE."""
        self._db = SqliteFile(path, TABLES)
        self.transaction = self._db.transaction
        self.commit_and_continue = self._db.commit_and_continue
        self.close = self._db.close

    # Facts: single values by name.

    def fact(self, name: str) -> str | None:
        """Return a single remembered value."""
        row = self._db.execute("select value from facts where name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        """Remember a single value."""
        self._db.execute("insert or replace into facts values (?, ?)", (name, value))

    # Blocks and the registry's records.

    def tip(self) -> tuple[int, BlockHash] | None:
        """Return height and hash of the last block applied, or None before the first."""
        row = self._db.execute(
            "select height, hash from blocks order by height desc limit 1"
        ).fetchone()
        return None if row is None else (int(row[0]), BlockHash(row[1]))

    def tip_median_time(self) -> int:
        """Return the median time past at the last block applied (0 before the first)."""
        row = self._db.execute(
            "select median_time from blocks order by height desc limit 1"
        ).fetchone()
        return 0 if row is None else int(row[0])

    def hash_at(self, height: int) -> BlockHash | None:
        """Return the hash of the applied block at a height."""
        row = self._db.execute("select hash from blocks where height = ?", (height,)).fetchone()
        return None if row is None else BlockHash(row[0])

    def add_block(self, height: int, block_hash: bytes, median_time: int, journal: Any) -> None:
        """Remember a block and what undoing its registry changes needs (JSON, or None)."""
        text = None if journal is None else json.dumps(journal, separators=(",", ":"))
        self._db.execute(
            "insert into blocks values (?, ?, ?, ?)", (height, block_hash, median_time, text)
        )

    def remove_tip(self) -> Any:
        """Forget the last block and return its journal, for the caller to undo."""
        height, journal = self._db.execute(
            "select height, journal from blocks order by height desc limit 1"
        ).fetchone()
        self._db.execute("delete from blocks where height = ?", (height,))
        return None if journal is None else json.loads(journal)

    def record(self, key: str) -> str | None:
        """Return one registry record as text, or None."""
        row = self._db.execute("select body from records where key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def records(self, prefix: str) -> list[str]:
        """Return all registry records whose key starts with a prefix, in key order."""
        rows = self._db.execute(
            "select body from records where key >= ? and key < ? order by key",
            (prefix, prefix + "\U0010ffff"),
        )
        return [str(row[0]) for row in rows]

    def tagged_records(self, tag: bytes) -> list[str]:
        """Return all registry records under a tag (a script, or the permit of a coin)."""
        rows = self._db.execute("select body from records where tag = ? order by key", (tag,))
        return [str(row[0]) for row in rows]

    def write_record(self, key: str, body: str | None, tag: bytes | None = None) -> None:
        """Replace one registry record by text, or delete it (None)."""
        if body is None:
            self._db.execute("delete from records where key = ?", (key,))
        else:
            self._db.execute("insert or replace into records values (?, ?, ?)", (key, body, tag))

    # Keys.

    def add_keys(self, keys: Iterable[WatchedKey]) -> None:
        """Watch some more public keys."""
        self._db.executemany(
            "insert or ignore into keys (role, chain, position, public_key, plain_script)"
            " values (?, ?, ?, ?, ?)",
            [
                (k.path.role.value, k.path.chain, k.path.index, k.public_key, k.plain_script)
                for k in keys
            ],
        )

    def watched_keys(self, role: Role | None = None, given_only: bool = False) -> list[WatchedKey]:
        """Return watched keys in order of derivation, of one role or of all."""
        rows = self._db.execute(
            "select role, chain, position, public_key from keys"
            " where (?1 is null or role = ?1) and given >= ?2 order by role, chain, position",
            (role, int(given_only)),
        )
        return [WatchedKey(KeyPath(Role(row[0]), row[1], row[2]), row[3]) for row in rows]

    def mark_given(self, public_key: bytes) -> None:
        """Remember that a key was shown to somebody or seen on the chain."""
        self._db.execute("update keys set given = 1 where public_key = ?", (public_key,))

    def next_key(self, role: Role, chain: int) -> WatchedKey | None:
        """Return the first key after the last one given."""
        row = self._db.execute(
            "select position, public_key from keys where role = ?1 and chain = ?2 and position >"
            " coalesce((select max(position) from keys"
            " where role = ?1 and chain = ?2 and given = 1), -1) order by position limit 1",
            (role, chain),
        ).fetchone()
        return None if row is None else WatchedKey(KeyPath(role, chain, row[0]), row[1])

    def key_counts(self, role: Role, chain: int) -> tuple[int, int]:
        """Return (how many keys are watched, how many up to the last one given)."""
        row = self._db.execute(
            "select count(*), coalesce(max(case when given then position end), -1) + 1 from keys"
            " where role = ? and chain = ?",
            (role, chain),
        ).fetchone()
        return int(row[0]), int(row[1])

    # Plain coins.

    def add_coin(self, coin: PlainCoin) -> None:
        """Remember a confirmed plain coin of ours."""
        self._db.execute(
            "insert or replace into coins values (?, ?, ?, ?, ?, ?, null)",
            (*coin.outpoint, coin.value, coin.script_pubkey, coin.height, int(coin.is_coinbase)),
        )

    def spend_coin(self, outpoint: OutPoint, height: int) -> None:
        """Mark a coin of ours as spent by a block; other outpoints are passed over."""
        self._db.execute(
            "update coins set spent_height = ? where txid = ? and vout = ?", (height, *outpoint)
        )

    def undo_coins(self, height: int) -> None:
        """Take back what a block did to the coins."""
        self._db.execute("delete from coins where height = ?", (height,))
        self._db.execute("update coins set spent_height = null where spent_height = ?", (height,))

    def coins(self) -> list[PlainCoin]:
        """Return the confirmed coins that no block has spent, the oldest first."""
        rows = self._db.execute(
            "select txid, vout, value, script_pubkey, height, is_coinbase from coins"
            " where spent_height is null order by height, txid, vout"
        )
        return [
            PlainCoin(OutPoint(Txid(row[0]), row[1]), row[2], row[3], row[4], bool(row[5]))
            for row in rows
        ]

    def coin_history(self) -> list[tuple[PlainCoin, int | None]]:
        """Return every confirmed coin there ever was, with the height at which it was spent."""
        rows = self._db.execute(
            "select txid, vout, value, script_pubkey, height, is_coinbase, spent_height from coins"
            " order by height, txid, vout"
        )
        return [
            (PlainCoin(OutPoint(Txid(r[0]), r[1]), r[2], r[3], r[4], bool(r[5])), r[6])
            for r in rows
        ]

    def coin_outpoints(self) -> set[OutPoint]:
        """Return the outpoints of all unspent confirmed coins, for matching blocks."""
        return {coin.outpoint for coin in self.coins()}

    # Transactions sent, and drafts that were not.

    def add_sent(self, tx: Transaction, purpose: str) -> None:
        """Remember a transaction that was given to the network."""
        self._db.execute(
            "insert or ignore into sent values"
            " (?, ?, ?, (select coalesce(max(sequence), 0) + 1 from sent), null)",
            (tx.txid, tx.encode(), purpose),
        )

    def remove_sent(self, txid: bytes) -> None:
        """Forget a transaction that can no longer be mined."""
        self._db.execute("delete from sent where txid = ?", (txid,))

    def mark_mined(self, txid: bytes, height: int | None) -> None:
        """Remember in which block a sent transaction is, or that it is in none."""
        self._db.execute("update sent set mined_height = ? where txid = ?", (height, txid))

    def unmark_mined(self, height: int) -> None:
        """Make the sent transactions of a block unconfirmed again, and those it made impossible."""
        self._db.execute("update sent set mined_height = null where mined_height = ?", (height,))
        self._db.execute("delete from lost where height = ?", (height,))

    def mark_lost(self, txid: bytes, height: int) -> None:
        """Remember that a block spent a coin of a sent transaction by another one."""
        self._db.execute("insert or ignore into lost values (?, ?)", (txid, height))

    def sent(self) -> list[SentTransaction]:
        """Return the transactions sent that are mined or can be, in the order they were sent."""
        rows = self._db.execute(
            "select raw, purpose, mined_height from sent where txid not in (select txid from lost)"
            " order by sequence"
        )
        return [SentTransaction(Transaction.decode(row[0]), row[1], row[2]) for row in rows]

    def add_draft(self, draft: Draft) -> None:
        """Remember a draft under the id of its unsigned transaction."""
        tx = draft.transaction
        self._db.execute(
            "insert or replace into drafts values"
            " (?, ?, ?, ?, (select coalesce(max(sequence), 0) + 1 from drafts))",
            (tx.txid, tx.encode_without_witness(), draft.purpose, draft.file),
        )

    def remove_draft(self, txid: bytes) -> None:
        """Forget a draft, and with it what it reserves."""
        self._db.execute("delete from drafts where txid = ?", (txid,))

    def drafts(self) -> list[Draft]:
        """Return the drafts that were not sent, the oldest first."""
        rows = self._db.execute("select raw, purpose, file from drafts order by sequence")
        return [Draft(Transaction.decode(row[0]), row[1], row[2]) for row in rows]

    # Labels, frozen coins and documents.

    def set_label(self, kind: str, ref: str, label: str) -> None:
        """Attach words of the owner's to something, in BIP 329's kinds; no words take them off."""
        if label:
            self._db.execute("insert or replace into labels values (?, ?, ?)", (kind, ref, label))
        else:
            self._db.execute("delete from labels where kind = ? and ref = ?", (kind, ref))

    def label(self, kind: str, ref: str) -> str | None:
        """Return the label of one thing."""
        query = "select label from labels where kind = ? and ref = ?"
        row = self._db.execute(query, (kind, ref)).fetchone()
        return None if row is None else str(row[0])

    def labels(self, kind: str) -> Mapping[str, str]:
        """Return the labels of one kind, by what they are about."""
        query = "select ref, label from labels where kind = ? order by ref"
        return dict(self._db.execute(query, (kind,)))

    def freeze(self, outpoint: OutPoint) -> None:
        """Keep a plain coin from being chosen to pay."""
        self._db.execute("insert or ignore into frozen values (?, ?)", tuple(outpoint))

    def unfreeze(self, outpoint: OutPoint) -> None:
        """Let a plain coin be chosen again."""
        self._db.execute("delete from frozen where txid = ? and vout = ?", tuple(outpoint))

    def frozen(self) -> frozenset[OutPoint]:
        """Return the coins that may not be chosen to pay."""
        rows = self._db.execute("select txid, vout from frozen")
        return frozenset(OutPoint(Txid(row[0]), row[1]) for row in rows)

    def add_document(self, document: StoredDocument) -> None:
        """Keep a document under its hash."""
        self._db.execute(
            "insert or replace into documents values (?, ?, ?, ?)",
            (document.hash, document.name, document.media_type, document.body),
        )

    def document(self, document_hash: bytes) -> StoredDocument | None:
        """Return a kept document by its hash."""
        query = "select hash, name, media_type, body from documents where hash = ?"
        row = self._db.execute(query, (document_hash,)).fetchone()
        return None if row is None else StoredDocument(*row)

    # Building a store anew beside the old one.

    def copy_to(self, path: Path, with_chain: bool) -> None:
        """Give an empty store what a rescan starts from, with what blocks said or without."""
        with self._attached(path):
            for table in ("facts", "keys", "sent", *(_FROM_CHAIN if with_chain else ())):
                self._db.execute(f"insert into fresh.{table} select * from main.{table}")
            if not with_chain:
                self._db.execute("update fresh.sent set mined_height = null")

    def adopt(self, path: Path) -> None:
        """Take what blocks say from another store of this wallet, all of it or nothing."""
        with self._attached(path):
            for table in _FROM_CHAIN:
                self._db.execute(f"delete from main.{table}")
                self._db.execute(f"insert into main.{table} select * from fresh.{table}")
            self._db.execute("insert or ignore into main.keys select * from fresh.keys")
            self._db.execute(
                "update main.keys set given = 1 where public_key in"
                " (select public_key from fresh.keys where given = 1)"
            )
            self._db.execute(
                "update main.sent set mined_height = (select mined_height from fresh.sent as new"
                " where new.txid = main.sent.txid)"
            )
            self._db.execute(
                "insert or replace into main.facts select * from fresh.facts"
                " where name = 'birthday'"
            )

    @contextmanager
    def _attached(self, path: Path) -> Iterator[None]:
        """Open another store as `fresh` beside this one, and change one of them in one step."""
        self._db.execute("attach database ? as fresh", (str(path),))
        try:
            with self.transaction():
                yield
        finally:
            self._db.execute("detach database fresh")
