"""Documents on the chain: only their author's pieces, only whole, only with the right hash."""

from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ccxx_cert.chunks import split
from ccxx_cert.identity import certificate_id, format_outpoint
from ccxx_cert.records import ChunkMessage
from ccxx_cert.template import message_output
from ccxx_core.hashes import sha256
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.site import Site
from ccxx_explorer.web import create_app

DOCUMENT = b'{"name":"Ada","text":"' + b"x" * 150 + b'"}'
PDF = b"%PDF-1.7\n<script>alert(1)</script>" + bytes(70)


async def get(chain: Any, path: str) -> tuple[int, bytes, Any]:
    """Ask the web server; returns status, body and headers."""
    state = NodeState(online=True, since=0, height=len(chain.blocks) - 1)
    app = create_app(Site(chain.database, lambda: state))
    async with TestClient(TestServer(app)) as client:
        answer = await client.get(path, headers={"Accept": "text/html,*/*"})
        return answer.status, await answer.read(), answer.headers


def issue(chain: Any, document: bytes) -> OutPoint:
    certificate: OutPoint = chain.issue(chain.grant(), 1, "alice", doc_hash=sha256(document))
    return certificate


def publish(chain: Any, messages: Sequence[ChunkMessage], by: str | None = None) -> None:
    """Put pieces in a block each: of the author, who paid for the message, or of somebody else."""
    for message in messages:
        if by is None:
            # The plain coins of this chain are the miner's, who also paid for every message.
            outputs = (message_output(message), TxOutput(1_000, b"\x51"))
            chain.mine(chain.spend((), outputs))
        else:
            paid = chain.spend((), (TxOutput(5_000, by.encode()),))
            said = Transaction(2, (TxInput(OutPoint(paid.txid, 0)),), (message_output(message),))
            chain.mine(paid, said)


@pytest.mark.parametrize(
    ("document", "kind", "ending"),
    [(DOCUMENT, "application/vc", "json"), (PDF, "application/pdf", "pdf")],
)
async def test_a_document_on_the_chain_is_handed_out_as_a_file(
    chain: Any, document: bytes, kind: str, ending: str
) -> None:
    certificate = issue(chain, document)
    publish(chain, split(document))

    status, body, headers = await get(chain, f"/certificate/{certificate_id(certificate)}/document")

    assert (status, body) == (200, document)
    assert headers["Content-Type"] == kind
    assert headers["Content-Disposition"].startswith("attachment; ")
    assert headers["Content-Disposition"].endswith(f'.{ending}"')
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


async def test_the_certificates_page_leads_to_its_document(chain: Any) -> None:
    certificate = issue(chain, DOCUMENT)
    page = f"/certificate/{format_outpoint(certificate)}"
    before = (await get(chain, page))[1]
    publish(chain, split(DOCUMENT))

    after = (await get(chain, page))[1]

    assert b"/document" not in before
    assert f'href="{page}/document"'.encode() in after


async def test_half_a_document_is_none(chain: Any) -> None:
    certificate = issue(chain, DOCUMENT)
    publish(chain, split(DOCUMENT)[1:])

    status, _, _ = await get(chain, f"/certificate/{format_outpoint(certificate)}/document")

    assert status == 404


async def test_a_strangers_pieces_count_for_nothing(chain: Any) -> None:
    certificate = issue(chain, DOCUMENT)
    publish(chain, split(DOCUMENT), by="\x51")

    path = f"/certificate/{format_outpoint(certificate)}/document"
    before, _, _ = await get(chain, path)
    publish(chain, split(DOCUMENT))
    after, body, _ = await get(chain, path)

    assert (before, after) == (404, 200)
    assert body == DOCUMENT


async def test_pieces_that_do_not_hash_right_are_not_handed_out(chain: Any) -> None:
    certificate = issue(chain, DOCUMENT)
    first, *rest = split(DOCUMENT)
    lie = ChunkMessage(first.digest_prefix, 0, first.count, first.piece[::-1])
    publish(chain, [lie, *rest, first])

    status, _, _ = await get(chain, f"/certificate/{format_outpoint(certificate)}/document")

    assert status == 404


async def test_a_block_that_goes_takes_its_piece_with_it(chain: Any) -> None:
    certificate = issue(chain, DOCUMENT)
    publish(chain, split(DOCUMENT))
    chain.disconnect()

    status, _, _ = await get(chain, f"/certificate/{format_outpoint(certificate)}/document")

    assert status == 404


@pytest.mark.parametrize("name", ["nothing", "00" * 32 + ":0"])
async def test_a_document_of_nothing_is_a_page_that_helps(chain: Any, name: str) -> None:
    status, body, headers = await get(chain, f"/certificate/{name}/document")

    assert status == 404
    assert headers["Content-Type"].startswith("text/html")
    assert b"not known here" in body
