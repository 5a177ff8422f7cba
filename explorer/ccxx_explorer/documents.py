"""Documents that issuers put on the chain: put together once, and remembered while pieces last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Batch, Certificate
from ccxx_explorer.database.pieces import published_document
from ccxx_explorer.database.publications import pieces_of
from ccxx_explorer.facts import DocumentFacts
from ccxx_explorer.views.document import document_facts

_REMEMBERED = 500
_Key = tuple[bytes, int, bytes]


@dataclass(frozen=True, slots=True)
class Publication:
    """What is on the chain of a certificate's document: all of it, some pieces, or nothing."""

    document: DocumentFacts | None = None
    has_pieces: bool = False


class DocumentShelf:
    """What is known of documents, so that a page need not put one together to describe it."""

    def __init__(self) -> None:
        self._known: OrderedDict[_Key, DocumentFacts | None] = OrderedDict()
        self._asking = threading.Lock()

    def find(
        self, connection: Connection, certificate: Certificate, batch: Batch | None
    ) -> Publication:
        """Describe what is published of a certificate's document."""
        single = with_document(certificate, batch)
        if single.doc_hash is None:
            return Publication()
        pieces = pieces_of(connection, single.doc_hash)
        if pieces is None:
            return Publication()
        # A block that goes, or comes, takes or brings a piece, and so another key.
        key = (single.doc_hash, pieces.number, pieces.newest)
        with self._asking:
            if key in self._known:
                self._known.move_to_end(key)
                return self._publication(single, self._known[key])
        facts = _describe(connection, single)
        with self._asking:
            self._known[key] = facts
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._publication(single, facts)

    def _publication(self, certificate: Certificate, facts: DocumentFacts | None) -> Publication:
        # Several certificates may be about one document.
        found = facts and replace(facts, url=_url(certificate))
        return Publication(found, has_pieces=True)


def with_document(certificate: Certificate, batch: Batch | None) -> Certificate:
    """Give a certificate with its document hash, where the chain says it.

    The one leaf of a batch of one is its Merkle root.
    """
    if certificate.doc_hash is None and batch is not None and batch.message.count == 1:
        return replace(certificate, doc_hash=batch.message.merkle_root)
    return certificate


def _describe(connection: Connection, certificate: Certificate) -> DocumentFacts | None:
    body = published_document(connection, certificate)
    if body is None or certificate.doc_hash is None:
        return None
    return document_facts(body, certificate.doc_hash, _url(certificate))


def _url(certificate: Certificate) -> str:
    return f"/certificate/{format_outpoint(certificate.id)}/document"
