"""Server-sent events for browsers and programs, and the same by polling for those who cannot."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import orjson
from aiohttp import web

from ccxx_explorer.answers import Freshness, json_answer
from ccxx_explorer.endpoints import SITE, Endpoint, Parameter, Tag
from ccxx_explorer.facts.live import LiveEvent, LivePoll
from ccxx_explorer.language import say
from ccxx_explorer.live.log import EventLog
from ccxx_explorer.live.watcher import Watcher
from ccxx_explorer.problems import PageError
from ccxx_explorer.serving.clients import client_name
from ccxx_explorer.serving.places import Places
from ccxx_explorer.serving.settings import SERVING

POLL_SECONDS = 15
_COME_BACK_SECONDS = 30
_HEARTBEAT_SECONDS = 15.0
# Then a listener is asked to come again, so that nobody holds a place for ever.
_LONGEST_SECONDS = 3600.0
# Of one client: many people may share an address, and whoever finds no place polls.
_MOST_EACH = 20
# What a listener has not read yet, in our memory and the system's: with more it is dropped.
_UNREAD_BYTES = 32_768
_SYSTEM_BYTES = 16_384
_AFTER = Parameter("after", "The id of the last event that is known.")
_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": Freshness.NEVER.value,
    # nginx would keep events back until its buffer is full.
    "X-Accel-Buffering": "no",
}


@dataclass(slots=True)
class Live:
    """What happens now, who looks, and how many listen."""

    log: EventLog
    watcher: Watcher
    places: Places

    @contextmanager
    def place(self, client: str) -> Iterator[None]:
        """Take a place among the listeners; raises PageError when there is none."""
        if not self.places.take(client):
            raise PageError(
                "too-many-listeners",
                503,
                say("Too many visitors listen to live events at the moment."),
                say("Ask /events.json every 15 seconds instead, or try again later."),
                retry_after=_COME_BACK_SECONDS,
            )
        try:
            yield
        finally:
            self.places.leave(client)


LIVE: web.AppKey[Live] = web.AppKey("live", Live)


async def run_live(app: web.Application) -> AsyncIterator[None]:
    """Watch for as long as the application runs."""
    log = EventLog()
    places = Places(app[SERVING].listeners, _MOST_EACH)
    app[LIVE] = Live(log, Watcher(app[SITE], log), places)
    # How things are at the beginning is no news.
    await asyncio.to_thread(app[LIVE].watcher.look)
    task = asyncio.create_task(app[LIVE].watcher.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def end_streams(app: web.Application) -> None:
    """Let all listeners go, so that the process can end."""
    app[LIVE].log.close()


async def _stream(request: web.Request) -> web.StreamResponse:
    live = request.app[LIVE]
    after = request.headers.get("Last-Event-ID") or request.query.get("after", "")
    with live.place(client_name(request)):
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        if request.method == "GET":
            _shrink_buffer(request)
            await _feed(request, response, live, after)
    return response


async def _feed(request: web.Request, response: web.StreamResponse, live: Live, after: str) -> None:
    ends = time.monotonic() + _LONGEST_SECONDS
    missed = live.log.after(after) if after else None
    place = live.log.last_id
    text = b"retry: 3000\n\n"
    text += _written([_whole(live, bool(after))] if missed is None else missed)
    while not live.log.is_closed and time.monotonic() < ends:
        if not _keeps_up(request):
            return
        await response.write(text or b": still here\n\n")
        await live.log.wait(place, _HEARTBEAT_SECONDS)
        news = live.log.after(place)
        if news is None:
            # Too slow even for the log: with its last id it comes back and is told everything.
            return
        text, place = _written(news), live.log.last_id


def _whole(live: Live, came_back: bool) -> LiveEvent:
    """Tell how things are: to whoever is new, and to whoever missed more than is remembered."""
    name = "resync" if came_back else "state"
    state = orjson.loads(orjson.dumps(live.watcher.state))
    return LiveEvent(live.log.last_id, name, state)


def _written(events: Iterable[LiveEvent]) -> bytes:
    """Write events as the stream's format has it."""
    return b"".join(
        f"id: {each.id}\nevent: {each.event}\ndata: ".encode() + orjson.dumps(each.data) + b"\n\n"
        for each in events
    )


def _shrink_buffer(request: web.Request) -> None:
    """Let the system keep little for a listener, so that one who does not read is found out."""
    stream = request.transport.get_extra_info("socket") if request.transport else None
    if stream is not None:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SYSTEM_BYTES)


def _keeps_up(request: web.Request) -> bool:
    """Tell whether a listener reads; one who does not is cut off at once."""
    transport = request.transport
    if transport is None:
        return False
    if transport.get_write_buffer_size() > _UNREAD_BYTES:
        transport.abort()
        return False
    return True


async def _poll(request: web.Request) -> web.StreamResponse:
    live = request.app[LIVE]
    after = request.query.get("after", "")
    events = live.log.after(after) if after else []
    facts = LivePoll(
        id=live.log.last_id,
        resync=events is None,
        events=tuple(events or ()),
        state=live.watcher.state,
        poll_seconds=POLL_SECONDS,
    )
    return json_answer(facts)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/events",
        _stream,
        "What happens, as server-sent events.",
        Tag.POOL,
        (_AFTER,),
        media="text/event-stream",
        statuses=(503,),
    ),
    Endpoint(
        "GET",
        "/events.json",
        _poll,
        "How things are, and what happened since an event: for those who poll.",
        Tag.POOL,
        (_AFTER,),
        answer=LivePoll,
    ),
)
