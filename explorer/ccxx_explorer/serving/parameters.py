"""What stands behind the question mark: programs learn of every name that would be ignored."""

from __future__ import annotations

from aiohttp import web

from ccxx_explorer.endpoints import Endpoint, Handle
from ccxx_explorer.language import say
from ccxx_explorer.problems import bad_request
from ccxx_explorer.serving.table import TABLE

# Every answer can be had in another language.
_EVERYWHERE = ("lang",)
_MOST = 32


@web.middleware
async def check_parameters(request: web.Request, handler: Handle) -> web.StreamResponse:
    """Refuse parameters that mean nothing here: a mistyped filter would silently show everything.

    Pages are lenient: links to them are decorated by whoever passes them on.
    """
    endpoint = request.app[TABLE].endpoint_of(request)
    if endpoint is not None and not endpoint.is_page and request.query:
        _check(endpoint, [name for name, _ in request.query.items()])
    return await handler(request)


def _check(endpoint: Endpoint, given: list[str]) -> None:
    known = [each.name for each in endpoint.parameters if each.name not in endpoint.names]
    hint = (
        say("Known here: %(names)s.", names=", ".join([*known, *_EVERYWHERE]))
        if known
        else say("Nothing can be asked here behind a question mark but lang.")
    )
    if len(given) > _MOST:
        raise bad_request(say("There are too many parameters."), hint)
    if len(set(given)) < len(given):
        raise bad_request(say("A parameter is given twice."), hint)
    if not set(given) <= {*known, *_EVERYWHERE}:
        raise bad_request(say("There is a parameter that is not known here."), hint)
