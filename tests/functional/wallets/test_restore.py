"""Every wallet is lost; three seed phrases and the chain bring back all that there was."""

import csv
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ccxx_regtest.processes import program

Town = Any
Person = Any
DOCUMENTS = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"
GRADUATES = 30


@dataclass(frozen=True)
class Lives:
    """A root, an issuer and a holder with a history, and the phrases that they wrote down."""

    town: Town
    issuer: Person
    holder: Person
    phrases: dict[str, str]
    given: dict[str, set[str]]

    @property
    def people(self) -> dict[str, Person]:
        return {"root": self.town.root, "issuer": self.issuer, "holder": self.holder}


def newcomer(town: Town, command: str, name: str) -> tuple[Person, str]:
    """Make a wallet with some coins; return it and its seed phrase."""
    person = town.person(command, name)
    made = person.do("init", "--anchor", town.anchor)
    town.root.do("pay", made["address"], "0.4")
    town.mine()
    return person, made["seed_phrase"]


def new_keys(person: Person, count: int = 1) -> list[str]:
    return list(person.do("key", "new", "--count", str(count))["holder_keys"])


def issue_batch(town: Town, issuer: Person, permit: str, keys: list[str]) -> None:
    """Issue one certificate a key, in one transaction."""
    table = town.folder / "graduates.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["name", "holder_key"])
        rows.writerows([f"Graduate {n}", key] for n, key in enumerate(keys))
    file = town.folder / "batch.psbt"
    issuer.do(
        "certificate", "batch", table, "--permit", permit, "--out", file,
        "--type", town.folder / f"{issuer.folder.name}-patron-share.json.granted",
        "--documents", town.folder / "documents", "--serial", "100",
    )  # fmt: skip
    town.root.do("sign", file)
    issuer.do("send", file)
    town.mine()


def pass_on(town: Town, issuer: Person, holder: Person, *words: str | Path) -> None:
    """Have the holder draft, all sign, and mine."""
    file = town.folder / f"{words[0]}-{str(words[1])[:8]}.psbt"
    holder.do("certificate", *words, "--out", file)
    for signer in (issuer, town.root):
        signer.do("sign", file)
    holder.do("send", file)
    town.mine()


@pytest.fixture(scope="module")
def lives(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Lives:
    """Live through permits, issues, a batch, transfers, plain payments and words of the issuer."""
    # A root of its own: everybody else's is still needed.
    realm = type(town)(tmp_path_factory.mktemp("realm"), town.client, town.environment)
    issuer, issuers_phrase = newcomer(realm, "ccxx-issuer", "issuer")
    holder, holders_phrase = newcomer(realm, "ccxx-holder", "holder")
    friend = realm.holder("friend")
    definition = json.loads((DOCUMENTS / "patron-share.json").read_text())
    definition["issuer"]["key"] = issuer.do("key")["issuer_key"]
    type_file = realm.folder / "issuer-patron-share.json.granted"
    type_file.write_text(json.dumps(definition))
    permit = realm.grant(issuer)
    large = realm.grant(issuer, "--fan-out", "1")
    keys = new_keys(holder, 8)
    held = [
        realm.issue(issuer, key, serial, "--permit", permit)
        for serial, key in enumerate(keys[:5], 1)
    ]
    issue_batch(realm, issuer, large, keys[5:] + new_keys(holder, GRADUATES - 3))
    pass_on(realm, issuer, holder, "transfer", held[0], "--to", new_keys(friend)[0])
    pass_on(realm, issuer, holder, "transfer", held[1], "--to", new_keys(holder)[0])
    pass_on(realm, issuer, holder, "refresh", held[2])
    pass_on(realm, issuer, holder, "surrender", held[3])
    issuer.do("certificate", "revoke", held[4], "--reason", "superseded")
    holder.do("pay", friend.do("address")["address"], "0.05")
    issuer.do("pay", holder.do("address", "--new")["address"], "0.01")
    realm.mine(8)
    phrases = {"root": realm.root_phrase, "issuer": issuers_phrase, "holder": holders_phrase}
    given = {
        "holder": {each["holder_key"] for each in holder.do("key", "list")["keys"]},
        "addresses": {each.do("address")["address"] for each in (realm.root, issuer, holder)},
    }
    return Lives(realm, issuer, holder, phrases, given)


def remembered(lives: Lives) -> dict[str, Any]:
    """Return all that three people's wallets say."""
    told = {
        "root's permits": lives.town.root.do("permit", "list"),
        "root's anchor": lives.town.root.do("anchor", "show"),
        "issuer's key": lives.issuer.do("key")["issuer_key"],
        "issuer's permits": lives.issuer.do("permit", "list")["permits"],
        "issued": lives.issuer.do("certificate", "list"),
        "held": lives.holder.do("list"),
        "registry": [person.do("registry") for person in lives.people.values()],
    }
    for name, person in lives.people.items():
        told[f"{name}'s balance"] = person.do("status")
    return told


def without_files(told: Any) -> Any:
    """Leave out what stood in files that were never on the chain: type definitions, names."""
    if isinstance(told, dict):
        return {
            k: without_files(v)
            for k, v in told.items()
            if k not in ("has_type_definition", "label")
        }
    return [without_files(each) for each in told] if isinstance(told, list) else told


@pytest.fixture(scope="module")
def restored(lives: Lives) -> tuple[Any, Any]:
    """Delete every wallet and restore three; return what they said before and say now."""
    before = remembered(lives)
    for name, person in lives.people.items():
        shutil.rmtree(person.folder)
        words = lives.town.folder / f"{name}.seed"
        words.write_text(lives.phrases[name])
        person.do(
            "init", "--anchor", lives.town.anchor, "--seed-file", words, "--test-maturity", "10"
        )
    return without_files(before), without_files(remembered(lives))


@pytest.mark.parametrize(
    "what",
    [
        "root's permits", "root's anchor", "root's balance", "issuer's key", "issuer's permits",
        "issuer's balance", "issued", "held", "registry", "holder's balance",
    ],
)  # fmt: skip
def test_what_was_there_is_there_again(restored: tuple[Any, Any], what: str) -> None:
    before, after = restored

    assert after[what] == before[what]


def test_the_history_was_worth_restoring(restored: tuple[Any, Any]) -> None:
    before, _ = restored

    statuses = {each["status"] for each in before["issued"]["certificates"]}
    assert len(before["held"]["certificates"]) > GRADUATES
    assert {"valid", "revoked", "surrendered"} <= statuses
    assert len(before["issuer's permits"]) == 2


def test_wallets_and_explorer_know_the_same(
    lives: Lives, restored: tuple[Any, Any], tmp_path: Path
) -> None:
    options = [f"--anchor={lives.town.anchor}", f"--database={tmp_path / 'index.sqlite'}"]
    for command in ("index", "registry"):
        shown = subprocess.run(
            [program("ccxx-explorer"), command, *options],
            env=os.environ | lives.town.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout

    told = dict(line.split() for line in shown.splitlines())
    wallets = restored[1]["registry"]
    assert wallets == [told | {"height": int(told["height"])}] * 3


def test_fresh_keys_and_addresses_are_fresh(lives: Lives, restored: tuple[Any, Any]) -> None:  # noqa: ARG001
    fresh = set(new_keys(lives.holder, 5))
    addresses = {each.do("address", "--new")["address"] for each in lives.people.values()}
    issuers = lives.issuer.do("key", "--new")["issuer_key"]

    assert fresh.isdisjoint(lives.given["holder"])
    assert addresses.isdisjoint(lives.given["addresses"])
    assert issuers != lives.issuer.do("permit", "list")["permits"][0]["issuer_key"]


def test_life_goes_on_with_the_next_serial(lives: Lives, restored: tuple[Any, Any]) -> None:  # noqa: ARG001
    permits = {each["issued"]: each["id"] for each in lives.issuer.do("permit", "list")["permits"]}

    def draft(permit: str) -> Any:
        file = lives.town.folder / f"{permit[:8]}.psbt"
        return lives.issuer.do(
            "certificate", "issue", "--permit", permit, "--to", new_keys(lives.holder)[0],
            "--document", lives.town.document(), "--out", file,
        )  # fmt: skip

    first, batch = draft(permits[5]), draft(permits[GRADUATES])
    lives.town.root.do("sign", first["file"])
    lives.issuer.do("send", first["file"])
    lives.town.mine()

    assert first["serial"] == 6
    assert batch["serial"] == 1
    assert first["certificate"] in [each["id"] for each in lives.holder.do("list")["certificates"]]
