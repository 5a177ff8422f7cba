"""Plain coins, labels, history and rescan, on a real node."""

import json
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.amount import parse_amount

Town = Any
Person = Any


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


@pytest.fixture(scope="module")
def saver(town: Town) -> Person:
    """A holder with three coins of different worth."""
    person = town.holder("saver", money="")
    for money in ("0.1", "0.2", "0.3"):
        town.root.do("pay", person.do("address", "--new")["address"], money)
    town.mine()
    return person


def coins(person: Person) -> dict[str, dict[str, Any]]:
    return {each["value"]: each for each in person.do("coin", "list")["coins"]}


def test_coins_are_listed_with_confirmations_and_labels(saver: Person) -> None:
    coin = coins(saver)["0.20000000"]

    saver.do("label", "set", coin["coin"], "rent")
    saver.do("label", "set", coins(saver)["0.10000000"]["address"], "Ada")

    listed = coins(saver)
    assert listed["0.20000000"]["label"] == "rent"
    assert listed["0.10000000"]["label"] == "Ada"
    assert listed["0.30000000"]["confirmations"] == 1
    assert {each["status"] for each in listed.values()} == {"free"}


def test_a_frozen_coin_never_pays(town: Town, saver: Person) -> None:
    largest = coins(saver)["0.30000000"]["coin"]
    address = town.root.do("address")["address"]

    saver.do("coin", "freeze", largest)

    assert coins(saver)["0.30000000"]["status"] == "frozen"
    missed = saver.refused("pay", address, "0.4")
    assert missed.facts["error"] == "not-enough-coins"
    assert "0.30000000 more are frozen" in missed.error
    refusal = saver.refused("pay", address, "0.01", "--coin", largest)
    assert refusal.facts["error"] == "unknown-coin"
    assert "coin unfreeze" in refusal.error
    saver.do("coin", "unfreeze", largest)
    assert saver.do("pay", address, "0.4", "--dry-run")["dry_run"]


def test_chosen_coins_pay_and_no_others(town: Town, saver: Person) -> None:
    chosen = [coins(saver)[value]["coin"] for value in ("0.10000000", "0.30000000")]
    address = town.root.do("address")["address"]

    too_little = saver.refused("pay", address, "0.35", "--coin", chosen[0])
    paid = saver.do("pay", address, "0.05", "--coin", chosen[0], "--coin", chosen[1])

    assert too_little.facts["error"] == "not-enough-coins"
    raw = town.client.call("getrawtransaction", paid["txid"], True)
    assert {f"{each['txid']}:{each['vout']}" for each in raw["vin"]} == set(chosen)
    town.mine()


def test_credit_is_no_coin_to_choose(town: Town, issuer: Person, saver: Person) -> None:
    certificate = town.issue(issuer, new_key(saver), 1_100)
    address = town.root.do("address")["address"]

    refusal = saver.refused("pay", address, "0.0005", "--coin", certificate)

    assert refusal.facts["error"] == "unknown-coin"
    assert "certificate, which never pays" in refusal.error
    assert certificate not in {each["coin"] for each in saver.do("coin", "list")["coins"]}
    assert saver.refused("coin", "freeze", certificate).facts["error"] == "unknown-coin"


def test_an_absurd_fee_is_refused_with_the_way_past_it(town: Town, saver: Person) -> None:
    address = town.root.do("address")["address"]
    words = ("pay", address, "0.01", "--feerate", "1000", "--max-fee", "0.0001")

    refusal = saver.refused(*words)
    allowed = saver.do(*words[:-1], "0.01", "--dry-run")

    assert refusal.facts["error"] == "fee-too-high"
    assert "--max-fee" in refusal.error
    assert parse_amount(allowed["fee"]) > 100_000


def test_labels_travel_in_the_form_of_bip_329(town: Town, saver: Person, tmp_path: Path) -> None:
    coin = next(iter(coins(saver).values()))["coin"]
    file = tmp_path / "labels.jsonl"
    other = town.holder("label-reader", money="")
    saver.do("label", "set", coin, "savings")
    saver.do("coin", "freeze", coin)
    saver.do("label", "set", coin.partition(":")[0], "gift of Ada")

    saver.do("label", "export", file)
    imported = other.do("label", "import", file)

    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert {"type": "output", "ref": coin, "label": "savings", "spendable": False} in lines
    assert imported["skipped"] == 0
    assert other.do("label", "list") == saver.do("label", "list")
    assert file.stat().st_mode & 0o777 == 0o600
    saver.do("coin", "unfreeze", coin)


def test_a_certificate_is_shown_with_its_label(town: Town, issuer: Person, saver: Person) -> None:
    key = saver.do("key", "new", "--label", "for my degree")["holder_key"]
    certificate = town.issue(issuer, key, 1_101)
    first = saver.do("show", certificate)
    short = first["short_id"]

    saver.do("label", "set", short, "my degree")

    assert first["label"] == "for my degree"
    assert saver.do("show", certificate)["label"] == "my degree"
    assert f"({certificate}, my degree)" in saver.do("history")["history"][0]["lines"][0]
    listed = {each["id"]: each["label"] for each in saver.do("list")["certificates"]}
    assert listed[certificate] == "my degree"


def test_history_tells_what_came_and_went(town: Town, issuer: Person) -> None:
    person = town.holder("diarist", money="0.5")
    town.mine()
    landlord = town.root.do("address")["address"]
    person.do("label", "set", landlord, "landlord")
    paid = person.do("pay", landlord, "0.2")
    waiting = person.do("history")["history"]
    town.mine()
    certificate = town.issue(issuer, new_key(person), 1_102)

    told = person.do("history")["history"]

    assert waiting[0]["txid"] == paid["txid"] and waiting[0]["height"] is None
    assert [each["amount"][0] for each in told] == ["+", "-", "+"]
    assert told[0]["amount"] == "+0.00000000"
    assert told[0]["lines"][0].startswith("certificate 1102 ")
    assert told[0]["lines"][0].endswith(f"({certificate}) received from its issuer")
    assert told[1]["lines"] == [f"paid 0.20000000 at {landlord} (landlord)"]
    assert told[1]["fee"] == paid["fee"]
    assert told[2]["lines"][0].startswith("received 0.50000000 at ")
    assert person.do("history", "--limit", "1")["history"] == told[:1]


def test_the_issuer_and_the_root_see_permits_and_issues(
    town: Town, issuer: Person, saver: Person
) -> None:
    town.issue(issuer, new_key(saver), 1_103)

    issued = [line for each in issuer.do("history")["history"] for line in each["lines"]]
    granted = [line for each in town.root.do("history")["history"] for line in each["lines"]]

    assert any(line.endswith("issued") for line in issued)
    assert any(line.startswith("permit ") and line.endswith("granted") for line in issued)
    assert any(line.startswith("mined ") for line in granted)


def test_a_rescan_finds_the_same_again(town: Town, saver: Person) -> None:
    before = [
        saver.do(*words) for words in (("status",), ("list",), ("coin", "list"), ("history",))
    ]
    tip = town.client.block_count()

    whole = saver.do("rescan")
    part = saver.do("rescan", "--from", str(tip - 3))

    after = [saver.do(*words) for words in (("status",), ("list",), ("coin", "list"), ("history",))]
    assert after == before
    assert whole["height"] == part["height"] == tip
    assert not list(saver.folder.glob("*.rescan*"))


def test_a_rescan_from_before_the_birthday_finds_older_coins(town: Town, tmp_path: Path) -> None:
    person = town.holder("late-born", money="0.7")
    town.mine()
    words = tmp_path / "words.txt"
    twin = town.person("ccxx-root", "rootless-twin")
    made = twin.do("init", "--test-maturity", "10")
    town.root.do("pay", made["address"], "0.6")
    town.mine(2)
    words.write_text(made["seed_phrase"])
    late = town.person("ccxx-root", "rootless-late")
    height = town.client.block_count()
    late.do("init", "--seed-file", words, "--birthday", str(height), "--test-maturity", "10")

    before = late.do("status")["spendable"]
    late.do("rescan", "--from", str(height - 10))

    assert before == "0.00000000"
    assert late.do("status")["spendable"] == "0.60000000"
    assert person.do("status")["spendable"] == "0.70000000"
