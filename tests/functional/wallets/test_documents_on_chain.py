"""Documents piece by piece on the chain: only their author's pieces count (rule 18)."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccxx_cert.chunks import split
from ccxx_cert.template import message_output
from ccxx_core.address import encode_address
from ccxx_core.hashes import hash160, parse_txid, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.psbt import Psbt, PsbtInput
from ccxx_core.script import p2wpkh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_regtest.processes import Process, program

Town = Any
Person = Any


@pytest.fixture(scope="module")
def author(town: Town) -> Person:
    """An issuer of its own, whose coins no other test moves."""
    person = town.issuer("author")
    town.grant(person)
    town.root.do("pay", person.do("address")["address"], "1")
    town.mine()
    return person


@pytest.fixture(scope="module")
def reader(town: Town) -> Person:
    """A holder who has no document of anybody's."""
    return town.holder("reader")


def issue(town: Town, author: Person, reader: Person, serial: int, document: Path) -> str:
    """Issue a certificate about a document and mine it; return its id."""
    key, file = reader.do("key", "new")["holder_key"], town.folder / f"author-{serial}.psbt"
    author.do(
        "certificate", "issue", "--to", key, "--document", document, "--serial", str(serial),
        "--out", file,
    )  # fmt: skip
    town.root.do("sign", file)
    sent = author.do("send", file)
    town.mine()
    return f"{sent['txid']}:0"


def write_document(path: Path, size: int) -> Path:
    path.write_text(json.dumps({"name": path.stem, "text": "x" * size}))
    return path


def published_by(person: Person, certificate: str) -> dict[str, Any]:
    done: dict[str, Any] = person.do("document", "publish", certificate, "--store", "chain")
    return done


def test_a_small_document_is_published_and_read_back_from_the_pool_and_from_blocks(
    town: Town, author: Person, reader: Person, tmp_path: Path
) -> None:
    document = write_document(tmp_path / "small.json", 300)
    certificate = issue(town, author, reader, 1, document)

    done = published_by(author, certificate)
    early = reader.do("document", "fetch", certificate, "--store", "chain", "--out", tmp_path / "a")
    town.mine()
    late = reader.do("document", "fetch", certificate, "--store", "chain", "--out", tmp_path / "b")

    assert (done["complete"], done["sent"]) == (True, done["pieces"])
    assert early["document_hash"] == late["document_hash"]
    assert sha256((tmp_path / "b").read_bytes()).hex() == late["document_hash"]


def test_what_it_costs_is_told_before_anything_is_sent(
    town: Town, author: Person, reader: Person, tmp_path: Path
) -> None:
    certificate = issue(town, author, reader, 2, write_document(tmp_path / "dear.json", 500))
    before = author.do("status")["spendable"]

    told = author.do("document", "publish", certificate, "--store", "chain", "--dry-run")

    refusal = author.refused(
        "document", "publish", certificate, "--store", "chain", "--max-fee", "0.00001"
    )

    assert (told["sent"], told["complete"]) == (0, False)
    assert float(told["fee_of_pieces"]) > 0.00001
    assert refusal.facts["error"] == "fee-too-high"
    assert told["fee_of_pieces"] in refusal.error
    assert author.do("status")["spendable"] == before


def test_a_long_document_goes_on_where_the_pool_was_full(
    town: Town, author: Person, reader: Person, tmp_path: Path
) -> None:
    document = write_document(tmp_path / "long.json", 60 * 60)
    certificate = issue(town, author, reader, 3, document)

    rounds = [published_by(author, certificate)]
    while not rounds[-1]["complete"]:
        refused = reader.refused("document", "fetch", certificate, "--store", "chain")
        assert refused.facts["error"] == "no-document"
        town.mine()
        rounds.append(published_by(author, certificate))
    town.mine()
    out = tmp_path / "out.json"
    reader.do("document", "fetch", certificate, "--store", "chain", "--out", out)

    assert len(rounds) > 1
    assert sum(each["sent"] for each in rounds) == rounds[0]["pieces"]
    assert [each["already_published"] for each in rounds[1:]] == sorted(
        each["already_published"] for each in rounds[1:]
    )
    assert json.loads(out.read_text()) == json.loads(document.read_text())


def test_a_publisher_that_is_killed_goes_on_and_sends_no_piece_twice(
    town: Town, author: Person, reader: Person, tmp_path: Path
) -> None:
    certificate = issue(town, author, reader, 8, write_document(tmp_path / "killed.json", 1_000))
    town.mine()
    words = ["document", "publish", certificate, "--store", "chain", "--yes", "--no-input"]
    process = Process(
        "ccxx-issuer",
        [program("ccxx-issuer"), *words],
        tmp_path / "log",
        {**author.environment, "CCXX_WALLET": str(author.folder)},
    )
    # The payment and some of the pieces.
    process.wait_until(lambda: len(town.client.call("getrawmempool")) >= 5)
    process.kill()

    done = published_by(author, certificate)
    waiting = len(town.client.call("getrawmempool"))
    town.mine()
    out = tmp_path / "out.json"
    got = reader.do("document", "fetch", certificate, "--store", "chain", "--out", out)

    assert done["complete"] is True
    assert done["already_published"] >= 3
    assert done["sent"] + done["already_published"] == done["pieces"]
    assert waiting <= done["pieces"] + 2
    assert got["file"] == str(out)


def test_publishing_again_sends_nothing(
    town: Town, author: Person, reader: Person, tmp_path: Path
) -> None:
    certificate = issue(town, author, reader, 4, write_document(tmp_path / "once.json", 100))
    published_by(author, certificate)

    again = published_by(author, certificate)

    assert (again["sent"], again["complete"]) == (0, True)


def test_a_strangers_pieces_are_ignored(
    town: Town, author: Person, reader: Person, tmp_path: Path
) -> None:
    certificate = issue(town, author, reader, 5, write_document(tmp_path / "theirs.json", 200))
    body = author.do("document", "publish", certificate, "--store", f"folder:{tmp_path / 'store'}")[
        "place"
    ]
    forged = Path(body).read_bytes()[:-1] + b" "
    send_pieces(town, Path(body).read_bytes(), forged)

    refused = reader.refused("document", "fetch", certificate, "--store", "chain")
    published_by(author, certificate)
    town.mine()
    got = reader.do("document", "fetch", certificate, "--store", "chain", "--out", tmp_path / "o")

    assert refused.facts["error"] == "no-document"
    assert got["document_hash"] == sha256(Path(body).read_bytes()).hex()


def test_only_who_paid_for_the_message_can_publish_on_the_chain(
    town: Town, author: Person, reader: Person, tmp_path: Path
) -> None:
    document = write_document(tmp_path / "not-mine.json", 100)
    issue(town, author, reader, 6, document)

    refused = reader.refused("document", "publish", document, "--store", "chain")

    assert refused.facts["error"] == "wrong-key"


def test_a_document_too_long_for_the_chain_is_refused_before_it_costs_anything(
    town: Town, author: Person, reader: Person, tmp_path: Path
) -> None:
    certificate = issue(town, author, reader, 7, write_document(tmp_path / "huge.json", 4_000_000))

    refused = author.refused("document", "publish", certificate, "--store", "chain")

    assert refused.facts["error"] == "bad-file"


def send_pieces(town: Town, document: bytes, forged: bytes) -> None:
    """Have a stranger put pieces of something else under a document's prefix."""
    stranger = PrivateKey(sha256(b"stranger"))
    script = p2wpkh_script(hash160(stranger.public_key))
    paid = town.root.do("pay", encode_address(script, REGTEST), "0.1")
    town.mine()
    made = town.client.raw_transaction(parse_txid(paid["txid"]), town.client.tip()[1])
    coin = next(n for n, output in enumerate(made.outputs) if output.script_pubkey == script)
    spent, value = OutPoint(made.txid, coin), made.outputs[coin].value
    for message, other in zip(split(document), split(forged), strict=True):
        lie = replace(message, piece=other.piece)
        outputs = (message_output(lie), TxOutput(value - 1_000, script))
        tx = Transaction(version=2, inputs=(TxInput(spent),), outputs=outputs)
        described = PsbtInput(witness_utxo=TxOutput(value, script))
        psbt = Psbt.create(tx, [described], network=REGTEST).sign([stranger])
        town.client.send(psbt.finalize())
        spent, value = OutPoint(tx.txid, 1), value - 1_000
    town.mine()
