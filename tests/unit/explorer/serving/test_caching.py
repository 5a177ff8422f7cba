"""What a visitor has is not sent again; text is small; what may be kept says for how long."""

import gzip
import re
from typing import Any

import pytest

PRESSED = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


async def test_who_has_an_answer_is_told_so_and_gets_no_body(client: Any) -> None:
    first = await client.get("/blocks.json")

    again = await client.get("/blocks.json", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status == 304
    assert await again.read() == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Access-Control-Allow-Origin"] == "*"


async def test_another_answer_has_another_tag(client: Any) -> None:
    first = await client.get("/blocks.json", headers={"If-None-Match": '"something else"'})
    other = await client.get("/blocks.json?below=3")

    assert first.status == 200
    assert first.headers["ETag"] != other.headers["ETag"]
    assert not first.headers["ETag"].startswith("W/")


async def test_text_is_pressed_for_who_takes_it_and_tagged_apart(client: Any) -> None:
    plain = await client.get("/blocks.json", headers=PLAIN)
    pressed = await client.get("/blocks.json", headers=PRESSED)
    refused = await client.get("/blocks.json", headers={"Accept-Encoding": "gzip;q=0"})

    whole, small = await plain.read(), await pressed.read()
    assert pressed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small) == whole
    assert len(small) < len(whole) / 2
    assert plain.headers["ETag"] != pressed.headers["ETag"]
    assert "Accept-Encoding" in pressed.headers["Vary"]
    assert "Content-Encoding" not in refused.headers


@pytest.mark.parametrize("path", ["/", "/blocks.json", "/static/explorer.css", "/openapi.json"])
async def test_head_says_what_get_would_and_sends_no_body(client: Any, path: str) -> None:
    got = await client.get(path, headers=PLAIN)

    head = await client.head(path, headers=PLAIN)

    assert head.status == 200
    assert await head.read() == b""
    for name in ("Content-Length", "Content-Type", "ETag", "Cache-Control"):
        assert head.headers[name] == got.headers[name]


async def test_static_files_have_their_hash_in_their_address_and_are_kept_for_ever(
    client: Any,
) -> None:
    page = await (await client.get("/", headers=PLAIN)).text()
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)

    assert addresses
    for address in addresses:
        reply = await client.get(address)
        assert reply.status == 200
        assert "immutable" in reply.headers["Cache-Control"]
    unversioned = await client.get("/static/explorer.css")
    assert unversioned.headers["Cache-Control"] == "no-cache"


async def test_what_may_change_is_asked_for_each_time(client: Any, story: Any, named: Any) -> None:
    for path in ("/", "/status.json", f"/certificate/{named(story.single)}", "/block/19.json"):
        reply = await client.get(path)

        assert reply.headers["Cache-Control"] == "no-cache"


async def test_a_deep_block_may_be_kept_for_a_while(chain: Any, serve_chain: Any) -> None:
    for _ in range(110):
        chain.mine()

    async with serve_chain(chain) as client:
        deep = await client.get("/block/1.json")
        new = await client.get("/block/60.json")

    assert "max-age=300" in deep.headers["Cache-Control"]
    assert new.headers["Cache-Control"] == "no-cache"


async def test_pages_say_that_they_depend_on_the_reader_and_programs_answers_do_not(
    client: Any,
) -> None:
    page = await client.get("/", headers={"Accept-Language": "de"})
    answer = await client.get("/latest.json", headers={"Accept-Language": "de"})
    asked = await client.get("/latest.json?lang=de")

    assert page.headers["Content-Language"] == "de"
    assert {"Accept-Language", "Cookie"} <= set(page.headers["Vary"].split(", "))
    assert answer.headers["Content-Language"] == "en"
    assert asked.headers["Content-Language"] == "de"
