"""The three custody policies from issue to recovery, each in the wraps that it allows."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Town = Any
Person = Any
DOCUMENTS = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"
PLACES = [
    ("3of3", "p2wsh"), ("3of3", "p2sh"), ("2of3", "p2wsh"), ("2of3", "p2sh"),
    ("recoverable", "p2wsh"),
]  # fmt: skip


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


@dataclass
class School:
    """An issuer whose certificates have one custody policy and one wrap."""

    town: Town
    issuer: Person
    policy: str
    script: str
    folder: Path
    serial: int = 0

    def issue(self, person: Person, *options: str) -> str:
        self.serial += 1
        more = ("--script", self.script, *options)
        return str(self.town.issue(self.issuer, new_key(person), self.serial, *more))

    def file(self, name: str) -> Path:
        return self.folder / f"{name}-{self.serial}.psbt"

    def cosigners(self) -> list[Person]:
        """Return who signs after the holder: with 2 of 3 the issuer is enough."""
        return [self.issuer] if self.policy == "2of3" else [self.issuer, self.town.root]

    def sign_and_send(self, sender: Person, file: Path) -> None:
        for each in self.cosigners():
            each.do("sign", file)
        sender.do("send", file)
        self.town.mine()


def school(town: Town, folder: Path, policy: str, script: str, **changes: Any) -> School:
    name = f"{policy}-{script}" + "".join(f"-{each}" for each in changes)
    definition = json.loads((DOCUMENTS / "patron-share.json").read_text())
    definition |= {"custody": policy, "recovery": True} | changes
    type_file = folder / f"{name}.json"
    type_file.write_text(json.dumps(definition))
    issuer = town.issuer(f"school-{name}")
    town.grant(issuer, "--type", str(type_file))
    return School(town, issuer, policy, script, folder)


@pytest.fixture(scope="module", params=PLACES, ids="-".join)
def place(
    request: pytest.FixtureRequest, town: Town, tmp_path_factory: pytest.TempPathFactory
) -> School:
    return school(town, tmp_path_factory.mktemp("school"), *request.param)


def test_a_certificate_is_issued_and_passed_on(place: School, holder: Person) -> None:
    friend = place.town.holder(f"friend-{place.issuer.folder.name}", money="")
    certificate, file = place.issue(holder), place.file("transfer")

    drafted = holder.do(
        "certificate", "transfer", certificate, "--to", new_key(friend), "--out", file
    )
    place.sign_and_send(holder, file)

    shown = friend.do("show", certificate)
    assert drafted["signatures_missing"] == len(place.cosigners())
    assert shown["policy"] == place.policy
    assert [each["step"] for each in shown["custody"]] == ["issued", "transferred"]
    assert shown["held_here"] is True


def test_a_hidden_holder_passes_on_as_well(place: School, holder: Person) -> None:
    certificate, file = place.issue(holder, "--summary", "Share"), place.file("transfer")

    holder.do("certificate", "transfer", certificate, "--to", new_key(holder), "--out", file)
    place.sign_and_send(holder, file)

    assert holder.do("show", certificate)["status"] == "provisional"


def test_a_refresh_changes_neither_holder_nor_history(place: School, holder: Person) -> None:
    certificate, file = place.issue(holder), place.file("refresh")
    before = holder.do("show", certificate)

    drafted = holder.do("certificate", "refresh", certificate, "--out", file)
    place.sign_and_send(holder, file)

    after = holder.do("show", certificate)
    assert drafted["action"] == "refresh"
    assert after["holder_key"] == before["holder_key"]
    assert [each["step"] for each in after["custody"]] == ["issued", "refreshed"]
    assert after["address"] == before["address"]


def test_a_surrendered_certificate_may_be_issued_to_somebody_else(
    place: School, holder: Person
) -> None:
    certificate, file = place.issue(holder), place.file("surrender")
    (before,) = place.issuer.do("permit", "list")["permits"]

    holder.do("certificate", "surrender", certificate, "--out", file)
    place.sign_and_send(holder, file)

    (after,) = place.issuer.do("permit", "list")["permits"]
    assert holder.do("show", certificate)["status"] == "surrendered"
    assert after["left"] == before["left"] + 1


def test_a_lost_key_is_replaced_with_the_leave_of_who_must_sign(
    place: School, holder: Person
) -> None:
    certificate, file = place.issue(holder), place.file("recover")
    recover = (
        "certificate", "recover", certificate, "--to", new_key(holder), "--out", file,
    )  # fmt: skip
    if place.policy == "recoverable":
        assert place.issuer.refused(*recover).facts["error"] == "too-early"
        recover = (*recover, "--with-holder")

    place.issuer.do(*recover)
    place.town.root.do("sign", file)
    if place.policy != "2of3":
        refused = place.issuer.refused("send", file)
        assert refused.facts["error"] == "incomplete"
        assert "holder" in refused.error
        holder.do("sign", file, "--spend-own")
    place.issuer.do("send", file)
    place.town.mine()

    shown = holder.do("show", certificate)
    assert [each["step"] for each in shown["custody"]] == ["issued", "recovered"]
    assert shown["policy"] == place.policy
    assert shown["held_here"] is True


def test_a_hidden_holder_is_recovered_with_the_key_that_was_given(
    place: School, holder: Person
) -> None:
    old, file = new_key(holder), place.file("hidden")
    place.serial += 1
    certificate = place.town.issue(
        place.issuer, old, place.serial, "--script", place.script, "--summary", "Share"
    )
    recover = (
        "certificate", "recover", certificate, "--to", new_key(holder), "--with-holder", "--out",
        file,
    )  # fmt: skip

    unknown = place.issuer.refused(*recover)
    wrong = place.issuer.refused(*recover, "--from", new_key(holder))
    drafted = place.issuer.do(*recover, "--from", old)

    assert unknown.facts["error"] == wrong.facts["error"] == "wrong-key"
    assert "--from" in unknown.error
    assert drafted["meaning"]["accepted"] is True
    place.issuer.do("draft", "drop", drafted["txid"])


def test_several_certificates_are_passed_on_together(place: School, holder: Person) -> None:
    certificates = [place.issue(holder) for _ in range(3)]
    friend = place.town.holder(f"heir-{place.issuer.folder.name}", money="")
    keys, file = friend.do("key", "new", "--count", "3")["holder_keys"], place.file("estate")
    to = [word for key in keys for word in ("--to", key)]

    drafted = holder.do("certificate", "transfer", *certificates, *to, "--out", file)
    place.sign_and_send(holder, file)

    listed = friend.do("list")["certificates"]
    assert [each["certificate"] for each in drafted["certificates"]] == certificates
    assert {each["id"]: each["holder_key"] for each in listed} == dict(
        zip(certificates, keys, strict=True)
    )


def test_recoverable_custody_is_not_issued_in_p2sh(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    modern = school(town, tmp_path, "recoverable", "p2sh")

    for options in ((), ("--summary", "Share")):
        refused = modern.issuer.refused(
            "certificate", "issue", "--to", new_key(holder), "--document", town.document(),
            "--script", "p2sh", *options,
        )  # fmt: skip

        assert "recoverable works in p2wsh only" in refused.error


def test_a_type_without_recovery_is_not_recovered(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    strict = school(town, tmp_path, "2of3", "p2wsh", recovery=False)
    certificate = strict.issue(holder)

    refused = strict.issuer.refused("certificate", "recover", certificate, "--to", new_key(holder))

    assert refused.facts["error"] == "rules"
    assert "does not allow recovery" in refused.error


def test_another_issuer_recovers_nothing(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    certificate = school(town, tmp_path, "2of3", "p2wsh", title="Another").issue(holder)

    refused = issuer.refused("certificate", "recover", certificate, "--to", new_key(holder))

    assert refused.facts["error"] == "wrong-key"


def test_a_type_that_is_not_transferable_is_recovered_all_the_same(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    degree = school(town, tmp_path, "2of3", "p2wsh", transferable=False)
    certificate, file = degree.issue(holder), tmp_path / "recover.psbt"

    degree.issuer.do("certificate", "recover", certificate, "--to", new_key(holder), "--out", file)
    town.root.do("sign", file)
    degree.issuer.do("send", file)
    town.mine()

    shown = holder.do("show", certificate)
    assert shown["custody"][-1]["step"] == "recovered"
