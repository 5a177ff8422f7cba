"""In which language a visitor is answered."""

from __future__ import annotations

from aiohttp import web

from ccxx_explorer.catalogues import LANGUAGE_COOKIE, choose_language
from ccxx_explorer.endpoints import Form, Handle
from ccxx_explorer.language import ENGLISH, Language, speaking
from ccxx_explorer.serving.failures import form_of

_SPOKEN: web.RequestKey[Language] = web.RequestKey("language", Language)
_YEAR = 365 * 86400


@web.middleware
async def speak(request: web.Request, handler: Handle) -> web.StreamResponse:
    """Answer people in their language, and programs in English unless they ask for another.

    What a visitor asks for by name on a page is remembered in a cookie, the only one there is.
    """
    asked = request.query.get("lang")
    for_people = form_of(request) is Form.PAGE
    language = _language_of(request) if for_people else choose_language(asked, None)
    request[_SPOKEN] = language
    with speaking(language):
        response = await handler(request)
    if for_people and asked is not None and not response.prepared:
        response.set_cookie(
            LANGUAGE_COOKIE, language.code, max_age=_YEAR, httponly=True, samesite="Lax"
        )
    return response


def _language_of(request: web.Request) -> Language:
    return choose_language(
        request.query.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("Accept-Language", ""),
    )


def spoken_to(request: web.Request) -> Language:
    """Return the language in which a request is answered."""
    language: Language = request.get(_SPOKEN, ENGLISH)
    return language
