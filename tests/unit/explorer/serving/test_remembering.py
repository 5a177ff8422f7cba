"""A page that was drawn is given out again only while nothing that it depends on has changed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from ccxx_cert.identity import format_outpoint
from ccxx_cert.records import RevocationReason
from ccxx_core.hashes import BlockHash
from ccxx_explorer.answers import Freshness
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.moment import Moment
from ccxx_explorer.pending import PoolSnapshot
from ccxx_explorer.serving.remembering import Drawn, Remembered
from ccxx_explorer.shelf import Shelf
from ccxx_explorer.site import Site

NOW = Moment(BlockHash(bytes(32)), True, NodeState(online=True, since=1), (1, False, 0, 0), 0)
LATER = replace(NOW, tip=BlockHash(b"\x01" * 32))


class World:
    """A moment that tests change, and a page that counts how often it was drawn."""

    def __init__(self) -> None:
        self.now = NOW
        self.drawn = 0
        self.asked = 0
        self.remembered = Remembered(self._ask)
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def _ask(self) -> Moment:
        self.asked += 1
        return self.now

    async def draw(self) -> Drawn:
        """Draw the page as it is when drawing begins."""
        self.drawn += 1
        number, moment = self.drawn, self.now
        await self.may_go_on.wait()
        return Drawn(b"page %d" % number, Freshness.NOW, moment)

    async def get(self, draw: Callable[[], Awaitable[Drawn]] | None = None) -> bytes:
        """Ask for the page."""
        return (await self.remembered.get("page", draw or self.draw)).body


@pytest.fixture
async def world() -> World:
    """Something to remember."""
    return World()


async def test_a_page_is_drawn_once_while_nothing_changes(world: World) -> None:
    found = [await world.get() for _ in range(3)]

    assert found == [b"page 1"] * 3


@pytest.mark.parametrize(
    "change",
    [
        {"tip": LATER.tip},
        {"fits_anchor": False},
        {"node": NodeState(online=False, since=2)},
        {"pool": (2, False, 1, 100)},
        {"definitions": 7},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_whatever_changes_the_page_is_drawn_anew(
    world: World, change: dict[str, Any]
) -> None:
    before = await world.get()
    world.now = replace(world.now, **change)

    assert [before, await world.get(), await world.get()] == [b"page 1", b"page 2", b"page 2"]


async def test_all_who_ask_at_once_wait_for_one_drawing(world: World) -> None:
    found = await asyncio.gather(*(world.get() for _ in range(20)))

    assert set(found) == {b"page 1"}
    assert world.asked < 5


async def test_who_comes_after_a_change_does_not_get_what_was_begun_before(world: World) -> None:
    world.may_go_on.clear()
    early = asyncio.ensure_future(world.get())
    while not world.drawn:
        await asyncio.sleep(0)
    world.now = LATER
    late = asyncio.ensure_future(world.get())
    while world.drawn < 2:
        await asyncio.sleep(0)
    world.may_go_on.set()

    assert [await early, await late] == [b"page 1", b"page 2"]


async def test_a_page_that_saw_another_moment_than_its_readers_is_theirs_alone(
    world: World,
) -> None:
    # A block came and went while the first was drawn: it shows what no longer holds.
    async def draw_of_between() -> Drawn:
        await asyncio.sleep(0.01)
        return Drawn(b"between", Freshness.NOW, LATER)

    first = asyncio.ensure_future(world.get(draw_of_between))
    second = asyncio.ensure_future(world.get())

    assert [await first, await second, await world.get()] == [b"between", b"page 1", b"page 2"]


async def test_what_changed_while_it_was_drawn_is_not_kept(world: World) -> None:
    async def draw_of_no_moment() -> Drawn:
        return Drawn(b"mixed", Freshness.NOW, None)

    found = [await world.get(draw_of_no_moment), await world.get()]

    assert found == [b"mixed", b"page 1"]


async def test_a_failure_is_told_to_all_who_wait_and_not_kept(world: World) -> None:
    async def fail() -> Drawn:
        await asyncio.sleep(0)
        raise OSError("away")

    found = await asyncio.gather(world.get(fail), world.get(fail), return_exceptions=True)

    assert [type(each) for each in found] == [OSError, OSError]
    assert await world.get() == b"page 1"


def test_a_shelf_holds_no_more_bytes_than_it_may() -> None:
    shelf: Shelf[str] = Shelf(100)

    for number in range(10):
        shelf.put(number, f"thing {number}", 30)
        shelf.get(0)

    assert shelf.size == 90
    assert [number for number in range(10) if shelf.get(number)] == [0, 8, 9]


def test_a_shelf_does_not_keep_what_is_larger_than_itself() -> None:
    shelf: Shelf[str] = Shelf(100)

    shelf.put("huge", "thing", 101)

    assert (shelf.get("huge"), shelf.size) == (None, 0)


async def test_a_verdict_is_never_older_than_the_last_block(chain: Any, serve_chain: Any) -> None:
    permit = chain.grant(issuer_revokes=True)
    certificate = chain.issue(permit, 1, "alice")
    path = f"/certificate/{format_outpoint(certificate)}"

    async with serve_chain(chain) as client:

        async def status() -> str:
            page, facts = await client.get(path), await client.get(f"{path}.json")
            words = (await facts.json())["status"]
            assert words in await page.text()
            return str(words)

        seen = [await status(), await status()]
        chain.revoke(certificate.txid, certificate.vout, RevocationReason.KEY_COMPROMISE)
        seen.append(await status())
        chain.disconnect()
        seen.append(await status())

    assert seen == ["provisional", "provisional", "revoked", "provisional"]


async def test_readers_of_other_languages_and_hosts_get_their_own_page(client: Any) -> None:
    async def page(**headers: str) -> str:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = await client.get("/blocks", headers={"Accept-Encoding": "identity", **given})
        return str(await reply.text())

    english, german = await page(), await page(Accept_Language="de")
    elsewhere = await page(Host="explorer.example")

    assert '<html lang="en"' in english
    assert '<html lang="de"' in german
    assert "http://explorer.example/blocks" in elsewhere
    assert [await page(), await page(Accept_Language="de")] == [english, german]


async def test_the_node_and_the_pool_are_as_they_are_now(story: Any, serve_site: Any) -> None:
    state = [NodeState(online=True, since=1_700_000_000)]
    pool = [PoolSnapshot(sequence=1, is_stale=False)]
    site = Site(story.database, lambda: state[0], pool=lambda: pool[0])

    async with serve_site(site) as client:

        async def facts(path: str) -> Any:
            return await (await client.get(path)).json()

        before = [(await facts("/mempool.json"))["count"], (await facts("/status.json"))["node"]]
        state[0] = NodeState(online=False, since=1_700_000_100, problem="gone")
        pool[0] = replace(pool[0], sequence=2, count=5)
        after = [(await facts("/mempool.json"))["count"], (await facts("/status.json"))["node"]]

    assert before[0] == 0
    assert before[1]["online"]
    assert after[0] == 5
    assert not after[1]["online"]
