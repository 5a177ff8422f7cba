"""How much one visitor may ask, and how much a question may carry."""

from __future__ import annotations

import asyncio
import math
import time

from aiohttp import web
from aiohttp.typedefs import Middleware

from ccxx_explorer.endpoints import Body, Handle
from ccxx_explorer.language import say, say_count
from ccxx_explorer.problems import PageError
from ccxx_explorer.serving.buckets import Buckets
from ccxx_explorer.serving.clients import client_name
from ccxx_explorer.serving.settings import Serving
from ccxx_explorer.serving.table import endpoint_of

_MOST_TARGET = 4_096
_MOST_HEADERS = 16_384
# Seconds in which a body must have come and be answered.
_BODY_SECONDS = 60.0


def limit_rate(settings: Serving) -> Middleware:
    """Give the middleware that lets each client ask only so often."""
    buckets = Buckets(settings.rate, settings.burst) if settings.rate else None

    @web.middleware
    async def limit(request: web.Request, handler: Handle) -> web.StreamResponse:
        client = client_name(request)
        endpoint = endpoint_of(request)
        cost = endpoint.cost if endpoint is not None else 1
        if buckets is not None and client and cost:
            wait = buckets.take(client, cost, time.monotonic())
            if wait:
                raise _too_often(settings, math.ceil(wait))
        return await handler(request)

    return limit


@web.middleware
async def limit_sizes(request: web.Request, handler: Handle) -> web.StreamResponse:
    """Refuse what is larger, or comes slower, than any honest question."""
    if len(request.rel_url.raw_path_qs) > _MOST_TARGET:
        raise PageError(
            "address-too-long",
            414,
            say("This address is too long."),
            say_count(
                "At most %(count)s character is read.",
                "At most %(count)s characters are read.",
                _MOST_TARGET,
            ),
        )
    if sum(len(name) + len(value) for name, value in request.raw_headers) > _MOST_HEADERS:
        raise PageError(
            "headers-too-large",
            431,
            say("The headers of this request are too large."),
            say_count(
                "At most %(count)s byte is read; deleting old cookies helps.",
                "At most %(count)s bytes are read; deleting old cookies helps.",
                _MOST_HEADERS,
            ),
        )
    endpoint = endpoint_of(request)
    if endpoint is None or endpoint.body is None:
        return await handler(request)
    return await _with_body(request, handler, endpoint.body)


async def _with_body(request: web.Request, handler: Handle, body: Body) -> web.StreamResponse:
    if (request.content_length or 0) > body.most:
        raise web.HTTPRequestEntityTooLarge(body.most, request.content_length or 0)
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await handler(request.clone(client_max_size=body.most))
    except TimeoutError:
        raise PageError(
            "too-slow",
            408,
            say("What was sent did not come in time."),
            say("Please try again with a better connection."),
        ) from None


def _too_often(settings: Serving, seconds: int) -> PageError:
    return PageError(
        "too-many-requests",
        429,
        say("You ask more often than this explorer can answer everybody."),
        say(
            "Please wait %(seconds)s seconds. %(burst)s questions may come at once,"
            " and %(rate)s a second after that.",
            seconds=seconds,
            burst=settings.burst,
            rate=f"{settings.rate:g}",
        ),
        retry_after=seconds,
    )
