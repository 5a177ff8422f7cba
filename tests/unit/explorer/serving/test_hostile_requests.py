"""Whatever is asked, in whatever shape: a helpful page or JSON, never a trace, never a fault."""

import asyncio
import io
import json
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from ccxx_explorer.serving.settings import Serving
from ccxx_explorer.web import ENDPOINTS, create_app

PLAIN = {"Accept-Encoding": "identity"}
NASTY = [
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "<script>alert(1)</script>",
    "'; DROP TABLE blocks; --",
    "%00",
    "%ff%fe",
    "%ed%a0%80",
    "%0d%0aSet-Cookie:%20a=b",
    "\u202e\u2066evil",
    "0" * 3_000,
    "-1",
    "9" * 40,
    "1e9",
    "0x" + "0" * 64,
    "{{7*7}}",
    "%7B%7B7*7%7D%7D",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
    "f" * 64 + ":4294967296",
    "\U0001f984" * 50,
]
TEMPLATES = sorted(
    {
        endpoint.template
        for endpoint in ENDPOINTS
        if endpoint.names and endpoint.method == "GET" and endpoint.media != "text/event-stream"
    }
)
# A lone surrogate cannot be put into a request.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


def check_helpful(status: int, kind: str, body: bytes) -> None:
    """Check that an answer is for people or programs, and not our fault."""
    text = body.decode("utf-8")
    assert status < 500, text
    assert "Traceback" not in text
    assert "<script>alert" not in text
    if status >= 400 and kind.startswith("application/json"):
        error = json.loads(text)["error"]
        assert error["status"] == status
        assert error["message"]
        assert error["hint"]
    elif status >= 400:
        assert "<h1" in text or kind.startswith("text/plain")


async def ask(client: Any, path: str) -> None:
    """Ask for a path as it is written, and check the answer."""
    reply = await client.get(URL(path, encoded=True), allow_redirects=False, headers=PLAIN)
    check_helpful(reply.status, reply.headers.get("Content-Type", ""), await reply.read())


@pytest.mark.parametrize("template", TEMPLATES)
async def test_no_name_in_a_path_does_harm(client: Any, template: str) -> None:
    for nasty in NASTY:
        written = nasty if "%" in nasty else quote(nasty, safe="")
        path = template
        while "{" in path:
            path = path[: path.index("{")] + written + path[path.index("}") + 1 :]
        await ask(client, path)


@pytest.mark.parametrize("name", ["page", "below", "after", "before", "coins", "q", "lang", "from"])
async def test_no_parameter_does_harm(client: Any, name: str) -> None:
    for nasty in NASTY:
        written = nasty if "%" in nasty else quote(nasty, safe="")
        for path in ("/certificates", "/blocks", "/search", "/statistics", "/mempool"):
            await ask(client, f"{path}?{name}={written}")
            await ask(client, f"{path}.json?{name}={written}")


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept-Language": ",;q=;;=,*;q=9," + "de," * 500},
        {"Cookie": "lang=../../etc; lang=%01; =;;"},
        {"If-None-Match": '"unended, W/, ***'},
        {"Accept-Encoding": "deflate;q=x,;,*;q=0,br"},
        {"Range": "bytes=9-1,-,5-"},
        {"X-Forwarded-For": ",,,;drop" + "1.2.3.4," * 300},
        {"Host": "evil.example/<script>alert(1)</script>"},
        {"Content-Type": "multipart/form-data; boundary=\xff"},
        {"If-Modified-Since": "yesterday"},
        {"Expect": "200-maybe"},
    ],
)
async def test_no_header_does_harm(client: Any, headers: dict[str, str]) -> None:
    for path in ("/", "/status.json", "/nothing"):
        reply = await client.get(path, headers={**PLAIN, **headers})

        check_helpful(reply.status, reply.headers["Content-Type"], await reply.read())


async def test_an_upload_where_none_belongs_is_refused_at_once(client: Any) -> None:
    async def endless() -> Any:
        for _ in range(800):
            yield bytes(64 * 1024)

    for path in ("/status.json", "/"):
        try:
            reply = await client.post(path, data=endless())
        except OSError:
            # The answer was sent and the line closed while we still talked.
            continue
        assert reply.status == 405


async def test_fifty_megabytes_are_refused_before_they_are_read(client: Any) -> None:
    for path in ("/verify.json", "/broadcast.json", "/api/tx"):
        try:
            reply = await client.post(path, data=io.BytesIO(bytes(50_000_000)))
        except OSError:
            continue
        assert reply.status in (413, 415), path


@pytest.mark.parametrize(
    "request_text",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET //evil.example/%2e%2e HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"G" * 100_000,
    ],
)
async def test_bytes_that_are_no_question_are_answered_or_dropped(
    client: Any, request_text: bytes
) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(request_text + b"GET /healthz HTTP/1.0\r\n\r\n")

    # With the parser's own answer the connection ends; what is left unsent does not matter.
    answer = await asyncio.wait_for(reader.read(65_536), 10)
    writer.close()

    assert not answer or answer.startswith(b"HTTP/1.")
    assert b"Traceback" not in answer
    assert b" 500 " not in answer.partition(b"\r\n")[0]
    assert (await client.get("/healthz")).status == 200


@given(
    paths=st.lists(
        st.tuples(
            st.sampled_from(TEMPLATES),
            st.lists(TEXT, min_size=4, max_size=4),
            st.dictionaries(TEXT, TEXT, max_size=4),
        ),
        min_size=20,
        max_size=20,
    )
)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_nothing_that_can_be_written_does_harm(
    story: Any, paths: list[tuple[str, list[str], dict[str, str]]]
) -> None:
    async def ask_all() -> None:
        app = create_app(story.site(), Serving(rate=0))
        async with TestClient(TestServer(app)) as client:
            for template, names, query in paths:
                path = template
                for name in names:
                    if "{" in path:
                        end = path[path.index("}") + 1 :]
                        path = path[: path.index("{")] + quote(name, safe="") + end
                pairs = (f"{quote(a, safe='')}={quote(b, safe='')}" for a, b in query.items())
                await ask(client, f"{path}?{'&'.join(pairs)}")

    asyncio.run(ask_all())


async def test_a_path_with_two_slashes_leads_to_no_other_site(client: Any) -> None:
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(b"GET //evil.example/x HTTP/1.0\r\n\r\n")

    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()

    assert b" 404 " in answer.partition(b"\r\n")[0]
    assert b'href="//' not in answer
