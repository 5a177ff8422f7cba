"""Reorganisations, restored seeds and payments, on a real node."""

from pathlib import Path
from typing import Any

Town = Any
Person = Any


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def test_a_reorganisation_is_undone_and_played_again(
    town: Town, issuer: Person, holder: Person
) -> None:
    before = holder.do("list")["certificates"]
    certificate = town.issue(issuer, new_key(holder), 500)
    town.mine(3)
    with_it = holder.do("list")["certificates"]
    height = town.client.block_count()
    fork = town.client.call("getblockhash", height - 3)

    town.client.call("invalidateblock", fork)
    without_block = holder.do("show", certificate)
    town.mine(5)
    after = holder.do("show", certificate)

    assert len(with_it) == len(before) + 1
    assert without_block["status"] == "pending"
    assert after["issued_height"] == height - 3
    assert after["confirmations"] == 5


def test_a_wallet_restored_from_its_phrase_finds_everything(
    town: Town, issuer: Person, tmp_path: Path
) -> None:
    lost = town.person("ccxx-holder", "lost")
    made = lost.do("init", "--anchor", town.anchor)
    town.root.do("pay", made["address"], "0.5")
    town.issue(issuer, new_key(lost), 510, "--summary", "nobody is named here")
    listed = lost.do("list")["certificates"]
    words = tmp_path / "seed.txt"
    words.write_text(made["seed_phrase"])

    found = town.person("ccxx-holder", "found")
    restored = found.run("init", "--anchor", town.anchor, "--seed-file", words)

    assert restored.code == 0
    assert "seed_phrase" not in restored.facts
    assert "does not bring back labels" in restored.error
    assert found.do("list")["certificates"] == listed
    assert found.do("status")["spendable"] == lost.do("status")["spendable"] == "0.50000000"
    assert new_key(found) == new_key(lost)


def test_a_payment_is_incoming_until_its_block(town: Town) -> None:
    person = town.holder("paid", money="")
    address = person.do("address")["address"]

    town.root.do("pay", address, "0.25")
    before = person.do("status")
    town.mine()
    after = person.do("status")

    assert (before["spendable"], before["incoming"]) == ("0.00000000", "0.25000000")
    assert (after["spendable"], after["incoming"]) == ("0.25000000", "0.00000000")
    assert person.do("address")["address"] != address


def test_a_dry_run_writes_and_reserves_nothing(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    file = tmp_path / "x.psbt"

    facts = issuer.do(
        "certificate", "issue", "--to", new_key(holder), "--document", town.document(),
        "--serial", "520", "--out", file, "--dry-run",
    )  # fmt: skip

    assert facts["dry_run"] is True
    assert facts["file"] is None
    assert not file.exists()


def test_credit_is_never_counted_or_spent_as_a_plain_coin(
    town: Town, issuer: Person, holder: Person
) -> None:
    poor = town.holder("poor", money="")
    certificate = town.issue(issuer, new_key(poor), 530)

    spendable = poor.do("status")["spendable"]
    payment = poor.refused("pay", holder.do("address")["address"], "0.0005")
    transfer = poor.refused("certificate", "transfer", certificate, "--to", new_key(holder))

    assert spendable == "0.00000000"
    assert payment.facts["error"] == transfer.facts["error"] == "not-enough-coins"


def test_two_copies_of_one_wallet_see_each_others_payments(town: Town, tmp_path: Path) -> None:
    one, two = (town.person("ccxx-holder", name) for name in ("one-twin", "other-twin"))
    words = tmp_path / "seed.txt"
    words.write_text(one.do("init", "--anchor", town.anchor)["seed_phrase"])
    two.do("init", "--anchor", town.anchor, "--seed-file", words)
    town.root.do("pay", one.do("address")["address"], "0.3")
    town.mine()
    target = town.root.do("address")["address"]

    one.do("pay", target, "0.1")
    too_much = two.refused("pay", target, "0.25")
    town.mine()

    # The copy saw the unconfirmed payment and did not spend its coin again.
    assert too_much.facts["error"] == "not-enough-coins"
    assert one.do("status")["spendable"] == two.do("status")["spendable"]


def test_a_dry_init_makes_nothing(town: Town) -> None:
    for command in ("ccxx-issuer", "ccxx-holder"):
        person = town.person(command, f"dry-{command}")

        facts = person.do("init", "--anchor", town.anchor, "--dry-run")

        assert facts["network"] == "regtest"
        assert not person.folder.exists()
