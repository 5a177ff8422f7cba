"""The broadcast page in two steps, explain and send, and the same for programs.

Nothing is kept between the steps and nobody is logged in, so there is nothing that another site
could misuse; its pages still must not make visitors send, so forms come from our own pages only.
What is sent is never logged: it is in the body alone.
"""

from __future__ import annotations

from urllib.parse import parse_qs

import msgspec
from aiohttp import web

from ccxx_explorer.answers import Freshness, json_answer, page_answer
from ccxx_explorer.broadcast.sending import explain_transaction, send_transaction
from ccxx_explorer.endpoints import SITE, Body, Endpoint, Form, Tag, ask, in_thread
from ccxx_explorer.facts.broadcast import BroadcastFacts, BroadcastForm, BroadcastQuestion
from ccxx_explorer.html import render
from ccxx_explorer.language import say
from ccxx_explorer.problems import PageError, bad_request
from ccxx_explorer.serving.settings import SERVING
from ccxx_explorer.serving.visits import visit_of
from ccxx_explorer.views.submission import read_submission

# The largest transaction that nodes relay has 400,000 bytes; a PSBT may carry what it spends too.
MOST_BYTES = 2_000_000
_FORM = "application/x-www-form-urlencoded"
_COST = 5


async def _show_form(request: web.Request) -> web.StreamResponse:
    facts = BroadcastForm(request.app[SERVING].broadcast, MOST_BYTES)
    return page_answer(await _draw(request, facts))


async def _take_form(request: web.Request) -> web.StreamResponse:
    check_enabled(request)
    _check_origin(request)
    fields = await _read_form(request)
    facts = await _answer(request, fields.get("transaction", ""), fields.get("step") == "send")
    return page_answer(await _draw(request, facts), freshness=Freshness.NEVER)


async def _take_json(request: web.Request) -> web.StreamResponse:
    check_enabled(request)
    question = await _read_json(request)
    facts = await _answer(request, question.transaction, question.send)
    return json_answer(facts, freshness=Freshness.NEVER)


async def _answer(request: web.Request, text: str, send: bool) -> BroadcastFacts:
    tx = await in_thread(request, read_submission, text)
    return await ask(request, send_transaction if send else explain_transaction, tx)


async def _draw(request: web.Request, facts: BroadcastFacts | BroadcastForm) -> str:
    around = await in_thread(request, request.app[SITE].surroundings_or_none)
    return render("broadcast.html", facts, around, visit_of(request))


def check_enabled(request: web.Request) -> None:
    """Refuse where whoever runs this explorer lets visitors send nothing."""
    if not request.app[SERVING].broadcast:
        raise PageError(
            "broadcast-off",
            403,
            say("This explorer sends no transactions."),
            say("Whoever runs it turned that off: send it with your wallet or node."),
        )


def _check_origin(request: web.Request) -> None:
    """Refuse forms of other sites' pages: browsers say where a form comes from."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    host = origin.partition("://")[2] if origin is not None else request.host
    if site not in (None, "same-origin", "none") or (site is None and host != request.host):
        raise PageError(
            "other-origin",
            403,
            say("This form was sent by a page of another site."),
            say("Open the broadcast page here, and paste the transaction into it."),
        )


async def _read_form(request: web.Request) -> dict[str, str]:
    if request.content_type != _FORM:
        raise _unreadable()
    try:
        body = (await request.read()).decode("ascii")
        fields = parse_qs(body, max_num_fields=10)
    except ValueError:
        raise _unreadable() from None
    return {name: values[0] for name, values in fields.items()}


async def _read_json(request: web.Request) -> BroadcastQuestion:
    try:
        return msgspec.json.decode(await request.read(), type=BroadcastQuestion)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _unreadable() from None


def _unreadable() -> PageError:
    return bad_request(
        say("What was sent cannot be read."),
        say('Programs send JSON: {"transaction": "…", "send": false}.'),
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/broadcast",
        _show_form,
        "A form to send a transaction.",
        Tag.POOL,
        media="text/html",
        form=Form.PAGE,
    ),
    Endpoint(
        "POST",
        "/broadcast",
        _take_form,
        "Explain a transaction, or send it with `step=send`.",
        Tag.POOL,
        media="text/html",
        form=Form.PAGE,
        body=Body(_FORM, MOST_BYTES, "`transaction` in hex or as a PSBT, and `step`."),
        statuses=(400, 403),
        cost=_COST,
    ),
    Endpoint(
        "POST",
        "/broadcast.json",
        _take_json,
        "Explain a transaction and try it out; with `send` true, send it.",
        Tag.POOL,
        answer=BroadcastFacts,
        body=Body(
            "application/json",
            MOST_BYTES,
            "`transaction` in hex or as a PSBT; nothing is sent unless `send` is true.",
            BroadcastQuestion,
            {"transaction": "0200…", "send": False},
        ),
        statuses=(400, 403),
        cost=_COST,
    ),
)
