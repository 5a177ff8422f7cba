"""The tables of the explorer's index; `docs/storage.md` describes every column.

Only blocks of the best chain are stored. Transactions carry a number of our own, given in the
order of the chain, so that a whole block is undone by "every number from here on", and so that
two equal transaction ids (possible before BIP 30) do not collide.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

SCHEMA_VERSION = 4

METADATA = MetaData()

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
)

transactions = Table(
    "transactions",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("txid", LargeBinary(32), nullable=False, index=True),
    Column("height", Integer, nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

outputs = Table(
    "outputs",
    METADATA,
    Column("transaction_number", BigInteger, primary_key=True, autoincrement=False),
    Column("vout", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
    Column("script_pubkey", LargeBinary, nullable=False),
    Column("script_hash", LargeBinary(32), nullable=False),
    Column("spent_by", BigInteger),
    Column("spent_index", Integer),
    Index("outputs_of_script", "script_hash", "transaction_number"),
    Index("outputs_spent", "spent_by", "spent_index"),
    sqlite_with_rowid=False,
)

touches = Table(
    "touches",
    METADATA,
    Column("script_hash", LargeBinary(32), primary_key=True),
    Column("transaction_number", BigInteger, primary_key=True, autoincrement=False),
    Index("touches_of_transaction", "transaction_number"),
    sqlite_with_rowid=False,
)

verdicts = Table(
    "verdicts",
    METADATA,
    Column("transaction_number", BigInteger, primary_key=True, autoincrement=False),
    Column("operation", Text),
    Column("accepted", Boolean, nullable=False),
    Column("refusal", Text),
    Column("detail", Text, nullable=False),
    Column("lost", BigInteger, nullable=False),
)
# A transaction and each permit and certificate that it made, moved or destroyed.
subjects = Table(
    "subjects",
    METADATA,
    Column("subject", LargeBinary(36), primary_key=True),
    Column("transaction_number", BigInteger, primary_key=True, autoincrement=False),
    Column("destroyed", Boolean, nullable=False),
    Index("subjects_of_transaction", "transaction_number"),
    sqlite_with_rowid=False,
)

# Every coin that ever was credit stays here, so that old addresses lead to their certificates.
credits = Table(
    "credits",
    METADATA,
    Column("outpoint", LargeBinary(36), primary_key=True),
    Column("transaction_number", BigInteger, nullable=False, index=True),
    Column("vout", Integer, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("script_pubkey", LargeBinary, nullable=False),
    Column("script_hash", LargeBinary(32), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("owner", LargeBinary(36)),
    Column("alive", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

permits = Table(
    "permits",
    METADATA,
    Column("outpoint", LargeBinary(36), primary_key=True),
    Column("transaction_number", BigInteger, nullable=False, index=True),
    Column("code", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("record", Text, nullable=False),
    sqlite_with_rowid=False,
)

certificates = Table(
    "certificates",
    METADATA,
    Column("outpoint", LargeBinary(36), primary_key=True),
    Column("identity", LargeBinary(20), nullable=False, index=True),
    Column("permit", LargeBinary(36), nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("document_hash", LargeBinary(32), index=True),
    Column("transaction_number", BigInteger, nullable=False, index=True),
    Column("record", Text, nullable=False),
    Index("certificates_of_permit", "permit", "transaction_number"),
)

batches = Table(
    "batches",
    METADATA,
    Column("txid", LargeBinary(32), primary_key=True),
    Column("transaction_number", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
    sqlite_with_rowid=False,
)

serials = Table(
    "serials",
    METADATA,
    Column("permit", LargeBinary(36), primary_key=True),
    Column("serial", BigInteger, primary_key=True, autoincrement=False),
    Column("certificate", LargeBinary(36), nullable=False),
    sqlite_with_rowid=False,
)

# What else the rules remember: watched scripts and coins, chains of messages, the root in force.
marks = Table(
    "marks",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    Column("record", Text, nullable=False),
    sqlite_with_rowid=False,
)

# Transactions that carry a piece of a document, by the first bytes of the document's hash.
pieces = Table(
    "pieces",
    METADATA,
    Column("prefix", LargeBinary(8), primary_key=True),
    Column("transaction_number", BigInteger, primary_key=True, autoincrement=False),
    Index("pieces_of_transaction", "transaction_number"),
    sqlite_with_rowid=False,
)

# What each block changed in the registry, as it was before: played back when it is disconnected.
journal = Table(
    "journal",
    METADATA,
    Column("height", Integer, primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("before", Text),
    sqlite_with_rowid=False,
)
