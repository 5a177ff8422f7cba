"""What an unsent draft uses is reserved until it is sent, dropped or replaced."""

import json
from pathlib import Path
from typing import Any

import pytest

Town = Any
Person = Any
DOCUMENTS = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"
TRANSFERABLE = DOCUMENTS / "patron-share.json"


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


@pytest.fixture(scope="module")
def press(town: Town) -> Person:
    """An issuer with coins for fees and a permit of eight coins."""
    person = town.issuer("press")
    for _ in range(4):
        town.root.do("pay", person.do("address", "--new")["address"], "0.01")
    town.grant(person)
    return person


def issue(town: Town, to: str, file: Path, *options: str) -> tuple[str | Path, ...]:
    return (
        "certificate", "issue", "--to", to, "--document", town.document(), "--out", file, *options,
    )  # fmt: skip


def test_two_drafts_get_two_serials(
    town: Town, press: Person, holder: Person, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("one.psbt", "two.psbt")]

    drafts = [press.do(*issue(town, new_key(holder), file)) for file in files]

    assert drafts[0]["serial"] + 1 == drafts[1]["serial"]
    listed = press.do("draft", "list")["drafts"]
    assert [each["serials"] for each in listed] == [[each["serial"]] for each in drafts]
    for file in files:
        town.root.do("sign", file)
        press.do("send", file)
    town.mine()
    assert press.do("draft", "list")["drafts"] == []


def test_a_serial_of_a_draft_is_refused_and_free_again_once_it_is_dropped(
    town: Town, press: Person, holder: Person, tmp_path: Path
) -> None:
    one, two = tmp_path / "one.psbt", tmp_path / "two.psbt"
    press.do(*issue(town, new_key(holder), one, "--serial", "50"))

    refusal = press.refused(*issue(town, new_key(holder), two, "--serial", "50"))
    press.do("draft", "drop", one)
    again = press.do(*issue(town, new_key(holder), two, "--serial", "50"))

    assert refusal.facts["error"] == "reserved"
    assert f"serial 50 is used by the draft {one}" in refusal.error
    assert again["serial"] == 50
    press.do("draft", "drop", again["txid"][:8])


def test_a_draft_is_replaced_on_demand(
    town: Town, press: Person, holder: Person, tmp_path: Path
) -> None:
    one, two = tmp_path / "one.psbt", tmp_path / "two.psbt"
    press.do(*issue(town, new_key(holder), one, "--serial", "60"))

    press.do(*issue(town, new_key(holder), two, "--serial", "60", "--replace-draft"))

    assert [each["file"] for each in press.do("draft", "list")["drafts"]] == [str(two)]
    press.do("draft", "drop", two)


def test_a_batch_does_not_take_serials_of_a_draft(
    town: Town, press: Person, holder: Person, tmp_path: Path
) -> None:
    press.do(*issue(town, new_key(holder), tmp_path / "one.psbt", "--serial", "71"))
    rows = tmp_path / "rows.csv"
    rows.write_text("\n".join(["holder_key", *(new_key(holder) for _ in range(2))]))

    definition = json.loads(TRANSFERABLE.read_text())
    definition["issuer"]["key"] = press.do("key")["issuer_key"]
    type_file = tmp_path / "type.json"
    type_file.write_text(json.dumps(definition))

    refusal = press.refused("certificate", "batch", rows, "--serial", "70", "--type", type_file)

    assert refusal.facts["error"] == "reserved"
    press.do("draft", "drop", tmp_path / "one.psbt")


def test_a_permit_with_one_coin_carries_one_draft(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    small = town.issuer("one-coin")
    town.grant(small, "--fan-out", "1")
    one, two = tmp_path / "one.psbt", tmp_path / "two.psbt"
    small.do(*issue(town, new_key(holder), one))

    refusal = small.refused(*issue(town, new_key(holder), two))

    assert refusal.facts["error"] == "reserved"
    assert not two.exists()


def test_a_certificate_is_in_one_transfer_at_a_time(
    town: Town, press: Person, holder: Person, tmp_path: Path
) -> None:
    certificate = town.issue(press, new_key(holder), 80)
    one, two = tmp_path / "one.psbt", tmp_path / "two.psbt"
    gift = ("certificate", "transfer", certificate, "--to", new_key(holder), "--out")
    holder.do(*gift, one)

    refusal = holder.refused(*gift, two)
    holder.do(*gift, two, "--replace-draft")

    assert refusal.facts["error"] == "reserved"
    assert certificate in refusal.error
    holder.do("draft", "drop", two)


def test_a_draft_that_somebody_else_sent_reserves_nothing(
    town: Town, press: Person, holder: Person, tmp_path: Path
) -> None:
    file = tmp_path / "one.psbt"
    press.do(*issue(town, new_key(holder), file, "--serial", "90"))
    town.root.do("sign", file)
    town.root.do("send", file)
    town.mine()

    assert press.do("draft", "list")["drafts"] == []


def test_a_draft_nobody_knows_cannot_be_dropped(press: Person) -> None:
    assert press.refused("draft", "drop", "00" * 32).facts["error"] == "no-draft"
