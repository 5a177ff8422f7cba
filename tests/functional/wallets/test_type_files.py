"""A type definition from the example to the issuer's hands, and what may be wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from ccxx_root.type_files import example

Town = Any
Person = Any


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


@pytest.fixture(scope="module")
def academy(town: Town) -> Person:
    person: Person = town.issuer("college-of-types")
    town.root.do("pay", person.do("address")["address"], "0.01")
    return person


def grant(town: Town, issuer: Person, file: Path, *options: str | Path) -> dict[str, Any]:
    granted: dict[str, Any] = town.root.do(
        "permit", "grant", "--issuer-key", issuer.do("key")["issuer_key"], "--type", file,
        "--quantity", "20", "--send", *options,
    )  # fmt: skip
    return granted


def test_the_completed_definition_goes_to_the_issuer(
    town: Town, academy: Person, holder: Person, tmp_path: Path
) -> None:
    opened = tmp_path / "degree.json"
    opened.write_text(example())

    granted = grant(town, academy, opened)
    early = academy.refused(
        "certificate", "issue", "--to", new_key(holder), "--document", town.document()
    )
    town.mine()
    again = tmp_path / "again.json"
    town.root.do("permit", "type", f"{granted['txid']}:0", "--out", again)
    facts = academy.do(
        "certificate", "issue", "--to", new_key(holder), "--document", town.document(), "--type",
        granted["type_file"], "--out", tmp_path / "issue.psbt",
    )  # fmt: skip

    assert granted["type_file"] == str(tmp_path / "degree.granted.json")
    assert json.loads(opened.read_text()) == json.loads(example())
    assert Path(granted["type_file"]).read_bytes() == again.read_bytes()
    assert facts["serial"] == 1
    assert f"was granted in {granted['txid']}" in early.error
    assert "wait for its block" in early.error


def test_a_completed_definition_is_never_overwritten(
    town: Town, academy: Person, tmp_path: Path
) -> None:
    opened = tmp_path / "degree.json"
    opened.write_text(example())
    beside = tmp_path / "degree.granted.json"
    beside.write_text("somebody's work")
    key = academy.do("key")["issuer_key"]
    words = ("permit", "grant", "--issuer-key", key, "--type", opened, "--quantity", "1", "--send")

    refusal = town.root.refused(*words)
    elsewhere = town.root.do(*words, "--type-out", tmp_path / "other.json", "--dry-run")

    assert refusal.facts["error"] == "file-exists"
    assert beside.read_text() == "somebody's work"
    assert elsewhere["type_file"] is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"custody": "2of3"}, "custody is 2of3, the permit has 3of3"),
        ({"short_title": "Another"}, "short_title is Another, the permit has MSc Example"),
        ({"criteria": "None."}, "issuer.name, title, criteria, rules or languages differ"),
        ({"issuer": {"name": "Example University"}}, "issuer.key is missing"),
    ],
)
def test_a_mismatch_names_the_field(
    town: Town, holder: Person, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    picky = town.person("ccxx-issuer", "picky")
    if not picky.folder.exists():
        picky = town.issuer("picky")
        (town.folder / "picky.json").write_text(example())
        town.grant(picky, "--type", str(town.folder / "picky.json"))
    facts = json.loads((town.folder / "picky-picky.granted.json").read_text())
    file = tmp_path / "changed.json"
    file.write_text(json.dumps({**facts, **change}))

    refusal = picky.refused(
        "certificate", "issue", "--to", new_key(holder), "--document", town.document(), "--type",
        file,
    )  # fmt: skip

    assert refusal.facts["error"] == "wrong-type-definition"
    assert said in refusal.error


def test_all_faults_are_reported_at_once(town: Town, academy: Person, tmp_path: Path) -> None:
    facts = json.loads(example())
    del facts["title"]
    facts |= {"custody": "4of5", "recovery": "yes", "colour": "red"}
    facts["rules"]["fee"] = {"amount": "1"}
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(facts))
    key = academy.do("key")["issuer_key"]

    refusal = town.root.refused(
        "permit", "grant", "--issuer-key", key, "--type", file, "--quantity", "1"
    )

    for said in (
        "title is missing", "custody is none of", "recovery is not of type boolean",
        "'colour' is no field", "rules.fee.unit is missing",
    ):  # fmt: skip
        assert said in refusal.error
    assert "--issuer-key" not in refusal.error


def test_a_definition_for_another_issuer_names_the_option(
    town: Town, academy: Person, tmp_path: Path
) -> None:
    facts = json.loads(example())
    facts["issuer"]["key"] = json.loads(town.anchor.read_text())["root_key"]
    file = tmp_path / "other.json"
    file.write_text(json.dumps(facts))
    key = academy.do("key")["issuer_key"]

    refusal = town.root.refused(
        "permit", "grant", "--issuer-key", key, "--type", file, "--quantity", "1"
    )

    assert "correct the file or --issuer-key" in refusal.error
