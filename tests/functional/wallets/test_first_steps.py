"""What a first-time user meets: wrong anchors, unripe coins, no terminal, a document in hand."""

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.bech32 import Encoding, encode_bech32
from ccxx_core.hashes import format_hash
from ccxx_regtest.processes import program

Town = Any
Person = Any
DOCUMENTS = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


@pytest.mark.parametrize("field", ["root", "value", "script"])
def test_an_anchor_with_a_changed_digit_is_noticed(town: Town, tmp_path: Path, field: str) -> None:
    facts = json.loads(town.anchor.read_text())
    if field == "value":
        facts[field] += 100_000
    else:
        facts[field] = ("1" if facts[field][0] == "0" else "0") + facts[field][1:]
    file = tmp_path / "anchor.json"
    file.write_text(json.dumps(facts))
    person = town.person("ccxx-holder", f"misled-{field}")
    person.do("init", "--anchor", file)

    refusals = [person.refused("list") for _ in range(2)]

    for refusal in refusals:
        assert refusal.facts["error"] == "wrong-anchor"
        assert f"block {facts['height']} has no such root coin" in refusal.error


def test_an_anchor_before_its_block_says_what_to_wait_for(town: Town) -> None:
    newcomer = town.person("ccxx-root", "root-newcomer")
    newcomer.do("init", "--test-maturity", "10")
    town.root.do("pay", newcomer.do("address")["address"], "2")
    town.mine()
    sent = newcomer.do("coin", "register", "--value", "1")

    refusal = newcomer.refused("anchor", "show")
    town.mine()

    assert f"was sent in {sent['txid']}" in refusal.error
    assert newcomer.do("anchor", "show")["root_coin"] == sent["root_coin"]


def test_unripe_and_incoming_coins_are_named(town: Town) -> None:
    miner = town.person("ccxx-holder", "young-miner")
    miner.do("init", "--anchor", town.anchor, "--test-maturity", "10")
    address = miner.do("address")["address"]
    town.client.call("generatetoaddress", 1, address)
    height = town.client.block_count()
    town.root.do("pay", miner.do("address")["address"], "0.25")

    refusal = miner.refused("pay", address, "1")

    assert "1 mined coins" in refusal.error
    assert f"the first can be spent in block {height + 10}" in refusal.error
    assert "0.25000000 more are incoming" in refusal.error
    assert f"your address is {miner.do('address')['address']}" in refusal.error
    town.mine()


def test_change_is_told_from_payments(town: Town, holder: Person) -> None:
    town.mine()
    target = town.root.do("address")["address"]

    lines = holder.do("pay", target, "0.001", "--dry-run")["meaning"]["lines"]

    assert any(line.endswith("change back to this wallet") for line in lines)
    assert any(target in line and "change" not in line for line in lines)


def test_roles_are_the_same_in_every_wallet(town: Town, holder: Person, tmp_path: Path) -> None:
    # Its only plain coin is the fee float, which its issuing key guards.
    fresh = town.issuer("fresh")
    town.grant(fresh)
    file = tmp_path / "issue.psbt"

    drafted = fresh.do(
        "certificate", "issue", "--to", new_key(holder), "--document", town.document(), "--out",
        file,
    )  # fmt: skip
    signed = town.root.do("sign", file)

    assert drafted["signed_by"] == ["issuer", "payer"]
    assert drafted["missing"] == ["root", "system"]
    assert signed["signed_by"] == ["issuer", "payer", "root", "system"]


def test_a_document_is_checked_against_its_certificate(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    certificate = town.issue(issuer, new_key(holder), 300)
    document = town.document()
    pretty = tmp_path / "pretty.json"
    pretty.write_text(json.dumps(json.loads(document.read_text()), indent=4))
    other = tmp_path / "other.json"
    other.write_text('{"name": "somebody else"}')

    early = holder.refused("certificate", "check", certificate, document)
    town.mine(5)
    valid = holder.do("certificate", "check", certificate, pretty)
    wrong = issuer.refused("certificate", "check", certificate, other)

    assert "1 of 6 confirmations" in early.error
    assert early.facts["matches"] is True
    assert valid["valid"] is True
    assert wrong.facts["error"] == "not-valid"
    assert wrong.facts["matches"] is False


def test_a_status_says_as_of_which_block_it_holds(
    town: Town, issuer: Person, holder: Person
) -> None:
    certificate = town.issue(issuer, new_key(holder), 301)
    document = town.document()
    height, block = town.client.tip()

    early = holder.refused("certificate", "check", certificate, document)
    shown = [each.do(*words, certificate) for each, words in showing(town, issuer, holder)]
    told = [
        each.answer(*words, certificate, typed="") for each, words in showing(town, issuer, holder)
    ]
    town.mine(5)
    code, said = holder.answer("certificate", "check", certificate, document, typed="")

    as_of = {"height": height, "block": format_hash(block)}
    assert f"not valid as of block {height}: " in early.error
    assert [each["as_of"] for each in (early.facts, *shown)] == [as_of] * 4
    assert all(said.startswith(f"provisional as of block {height}\n") for _, said in told)
    assert code == 0
    assert said.startswith(f"valid as of block {height + 5}\n")


def showing(town: Town, issuer: Person, holder: Person) -> list[tuple[Person, tuple[str, ...]]]:
    """Return how each person shows a certificate."""
    return [
        (holder, ("show",)),
        (issuer, ("certificate", "show")),
        (town.root, ("certificate", "show")),
    ]


def test_whoever_has_no_wallet_checks_by_the_trust_anchor(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    certificate = town.issue(issuer, new_key(holder), 302)
    document = town.document()
    other = tmp_path / "other.json"
    other.write_text('{"name": "somebody else"}')
    nobody = town.person("ccxx-holder", "nobody")
    by_anchor = ("--anchor", town.anchor)
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}

    early = nobody.refused("certificate", "check", certificate, document, *by_anchor, **cache)
    town.mine(5)
    valid = nobody.run("certificate", "check", certificate, document, *by_anchor, **cache)
    wrong = nobody.refused("certificate", "check", certificate, other, *by_anchor, **cache)

    assert early.facts["status"] == "provisional"
    assert valid.code == 0, valid.error
    assert valid.facts["as_of"]["height"] == early.facts["as_of"]["height"] + 5
    assert wrong.facts["matches"] is False
    assert not nobody.folder.exists()


def test_whoever_has_no_wallet_needs_the_right_anchor(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    certificate = town.issue(issuer, new_key(holder), 303)
    altered = json.loads(town.anchor.read_text())
    altered["value"] += 100_000
    anchor = tmp_path / "altered.json"
    anchor.write_text(json.dumps(altered))
    nobody = town.person("ccxx-holder", "nobody")
    words = ("certificate", "check", certificate, town.document(), "--anchor")
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}

    lost = nobody.refused(*words, tmp_path / "none.json", **cache)
    wrong = nobody.refused(*words, anchor, **cache)
    foreign = nobody.refused(*words, town.anchor, CCXX_NETWORK="test", **cache)

    reasons = [each.facts["error"] for each in (lost, wrong, foreign)]
    assert reasons == ["bad-file", "wrong-anchor", "wrong-network"]


def test_a_document_of_a_batch_is_checked_through_its_proof(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    press = town.issuer("bulk-press")
    town.grant(press, "--fan-out", "1")
    rows = tmp_path / "rows.csv"
    rows.write_text("\n".join(["holder_key", *(new_key(holder) for _ in range(3))]))
    type_file = town.folder / "bulk-press-patron-share.granted.json"
    draft = press.do(
        "certificate", "batch", rows, "--type", type_file, "--out", tmp_path / "b.psbt",
        "--documents", tmp_path / "documents",
    )  # fmt: skip
    town.root.do("sign", draft["file"])
    sent = press.do("send", draft["file"])
    town.mine(6)
    one, two = (tmp_path / "documents" / f"certificate-{n}.json" for n in (1, 2))
    lost = ("--proof", tmp_path / "lost.proof.json")

    unread = holder.refused("certificate", "check", f"{sent['txid']}:0", one, *lost)

    assert unread.facts["error"] == "bad-file"
    assert holder.do("certificate", "check", f"{sent['txid']}:0", one)["valid"] is True
    assert (
        holder.refused("certificate", "check", f"{sent['txid']}:0", two).facts["matches"] is False
    )


def test_a_proof_that_cannot_be_read_is_no_verdict(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    certificate = town.issue(issuer, new_key(holder), 304)
    lost = tmp_path / "lost.proof.json"

    refused = holder.refused("certificate", "check", certificate, town.document(), "--proof", lost)

    assert refused.facts["error"] == "bad-file"
    assert f"cannot read {lost}" in refused.error
    assert "matches" not in refused.facts


def test_public_text_needs_a_permit_that_provides_it(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    discreet = town.issuer("discreet")
    town.grant(discreet, "--type", str(DOCUMENTS / "msc-degree.json"))
    words = (
        "certificate", "issue", "--to", new_key(holder), "--document", town.document(),
        "--summary", "Eleni", "--out", tmp_path / "x.psbt",
    )  # fmt: skip

    refusal = discreet.refused(*words)
    anyway = discreet.do(*words, "--public-summary-anyway")

    assert refusal.facts["error"] == "no-public-summary"
    assert anyway["warnings"]


def test_amounts_and_addresses_that_cannot_be(town: Town, holder: Person) -> None:
    address = town.root.do("address")["address"]
    foreign = encode_bech32("bc", [0] + [1] * 32, Encoding.BECH32)

    code, said = holder.answer("pay", address, "-1", typed="")
    refusal = holder.refused("pay", foreign, "1")

    assert code == 2
    assert "amount -1 is outside 0" in said
    assert "belongs to another chain or network" in refusal.error


def test_the_node_names_the_network_of_a_new_root(town: Town) -> None:
    person = town.person("ccxx-root", "asks-the-node")

    made = person.run("init", CCXX_NETWORK="")

    assert made.facts["network"] == "regtest"


def test_no_node_makes_a_wallet_for_main_and_says_so(town: Town) -> None:
    person = town.person("ccxx-root", "asks-in-vain")

    made = person.run("init", CCXX_NETWORK="", CCXX_NODE="127.0.0.1:1")

    assert made.facts["network"] == "main"
    assert "made for main" in made.error


def test_a_passphrase_file_that_is_wrong_is_named(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    file = tmp_path / "passphrase.txt"
    file.write_text("wrong")

    refusal = holder.refused(
        "pay", town.root.do("address")["address"], "0.001", "--passphrase-file", file
    )

    assert f"the passphrase in {file} does not open" in refusal.error


def command(person: Person, *words: str) -> tuple[list[str], dict[str, str]]:
    environment = os.environ | person.environment | {"CCXX_WALLET": str(person.folder)}
    del environment["CCXX_PASSPHRASE"]
    return [program(person.command), *words], environment


def test_without_a_terminal_there_is_one_line(town: Town) -> None:
    payer = town.holder("payer-without-terminal")
    town.mine()
    words, environment = command(payer, "pay", town.root.do("address")["address"], "0.001")

    done = subprocess.run(
        words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, start_new_session=True,
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.startswith("error: nobody can be asked for the passphrase")
    assert done.stderr.count("\n") == 1


def test_a_passphrase_may_be_mistyped_twice(town: Town, holder: Person) -> None:
    words, environment = command(
        holder, "pay", town.root.do("address")["address"], "0.001", "--yes"
    )
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        words, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    said = ""
    for typed in ("wrong", "wrong again", town.environment["CCXX_PASSPHRASE"]):
        while not said.endswith("Passphrase: "):
            said += os.read(ours, 1_000).decode()
        os.write(ours, f"{typed}\n".encode())
        said += " "
    while True:
        try:
            more = os.read(ours, 1_000).decode()
        except OSError:
            break
        if not more:
            break
        said += more
    os.close(ours)

    assert process.wait(60) == 0
    assert said.count("does not open the key file") == 2
    assert said.rindex("Passphrase:") < said.index("This transaction")
    town.mine()


def test_a_reader_that_has_seen_enough_ends_it_quietly(holder: Person) -> None:
    words, environment = command(holder, "status")
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        words, env=environment, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)

    assert done.stderr == ""
