"""The `custom_api` that verifiers of PDF certificates ask for what an issuer's address said.

Only a transaction with an input that spends from the address speaks for it. Whoever merely pays to
an address can write any message beside the payment: such a transaction is never listed here.
"""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection

from ccxx_core.hashes import format_hash
from ccxx_explorer.answers import json_answer
from ccxx_explorer.database import esplora
from ccxx_explorer.database.rows import BlockPlace, TransactionRow
from ccxx_explorer.endpoints import Endpoint, Parameter, Tag, ask
from ccxx_explorer.esplora.parameters import read_address
from ccxx_explorer.facts.custom_api import SpendingOutput, SpendingScript, SpendingTransaction
from ccxx_explorer.language import say, say_count
from ccxx_explorer.problems import bad_request
from ccxx_explorer.site import Site

# A verifier must see all of them or none: a list cut short would hide revocations.
_MOST = 20_000
_COST = 5


async def _spending(request: web.Request) -> web.StreamResponse:
    return json_answer(await ask(request, _find, request.match_info["address"]))


def _find(site: Site, connection: Connection, address: str) -> list[SpendingTransaction]:
    script_hash = read_address(address, site.network)
    tip = site.tip(connection).height
    numbers = esplora.spenders_of(connection, script_hash, _MOST + 1)
    if len(numbers) > _MOST:
        raise bad_request(
            say("Too many transactions spend from this address."),
            say_count("At most %(count)s is listed.", "At most %(count)s are listed.", _MOST),
        )
    placed = esplora.placed_transactions(connection, numbers)
    return [_line(row, place, tip) for row, place in placed]


def _line(row: TransactionRow, place: BlockPlace, tip: int) -> SpendingTransaction:
    return SpendingTransaction(
        txid=format_hash(row.txid),
        confirmations=tip - row.height + 1,
        blocktime=place.time,
        vout=tuple(
            SpendingOutput(SpendingScript(output.script_pubkey.hex()))
            for output in row.transaction.outputs
        ),
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/custom_api/address/{address}",
        _spending,
        "The confirmed transactions that spend from an address, newest first.",
        Tag.CUSTOM,
        (Parameter("address", "An address of this network."),),
        answer=list[SpendingTransaction],
        cost=_COST,
    ),
)
