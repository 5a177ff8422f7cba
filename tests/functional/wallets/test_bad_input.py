"""Whatever is wrong, the answer is one line that says what to do, exit code 1, nothing changed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.psbt import Psbt

Town = Any
Person = Any
DOCUMENTS = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"
TRANSFERABLE = DOCUMENTS / "patron-share.json"
NOT_TRANSFERABLE = DOCUMENTS / "msc-degree.json"


@contextmanager
def unchanged(*files: Path) -> Iterator[None]:
    """Check that files and their folders are what they were before."""
    folders = {file.parent for file in files}
    before = {file: file.read_bytes() for file in files}
    names = {folder: sorted(folder.iterdir()) for folder in folders}
    yield
    assert {file: file.read_bytes() for file in files} == before
    assert {folder: sorted(folder.iterdir()) for folder in folders} == names


@pytest.fixture(scope="module")
def key(holder: Person) -> str:
    return str(holder.do("key", "new")["holder_key"])


@pytest.fixture
def draft(town: Town, issuer: Person, key: str, tmp_path: Path) -> Iterator[Path]:
    """A certificate's draft, signed by the issuer alone."""
    file = tmp_path / "draft.psbt"
    drafted = issuer.do(
        "certificate", "issue", "--to", key, "--document", town.document(), "--serial", "900",
        "--out", file,
    )  # fmt: skip
    yield file
    issuer.do("draft", "drop", drafted["txid"])


@pytest.mark.parametrize("command", [("sign",), ("send",), ("finalize",)])
@pytest.mark.parametrize("length", [0, 4, 60, 300])
def test_a_truncated_psbt(town: Town, draft: Path, command: tuple[str, ...], length: int) -> None:
    draft.write_bytes(draft.read_bytes()[:length])

    with unchanged(draft):
        result = town.root.refused(*command, draft)

    assert result.facts["error"] == "bad-file"


def test_a_psbt_for_another_network(town: Town, draft: Path) -> None:
    foreign = replace(Psbt.decode(draft.read_bytes()), network_name="main")
    draft.write_bytes(foreign.encode())

    with unchanged(draft):
        result = town.root.refused("sign", draft)

    assert result.facts["error"] == "wrong-network"


def test_a_psbt_under_another_trust_anchor(town: Town, draft: Path) -> None:
    foreign = replace(Psbt.decode(draft.read_bytes()), anchor_id=bytes(32))
    draft.write_bytes(foreign.encode())

    with unchanged(draft):
        result = town.root.refused("sign", draft)

    assert result.facts["error"] == "wrong-network"


def test_an_output_altered_after_the_first_signature(town: Town, draft: Path) -> None:
    psbt = Psbt.decode(draft.read_bytes())
    outputs = list(psbt.transaction.outputs)
    outputs[-1] = outputs[-1]._replace(value=outputs[-1].value - 1)
    altered = replace(psbt, transaction=replace(psbt.transaction, outputs=tuple(outputs)))
    other = draft.with_name("altered.psbt")
    other.write_bytes(altered.encode())

    with unchanged(draft, other):
        signing = town.root.refused("sign", other)
        joining = town.root.refused("combine", draft, other, "--out", draft.with_name("x.psbt"))

    assert signing.facts["error"] == "altered"
    assert joining.facts["error"] == "different-transactions"


def test_a_lie_about_what_an_input_is_worth(town: Town, draft: Path) -> None:
    psbt = Psbt.decode(draft.read_bytes())
    inputs = list(psbt.inputs)
    claimed = inputs[-1].witness_utxo
    assert claimed is not None
    inputs[-1] = replace(
        inputs[-1], witness_utxo=claimed._replace(value=claimed.value * 2), signatures=()
    )
    draft.write_bytes(replace(psbt, inputs=tuple(inputs)).encode())

    with unchanged(draft):
        result = town.root.refused("sign", draft)

    assert result.facts["error"] == "input-misstated"


def test_a_wallet_without_a_key_in_the_file(holder: Person, draft: Path) -> None:
    with unchanged(draft):
        result = holder.refused("sign", draft)

    assert result.facts["error"] == "nothing-to-sign"


def test_a_file_that_would_spend_our_own_coins(town: Town, tmp_path: Path, issuer: Person) -> None:
    # The thief drafts from the issuer's coins; the issuer's own wallet must not just sign.
    file = tmp_path / "theft.psbt"
    issuer.do(
        "certificate", "issue", "--to", issuer.do("key", "--new")["issuer_key"], "--document",
        town.document(), "--serial", "901", "--out", file,
    )  # fmt: skip
    psbt = Psbt.decode(file.read_bytes())
    theft = replace(psbt, transaction=replace(psbt.transaction, locktime=1))
    bare = tuple(replace(each, signatures=()) for each in theft.inputs)
    file.write_bytes(replace(theft, inputs=bare).encode())

    with unchanged(file):
        result = issuer.refused("sign", file)

    assert result.facts["error"] == "not-our-draft"


@pytest.mark.parametrize("wrong", ["", "zz", "02" + "00" * 31 + "05", "05" + "11" * 32])
def test_a_holder_key_that_is_no_key(
    town: Town, issuer: Person, tmp_path: Path, wrong: str
) -> None:
    result = issuer.refused(
        "certificate", "issue", "--to", wrong, "--document", town.document(), "--out",
        tmp_path / "x.psbt",
    )  # fmt: skip

    assert result.facts["error"] == "wrong-key"
    assert not list(tmp_path.iterdir())


def test_a_holder_key_that_is_a_key_of_the_root(town: Town, issuer: Person, tmp_path: Path) -> None:
    root_key = json.loads(town.anchor.read_text())["root_key"]

    result = issuer.refused(
        "certificate", "issue", "--to", root_key, "--document", town.document(), "--out",
        tmp_path / "x.psbt",
    )  # fmt: skip

    assert result.facts["error"] == "wrong-key"


def test_a_declared_holder_key_that_does_not_fit_the_output(
    town: Town, holder: Person, draft: Path
) -> None:
    other = str(holder.do("key", "new")["holder_key"])
    psbt = Psbt.decode(draft.read_bytes())
    outputs = [
        output._replace(
            script_pubkey=output.script_pubkey.replace(key_x(psbt), bytes.fromhex(other)[1:])
        )
        for output in psbt.transaction.outputs
    ]
    changed = replace(psbt, transaction=replace(psbt.transaction, outputs=tuple(outputs)))
    bare = tuple(replace(each, signatures=()) for each in changed.inputs)
    draft.write_bytes(replace(changed, inputs=bare).encode())

    with unchanged(draft):
        result = town.root.refused("sign", draft)

    assert "holder-key-does-not-match-script" in result.error


def key_x(psbt: Psbt) -> bytes:
    """Return the holder key's x that the message of an ISSUE declares."""
    (message,) = [o for o in psbt.transaction.outputs if o.script_pubkey[:1] == b"\x6a"]
    return message.script_pubkey[-32:]


def test_a_serial_that_is_used_already(
    town: Town, issuer: Person, key: str, tmp_path: Path
) -> None:
    town.issue(issuer, key, 910)

    result = issuer.refused(
        "certificate", "issue", "--to", key, "--document", town.document(), "--serial", "910",
        "--out", tmp_path / "x.psbt",
    )  # fmt: skip

    assert "serial 910 is used already" in result.error
    assert not list(tmp_path.iterdir())


def test_two_drafts_with_one_serial(town: Town, key: str, tmp_path: Path) -> None:
    hasty = town.issuer("hasty")
    town.root.do("pay", hasty.do("address")["address"], "0.01")
    town.grant(hasty)
    one, two = town.draft(hasty, key, 1), tmp_path / "two.psbt"
    hasty.do("draft", "drop", one)
    one.rename(two)
    # Takes the coins of the dropped draft, so that the next one has coins of its own.
    town.draft(hasty, key, 2)
    other = town.draft(hasty, key, 1)
    for file in (two, other):
        town.root.do("sign", file)
    hasty.do("send", two)

    before_its_block = hasty.refused("send", other)
    town.mine()
    after_its_block = hasty.refused("send", other)

    assert "serial-used" in before_its_block.error
    assert "serial-used" in after_its_block.error


@pytest.mark.parametrize("quantity", ["0", "-1", "99999999"])
def test_a_quantity_of_nothing_or_beyond_the_credit(
    town: Town, issuer: Person, tmp_path: Path, quantity: str
) -> None:
    result = town.root.refused(
        "permit", "grant", "--issuer-key", issuer.do("key")["issuer_key"], "--type",
        TRANSFERABLE, f"--quantity={quantity}", "--out", tmp_path / "x.psbt",
    )  # fmt: skip

    assert result.facts["error"] == "not-enough-credit"
    assert not list(tmp_path.iterdir())


def test_more_certificates_than_the_permit_has_left(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    small = town.issuer("small")
    town.grant(small, quantity=1)
    town.issue(small, str(holder.do("key", "new")["holder_key"]), 1)

    result = small.refused(
        "certificate", "issue", "--to", holder.do("key", "new")["holder_key"], "--document",
        town.document(), "--out", tmp_path / "x.psbt",
    )  # fmt: skip

    assert "no permit with credit left" in result.error


def test_a_type_definition_that_is_not_the_permits(
    town: Town, issuer: Person, key: str, tmp_path: Path
) -> None:
    definition = json.loads(NOT_TRANSFERABLE.read_text())
    definition["issuer"]["key"] = issuer.do("key")["issuer_key"]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(definition))
    permit = issuer.do("permit", "list")["permits"][0]["id"]

    with unchanged(other):
        result = issuer.refused(
            "certificate", "issue", "--to", key, "--document", town.document(), "--type", other,
            "--permit", permit, "--out", tmp_path / "x.psbt",
        )  # fmt: skip

    assert result.facts["error"] == "wrong-type-definition"


def test_a_node_that_is_not_running(holder: Person) -> None:
    result = holder.refused("status", CCXX_NODE="127.0.0.1:1")

    assert "no node answers at 127.0.0.1:1" in result.error


def test_a_wrong_node_password(town: Town, holder: Person) -> None:
    node = f"http://somebody:wrong@{town.environment['CCXX_NODE']}"

    result = holder.refused("status", CCXX_NODE=node)

    assert "refused our user name and password" in result.error


def test_a_wrong_passphrase(town: Town, draft: Path) -> None:
    with unchanged(draft):
        result = town.root.refused("sign", draft, CCXX_PASSPHRASE="wrong")

    assert result.facts["error"] == "wrong-passphrase"


def test_a_wallet_that_does_not_exist(town: Town) -> None:
    result = town.person("ccxx-holder", "nobody").refused("list")

    assert result.facts["error"] == "no-wallet"


def test_a_wallet_of_another_command(town: Town, issuer: Person) -> None:
    result = town.person("ccxx-holder", issuer.folder.name).refused("list")

    assert result.facts["error"] == "no-wallet"


def test_an_address_of_another_network(town: Town) -> None:
    result = town.root.refused("pay", "ccx1qw508d6qejxtdg4y5r3zarvary0c5xw7kklcqlf", "1")

    assert result.facts["error"] == "wrong-network"


def test_a_full_disk_while_a_file_is_written(town: Town, draft: Path) -> None:
    with unchanged(draft):
        result = town.root.refused("sign", draft, limit=512)

    assert result.facts["error"] == "cannot-write"


def test_a_full_disk_while_a_wallet_is_made(town: Town) -> None:
    person = town.person("ccxx-holder", "unlucky")

    result = person.refused("init", "--anchor", town.anchor, limit=512)

    assert result.facts["error"] == "cannot-write"
    assert not person.folder.exists()


def test_a_seed_phrase_with_a_wrong_word(town: Town, tmp_path: Path) -> None:
    words = tmp_path / "seed.txt"
    words.write_text("abandon " * 12)
    person = town.person("ccxx-holder", "misspelt")

    result = person.refused("init", "--anchor", town.anchor, "--seed-file", words)

    assert result.facts["error"] == "bad-seed-phrase"
    assert "abandon" not in result.error
    assert not person.folder.exists()


def test_somebody_elses_draft_that_gives_our_certificate_away(
    town: Town, issuer: Person, tmp_path: Path
) -> None:
    victim = town.holder("victim")
    certificate = town.issue(issuer, str(victim.do("key", "new")["holder_key"]), 920)
    file = tmp_path / "gift.psbt"
    to = town.holder("thief", money="").do("key", "new")["holder_key"]
    victim.do("certificate", "transfer", certificate, "--to", to, "--out", file)
    psbt = Psbt.decode(file.read_bytes())
    bare = tuple(replace(each, signatures=()) for each in psbt.inputs)
    changed = replace(psbt.transaction, locktime=1)
    file.write_bytes(replace(psbt, transaction=changed, inputs=bare).encode())

    with unchanged(file):
        result = victim.refused("sign", file)

    assert result.facts["error"] == "not-our-draft"
    victim.do("sign", file, "--spend-own")
