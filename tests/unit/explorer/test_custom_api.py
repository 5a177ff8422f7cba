"""`custom_api`: what an issuer's address said, and nothing that others said to it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash, sha256
from ccxx_core.network import REGTEST
from ccxx_core.script import null_data_script, p2wpkh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.pending import PoolSnapshot
from ccxx_explorer.site import Site
from ccxx_explorer.web import create_app

ISSUER = p2wpkh_script(sha256(b"issuer of PDF files")[:20])
ADDRESS = encode_address(ISSUER, REGTEST)
MESSAGE = TxOutput(0, null_data_script(b"CRED\x00\x01\x00\x04" + bytes(40)))


@pytest.fixture
async def list_of(chain: Any) -> AsyncIterator[Any]:
    """Return a function that asks for the list of an address."""
    state = NodeState(online=True, since=0)
    site = Site(chain.database, lambda: state, pool=PoolSnapshot)
    async with TestClient(TestServer(create_app(site))) as client:

        async def ask(address: str | None, status: int = 200) -> Any:
            reply = await client.get(f"/custom_api/address/{address}")
            assert reply.status == status
            assert reply.headers["Access-Control-Allow-Origin"] == "*"
            return await reply.json()

        yield ask


def fund(chain: Any, count: int = 1) -> list[OutPoint]:
    """Give the issuer some coins; returns them."""
    tx = chain.spend((), (TxOutput(100_000, ISSUER),) * count)
    chain.mine(tx)
    return [OutPoint(tx.txid, vout) for vout in range(count)]


def speak(*coins: OutPoint) -> Transaction:
    """Let the issuer say something."""
    outputs = (MESSAGE, TxOutput(50_000, ISSUER))
    return Transaction(2, tuple(map(TxInput, coins)), outputs)


async def test_only_what_spends_from_the_address_is_listed_in_the_exact_shape(
    chain: Any, list_of: Any
) -> None:
    (coin,) = fund(chain)
    forged = chain.spend((), (TxOutput(546, ISSUER), MESSAGE))
    chain.mine(forged)
    said = speak(coin)
    new = chain.mine(said)
    chain.mine()

    assert await list_of(ADDRESS) == [
        {
            "txid": format_hash(said.txid),
            "confirmations": 2,
            "blocktime": new.block.header.time,
            "vout": [
                {"scriptPubKey": {"hex": MESSAGE.script_pubkey.hex()}},
                {"scriptPubKey": {"hex": ISSUER.hex()}},
            ],
        }
    ]


async def test_the_newest_comes_first_and_none_twice(chain: Any, list_of: Any) -> None:
    coins = fund(chain, 5)
    said = [speak(*coins[:2]), speak(coins[2]), speak(coins[3])]
    chain.mine(said[0])
    chain.mine(said[1], said[2])
    last = speak(OutPoint(said[1].txid, 1), coins[4])
    chain.mine(last)

    listed = [line["txid"] for line in await list_of(ADDRESS)]

    assert listed == [format_hash(tx.txid) for tx in (last, said[2], said[1], said[0])]


async def test_coin_without_value_speaks_too(chain: Any, list_of: Any) -> None:
    empty = chain.spend((), (TxOutput(0, ISSUER),))
    chain.mine(empty)
    said = Transaction(2, (TxInput(OutPoint(empty.txid, 0)),), (MESSAGE,))
    chain.mine(said)

    listed = await list_of(ADDRESS)

    assert [line["txid"] for line in listed] == [format_hash(said.txid)]


async def test_reorganisation_takes_a_message_back(chain: Any, list_of: Any) -> None:
    (coin,) = fund(chain)
    chain.mine(speak(coin))

    before = await list_of(ADDRESS)
    chain.disconnect()

    assert len(before) == 1
    assert await list_of(ADDRESS) == []


@pytest.mark.parametrize("address", ["nobody", "%00", "%3Cscript%3E", "x" * 3000, "bc1qxyz"])
async def test_what_is_no_address_is_an_error_that_the_verifier_understands(
    list_of: Any, address: str
) -> None:
    said = await list_of(address, 400)

    # The published verifier refuses a certificate as soon as there is such a member.
    assert "error" in said
    assert "<" not in said["error"]["hint"]
