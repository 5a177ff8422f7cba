"""A registrar's PDF files on a real node, verified in a browser with and without JavaScript."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from ccxx_cert.batch_tree import BatchTree
from ccxx_cert.bdip import (
    Dialect,
    PdfIssue,
    PdfMessage,
    RevokeCredentials,
    encode_pdf_message,
)
from ccxx_cert.chainpoint import Anchor, AnchorType, Receipt, encode_receipt
from ccxx_cert.vpdf import put_proof
from ccxx_core.address import encode_address
from ccxx_core.hashes import hash160, ripemd160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import null_data_script, p2pkh_script, p2wpkh_script
from ccxx_core.sighash import SIGHASH_ALL, segwit_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

STRANGER = PrivateKey(sha256(b"stranger"))
STRANGER_SCRIPT = p2wpkh_script(hash160(STRANGER.public_key))
COIN, FEE, DUST = 200_000, 10_000, 1_000
VERDICTS = {
    "valid.pdf": "Valid",
    "expired.pdf": "Expired",
    "revoked.pdf": "Revoked",
    "forged.pdf": "Not from this issuer",
    "altered.pdf": "Altered",
}


@dataclass
class Registrar:
    """Who mines on this node also anchors PDF files, from the same address."""

    world: Any
    write: Callable[[Mapping[str, str | int]], bytes]

    @property
    def address(self) -> str:
        return encode_address(self.world.miner_script, REGTEST) or ""

    def file(self, name: str) -> bytes:
        """Write a file that has no proof yet."""
        issuer = {"name": "University", "identity": {"address": self.address, "verification": []}}
        shown = {"n": {"label": "Name", "order": 1, "hide": False, "value": name}}
        return self.write(
            {
                "issuer": json.dumps(issuer),
                "metadata": json.dumps(shown),
                "owner": "",
                "owner_proof": "",
                "version": 2,
                "chainpoint_proof": "",
            }
        )

    def say(self, message: PdfMessage, dialect: Dialect) -> Transaction:
        """Speak from the address, and let a block hold it."""
        payload = encode_pdf_message(dialect, message)
        tx = self.world.pay(TxOutput(0, null_data_script(payload)))
        self.world.mine()
        return tx

    def forge(self, payload: bytes) -> Transaction:
        """Let a stranger pay the address a little, with a message beside it."""
        given = self.world.pay(TxOutput(COIN, STRANGER_SCRIPT))
        self.world.mine()
        spent = (TxInput(OutPoint(given.txid, 0)),)
        outputs = (
            TxOutput(0, null_data_script(payload)),
            TxOutput(DUST, self.world.miner_script),
            TxOutput(COIN - DUST - FEE, STRANGER_SCRIPT),
        )
        tx = Transaction(2, spent, outputs)
        code = p2pkh_script(hash160(STRANGER.public_key))
        signature = STRANGER.sign(segwit_sighash(tx, 0, code, COIN, SIGHASH_ALL))
        witness = (signature + bytes([SIGHASH_ALL]), STRANGER.public_key)
        signed = Transaction(2, (spent[0]._replace(witness=witness),), outputs)
        self.world.node.client.send(signed)
        self.world.mine()
        return signed


def proven(stripped: bytes, tree: BatchTree, leaf: int, tx: Transaction) -> bytes:
    anchors = (Anchor(AnchorType.CCX, tx.txid),)
    receipt = Receipt(sha256(stripped), tree.root, tree.proof(leaf), anchors)
    return put_proof(stripped, encode_receipt(receipt))


@pytest.fixture(scope="module")
def world(lasting_world: Any) -> Any:
    """One chain for all tests here: what each adds to it says nothing about the others' files."""
    return lasting_world


@pytest.fixture(scope="module")
def files(
    world: Any,
    written_pdf: Callable[[Mapping[str, str | int]], bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder of files: two batches in both dialects, a revocation, and a stranger's forgery."""
    registrar = Registrar(world, written_pdf)
    lasting = [registrar.file("Zoë"), registrar.file("Max")]
    tree = BatchTree([sha256(each) for each in lasting])
    tx = registrar.say(PdfIssue("UNicDC", tree.root), Dialect.BDIP)
    valid, revoked = (proven(each, tree, leaf, tx) for leaf, each in enumerate(lasting))
    taken_back = RevokeCredentials(tx.txid, (ripemd160(sha256(lasting[1])),))
    registrar.say(taken_back, Dialect.CRED)

    short = registrar.file("Eve")
    root = BatchTree([sha256(short)])
    ending = registrar.say(PdfIssue("UNicDC", root.root, world.height + 1), Dialect.BDIP)

    false = registrar.file("Mallory")
    forged = BatchTree([sha256(false)])
    payload = encode_pdf_message(Dialect.CRED, PdfIssue("UNicDC", forged.root))
    theirs = registrar.forge(payload)
    world.mine(6)

    folder = tmp_path_factory.mktemp("files")
    (folder / "valid.pdf").write_bytes(valid)
    (folder / "revoked.pdf").write_bytes(revoked)
    (folder / "expired.pdf").write_bytes(proven(short, root, 0, ending))
    (folder / "forged.pdf").write_bytes(proven(false, forged, 0, theirs))
    (folder / "altered.pdf").write_bytes(valid.replace(b"A certificate", b"B certificate"))
    return folder


@pytest.fixture
def plain_page(chromium: Browser) -> Iterator[Page]:
    """A page of a browser that runs no scripts."""
    context = chromium.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def verdict_of(page: Page) -> str:
    return page.locator("section.verdict strong").first.inner_text()


def test_files_are_verified_without_javascript(world: Any, files: Path, plain_page: Page) -> None:
    found = {}

    for name in VERDICTS:
        plain_page.goto(f"{world.url}/verify")
        plain_page.set_input_files("#document", files / name)
        plain_page.get_by_role("button", name="Check", exact=True).click()
        found[name] = verdict_of(plain_page)
        is_green = plain_page.locator("section.verdict.good").count() == 1
        assert is_green is (name == "valid.pdf"), name

    assert found == VERDICTS
    assert plain_page.get_by_text("Only its hash leaves this device").count() == 1
    assert not plain_page.get_by_text("Only its hash leaves this device").is_visible()
    assert not plain_page.get_by_text("Send the file and check it").is_visible()


def test_files_are_verified_with_javascript_when_the_visitor_sends_them(
    world: Any, files: Path, page: Page
) -> None:
    found = {}
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))

    for name in VERDICTS:
        page.goto(f"{world.url}/verify")
        page.set_input_files("#document", files / name)
        sent.clear()
        page.get_by_role("button", name="Check", exact=True).click()
        page.get_by_text("the file itself has to be sent to this explorer").wait_for()
        assert sent == []
        page.get_by_role("button", name="Send the file and check it").click()
        page.locator("section.verdict").first.wait_for()
        found[name] = verdict_of(page)
        assert faults_of(page) == [], name

    assert found == VERDICTS


def faults_of(page: Page) -> list[str]:
    """Name what axe finds, and whether a phone would have to scroll sideways."""
    found = [each["id"] for each in Axe().run(page).response["violations"]]
    page.set_viewport_size({"width": 360, "height": 740})
    wide = page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    return [*found, *(["overflow"] if wide else [])]


def test_document_without_an_inner_proof_stays_on_the_device(world: Any, page: Page) -> None:
    secret = b"a document that is nobody's business"
    bodies: list[str] = []
    page.on("request", lambda request: bodies.append(request.post_data or ""))
    page.goto(f"{world.url}/verify")

    page.set_input_files(
        "#document", {"name": "secret.txt", "mimeType": "text/plain", "buffer": secret}
    )
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text("Only the hash. The file stayed with you.").wait_for()

    assert not any("nobody's business" in body for body in bodies)
    assert any(sha256(secret).hex() in body for body in bodies)
    assert sha256(secret).hex() in page.content()


def test_browser_hashes_json_in_canonical_form(world: Any, page: Page) -> None:
    text = '{"z": [1.50, 1e3, "\\u00e9\\n"], "a": {"b": null, "A": true}}'
    canonical = '{"a":{"A":true,"b":null},"z":[1.5,1000,"é\\n"]}'
    page.goto(f"{world.url}/verify")

    page.set_input_files(
        "#document",
        {"name": "a.json", "mimeType": "application/json", "buffer": text.encode()},
    )
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text("Only the hash. The file stayed with you.").wait_for()

    assert sha256(text.encode()).hex() in page.content()
    assert sha256(canonical.encode()).hex() in page.content()


@pytest.mark.parametrize(
    "text",
    [
        '{"grade": "A", "grade": "F"}',
        '{"a": [{"b": 1, "\\u0062": 2}]}',
        '{"credits": 9007199254740993}',
        '{"credits": 1e400}',
    ],
)
def test_json_that_two_readers_read_differently_has_no_canonical_form(
    world: Any, page: Page, text: str
) -> None:
    bodies: list[str] = []
    page.on("request", lambda request: bodies.append(request.post_data or ""))
    page.goto(f"{world.url}/verify")

    page.set_input_files(
        "#document",
        {"name": "a.json", "mimeType": "application/json", "buffer": text.encode()},
    )
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text("Only the hash. The file stayed with you.").wait_for()

    (body,) = [each for each in bodies if sha256(text.encode()).hex() in each]
    assert re.search(r'name="canonical"\r\n\r\n\r\n', body)


def test_dropped_files_go_to_their_places(world: Any, page: Page) -> None:
    page.goto(f"{world.url}/verify")

    page.evaluate(
        """() => {
            const carrier = new DataTransfer();
            carrier.items.add(new File(["document"], "diploma.bin"));
            carrier.items.add(new File(["{}"], "diploma.proof.json"));
            const event = new DragEvent("drop", {dataTransfer: carrier, bubbles: true});
            document.querySelector("form.verify").dispatchEvent(event);
        }"""
    )

    names = page.evaluate(
        "() => ['document', 'proof'].map((id) => document.getElementById(id).files[0].name)"
    )
    assert names == ["diploma.bin", "diploma.proof.json"]


def test_unreadable_proof_is_a_page_that_helps(world: Any, plain_page: Page) -> None:
    plain_page.goto(f"{world.url}/verify")
    file = {"name": "a.bin", "mimeType": "text/plain", "buffer": b"a"}
    plain_page.set_input_files("#document", file)
    plain_page.set_input_files("#proof", file)

    plain_page.get_by_role("button", name="Check", exact=True).click()

    assert "The proof cannot be read" in plain_page.locator("main .verdict").inner_text()
    assert plain_page.locator("form.verify").is_visible()


def test_batch_shows_its_registrar_what_was_taken_back(world: Any, files: Path, page: Page) -> None:
    page.goto(f"{world.url}/verify")
    page.set_input_files("#document", files / "revoked.pdf")
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("button", name="Send the file and check it").click()

    page.get_by_role("link", name="To the transaction").click()

    page.get_by_role("heading", name="What was taken back").wait_for()
    assert verdict_of(page) == "Batch of PDF files"
    assert faults_of(page) == []
    assert page.get_by_text("One file of the batch is taken back.").count() == 1


def test_anchor_that_waits_for_a_block_proves_nothing_yet(
    world: Any,
    written_pdf: Callable[[Mapping[str, str | int]], bytes],
    plain_page: Page,
) -> None:
    registrar = Registrar(world, written_pdf)
    stripped = registrar.file("Zoë")
    tree = BatchTree([sha256(stripped)])
    payload = encode_pdf_message(Dialect.BDIP, PdfIssue("UNicDC", tree.root))
    tx = world.pay(TxOutput(0, null_data_script(payload)))
    file = {
        "name": "waiting.pdf",
        "mimeType": "application/pdf",
        "buffer": proven(stripped, tree, 0, tx),
    }
    found = []

    for blocks in (0, 1, 5):
        if blocks:
            world.mine(blocks)
        plain_page.goto(f"{world.url}/verify")
        plain_page.set_input_files("#document", file)
        plain_page.get_by_role("button", name="Check", exact=True).click()
        found.append(verdict_of(plain_page))

    assert found == ["Pending: not confirmed yet", "Provisional: not final yet", "Valid"]
