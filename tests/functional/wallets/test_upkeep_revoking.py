"""Revoking, suspending and reinstating on a real node: who may, and what everybody sees then."""

import json
from pathlib import Path
from typing import Any

import pytest

Town = Any
Person = Any
DOCUMENTS = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"


def type_file(town: Town, name: str, **rights: bool) -> Path:
    """Write a type definition with the given rights of revocation."""
    definition = json.loads((DOCUMENTS / "patron-share.json").read_text())
    definition["revocation"] = {"issuer": False, "root": False} | rights
    path = town.folder / f"{name}-type.json"
    path.write_text(json.dumps(definition))
    return Path(path)


@pytest.fixture(scope="module")
def college(town: Town) -> Person:
    """An issuer that may revoke."""
    person = town.issuer("college")
    town.grant(person, "--type", str(type_file(town, "college", issuer=True)))
    return person


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def status_of(person: Person, certificate: str) -> str:
    return str(person.do("certificate", "show", certificate)["status"])


def test_an_issuer_revokes_at_once_and_everybody_sees_why(
    town: Town, college: Person, holder: Person, tmp_path: Path
) -> None:
    certificate = town.issue(college, new_key(holder), 1)
    evidence = tmp_path / "minutes.txt"
    evidence.write_text("the board decided")

    revoked = college.do(
        "certificate", "revoke", certificate, "--reason", "issued-in-error",
        "--since", "2026-01-02", "--evidence", evidence,
    )  # fmt: skip
    town.mine()

    assert revoked["sent"] is True
    assert revoked["action"] == "revoke"
    assert revoked["meaning"]["accepted"] is True
    shown = college.do("certificate", "show", certificate)
    assert shown["status"] == "revoked"
    assert shown["revocation"] == {
        "reason": "issued-in-error",
        "by": "issuer",
        "txid": revoked["txid"],
        "height": town.client.block_count(),
        "since": 1767312000,
        "evidence": revoked["evidence"],
    }
    assert holder.do("show", certificate)["status"] == "revoked"
    assert town.root.do("certificate", "show", certificate)["status"] == "revoked"
    listed = college.do("certificate", "list")["certificates"]
    assert [each["status"] for each in listed if each["id"] == certificate] == ["revoked"]


def test_a_second_message_speaks_by_the_coin_that_the_first_paid_back(
    town: Town, college: Person, holder: Person
) -> None:
    one, two = (town.issue(college, new_key(holder), serial) for serial in (11, 12))
    first = college.do("certificate", "revoke", one, "--reason", "superseded")

    second = college.do("certificate", "revoke", two, "--reason", "superseded")
    town.mine()

    assert second["paid_first"] is None
    assert first["speaks_by"] == second["speaks_by"]
    assert [status_of(college, each) for each in (one, two)] == ["revoked", "revoked"]


def test_a_suspended_certificate_is_reinstated(town: Town, college: Person, holder: Person) -> None:
    certificate = town.issue(college, new_key(holder), 21)

    college.do("certificate", "suspend", certificate)
    town.mine()
    held = status_of(college, certificate)
    again = college.refused("certificate", "suspend", certificate)
    college.do("certificate", "reinstate", certificate)
    town.mine()

    assert held == "suspended"
    assert again.facts["error"] == "rules"
    assert "revoked-before" in again.error
    assert status_of(college, certificate) == "provisional"
    assert "not-suspended" in college.refused("certificate", "reinstate", certificate).error


def test_a_final_reason_cannot_be_taken_back(town: Town, college: Person, holder: Person) -> None:
    certificate = town.issue(college, new_key(holder), 31)
    college.do("certificate", "revoke", certificate, "--reason", "cessation")
    town.mine()

    refused = college.refused("certificate", "reinstate", certificate)

    assert "revoked-before" in refused.error


def test_a_whole_batch_is_revoked_by_its_transaction(
    town: Town, college: Person, holder: Person, tmp_path: Path
) -> None:
    table, file = tmp_path / "class.csv", tmp_path / "batch.psbt"
    table.write_text("holder_key,name\n" + "".join(f"{new_key(holder)},{n}\n" for n in "ab"))
    kind = town.folder / "college-college-type.json"
    granted = kind.with_name(f"{kind.stem}.granted.json")
    college.do(
        "certificate", "batch", table, "--serial", "41", "--type", granted, "--out", file,
        "--documents", tmp_path / "documents",
    )  # fmt: skip
    town.root.do("sign", file)
    sent = college.do("send", file)
    town.mine()

    college.do("certificate", "revoke", "--batch", sent["txid"], "--reason", "superseded")
    town.mine()

    assert status_of(college, f"{sent['txid']}:0") == "revoked"
    assert status_of(college, f"{sent['txid']}:1") == "revoked"


def test_an_issuer_whose_permit_does_not_let_it_revoke_is_told_who_may(
    town: Town, holder: Person
) -> None:
    person = town.issuer("powerless")
    town.grant(person, "--type", str(type_file(town, "powerless", root=True)))
    certificate = town.issue(person, new_key(holder), 1)

    refused = person.refused("certificate", "revoke", certificate, "--reason", "unspecified")

    assert refused.facts["error"] == "rules"
    assert "--jointly" in refused.error
    assert town.client.call("getrawmempool") == []


def test_all_three_keys_together_revoke_what_nobody_may_alone(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    person = town.issuer("trio")
    town.grant(person, "--type", str(type_file(town, "trio")))
    certificate = town.issue(person, new_key(holder), 1)
    file = tmp_path / "revoke.psbt"

    drafted = person.do(
        "certificate", "revoke", certificate, "--reason", "privilege-withdrawn", "--jointly",
        "--out", file,
    )  # fmt: skip
    signed = town.root.do("sign", file)
    person.do("send", file)
    town.mine()

    assert drafted["missing"] == ["root", "system"]
    assert signed["complete"] is True
    shown = person.do("certificate", "show", certificate)
    assert (shown["status"], shown["revocation"]["by"]) == ("revoked", "permit")


def test_the_root_revokes_where_the_permit_lets_it_and_by_its_credit_key_elsewhere(
    town: Town, college: Person, holder: Person
) -> None:
    allowing = town.issuer("allowing")
    town.grant(allowing, "--type", str(type_file(town, "allowing", root=True)))
    one = town.issue(allowing, new_key(holder), 1)
    other = town.issue(college, new_key(holder), 51)

    # The key of the root credit has a coin by then, and still does not speak where R may.
    town.root.do("certificate", "revoke", other, "--reason", "unspecified")
    town.root.do("certificate", "revoke", one, "--reason", "key-compromise")
    town.mine()

    by = [town.root.do("certificate", "show", each)["revocation"]["by"] for each in (one, other)]
    assert by == ["root", "root-credit"]


def test_a_stranger_revokes_nothing(town: Town, college: Person, holder: Person) -> None:
    certificate = town.issue(college, new_key(holder), 61)
    stranger = town.issuer("stranger")

    refused = stranger.refused("certificate", "revoke", certificate, "--reason", "unspecified")

    assert refused.facts["error"] == "rules"
    assert "not this wallet's" in refused.error
    assert stranger.refused(
        "certificate", "revoke", certificate, "--reason", "unspecified", "--jointly"
    ).facts["error"] == "rules"  # fmt: skip


def test_a_revoked_permit_issues_no_more_and_a_compromised_key_voids_what_it_issued(
    town: Town, holder: Person
) -> None:
    person = town.issuer("compromised")
    permit = town.grant(person, "--type", str(type_file(town, "compromised", issuer=True)))
    certificate = town.issue(person, new_key(holder), 1)
    stolen = town.issue(person, new_key(holder), 2)
    since = person.do("certificate", "show", stolen)["issued_height"]

    town.root.do("permit", "revoke", permit, "--reason", "key-compromise", "--since", str(since))
    town.mine()

    (listed,) = person.do("permit", "list")["permits"]
    assert listed["status"] == "revoked"
    assert listed["revocation"]["reason"] == "key-compromise"
    assert status_of(person, certificate) == "provisional"
    assert status_of(person, stolen) == "revoked"
    refused = person.refused(
        "certificate", "issue", "--to", new_key(holder), "--document", town.document()
    )
    assert "permit-revoked" in refused.error


def test_a_suspended_permit_is_reinstated_by_its_issuer(town: Town, holder: Person) -> None:
    person = town.issuer("pausing")
    permit = town.grant(person, "--type", str(type_file(town, "pausing", issuer=True)))
    too_early = person.refused("permit", "suspend", permit)
    town.issue(person, new_key(holder), 1)

    person.do("permit", "suspend", permit)
    town.mine()
    held = person.do("permit", "list")["permits"][0]["status"]
    person.do("permit", "reinstate", permit)
    town.mine()

    assert "before its first certificate" in too_early.error
    assert held == "suspended"
    assert person.do("permit", "list")["permits"][0]["status"] != "suspended"


def test_a_dry_run_says_what_it_would_pay_first_and_pays_nothing(
    town: Town, holder: Person
) -> None:
    person = town.issuer("careful")
    town.grant(person, "--type", str(type_file(town, "careful", issuer=True)), "--fee-float", "0")
    town.root.do("pay", person.do("address")["address"], "0.01")
    town.mine()
    certificate = town.issue(person, new_key(holder), 1)

    tried = person.run("certificate", "revoke", certificate, "--reason", "superseded", "--dry-run")
    pool = town.client.call("getrawmempool")
    done = person.do("certificate", "revoke", certificate, "--reason", "superseded")
    town.mine()

    assert tried.code == 0
    assert "to speak by" in tried.error
    assert pool == []
    assert done["paid_first"]
    assert status_of(person, certificate) == "revoked"


def test_a_revocation_can_be_drafted_to_a_file_and_sent_later(
    town: Town, college: Person, holder: Person, tmp_path: Path
) -> None:
    certificate = town.issue(college, new_key(holder), 71)
    file = tmp_path / "revoke.psbt"

    drafted = college.do(
        "certificate", "revoke", certificate, "--reason", "superseded", "--out", file
    )
    before = status_of(college, certificate)
    listed = [each["file"] for each in college.do("draft", "list")["drafts"]]
    college.do("send", file)
    town.mine()

    assert drafted["complete"] is True
    assert before == "provisional"
    assert listed == [str(file)]
    assert status_of(college, certificate) == "revoked"


@pytest.mark.parametrize("words", [(), ("x:0", "--batch", "00")])
def test_a_certificate_or_a_batch_is_named_and_not_both(
    college: Person, words: tuple[str, ...]
) -> None:
    result = college.run("certificate", "revoke", *words, "--reason", "superseded")

    assert result.code == 2


def test_a_message_is_spoken_by_the_largest_coin_and_never_by_dust(
    town: Town, holder: Person
) -> None:
    speaker = town.issuer("dusty")
    town.grant(speaker, "--type", str(type_file(town, "dusty", issuer=True)))
    one, two = (town.issue(speaker, new_key(holder), serial) for serial in (1, 2))
    words = ("certificate", "revoke", "--reason", "superseded")
    address = speaker.do(*words, one, "--dry-run")["speaks_by"]

    town.root.do("pay", address, "0.000009")
    town.mine()
    first = speaker.do(*words, one)
    for value in ("0.000011", "0.000012", "0.000013", "0.0003"):
        paid = town.root.do("pay", address, value)
    town.mine()
    second = speaker.do(*words, two)

    assert first["paid_first"] is not None
    assert second["paid_first"] is None
    spent = town.client.call("getrawtransaction", second["txid"], 1)["vin"]
    assert paid["txid"] in [each["txid"] for each in spent]
