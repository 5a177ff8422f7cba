"""What stands behind the question mark: programs learn of everything that would be ignored.

What is checked here is what the description of the API says, so the two cannot disagree.
"""

from __future__ import annotations

from aiohttp import web

from ccxx_explorer.endpoints import LANGUAGE, Endpoint, Handle, Parameter
from ccxx_explorer.language import say, say_list
from ccxx_explorer.problems import bad_request
from ccxx_explorer.question import read_number
from ccxx_explorer.serving.table import endpoint_of

_MOST = 32


@web.middleware
async def check_parameters(request: web.Request, handler: Handle) -> web.StreamResponse:
    """Refuse parameters that mean nothing here: a mistyped filter would silently show everything.

    Pages are lenient: links to them are decorated by whoever passes them on.
    """
    endpoint = endpoint_of(request)
    if endpoint is not None and not endpoint.is_page and request.method != "OPTIONS":
        _check(endpoint, list(request.query.items()))
    return await handler(request)


def _check(endpoint: Endpoint, given: list[tuple[str, str]]) -> None:
    known = {each.name: each for each in endpoint.parameters if each.name not in endpoint.names}
    known[LANGUAGE.name] = LANGUAGE
    names = [name for name, _ in given]
    hint = say("Known here: %(names)s.", names=say_list(known))
    if len(names) > _MOST:
        raise bad_request(say("There are too many parameters."), hint)
    if len(set(names)) < len(names):
        raise bad_request(say("A parameter is given twice."), hint)
    if not set(names) <= set(known):
        raise bad_request(say("There is a parameter that is not known here."), hint)
    missing = [name for name, each in known.items() if each.required and name not in names]
    if missing:
        raise bad_request(
            say("“%(name)s” is missing.", name=missing[0]), say("Add it behind the question mark.")
        )
    for name, text in given:
        _check_value(known[name], text)


def _check_value(parameter: Parameter, text: str) -> None:
    name = parameter.name
    if parameter.choices and text not in parameter.choices:
        raise bad_request(
            say("“%(name)s” has a value that is not known here.", name=name),
            say("It is one of %(values)s.", values=say_list(parameter.choices)),
        )
    if parameter.kind == "integer":
        read_number(name, text, parameter.least, parameter.most)
