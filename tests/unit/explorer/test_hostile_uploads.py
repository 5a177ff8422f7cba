"""Whatever is sent to the verify page, it answers with help, soon, and holds little of it."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from io import BytesIO
from typing import Any

import pytest
from aiohttp import FormData, MultipartWriter
from aiohttp.test_utils import TestClient, TestServer

from ccxx_explorer.verification import MOST_BYTES
from ccxx_explorer.verify_endpoints import UPLOADS
from ccxx_explorer.web import create_app

Write = Callable[[Mapping[str, str | int]], bytes]
MEGABYTE = 1_000_000
# A shared file system of a test machine is slow, a helpful answer must not be.
MOST_MEMORY = 6 * MOST_BYTES


@pytest.fixture
async def client(story: Any) -> AsyncIterator[Any]:
    async with TestClient(TestServer(create_app(story.site()))) as opened:
        yield opened


@pytest.fixture
def send(client: Any) -> Any:
    """Give a function that sends a form and returns status and JSON."""

    async def post(path: str = "/verify.json", **parts: Any) -> tuple[int, Any]:
        form = FormData(default_to_multipart=True)
        for name, value in parts.items():
            if isinstance(value, bytes):
                form.add_field(name, BytesIO(value), filename=f"{name}.bin")
            else:
                form.add_field(name, value)
        reply = await client.post(path, data=form)
        return reply.status, await reply.json()

    return post


async def test_fifty_megabytes_are_refused_before_they_are_read(client: Any) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    tracemalloc.start()
    try:
        reply = await client.post(
            "/verify.json", headers=headers, data=BytesIO(bytes(50 * MEGABYTE))
        )
        body = await reply.json()
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert (reply.status, body["error"]["code"]) == (413, "too-large")
    # The client's own copy is all there is.
    assert most < 60 * MEGABYTE


async def test_length_that_is_not_told_is_counted(client: Any) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="document"; filename="a"\r\n\r\n'
        for _ in range(25):
            yield bytes(MEGABYTE)
        yield b"\r\n--x--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    tracemalloc.start()
    try:
        reply = await client.post("/verify", headers=headers, data=chunks())
        page = await reply.text()
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert reply.status == 413
    assert "sha256sum FILE" in page
    assert most < MOST_MEMORY


async def test_place_is_free_again_after_every_end(client: Any, send: Any) -> None:
    for _ in range(10):
        await send(document=b"something")
        await client.post("/verify.json", data=b"no form")

    status, _ = await send(document=b"something")

    assert status == 200


async def test_too_many_at_once_are_told_when_to_come_back(client: Any, send: Any) -> None:
    uploads = client.app[UPLOADS]
    places = [uploads.place() for _ in range(4)]
    for place in places:
        place.__enter__()

    status, body = await send(document=b"something")
    for place in places:
        place.__exit__(None, None, None)

    assert (status, body["error"]["code"]) == (503, "too-busy")
    assert (await send(document=b"something"))[0] == 200


def zip_file() -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("certificate.pdf", bytes(10 * MEGABYTE))
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (zip_file(), "file"),
        (b"%PDF-1.7\n" + zip_file(), "pdf"),
        (b"GIF89a%PDF-1.3\n", "file"),
        (b"\x00" * 1000, "file"),
        (b"%PDF-", "pdf"),
        (b"%PDF-1.3\n%\xe2\xe3\xcf\xd3\n" + b"<<" * 500_000, "pdf"),
        (b"%PDF-1.4\n1 0 obj<</Filter[/FlateDecode/FlateDecode]>>stream\n" + zip_file(), "pdf"),
        (b"%PDF-1.4\n" + b"0000000000 65535 f\r\n" * 200_000, "pdf"),
        (b"\x30\x82" + bytes(100), "x509"),
        (b"{" * 100_000, "file"),
        (b'{"a":' * 100_000, "file"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "file"),
        (b'{"a": NaN}', "file"),
        (b'{"a": 1, "a": 2}', "file"),
        (b'{"a": "\\ud800"}', "file"),
        (b'{"a": 1e999999}', "file"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "file"),
        (b"{" + b" " * 3 * MEGABYTE + b"}", "file"),
        (b"{\xff\xfe}", "file"),
    ],
)
async def test_strange_file_is_looked_at_and_known_or_not(
    send: Any, data: bytes, kind: str
) -> None:
    status, body = await send(document=data)

    assert status == 200, body
    assert body["result"]["submitted"]["kind"] == kind
    assert body["result"]["verdict"]["status"] == "not-found"


async def test_every_truncation_of_a_proven_pdf_is_an_answer(send: Any, written_pdf: Write) -> None:
    whole = written_pdf({"chainpoint_proof": "{}", "issuer": "{}"})

    for size in range(1, len(whole), 97):
        status, body = await send(document=whole[:size])

        assert status == 200
        assert body["result"]["verdict"]["tone"] in ("calm", "bad")


@pytest.mark.parametrize(
    "texts",
    [
        {"chainpoint_proof": "[" * 60_000},
        {"chainpoint_proof": "no receipt", "issuer": "University"},
        {"chainpoint_proof": "{}", "issuer": '{"name": "' + "x" * 100_000 + '"}'},
    ],
)
async def test_pdf_with_an_unreadable_proof_is_not_the_file_that_was_issued(
    send: Any, written_pdf: Write, texts: dict[str, str]
) -> None:
    _, body = await send(document=written_pdf(texts))

    assert body["result"]["verdict"]["status"] == "altered"
    assert len(json.dumps(body)) < 5_000


@pytest.mark.parametrize(
    "proof",
    [b"", b"{}", b"[]", b"\xff", b"[" * 60_000, b'{"targetHash": 1}', b'{"leaf": 0}', b"<xml/>"],
)
async def test_unreadable_proof_is_said_so(send: Any, proof: bytes) -> None:
    status, body = await send(document=b"something", proof=proof)

    assert (status, body["error"]["code"]) == (400, "bad-proof")


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({}, "bad-request"),
        ({"document": b""}, "bad-request"),
        ({"hash": "xyz"}, "bad-request"),
        ({"hash": "0" * 63}, "bad-request"),
        ({"hash": "0" * 64, "canonical": "1"}, "bad-request"),
        ({"q": "\x00\u202e<script>"}, "bad-request"),
        ({"proof": b"x" * 70_000}, "too-large"),
        ({"q": "x" * 700}, "too-large"),
        ({"other": "x" * 300}, "too-large"),
        ({f"field{number}": "x" for number in range(20)}, "bad-request"),
    ],
)
async def test_form_that_says_nothing_is_answered_with_what_to_do(
    send: Any, parts: dict[str, Any], code: str
) -> None:
    status, body = await send(**parts)

    assert status in (400, 404, 413)
    assert body["error"]["code"] in (code, "not-found")
    assert body["error"]["hint"]


@pytest.mark.parametrize(
    ("media", "data"),
    [
        ("application/json", b"{}"),
        ("text/plain", b"document"),
        ("application/x-www-form-urlencoded", b"hash=00"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"garbage"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nx"),
        ("multipart/form-data; boundary=x", b"--x\r\nA: " + b"a" * 100_000 + b"\r\n\r\n"),
        ("multipart/form-data; boundary=" + "x" * 200, b"--"),
    ],
)
async def test_what_is_no_form_is_refused(client: Any, media: str, data: bytes) -> None:
    reply = await client.post("/verify.json", data=data, headers={"Content-Type": media})
    body = await reply.json()

    assert reply.status in (400, 415)
    assert body["error"]["hint"]


@pytest.mark.parametrize("header", ["Content-Transfer-Encoding: nonsense", "Content-Length: -5"])
async def test_strange_headers_of_a_part_are_no_matter(client: Any, header: str) -> None:
    data = (
        '--x\r\nContent-Disposition: form-data; name="document"; filename="a"\r\n'
        f"{header}\r\n\r\nabc\r\n--x--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    reply = await client.post("/verify.json", data=data, headers=headers)

    assert reply.status in (200, 400)


async def test_form_inside_a_form_is_refused(client: Any) -> None:
    with MultipartWriter("form-data") as outer, MultipartWriter("mixed") as inner:
        inner.append("x")
        outer.append(inner)

        reply = await client.post("/verify.json", data=outer)

    assert reply.status == 400


async def test_page_for_a_hostile_text_has_no_markup_of_it(client: Any) -> None:
    reply = await client.get("/verify", params={"q": '"><script>alert(1)</script>'})

    assert reply.status in (400, 404)
    assert "<script>alert" not in await reply.text()


@pytest.mark.parametrize(
    "text",
    ["https://[::1", "http://", "//", "/certificate/", "a/b/c", "%00/%ff", "/" * 600, "ccert1x"],
)
async def test_broken_link_is_answered(client: Any, text: str) -> None:
    reply = await client.get("/verify.json", params={"q": text})

    assert reply.status in (200, 400, 404)
