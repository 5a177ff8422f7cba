"""Files that visitors send to be verified: read within limits, judged, and kept nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from sqlalchemy import Connection

from ccxx_cert.batch_proof import BatchProof
from ccxx_cert.chainpoint import LONGEST_RECEIPT, Receipt
from ccxx_explorer.answers import Freshness, json_answer, page_answer
from ccxx_explorer.endpoints import SITE, Body, Endpoint, Form, Tag, ask, in_thread
from ccxx_explorer.facts import Problem
from ccxx_explorer.facts.verification import RefusedPage, VerifyPage
from ccxx_explorer.html import render
from ccxx_explorer.language import say, say_count
from ccxx_explorer.problems import PageError, bad_request
from ccxx_explorer.serving.visits import visit_of
from ccxx_explorer.site import Site
from ccxx_explorer.submission import (
    LONGEST_TEXT,
    Submission,
    document_of_file,
    document_of_hash,
    is_proof,
    read_proof,
    text_of_link,
)
from ccxx_explorer.verification import MOST_BYTES, verify

_FRAME_BYTES = 8_192
_MOST_PARTS = 12
# Of the questions that a visitor may ask: a file is looked through as a whole.
_COST = 5
_CHUNK = 65_536
_UPLOADS_AT_ONCE = 4
_LIMITS = {"document": MOST_BYTES, "proof": LONGEST_RECEIPT, "q": LONGEST_TEXT}
_SHORT = 200

# What aiohttp's reader raises, as tests with broken forms found it.
_UNREADABLE = (ValueError, AssertionError, LookupError, RuntimeError, HttpProcessingError)

Parts = dict[str, tuple[str, bytes]]


class Uploads:
    """How many files are read into memory at this moment: only a few at once."""

    def __init__(self) -> None:
        self._running = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places; raises PageError where all are taken."""
        if self._running >= _UPLOADS_AT_ONCE:
            raise PageError(
                "too-busy",
                503,
                say("Too many files are being checked at the moment."),
                say("Please send yours again in a few seconds."),
                retry_after=5,
            )
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1


UPLOADS: web.AppKey[Uploads] = web.AppKey("uploads", Uploads)


async def _answer_page(request: web.Request) -> web.StreamResponse:
    status = 200
    facts: VerifyPage | RefusedPage
    try:
        facts = await _verify(request)
    except PageError as error:
        if error.status >= 500:
            raise
        # What was wrong is mended in the same form.
        status = error.status
        problem = Problem(error.code, status, error.message, error.hint)
        facts = RefusedPage(problem, MOST_BYTES)
    template = "verify.html" if isinstance(facts, VerifyPage) else "verify_refused.html"
    around = await in_thread(request, request.app[SITE].surroundings_or_none)
    html = render(template, facts, around, visit_of(request))
    return page_answer(html, status, freshness=Freshness.NEVER)


async def _answer_json(request: web.Request) -> web.StreamResponse:
    return json_answer(await _verify(request), freshness=Freshness.NEVER)


async def _verify(request: web.Request) -> VerifyPage:
    with request.app[UPLOADS].place():
        parts = await _read_parts(request)
        return await ask(request, _judge, parts)


def _judge(site: Site, connection: Connection, parts: Parts) -> VerifyPage:
    return VerifyPage(verify(site, connection, _submission(parts)), MOST_BYTES)


def _submission(parts: Parts) -> Submission:
    """Read what was sent; raises PageError where it cannot be read."""
    document, texts = None, {name: _text(data) for name, (_, data) in parts.items()}
    if "document" in parts:
        document = document_of_file(*parts["document"])
    elif texts.get("hash"):
        document = document_of_hash(texts["hash"], texts.get("canonical", ""))
    proof = _proof(parts) if "proof" in parts else None
    return Submission(document, proof, text_of_link(texts.get("q", "")))


def _proof(parts: Parts) -> BatchProof | Receipt:
    try:
        return read_proof(parts["proof"][1])
    except PageError:
        if "document" not in parts or not is_proof(parts["document"][1]):
            raise
        raise bad_request(
            say("Are the two files swapped?"),
            say("The file in the place of the document is a proof: choose each in its own place."),
        ) from None


def _text(data: bytes) -> str:
    return data[:LONGEST_TEXT].decode("utf-8", errors="replace").strip()


async def _read_parts(request: web.Request) -> Parts:
    """Read the fields of a form by name, each with its file's name; empty ones are left out."""
    if not request.content_type.startswith("multipart/form-data"):
        raise PageError(
            "bad-form",
            415,
            say("What was sent is no form with files."),
            say("Send multipart/form-data with the fields document, proof, hash or q."),
        )
    found: Parts = {}
    try:
        reader = await request.multipart()
        for _ in range(_MOST_PARTS):
            part = await reader.next()
            if part is None:
                return found
            if not isinstance(part, BodyPartReader):
                raise ValueError("a form inside a form")
            name = part.name or ""
            data = await _read_part(part, _LIMITS.get(name, _SHORT))
            if data or part.filename:
                found.setdefault(name, (part.filename or "", data))
    except _UNREADABLE as error:
        raise bad_request(
            say("The form cannot be read."), say("Load this page again, and send it once more.")
        ) from error
    raise bad_request(say("The form has too many fields."), say("Send one document at a time."))


async def _read_part(part: BodyPartReader, most: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        data += chunk
        if len(data) > most:
            raise _too_large(most)
    return bytes(data)


def _too_large(most: int) -> PageError:
    return PageError(
        "too-large",
        413,
        say("What was sent is too large."),
        say_count(
            "At most %(count)s byte is read here. With JavaScript the file is checked in your"
            " browser and need not be sent; without, `sha256sum FILE` gives the hash to paste.",
            "At most %(count)s bytes are read here. With JavaScript the file is checked in your"
            " browser and need not be sent; without, `sha256sum FILE` gives the hash to paste.",
            most,
        ),
    )


_BODY = Body(
    "multipart/form-data",
    MOST_BYTES + LONGEST_RECEIPT + _FRAME_BYTES,
    "A document, or the SHA-256 of it in `hash` (of JSON also that of its canonical form in"
    " `canonical`); a proof that came with it; an id or link in `q`.",
)
_SUMMARY = "What a document, with its proof if it has one, is worth by the chain."

ENDPOINTS = (
    Endpoint(
        "POST",
        "/verify.json",
        _answer_json,
        _SUMMARY,
        Tag.VERIFY,
        answer=VerifyPage,
        body=_BODY,
        statuses=(400, 404, 408, 413, 415),
        cost=_COST,
    ),
    Endpoint(
        "POST",
        "/verify",
        _answer_page,
        _SUMMARY,
        Tag.VERIFY,
        media="text/html",
        form=Form.PAGE,
        body=_BODY,
        statuses=(400, 404, 408, 413, 415),
        cost=_COST,
    ),
)
