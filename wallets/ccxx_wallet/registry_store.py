"""The certificate registry kept in a wallet's store, and the same registry a few moments ahead.

Both answer `RegistryView.get`; a block's changes go in and come out through the journal, so a
reorganisation plays them back.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from ccxx_cert.marks import MessageChain, WatchedCoin
from ccxx_cert.record_json import record_from_json, record_to_json
from ccxx_cert.registry import hash_lines
from ccxx_cert.state import (
    Certificate,
    Change,
    Credit,
    Key,
    Permit,
    Record,
    RecordKind,
    RegistryView,
    SerialUse,
    encode_outpoint,
)
from ccxx_core.transaction import OutPoint
from ccxx_wallet.store import Store


class StoredRegistry:
    """The registry at the wallet's tip."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: Key) -> Record | None:
        """Return the record under a key."""
        return _read(self._store.record(_key_text(key)))

    def permits(self) -> list[Permit]:
        """Return all permits in order of grant."""
        found = (_read(body) for body in self._store.records(f"{RecordKind.PERMIT}:"))
        permits = [record for record in found if isinstance(record, Permit)]
        return sorted(permits, key=lambda permit: (permit.granted.height, permit.id))

    def credits_of(self, owner: OutPoint | None) -> list[Credit]:
        """Return the unspent coloured coins of a permit, or the root credit (None)."""
        found = (_read(body) for body in self._store.tagged_records(_owner_tag(owner)))
        return [record for record in found if isinstance(record, Credit)]

    def certificates_at(self, script_pubkey: bytes) -> list[Certificate]:
        """Return the certificates whose latest script this is."""
        found = (_read(body) for body in self._store.tagged_records(script_pubkey))
        return [record for record in found if isinstance(record, Certificate)]

    def certificates(self) -> list[Certificate]:
        """Return all certificates."""
        found = (_read(body) for body in self._store.records(f"{RecordKind.CERTIFICATE}:"))
        return [record for record in found if isinstance(record, Certificate)]

    def state_hash(self) -> bytes:
        """Return the digest (32 bytes) by which two observers compare all that they know."""
        # Keys as text have the order of keys, and bodies are what `record_to_json` wrote.
        return hash_lines(self._store.records(""))

    def chains(self) -> list[MessageChain]:
        """Return the chains of messages, ended ones too."""
        found = (_read(body) for body in self._store.records(f"{RecordKind.CHAIN}:"))
        return [record for record in found if isinstance(record, MessageChain)]

    def serials_of(self, permit_id: OutPoint) -> set[int]:
        """Return the serials that are taken under a permit, those of deferred batches too."""
        prefix = f"{RecordKind.SERIAL}:{encode_outpoint(permit_id).hex()}"
        found = (_read(body) for body in self._store.records(prefix))
        return {record.serial for record in found if isinstance(record, SerialUse)}

    def watched_coins(self) -> list[WatchedCoin]:
        """Return the unspent plain coins that may give authority, and the batons of chains."""
        found = (_read(body) for body in self._store.records(f"{RecordKind.WATCHED_COIN}:"))
        return [record for record in found if isinstance(record, WatchedCoin)]

    def apply(self, changes: Iterable[Change]) -> list[list[str | None]]:
        """Write a block's changes and return the journal that `undo` needs."""
        journal: list[list[str | None]] = []
        for change in changes:
            self._write(change.key, change.after)
            before = None if change.before is None else record_to_json(change.before)
            journal.append([_key_text(change.key), before])
        return journal

    def undo(self, journal: Iterable[Any]) -> None:
        """Put back what a block's changes replaced."""
        for text, before in reversed(list(journal)):
            record = _read(before)
            self._store.write_record(text, before, None if record is None else _tag(record))

    def _write(self, key: Key, record: Record | None) -> None:
        body = None if record is None else record_to_json(record)
        tag = None if record is None else _tag(record)
        self._store.write_record(_key_text(key), body, tag)


class Overlay:
    """A registry with changes on top that are not in a block yet."""

    def __init__(self, below: RegistryView, changes: Sequence[Change] = ()) -> None:
        self._below = below
        self._ahead = {change.key: change.after for change in changes}

    def get(self, key: Key) -> Record | None:
        """Return the record under a key, the newer one where there are two."""
        return self._ahead[key] if key in self._ahead else self._below.get(key)

    def ahead(self) -> list[Record]:
        """Return the records that are new or changed on top."""
        return [record for record in self._ahead.values() if record is not None]

    def extended(self, changes: Sequence[Change]) -> "Overlay":
        """Return the same registry with more changes on top."""
        further = Overlay(self._below, changes)
        further._ahead = {**self._ahead, **further._ahead}
        return further

    def is_gone(self, key: Key) -> bool:
        """Tell whether the changes on top deleted a record."""
        return key in self._ahead and self._ahead[key] is None


def _key_text(key: Key) -> str:
    return f"{key.kind}:{key.id.hex()}"


def _owner_tag(owner: OutPoint | None) -> bytes:
    return b"credit" + (b"" if owner is None else encode_outpoint(owner))


def _tag(record: Record) -> bytes | None:
    match record:
        case Credit():
            return _owner_tag(record.owner)
        case Certificate():
            return record.script_pubkey
        case _:
            return None


def _read(body: str | None) -> Record | None:
    return None if body is None else record_from_json(body)
