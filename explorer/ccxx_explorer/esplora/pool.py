"""Esplora's `/mempool` and `/fee-estimates`, and the one door through which something is sent."""

from __future__ import annotations

import json
from decimal import Decimal

from aiohttp import web

from ccxx_core.amount import COIN
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash
from ccxx_core.transaction import Transaction
from ccxx_explorer.answers import Freshness, text_answer
from ccxx_explorer.broadcast.endpoints import check_enabled
from ccxx_explorer.endpoints import SITE, Body, Endpoint, Form, Tag, in_thread
from ccxx_explorer.esplora.answers import esplora_answer
from ccxx_explorer.esplora.gathering import known_pool
from ccxx_explorer.esplora.parameters import node_away
from ccxx_explorer.esplora.routes import TEXT, get_json
from ccxx_explorer.facts.esplora import EsploraPool, EsploraRecent
from ccxx_explorer.language import say
from ccxx_explorer.pending import PendingTransaction, PoolSnapshot
from ccxx_explorer.problems import bad_request
from ccxx_explorer.site import Site
from ccxx_explorer.views.esplora import fee_histogram, value_of
from ccxx_node.client.rpc import NodeClient, NodeError, RpcError

_RECENT = 10
_BIN = 50_000
_TARGETS = (*range(1, 26), 144, 504, 1008)
# A standard transaction weighs at most 400,000: so many hex digits, and a little white space.
_MOST_HEX = 810_000
_KILO = 1000
_SENDING_COST = 5


async def _pool(request: web.Request) -> web.StreamResponse:
    return esplora_answer(await in_thread(request, _sum_up, known_pool(request.app[SITE])))


def _sum_up(pool: PoolSnapshot) -> EsploraPool:
    waiting = pool.transactions.values()
    rates = [((each.fee or 0) / each.vsize, each.vsize) for each in waiting]
    return EsploraPool(
        count=pool.count,
        vsize=pool.size,
        total_fee=sum(each.fee or 0 for each in waiting),
        fee_histogram=fee_histogram(rates, _BIN),
    )


async def _txids(request: web.Request) -> web.StreamResponse:
    return esplora_answer(
        [format_hash(txid) for txid in known_pool(request.app[SITE]).transactions]
    )


async def _recent(request: web.Request) -> web.StreamResponse:
    newest = list(known_pool(request.app[SITE]).transactions.values())[: -_RECENT - 1 : -1]
    return esplora_answer([_line(each) for each in newest])


def _line(each: PendingTransaction) -> EsploraRecent:
    return EsploraRecent(
        txid=format_hash(each.transaction.txid),
        fee=each.fee or 0,
        vsize=each.vsize,
        value=value_of(each.transaction),
    )


async def _fees(request: web.Request) -> web.StreamResponse:
    return esplora_answer(await in_thread(request, _estimate, request.app[SITE]))


def _estimate(site: Site) -> dict[str, float]:
    """Ask what confirms in time; a node that keeps no statistics takes what its pool takes."""
    try:
        return site.ask_node(_ask_for_fees)
    except (NodeError, RpcError) as error:
        raise node_away() from error


def _ask_for_fees(client: NodeClient) -> dict[str, float]:
    calls = [("estimatesmartfee", (target,)) for target in _TARGETS]
    info, *estimates = client.batch([("getmempoolinfo", ()), *calls])
    rates = [each.get("feerate", info["mempoolminfee"]) for each in estimates]
    return {
        str(target): _satoshis_per_vbyte(rate) for target, rate in zip(_TARGETS, rates, strict=True)
    }


def _satoshis_per_vbyte(coins_per_kilobyte: Decimal | int) -> float:
    return float(Decimal(coins_per_kilobyte) * COIN / _KILO)


async def _send(request: web.Request) -> web.StreamResponse:
    check_enabled(request)
    body = await request.read()
    txid = await in_thread(request, _pass_on, request.app[SITE], body)
    return text_answer(txid, freshness=Freshness.NEVER)


def _pass_on(site: Site, body: bytes) -> str:
    """Give the node a transaction; raises PageError with the node's words where it refuses."""
    try:
        tx = Transaction.decode(bytes.fromhex(body.decode("ascii")))
    except (ValueError, DecodeError):
        raise bad_request(
            say("This is not a transaction."), say("It is sent in hex, and nothing beside it.")
        ) from None
    try:
        return format_hash(site.ask_node(lambda client: client.send(tx)))
    except RpcError as error:
        # The words that clients of Esplora look for.
        reason = json.dumps({"code": error.code, "message": error.message})
        raise bad_request(f"sendrawtransaction RPC error: {reason}", "") from error
    except NodeError as error:
        raise node_away() from error


ENDPOINTS = (
    get_json("/mempool", _pool, "The pool in numbers.", EsploraPool),
    get_json("/mempool/txids", _txids, "All that waits in the pool.", list[str]),
    get_json("/mempool/recent", _recent, "The 10 last that entered it.", list[EsploraRecent]),
    get_json(
        "/fee-estimates",
        _fees,
        "Satoshis a vbyte that confirm within so many blocks.",
        dict[str, float],
    ),
    Endpoint(
        "POST",
        "/api/tx",
        _send,
        "Send a transaction to the network; its id comes back.",
        Tag.ESPLORA,
        media=TEXT,
        form=Form.TEXT,
        body=Body(TEXT, _MOST_HEX, "The transaction in hex."),
        statuses=(403,),
        cost=_SENDING_COST,
    ),
)
