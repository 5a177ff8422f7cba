"""Output scripts by number: each is stored once, with its hash and its address."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, select

from ccxx_core.address import encode_address
from ccxx_core.hashes import sha256
from ccxx_core.network import Network
from ccxx_explorer.database.bulk import Row, insert_rows, portions, select_in
from ccxx_explorer.database.schema import addresses, scripts


def script_number(connection: Connection, script_hash: bytes) -> int | None:
    """Return the number of a script by the SHA-256 of its bytes, None where no output has it."""
    query = select(scripts.c.number).where(scripts.c.hash == script_hash)
    return connection.execute(query).scalar()


def number_scripts(
    connection: Connection, network: Network, scripts_in_order: Iterable[bytes]
) -> tuple[dict[bytes, int], int]:
    """Return the numbers of scripts, and the first number that is new; new ones are written."""
    hashes = {script: sha256(script) for script in dict.fromkeys(scripts_in_order)}
    query = select(scripts.c.hash, scripts.c.number)
    known = dict(map(tuple, select_in(connection, query, scripts.c.hash, hashes.values())))
    first = number = (connection.execute(select(func.max(scripts.c.number))).scalar() or 0) + 1
    numbers: dict[bytes, int] = {}
    rows: list[Row] = []
    for script, script_hash in hashes.items():
        if script_hash in known:
            numbers[script] = known[script_hash]
            continue
        numbers[script] = number
        rows.append({"number": number, "hash": script_hash, "script_pubkey": script})
        number += 1
    insert_rows(connection, scripts, rows)
    insert_rows(connection, addresses, _address_rows(rows, network))
    return numbers, first


def _address_rows(rows: Iterable[Row], network: Network) -> list[Row]:
    found = ((encode_address(row["script_pubkey"], network), row["number"]) for row in rows)
    return [{"address": text, "script": number} for text, number in found if text is not None]


def delete_scripts(connection: Connection, network: Network, first: int) -> None:
    """Forget the scripts from a number on, and their addresses."""
    query = select(scripts.c.number, scripts.c.script_pubkey).where(scripts.c.number >= first)
    rows = [row._asdict() for row in connection.execute(query)]
    for portion in portions(row["address"] for row in _address_rows(rows, network)):
        connection.execute(delete(addresses).where(addresses.c.address.in_(portion)))
    connection.execute(delete(scripts).where(scripts.c.number >= first))
