"""A permit's coins joined, moved to new keys and given back, on a real node."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

Town = Any
Person = Any


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def permit_of(person: Person, permit: str) -> dict[str, Any]:
    (found,) = [each for each in person.do("permit", "list")["permits"] if each["id"] == permit]
    return dict(found)


def move(town: Town, person: Person, file: Path, *words: str | Path) -> dict[str, Any]:
    """Draft a move of a permit's coins, have the root sign it, send and mine it."""
    facts = person.do("permit", *words, "--out", file)
    town.root.do("sign", file)
    person.do("send", file)
    town.mine()
    return dict(facts)


def table(folder: Path, holder: Person, rows: int) -> Path:
    path = folder / f"class-{rows}.csv"
    key = new_key(holder)
    path.write_text("holder_key,name\n" + "".join(f"{key},{n}\n" for n in range(rows)))
    return path


def test_a_batch_larger_than_a_coin_needs_the_coins_joined(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    person = town.issuer("joiner")
    permit = town.grant(person, "--fan-out", "4", quantity=20)
    kind = town.folder / "joiner-patron-share.granted.json"
    rows = table(tmp_path, holder, 12)
    batch = ("certificate", "batch", rows, "--type", kind, "--documents", tmp_path / "documents")

    too_large = person.refused(*batch, "--out", tmp_path / "early.psbt")
    joined = move(town, person, tmp_path / "join.psbt", "join", permit)
    file = tmp_path / "batch.psbt"
    person.do(*batch, "--out", file)
    town.root.do("sign", file)
    person.do("send", file)
    town.mine()

    assert "permit join" in too_large.error
    assert joined["action"] == "join"
    assert joined["missing"] == ["root", "system"]
    assert (permit_of(person, permit)["issued"], permit_of(person, permit)["left"]) == (12, 8)


def test_coins_can_be_split_again_and_a_second_join_of_the_same_is_refused(
    town: Town, tmp_path: Path
) -> None:
    person = town.issuer("splitter")
    permit = town.grant(person, "--fan-out", "1", quantity=10)

    refused = person.refused("permit", "join", permit)
    split = move(town, person, tmp_path / "split.psbt", "join", permit, "--into", "5")

    assert "nothing to join" in refused.error
    assert split["coins"] == 5
    assert permit_of(person, permit)["left"] == 10


def test_a_rekeyed_permit_issues_with_the_new_key_and_only_once(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    person = town.issuer("rekeyer")
    permit = town.grant(person, quantity=10)
    old = town.issue(person, new_key(holder), 1)

    moved = move(town, person, tmp_path / "rekey.psbt", "rekey", permit)
    new = town.issue(person, new_key(holder), 2)

    assert moved["action"] == "rekey"
    keys = [person.do("certificate", "show", each)["issuer_key"] for each in (old, new)]
    assert keys[1] == moved["new_issuer_key"]
    assert keys[0] != keys[1]
    assert person.do("key")["issuer_key"] == keys[0]
    assert permit_of(person, permit)["rekeyed_height"]
    refused = person.refused("permit", "rekey", permit)
    assert "rekeyed-before" in refused.error


def test_a_permit_moves_to_the_key_of_another_wallet(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    person, heir = town.issuer("leaver"), town.issuer("heir")
    permit = town.grant(person, quantity=10)
    before = town.issue(person, new_key(holder), 7)
    heir_key = heir.do("key")["issuer_key"]
    town.root.do("pay", heir.do("address")["address"], "0.01")

    move(town, person, tmp_path / "leave.psbt", "rekey", permit, "--to", heir_key)
    certificate = town.issue(heir, new_key(holder), 1)

    assert heir.do("certificate", "show", certificate)["issuer_key"] == heir_key
    listed = person.do("certificate", "list")["certificates"]
    assert [each["id"] for each in listed] == [before]
    assert person.refused("permit", "join", permit).facts["error"] == "unknown-permit"


def test_a_closed_permit_gives_its_credit_back_to_the_root(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    person = town.issuer("closer")
    permit = town.grant(person, quantity=10)
    certificate = town.issue(person, new_key(holder), 1)
    note = tmp_path / "note.txt"
    note.write_text("the programme ended")

    closed = move(town, person, tmp_path / "close.psbt", "close", permit, "--note", note)

    assert closed["action"] == "close"
    shown = permit_of(person, permit)
    assert (shown["status"], shown["left"]) == ("closed", 0)
    assert shown["closed_height"]
    assert holder.do("show", certificate)["status"] == "provisional"
    refused = person.refused(
        "certificate", "issue", "--to", new_key(holder), "--document", town.document()
    )
    assert refused.facts["error"] == "unknown-permit"
    assert "no credit left" in person.refused("permit", "close", permit).error


def test_returned_credit_is_granted_again(town: Town, tmp_path: Path) -> None:
    person = town.issuer("returner")
    permit = town.grant(person, quantity=10)

    closed = move(town, person, tmp_path / "close-again.psbt", "close", permit)
    again = town.grant(town.issuer("successor"), quantity=5)

    assert any("return to the root" in line for line in closed["meaning"]["lines"])
    assert again != permit


def test_a_permit_that_was_revoked_is_not_in_the_way_of_another(town: Town, holder: Person) -> None:
    person = town.issuer("twice")
    first, second = town.grant(person), town.grant(person)
    town.root.do("permit", "revoke", first, "--reason", "superseded")
    town.mine()

    certificate = town.issue(person, new_key(holder), 1)

    assert person.do("certificate", "show", certificate)["permit"] == second


def test_a_code_that_several_permits_have_names_none(town: Town, issuer: Person) -> None:
    town.grant(town.issuer("same-code"))

    several = issuer.refused("permit", "close", "UAPATRON")
    nobody = issuer.refused("permit", "close", "NOBODYS")

    assert several.facts["error"] == nobody.facts["error"] == "unknown-permit"
    assert "several permits" in several.error


def test_a_stranger_moves_no_permit(town: Town, issuer: Person) -> None:
    stranger = town.issuer("permit-thief")
    permit = issuer.do("permit", "list")["permits"][0]["id"]

    for words in (("join",), ("rekey",), ("close",)):
        refused = stranger.refused("permit", *words, permit)
        assert refused.facts["error"] == "unknown-permit"
    unknown = stranger.refused("permit", "close", "00" * 32 + ":0")
    assert unknown.facts["error"] == "unknown-permit"


@pytest.fixture
def strict_root(town: Town) -> Iterator[Person]:
    """The root under the policy that a co-signer has by default, without officers."""
    policy = town.root.folder / "cosigner.toml"
    policy.write_text("[permits]\napprovals = 0\n")
    yield town.root
    policy.unlink()


def test_the_cosigner_joins_by_default_and_moves_keys_only_where_its_policy_says_so(
    town: Town, strict_root: Person, tmp_path: Path
) -> None:
    person = town.issuer("policed")
    permit = town.grant(person, "--fan-out", "3", quantity=9)
    policy = town.root.folder / "cosigner.toml"
    allowing = '[limits]\nactions = ["rekey", "revoke"]\n[permits]\napprovals = 0\n'
    join, rekey, speech = (tmp_path / f"{name}.psbt" for name in ("join", "rekey", "speech"))

    person.do("permit", "join", permit, "--out", join)
    joined = strict_root.do("sign", join)
    person.do("send", join)
    town.mine()
    person.do("permit", "suspend", permit, "--jointly", "--out", speech)
    unsaid = strict_root.refused("sign", speech)
    town.mine()
    person.do("permit", "rekey", permit, "--out", rekey)
    unmoved = strict_root.refused("sign", rekey)
    policy.write_text(allowing)
    signed = [strict_root.do("sign", file)["complete"] for file in (rekey, speech)]

    assert joined["complete"] is True
    assert unmoved.facts["error"] == unsaid.facts["error"] == "action-not-allowed"
    assert "add rekey to `actions`" in unmoved.error
    assert signed == [True, True]


def test_the_cosigner_gives_no_signature_for_a_message_by_coins_of_the_root(
    town: Town, strict_root: Person, holder: Person, tmp_path: Path
) -> None:
    person = town.issuer("sly")
    town.grant(person)
    certificate = town.issue(person, new_key(holder), 1)
    file = tmp_path / "revoke.psbt"

    strict_root.do("certificate", "revoke", certificate, "--reason", "superseded", "--out", file)
    refused = strict_root.refused("sign", file)

    assert refused.facts["error"] == "action-not-allowed"
    strict_root.do("draft", "drop", file)
