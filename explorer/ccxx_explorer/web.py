"""The web server's application: every endpoint, and what stands before all of them.

Every page has a twin with `.json` at the end of its path that says the same. Pages are read-only,
need no JavaScript and fetch nothing from anywhere else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import chain

from aiohttp import web

from ccxx_explorer import (
    anchor_file,
    api_pages,
    custom_api,
    downloads,
    esplora,
    search_endpoints,
    site_endpoints,
    static_files,
    verify_endpoints,
    widget,
)
from ccxx_explorer.broadcast import endpoints as broadcast
from ccxx_explorer.endpoints import QUERIES, SITE, Endpoint
from ccxx_explorer.live import stream
from ccxx_explorer.moment import current_moment
from ccxx_explorer.page_endpoints import endpoints_of
from ccxx_explorer.page_table import PAGES
from ccxx_explorer.queries import Queries
from ccxx_explorer.serving.caching import PRESSED, keep_small, pressed_shelf
from ccxx_explorer.serving.failures import answer_failures
from ccxx_explorer.serving.headers import add_headers
from ccxx_explorer.serving.limits import limit_rate, limit_sizes
from ccxx_explorer.serving.parameters import check_parameters
from ccxx_explorer.serving.remembering import REMEMBERED, Remembered
from ccxx_explorer.serving.settings import SERVING, SERVING_DEFAULTS, Serving
from ccxx_explorer.serving.table import TABLE, Table
from ccxx_explorer.serving.tongues import speak
from ccxx_explorer.site import Site
from ccxx_explorer.table_endpoints import allow_exports, table_endpoints

# One line for every area that answers more than pages.
ENDPOINTS: tuple[Endpoint, ...] = (
    *chain.from_iterable(table_endpoints(page) for page in PAGES),
    *chain.from_iterable(endpoints_of(page) for page in PAGES),
    *anchor_file.ENDPOINTS,
    *api_pages.ENDPOINTS,
    *custom_api.ENDPOINTS,
    *downloads.ENDPOINTS,
    *esplora.ENDPOINTS,
    *search_endpoints.ENDPOINTS,
    *stream.ENDPOINTS,
    *broadcast.ENDPOINTS,
    *site_endpoints.ENDPOINTS,
    *static_files.ENDPOINTS,
    *widget.ENDPOINTS,
    *verify_endpoints.ENDPOINTS,
)


def create_app(site: Site, serving: Serving = SERVING_DEFAULTS) -> web.Application:
    """Build the application for one index."""
    # The outermost first.
    middlewares = (
        speak,
        answer_failures,
        limit_rate(serving),
        limit_sizes,
        check_parameters,
        keep_small,
    )
    app = web.Application(middlewares=middlewares, client_max_size=64 * 1024)
    app[SERVING] = serving
    app[SITE] = site
    app[TABLE] = Table(ENDPOINTS)
    app[verify_endpoints.UPLOADS] = verify_endpoints.Uploads()
    app[PRESSED] = pressed_shelf()
    app[REMEMBERED] = Remembered(lambda: app[QUERIES].run(current_moment, site))
    app[TABLE].add_to(app.router)
    allow_exports(app)
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(_queries)
    app.cleanup_ctx.append(stream.run_live)
    app.on_shutdown.append(stream.end_streams)
    return app


async def _queries(app: web.Application) -> AsyncIterator[None]:
    serving = app[SERVING]
    app[QUERIES] = Queries(serving.threads, serving.waiting)
    yield
    app[QUERIES].close()
