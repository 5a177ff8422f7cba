"""The tables as they were first made: `schema.py` of that day, never changed again."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects import postgresql

METADATA = MetaData()
_PLAIN_TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def _number(name: str) -> Column[int]:
    """Make the key of a table whose rows are numbered from 1 in the order of the chain."""
    kind = BigInteger().with_variant(Integer, "sqlite")
    return Column(name, kind, primary_key=True, autoincrement=False)


def _partial(name: str, column: Column[Any], where: Any) -> Index:
    return Index(name, column, sqlite_where=where, postgresql_where=where)


meta = Table(
    "meta",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

blocks = Table(
    "blocks",
    METADATA,
    Column("height", Integer, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("header", LargeBinary(80), nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("median_time_past", BigInteger, nullable=False),
    Column("size", Integer, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("transaction_count", Integer, nullable=False),
    Column("first_transaction", BigInteger, nullable=False),
    Column("first_script", BigInteger, nullable=False),
    Column("permits", BigInteger, nullable=False),
    Column("certificates", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("root_credit", BigInteger, nullable=False),
    Column("permit_credit", BigInteger, nullable=False),
    Column("certificate_credit", BigInteger, nullable=False),
    Column("destroyed_credit", BigInteger, nullable=False),
)

transactions = Table(
    "transactions",
    METADATA,
    _number("number"),
    Column("txid", LargeBinary(32), nullable=False, index=True),
    Column("height", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

scripts = Table(
    "scripts",
    METADATA,
    _number("number"),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("script_pubkey", LargeBinary, nullable=False),
)

addresses = Table(
    "addresses",
    METADATA,
    Column("address", _PLAIN_TEXT, primary_key=True),
    Column("script", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

outputs = Table(
    "outputs",
    METADATA,
    Column("transaction_number", BigInteger, primary_key=True, autoincrement=False),
    Column("vout", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
    Column("script", BigInteger, nullable=False),
    Column("spent_by", BigInteger),
    Column("spent_index", Integer),
    sqlite_with_rowid=False,
)
_partial("outputs_spent", outputs.c.spent_by, where=outputs.c.spent_by.is_not(None))
_partial("outputs_unspent", outputs.c.script, where=outputs.c.spent_by.is_(None))

touches = Table(
    "touches",
    METADATA,
    Column("script", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("transaction_number", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("balance", BigInteger, nullable=False),
    Column("funded_count", Integer, nullable=False),
    Column("spent_count", Integer, nullable=False),
    Index("touches_in_order", "script", "transaction_number", unique=True),
    sqlite_with_rowid=False,
)

verdicts = Table(
    "verdicts",
    METADATA,
    _number("transaction_number"),
    Column("operation", Text),
    Column("accepted", Boolean, nullable=False),
    Column("refusal", Text),
    Column("detail", Text, nullable=False),
    Column("lost", BigInteger, nullable=False),
)

subjects = Table(
    "subjects",
    METADATA,
    Column("subject", BigInteger, primary_key=True, autoincrement=False),
    Column("transaction_number", BigInteger, primary_key=True, autoincrement=False),
    Column("destroyed", Boolean, nullable=False),
    Index("subjects_of_transaction", "transaction_number"),
    sqlite_with_rowid=False,
)

credits = Table(
    "credits",
    METADATA,
    Column("transaction_number", BigInteger, primary_key=True, autoincrement=False),
    Column("vout", Integer, primary_key=True, autoincrement=False),
    Column("script", BigInteger, nullable=False),
    Column("owner", BigInteger, nullable=False),
    Index("credits_of_script", "script", "owner"),
    sqlite_with_rowid=False,
)

permits = Table(
    "permits",
    METADATA,
    _number("number"),
    Column("outpoint", LargeBinary(36), nullable=False, unique=True),
    Column("transaction_number", BigInteger, nullable=False, index=True),
    Column("code", _PLAIN_TEXT, nullable=False),
    Column("issuer_key", LargeBinary(33)),
    Column("issued", BigInteger, nullable=False),
    Column("credit", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Index("permits_of_issuer", "issuer_key", "issued", "credit"),
)

issuers = Table(
    "issuers",
    METADATA,
    _number("number"),
    Column("public_key", LargeBinary(33), nullable=False, unique=True),
    Column("transaction_number", BigInteger, nullable=False),
)

types = Table(
    "types",
    METADATA,
    _number("number"),
    Column("code", _PLAIN_TEXT, nullable=False, unique=True),
    Column("transaction_number", BigInteger, nullable=False),
)

certificates = Table(
    "certificates",
    METADATA,
    _number("number"),
    Column("transaction_number", BigInteger, nullable=False),
    Column("vout", Integer, nullable=False),
    Column("identity", LargeBinary(20), nullable=False, index=True),
    Column("permit", BigInteger, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("issuer", BigInteger, nullable=False),
    Column("type", BigInteger, nullable=False),
    Column("script", BigInteger, nullable=False),
    Column("batch", BigInteger),
    Column("document_hash", LargeBinary(32)),
    Column("expires_height", BigInteger),
    Column("expires_time", BigInteger),
    Column("moved_height", Integer, nullable=False),
    Column("own_standing", SmallInteger, nullable=False),
    Column("standing", SmallInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Index("certificates_of_output", "transaction_number", "vout", unique=True),
    Index("certificates_of_serial", "permit", "serial"),
    Index("certificates_of_issuer_by_standing", "issuer", "standing", "number"),
    *(
        Index(f"certificates_of_{name}", name, "number")
        for name in ("permit", "issuer", "type", "script", "standing")
    ),
)
for _name in ("document_hash", "expires_height", "expires_time"):
    _column = certificates.c[_name]
    _partial(f"certificates_by_{_name}", _column, where=_column.is_not(None))

batches = Table(
    "batches",
    METADATA,
    _number("transaction_number"),
    Column("txid", LargeBinary(32), nullable=False, index=True),
    Column("permit", BigInteger, nullable=False, index=True),
    Column("merkle_root", LargeBinary(32), nullable=False, index=True),
    Column("standing", SmallInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
)

serials = Table(
    "serials",
    METADATA,
    Column("permit", BigInteger, primary_key=True, autoincrement=False),
    Column("serial", BigInteger, primary_key=True, autoincrement=False),
    Column("batch", BigInteger, nullable=False),
    Column("leaf", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

marks = Table(
    "marks",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    Column("record", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

words = Table(
    "words",
    METADATA,
    Column("word", _PLAIN_TEXT, primary_key=True),
    Column("transaction_number", BigInteger, primary_key=True, autoincrement=False),
    Index("words_of_transaction", "transaction_number"),
    sqlite_with_rowid=False,
)

pieces = Table(
    "pieces",
    METADATA,
    Column("prefix", LargeBinary(8), primary_key=True),
    Column("transaction_number", BigInteger, primary_key=True, autoincrement=False),
    Index("pieces_of_transaction", "transaction_number"),
    sqlite_with_rowid=False,
)

pdf_messages = Table(
    "pdf_messages",
    METADATA,
    Column("script_hash", LargeBinary(32), primary_key=True),
    Column("transaction_number", BigInteger, primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("subject", LargeBinary(32), nullable=False),
    Index("pdf_messages_of_subject", "subject", "script_hash"),
    Index("pdf_messages_of_transaction", "transaction_number"),
    sqlite_with_rowid=False,
)

journal = Table(
    "journal",
    METADATA,
    Column("height", Integer, primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("before", LargeBinary),
    sqlite_with_rowid=False,
)


revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    METADATA.create_all(op.get_bind())
