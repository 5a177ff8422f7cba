"""In which language a visitor is answered."""

from __future__ import annotations

from aiohttp import web

from ccxx_explorer.endpoints import Handle
from ccxx_explorer.language import ENGLISH, Language, speaking

_SPOKEN: web.RequestKey[Language] = web.RequestKey("language", Language)


@web.middleware
async def speak(request: web.Request, handler: Handle) -> web.StreamResponse:
    """Answer in the visitor's language."""
    # Look: choose_language of catalogues, from ?lang=, and for people (form_of is Form.PAGE) also
    # from their cookie and Accept-Language.
    language = ENGLISH
    request[_SPOKEN] = language
    with speaking(language):
        return await handler(request)


def spoken_to(request: web.Request) -> Language:
    """Return the language in which a request is answered."""
    return request[_SPOKEN] if _SPOKEN in request else ENGLISH
