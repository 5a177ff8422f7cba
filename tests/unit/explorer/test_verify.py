"""The verify page: what a document is worth, said of a file, a hash, a proof or an id."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

from ccxx_cert.batch_tree import BatchTree
from ccxx_cert.bdip import (
    Dialect,
    PdfIssue,
    PdfMessage,
    RevokeAddress,
    RevokeBatches,
    RevokeCredentials,
    encode_pdf_message,
)
from ccxx_cert.canonical import encode_canonical
from ccxx_cert.chainpoint import Anchor, AnchorType, Receipt, encode_receipt
from ccxx_cert.records import BatchMessage, ExpiryKind
from ccxx_cert.state import CreditKind
from ccxx_cert.template import draft_batch
from ccxx_cert.vpdf import put_proof, take_proof
from ccxx_core.address import encode_address
from ccxx_core.hashes import Txid, format_hash, ripemd160, sha256
from ccxx_core.network import REGTEST
from ccxx_core.script import null_data_script, solve_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.database.store import Database
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.site import Site
from ccxx_explorer.verification import MOST_BYTES
from ccxx_explorer.web import create_app

Write = Callable[[Mapping[str, str | int]], bytes]


@dataclass
class Registrar:
    """Somebody who anchors PDF files from one address; coins of the chain are all of it."""

    chain: Any
    write: Write
    speaks: bytes = b""
    files: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        coin = self.chain.blocks[-1].block.transactions[0].outputs[0]
        self.speaks = coin.script_pubkey

    @property
    def address(self) -> str:
        return encode_address(self.speaks, REGTEST) or ""

    @property
    def address_hash(self) -> bytes:
        return solve_script(self.speaks).solutions[0]

    def pdf(self, name: str, **changes: str | int) -> bytes:
        """Write a file that has no proof yet."""
        issuer = {"name": "Παν", "identity": {"address": self.address, "verification": []}}
        metadata = {"n": {"label": "Name", "order": 1, "hide": False, "value": name}}
        texts: dict[str, str | int] = {
            "issuer": json.dumps(issuer),
            "metadata": json.dumps(metadata),
            "owner": "",
            "owner_proof": "",
            "version": 2,
            "chainpoint_proof": "",
        }
        return self.write(texts | changes)

    def say(self, message: PdfMessage, dialect: Dialect = Dialect.BDIP) -> Transaction:
        """Speak in a block of its own."""
        said: Transaction = self.chain.say(encode_pdf_message(dialect, message))
        return said

    def issue(self, *stripped: bytes, expiry: int | None = None, **kind: Any) -> list[bytes]:
        """Anchor files as one batch; gives them with their proofs."""
        tree = BatchTree([sha256(each) for each in stripped])
        tx = self.say(PdfIssue("UNicDC", tree.root, expiry), **kind)
        return list(self.proven(tree, stripped, tx.txid))

    def proven(self, tree: BatchTree, stripped: tuple[bytes, ...], txid: Txid) -> Iterator[bytes]:
        anchors = (Anchor(AnchorType.CCX, txid),)
        for leaf, each in enumerate(stripped):
            receipt = Receipt(sha256(each), tree.root, tree.proof(leaf), anchors)
            yield put_proof(each, encode_receipt(receipt))

    def forge(self, payload: bytes) -> Transaction:
        """Let a stranger pay the address, with a message beside it."""
        given = self.chain.say(b"a coin for a stranger")
        outputs = (TxOutput(0, null_data_script(payload)), TxOutput(900, self.speaks))
        tx = Transaction(2, (TxInput(OutPoint(given.txid, 1)),), outputs)
        self.chain.mine(tx)
        return tx

    def deepen(self) -> None:
        for _ in range(6):
            self.chain.mine()


@pytest.fixture
def registrar(chain: Any, written_pdf: Write) -> Registrar:
    return Registrar(chain, written_pdf)


def site_of(chain: Any) -> Site:
    return Site(chain.database, lambda: NodeState(online=True, since=1, height=1))


@pytest.fixture
async def client(chain: Any) -> AsyncIterator[Any]:
    async with TestClient(TestServer(create_app(site_of(chain)))) as opened:
        yield opened


@pytest.fixture
async def told(story: Any) -> AsyncIterator[Any]:
    """A client of the whole story."""
    async with TestClient(TestServer(create_app(story.site()))) as opened:
        yield opened


@pytest.fixture
def check(client: Any) -> Any:
    """Give a function that sends a file and returns the result."""

    async def send(data: bytes, **fields: Any) -> Any:
        return await result_of(client, data, **fields)

    return send


async def result_of(client: Any, data: bytes | None = None, **fields: Any) -> Any:
    reply = await client.post("/verify.json", data=form_of(data, **fields))
    body = await reply.json()
    assert reply.status == 200, body
    return body["result"]


def form_of(data: bytes | None = None, name: str = "file.pdf", **fields: Any) -> FormData:
    form = FormData(quote_fields=False, default_to_multipart=True)
    if data is not None:
        form.add_field("document", data, filename=name)
    for key, value in fields.items():
        if isinstance(value, bytes):
            form.add_field(key, value, filename="x.proof.json")
        else:
            form.add_field(key, value)
    return form


def checks_of(result: Any) -> dict[str, str]:
    return {each["name"]: each["result"] for each in result["checks"]}


async def test_anchored_pdf_is_valid_in_every_check(registrar: Registrar, check: Any) -> None:
    file, other = registrar.issue(registrar.pdf("Zoë"), registrar.pdf("Max"))
    registrar.deepen()

    result = await check(file)

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("valid", "good")
    assert set(checks_of(result).values()) == {"passed"}
    assert list(checks_of(result)) == [
        "integrity",
        "anchoring",
        "confirmations",
        "issuer",
        "expiry",
        "revocation",
    ]
    assert result["pdf"]["issuer_address"] == registrar.address
    assert result["pdf"]["fields"] == [{"label": "Name", "value": "Zoë"}]
    assert (await check(other))["verdict"]["status"] == "valid"


async def test_fresh_pdf_is_provisional(registrar: Registrar, check: Any) -> None:
    (file,) = registrar.issue(registrar.pdf("Zoë"))

    result = await check(file)

    assert result["verdict"]["status"] == "provisional"
    assert checks_of(result)["confirmations"] == "waiting"
    assert "good" not in {each["tone"] for each in result["checks"]}


async def test_changed_page_is_altered(registrar: Registrar, check: Any) -> None:
    (file,) = registrar.issue(registrar.pdf("Zoë"))

    result = await check(file.replace(b"A certificate", b"B certificate"))

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("altered", "bad")
    assert checks_of(result)["integrity"] == "failed"
    assert checks_of(result)["revocation"] == "unknown"


async def test_pdf_with_bytes_behind_its_end_is_altered(registrar: Registrar, check: Any) -> None:
    (file,) = registrar.issue(registrar.pdf("Zoë"))

    assert (await check(file + b"\n%%EOF\n"))["verdict"]["status"] == "altered"


async def test_strangers_payment_to_the_address_forges_nothing(
    registrar: Registrar, check: Any
) -> None:
    stripped = registrar.pdf("Mallory")
    tree = BatchTree([sha256(stripped)])
    forged = registrar.forge(encode_pdf_message(Dialect.CRED, PdfIssue("UNicDC", tree.root)))
    registrar.deepen()
    (file,) = registrar.proven(tree, (stripped,), forged.txid)

    result = await check(file)

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("issuer-mismatch", "bad")
    assert checks_of(result)["issuer"] == "failed"
    assert checks_of(result)["integrity"] == "passed"


@pytest.mark.parametrize("dialect", Dialect)
async def test_revoked_batch_is_revoked(registrar: Registrar, check: Any, dialect: Dialect) -> None:
    (file,) = registrar.issue(registrar.pdf("Zoë"), dialect=dialect)
    receipt = take_proof(file).receipt()
    registrar.say(RevokeBatches((receipt.anchors[0].txid,)), dialect)
    registrar.deepen()

    result = await check(file)

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("batch-revoked", "bad")
    assert result["verdict"]["title"] == "Revoked"
    assert checks_of(result)["revocation"] == "failed"
    assert result["pdf"]["revoked_by"] is not None


async def test_one_file_of_a_batch_is_revoked_and_the_other_is_not(
    registrar: Registrar, check: Any
) -> None:
    revoked, other = registrar.issue(registrar.pdf("Zoë"), registrar.pdf("Max"))
    proven = take_proof(revoked)
    txid = proven.receipt().anchors[0].txid
    registrar.say(RevokeCredentials(txid, (ripemd160(proven.target_hash),)))
    registrar.deepen()

    assert (await check(revoked))["verdict"]["status"] == "credential-revoked"
    assert (await check(other))["verdict"]["status"] == "valid"


async def test_strangers_revocation_revokes_nothing(registrar: Registrar, check: Any) -> None:
    (file,) = registrar.issue(registrar.pdf("Zoë"))
    txid = take_proof(file).receipt().anchors[0].txid
    registrar.forge(encode_pdf_message(Dialect.BDIP, RevokeBatches((txid,))))
    registrar.deepen()

    assert (await check(file))["verdict"]["status"] == "valid"


async def test_address_that_was_given_up_issues_nothing_any_more(
    registrar: Registrar, check: Any
) -> None:
    (before,) = registrar.issue(registrar.pdf("Zoë"))
    registrar.say(RevokeAddress((registrar.address_hash,)))
    (after,) = registrar.issue(registrar.pdf("Max"))
    registrar.deepen()

    assert (await check(before))["verdict"]["status"] == "valid"
    assert (await check(after))["verdict"]["status"] == "address-revoked"


async def test_expiry_is_told_apart_from_everything_else(registrar: Registrar, check: Any) -> None:
    height = len(registrar.chain.blocks) + 3
    (file,) = registrar.issue(registrar.pdf("Zoë"), expiry=height)
    registrar.deepen()

    result = await check(file)

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("expired", "warn")
    assert checks_of(result)["expiry"] == "failed"
    assert checks_of(result)["revocation"] == "passed"


async def test_expired_and_revoked_is_red(registrar: Registrar, check: Any) -> None:
    height = len(registrar.chain.blocks) + 3
    (file,) = registrar.issue(registrar.pdf("Zoë"), expiry=height)
    registrar.say(RevokeBatches((take_proof(file).receipt().anchors[0].txid,)))
    registrar.deepen()

    result = await check(file)

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("expired", "bad")
    assert result["verdict"]["title"] == "Expired and revoked"


async def test_anchor_that_is_not_known_here_is_no_verdict(
    registrar: Registrar, check: Any
) -> None:
    stripped = registrar.pdf("Zoë")
    tree = BatchTree([sha256(stripped)])
    (file,) = registrar.proven(tree, (stripped,), Txid(bytes(32)))

    result = await check(file)

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("not-found", "calm")
    assert checks_of(result)["anchoring"] == "unknown"


async def test_address_of_another_network_is_no_verdict(registrar: Registrar, check: Any) -> None:
    issuer = {"name": "U", "identity": {"address": "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"}}
    (file,) = registrar.issue(registrar.pdf("Zoë", issuer=json.dumps(issuer)))

    result = await check(file)

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("other-network", "calm")


async def test_receipt_beside_any_file_tells_who_anchored_it(
    registrar: Registrar, check: Any
) -> None:
    data = b"any file whatever"
    tree = BatchTree([sha256(data)])
    tx = registrar.say(PdfIssue("UNicDC", tree.root))
    registrar.deepen()
    receipt = Receipt(sha256(data), tree.root, (), (Anchor(AnchorType.BTC_TEST, tx.txid),))

    result = await check(data, proof=encode_receipt(receipt).encode())

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("anchored", "warn")
    assert checks_of(result)["issuer"] == "unknown"
    assert registrar.address in json.dumps(result["checks"])


async def test_hostile_metadata_is_shown_as_text(registrar: Registrar, client: Any) -> None:
    issuer = {
        "name": "<script>alert(1)</script>\u202egnp",
        "identity": {"address": registrar.address},
    }
    (file,) = registrar.issue(registrar.pdf("<img src=x>", issuer=json.dumps(issuer)))

    reply = await client.post(
        "/verify", data=form_of(file, name="../../etc/\u202e<b>passwd</b>.pdf")
    )
    page = await reply.text()

    assert reply.status == 200
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "<b>passwd" not in page
    assert "\u202e" not in page
    assert "&lt;U+202E&gt;" in page
    assert "etc/" not in page


async def test_page_says_what_the_json_says(registrar: Registrar, client: Any) -> None:
    (file,) = registrar.issue(registrar.pdf("Zoë"))
    registrar.deepen()

    page = await (await client.post("/verify", data=form_of(file))).text()

    assert '<section class="verdict good"' in page
    assert "<strong>Valid</strong>" in page
    assert "The file itself. It was looked at in memory and is kept nowhere." in page
    assert "This page as JSON" not in page


async def test_recorded_files_are_not_anchored_on_this_chain(vectors: Path, check: Any) -> None:
    for path in sorted((vectors / "pdf").glob("*.pdf")):
        result = await check(path.read_bytes())

        assert result["verdict"]["status"] == "not-found", path.name
        assert checks_of(result)["integrity"] == "passed"


async def test_document_of_a_certificate_leads_to_it(story: Any, told: Any, named: Any) -> None:
    result = await result_of(told, b"document", name="diploma.bin")

    assert result["submitted"]["sha256"] == sha256(b"document").hex()
    assert named(story.single) in {each["id"] for each in result["certificates"]}


async def test_document_is_compared_with_the_certificate_that_is_named(
    story: Any, told: Any, named: Any
) -> None:
    right = await result_of(told, b"document", q=named(story.single))
    wrong = await result_of(told, b"another", q=named(story.single))

    assert (right["verdict"]["status"], checks_of(right)["document"]) == ("valid", "passed")
    assert right["url"] == f"/certificate/{named(story.single)}"
    assert (wrong["verdict"]["status"], wrong["verdict"]["tone"]) == ("wrong-document", "bad")
    assert checks_of(wrong)["document"] == "failed"


async def test_certificate_of_a_batch_wants_its_proof(story: Any, told: Any, named: Any) -> None:
    result = await result_of(told, b"some document", q=named(story.first_of_batch))

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("not-compared", "calm")
    assert checks_of(result)["document"] == "unknown"
    assert "NAME.proof.json" in result["verdict"]["words"]
    assert "good" not in {each["tone"] for each in result["checks"]}


async def test_document_beside_an_unknown_certificate_is_not_judged_by_another(
    told: Any,
) -> None:
    reply = await told.post("/verify.json", data=form_of(b"document", q=f"{'11' * 32}:0"))

    assert reply.status == 404
    assert (await reply.json())["error"]["code"] == "not-found"


async def test_destroyed_certificate_is_not_merely_invalid(
    story: Any, told: Any, named: Any
) -> None:
    result = await result_of(told, b"document", q=named(story.fixed))

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("destroyed", "bad")
    assert checks_of(result)["document"] == "passed"
    assert "good" not in {each["tone"] for each in result["checks"]}


@pytest.mark.parametrize(
    "spelling", ["{}", "https://example.org/certificate/{}?lang=de", "{}.json"]
)
async def test_id_or_link_leads_to_the_certificate(
    story: Any, told: Any, named: Any, spelling: str
) -> None:
    name = named(story.single)
    text = spelling.format(name) if spelling != "{}.json" else f"/certificate/{name}.json"

    reply = await told.get("/verify.json", params={"q": text})
    result = (await reply.json())["result"]

    assert result["url"] == f"/certificate/{name}"
    assert checks_of(result)["document"] == "unknown"


async def test_form_with_an_id_and_no_files_is_answered(story: Any, told: Any, named: Any) -> None:
    form = form_of(q=named(story.single))
    for name in ("document", "proof"):
        # Browsers send a field of no file, with no name.
        form.add_field(name, b"", filename="", content_type="application/octet-stream")

    reply = await told.post("/verify.json", data=form)
    result = (await reply.json())["result"]

    assert result["url"] == f"/certificate/{named(story.single)}"


async def test_hash_alone_finds_what_the_file_would(story: Any, told: Any, named: Any) -> None:
    digest = sha256(b"document").hex()

    reply = await told.get("/verify.json", params={"hash": digest})
    result = (await reply.json())["result"]

    assert named(story.single) in {each["id"] for each in result["certificates"]}
    assert result["submitted"]["uploaded"] is False


async def test_other_ids_lead_to_their_pages(story: Any, told: Any, hexed: Any) -> None:
    txid = hexed(story.transfer.txid)

    reply = await told.get("/verify.json", params={"q": txid})
    result = (await reply.json())["result"]

    assert (result["verdict"]["status"], result["url"]) == ("transaction", f"/tx/{txid}")


async def test_unknown_document_is_no_verdict(told: Any) -> None:
    result = await result_of(told, b"never certified")

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("not-found", "calm")
    assert result["checks"] == []


async def test_layout_of_json_does_not_matter(told: Any) -> None:
    first = await result_of(told, b'{"b": 1, "a": [1.0]}', name="a.json")
    second = await result_of(told, b'{\n "a": [1],\n "b": 1\n}', name="b.json")

    assert first["submitted"]["kind"] == "credential"
    assert first["submitted"]["document_hash"] == second["submitted"]["document_hash"]
    canonical = encode_canonical({"a": [1], "b": 1})
    assert first["submitted"]["document_hash"] == sha256(canonical).hex()


async def test_root_of_a_batch_of_pdfs_leads_to_its_transaction(
    registrar: Registrar, client: Any
) -> None:
    tree = BatchTree([sha256(b"one"), sha256(b"two")])
    tx = registrar.say(PdfIssue("UNicDC", tree.root))

    reply = await client.get("/verify.json", params={"q": tree.root.hex()})

    assert (await reply.json())["result"]["url"] == f"/tx/{format_hash(tx.txid)}"


async def test_empty_page_asks_for_something(told: Any) -> None:
    page = await (await told.get("/verify")).text()

    assert 'enctype="multipart/form-data"' in page
    assert '<label for="document">' in page
    assert (await (await told.get("/verify.json")).json()) == {
        "result": None,
        "most_bytes": MOST_BYTES,
    }


@pytest.fixture
def shown(client: Any) -> Any:
    """Give a function that returns what the page of a transaction says of PDF certificates."""

    async def read(txid: bytes) -> Any:
        page = await client.get(f"/tx/{format_hash(txid)}")
        assert page.status == 200
        return (await (await client.get(f"/tx/{format_hash(txid)}.json")).json())["pdf_batch"]

    return read


async def test_transaction_of_a_batch_says_who_spoke_and_what_it_is_worth(
    registrar: Registrar, shown: Any
) -> None:
    tree = BatchTree([sha256(b"one"), sha256(b"two")])
    tx = registrar.say(PdfIssue("UNicDC", tree.root, 2_000_000_000))
    registrar.deepen()

    batch = await shown(tx.txid)

    assert (batch["verdict"]["status"], batch["operation"]) == ("valid", "issue")
    assert batch["speakers"] == [registrar.address]
    assert (batch["issuer_id"], batch["merkle_root"]) == ("UNicDC", tree.root.hex())
    assert batch["expiry"]["time"] == 2_000_000_000
    assert batch["revocations"] == []


async def test_transaction_of_a_batch_lists_what_takes_it_back(
    registrar: Registrar, shown: Any
) -> None:
    tx = registrar.say(PdfIssue("UNicDC", sha256(b"root")))
    one = registrar.say(RevokeCredentials(tx.txid, (bytes(20), bytes(range(20)))))
    forged = registrar.forge(encode_pdf_message(Dialect.BDIP, RevokeBatches((tx.txid,))))
    registrar.deepen()
    stands = await shown(tx.txid)
    whole = registrar.say(RevokeBatches((tx.txid,)))

    revoked = await shown(tx.txid)

    assert stands["verdict"]["status"] == "valid"
    assert [line["txid"] for line in stands["revocations"]] == [format_hash(one.txid)]
    assert stands["revocations"][0]["hashes"] == [bytes(20).hex(), bytes(range(20)).hex()]
    assert revoked["verdict"]["status"] == "batch-revoked"
    assert revoked["revocations"][1]["txid"] == format_hash(whole.txid)
    assert (await shown(whole.txid))["verdict"]["status"] == "counts"
    assert (await shown(forged.txid))["verdict"]["status"] == "no-authority"


async def test_batch_of_an_address_that_was_given_up_is_revoked(
    registrar: Registrar, shown: Any
) -> None:
    giving = registrar.say(RevokeAddress((registrar.address_hash,)))
    tx = registrar.say(PdfIssue("UNicDC", sha256(b"root")))

    assert (await shown(giving.txid))["verdict"]["status"] == "counts"
    assert (await shown(tx.txid))["verdict"]["status"] == "address-revoked"


async def test_expired_batch_is_said_to_be_expired(registrar: Registrar, shown: Any) -> None:
    tx = registrar.say(PdfIssue("U", sha256(b"root"), len(registrar.chain.blocks)))
    registrar.deepen()

    batch = await shown(tx.txid)

    assert (batch["verdict"]["status"], batch["verdict"]["tone"]) == ("expired", "warn")


async def test_ordinary_transaction_has_no_such_section(story: Any, told: Any, hexed: Any) -> None:
    reply = await told.get(f"/tx/{hexed(story.transfer.txid)}.json")

    assert (await reply.json())["pdf_batch"] is None


async def test_reorganisation_takes_messages_back(registrar: Registrar, check: Any) -> None:
    (file,) = registrar.issue(registrar.pdf("Zoë"))
    registrar.say(RevokeBatches((take_proof(file).receipt().anchors[0].txid,)))
    revoked = await check(file)

    registrar.chain.disconnect()
    standing = await check(file)
    registrar.chain.disconnect()

    assert revoked["verdict"]["status"] == "batch-revoked"
    assert standing["verdict"]["status"] == "provisional"
    assert (await check(file))["verdict"]["status"] == "not-found"


DOCUMENTS = tuple(f"document {number}".encode() for number in range(5))


@dataclass
class Batch:
    """Certificates of one batch, and the proofs that their holders have."""

    first: OutPoint
    tree: BatchTree

    def proof(self, leaf: int, /, **changes: Any) -> bytes:
        fields = {
            "leaf": leaf,
            "document_hash": sha256(DOCUMENTS[leaf]).hex(),
            "merkle_root": self.tree.root.hex(),
            "proof": [{step.side.value: step.digest.hex()} for step in self.tree.proof(leaf)],
        }
        return json.dumps(fields | changes).encode()

    def name(self, leaf: int) -> str:
        return f"{format_hash(self.first.txid)}:{leaf}"


@pytest.fixture
def batch(chain: Any) -> Batch:
    """Five certificates of one batch, each about a document."""
    tree = BatchTree([sha256(each) for each in DOCUMENTS])
    permit = chain.grant()
    message = BatchMessage(
        serial_start=1,
        count=5,
        merkle_root=tree.root,
        text="",
        expiry_kind=ExpiryKind.PERMIT,
    )
    scripts = [chain.learn(f"holder {number}") for number in range(5)]
    tx = chain.draft(draft_batch(message, scripts, chain.coin(CreditKind.PERMIT, permit)))
    chain.mine(tx)
    for _ in range(6):
        chain.mine()
    return Batch(OutPoint(tx.txid, 0), tree)


@pytest.mark.parametrize("leaf", range(5))
async def test_document_of_a_batch_is_found_by_its_proof(
    batch: Batch, check: Any, leaf: int
) -> None:
    result = await check(DOCUMENTS[leaf], proof=batch.proof(leaf))

    assert (result["verdict"]["status"], checks_of(result)["document"]) == ("valid", "passed")
    assert result["url"] == f"/certificate/{batch.name(leaf)}"


async def test_document_of_a_batch_is_compared_with_the_certificate_that_is_named(
    batch: Batch, check: Any
) -> None:
    right = await check(DOCUMENTS[2], proof=batch.proof(2), q=batch.name(2))
    other = await check(DOCUMENTS[2], proof=batch.proof(2), q=batch.name(3))
    false = await check(b"another", proof=batch.proof(2), q=batch.name(2))

    assert checks_of(right)["document"] == "passed"
    assert other["verdict"]["status"] == "wrong-document"
    assert false["verdict"]["status"] == "wrong-document"


@pytest.mark.parametrize(
    ("changes", "status", "tone"),
    [
        ({"document_hash": "00" * 32}, "proof-of-another", "bad"),
        ({"merkle_root": "00" * 32}, "broken-proof", "bad"),
        ({"proof": []}, "broken-proof", "bad"),
        ({"leaf": 1}, "broken-proof", "bad"),
    ],
)
async def test_proof_that_does_not_fit_is_said_so(
    batch: Batch, check: Any, changes: dict[str, Any], status: str, tone: str
) -> None:
    result = await check(DOCUMENTS[0], proof=batch.proof(0, **changes))

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == (status, tone)
    assert result["certificates"] == []


async def test_inner_node_of_a_batch_is_no_document(batch: Batch, check: Any) -> None:
    left, right = (sha256(each) for each in DOCUMENTS[:2])
    steps = [{step.side.value: step.digest.hex()} for step in batch.tree.proof(0)[1:]]
    inner = left + right

    proof = batch.proof(0, document_hash=sha256(inner).hex(), proof=steps)
    result = await check(inner, proof=proof)

    assert result["verdict"]["status"] == "broken-proof"


async def test_proof_of_a_batch_on_another_chain_is_no_verdict(check: Any) -> None:
    alone = {"leaf": 0, "document_hash": sha256(b"x").hex(), "merkle_root": sha256(b"x").hex()}

    result = await check(b"x", proof=json.dumps(alone | {"proof": []}).encode())

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("not-found", "calm")


async def test_without_a_trust_anchor_pdf_files_are_still_judged(
    tmp_path: Path, registrar: Registrar
) -> None:
    (file,) = registrar.issue(registrar.pdf("Zoë"))
    registrar.deepen()
    database = Database.open(tmp_path / "bare.sqlite", REGTEST, None)
    database.connect_blocks(registrar.chain.blocks)
    site = Site(database, lambda: NodeState(online=True, since=1, height=1))

    async with TestClient(TestServer(create_app(site))) as client:
        anchored = await result_of(client, file)
        other = await result_of(client, b"a document")
    database.close()

    assert anchored["verdict"]["status"] == "valid"
    assert other["verdict"]["status"] == "not-found"
    assert "trust anchor" in other["verdict"]["words"]


async def test_right_document_leaves_no_question_of_integrity(batch: Batch, check: Any) -> None:
    result = await check(DOCUMENTS[1], proof=batch.proof(1))

    assert "integrity" not in checks_of(result)
    assert checks_of(result)["document"] == "passed"


async def test_verdict_names_the_certificate(batch: Batch, check: Any) -> None:
    result = await check(DOCUMENTS[1], proof=batch.proof(1))

    assert result["subject"]["serial"] == 2
    assert result["subject"]["title"]
    assert result["subject"]["claimed_name"] is None


async def test_unknown_document_is_first_asked_for_its_proof(told: Any) -> None:
    result = await result_of(told, b"never certified")

    assert result["verdict"]["words"].startswith("It may be one of a batch: ask for its proof")


async def test_unknown_hash_of_a_file_may_be_of_a_changed_one(client: Any) -> None:
    digest = sha256(b"never certified").hex()

    worked_out = await client.post("/verify.json", data=form_of(hash=digest))
    pasted = await client.get("/verify.json", params={"q": digest})
    words = (await worked_out.json())["result"]["verdict"]["words"]
    words_of_paste = (await pasted.json())["result"]["verdict"]["words"]

    assert "may also have been changed" in words
    assert "PDF" not in words
    assert "may also have been changed" in words_of_paste
    assert "PDF" in words_of_paste


async def test_document_beside_a_mistyped_id_is_judged_by_no_other(client: Any) -> None:
    reply = await client.post("/verify.json", data=form_of(b"some document", q="ccert1qqqq"))

    assert reply.status == 400
    assert "its checksum does not match" in (await reply.json())["error"]["message"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "There is nothing to check."),
        ({"proof": b"no proof"}, "The proof cannot be read"),
    ],
)
async def test_form_stands_again_under_what_was_wrong(
    told: Any, files: dict[str, Any], words: str
) -> None:
    reply = await told.post("/verify", data=form_of(**files, lang="en"))
    page = await reply.text()

    assert reply.status == 400
    assert words in page
    assert '<form class="verify card"' in page


async def test_swapped_files_are_told_apart(batch: Batch, client: Any) -> None:
    form = form_of(batch.proof(0), proof=DOCUMENTS[0])

    reply = await client.post("/verify", data=form)

    assert reply.status == 400
    assert "Are the two files swapped?" in await reply.text()


async def test_proof_alone_asks_for_its_document(batch: Batch, client: Any, check: Any) -> None:
    as_document = await check(batch.proof(0))
    reply = await client.post("/verify.json", data=form_of(proof=batch.proof(0)))

    assert as_document["verdict"]["status"] == "proof-alone"
    assert (await reply.json())["error"]["message"] == "This is a proof, not a document."


async def test_good_news_is_dated_while_the_node_is_away(batch: Batch, chain: Any) -> None:
    away = Site(chain.database, lambda: NodeState(online=False, since=1))

    async with TestClient(TestServer(create_app(away))) as client:
        result = await result_of(client, DOCUMENTS[0], proof=batch.proof(0))
        page = await (await client.get(f"/certificate/{batch.name(0)}")).text()

    assert (result["verdict"]["status"], result["verdict"]["tone"]) == ("valid", "warn")
    assert result["verdict"]["title"].startswith("Valid as of block ")
    assert "good" not in {each["tone"] for each in result["checks"]}
    assert '<section class="verdict good"' not in page
    assert "</time>. The node does not answer" in page


async def test_name_in_the_file_is_told_as_the_files_own_word(chain: Any, check: Any) -> None:
    degree = {"credentialSubject": {"name": "Zoë \u202e<b>"}}
    message = BatchMessage(
        serial_start=1,
        count=1,
        merkle_root=BatchTree([sha256(encode_canonical(degree))]).root,
        text="",
        expiry_kind=ExpiryKind.PERMIT,
    )
    coin = chain.coin(CreditKind.PERMIT, chain.grant())
    tx = chain.draft(draft_batch(message, [chain.learn("holder")], coin))
    chain.mine(tx)

    right = await check(json.dumps(degree).encode(), q=f"{format_hash(tx.txid)}:0")
    wrong = await check(b'{"name": "Mallory"}', q=f"{format_hash(tx.txid)}:0")

    assert right["subject"]["claimed_name"] == "Zoë <U+202E><b>"
    assert wrong["subject"]["claimed_name"] is None
