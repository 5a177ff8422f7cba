"""Server-sent events, and polling for those who cannot have them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from ccxx_explorer.indexer import NodeState
from ccxx_explorer.live.changes import News
from ccxx_explorer.live.stream import LIVE
from ccxx_explorer.pending import PoolSnapshot
from ccxx_explorer.serving.settings import SERVING_DEFAULTS
from ccxx_explorer.site import Site
from ccxx_explorer.web import create_app

SECONDS = 20


class World:
    """What the site sees beside its index; tests change it."""

    def __init__(self, chain: Any) -> None:
        self.node = NodeState(online=True, since=5, height=None)
        self.pool = PoolSnapshot(sequence=1, is_stale=False)
        self.site = Site(chain.database, lambda: self.node, pool=lambda: self.pool)


@pytest.fixture
def world(chain: Any) -> World:
    """An index with a node beside it."""
    return World(chain)


@asynccontextmanager
async def serving(world: World, **settings: Any) -> AsyncIterator[Any]:
    """Serve it."""
    app = create_app(world.site, replace(SERVING_DEFAULTS, rate=0, **settings))
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
async def client(world: World) -> AsyncIterator[Any]:
    """A client of the web server."""
    async with serving(world) as opened:
        yield opened


async def read_event(reply: ClientResponse) -> tuple[str, str, Any]:
    """Read the next event from a stream: its id, its name and its facts."""
    fields: dict[str, str] = {}
    async with asyncio.timeout(SECONDS):
        while True:
            line = (await reply.content.readline()).decode().rstrip("\n")
            name, _, value = line.partition(": ")
            if name in ("id", "event", "data"):
                fields[name] = value
            if not line and "event" in fields:
                return fields["id"], fields["event"], json.loads(fields["data"])


async def wait_for(reply: ClientResponse, wanted: str) -> Any:
    """Read events until one of a name."""
    while True:
        _, name, data = await read_event(reply)
        if name == wanted:
            return data


async def test_new_listener_is_told_how_things_are(client: Any) -> None:
    async with client.get("/events") as reply:
        _, name, state = await read_event(reply)

    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/event-stream")
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert name == "state"
    assert state["readable"] and state["node"]["online"]
    assert state["pool"] == {"known": True, "sequence": 1, "count": 0, "size": 0}


async def test_block_reorganisation_node_and_pool_are_told(
    client: Any, chain: Any, world: World
) -> None:
    async with client.get("/events") as reply:
        await read_event(reply)

        chain.mine()
        tip = await wait_for(reply, "tip")
        chain.disconnect()
        rival = chain.next_block(salt=7)
        chain.database.connect_blocks([rival])
        reorganisation = await wait_for(reply, "reorganisation")
        world.node = NodeState(online=False, since=99)
        node = await wait_for(reply, "node")
        world.pool = PoolSnapshot(sequence=2)
        pool = await wait_for(reply, "mempool")

    assert tip["height"] == rival.height
    assert reorganisation["hash"] == rival.hash[::-1].hex()
    assert reorganisation["common_height"] == rival.height - 1
    assert node == {"online": False, "since": 99}
    assert pool == {"known": False, "count": 0, "size": 0}


async def test_news_go_on_after_a_look_that_failed(
    client: Any, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    known = PoolSnapshot(sequence=9, is_stale=False)
    async with client.get("/events") as reply:
        await read_event(reply)

        del world.pool
        await _until(lambda: "look failed" in caplog.text)
        world.pool = known
        pool = await wait_for(reply, "mempool")

    assert pool == {"known": True, "count": 0, "size": 0}


async def test_listener_that_comes_back_is_told_what_it_missed(client: Any) -> None:
    async with client.get("/events") as reply:
        place, _, _ = await read_event(reply)
    log = client.app[LIVE].log
    log.publish([News("tip", {"height": 1}), News("tip", {"height": 2})])

    async with client.get("/events", headers={"Last-Event-ID": place}) as reply:
        missed = [await read_event(reply), await read_event(reply)]
    async with client.get("/events", params={"after": missed[0][0]}) as reply:
        last = await read_event(reply)

    assert [data["height"] for _, _, data in missed] == [1, 2]
    assert last[2]["height"] == 2


@pytest.mark.parametrize("place", ["gone-1", "x", "\xe4\xf6", "0" * 3000])
async def test_listener_with_an_unknown_place_is_told_everything_anew(
    client: Any, place: str
) -> None:
    async with client.get("/events", headers={"Last-Event-ID": place}) as reply:
        _, name, state = await read_event(reply)

    assert name == "resync"
    assert state["readable"]


async def test_place_of_another_process_is_unknown(client: Any, world: World) -> None:
    async with serving(world) as other, other.get("/events") as reply:
        place, _, _ = await read_event(reply)

    async with client.get("/events", headers={"Last-Event-ID": place}) as reply:
        assert (await read_event(reply))[1] == "resync"


async def test_head_is_answered_and_ends(client: Any) -> None:
    reply = await client.head("/events")

    assert reply.status == 200
    assert client.app[LIVE].places.taken == 0


async def test_too_many_listeners_are_told_when_to_come_back(world: World) -> None:
    async with serving(world, listeners=1) as client, client.get("/events") as reply:
        await read_event(reply)

        refused = await client.get("/events")
        problem = (await refused.json())["error"]
        poll = await client.get("/events.json")

    assert refused.status == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert problem["code"] == "too-many-listeners"
    assert poll.status == 200


async def test_one_visitor_cannot_take_the_places_of_all(world: World) -> None:
    ann, bob = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
    async with serving(world, proxies=(ip_network("127.0.0.0/8"),)) as client:
        of_ann = [await client.get("/events", headers=ann) for _ in range(21)]
        of_bob = await client.get("/events", headers=bob)

        assert [reply.status for reply in of_ann] == [200] * 20 + [503]
        assert of_bob.status == 200
        for reply in (*of_ann, of_bob):
            reply.close()


async def test_a_thousand_listeners_leave_the_pages_alone(world: World) -> None:
    async with serving(world, listeners=300) as client:
        host, port = client.server.host, client.server.port
        open_sockets = [await _listen(host, port) for _ in range(1_000)]
        answers = [await _first_line(reader) for reader, _ in open_sockets]

        page = await client.get("/blocks")
        client.app[LIVE].log.publish([News("tip", {"height": 77})])
        told = [await _rest(reader) for reader, _ in open_sockets[:300]]

        for _, writer in open_sockets:
            writer.close()

    assert page.status == 200
    assert sum(b" 200 " in line for line in answers) == 300
    assert sum(b" 503 " in line for line in answers) == 700
    assert all(b'"height":77' in text for text in told)


async def _listen(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    return reader, writer


async def _first_line(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(SECONDS):
        return await reader.readline()


async def _rest(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(SECONDS):
        return await reader.readuntil(b'"height":77')


async def test_listener_that_never_reads_is_dropped(client: Any) -> None:
    live = client.app[LIVE]
    with socket.create_connection((client.server.host, client.server.port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        await _until(lambda: live.places.taken == 1)

        async with asyncio.timeout(SECONDS):
            while live.places.taken:
                live.log.publish([News("tip", {"text": "x" * 8_000})])
                await asyncio.sleep(0)

    assert live.places.taken == 0


async def test_listener_that_goes_away_leaves_its_place(client: Any) -> None:
    live = client.app[LIVE]
    async with client.get("/events") as reply:
        await read_event(reply)
        assert live.places.taken == 1
    live.log.publish([News("tip", {})])

    await _until(lambda: live.places.taken == 0)


async def _until(ready: Any) -> None:
    async with asyncio.timeout(SECONDS):
        while not ready():
            await asyncio.sleep(0.01)


async def test_poll_says_how_things_are_and_what_was_missed(client: Any) -> None:
    first = await (await client.get("/events.json")).json()
    client.app[LIVE].log.publish([News("tip", {"height": 3})])

    second = await (await client.get("/events.json", params={"after": first["id"]})).json()

    assert first["events"] == [] and not first["resync"]
    assert first["poll_seconds"] == 15
    assert [event["data"] for event in second["events"]] == [{"height": 3}]
    assert second["id"] == second["events"][0]["id"]


async def test_poll_after_an_unknown_place_says_so(client: Any) -> None:
    poll = await (await client.get("/events.json", params={"after": "gone-4"})).json()

    assert poll["resync"]
    assert poll["events"] == []


async def test_poll_of_whoever_knows_it_all_is_not_sent_again(client: Any) -> None:
    tag = (await client.get("/events.json")).headers["ETag"]

    again = await client.get("/events.json", headers={"If-None-Match": tag})

    assert again.status == 304


async def test_streams_end_with_the_process(world: World) -> None:
    async with serving(world) as client:
        reply = await client.get("/events")
        await read_event(reply)

        async with asyncio.timeout(SECONDS):
            await client.server.close()
