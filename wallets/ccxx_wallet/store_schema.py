"""The tables of a wallet's store, and how those of older versions become them.

`docs/storage.md` explains the columns.
"""

from ccxx_wallet.sqlite_file import Tables

SCHEMA_VERSION = 4
_DRAFTS = """
create table drafts (
    txid blob primary key,
    raw blob not null,
    purpose text not null,
    file text not null,
    sequence integer not null
) without rowid;
"""
_LABELS = """
create table labels (
    kind text not null,
    ref text not null,
    label text not null,
    primary key (kind, ref)
) without rowid;
create table frozen (
    txid blob not null,
    vout integer not null,
    primary key (txid, vout)
) without rowid;
"""
_LOST = """
create table lost (txid blob primary key, height integer not null) without rowid;
"""
# Labels of version 2 were all about public keys.
_NEW_LABELS = f"""
alter table labels rename to old_labels;
{_LABELS}
insert into labels select 'pubkey', subject, label from old_labels;
drop table old_labels;
"""
_SCHEMA = """
create table facts (name text primary key, value text not null) without rowid;
create table blocks (
    height integer primary key,
    hash blob not null,
    median_time integer not null,
    journal text
);
create table records (key text primary key, body text not null, tag blob) without rowid;
create index records_by_tag on records (tag) where tag is not null;
create table keys (
    role text not null,
    chain integer not null,
    position integer not null,
    public_key blob not null unique,
    plain_script blob not null unique,
    given integer not null default 0,
    primary key (role, chain, position)
) without rowid;
create table coins (
    txid blob not null,
    vout integer not null,
    value integer not null,
    script_pubkey blob not null,
    height integer not null,
    is_coinbase integer not null,
    spent_height integer,
    primary key (txid, vout)
) without rowid;
create index coins_by_height on coins (height);
create index coins_by_spent_height on coins (spent_height) where spent_height is not null;
create table sent (
    txid blob primary key,
    raw blob not null,
    purpose text not null,
    sequence integer not null,
    mined_height integer
) without rowid;
create table documents (
    hash blob primary key,
    name text not null,
    media_type text not null,
    body blob not null
) without rowid;
"""

TABLES = Tables(
    SCHEMA_VERSION,
    _SCHEMA + _DRAFTS + _LABELS + _LOST,
    when_busy="make room, check its permissions, or end the other command that uses this wallet",
    when_damaged="move it away and init with the seed phrase",
    # What brings the tables of an older version up to the next.
    upgrades={1: f"drop table reserved;{_DRAFTS}", 2: _NEW_LABELS, 3: _LOST},
)
