"""Lists as CSV files, behind the path of the list."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from contextlib import suppress

from aiohttp import web

from ccxx_explorer.answers import Freshness
from ccxx_explorer.endpoints import SITE, Endpoint, Handle, in_thread
from ccxx_explorer.language import say
from ccxx_explorer.page_endpoints import question_of
from ccxx_explorer.page_table import Page, Table
from ccxx_explorer.problems import PageError
from ccxx_explorer.serving.clients import client_name
from ccxx_explorer.serving.places import Places
from ccxx_explorer.tables import MOST_LINES, table_of

_MEDIA = "text/csv; charset=utf-8; header=present"
# Each holds a connection to the index for as long as its reader takes.
_MOST_AT_ONCE = 4
_MOST_EACH = 2
_MOST_SECONDS = 300.0
_COST = 10
_RUNNING: web.AppKey[Places] = web.AppKey("exports", Places)


def table_endpoints(page: Page) -> Iterator[Endpoint]:
    """Give an endpoint for each list of a page."""
    for table in page.tables:
        inner = f"/{table.name}" if table.name else ""
        yield Endpoint(
            "GET",
            f"{page.json_path.removesuffix('.json')}{inner}.csv",
            _handler(page, table),
            f"As a table, from where the page begins to the end, at most {MOST_LINES:,} lines:"
            f" {table.name or table.lines}.",
            page.tag,
            page.parameters,
            media="text/csv",
            statuses=(404,),
            cost=_COST,
        )


def _handler(page: Page, table: Table) -> Handle:
    async def handle(request: web.Request) -> web.StreamResponse:
        pieces = table_of(request.app[SITE], page, table, question_of(request))
        running, client = request.app[_RUNNING], client_name(request)
        if not running.take(client):
            raise PageError(
                "too-busy",
                503,
                say("Too many tables are being written at the moment."),
                say("Please ask again in a minute."),
                retry_after=60,
            )
        try:
            async with asyncio.timeout(_MOST_SECONDS):
                return await _send(request, pieces, _file_name(page, table))
        finally:
            running.leave(client)
            # In a thread, as the connection that it holds may wait for the disk. A page that is
            # read still when time is up closes it when it is done.
            with suppress(ValueError, PageError):
                await in_thread(request, pieces.close)

    return handle


def _file_name(page: Page, table: Table) -> str:
    return f"{page.template.removesuffix('.html')}{table.name and '-' + table.name}.csv"


async def _send(
    request: web.Request, pieces: Generator[bytes, None, None], name: str
) -> web.StreamResponse:
    piece = await in_thread(request, next, pieces, None)
    response = web.StreamResponse(
        headers={
            "Content-Type": _MEDIA,
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": Freshness.NEVER.value,
        }
    )
    has_body = request.method != "HEAD"
    if has_body and "gzip" in request.headers.get("Accept-Encoding", "").lower():
        response.enable_compression(web.ContentCoding.gzip)
    await response.prepare(request)
    while piece is not None and has_body:
        # A page of a filtered list may have no line, and the next page many.
        if piece:
            await response.write(piece)
        piece = await in_thread(request, next, pieces, None)
    await response.write_eof()
    return response


def allow_exports(app: web.Application) -> None:
    """Let an application write so many tables at once."""
    app[_RUNNING] = Places(_MOST_AT_ONCE, _MOST_EACH)
