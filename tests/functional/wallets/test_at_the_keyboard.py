"""What a person sees and is asked, on a real node."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

Town = Any
Person = Any


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


@pytest.fixture
def draft(town: Town, issuer: Person, holder: Person, tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "draft.psbt"
    drafted = issuer.do(
        "certificate", "issue", "--to", new_key(holder), "--document", town.document(), "--out",
        file,
    )  # fmt: skip
    yield file
    issuer.run("draft", "drop", drafted["txid"])


def test_the_meaning_is_shown_before_the_question(town: Town, draft: Path) -> None:
    before = draft.read_bytes()

    code, said = town.root.answer("sign", draft, typed="n\n")

    assert code == 1
    assert said.index("issues certificate serial") < said.index("Sign this transaction?")
    assert "fee 0.0000" in said
    assert "not agreed; nothing was done" in said
    assert draft.read_bytes() == before


def test_a_yes_is_enough_for_what_the_rules_allow(town: Town, draft: Path) -> None:
    code, said = town.root.answer("sign", draft, typed="y\n")

    assert code == 0
    assert re.search(r"missing +-\n", said)


def test_forcing_needs_a_typed_word(town: Town, holder: Person, tmp_path: Path) -> None:
    college = town.issuer("college")
    documents = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"
    town.grant(college, "--type", str(documents / "msc-degree.json"))
    certificate = town.issue(college, new_key(holder), 1)
    file = tmp_path / "sale.psbt"
    sale = ("certificate", "transfer", certificate, "--to", new_key(holder), "--out", file)

    refused, said = holder.answer(*sale, "--force", typed="y\n")
    forced, _ = holder.answer(*sale, "--force", typed="destroy\n")

    assert (refused, forced) == (1, 0)
    assert "WARNING" in said
    assert file.exists()


def test_a_seed_phrase_on_paper_is_compared(town: Town, tmp_path: Path) -> None:
    person = town.person("ccxx-holder", "careful")
    words = tmp_path / "words.txt"
    words.write_text(person.do("init", "--anchor", town.anchor)["seed_phrase"])
    other = tmp_path / "other.txt"
    other.write_text("abandon " * 11 + "about")

    assert person.do("backup", "check", "--seed-file", words)["matches"] is True
    assert person.refused("backup", "check", "--seed-file", other).facts["error"] == (
        "bad-seed-phrase"
    )


def test_a_reused_holder_key_is_flagged(town: Town, issuer: Person, holder: Person) -> None:
    key = new_key(holder)
    town.issue(issuer, key, 700)

    again = issuer.do(
        "certificate", "issue", "--to", key, "--document", town.document(), "--dry-run"
    )

    assert "used twice" in again["warnings"][0]


def test_what_was_sent_already_is_not_sent_again(town: Town, issuer: Person, draft: Path) -> None:
    town.root.do("sign", draft)

    issuer.do("send", draft)
    before_its_block = town.root.refused("send", draft)
    town.mine()
    after_its_block = town.root.refused("send", draft)

    assert before_its_block.facts["error"] == after_its_block.facts["error"] == "already-sent"
    assert "(0 confirmations)" in before_its_block.error
    assert "(1 confirmation)" in after_its_block.error


def test_a_full_disk_leaves_no_half_written_batch(
    issuer: Person, holder: Person, tmp_path: Path
) -> None:
    documents = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"
    rows = tmp_path / "rows.csv"
    rows.write_text(f"holder_key,name\n{new_key(holder)},somebody\n")
    type_file = tmp_path / "type.json"
    type_file.write_bytes((documents / "patron-share.json").read_bytes())

    issuer.refused(
        "certificate", "batch", rows, "--type", type_file, "--out", tmp_path / "b.psbt",
        "--documents", tmp_path / "documents", limit=100,
    )  # fmt: skip

    assert sorted(file.name for file in tmp_path.iterdir()) == ["rows.csv", "type.json"]


def test_the_meaning_is_shown_before_the_question_with_json_too(town: Town, draft: Path) -> None:
    code, said = town.root.answer("sign", draft, "--json", typed="n\n")

    assert code == 1
    assert said.index("issues certificate serial") < said.index("Sign this transaction?")


def test_a_payment_shows_its_fee_even_without_an_anchor(town: Town) -> None:
    person = town.person("ccxx-root", "root-without-anchor")
    address = person.do("init", "--test-maturity", "10")["address"]
    town.root.do("pay", address, "1")
    town.mine()

    code, said = person.answer("pay", address, "0.5", typed="n\n")

    assert code == 1
    assert said.index("fee 0.0000") < said.index("Sign this transaction?")
