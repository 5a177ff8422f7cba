"""Any site may read what programs are answered; pages are for this site alone."""

from typing import Any

import pytest

PREFLIGHT = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}


@pytest.mark.parametrize("path", ["/status.json", "/blocks.csv", "/openapi.json", "/healthz"])
async def test_preflight_of_what_programs_ask_is_answered(client: Any, path: str) -> None:
    reply = await client.options(path, headers=PREFLIGHT)

    assert reply.status == 204
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "Content-Type" in reply.headers["Access-Control-Allow-Headers"]
    assert int(reply.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tx/zz.json", 400),
        ("/nothing.json", 404),
        ("/certificates.csv?x=1", 400),
        ("/certificate/.json", 404),
    ],
)
async def test_errors_can_be_read_from_elsewhere_too(client: Any, path: str, status: int) -> None:
    reply = await client.get(path, headers={"Origin": "https://elsewhere.example"})

    assert reply.status == status
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/", "/certificates", "/nothing", "/docs"])
async def test_pages_are_for_this_site_alone(client: Any, path: str) -> None:
    got = await client.get(path)
    asked = await client.options(path, headers=PREFLIGHT)

    assert "Access-Control-Allow-Origin" not in got.headers
    assert "Access-Control-Allow-Origin" not in asked.headers
    assert "frame-ancestors 'none'" in got.headers["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
async def test_other_methods_are_told_which_are_answered(client: Any, method: str) -> None:
    reply = await client.request(method, "/status.json")

    assert reply.status == 405
    assert reply.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert (await reply.json())["error"]["code"] == "method-not-allowed"
