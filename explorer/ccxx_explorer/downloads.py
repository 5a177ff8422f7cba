"""Hand out documents that are on the chain: as files, never as pages of this site."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from ccxx_cert.document import Media, guess_media
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_explorer.answers import bytes_answer
from ccxx_explorer.endpoints import FILE, Endpoint, Parameter, Tag, ask
from ccxx_explorer.pages.certificates import load_document
from ccxx_explorer.question import Question

_BYTES = "application/octet-stream"
_MEDIA: Mapping[Media | None, tuple[str, str]] = {
    Media.CREDENTIAL: (Media.CREDENTIAL, "json"),
    Media.PDF: (Media.PDF, "pdf"),
    Media.X509: (Media.X509, "der"),
}


async def _send_document(request: web.Request) -> web.StreamResponse:
    question = Question(request.match_info["id"], {})
    body = await ask(request, load_document, question)
    kind, ending = _MEDIA.get(_media_of(body), (_BYTES, "bin"))
    answer = bytes_answer(body, kind)
    name = f"document-{sha256(body).hex()[:8]}.{ending}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    # A stranger wrote it: a browser that shows it all the same runs nothing of it, and not here.
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _media_of(body: bytes) -> Media | None:
    try:
        return guess_media(body)
    except DecodeError:
        return None


ENDPOINTS = (
    Endpoint(
        "GET",
        "/certificate/{id:[^/]+}/document",
        _send_document,
        "The document of a certificate, where its issuer put it on the chain whole.",
        Tag.CERTIFICATES,
        (Parameter("id", "The certificate: its issuing output `txid:vout`, or `ccert1…`."),),
        media=FILE,
        statuses=(404,),
    ),
)
