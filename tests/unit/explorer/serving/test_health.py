"""The health check is for whoever leads visitors to a process: bad while none can be served."""

from pathlib import Path
from typing import Any

from ccxx_core.network import REGTEST
from ccxx_explorer.database.store import Database


async def test_a_process_that_can_answer_is_well_and_says_up_to_which_block(
    client: Any, story: Any
) -> None:
    reply = await client.get("/healthz")

    assert reply.status == 200
    assert await reply.json() == {"height": len(story.chain.blocks) - 1, "online": True}
    assert reply.headers["Cache-Control"] == "no-store"


async def test_an_empty_index_is_not_well(tmp_path: Path, serve_index: Any) -> None:
    database = Database.open(tmp_path / "index.sqlite", REGTEST, None)

    async with serve_index(database) as client:
        reply = await client.get("/healthz")
        error = (await reply.json())["error"]
    database.close()

    assert (reply.status, error["code"]) == (503, "index-empty")


async def test_an_index_that_cannot_be_read_is_not_well(tmp_path: Path, serve_index: Any) -> None:
    path = tmp_path / "index.sqlite"
    database = Database.open(path, REGTEST, None)

    async with serve_index(database) as client:
        database.close()
        path.write_bytes(b"no database" * 1_000)
        for left in tmp_path.glob("index.sqlite-*"):
            left.unlink()
        reply = await client.get("/healthz")
        error = (await reply.json())["error"]
    database.close()

    assert (reply.status, error["code"]) == (503, "index-unavailable")


async def test_crawlers_are_told_what_to_leave_and_browsers_find_an_icon(client: Any) -> None:
    robots = await (await client.get("/robots.txt")).text()
    icon = await client.get("/favicon.ico")

    assert "Disallow: /api/" in robots
    assert icon.headers["Content-Type"] == "image/svg+xml"
