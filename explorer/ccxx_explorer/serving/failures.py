"""Every failure as an answer that helps: a page for people, JSON or a line of text for programs."""

from __future__ import annotations

import logging

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from ccxx_explorer.answers import json_answer, page_answer, text_answer
from ccxx_explorer.endpoints import SITE, Form, Handle, in_thread
from ccxx_explorer.facts import Problem
from ccxx_explorer.html import render
from ccxx_explorer.language import say
from ccxx_explorer.problems import PageError
from ccxx_explorer.serving.table import TABLE
from ccxx_explorer.visit import Visit

_LOG = logging.getLogger(__name__)
_PROGRAMS = (".json", ".csv")


@web.middleware
async def answer_failures(request: web.Request, handler: Handle) -> web.StreamResponse:
    """Turn whatever an endpoint raises into an answer in the form that it is asked in."""
    try:
        return await handler(request)
    except PageError as error:
        answer = await _say(request, Problem(error.code, error.status, error.message, error.hint))
        if error.retry_after is not None:
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    except web.HTTPMethodNotAllowed as error:
        answer = await _say(request, _wrong_method(sorted(error.allowed_methods)))
        answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return answer
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return await _say(request, _refused(request, error))
    except SQLAlchemyError:
        _LOG.exception("index not readable path=%s", request.rel_url.raw_path)
        return await _say(request, _unreadable())
    except ConnectionError:
        # The visitor is gone: there is nobody to answer.
        raise
    except Exception:
        # The visitor gets a sentence, the log gets the traceback.
        _LOG.exception("answer failed path=%s", request.rel_url.raw_path)
        return await _say(request, _broken())


def form_of(request: web.Request) -> Form:
    """Tell in which form an error is to be said here, also where nothing answers."""
    endpoint = request.app[TABLE].endpoint_of(request)
    if endpoint is not None and not endpoint.is_page:
        return endpoint.form
    if request.path.startswith("/api/"):
        return Form.TEXT
    asked = "application/json" in request.headers.get("Accept", "")
    return Form.JSON if asked or request.path.endswith(_PROGRAMS) else Form.PAGE


async def _say(request: web.Request, problem: Problem) -> web.StreamResponse:
    form = form_of(request)
    if form is Form.TEXT:
        return text_answer(f"{problem.message} {problem.hint}", problem.status)
    if form is Form.JSON:
        return json_answer({"error": problem}, problem.status)
    return page_answer(await _problem_page(request, problem), problem.status)


async def _problem_page(request: web.Request, problem: Problem) -> str:
    visit = Visit(request.rel_url.raw_path, request.rel_url.raw_query_string)
    try:
        around = await in_thread(request, request.app[SITE].surroundings_or_none)
    except PageError:
        # No thread is free to ask how things are: the page is shown without its frame's facts.
        around = None
    return render("problem.html", problem, around, visit)


def _refused(request: web.Request, error: web.HTTPException) -> Problem:
    if error.status == 404:
        return Problem(
            "no-such-page",
            404,
            say("There is no page at this address."),
            say("Start from the first page, or search for a certificate, transaction or block."),
        )
    if error.status == 413:
        return _too_large(request)
    return Problem(
        "bad-request",
        error.status,
        say("The request cannot be read."),
        say("Check the address and what was sent with it."),
    )


def _too_large(request: web.Request) -> Problem:
    endpoint = request.app[TABLE].endpoint_of(request)
    most = endpoint.body.most if endpoint is not None and endpoint.body is not None else 0
    return Problem(
        "too-large",
        413,
        say("What was sent is too large."),
        say("At most %(bytes)s bytes are read here.", bytes=most),
    )


def _wrong_method(allowed: list[str]) -> Problem:
    return Problem(
        "method-not-allowed",
        405,
        say("This address does not answer to this method."),
        say("Ask with %(methods)s.", methods=", ".join(allowed)),
    )


def _unreadable() -> Problem:
    return Problem(
        "index-unavailable",
        503,
        say("The index cannot be read right now."),
        say("It is asked again with every page: please reload in a moment."),
    )


def _broken() -> Problem:
    return Problem(
        "internal-error",
        500,
        say("Something went wrong on our side."),
        say("It was written to the log of the explorer. Please try again later."),
    )
