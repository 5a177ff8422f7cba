"""What one address of the explorer is: who answers, what may be asked, what comes back.

Every area keeps its own tuple `ENDPOINTS` of these; the web server, the limits, the error pages
and the published description of the API are all made from them, so they cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Concatenate, ParamSpec, TypeVar

from aiohttp import web
from sqlalchemy import Connection

from ccxx_explorer.catalogues import CODES
from ccxx_explorer.queries import Queries
from ccxx_explorer.site import Site

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]

SITE: web.AppKey[Site] = web.AppKey("site", Site)
QUERIES: web.AppKey[Queries] = web.AppKey("queries", Queries)

# The media type of an endpoint that sends files of several kinds.
FILE = "*/*"

_PLACE = re.compile(r"\{(\w+)(?::(?:[^{}]|\{[^}]*\})*)?\}")


class Tag(StrEnum):
    """The part of the API that an endpoint belongs to."""

    CERTIFICATES = "Certificates"
    CHAIN = "Chain"
    POOL = "Mempool and live events"
    VERIFY = "Verification"
    ESPLORA = "Esplora"
    CUSTOM = "custom_api"
    SITE = "This explorer"


class Form(Enum):
    """How an endpoint says its errors: as a page, as JSON, or as one line of plain text."""

    PAGE = "text/html"
    JSON = "application/json"
    TEXT = "text/plain"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name in the path or the query; `words` and `example` are for the description of the API.

    `kind` is `string` or `integer`; a number without limits goes from 0 to 2^53. Programs that
    send anything else in the query are refused before the handler is asked.
    """

    name: str
    words: str
    kind: str = "string"
    example: str | int | None = None
    least: int = 0
    most: int = 1 << 53
    choices: tuple[str, ...] = ()
    required: bool = False


# What every answer takes besides its own parameters.
LANGUAGE = Parameter(
    "lang", "The language of sentences; English where it is not given.", choices=("en", *CODES)
)


@dataclass(frozen=True, slots=True)
class Body:
    """What an endpoint takes: its media type, at most so many bytes, and an example."""

    media: str
    most: int
    words: str
    schema: Any = str
    example: Any = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path; `answer` is the type whose JSON comes back, None for other media.

    `path` is written as aiohttp's router reads it. `statuses` are those that this endpoint gives
    besides 200 and what every endpoint may give. `cost` is what an answer takes of the questions
    that a visitor may ask.
    """

    method: str
    path: str
    handle: Handle
    summary: str
    tag: Tag
    parameters: tuple[Parameter, ...] = ()
    answer: Any = None
    media: str = "application/json"
    form: Form = Form.JSON
    body: Body | None = None
    statuses: tuple[int, ...] = ()
    cost: int = 1

    @property
    def is_page(self) -> bool:
        """Tell whether people read it: then it is for this origin alone, in their language."""
        return self.form is Form.PAGE

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the path."""
        return tuple(_PLACE.findall(self.path))

    @property
    def template(self) -> str:
        """The path as OpenAPI writes it, without patterns."""
        return _PLACE.sub(r"{\1}", self.path)


async def ask(
    request: web.Request,
    question: Callable[Concatenate[Site, Connection, Given], Answer],
    *args: Given.args,
    **named: Given.kwargs,
) -> Answer:
    """Put a question to the index in a thread of its own, which sees one state of it.

    `question` gets the site, a connection, and then what is given here. Raises PageError where
    the question does, and where too many others are waiting.
    """
    site = request.app[SITE]

    def answer() -> Answer:
        with site.database.read() as connection:
            return question(site, connection, *args, **named)

    return await request.app[QUERIES].run(answer)


async def in_thread(
    request: web.Request,
    work: Callable[Given, Answer],
    *args: Given.args,
    **named: Given.kwargs,
) -> Answer:
    """Do what waits for something else than the index, for the node say; limited as `ask` is."""
    return await request.app[QUERIES].run(work, *args, **named)
