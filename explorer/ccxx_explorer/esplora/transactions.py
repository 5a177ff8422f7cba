"""Esplora's `/tx`: one transaction, its proofs, and what spent its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import Connection

from ccxx_core.hashes import Txid, format_hash
from ccxx_core.merkle import merkle_branch
from ccxx_core.merkle_block import make_proof
from ccxx_core.transaction import OutPoint
from ccxx_explorer.answers import Freshness, bytes_answer, text_answer
from ccxx_explorer.database import esplora, reader
from ccxx_explorer.database.rows import BlockPlace, BlockRow, OutputRow, TransactionRow
from ccxx_explorer.endpoints import Parameter, ask
from ccxx_explorer.esplora.answers import esplora_answer, freshness_at
from ccxx_explorer.esplora.gathering import (
    draw,
    find_transaction,
    known,
    pending_transaction,
)
from ccxx_explorer.esplora.parameters import (
    LAST_NUMBER,
    TXID,
    no_confirmed_transaction,
    out_of_range,
    read_number,
    read_txid,
)
from ccxx_explorer.esplora.routes import BYTES, TEXT, get_json, get_other
from ccxx_explorer.facts.esplora import (
    EsploraMerkleProof,
    EsploraSpend,
    EsploraStatus,
    EsploraTransaction,
)
from ccxx_explorer.pending import PoolSnapshot
from ccxx_explorer.site import Site
from ccxx_explorer.views.esplora import PENDING, SeenTransaction, status_facts

_UNSPENT = EsploraSpend(spent=False)


@dataclass(frozen=True, slots=True)
class _Proof:
    """A confirmed transaction, its block, and the ids of all transactions beside it."""

    row: TransactionRow
    block: BlockRow
    txids: Sequence[Txid]


async def _transaction(request: web.Request) -> web.StreamResponse:
    seen, tip = await ask(request, _find, request.match_info["txid"])
    return esplora_answer(seen, freshness_at(seen.status.block_height, tip))


def _find(site: Site, connection: Connection, text: str) -> tuple[EsploraTransaction, int]:
    seen = find_transaction(site, connection, read_txid(text))
    return draw(site, [seen])[0], site.tip(connection).height


async def _status(request: web.Request) -> web.StreamResponse:
    place, tip = await ask(request, _find_place, request.match_info["txid"])
    return esplora_answer(status_facts(place), freshness_at(place.height if place else None, tip))


def _find_place(site: Site, connection: Connection, text: str) -> tuple[BlockPlace | None, int]:
    row = reader.transaction_of_id(connection, read_txid(text))
    place = esplora.places_of(connection, [row.height])[row.height] if row is not None else None
    return place, site.tip(connection).height


async def _hex(request: web.Request) -> web.StreamResponse:
    seen, tip = await ask(request, _find_raw, request.match_info["txid"])
    return text_answer(seen.transaction.encode().hex(), freshness=_freshness(seen, tip))


async def _raw(request: web.Request) -> web.StreamResponse:
    seen, tip = await ask(request, _find_raw, request.match_info["txid"])
    body = seen.transaction.encode()
    return bytes_answer(body, BYTES, freshness=_freshness(seen, tip))


def _find_raw(site: Site, connection: Connection, text: str) -> tuple[SeenTransaction, int]:
    return find_transaction(site, connection, read_txid(text)), site.tip(connection).height


def _freshness(seen: SeenTransaction, tip: int) -> Freshness:
    return freshness_at(seen.place.height if seen.place else None, tip)


async def _merkle_proof(request: web.Request) -> web.StreamResponse:
    proof = await ask(request, _gather_proof, request.match_info["txid"])
    branch = merkle_branch(proof.txids, proof.row.position)
    return esplora_answer(
        EsploraMerkleProof(
            block_height=proof.row.height,
            merkle=tuple(map(format_hash, branch)),
            pos=proof.row.position,
        )
    )


async def _merkle_block_proof(request: web.Request) -> web.StreamResponse:
    proof = await ask(request, _gather_proof, request.match_info["txid"])
    made = make_proof(proof.block.header, proof.txids, {proof.row.txid})
    return text_answer(made.encode().hex())


def _gather_proof(_site: Site, connection: Connection, text: str) -> _Proof:
    row = reader.transaction_of_id(connection, read_txid(text))
    block = reader.block_at(connection, row.height) if row is not None else None
    if row is None or block is None:
        raise no_confirmed_transaction()
    return _Proof(row, block, esplora.txids_of_block(connection, block))


async def _spends(request: web.Request) -> web.StreamResponse:
    return esplora_answer(await ask(request, _find_spends, request.match_info["txid"]))


async def _spend(request: web.Request) -> web.StreamResponse:
    index = read_number(request.match_info["vout"])
    spends = await ask(request, _find_spends, request.match_info["txid"])
    if index >= len(spends):
        raise out_of_range(len(spends) - 1)
    return esplora_answer(spends[index])


def _find_spends(site: Site, connection: Connection, text: str) -> list[EsploraSpend]:
    txid, pool = read_txid(text), site.pool()
    row = reader.transaction_of_id(connection, txid)
    if row is None:
        tx = pending_transaction(site, txid)
        return [_waiting(pool, OutPoint(txid, vout)) for vout in range(len(tx.outputs))]
    outputs = reader.outputs_of(connection, row.number)
    heights = (output.spend.height for output in outputs if output.spend is not None)
    places = esplora.places_of(connection, heights)
    return [_spend_of(output, places, pool) for output in outputs]


def _spend_of(output: OutputRow, places: dict[int, BlockPlace], pool: PoolSnapshot) -> EsploraSpend:
    spend = output.spend
    if spend is None:
        return _waiting(pool, output.outpoint)
    return EsploraSpend(
        spent=True,
        txid=format_hash(spend.txid),
        vin=spend.index,
        status=status_facts(places[spend.height]),
    )


def _waiting(pool: PoolSnapshot, outpoint: OutPoint) -> EsploraSpend:
    spend = known(pool).spends.get(outpoint)
    if spend is None:
        return _UNSPENT
    return EsploraSpend(spent=True, txid=format_hash(spend.txid), vin=spend.index, status=PENDING)


_TXID = (TXID,)
_VOUT = Parameter(
    "vout", "The number of an output, from 0.", "integer", 0, least=0, most=LAST_NUMBER
)

ENDPOINTS = (
    get_json("/tx/{txid}", _transaction, "A transaction.", EsploraTransaction, _TXID),
    get_json(
        "/tx/{txid}/status", _status, "Whether it is in a block, and which.", EsploraStatus, _TXID
    ),
    get_other("/tx/{txid}/hex", _hex, "The transaction in hex.", TEXT, _TXID),
    get_other("/tx/{txid}/raw", _raw, "The transaction as bytes.", BYTES, _TXID),
    get_json(
        "/tx/{txid}/merkle-proof",
        _merkle_proof,
        "Proof that it is in its block, as Electrum has it.",
        EsploraMerkleProof,
        _TXID,
    ),
    get_other(
        "/tx/{txid}/merkleblock-proof",
        _merkle_block_proof,
        "Proof that it is in its block, as `gettxoutproof` has it.",
        TEXT,
        _TXID,
    ),
    get_json(
        "/tx/{txid}/outspend/{vout}",
        _spend,
        "What spent one output.",
        EsploraSpend,
        (TXID, _VOUT),
    ),
    get_json("/tx/{txid}/outspends", _spends, "What spent each output.", list[EsploraSpend], _TXID),
)
