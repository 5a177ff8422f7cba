"""What a holder does and asks: several at once, giving back, and why something cannot be done."""

import json
from pathlib import Path
from typing import Any

import pytest

Town = Any
Person = Any
DOCUMENTS = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def issuer_of(town: Town, name: str, folder: Path, **changes: Any) -> tuple[Person, Path]:
    """Make an issuer of a transferable type with changes; return it and the type's file."""
    definition = json.loads((DOCUMENTS / "patron-share.json").read_text())
    type_file = folder / f"{name}.json"
    type_file.write_text(json.dumps(definition | changes))
    person = town.issuer(name)
    town.grant(person, "--type", str(type_file))
    return person, town.folder / f"{name}-{name}.granted.json"


def deed(person: Person, certificate: str, name: str, *options: str | Path) -> dict[str, Any]:
    """Ask why, and return what is said about one deed."""
    deeds = person.do("why", certificate, *options)["deeds"]
    return next(each for each in deeds if each["deed"] == name)


def reasons(facts: dict[str, Any]) -> list[str]:
    return [each["reason"] for each in facts["reasons"]]


def test_why_names_who_can_do_what_with_which_command(
    town: Town, issuer: Person, holder: Person
) -> None:
    certificate = town.issue(issuer, new_key(holder), 800)

    short = holder.do("show", certificate)["short_id"]
    ours = deed(holder, certificate, "transfer")
    theirs = deed(issuer, certificate, "transfer")
    roots = deed(town.root, certificate, "sign")

    assert (ours["possible"], ours["here"], ours["by"]) == (True, True, "holder")
    assert ours["command"] == f"ccxx-holder certificate transfer {short} --to NEW_HOLDER_KEY"
    assert ours["signers"] == "holder, issuer and root"
    assert (theirs["possible"], theirs["here"]) == (True, False)
    assert theirs["line"].startswith("by its holder: ccxx-holder certificate transfer")
    assert roots["here"] is True


def test_why_tells_a_young_certificate_what_to_wait_for(
    town: Town, issuer: Person, holder: Person
) -> None:
    file = town.draft(issuer, new_key(holder), 801)
    town.root.do("sign", file)
    certificate = f"{issuer.do('send', file)['txid']}:0"

    unconfirmed = deed(holder, certificate, "show-valid")
    town.mine(2)
    young = deed(holder, certificate, "show-valid")
    town.mine(4)

    assert reasons(unconfirmed) == ["unconfirmed"]
    assert reasons(young) == ["few-confirmations"]
    assert "wait for 4 more blocks" in young["line"]
    assert deed(holder, certificate, "show-valid")["line"] == "yes"


def test_why_speaks_of_what_is_not_there_yet(town: Town, issuer: Person, holder: Person) -> None:
    file = town.draft(issuer, new_key(holder), 802)
    (draft,) = [each for each in issuer.do("draft", "list")["drafts"] if each["file"] == str(file)]

    known = issuer.refused("why", f"{draft['txid']}:0")
    unknown = holder.refused("why", f"{draft['txid']}:0")

    assert str(file) in known.error
    assert "was not sent" in known.error
    assert unknown.facts["error"] == "unknown-certificate"
    issuer.do("draft", "drop", file)


def test_why_finds_a_certificate_by_where_it_lies_now(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    certificate, file = town.issue(issuer, new_key(holder), 803), tmp_path / "move.psbt"
    holder.do("certificate", "transfer", certificate, "--to", new_key(holder), "--out", file)
    for each in (issuer, town.root):
        each.do("sign", file)
    location = f"{holder.do('send', file)['txid']}:0"
    town.mine()

    assert location != certificate
    assert holder.do("why", location)["id"] == certificate


def test_why_says_that_a_key_is_missing(town: Town, issuer: Person, holder: Person) -> None:
    shown = town.issue(issuer, new_key(holder), 804)
    hidden = town.issue(issuer, new_key(holder), 805, "--summary", "Share")
    stranger = town.holder("stranger", money="")

    declared, opaque = (deed(stranger, each, "transfer") for each in (shown, hidden))

    assert reasons(declared) == reasons(opaque) == ["not-ours"]
    assert holder.do("show", shown)["holder_key"] in declared["line"]
    assert "does not show whose" in opaque["line"]
    assert reasons(deed(issuer, hidden, "recover")) == ["opaque-custody"]
    assert "--from" in deed(issuer, hidden, "recover")["line"]


def test_why_names_the_draft_and_the_money_in_the_way(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    certificate, file = town.issue(issuer, new_key(holder), 806), tmp_path / "gift.psbt"
    poor = town.holder("penniless", money="")
    kept = town.issue(issuer, new_key(poor), 807)

    holder.do("certificate", "transfer", certificate, "--to", new_key(holder), "--out", file)
    drafted = deed(holder, certificate, "transfer")
    holder.do("draft", "drop", file)

    assert reasons(drafted) == ["drafted"]
    assert str(file) in drafted["line"]
    assert reasons(deed(holder, certificate, "transfer")) == []
    assert reasons(deed(poor, kept, "transfer")) == ["no-plain-coins"]


def test_why_knows_the_terms_of_a_type(town: Town, holder: Person, tmp_path: Path) -> None:
    slow, type_file = issuer_of(town, "slow", tmp_path, rules={"waiting_blocks": 10})
    certificate = town.issue(slow, new_key(holder), 1)
    _, other_file = issuer_of(town, "quick", tmp_path, title="Another share")

    without = deed(holder, certificate, "transfer")
    given = deed(holder, certificate, "transfer", "--type", type_file)
    refused = holder.refused("why", certificate, "--type", other_file)

    assert without["possible"] is True
    assert "--type" in without["note"]
    assert reasons(given) == ["waiting-blocks"]
    assert reasons(deed(town.root, certificate, "transfer")) == ["waiting-blocks"]
    assert refused.facts["error"] == "wrong-type-definition"


@pytest.mark.parametrize("changes", [{"transferable": False}, {"recovery": False}], ids=str)
def test_why_explains_what_a_type_forbids(
    town: Town, holder: Person, tmp_path: Path, changes: dict[str, bool]
) -> None:
    name = "-".join(changes)
    strict, _ = issuer_of(town, f"strict-{name}", tmp_path, **changes)
    certificate = town.issue(strict, new_key(holder), 1)

    transfer, recover = (deed(holder, certificate, each) for each in ("transfer", "recover"))

    assert transfer["possible"] is (name == "recovery")
    assert recover["possible"] is (name == "transferable")
    assert reasons(transfer) == ([] if transfer["possible"] else ["not-transferable"])
    assert (reasons(recover) == ["recovery-not-allowed"]) is not recover["possible"]


def test_what_was_given_back_cannot_be_used_any_more(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    certificates = [town.issue(issuer, new_key(holder), serial) for serial in (810, 811)]
    file, note = tmp_path / "back.psbt", tmp_path / "why.txt"
    note.write_text("The holder moved to another observatory.")

    drafted = holder.do("certificate", "surrender", *certificates, "--note", note, "--out", file)
    for each in (issuer, town.root):
        each.do("sign", file)
    holder.do("send", file)
    town.mine()

    assert drafted["action"] == "surrender"
    for certificate in certificates:
        asked = holder.do("why", certificate)
        assert asked["status"] == "surrendered"
        assert all(reasons(each) == ["surrendered"] for each in asked["deeds"])
        refused = holder.refused("certificate", "transfer", certificate, "--to", new_key(holder))
        assert refused.facts["error"] == "rules"


def test_certificates_of_two_permits_are_not_given_back_together(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    other, _ = issuer_of(town, "second-permit", tmp_path)
    certificates = [town.issue(issuer, new_key(holder), 812), town.issue(other, new_key(holder), 1)]

    refused = holder.refused("certificate", "surrender", *certificates)

    assert "2 permits" in refused.error


@pytest.mark.parametrize("command", ["transfer", "refresh", "surrender"])
def test_nobody_else_can_begin_what_is_the_holders(
    town: Town, issuer: Person, holder: Person, command: str
) -> None:
    serial = 820 + len(command)
    certificate = town.issue(issuer, new_key(holder), serial)
    stranger = town.holder(f"stranger-{command}", money="")
    to = ("--to", new_key(stranger)) if command == "transfer" else ()

    refused = stranger.refused("certificate", command, certificate, *to)
    twice = holder.refused("certificate", command, certificate, certificate, *to)

    assert refused.facts["error"] == "wrong-key"
    assert f"why {certificate}" in refused.error
    assert "named twice" in twice.error


def test_keys_and_certificates_of_a_transfer_are_counted(
    town: Town, issuer: Person, holder: Person
) -> None:
    certificates = [town.issue(issuer, new_key(holder), serial) for serial in (840, 841, 842)]
    keys = holder.do("key", "new", "--count", "2")["holder_keys"]

    refused = holder.refused(
        "certificate", "transfer", *certificates, "--to", keys[0], "--to", keys[1]
    )

    assert refused.facts["error"] == "wrong-key"
    assert "2 keys for 3 certificates" in refused.error


def test_one_key_for_several_certificates_is_warned_of(
    town: Town, issuer: Person, holder: Person
) -> None:
    certificates = [town.issue(issuer, new_key(holder), serial) for serial in (845, 846)]

    drafted = holder.run(
        "certificate", "transfer", *certificates, "--to", new_key(holder), "--dry-run"
    )

    assert drafted.code == 0
    assert drafted.facts["meaning"]["accepted"] is True
    assert "ties them together" in drafted.error


def test_a_holder_keeps_what_was_issued_before_its_permit_changed_keys(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    person = town.issuer("new-keys")
    permit = town.grant(person, quantity=10)
    old = town.issue(person, new_key(holder), 1)
    file = tmp_path / "rekey.psbt"

    person.do("permit", "rekey", permit, "--out", file)
    town.root.do("sign", file)
    person.do("send", file)
    town.mine()
    new = town.issue(person, new_key(holder), 2)

    assert {each["id"] for each in holder.do("list")["certificates"]} >= {old, new}
    assert deed(holder, old, "transfer")["here"] is True
    assert deed(person, old, "recover")["here"] is True
