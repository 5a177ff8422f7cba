"""Wallets without keys: they see the same and draft, and the wallet with the keys signs."""

import json
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.descriptor import parse_descriptor
from ccxx_core.network import REGTEST
from ccxx_core.psbt import Psbt

Town = Any
Person = Any


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def watcher_of(town: Town, person: Person, name: str, *options: str | Path) -> Person:
    """Make a watch-only wallet of the same program from an exported file."""
    file = town.folder / f"{name}.accounts.json"
    person.do("descriptor", "export", "--out", file)
    watcher = town.person(person.command, name)
    anchor = () if person.command == "ccxx-root" else ("--anchor", town.anchor)
    watcher.do("init", *anchor, "--xpub", file, "--test-maturity", "10", *options)
    return watcher


@pytest.fixture(scope="module")
def owner(town: Town) -> Person:
    """A holder with coins."""
    person = town.holder("watched-owner", money="0.4")
    town.mine()
    return person


@pytest.fixture(scope="module")
def watcher(town: Town, owner: Person) -> Person:
    """A watch-only wallet beside the owner's."""
    return watcher_of(town, owner, "watcher")


def test_a_watching_wallet_sees_the_same(
    town: Town, issuer: Person, owner: Person, watcher: Person
) -> None:
    town.issue(issuer, new_key(owner), 1_400)

    for words in (("list",), ("coin", "list"), ("history",)):
        assert watcher.do(*words) == owner.do(*words)
    assert watcher.do("status") == owner.do("status") | {"watch_only": True}
    assert watcher.do("address") == owner.do("address")
    assert not (watcher.folder / "keys.json").exists()


def test_a_watching_wallet_drafts_and_the_owner_signs(
    town: Town, owner: Person, watcher: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    address = town.root.do("address")["address"]

    drafted = watcher.do("pay", address, "0.01")
    refusal = watcher.refused("sign", drafted["file"])
    own = owner.refused("sign", drafted["file"])
    owner.do("sign", drafted["file"], "--spend-own")
    sent = watcher.do("send", drafted["file"])
    town.mine()

    assert drafted["signed_by"] == [] and drafted["missing"] == ["payer"]
    assert refusal.facts["error"] == "watch-only"
    assert "wallet that has the seed phrase" in refusal.error
    assert own.facts["error"] == "not-our-draft"
    assert sent["sent"] is True


def test_an_unsigned_draft_is_not_called_signed(
    town: Town, issuer: Person, owner: Person, watcher: Person, tmp_path: Path
) -> None:
    certificate = town.issue(issuer, new_key(owner), 1_404)
    file = tmp_path / "gift.psbt"

    code, said = watcher.answer(
        "certificate", "transfer", certificate, "--to", new_key(owner), "--out", file, typed="y\n"
    )

    assert code == 0
    assert "this wallet watches only" in said
    assert "transfer drafted, signed by nobody yet" in said
    watcher.do("draft", "drop", file)


def test_drafts_carry_key_origins_even_for_change(
    town: Town, watcher: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    drafted = watcher.do("pay", town.root.do("address")["address"], "0.02")

    psbt = Psbt.decode(Path(drafted["file"]).read_bytes())
    account = (84 | 1 << 31, 1 | 1 << 31, 1 << 31)
    assert all(each.origins[0][1].path[:3] == account for each in psbt.inputs)
    assert [bool(each.origins) for each in psbt.outputs] == [False, True]
    assert psbt.outputs[1].origins[0][1].path[3] == 1
    watcher.do("draft", "drop", drafted["file"])


def test_a_watching_holder_drafts_a_transfer(
    town: Town, issuer: Person, owner: Person, watcher: Person, tmp_path: Path
) -> None:
    friend = town.holder("friend", money="")
    certificate = town.issue(issuer, new_key(owner), 1_401)
    file = tmp_path / "transfer.psbt"

    drafted = watcher.do(
        "certificate", "transfer", certificate, "--to", new_key(friend), "--out", file
    )
    owner.do("sign", file, "--spend-own")
    issuer.do("sign", file)
    town.root.do("sign", file)
    watcher.do("send", file)
    town.mine()

    assert drafted["missing"] == ["holder", "issuer", "payer", "root"]
    assert certificate in {each["id"] for each in friend.do("list")["certificates"]}


def test_watching_issuer_and_root_see_permits(town: Town, issuer: Person) -> None:
    seeing_issuer = watcher_of(town, issuer, "watching-issuer")
    seeing_root = watcher_of(town, town.root, "watching-root", "--anchor", town.anchor)

    assert seeing_issuer.do("permit", "list") == issuer.do("permit", "list") | {
        "permits": [
            {**each, "has_type_definition": False}
            for each in issuer.do("permit", "list")["permits"]
        ]
    }
    assert seeing_root.do("permit", "list") == town.root.do("permit", "list")
    assert seeing_root.do("status") == town.root.do("status") | {"watch_only": True}


def test_every_script_of_ours_is_described(town: Town, issuer: Person, owner: Person) -> None:
    certificate = town.issue(issuer, new_key(owner), 1_402)
    shown = owner.do("show", certificate)

    facts = owner.do("descriptor", "export", "--scripts")
    permits = issuer.do("descriptor", "export", "--scripts")["scripts"]

    found = {each["id"]: each for each in facts["scripts"]}[certificate]
    fingerprint = facts["accounts"][0]["fingerprint"]
    assert found["address"] == shown["address"]
    assert f"[{fingerprint}/48h/1h/4h/2h/0/" in found["descriptor"]
    assert found["descriptor"].startswith("wsh(sortedmulti(3,")
    script = parse_descriptor(found["descriptor"], REGTEST).script_pubkey
    raw = town.client.call("gettxout", *certificate.split(":")[:1], 0)
    assert raw["scriptPubKey"]["hex"] == script.hex()
    kinds = {each["kind"] for each in permits}
    assert kinds == {"permit", "certificate"}


def test_descriptors_on_the_command_line_are_enough(town: Town, owner: Person) -> None:
    accounts = owner.do("descriptor", "export")["accounts"]
    described = {each["role"]: each for each in accounts}
    watcher = town.person("ccxx-holder", "watcher-by-hand")
    keys = [*described["plain"]["descriptors"], described["holder"]["key"]]

    made = watcher.do(
        "init", "--anchor", town.anchor, *(word for key in keys for word in ("--watch", key)),
        "--test-maturity", "10",
    )  # fmt: skip

    assert made["watch_only"] is True
    assert watcher.do("list") == owner.do("list")
    assert watcher.do("descriptor", "export")["accounts"] == [
        described["holder"],
        described["plain"],
    ]


def test_what_is_no_account_is_refused(town: Town, owner: Person, tmp_path: Path) -> None:
    plain = owner.do("descriptor", "export")["accounts"][1]["descriptors"][0]
    person = town.person("ccxx-holder", "misguided")
    file = tmp_path / "accounts.json"
    file.write_text(json.dumps({"accounts": 7}))
    init = ("init", "--anchor", town.anchor)
    key = town.root.do("descriptor", "export")["accounts"][0]["key"]

    for wrong in (
        plain[:-1] + ("p" if plain[-1] == "q" else "q"),
        "wpkh(xpub)",
        "xpub",
        key,
        f"oracle={plain}",
        "",
    ):
        refusal = person.refused(*init, "--watch", wrong)
        assert refusal.facts["error"] == "bad-descriptor", wrong
    assert person.refused(*init, "--xpub", file).facts["error"] == "bad-file"
    assert person.run(*init, "--watch", plain, "--restore").code == 2
    assert not person.folder.exists()


def test_older_multisig_wallets_find_their_keys(town: Town, issuer: Person) -> None:
    person = town.person("ccxx-holder", "older-paths")
    made = person.do("init", "--anchor", town.anchor, "--paths", "bip45", "--test-maturity", "10")
    certificate = town.issue(issuer, new_key(person), 1_403, "--script", "p2sh")
    words = town.folder / "older.txt"
    words.write_text(made["seed_phrase"])
    again = town.person("ccxx-holder", "older-paths-again")
    again.do("init", "--anchor", town.anchor, "--seed-file", words, "--paths", "bip45")

    account = {each["role"]: each for each in person.do("descriptor", "export")["accounts"]}
    described = person.do("descriptor", "export", "--scripts")["scripts"]

    assert account["holder"]["path"] == "m/45h/4"
    assert described[0]["descriptor"].startswith("sh(sortedmulti(3,")
    assert "/45h/4/0/0]" in described[0]["descriptor"]
    assert [each["id"] for each in again.do("list")["certificates"]] == [certificate]
    assert again.do("backup", "check", "--seed-file", words)["matches"] is True
