"""From a permit to a certificate in somebody else's hands, over PSBT files in any order."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

Town = Any
Person = Any
DOCUMENTS = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"
TRANSFERABLE = DOCUMENTS / "patron-share.json"
NOT_TRANSFERABLE = DOCUMENTS / "msc-degree.json"


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def test_a_certificate_with_a_public_summary_is_found_by_its_holder(
    town: Town, issuer: Person, holder: Person
) -> None:
    key = new_key(holder)

    certificate = town.issue(issuer, key, 60, "--summary", "Share no. 1")

    (found,) = [each for each in holder.do("list")["certificates"] if each["id"] == certificate]
    assert found["holder_key"] == key
    assert found["summary"] == "Share no. 1"
    assert found["status"] == "provisional"
    # The chain does not know the holder: the wallet rebuilt the script.
    assert issuer.do("certificate", "show", certificate)["holder_key"] is None


@pytest.mark.parametrize("order", [("issuer", "root"), ("root", "issuer")])
def test_a_transfer_is_signed_in_any_order(
    town: Town, issuer: Person, holder: Person, order: tuple[str, str], tmp_path: Path
) -> None:
    serial = 10 + len(order[0])
    certificate = town.issue(issuer, new_key(holder), serial)
    friend = town.holder(f"friend-{order[0]}", money="")
    file = tmp_path / "gift.psbt"
    people = {"issuer": issuer, "root": town.root}

    holder.do("certificate", "transfer", certificate, "--to", new_key(friend), "--out", file)
    for name in order:
        people[name].do("sign", file)
    sent = holder.do("send", file)
    town.mine()

    assert sent["sent"] is True
    assert sent["signatures_verified_again"] == 4
    assert [each["id"] for each in friend.do("list")["certificates"]] == [certificate]
    assert certificate not in [each["id"] for each in holder.do("list")["certificates"]]


def test_copies_signed_apart_are_combined(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    certificate = town.issue(issuer, new_key(holder), 20)
    draft, one, two = (tmp_path / name for name in ("draft.psbt", "one.psbt", "two.psbt"))
    holder.do("certificate", "transfer", certificate, "--to", new_key(holder), "--out", draft)
    issuer.do("sign", draft, "--out", one)
    town.root.do("sign", draft, "--out", two)

    joined = holder.do("combine", two, one, "--out", tmp_path / "all.psbt")
    final = holder.do("finalize", joined["file"])
    holder.do("send", joined["file"])

    assert joined["complete"] is True
    assert final["txid"] == joined["txid"]
    town.mine()


def test_a_batch_makes_one_certificate_a_row(town: Town, holder: Person, tmp_path: Path) -> None:
    university = town.issuer("university")
    permit = town.grant(university, "--fan-out", "1")
    keys = holder.do("key", "new", "--count", "50")["holder_keys"]
    rows = tmp_path / "graduates.csv"
    with rows.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["name", "holder_key", "award"])
        writer.writerows([f"Ελένη {n}", key, "MSc"] for n, key in enumerate(keys))
    type_file = tmp_path / "type.json"
    definition = json.loads(TRANSFERABLE.read_text())
    definition["issuer"]["key"] = university.do("key")["issuer_key"]
    type_file.write_text(json.dumps(definition))

    draft = university.do(
        "certificate", "batch", rows, "--permit", permit, "--type", type_file, "--serial", "100",
        "--out", tmp_path / "batch.psbt", "--documents", tmp_path / "documents",
    )  # fmt: skip
    town.root.do("sign", draft["file"])
    university.do("send", draft["file"])
    town.mine()

    certificates = university.do("certificate", "list")["certificates"]
    assert [each["serial"] for each in certificates] == list(range(100, 150))
    assert {each["holder_key"] for each in holder.do("list")["certificates"]} >= set(keys)
    document = json.loads((tmp_path / "documents" / "certificate-100.json").read_text())
    assert document["credentialSubject"]["name"] == "Ελένη 0"


def test_legacy_scripts_go_the_same_way(town: Town, holder: Person, tmp_path: Path) -> None:
    old_fashioned = town.issuer("old-fashioned")
    town.grant(old_fashioned, "--script", "p2sh")
    file = tmp_path / "transfer.psbt"

    certificate = town.issue(old_fashioned, new_key(holder), 1, "--script", "p2sh")
    holder.do("certificate", "transfer", certificate, "--to", new_key(holder), "--out", file)
    old_fashioned.do("sign", file)
    town.root.do("sign", file)
    sent = holder.do("send", file)
    town.mine()

    shown = holder.do("show", certificate)
    assert sent["signatures_verified_again"] == 4
    assert [station["step"] for station in shown["custody"]] == ["issued", "transferred"]


def test_unconfirmed_change_is_used_without_waiting_for_a_block(
    town: Town, issuer: Person, holder: Person
) -> None:
    for serial in (30, 31, 32):
        file = town.draft(issuer, new_key(holder), serial)
        town.root.do("sign", file)
        issuer.do("send", file)

    listed = issuer.do("certificate", "list")["certificates"]
    pending = [each["serial"] for each in listed if each["status"] == "pending"]
    assert pending == [30, 31, 32]
    town.mine()
    assert issuer.do("status")["unconfirmed"] == []


def test_a_forced_transfer_of_a_fixed_type_destroys_the_certificate(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    university = town.issuer("strict")
    town.grant(university, "--type", str(NOT_TRANSFERABLE))
    certificate = town.issue(university, new_key(holder), 1)
    file = tmp_path / "sale.psbt"
    sale = ("certificate", "transfer", certificate, "--to", new_key(holder), "--out", file)

    refusal = holder.refused(*sale)
    holder.do(*sale, "--force")
    refusals = [university.refused("sign", file), town.root.refused("sign", file)]
    university.do("sign", file, "--force")
    town.root.do("sign", file, "--force")
    holder.refused("send", file)
    holder.do("send", file, "--force")
    town.mine()

    assert "not transferable" in refusal.error
    assert all("not-transferable" in each.error for each in refusals)
    assert holder.do("show", certificate)["status"] == "destroyed"
