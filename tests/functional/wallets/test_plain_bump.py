"""Raising the fee of what waits for a block, at nodes that replace and at nodes that do not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.amount import parse_amount
from ccxx_node.client.rpc import NodeClient
from ccxx_regtest.node import RegtestNode

Town = Any
Person = Any
MATURITY = 10


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def package_rate(client: NodeClient, txid: str) -> float:
    entry = client.call("getmempoolentry", txid)
    return float(entry["fees"]["ancestor"] * 100_000_000 / entry["ancestorsize"])


@pytest.fixture(scope="module")
def payer(town: Town) -> Person:
    """A holder with two coins."""
    person = town.holder("bump-payer", money="0.3")
    town.root.do("pay", person.do("address", "--new")["address"], "0.2")
    town.mine()
    return person


@pytest.fixture(scope="module")
def replacing_root(
    town: Town, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, NodeClient]]:
    """A root with coins at a node that replaces."""
    folder = tmp_path_factory.mktemp("replacing")
    options = (f"-testmaturity={MATURITY}", "-mempoolreplacement=1")
    with RegtestNode(folder / "node", folder / "node.log", options) as node:
        environment = town.environment | node.settings
        root = replace(town.root, folder=folder / "root", environment=environment)
        made = root.do("init", "--test-maturity", str(MATURITY))
        node.mine(MATURITY + 5, made["address"])
        yield root, node.client


def test_a_payment_is_replaced_where_the_node_replaces(
    replacing_root: tuple[Any, NodeClient],
) -> None:
    root, client = replacing_root
    address = root.do("address", "--new")["address"]
    paid = root.do("pay", address, "1", "--feerate", "2")
    root.do("label", "set", paid["txid"], "rent")

    bumped = root.do("bump", paid["txid"], "--feerate", "9")

    assert bumped["method"] == "replacement"
    assert client.call("getrawmempool") == [bumped["txid"]]
    assert round(package_rate(client, bumped["txid"])) == 9
    assert root.do("status")["unconfirmed"] == [bumped["txid"]]
    assert root.do("history", "--limit", "1")["history"][0]["label"] == "rent"
    again = root.do("bump", bumped["txid"])
    assert again["method"] == "replacement" and again["feerate"] > 9
    client.call("generatetoaddress", 1, address)


def test_a_replacement_that_needs_more_takes_another_coin(
    replacing_root: tuple[Any, NodeClient],
) -> None:
    root, client = replacing_root
    coin = max(
        (each for each in root.do("coin", "list")["coins"] if each["status"] == "free"),
        key=lambda each: parse_amount(each["value"]),
    )
    nearly_all = parse_amount(coin["value"]) - 500
    address = root.do("address", "--new")["address"]
    paid = root.do(
        "pay", address, f"{nearly_all / 100_000_000:.8f}", "--coin", coin["coin"], "--feerate", "1"
    )

    bumped = root.do("bump", paid["txid"], "--feerate", "20")

    raw = client.call("getrawtransaction", bumped["txid"], True)
    assert bumped["method"] == "replacement"
    assert len(raw["vin"]) == 2
    client.call("generatetoaddress", 1, address)


def test_a_bump_that_is_written_to_a_file_can_be_sent_later(
    replacing_root: tuple[Any, NodeClient], tmp_path: Path
) -> None:
    root, client = replacing_root
    address = root.do("address", "--new")["address"]
    paid = root.do("pay", address, "1", "--feerate", "2")

    drafted = root.do("bump", paid["txid"], "--feerate", "9", "--out", tmp_path / "bump.psbt")
    sent = root.do("send", tmp_path / "bump.psbt")

    assert drafted["method"] == "child"
    assert set(client.call("getrawmempool")) == {paid["txid"], sent["txid"]}
    assert round(package_rate(client, sent["txid"])) == 9
    client.call("generatetoaddress", 1, address)


def test_a_root_coin_on_its_way_keeps_its_id(replacing_root: tuple[Any, NodeClient]) -> None:
    root, client = replacing_root
    sent = root.do("coin", "register", "--value", "1")

    bumped = root.do("bump", sent["txid"])

    assert bumped["method"] == "child"
    assert set(client.call("getrawmempool")) == {sent["txid"], bumped["txid"]}
    client.call("generatetoaddress", 1, root.do("address")["address"])
    assert root.do("anchor", "show")["root_coin"] == sent["root_coin"]


def test_where_the_node_does_not_replace_a_child_pays(town: Town, payer: Person) -> None:
    paid = payer.do("pay", town.root.do("address")["address"], "0.01", "--feerate", "1")

    bumped = payer.do("bump", paid["txid"], "--feerate", "8")

    assert bumped["method"] == "child"
    assert round(package_rate(town.client, bumped["txid"])) == 8
    refusal = payer.refused("bump", paid["txid"], "--feerate", "20")
    assert refusal.facts["error"] == "cannot-bump"
    assert f"bump {bumped['txid']} instead" in refusal.error
    town.mine()


def test_what_is_confirmed_unknown_or_paid_enough_is_not_bumped(town: Town, payer: Person) -> None:
    paid = payer.do("pay", town.root.do("address")["address"], "0.01", "--feerate", "5")

    low = payer.refused("bump", paid["txid"], "--feerate", "3")
    town.mine()
    mined = payer.refused("bump", paid["txid"])
    unknown = payer.refused("bump", "00" * 32)
    nonsense = payer.refused("bump", "rent")

    assert "pays 5 satoshis per vbyte already" in low.error
    assert f"is in block {town.client.block_count()} (1 confirmation)" in mined.error
    assert "not waiting" in unknown.error
    assert {each.facts["error"] for each in (low, mined, unknown, nonsense)} == {"cannot-bump"}


def test_a_payment_of_others_is_bumped_by_its_receiver(town: Town, payer: Person) -> None:
    sent = town.root.do("pay", payer.do("address", "--new")["address"], "0.05", "--feerate", "1")

    bumped = payer.do("bump", sent["txid"], "--feerate", "6")

    assert bumped["method"] == "child"
    assert round(package_rate(town.client, bumped["txid"])) == 6
    town.mine()


def test_a_certificate_keeps_its_signatures_and_gets_a_child(
    town: Town, issuer: Person, payer: Person
) -> None:
    file = town.draft(issuer, new_key(payer), 1_200, "--feerate", "1")
    town.root.do("sign", file)
    sent = issuer.do("send", file)

    bumped = issuer.do("bump", sent["txid"], "--feerate", "7")
    others = payer.refused("bump", sent["txid"], "--feerate", "7")

    assert bumped["method"] == "child"
    assert "no plain change of this wallet" in others.error
    assert set(town.client.call("getrawmempool")) == {sent["txid"], bumped["txid"]}
    town.mine()
    certificate = f"{sent['txid']}:0"
    assert certificate in {each["id"] for each in payer.do("list")["certificates"]}


def test_a_dry_run_bumps_nothing(town: Town, payer: Person) -> None:
    paid = payer.do("pay", town.root.do("address")["address"], "0.01", "--feerate", "1")

    tried = payer.do("bump", paid["txid"], "--feerate", "4", "--dry-run")

    assert tried["dry_run"] and tried["method"] == "child"
    assert town.client.call("getrawmempool") == [paid["txid"]]
    town.mine()
