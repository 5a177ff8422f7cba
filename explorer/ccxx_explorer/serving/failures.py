"""Every failure as an answer that helps: a page for people, JSON or a line of text for programs."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from ccxx_explorer.answers import json_answer, page_answer, text_answer
from ccxx_explorer.endpoints import FILE, SITE, Form, Handle, in_thread
from ccxx_explorer.facts import Problem
from ccxx_explorer.html import render
from ccxx_explorer.language import say, say_count, say_list, say_minute
from ccxx_explorer.problems import PageError
from ccxx_explorer.serving.table import PROGRAMS, endpoint_of
from ccxx_explorer.serving.visits import visit_of

_LOG = logging.getLogger(__name__)


@web.middleware
async def answer_failures(request: web.Request, handler: Handle) -> web.StreamResponse:
    """Turn whatever an endpoint raises into an answer in the form that it is asked in."""
    try:
        return await handler(request)
    except PageError as error:
        problem = Problem(error.code, error.status, error.message, error.hint)
        if error.retry_after is None:
            return await _say(request, problem)
        # Whoever asks too much is not given the index's time for a page that says so.
        answer = _write(request, problem, None)
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
        return await _say(request, _unreadable(request.app[SITE].database.away_since))
    except ConnectionError:
        # The visitor is gone: there is nobody to answer.
        raise
    except Exception:
        # The visitor gets a sentence, the log gets the traceback.
        _LOG.exception("answer failed path=%s", request.rel_url.raw_path)
        return await _say(request, _broken())


def form_of(request: web.Request) -> Form:
    """Tell in which form an error is to be said here, also where nothing answers."""
    endpoint, accepts = endpoint_of(request), request.headers.get("Accept", "")
    if endpoint is not None and not endpoint.is_page:
        # Whoever follows a link to a file in a browser wants to read why there is none.
        is_file = endpoint.media == FILE and "text/html" in accepts
        return Form.PAGE if is_file else endpoint.form
    if request.path.startswith("/api/"):
        return Form.TEXT
    is_program = "application/json" in accepts or request.path.endswith(PROGRAMS)
    return Form.JSON if is_program else Form.PAGE


async def _say(request: web.Request, problem: Problem) -> web.StreamResponse:
    around = None
    if form_of(request) is Form.PAGE:
        # Where no thread is free to ask how things are, the page has no facts in its frame.
        with suppress(PageError):
            around = await in_thread(request, request.app[SITE].surroundings_or_none)
    return _write(request, problem, around)


def _write(request: web.Request, problem: Problem, around: Any) -> web.StreamResponse:
    form = form_of(request)
    if form is Form.TEXT:
        return text_answer(f"{problem.message} {problem.hint}", problem.status)
    if form is Form.JSON:
        return json_answer({"error": problem}, problem.status)
    try:
        html = render("problem.html", problem, around, visit_of(request))
    except Exception:
        # Whatever is wrong with the page, the visitor is told what to do.
        _LOG.exception("problem page failed path=%s", request.rel_url.raw_path)
        return text_answer(f"{problem.message} {problem.hint}", problem.status)
    return page_answer(html, problem.status)


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
    endpoint = endpoint_of(request)
    most = endpoint.body.most if endpoint is not None and endpoint.body is not None else 0
    return Problem(
        "too-large",
        413,
        say("What was sent is too large."),
        say_count(
            "At most %(count)s byte is read here.", "At most %(count)s bytes are read here.", most
        ),
    )


def _wrong_method(allowed: list[str]) -> Problem:
    return Problem(
        "method-not-allowed",
        405,
        say("This address does not answer to this method."),
        say("Ask with %(methods)s.", methods=say_list(allowed)),
    )


def _unreadable(since: int | None) -> Problem:
    message = say("The index cannot be read right now.")
    if since is not None:
        began = say_minute(datetime.fromtimestamp(since, tz=UTC))
        message = say("The index has not been readable since %(time)s.", time=began)
    return Problem(
        "index-unavailable",
        503,
        message,
        say("It is asked again with every page: please reload in a moment."),
    )


def _broken() -> Problem:
    return Problem(
        "internal-error",
        500,
        say("Something went wrong on our side."),
        say("It was written to the log of the explorer. Please try again later."),
    )
