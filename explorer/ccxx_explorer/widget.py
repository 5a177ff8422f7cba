"""The verification widget that other sites embed: its page, and its script with all its words."""

from __future__ import annotations

from functools import cache

import orjson
from aiohttp import web
from sqlalchemy import Connection

from ccxx_cert.identity import certificate_id
from ccxx_explorer.answers import Freshness, bytes_answer
from ccxx_explorer.catalogues import languages
from ccxx_explorer.endpoints import Endpoint, Tag
from ccxx_explorer.facts.widget import WidgetFacts
from ccxx_explorer.language import Language, say, speaking
from ccxx_explorer.pages.certificates import named_certificate
from ccxx_explorer.question import Question
from ccxx_explorer.site import Site
from ccxx_explorer.static_files import static_body

_PLACE = b"const WORDS = {};"


def load_widget(site: Site, connection: Connection, question: Question) -> WidgetFacts:
    """Load what the widget of a certificate is made from."""
    named = question.parameters.get("certificate", "").strip()
    codes = tuple(language.code for language in languages())
    if not named:
        return WidgetFacts(None, codes)
    site.check_anchor(connection)
    certificate = named_certificate(site, connection, named)
    return WidgetFacts(certificate_id(certificate.id), codes)


async def _send_script(_request: web.Request) -> web.StreamResponse:
    answer = bytes_answer(_script(), "text/javascript; charset=utf-8", freshness=Freshness.NOW)
    # Sites that isolate themselves load only what says that it may be loaded.
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


@cache
def _script() -> bytes:
    words = {language.code: _words(language) for language in languages()}
    return static_body("widget.js").replace(_PLACE, b"const WORDS = %b;" % orjson.dumps(words))


def _words(language: Language) -> dict[str, str]:
    with speaking(language):
        return {
            "direction": "rtl" if language.is_right_to_left else "ltr",
            "name": say("Certificate"),
            "checking": say("Checking the certificate…"),
            "unchecked": say("Could not be checked"),
            "away": say("The explorer does not answer. This says nothing about the certificate."),
            "offline": say("The explorer's node is away: what happened since is not known."),
            "unnamed": say("No certificate is named"),
            "toName": say("Its script tag needs data-certificate, with the id of a certificate."),
            "unknown": say("No such certificate is known"),
            "pending": say("Not in a block yet"),
            "serial": say("no. %(serial)s", serial="{serial}"),
            "asOf": say("As of block %(height)s", height="{height}"),
            "more": say("See and check it yourself"),
        }


ENDPOINTS = (
    Endpoint(
        "GET",
        "/widget.js",
        _send_script,
        "The verification widget, for a script tag on any site.",
        Tag.VERIFY,
        media="text/javascript",
    ),
)
