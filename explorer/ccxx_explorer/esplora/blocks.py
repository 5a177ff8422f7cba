"""Esplora's `/block` and `/blocks`: blocks of the best chain, by hash and by height."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection

from ccxx_core.encoding import encode_compact_size
from ccxx_core.hashes import Txid, format_hash
from ccxx_explorer.answers import Freshness, bytes_answer, text_answer
from ccxx_explorer.database import esplora, reader
from ccxx_explorer.database.rows import BlockRow
from ccxx_explorer.endpoints import Parameter, ask
from ccxx_explorer.esplora.answers import esplora_answer, freshness_at
from ccxx_explorer.esplora.gathering import confirmed, draw
from ccxx_explorer.esplora.parameters import (
    HASH,
    LAST_NUMBER,
    no_block,
    out_of_range,
    read_block_hash,
    read_number,
)
from ccxx_explorer.esplora.routes import BYTES, TEXT, get_json, get_other
from ccxx_explorer.facts.esplora import EsploraBlock, EsploraBlockStatus, EsploraTransaction
from ccxx_explorer.language import say
from ccxx_explorer.problems import bad_request
from ccxx_explorer.site import Site
from ccxx_explorer.views.esplora import esplora_block

_BLOCKS = 10
_TRANSACTIONS = 25


def _block_of(connection: Connection, text: str) -> BlockRow:
    row = reader.block_of_hash(connection, read_block_hash(text))
    if row is None:
        raise no_block()
    return row


async def _block(request: web.Request) -> web.StreamResponse:
    row = await ask(request, _find, request.match_info["hash"])
    return esplora_answer(esplora_block(row), Freshness.FOREVER)


async def _header(request: web.Request) -> web.StreamResponse:
    row = await ask(request, _find, request.match_info["hash"])
    return text_answer(row.header.encode().hex(), freshness=Freshness.FOREVER)


def _find(_site: Site, connection: Connection, text: str) -> BlockRow:
    return _block_of(connection, text)


async def _status(request: web.Request) -> web.StreamResponse:
    return esplora_answer(await ask(request, _find_status, request.match_info["hash"]))


def _find_status(_site: Site, connection: Connection, text: str) -> EsploraBlockStatus:
    row = reader.block_of_hash(connection, read_block_hash(text))
    if row is None:
        # Whether it left the best chain or never was in it makes no difference here.
        return EsploraBlockStatus(in_best_chain=False)
    above = reader.hash_at(connection, row.height + 1)
    return EsploraBlockStatus(
        in_best_chain=True,
        height=row.height,
        next_best=format_hash(above) if above is not None else None,
    )


async def _transactions(request: web.Request) -> web.StreamResponse:
    start = read_number(request.match_info.get("start", "0"))
    drawn, height, tip = await ask(request, _find_page, request.match_info["hash"], start)
    return esplora_answer(drawn, freshness_at(height, tip))


def _find_page(
    site: Site, connection: Connection, text: str, start: int
) -> tuple[tuple[EsploraTransaction, ...], int, int]:
    block = _block_of(connection, text)
    if start >= block.transaction_count:
        raise out_of_range(block.transaction_count - 1)
    if start % _TRANSACTIONS:
        raise bad_request(
            say("The number of the first transaction is not the beginning of a page."),
            say("It is a multiple of %(count)s.", count=_TRANSACTIONS),
        )
    count = min(_TRANSACTIONS, block.transaction_count - start)
    rows = reader.transactions_between(connection, block.first_transaction + start, count)
    return draw(site, confirmed(connection, rows)), block.height, site.tip(connection).height


async def _txids(request: web.Request) -> web.StreamResponse:
    txids = await ask(request, _find_txids, request.match_info["hash"])
    return esplora_answer([format_hash(txid) for txid in txids], Freshness.FOREVER)


async def _txid(request: web.Request) -> web.StreamResponse:
    index = read_number(request.match_info["index"])
    txids = await ask(request, _find_txids, request.match_info["hash"])
    if index >= len(txids):
        raise out_of_range(len(txids) - 1)
    return text_answer(format_hash(txids[index]), freshness=Freshness.FOREVER)


def _find_txids(_site: Site, connection: Connection, text: str) -> list[Txid]:
    return esplora.txids_of_block(connection, _block_of(connection, text))


async def _raw(request: web.Request) -> web.StreamResponse:
    body = await ask(request, _find_raw, request.match_info["hash"])
    return bytes_answer(body, BYTES, freshness=Freshness.FOREVER)


def _find_raw(_site: Site, connection: Connection, text: str) -> bytes:
    block = _block_of(connection, text)
    raw = esplora.raw_transactions_of(connection, block)
    return b"".join((block.header.encode(), encode_compact_size(len(raw)), *raw))


async def _height(request: web.Request) -> web.StreamResponse:
    height = read_number(request.match_info["height"])
    return text_answer(await ask(request, _find_hash, height))


def _find_hash(_site: Site, connection: Connection, height: int) -> str:
    found = reader.hash_at(connection, height)
    if found is None:
        raise no_block()
    return format_hash(found)


async def _blocks(request: web.Request) -> web.StreamResponse:
    text = request.match_info.get("start")
    start = read_number(text) if text is not None else None
    return esplora_answer(await ask(request, _find_blocks, start))


def _find_blocks(site: Site, connection: Connection, start: int | None) -> tuple[EsploraBlock, ...]:
    tip = site.tip(connection).height
    if start is not None and start > tip:
        raise no_block()
    below = None if start is None else start + 1
    return tuple(map(esplora_block, reader.latest_blocks(connection, below, _BLOCKS)))


async def _tip_height(request: web.Request) -> web.StreamResponse:
    return text_answer(str((await ask(request, _find_tip)).height))


async def _tip_hash(request: web.Request) -> web.StreamResponse:
    return text_answer(format_hash((await ask(request, _find_tip)).hash))


def _find_tip(site: Site, connection: Connection) -> BlockRow:
    return site.tip(connection)


def _number(name: str, words: str) -> Parameter:
    return Parameter(name, words, "integer", 0, least=0, most=LAST_NUMBER)


_HASH = (HASH,)
_START = _number("start", "The first transaction of the page, a multiple of 25.")
_INDEX = _number("index", "The place in the block, from 0.")
_HEIGHT = _number("height", "The height of a block.")
_FROM = _number("start", "The height to begin at; it goes down from there.")

ENDPOINTS = (
    get_other("/blocks/tip/height", _tip_height, "The height of the last block.", TEXT),
    get_other("/blocks/tip/hash", _tip_hash, "The hash of the last block.", TEXT),
    get_json("/blocks", _blocks, "The 10 newest blocks.", list[EsploraBlock]),
    get_json(
        "/blocks/{start}", _blocks, "10 blocks from a height on.", list[EsploraBlock], (_FROM,)
    ),
    get_other(
        "/block-height/{height}", _height, "The hash of the block at a height.", TEXT, (_HEIGHT,)
    ),
    get_json("/block/{hash}", _block, "A block.", EsploraBlock, _HASH),
    get_other("/block/{hash}/header", _header, "Its header in hex.", TEXT, _HASH),
    get_json(
        "/block/{hash}/status",
        _status,
        "Whether it is in the best chain, and what stands on it.",
        EsploraBlockStatus,
        _HASH,
    ),
    get_json(
        "/block/{hash}/txs",
        _transactions,
        "Its first 25 transactions.",
        list[EsploraTransaction],
        _HASH,
    ),
    get_json(
        "/block/{hash}/txs/{start}",
        _transactions,
        "25 of its transactions.",
        list[EsploraTransaction],
        (HASH, _START),
    ),
    get_json("/block/{hash}/txids", _txids, "The ids of its transactions.", list[str], _HASH),
    get_other(
        "/block/{hash}/txid/{index}", _txid, "The id of one transaction.", TEXT, (HASH, _INDEX)
    ),
    get_other("/block/{hash}/raw", _raw, "The block as bytes.", BYTES, _HASH),
)
