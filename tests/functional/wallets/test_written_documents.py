"""Every document that the wallets write is one that the published schemas describe."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

Town = Any
Person = Any
SCHEMAS = Path(__file__).resolve().parents[3] / "docs" / "schemas"


def check(name: str, facts: Any) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(facts)


def check_file(name: str, path: Path) -> None:
    check(name, json.loads(path.read_text()))


def test_a_batchs_documents_and_proofs_are_as_described(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    keys = holder.do("key", "new", "--count", "3")["holder_keys"]
    (definition,) = town.folder.glob("issuer-*.granted.json")
    table = tmp_path / "people.csv"
    table.write_text("holder_key,name\n" + "".join(f"{key},Ada {key[:4]}\n" for key in keys))

    issuer.do(
        "certificate", "batch", table, "--serial", "700", "--documents", tmp_path / "documents",
        "--out", tmp_path / "batch.psbt", "--type", definition,
    )  # fmt: skip

    proofs = sorted((tmp_path / "documents").rglob("*.proof.json"))
    written = sorted(set((tmp_path / "documents").rglob("certificate-*.json")) - set(proofs))
    assert (len(written), len(proofs)) == (3, 3)
    for path in written:
        check_file("certificate", path)
    for path in proofs:
        check_file("batch-proof", path)


@pytest.mark.usefixtures("issuer")
def test_anchor_and_granted_definition_are_as_described(town: Town) -> None:
    granted = sorted(town.folder.glob("*.granted.json"))

    check_file("trust-anchor", town.anchor)

    assert granted
    for path in granted:
        check_file("type-definition", path)


def test_what_is_said_about_transactions_is_as_described(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    key, file = holder.do("key", "new")["holder_key"], tmp_path / "issue.psbt"

    drafted = issuer.do(
        "certificate", "issue", "--to", key, "--document", town.document(), "--serial", "710",
        "--out", file,
    )  # fmt: skip
    rehearsed = town.root.do("sign", file, "--dry-run")
    signed = town.root.do("sign", file)
    sent = issuer.do("send", file)
    paid = town.root.do("pay", issuer.do("address")["address"], "0.01")

    for facts in (drafted, rehearsed, signed, sent, paid):
        check("transaction-facts", facts)
