"""Is a document the one that a certificate commits to?"""

from __future__ import annotations

from sqlalchemy import Connection

from ccxx_cert.batch_proof import BatchProof
from ccxx_cert.chainpoint import Receipt
from ccxx_cert.state import Certificate
from ccxx_explorer.database import holdings
from ccxx_explorer.documents import with_document
from ccxx_explorer.facts import Check, Statement
from ccxx_explorer.submission import Document
from ccxx_explorer.views import document_verdict as words


def compare_document(
    connection: Connection,
    proof: BatchProof | Receipt | None,
    document: Document,
    certificate: Certificate,
) -> tuple[Check, Statement | None]:
    """Tell whether a document is a certificate's, and the verdict where it is not known to be."""
    digests = (document.document_hash, document.digest)
    batch = holdings.batch(connection, certificate.batch) if certificate.batch else None
    committed = with_document(certificate, batch).doc_hash
    if committed is not None:
        if committed in digests:
            return words.document_fits(), None
        return words.document_differs(), words.wrong_document()
    if batch is None or not isinstance(proof, BatchProof):
        return words.proof_is_missing(), words.not_compared()
    fits = (
        proof.document_hash in digests
        and proof.leaf == certificate.leaf
        and proof.merkle_root == batch.message.merkle_root
        and proof.proves_leaf_of(batch.message.count)
    )
    if fits:
        return words.leaf_fits(proof.leaf), None
    return words.document_differs(), words.wrong_document()
