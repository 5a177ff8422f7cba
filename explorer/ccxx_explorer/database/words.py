"""The words in titles and codes of permits, so that a search finds a type by any of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from ccxx_cert.state import Change, Permit
from ccxx_core.hashes import Txid
from ccxx_explorer.database.bulk import Row, insert_rows
from ccxx_explorer.database.packing import unpack
from ccxx_explorer.database.schema import permits, words

_WORD = re.compile(r"\w+")
_LAST_CHARACTER = "\U0010ffff"


def words_of(text: str) -> tuple[str, ...]:
    """Split a text into words as they are compared: without case and without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return tuple(dict.fromkeys(_WORD.findall(kept)))


def insert_words(
    connection: Connection, changes: Iterable[Change], numbers: Mapping[Txid, int]
) -> None:
    """Note the words of the permits that a block granted."""
    rows: list[Row] = []
    for change in changes:
        if change.before is None and isinstance(change.after, Permit):
            message, number = change.after.message, numbers[change.after.id.txid]
            for word in words_of(f"{message.title} {message.code}"):
                rows.append({"word": word, "transaction_number": number})
    insert_rows(connection, words, rows)


def permits_with(connection: Connection, text: str, limit: int) -> list[Permit]:
    """Give permits, newest first, in whose title or code each word of a text begins a word."""
    wanted = words_of(text)
    if not wanted:
        return []
    query = select(permits.c.record)
    for word in wanted:
        # PostgreSQL reads no collation inside BETWEEN.
        column = words.c.word
        beginning = (column >= word, column <= word + _LAST_CHARACTER)
        query = query.where(
            permits.c.transaction_number.in_(select(words.c.transaction_number).where(*beginning))
        )
    rows = connection.execute(query.order_by(permits.c.number.desc()).limit(limit)).scalars()
    return [record for record in map(unpack, rows) if isinstance(record, Permit)]
