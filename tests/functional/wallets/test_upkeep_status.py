"""Status lists on a real node: begun by who may speak, continued by the baton, never cut short."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

Town = Any
Person = Any


@pytest.fixture(scope="module")
def publisher(town: Town, holder: Person) -> Person:
    """An issuer that observers know by its first certificate."""
    person = town.issuer("publisher")
    town.grant(person)
    town.issue(person, str(holder.do("key", "new")["holder_key"]), 1)
    return person


def version(folder: Path, text: str) -> Path:
    path = folder / "list.txt"
    path.write_text(text)
    return path


def shown(person: Person, name: str) -> dict[str, Any]:
    (found,) = person.do("status", "show", "--list", name)["lists"]
    return dict(found)


def test_a_list_begins_and_each_version_continues_it(
    town: Town, publisher: Person, tmp_path: Path
) -> None:
    first = publisher.do("status", "publish", version(tmp_path, "one"), "--list", "lost")
    second = publisher.do("status", "publish", version(tmp_path, "two"), "--list", "lost")
    town.mine()
    third = publisher.do("status", "publish", version(tmp_path, "three"), "--list", "lost")
    town.mine()

    assert [each["sequence"] for each in (first, second, third)] == [1, 2, 3]
    assert all(each["meaning"]["accepted"] for each in (first, second, third))
    again = publisher.refused("status", "publish", version(tmp_path, "three"), "--list", "lost")
    assert again.facts["error"] == "already-sent"
    found = shown(publisher, "lost")
    assert (found["sequence"], found["ended"], found["ours"]) == (3, False, True)
    assert found["list_hash"] == sha256(b"three").hexdigest()
    assert shown(town.root, "lost")["ours"] is False


def test_paying_everything_that_pays_leaves_the_baton(
    town: Town, publisher: Person, holder: Person, tmp_path: Path
) -> None:
    publisher.do("status", "publish", version(tmp_path, "one"), "--list", "kept")
    town.mine()
    address = holder.do("address")["address"]

    while publisher.run("pay", address, "0.001").code == 0:
        town.mine()
    town.root.do("pay", publisher.do("address")["address"], "0.02")
    town.mine()
    publisher.do("status", "publish", version(tmp_path, "two"), "--list", "kept")
    town.mine()

    assert shown(publisher, "kept")["sequence"] == 2


def test_two_issuers_may_use_one_name(
    town: Town, publisher: Person, holder: Person, tmp_path: Path
) -> None:
    other = town.issuer("namesake")
    town.grant(other)
    town.issue(other, str(holder.do("key", "new")["holder_key"]), 1)

    for person in (publisher, other):
        person.do("status", "publish", version(tmp_path, "mine"), "--list", "same")
        town.mine()

    found = other.do("status", "show", "--list", "same")["lists"]
    assert sorted(each["ours"] for each in found) == [False, True]


def test_the_root_publishes_a_list_too(town: Town, tmp_path: Path) -> None:
    town.root.do("status", "publish", version(tmp_path, "all"), "--list", "network")
    town.mine()
    town.root.do("status", "publish", version(tmp_path, "more"), "--list", "network")
    town.mine()

    assert shown(town.root, "network")["by"] == "root"
    assert shown(town.root, "network")["sequence"] == 2


def test_an_issuer_that_nobody_knows_yet_is_told_to_issue_first(town: Town, tmp_path: Path) -> None:
    newcomer = town.issuer("newcomer")
    town.grant(newcomer)

    refused = newcomer.refused("status", "publish", version(tmp_path, "x"))

    assert refused.facts["error"] == "rules"
    assert "issue one first" in refused.error


def test_names_and_locators_have_to_fit(publisher: Person, tmp_path: Path) -> None:
    file = version(tmp_path, "x")

    for words in (("--list", "far too long"), ("--locator", "x" * 21)):
        assert publisher.refused("status", "publish", file, *words).facts["error"] == "bad-file"


def test_status_alone_still_shows_the_balance(publisher: Person) -> None:
    assert "spendable" in publisher.do("status")
