"""Esplora's `/address` and `/scripthash`: what one script received, spent and holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from ccxx_core.hashes import Txid, format_hash, sha256
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_explorer.database import esplora, reader
from ccxx_explorer.database.rows import BlockPlace
from ccxx_explorer.endpoints import SITE, Endpoint, Handle, Parameter, ask
from ccxx_explorer.esplora.answers import esplora_answer
from ccxx_explorer.esplora.gathering import confirmed, draw, known_pool, pending, still_pending
from ccxx_explorer.esplora.parameters import (
    TXID,
    read_address,
    read_script_hash,
    read_txid,
)
from ccxx_explorer.esplora.routes import get_json
from ccxx_explorer.facts.esplora import (
    EsploraAddress,
    EsploraCoin,
    EsploraScript,
    EsploraStats,
    EsploraTransaction,
)
from ccxx_explorer.language import say, say_count
from ccxx_explorer.pending import PendingTransaction
from ccxx_explorer.problems import PageError, bad_request
from ccxx_explorer.site import Site
from ccxx_explorer.views.esplora import status_facts

_CONFIRMED = 25
_PENDING = 50
_COINS = 500
_ADDRESSES = 10
_LONGEST_PREFIX = 90

Transactions = tuple[EsploraTransaction, ...]
Read = Callable[[Site, web.Request], bytes]


def _of_address(site: Site, request: web.Request) -> bytes:
    return read_address(request.match_info["address"], site.network)


def _of_hash(_site: Site, request: web.Request) -> bytes:
    return read_script_hash(request.match_info["scripthash"])


def _summary_of(read: Read, name: str) -> Handle:
    async def handle(request: web.Request) -> web.StreamResponse:
        script_hash = read(request.app[SITE], request)
        chain, waiting = await ask(request, _sum_up, script_hash)
        asked = request.match_info[name]
        if name == "address":
            return esplora_answer(
                EsploraAddress(address=asked, chain_stats=chain, mempool_stats=waiting)
            )
        return esplora_answer(
            EsploraScript(scripthash=asked, chain_stats=chain, mempool_stats=waiting)
        )

    return handle


def _sum_up(
    site: Site, connection: Connection, script_hash: bytes
) -> tuple[EsploraStats, EsploraStats]:
    pool = known_pool(site)
    totals = esplora.totals_of(connection, script_hash)
    chain = EsploraStats(
        funded_txo_count=totals.funded_count,
        funded_txo_sum=totals.funded,
        spent_txo_count=totals.spent_count,
        spent_txo_sum=totals.spent,
        tx_count=totals.transaction_count,
    )
    return chain, _sum_up_pending(still_pending(connection, pool, script_hash), script_hash)


def _sum_up_pending(waiting: Sequence[PendingTransaction], script_hash: bytes) -> EsploraStats:
    funded, spent = [], []
    for each in waiting:
        funded += _values_at(each.transaction.outputs, script_hash)
        spent += _values_at(each.prevouts.values(), script_hash)
    return EsploraStats(
        funded_txo_count=len(funded),
        funded_txo_sum=sum(funded),
        spent_txo_count=len(spent),
        spent_txo_sum=sum(spent),
        tx_count=len(waiting),
    )


def _values_at(outputs: Iterable[TxOutput], script_hash: bytes) -> list[int]:
    return [output.value for output in outputs if sha256(output.script_pubkey) == script_hash]


def _history_of(read: Read) -> Handle:
    async def handle(request: web.Request) -> web.StreamResponse:
        return esplora_answer(await ask(request, _find_both, read(request.app[SITE], request)))

    return handle


def _find_both(site: Site, connection: Connection, script_hash: bytes) -> Transactions:
    waiting = _find_pending(site, connection, script_hash)
    rows = reader.history_of_script(connection, script_hash, None, _CONFIRMED)
    return waiting + draw(site, confirmed(connection, rows))


def _pending_of(read: Read) -> Handle:
    async def handle(request: web.Request) -> web.StreamResponse:
        return esplora_answer(await ask(request, _find_pending, read(request.app[SITE], request)))

    return handle


def _find_pending(site: Site, connection: Connection, script_hash: bytes) -> Transactions:
    waiting = still_pending(connection, known_pool(site), script_hash)
    return draw(site, pending(waiting[:_PENDING]))


def _chain_of(read: Read) -> Handle:
    async def handle(request: web.Request) -> web.StreamResponse:
        script_hash = read(request.app[SITE], request)
        last = request.match_info.get("txid")
        return esplora_answer(await ask(request, _find_confirmed, script_hash, last))

    return handle


def _find_confirmed(
    site: Site, connection: Connection, script_hash: bytes, last: str | None
) -> Transactions:
    below = None if last is None else _number_of(site, connection, script_hash, read_txid(last))
    rows = reader.history_of_script(connection, script_hash, below, _CONFIRMED)
    return draw(site, confirmed(connection, rows))


def _number_of(site: Site, connection: Connection, script_hash: bytes, last: Txid) -> int | None:
    """Find where the page before ended; what is pending stands above all that is confirmed."""
    waiting = site.pool().by_script.get(script_hash, ())
    row = reader.transaction_of_id(connection, last)
    if row is not None and esplora.has_touched(connection, script_hash, row.number):
        return row.number
    if last in waiting:
        return None
    raise PageError(
        "not-found",
        404,
        say("The transaction that the page before ended with is not in this history."),
        say("A reorganisation may have taken it out: begin again without it."),
    )


def _coins_of(read: Read) -> Handle:
    async def handle(request: web.Request) -> web.StreamResponse:
        return esplora_answer(await ask(request, _find_coins, read(request.app[SITE], request)))

    return handle


def _find_coins(site: Site, connection: Connection, script_hash: bytes) -> list[EsploraCoin]:
    pool = known_pool(site)
    rows = esplora.unspent_of(connection, script_hash, _COINS + 1)
    places = esplora.places_of(connection, (row.height for row in rows))
    coins = [_coin(row.outpoint, row.value, places[row.height]) for row in rows]
    for each in reversed(still_pending(connection, pool, script_hash)):
        tx = each.transaction
        for vout, output in enumerate(tx.outputs):
            if sha256(output.script_pubkey) == script_hash:
                coins.append(_coin(OutPoint(tx.txid, vout), output.value, None))
    if len(coins) > _COINS:
        raise bad_request(
            say("There are too many unspent outputs."),
            say_count("At most %(count)s is listed.", "At most %(count)s are listed.", _COINS),
        )
    return [coin for outpoint, coin in coins if outpoint not in pool.spends]


def _coin(outpoint: OutPoint, value: int, place: BlockPlace | None) -> tuple[OutPoint, EsploraCoin]:
    return outpoint, EsploraCoin(
        txid=format_hash(outpoint.txid),
        vout=outpoint.vout,
        status=status_facts(place),
        value=value,
    )


async def _prefix(request: web.Request) -> web.StreamResponse:
    return esplora_answer(await ask(request, _find_addresses, request.match_info["prefix"]))


def _find_addresses(_site: Site, connection: Connection, prefix: str) -> list[str]:
    if len(prefix) > _LONGEST_PREFIX or not (prefix.isascii() and prefix.isalnum()):
        raise bad_request(
            say("No address begins like this."),
            say("An address has letters and digits only, at most %(most)s.", most=_LONGEST_PREFIX),
        )
    return reader.addresses_beginning(connection, prefix, _ADDRESSES)


def _endpoints(name: str, read: Read, parameter: Parameter, answer: Any) -> Iterator[Endpoint]:
    """Give the endpoints of scripts, which are named by address or by hash."""
    place, named, pages = f"/{name}/{{{name}}}", (parameter,), list[EsploraTransaction]
    yield get_json(place, _summary_of(read, name), "What it received and spent.", answer, named)
    yield get_json(
        f"{place}/txs",
        _history_of(read),
        "Its history, newest first: up to 50 pending and 25 confirmed transactions.",
        pages,
        named,
    )
    chain = _chain_of(read)
    yield get_json(f"{place}/txs/chain", chain, "25 confirmed transactions.", pages, named)
    yield get_json(
        f"{place}/txs/chain/{{txid}}", chain, "25 more, older ones.", pages, (parameter, TXID)
    )
    yield get_json(
        f"{place}/txs/mempool", _pending_of(read), "Up to 50 pending transactions.", pages, named
    )
    yield get_json(f"{place}/utxo", _coins_of(read), "Its coins.", list[EsploraCoin], named)


_ADDRESS = Parameter("address", "An address of this network.")
_SCRIPT_HASH = Parameter(
    "scripthash", "The SHA-256 of an output script, not reversed: 64 hex digits.", example="f" * 64
)
_PREFIX = Parameter("prefix", "How the address begins.", example="r")

ENDPOINTS = (
    *_endpoints("address", _of_address, _ADDRESS, EsploraAddress),
    *_endpoints("scripthash", _of_hash, _SCRIPT_HASH, EsploraScript),
    get_json(
        "/address-prefix/{prefix}",
        _prefix,
        "Up to 10 addresses that begin with a text.",
        list[str],
        (_PREFIX,),
    ),
)
