"""The page of an address: what each transaction brought, page by page, and whose keys move it."""

from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from ccxx_core.address import encode_address
from ccxx_core.hashes import sha256
from ccxx_core.network import REGTEST
from ccxx_core.script import p2wpkh_script
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.site import Site
from ccxx_explorer.web import create_app

MINER = encode_address(p2wpkh_script(sha256(b"somebody")[:20]), REGTEST)


async def test_changes_add_up_to_the_balance(facts: Any) -> None:
    address = (await facts("/block/5.json"))["coinbase"]["address"]

    shown = await facts(f"/address/{address}.json")

    lines = shown["transactions"]
    assert lines[0]["balance"] == shown["unspent"]
    assert sum(line["change"] for line in lines) == shown["unspent"]
    assert shown["received"] - shown["sent"] == shown["unspent"]
    assert [line["number"] for line in lines] == list(range(len(lines), 0, -1))
    assert shown["coins"]["count"] * 10_000_000 == shown["unspent"]


async def test_history_is_paged_both_ways(chain: Any) -> None:
    for _ in range(120):
        chain.mine()
    address = encode_address(
        chain.blocks[5].block.transactions[0].outputs[0].script_pubkey, REGTEST
    )
    site = Site(chain.database, lambda: NodeState(online=True, since=1_700_000_000))

    async with TestClient(TestServer(create_app(site))) as client:

        async def numbers(query: str) -> tuple[list[int], Any]:
            shown = await (await client.get(f"/address/{address}.json{query}")).json()
            return [line["number"] for line in shown["transactions"]], shown

        newest, first = await numbers("")
        older, second = await numbers(f"?below={first['below']}")
        newer, _ = await numbers(f"?above={second['above']}")
        oldest, last = await numbers("?below=51")
        _, more = await numbers(f"?coins={first['coins']['below']}")

    assert first["above"] is None and last["below"] is None
    assert newer == newest
    assert older[0] == newest[-1] - 1
    assert oldest == list(range(50, 0, -1))
    assert more["coins"]["coins"][0] not in first["coins"]["coins"]


async def test_keys_behind_a_certificates_address_are_named_before_and_after_it_is_spent(
    facts: Any, story: Any
) -> None:
    spent = encode_address(story.chain.learn("alice"), REGTEST)
    held = encode_address(story.chain.learn("bob"), REGTEST)

    shown = (await facts(f"/address/{spent}.json"))["script"]
    rebuilt = (await facts(f"/address/{held}.json"))["script"]

    for script in (shown, rebuilt):
        assert script["required"] == 3
        assert sorted(key["role"] for key in script["keys"]) == ["holder", "issuer", "root"]
    assert shown["txid"] is not None
    assert rebuilt["txid"] is None


async def test_own_address_stands_out_in_its_transactions(page: Any, story: Any) -> None:
    address = encode_address(story.chain.learn("alice"), REGTEST)

    text = await page(f"/address/{address}")

    assert f"<strong>{address}</strong>" in text
    assert "this address" in text


async def test_address_without_history_says_so(page: Any) -> None:
    text = await page(f"/address/{MINER}")

    assert "No transaction has touched this address." in text


async def test_wrong_places_in_lists_are_refused(facts: Any) -> None:
    for query in ({"coins": "x-1"}, {"coins": "1"}, {"below": "-1"}, {"above": "x"}):
        problem = await facts(f"/address/{MINER}.json", 400, **query)
        assert problem["error"]["code"] == "bad-request"
