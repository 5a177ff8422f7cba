"""Deferred batches on a real node: serials are reserved, leaves become certificates one by one."""

from pathlib import Path
from typing import Any

import pytest

Town = Any
Person = Any


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


class School:
    """An issuer with a deferred batch of three, and the folder of its documents."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town = town
        self.issuer = town.issuer("school")
        self.permit = town.grant(self.issuer, quantity=20)
        self.folder = folder
        rows = folder / "class.csv"
        rows.write_text("name,grade\nAda,A\nBen,B\nCyn,C\n")
        self.rows, file = rows, folder / "reserve.psbt"
        self.drafted = self.issuer.do(
            "certificate", "reserve", rows, "--out", file, "--documents", folder / "documents",
            "--type", town.folder / "school-patron-share.granted.json",
        )  # fmt: skip
        town.root.do("sign", file)
        self.batch = self.issuer.do("send", file)["txid"]
        town.mine()

    def document(self, serial: int) -> Path:
        return self.folder / "documents" / f"certificate-{serial}.json"

    def draft(self, serial: int, key: str, *options: str) -> Path:
        file = self.folder / f"claim-{serial}.psbt"
        self.issuer.do(
            "certificate", "claim", self.batch, "--to", key, "--document", self.document(serial),
            "--out", file, *options,
        )  # fmt: skip
        return file

    def claim(self, serial: int, key: str) -> str:
        file = self.draft(serial, key)
        self.town.root.do("sign", file)
        sent = self.issuer.do("send", file)
        self.town.mine()
        return f"{sent['txid']}:0"


@pytest.fixture(scope="module")
def school(town: Town, tmp_path_factory: pytest.TempPathFactory) -> School:
    return School(town, tmp_path_factory.mktemp("school"))


def test_a_reservation_takes_serials_and_no_credit(school: School) -> None:
    (permit,) = school.issuer.do("permit", "list")["permits"]

    leaves = school.issuer.do("certificate", "leaves", school.batch)["leaves"]

    assert school.drafted["action"] == "batch"
    assert (permit["issued"], permit["left"]) == (0, 20)
    assert [each["serial"] for each in leaves] == [1, 2, 3]
    assert [each["certificate"] for each in leaves] == [None] * 3


def test_a_claim_makes_a_certificate_that_its_holder_finds_and_anybody_can_check(
    school: School, holder: Person
) -> None:
    certificate = school.claim(2, new_key(holder))

    shown = holder.do("show", certificate)
    checked = holder.run("certificate", "check", certificate, school.document(2))
    leaves = school.issuer.do("certificate", "leaves", school.batch)["leaves"]

    assert shown["held_here"] is True
    assert (shown["serial"], shown["leaf"], shown["batch"]) == (2, 1, school.batch)
    assert checked.facts["matches"] is True
    assert leaves[1]["certificate"] == certificate


def test_a_leaf_is_claimed_once(school: School, holder: Person) -> None:
    school.claim(1, new_key(holder))

    refused = school.issuer.refused(
        "certificate", "claim", school.batch, "--to", new_key(holder),
        "--document", school.document(1),
    )  # fmt: skip

    assert "leaf-claimed" in refused.error


def test_a_leaf_in_an_unsent_draft_is_reserved(school: School, holder: Person) -> None:
    file = school.draft(3, new_key(holder))

    refused = school.issuer.refused(
        "certificate", "claim", school.batch, "--to", new_key(holder),
        "--document", school.document(3), "--out", school.folder / "second.psbt",
    )  # fmt: skip
    school.issuer.do("draft", "drop", file)

    assert refused.facts["error"] == "reserved"


def test_another_document_is_not_the_leaf(school: School, holder: Person) -> None:
    refused = school.issuer.refused(
        "certificate", "claim", school.batch, "--to", new_key(holder),
        "--document", school.document(3), "--leaf", "0",
    )  # fmt: skip

    assert refused.facts["error"] == "bad-file"


def test_the_next_free_serial_comes_behind_the_reserved_ones(
    school: School, holder: Person, tmp_path: Path
) -> None:
    drafted = school.issuer.do(
        "certificate", "issue", "--to", new_key(holder), "--document", school.town.document(),
        "--dry-run", "--out", tmp_path / "issue.psbt",
    )  # fmt: skip

    assert drafted["serial"] == 4


def test_a_stranger_claims_nothing(town: Town, school: School, holder: Person) -> None:
    stranger = town.issuer("claim-jumper")

    refused = stranger.refused(
        "certificate", "claim", school.batch, "--to", new_key(holder),
        "--document", school.document(3),
    )  # fmt: skip

    assert refused.facts["error"] == "unknown-permit"


def test_a_table_with_holders_is_for_another_command(school: School, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("holder_key,name\n02,Ada\n")

    refused = school.issuer.refused("certificate", "reserve", rows)

    assert refused.facts["error"] == "bad-csv"
    assert "certificate batch" in refused.error


def test_a_suspended_batch_gives_no_leaf(town: Town, school: School, holder: Person) -> None:
    town.root.do("certificate", "suspend", "--batch", school.batch)
    town.mine()

    refused = school.issuer.refused(
        "certificate", "claim", school.batch, "--to", new_key(holder),
        "--document", school.document(3),
    )  # fmt: skip

    assert "batch-revoked" in refused.error
