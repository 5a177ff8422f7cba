"""Which endpoint a request reached: the router's routes, and what stands behind each."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web
from aiohttp.abc import AbstractMatchInfo
from aiohttp.web_urldispatcher import AbstractRoute

from ccxx_explorer.endpoints import Endpoint

# How the paths end that only programs ask.
PROGRAMS = (".json", ".csv")


class Table:
    """All endpoints of one application, and how to find the one that a request reached."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self.endpoints = tuple(endpoints)
        self._of_route: dict[AbstractRoute | None, Endpoint] = {}
        self._methods: dict[str, list[str]] = {}

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Let the router lead to every endpoint, and tell what else a path answers to."""
        for endpoint in self.endpoints:
            resource = router.add_resource(endpoint.path)
            if endpoint.path not in self._methods:
                self._of_route[resource.add_route("OPTIONS", self._tell_methods)] = endpoint
            known = self._methods.setdefault(endpoint.path, ["OPTIONS"])
            # HEAD is GET without a body, which the server itself leaves out.
            for method in ("GET", "HEAD") if endpoint.method == "GET" else (endpoint.method,):
                known.append(method)
                self._of_route[resource.add_route(method, endpoint.handle)] = endpoint

    def find(self, request: web.Request) -> Endpoint | None:
        """Look up the endpoint behind a request, None where no route fits."""
        found: AbstractMatchInfo = request.match_info
        endpoint = self._of_route.get(getattr(found, "route", None))
        # Pages are named by anything, also by what was to be JSON: `/certificate/.json`.
        if endpoint is not None and endpoint.is_page and request.path.endswith(PROGRAMS):
            return None
        return endpoint

    def methods_of(self, endpoint: Endpoint) -> str:
        """List the methods of an endpoint's path as the header `Allow` does."""
        return ", ".join(sorted(self._methods[endpoint.path]))

    async def _tell_methods(self, request: web.Request) -> web.StreamResponse:
        endpoint = endpoint_of(request)
        allowed = self.methods_of(endpoint) if endpoint is not None else "OPTIONS"
        return web.Response(status=204, headers={"Allow": allowed})


TABLE: web.AppKey[Table] = web.AppKey("table", Table)
_REACHED: web.RequestKey[Endpoint | None] = web.RequestKey("endpoint", Endpoint)


def endpoint_of(request: web.Request) -> Endpoint | None:
    """Return the endpoint that a request reached, looked up once; None where no route fits."""
    if _REACHED not in request:
        request[_REACHED] = request.app[TABLE].find(request)
    return request[_REACHED]
