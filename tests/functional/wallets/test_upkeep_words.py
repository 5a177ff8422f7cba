"""What commands and the history say about revocations, so that nobody believes too much."""

import json
from pathlib import Path
from typing import Any

import pytest

Town = Any
Person = Any
DOCUMENTS = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"


@pytest.fixture(scope="module")
def academy(town: Town) -> Person:
    """An issuer that may revoke."""
    definition = json.loads((DOCUMENTS / "patron-share.json").read_text())
    definition["revocation"] = {"issuer": True, "root": False}
    path = town.folder / "academy-type.json"
    path.write_text(json.dumps(definition))
    person = town.issuer("academy")
    town.grant(person, "--type", str(path))
    return person


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def watcher_of(town: Town, person: Person, name: str) -> Person:
    file = town.folder / f"{name}.accounts.json"
    person.do("descriptor", "export", "--out", file)
    watcher = town.person(person.command, name)
    watcher.do("init", "--anchor", town.anchor, "--xpub", file, "--test-maturity", "10")
    return watcher


def words_of(person: Person, txid: str) -> str:
    entries = person.do("history")["history"]
    return " ".join(line for each in entries if each["txid"] == txid for line in each["lines"])


def test_a_watching_wallet_pays_the_coin_first_and_says_so(
    town: Town, holder: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    person = town.issuer("seen")
    kind = town.folder / "academy-type.json"
    definition = json.loads((DOCUMENTS / "patron-share.json").read_text())
    definition["revocation"] = {"issuer": True, "root": False}
    kind.write_text(json.dumps(definition))
    town.grant(person, "--type", str(kind), "--fee-float", "0")
    town.root.do("pay", person.do("address")["address"], "0.01")
    town.mine()
    certificate = town.issue(person, new_key(holder), 1)
    watcher = watcher_of(town, person, "seeing")
    file = tmp_path / "revoke.psbt"
    command = ("certificate", "revoke", certificate, "--reason", "superseded", "--out", file)

    first = watcher.refused(*command)
    again = watcher.refused(*command)
    (payment,) = tmp_path.glob("payment-*.psbt")
    person.do("sign", payment, "--spend-own")
    watcher.do("send", payment)
    drafted = watcher.do(*command)

    assert first.facts["error"] == again.facts["error"] == "coin-first"
    assert payment.name in first.error
    assert "then run this command again" in first.error
    assert drafted["signed_by"] == []
    assert file.exists()


def test_a_revocation_that_nobody_signed_is_not_called_done(
    town: Town, academy: Person, holder: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spoken, certificate = (town.issue(academy, new_key(holder), serial) for serial in (1, 2))
    academy.do("certificate", "revoke", spoken, "--reason", "superseded")
    town.mine()
    watcher = watcher_of(town, academy, "onlooker")

    code, said = watcher.answer(
        "certificate", "revoke", certificate, "--reason", "superseded", "--yes", typed=""
    )

    assert code == 0
    assert "drafted, signed by nobody yet" in said
    assert "once it is in a block" not in said


def test_the_history_names_what_was_suspended_reinstated_and_revoked(
    town: Town, academy: Person, holder: Person
) -> None:
    certificate = town.issue(academy, new_key(holder), 11)
    commands = (("suspend",), ("reinstate",), ("revoke", "--reason", "issued-in-error"))

    sent = []
    for verb, *options in commands:
        sent.append(academy.do("certificate", verb, certificate, *options)["txid"])
        town.mine()

    held, released, revoked = (words_of(academy, txid) for txid in sent)
    for words in (held, released, revoked):
        assert "certificate 11" in words
        assert certificate in words
    assert held.endswith("suspended")
    assert released.endswith("reinstated")
    assert revoked.endswith("revoked (issued in error)")
    assert words_of(holder, sent[2]) == revoked


def test_a_surrender_stands_in_the_history_of_holder_and_issuer(
    town: Town, academy: Person, holder: Person, tmp_path: Path
) -> None:
    certificate = town.issue(academy, new_key(holder), 21)
    file = tmp_path / "surrender.psbt"
    holder.do("certificate", "surrender", certificate, "--out", file)
    academy.do("sign", file)
    town.root.do("sign", file)

    sent = holder.do("send", file)["txid"]
    waiting = words_of(academy, sent)
    town.mine()

    assert "certificate 21" in words_of(holder, sent)
    assert "surrendered" in words_of(holder, sent)
    assert waiting == words_of(academy, sent)
    assert certificate in waiting
    assert "may issue one more" in waiting


@pytest.mark.parametrize("is_mined", [False, True])
def test_signing_what_was_sent_says_that_it_was_sent(
    town: Town, academy: Person, holder: Person, tmp_path: Path, is_mined: bool
) -> None:
    certificate = town.issue(academy, new_key(holder), 31 + is_mined)
    file = tmp_path / "surrender.psbt"
    holder.do("certificate", "surrender", certificate, "--out", file)
    academy.do("sign", file)
    town.root.do("sign", file)
    sent = holder.do("send", file)["txid"]
    town.mine(int(is_mined))

    refused = holder.refused("sign", file)
    several = holder.refused("sign", file, town.draft(academy, new_key(holder), 39 - is_mined))
    town.mine()

    for each in (refused, several):
        assert each.facts["error"] == "already-sent"
        assert f"transaction {sent} ({int(is_mined)} confirmation" in each.error


def test_the_root_coin_is_called_so_before_it_is_paid(town: Town) -> None:
    person = town.person("ccxx-root", "young-root")
    address = person.do("init", "--test-maturity", "10")["address"]
    town.root.do("pay", address, "2")
    town.mine()

    lines = person.do("coin", "register", "--value", "1", "--dry-run")["meaning"]["lines"]

    assert [line.endswith("the root coin, from which all credit descends") for line in lines] == [
        True,
        False,
        False,
    ]
    assert lines[1].endswith("change back to this wallet")


def test_a_root_coin_that_nobody_signed_is_not_called_sent(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    person = town.person("ccxx-root", "quiet-root")
    town.root.do("pay", person.do("init", "--test-maturity", "10")["address"], "2")
    town.mine()
    file = tmp_path / "accounts.json"
    person.do("descriptor", "export", "--out", file)
    watcher = town.person("ccxx-root", "watching-quiet-root")
    watcher.do("init", "--xpub", file, "--test-maturity", "10")

    code, said = watcher.answer("coin", "register", "--value", "1", "--yes", typed="")

    assert code == 0
    assert "drafted, signed by nobody yet" in said
    assert "root coin sent" not in said


def test_a_document_that_names_another_serial_and_holder_is_issued_with_a_warning(
    academy: Person, holder: Person, tmp_path: Path
) -> None:
    document, file = tmp_path / "other.json", tmp_path / "other.psbt"
    names = {"certificate": {"serial": 52}, "credentialSubject": {"id": "did:key:zQ3other"}}
    document.write_text(json.dumps(names))

    issued = academy.run(
        "certificate", "issue", "--to", new_key(holder), "--document", document,
        "--serial", "51", "--out", file,
    )  # fmt: skip

    assert issued.code == 0
    assert "names serial 52" in issued.facts["warnings"][0]
    assert "another holder, did:key:zQ3other" in issued.facts["warnings"][1]
    assert "names serial 52" in issued.error
    academy.do("draft", "drop", file)


def test_what_was_revoked_is_said_to_be_so_for_ever(
    town: Town, academy: Person, holder: Person
) -> None:
    certificate = town.issue(academy, new_key(holder), 41)
    academy.do("certificate", "revoke", certificate, "--reason", "cessation")
    town.mine()

    refused = academy.refused("certificate", "revoke", certificate, "--reason", "superseded")

    assert "for ever" in refused.error
