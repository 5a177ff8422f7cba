"""Load what happened to a permit or certificate, with who signed each step of its life."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ccxx_cert.recognize import read_message
from ccxx_cert.records import Message
from ccxx_cert.state import Certificate, Permit
from ccxx_core.hashes import sha256
from ccxx_core.transaction import Transaction, TxOutput
from ccxx_explorer.database import lives, reader
from ccxx_explorer.database.chain import numbers_of
from ccxx_explorer.database.rows import VerdictRow
from ccxx_explorer.database.slices import prevouts_between
from ccxx_explorer.facts import HistoryEvent, KeyFacts
from ccxx_explorer.views.history import Happening, history_event
from ccxx_explorer.views.signatures import input_keys, named_signers

EVENTS = 25
# Credit and authority stand at the front of a transaction; a page does not read thousands of coins.
_MOST_INPUTS = 100
_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class _Reading:
    """A transaction's message, and the keys that its inputs show, with the scripts they spend."""

    message: Message | None
    keys: tuple[tuple[bytes, KeyFacts], ...]


class _Readings:
    """What was read of transactions lately: that of a batch stands in thousands of lives."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, _Reading] = OrderedDict()
        self._asking = threading.Lock()

    def read(self, connection: Connection, number: int, raw: bytes) -> _Reading:
        """Read a transaction, or remember what was read."""
        digest = sha256(raw)
        with self._asking:
            if digest in self._known:
                self._known.move_to_end(digest)
                return self._known[digest]
        reading = _read(connection, number, Transaction.decode(raw))
        with self._asking:
            self._known[digest] = reading
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return reading


_READINGS = _Readings()


def load_life(
    connection: Connection, subject: int, before: int | None, roles: Mapping[bytes, str]
) -> tuple[tuple[Happening, ...], int | None]:
    """Load a page of a life, oldest first, and what to ask for the page before it.

    `subject` is the number of a permit or certificate among all, as `RecordTables.find_subject`
    gives it; `roles` names keys, and scripts of a single key.
    """
    verdicts = lives.life_of(connection, subject, before, EVENTS + 1)
    numbers = list(verdicts)[-EVENTS:]
    happenings = _happenings(connection, {each: verdicts[each] for each in numbers}, roles)
    return happenings, numbers[0] if len(verdicts) > EVENTS else None


def load_grant(
    connection: Connection, permit: Permit, roles: Mapping[bytes, str]
) -> HistoryEvent | None:
    """Load how a permit came to be."""
    numbers = numbers_of(connection, [permit.id.txid])
    verdicts = reader.verdicts_of(connection, numbers.values())
    return next(map(history_event, _happenings(connection, verdicts, roles)), None)


def permit_roles(permit: Permit) -> dict[bytes, str]:
    """Name the keys that a permit is locked by."""
    roles = {permit.root_key: "root", permit.system_key: "issuing system"}
    if permit.issuer_key is not None:
        roles[permit.issuer_key] = "issuer"
    return roles


def certificate_roles(certificate: Certificate, permit: Permit) -> dict[bytes, str]:
    """Name the keys around a certificate."""
    keys = (holding.holder_key for holding in certificate.holdings)
    roles = {key: "holder" for key in keys if key is not None}
    roles |= permit_roles(permit)
    return {**roles, certificate.root_key: "root", certificate.issuer_key: "issuer"}


def _happenings(
    connection: Connection, verdicts: Mapping[int, VerdictRow], roles: Mapping[bytes, str]
) -> tuple[Happening, ...]:
    raw = lives.raw_transactions(connection, verdicts)
    times = reader.times_of(connection, (verdict.height for verdict in verdicts.values()))
    found = []
    for number, verdict in verdicts.items():
        reading = _READINGS.read(connection, number, raw[number])
        signers = named_signers(_named(script, key, roles) for script, key in reading.keys)
        found.append(Happening(verdict, times[verdict.height], reading.message, signers))
    return tuple(found)


def _named(script: bytes, key: KeyFacts, roles: Mapping[bytes, str]) -> KeyFacts:
    role = roles.get(bytes.fromhex(key.key)) or (roles.get(script) if key.role == "owner" else None)
    return key if role is None else replace(key, role=role)


def _read(connection: Connection, number: int, tx: Transaction) -> _Reading:
    reading = read_message(tx)
    coins = prevouts_between(connection, number, 0, _MOST_INPUTS)
    keys = [
        (coin.script_pubkey, key)
        for index, coin in enumerate(coins)
        for key in input_keys(tx, index, TxOutput(coin.value, coin.script_pubkey), {})
    ]
    return _Reading(reading.message if reading is not None else None, tuple(keys))
