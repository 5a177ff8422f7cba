"""Three months on a real chain: when the path of root and issuer opens, and who is told before."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Town = Any
Person = Any
DOCUMENTS = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"
DELAY = 52_560
REMINDER = 30 * 576


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def height(town: Town) -> int:
    return int(town.client.block_count())


@dataclass
class Months:
    """What was seen while the chain grew, and the certificates it was about."""

    town: Town
    issuer: Person
    holder: Person
    lost: str
    kept: str
    hidden: str
    opens: int
    seen: dict[str, Any]


def recover(town: Town, issuer: Person, file: Path, certificate: str, *options: str) -> Any:
    """Recover a certificate without its holder, and mine it; return what was drafted."""
    drafted = issuer.do("certificate", "recover", certificate, *options, "--out", file)
    town.root.do("sign", file)
    issuer.do("send", file)
    town.wait(1)
    return drafted


@pytest.fixture(scope="module")
def months(old_town: Town, tmp_path_factory: pytest.TempPathFactory) -> Months:
    """Issue two certificates, wait until the holder is reminded, refresh one, wait for the end."""
    town, folder = old_town, tmp_path_factory.mktemp("months")
    definition = json.loads((DOCUMENTS / "patron-share.json").read_text())
    type_file = folder / "recoverable.json"
    type_file.write_text(json.dumps(definition | {"custody": "recoverable", "recovery": True}))
    issuer, holder = town.issuer("issuer"), town.holder("holder")
    town.grant(issuer, "--type", str(type_file))
    lost, kept = (town.issue(issuer, new_key(holder), serial) for serial in (1, 2))
    secret = new_key(holder)
    hidden = town.issue(issuer, secret, 3, "--summary", "Share no. 3")
    opens = holder.do("show", lost)["recovery_opens"]
    file, early = folder / "refresh.psbt", folder / "early.psbt"
    again = ("certificate", "recover", lost, "--to", new_key(holder), "--out", early)

    seen: dict[str, Any] = {"too early": issuer.refused(*again)}
    seen["advance"] = issuer.do(*again, "--in-advance")
    seen["signed"] = town.root.do("sign", early)
    seen["young"] = issuer.refused("send", early)

    town.wait(opens - REMINDER - 2 - height(town))
    seen["quiet"] = holder.do("status")["reminders"]
    town.wait(1)
    for command in ("status", "list"):
        seen[command] = holder.run(command)
    seen["show"] = holder.run("show", lost)
    holder.do("certificate", "refresh", kept, "--out", file)
    for each in (issuer, town.root):
        each.do("sign", file)
    holder.do("send", file)
    town.wait(1)
    seen["after the refresh"] = holder.do("status")["reminders"]

    town.wait(opens - 2 - height(town))
    seen["a block before"] = issuer.refused("send", early)
    seen["why before"] = issuer.do("why", lost)
    town.wait(1)
    seen["why after"] = issuer.do("why", lost)
    seen["open"] = holder.run("status")
    seen["refreshed"] = issuer.refused(
        "certificate", "recover", kept, "--to", new_key(holder), "--out", folder / "kept.psbt"
    )
    seen["sent"] = issuer.do("send", early)
    town.wait(2)
    new = ("--to", new_key(holder), "--from", secret)
    seen["late"] = recover(town, issuer, folder / "late.psbt", hidden, *new)
    return Months(town, issuer, holder, lost, kept, hidden, opens, seen)


def test_the_path_of_root_and_issuer_opens_after_52560_blocks(months: Months) -> None:
    shown = months.holder.do("show", months.lost)

    assert months.opens == shown["issued_height"] + DELAY
    assert months.seen["sent"]["sent"] is True
    assert shown["custody"][-1]["step"] == "recovered"
    assert shown["custody"][-1]["height"] == months.opens
    assert shown["policy"] == "recoverable"


def test_the_holder_signs_nothing_and_foreign_code_verifies_what_is_signed(months: Months) -> None:
    advance, signed = months.seen["advance"], months.seen["signed"]

    assert advance["missing"] == ["root"]
    assert any("root and issuer act alone" in line for line in advance["meaning"]["lines"])
    assert signed["complete"] is True
    # Root, issuer, and the issuer's plain coin.
    assert months.seen["sent"]["signatures_verified_again"] == 3


def test_the_node_takes_no_recovery_before_its_block(months: Months) -> None:
    young, late = months.seen["young"], months.seen["a block before"]

    assert young.facts["error"] == late.facts["error"] == "not-accepted"
    assert "non-BIP68-final" in young.error
    assert "non-BIP68-final" in late.error


def test_the_issuer_is_told_from_which_block_on(months: Months) -> None:
    refused = months.seen["too early"]

    assert refused.facts["error"] == "too-early"
    assert f"from block {months.opens} on" in refused.error
    assert "--in-advance" in refused.error


def test_the_holder_is_reminded_thirty_days_before(months: Months) -> None:
    reminders = months.seen["status"].facts["reminders"]

    assert months.seen["quiet"] == []
    assert [each["certificate"] for each in reminders] == [months.lost]
    assert reminders[0]["blocks_left"] == REMINDER
    assert reminders[0]["command"] == f"ccxx-holder certificate refresh {months.lost}"
    for command in ("status", "list", "show"):
        assert f"certificate refresh {months.lost}" in months.seen[command].error


def test_a_refresh_begins_the_delay_anew(months: Months) -> None:
    shown = months.holder.do("show", months.kept)
    reminders = months.seen["after the refresh"]

    assert months.kept not in [each["certificate"] for each in reminders]
    assert months.seen["refreshed"].facts["error"] == "too-early"
    assert shown["recovery_opens"] == shown["custody"][-1]["height"] + DELAY


def test_the_holder_is_still_warned_once_the_path_is_open(months: Months) -> None:
    reminders = {each["certificate"]: each for each in months.seen["open"].facts["reminders"]}

    assert reminders[months.lost]["blocks_left"] == 0
    assert reminders[months.hidden]["blocks_left"] == 2
    assert "(now)" in months.seen["open"].error


def test_why_says_when_the_holder_is_needed_no_more(months: Months) -> None:
    before, after = (
        next(each for each in months.seen[when]["deeds"] if each["deed"] == "recover")
        for when in ("why before", "why after")
    )

    assert f"from block {months.opens} on" in before["signers"]
    assert after["signers"] == "issuer and root alone"


def test_a_hidden_holder_is_recovered_without_signing_too(months: Months) -> None:
    shown = months.holder.do("show", months.hidden)

    assert months.seen["late"]["missing"] == ["root"]
    assert shown["custody"][-1]["step"] == "recovered"
    # What was spent has shown its script, and with it the key that held it.
    assert shown["custody"][0]["holder_key"] is not None
