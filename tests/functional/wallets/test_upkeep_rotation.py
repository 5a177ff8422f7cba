"""The root moves to new keys on a real node, and everybody learns of it from the chain."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Town = Any
Person = Any


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


@pytest.fixture(scope="module")
def veteran(old_town: Town) -> Person:
    """An issuer with a permit of the first root."""
    person = old_town.issuer("veteran")
    old_town.grant(person)
    return person


@pytest.fixture(scope="module")
def reader(old_town: Town) -> Person:
    return old_town.holder("reader")


@pytest.fixture(scope="module")
def rotated(old_town: Town, veteran: Person, reader: Person) -> dict[str, Any]:
    """The root after it moved to fresh keys of the same wallet; `old` is the anchor before.

    Issuer and holder were there before; `waiting` is a draft that was not signed by then.
    """
    old = old_town.folder / "old-anchor.json"
    old.write_bytes(old_town.anchor.read_bytes())
    waiting = old_town.draft(veteran, new_key(reader), 90)
    facts = old_town.root.do("coin", "rotate", "--new-keys", "--send")
    old_town.mine()
    old_town.root.do("anchor", "export", old_town.anchor, "--overwrite")
    return {**facts, "old": old, "waiting": waiting}


def test_the_rotation_says_what_it_does_before_it_is_signed(
    old_town: Town, rotated: dict[str, Any]
) -> None:
    shown = old_town.root.do("anchor", "show")

    assert rotated["action"] == "root"
    assert rotated["meaning"]["accepted"] is True
    assert any(rotated["new_root_key"] in line for line in rotated["meaning"]["lines"])
    (successor,) = shown["successors"]
    assert successor["root_key"] == rotated["new_root_key"]
    assert successor["document_hash"] == rotated["document_hash"]


def test_an_old_permit_is_cosigned_with_the_old_keys(
    old_town: Town, rotated: dict[str, Any], veteran: Person, reader: Person
) -> None:
    signed = old_town.root.do("sign", rotated["waiting"])
    sent = veteran.do("send", rotated["waiting"])
    old_town.mine()

    certificate = old_town.issue(veteran, new_key(reader), 1)

    assert signed["complete"] is True
    assert sent["sent"] is True
    assert veteran.do("certificate", "show", certificate)["status"] == "provisional"


@pytest.mark.usefixtures("rotated")
def test_a_new_permit_has_the_new_keys_and_who_lacks_the_document_does_not_see_what_it_issues(
    old_town: Town, reader: Person
) -> None:
    # Given: one issuer with the new anchor, and a holder whose wallet still has the old one.
    person = old_town.issuer("freshman")
    old_town.grant(person)
    key = new_key(reader)
    certificate = old_town.issue(person, key, 1)
    unknown = reader.run("show", certificate)

    # When: the holder takes up the new anchor file.
    updated = reader.do("anchor", "update", old_town.anchor)

    assert unknown.facts.get("error") == "unknown-certificate"
    assert updated["learned"] == 1
    assert reader.do("show", certificate)["held_here"] is True
    assert reader.do("anchor", "update", old_town.anchor)["learned"] == 0
    assert reader.do("anchor", "show")["anchor_id"] == updated["anchor_id"]


@pytest.mark.usefixtures("rotated")
def test_an_updated_wallet_knows_what_a_fresh_one_knows(old_town: Town, reader: Person) -> None:
    fresh = old_town.holder("fresh-reader", money="")
    certificate = old_town.root.do("certificate", "list")["certificates"][-1]["id"]

    one, other = (person.do("show", certificate) for person in (reader, fresh))

    assert {**one, "held_here": None, "key_index": None} == {
        **other, "held_here": None, "key_index": None
    }  # fmt: skip


def test_an_update_that_was_killed_between_file_and_store_is_made_good(
    old_town: Town, rotated: dict[str, Any]
) -> None:
    # Given: a wallet that read the rotation without its document, and new permits since.
    person = old_town.person("ccxx-holder", "interrupted")
    person.do("init", "--anchor", rotated["old"], "--test-maturity", "10", "--birthday", "0")
    certificate = old_town.root.do("certificate", "list")["certificates"][-1]["id"]
    person.do("status")

    # When: only the file was written before the kill.
    (person.folder / "anchor.json").write_bytes(old_town.anchor.read_bytes())

    fresh = old_town.holder("uninterrupted", money="")
    shown = [each.do("show", certificate)["issuer_key"] for each in (person, fresh)]
    assert shown[0] == shown[1]
    hashes = [each.do("registry")["state_hash"] for each in (person, fresh)]
    assert hashes[0] == hashes[1]


def _altered(facts: dict[str, Any]) -> None:
    facts["successors"][0]["height"] += 1


def _other_root(facts: dict[str, Any]) -> None:
    facts["height"] += 1


@pytest.mark.parametrize("alter", [_altered, _other_root])
def test_an_anchor_that_no_root_message_names_is_refused(
    old_town: Town,
    rotated: dict[str, Any],
    tmp_path: Path,
    alter: Callable[[dict[str, Any]], None],
) -> None:
    facts = json.loads(old_town.anchor.read_text())
    alter(facts)
    file = tmp_path / "altered.json"
    file.write_text(json.dumps(facts))
    person = old_town.person("ccxx-holder", f"doubter-{alter.__name__}")
    person.do("init", "--anchor", rotated["old"], "--test-maturity", "10")

    refused = person.refused("anchor", "update", file)

    assert refused.facts["error"] == "wrong-anchor"
    assert person.do("anchor", "show")["successors"] == []


def test_a_file_of_the_new_root_asks_an_old_wallet_to_update(
    old_town: Town, rotated: dict[str, Any], tmp_path: Path
) -> None:
    person = old_town.person("ccxx-issuer", "laggard")
    made = person.do("init", "--anchor", rotated["old"], "--test-maturity", "10")
    file = tmp_path / "grant.psbt"
    kind = tmp_path / "type.json"
    kind.write_bytes((old_town.folder / "veteran-patron-share.json").read_bytes())
    old_town.root.do(
        "permit", "grant", "--issuer-key", made["issuer_key"], "--type", kind, "--quantity", "5",
        "--out", file,
    )  # fmt: skip

    refused = person.refused("send", file)
    person.do("anchor", "update", old_town.anchor)
    person.do("send", file)
    old_town.mine()

    assert "anchor update" in refused.error
    assert person.do("permit", "list")["permits"][0]["left"] == 5


@pytest.mark.usefixtures("rotated")
def test_the_root_revokes_under_old_permits_by_its_new_credit_key(
    old_town: Town, veteran: Person, reader: Person
) -> None:
    certificate = old_town.issue(veteran, new_key(reader), 2)

    old_town.root.do("certificate", "revoke", certificate, "--reason", "superseded")
    old_town.mine()

    shown = veteran.do("certificate", "show", certificate)
    assert (shown["status"], shown["revocation"]["by"]) == ("revoked", "root-credit")


@pytest.mark.usefixtures("rotated")
def test_the_cosigner_holds_the_keys_of_all_roots(
    old_town: Town, veteran: Person, reader: Person
) -> None:
    policy = old_town.root.folder / "cosigner.toml"
    policy.write_text("[permits]\napprovals = 0\n")
    person = old_town.issuer("sophomore")
    old_town.grant(person)
    old, new = (old_town.draft(each, new_key(reader), 3) for each in (veteran, person))

    signed = [old_town.root.do("sign", file)["complete"] for file in (old, new)]
    policy.unlink()

    assert signed == [True, True]


@pytest.mark.usefixtures("rotated")
def test_the_root_moves_to_another_wallet_as_it_promised(old_town: Town, tmp_path: Path) -> None:
    heir = old_town.person("ccxx-root", "heir")
    heir.do("init", "--anchor", old_town.anchor, "--test-maturity", "10")
    document, other = tmp_path / "next.json", tmp_path / "other.json"
    heir.do("coin", "document", document)
    heir.do("coin", "document", other, "--height", "1")
    root = old_town.root
    root.do("coin", "rotate", "--new-keys", "--next-document", document, "--send")
    old_town.mine()

    broken = root.refused("coin", "rotate", "--document", other, "--out", tmp_path / "x.psbt")
    root.do("coin", "rotate", "--document", document, "--send")
    old_town.mine()
    root.do("anchor", "export", old_town.anchor, "--overwrite")
    heir.do("anchor", "update", old_town.anchor)

    assert "not-the-committed-document" in broken.error
    assert len(heir.do("anchor", "show")["successors"]) == 3
    refused = root.run(
        "permit", "grant", "--issuer-key", old_town.issuer("orphan").do("key")["issuer_key"],
        "--type", old_town.folder / "veteran-patron-share.json", "--quantity", "1",
        "--type-out", tmp_path / "granted.json",
    )  # fmt: skip
    assert refused.facts["error"] == "no-credit-key"
    root.do("pay", heir.do("address")["address"], "0.5")
    old_town.mine()
    granted = heir.do(
        "permit", "grant", "--issuer-key", old_town.issuer("inheritor").do("key")["issuer_key"],
        "--type", old_town.folder / "veteran-patron-share.json", "--quantity", "1", "--send",
        "--type-out", tmp_path / "granted.json",
    )  # fmt: skip
    assert granted["sent"] is True


def test_one_way_to_the_new_root_is_named(old_town: Town, tmp_path: Path) -> None:
    for words in ((), ("--new-keys", "--document", tmp_path / "x")):
        assert old_town.root.run("coin", "rotate", *words).code == 2
