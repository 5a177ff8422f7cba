"""BDIP and CRED messages by the scripts that speak them: a payment to an address says nothing.

What a message says is in its transaction; here is only who spoke it, and what it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from ccxx_cert.bdip import (
    Dialect,
    PdfIssue,
    PdfMessage,
    RevokeAddress,
    RevokeBatches,
    RevokeCredentials,
    decode_pdf_message,
)
from ccxx_cert.bdip_rules import Observation, PdfCredential
from ccxx_cert.recognize import find_message
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_core.transaction import Transaction
from ccxx_explorer.database import reader
from ccxx_explorer.database.bulk import Row, insert_rows
from ccxx_explorer.database.rows import IndexedBlock, TransactionRow
from ccxx_explorer.database.schema import pdf_messages

_ISSUE, _BATCH, _ADDRESS = "issue", "revoke-batch", "revoke-address"
_CREDENTIALS, _CREDENTIAL = "revoke-credentials", "revoke-credential"
# An address that says more than this about one file says it to confuse.
_MOST = 200


@dataclass(frozen=True, slots=True)
class SpokenMessage:
    """A message on the chain, and the transaction that carries it."""

    dialect: Dialect
    message: PdfMessage
    transaction: TransactionRow


def read_pdf_message(tx: Transaction) -> tuple[Dialect, PdfMessage] | None:
    """Read the BDIP or CRED message of a transaction; None where it carries none."""
    envelope = find_message(tx)
    if envelope is None:
        return None
    try:
        return decode_pdf_message(envelope.payload)
    except DecodeError:
        return None


def insert_pdf_messages(connection: Connection, indexed: Iterable[IndexedBlock]) -> None:
    """Note the messages of blocks whose chain rows are written."""
    rows: list[Row] = []
    for block in indexed:
        for tx in block.new.block.transactions:
            found = read_pdf_message(tx)
            if found is not None and not tx.is_coinbase:
                rows += _rows(connection, found[1], block.numbers[tx.txid])
    insert_rows(connection, pdf_messages, rows)


def message_of(connection: Connection, txid: bytes) -> SpokenMessage | None:
    """Give the message of a confirmed transaction; None where there is none."""
    row = reader.transaction_of_id(connection, txid)
    return None if row is None else _spoken(row)


def issues_of_root(connection: Connection, merkle_root: bytes, limit: int) -> list[SpokenMessage]:
    """Give the issues of a Merkle root, oldest first, whoever spoke them."""
    query = select(pdf_messages.c.transaction_number).distinct()
    wanted = query.where(pdf_messages.c.subject == merkle_root, pdf_messages.c.kind == _ISSUE)
    return _messages(connection, wanted, limit)


def observations_of(
    connection: Connection, credential: PdfCredential, script_pubkey: bytes
) -> list[Observation]:
    """Give all that bears on one file, in the order of the chain: its anchor, what revokes it.

    `script_pubkey` is that of the address which the file names as its issuer's.
    """
    speaker = sha256(script_pubkey)
    about = or_(
        _is_about(_BATCH, credential.txid),
        _is_about(_CREDENTIAL, credential.revocation_hash),
        _is_about(_ADDRESS, credential.address_hash),
    )
    query = select(pdf_messages.c.transaction_number).distinct()
    said = _messages(connection, query.where(pdf_messages.c.script_hash == speaker, about), _MOST)
    seen = {each.transaction.number: _observe(each, True) for each in said}
    anchor = message_of(connection, credential.txid)
    if anchor is not None:
        number = anchor.transaction.number
        spent = reader.prevouts_of(connection, number)
        spends = any(coin.script_pubkey == script_pubkey for coin in spent)
        seen[number] = _observe(anchor, spends)
    return [seen[number] for number in sorted(seen)]


def observations_about(
    connection: Connection, txid: bytes, script_pubkey: bytes, address_hash: bytes
) -> list[Observation]:
    """Give what an address said of a batch and of its own end, in the order of the chain.

    The batch's own message is among it where the address spoke it.
    """
    speaker, number = sha256(script_pubkey), _number_of(connection, txid)
    about = or_(
        _is_about(_BATCH, txid),
        _is_about(_CREDENTIALS, txid),
        _is_about(_ADDRESS, address_hash),
        pdf_messages.c.transaction_number == number,
    )
    query = select(pdf_messages.c.transaction_number).distinct()
    said = _messages(connection, query.where(pdf_messages.c.script_hash == speaker, about), _MOST)
    return [_observe(each, True) for each in said]


def _number_of(connection: Connection, txid: bytes) -> int:
    row = reader.transaction_of_id(connection, txid)
    return row.number if row is not None else 0


def _is_about(kind: str, subject: bytes) -> Any:
    return and_(pdf_messages.c.kind == kind, pdf_messages.c.subject == subject)


def _observe(spoken: SpokenMessage, spends_from_address: bool) -> Observation:
    row = spoken.transaction
    return Observation(spoken.dialect, spoken.message, row.txid, row.height, spends_from_address)


def _messages(connection: Connection, query: Select[Any], limit: int) -> list[SpokenMessage]:
    ordered = query.order_by(pdf_messages.c.transaction_number).limit(limit)
    numbers: Sequence[int] = connection.execute(ordered).scalars().all()
    rows = reader.transactions_numbered(connection, numbers)
    found = (_spoken(rows[number]) for number in numbers if number in rows)
    return [each for each in found if each is not None]


def _spoken(row: TransactionRow) -> SpokenMessage | None:
    found = read_pdf_message(row.transaction)
    return None if found is None else SpokenMessage(*found, row)


def _rows(connection: Connection, message: PdfMessage, number: int) -> Iterator[Row]:
    speakers = {sha256(coin.script_pubkey) for coin in reader.prevouts_of(connection, number)}
    for speaker in sorted(speakers):
        for ordinal, (kind, subject) in enumerate(_subjects(message)):
            yield {
                "script_hash": speaker,
                "transaction_number": number,
                "ordinal": ordinal,
                "kind": kind,
                "subject": subject,
            }


def _subjects(message: PdfMessage) -> Iterator[tuple[str, bytes]]:
    match message:
        case PdfIssue():
            yield _ISSUE, message.merkle_root
        case RevokeBatches(txids):
            yield from ((_BATCH, txid) for txid in txids)
        case RevokeCredentials(txid, hashes):
            yield _CREDENTIALS, txid
            yield from ((_CREDENTIAL, each) for each in hashes)
        case RevokeAddress(pubkey_hashes):
            yield from ((_ADDRESS, each) for each in pubkey_hashes)
