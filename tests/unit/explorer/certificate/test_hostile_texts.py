"""Whatever people write on the chain is shown as text, never obeyed."""

import html
import json
from typing import Any

import pytest

from ccxx_cert.chunks import split
from ccxx_cert.template import message_output
from ccxx_core.hashes import sha256
from ccxx_core.transaction import TxOutput
from ccxx_explorer.facts import DocumentField
from ccxx_explorer.views.document import document_facts

SCRIPT = "<script>alert(1)</script>"
EVIL = {
    "name": f"{SCRIPT}\u202eevil\u0000\u2066",
    "<img src=x onerror=alert(1)>": {"deep": [1, True, None, "x" * 5_000, {}]},
    "link": "javascript:alert(1)",
}
DOCUMENT = json.dumps(EVIL, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def publish(chain: Any, document: bytes) -> None:
    for message in split(document):
        outputs = (message_output(message), TxOutput(1_000, b"\x51"))
        chain.mine(chain.spend((), outputs))


@pytest.fixture
def bold(chain: Any) -> Any:
    """A certificate whose every text is markup."""
    permit = chain.grant(title='"><script>x</script>', code="<i>&'\"")
    return chain.issue(permit, 1, "alice", tail="<svg onload=alert(1)>")


@pytest.mark.parametrize(
    "path", ["certificate/{}", "certificates", "permits", "issuers", "root", ""]
)
async def test_texts_of_the_chain_are_escaped_wherever_they_are_shown(
    chain: Any, bold: Any, named: Any, serving: Any, path: str
) -> None:
    async with serving(chain) as get:
        page = await get("/" + path.format(named(bold)))

    for markup in ("<script>x", "<svg onload", "<i>&"):
        assert markup not in page


async def test_filter_that_is_markup_is_said_back_as_text(chain: Any, serving: Any) -> None:
    async with serving(chain) as get:
        page = await get("/certificates?type=%3Cb%3E%E2%80%AE")

    assert "<b>" not in page
    assert "&lt;b&gt;&lt;U+202E&gt;" in page


async def test_json_document_is_a_table_of_text(chain: Any, named: Any, serving: Any) -> None:
    certificate = chain.issue(chain.grant(), 1, "alice", doc_hash=sha256(DOCUMENT))
    publish(chain, DOCUMENT)

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")
        page = await get(f"/certificate/{named(certificate)}")

    document = facts["document"]
    integrity = facts["checks"][0]
    assert (document["media_type"], document["size"]) == ("application/vc", len(DOCUMENT))
    assert document["hash"] == facts["document_hash"]
    assert (integrity["name"], integrity["result"]) == ("integrity", "passed")
    assert SCRIPT not in page and "<img" not in page and "\u202e" not in page
    assert f"{SCRIPT}<U+202E>evil<U+0000><U+2066>" in html.unescape(page)
    assert 'href="javascript' not in page


async def test_pdf_is_named_and_not_shown(chain: Any, named: Any, serving: Any) -> None:
    pdf = b"%PDF-1.7\n<script>alert(1)</script>" + bytes(80)
    certificate = chain.issue(chain.grant(), 1, "alice", doc_hash=sha256(pdf))
    publish(chain, pdf)

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")
        page = await get(f"/certificate/{named(certificate)}")

    assert facts["document"]["media_type"] == "application/pdf"
    assert facts["document"]["fields"] == []
    assert "It is not shown here" in page
    assert "alert(1)" not in page
    assert not {"<iframe", "<object", "<embed"} & set(page.split())


async def test_pieces_that_make_no_whole_are_said_and_not_handed_out(
    chain: Any, named: Any, serving: Any
) -> None:
    certificate = chain.issue(chain.grant(), 1, "alice", doc_hash=sha256(DOCUMENT))
    for message in split(DOCUMENT)[:2]:
        chain.mine(chain.spend((), (message_output(message), TxOutput(1_000, b"\x51"))))

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")
        await get(f"/certificate/{named(certificate)}/document", 404)

    assert facts["document"] is None
    assert "pieces of the document" in facts["checks"][0]["words"]


async def test_only_leaf_of_a_batch_of_one_is_its_document(
    chain: Any, named: Any, serving: Any
) -> None:
    certificate = chain.batch(chain.grant(), 1, 1)
    publish(chain, b"leaves")

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")

    assert facts["document"]["hash"] == sha256(b"leaves").hex()


def test_deep_documents_are_walked_in_their_order_and_cut_where_they_are_long() -> None:
    wide = json.dumps({"list": list(range(500))}).encode()

    deep = document_facts(DOCUMENT, sha256(DOCUMENT), "/x")
    cut = document_facts(wide, sha256(wide), "/x")

    assert [field.path[0] for field in deep.fields][-1] == "name"
    assert DocumentField(("<img src=x onerror=alert(1)>", "deep", "2"), "true") in deep.fields
    assert max(len(field.value) for field in deep.fields) <= 2_001
    assert (len(cut.fields), cut.truncated) == (200, True)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{\xff}", b'{"a":' * 5_000, bytes(300), b"\x30\x82\x01", b'{"a":1,"a":2}']
)
def test_any_bytes_have_a_description(body: bytes) -> None:
    facts = document_facts(body, sha256(body), "/x")

    assert facts.size == len(body)
    assert facts.fields == ()


async def test_printed_sheet_has_the_verdict_its_block_and_every_id_in_full(
    story: Any, named: Any, serving: Any
) -> None:
    async with serving(story) as get:
        facts = await get(f"/certificate/{named(story.single)}.json")
        page = await get(f"/certificate/{named(story.single)}")

    sheet = page.split('<section class="sheet"')[1]
    for text in (
        "Valid",
        f"As of block {facts['as_of']['height']}",
        facts["certificate_id"],
        facts["id"],
        facts["permit"]["id"],
        facts["document_hash"],
        facts["issuer_key"],
        facts["address"],
        facts["root"]["id"],
    ):
        assert text in sheet
    assert "QR code of" in sheet
