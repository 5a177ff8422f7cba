"""The verify page: what a document, a proof or an id is worth, by the index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from ccxx_cert.batch_proof import BatchProof
from ccxx_cert.chainpoint import Receipt
from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Certificate
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash
from ccxx_core.transaction import OutPoint
from ccxx_explorer.comparison import compare_document
from ccxx_explorer.database import holdings
from ccxx_explorer.database.pdf_messages import issues_of_root
from ccxx_explorer.facts import Check, CheckResult, Statement, Tone
from ccxx_explorer.facts.verification import (
    PdfDocumentFacts,
    SubmittedFacts,
    VerificationFacts,
    VerifyPage,
)
from ccxx_explorer.pages.certificates import (
    certificate_lines,
    find_certificate,
    load_certificate,
    named_certificate,
)
from ccxx_explorer.pdf_verification import (
    ProvenFile,
    document_facts,
    judge_file,
    read_proven_pdf,
)
from ccxx_explorer.problems import PageError, bad_request
from ccxx_explorer.question import Question
from ccxx_explorer.search import search
from ccxx_explorer.site import Site
from ccxx_explorer.submission import (
    Document,
    Submission,
    document_of_hash,
    is_proof,
    text_of_link,
)
from ccxx_explorer.views import document_verdict as words
from ccxx_explorer.views.checks import toned
from ccxx_explorer.views.pdf_verdict import pdf_checks, pdf_statement
from ccxx_explorer.views.search import is_certificate_id, read_search
from ccxx_explorer.views.standing import dated
from ccxx_explorer.views.subject import subject_facts

MOST_BYTES = 16 * 1024 * 1024
_MOST_CERTIFICATES = 20
_MOST_BATCHES = 20
_PROOF_KEY = b"/chainpoint_proof"


def load_verify(site: Site, connection: Connection, question: Question) -> VerifyPage:
    """Load the verify page: with what is known of a hash, an id or a link, if one is asked for."""
    parameters = question.parameters
    text, digest = text_of_link(parameters.get("q", "")), parameters.get("hash", "")
    if not text and not digest:
        return VerifyPage(None, MOST_BYTES)
    document = document_of_hash(digest, parameters.get("canonical", "")) if digest else None
    return VerifyPage(verify(site, connection, Submission(document, text=text)), MOST_BYTES)


def verify(site: Site, connection: Connection, given: Submission) -> VerificationFacts:
    """Say what is known of what was given; raises PageError where nothing was, or nothing fits."""
    if given.document is None:
        if given.proof is not None and not given.text:
            raise bad_request(words.this_is_a_proof(), words.choose_its_document())
        return _verify_text(site, connection, given)
    if given.text:
        return _compare(site, connection, given, given.document)
    return _verify_document(site, connection, given, given.document)


def _verify_document(
    site: Site, connection: Connection, given: Submission, document: Document
) -> VerificationFacts:
    if site.database.anchor is not None:
        site.check_anchor(connection)
        found = _certificates_of(connection, document)
        if found:
            return _certified(site, connection, document, found, words.document_fits())
        if isinstance(given.proof, BatchProof):
            return _verify_leaf(site, connection, document, given.proof)
    if isinstance(given.proof, Receipt):
        return _anchored(site, connection, document, ProvenFile(document.digest, given.proof))
    if document.data is not None and document.kind == "pdf":
        try:
            return _anchored(site, connection, document, read_proven_pdf(document.data))
        except DecodeError as error:
            if _PROOF_KEY in document.data:
                return _answer(site, connection, document, words.unreadable_proof(str(error)))
    if site.database.anchor is None:
        return _answer(site, connection, document, words.certificates_unread())
    if document.data is not None and is_proof(document.data):
        return _answer(site, connection, document, words.proof_alone())
    statement = words.unknown_document(
        document.kind, uploaded=document.data is not None, pasted=given.document is None
    )
    return _answer(site, connection, document, statement)


def _certificates_of(connection: Connection, document: Document) -> list[Certificate]:
    found: list[Certificate] = []
    # A JSON file may also have been certified as the bytes that it is.
    for digest in dict.fromkeys((document.document_hash, document.digest)):
        found += holdings.certificates_of_document(connection, digest, 0, _MOST_CERTIFICATES)
    return found[:_MOST_CERTIFICATES]


def _certified(
    site: Site,
    connection: Connection,
    document: Document | None,
    found: Sequence[Certificate],
    check: Check | None,
) -> VerificationFacts:
    """Answer with what the certificates of a document say; one of them speaks for itself."""
    tip = site.tip(connection)
    lines = certificate_lines(site, connection, found, tip)
    if len(found) > 1:
        statement = words.several_certificates(len(found))
        checks: tuple[Check, ...] = (check,) if check else ()
        subject = None
        url = f"/certificates?document={document.document_hash.hex()}" if document else None
    else:
        name = format_outpoint(found[0].id)
        facts = load_certificate(site, connection, Question(name, {}))
        statement, url = facts.verdict, f"/certificate/{name}"
        checks = words.with_document(check, facts.checks)
        subject = subject_facts(facts, _credential(document, check))
    answer = _answer(site, connection, document, statement)
    checks = tuple(toned(checks, is_valid=statement.tone is Tone.GOOD))
    return replace(answer, certificates=lines, checks=checks, subject=subject, url=url)


def _credential(document: Document | None, check: Check | None) -> bytes | None:
    """Give the JSON that was sent, where it is the certificate's document."""
    if document is None or check is None or check.result is not CheckResult.PASSED:
        return None
    return document.data if document.kind == "credential" else None


def _verify_leaf(
    site: Site, connection: Connection, document: Document, proof: BatchProof
) -> VerificationFacts:
    """Find the certificate of a document of a batch by the proof that came with it."""
    if proof.document_hash not in (document.document_hash, document.digest):
        return _answer(site, connection, document, words.proof_of_another_document())
    if not proof.leads_to_root:
        return _answer(site, connection, document, words.broken_batch_proof())
    batches = holdings.batches_of_root(connection, proof.merkle_root, _MOST_BATCHES)
    fitting = [each for each in batches if proof.proves_leaf_of(each.message.count)]
    places = (OutPoint(each.txid, proof.leaf) for each in fitting)
    found = [each for at in places if (each := holdings.certificate(connection, at)) is not None]
    if found:
        return _certified(site, connection, document, found, words.leaf_fits(proof.leaf))
    if fitting:
        return _answer(site, connection, document, words.not_claimed())
    statement = words.broken_batch_proof() if batches else words.unknown_batch()
    return _answer(site, connection, document, statement)


def _compare(
    site: Site, connection: Connection, given: Submission, document: Document
) -> VerificationFacts:
    """Compare a document with the certificate that was named beside it."""
    reading = read_search(given.text, site.network)
    is_name = is_certificate_id(given.text) or reading.outpoint is not None
    if not is_name:
        return _verify_document(site, connection, replace(given, text=""), document)
    site.check_anchor(connection)
    certificate = named_certificate(site, connection, given.text)
    check, fault = compare_document(connection, given.proof, document, certificate)
    answer = _certified(site, connection, document, [certificate], check)
    # Bad news about the certificate is true whatever the document is.
    is_worse = check.result is CheckResult.FAILED or answer.verdict.tone is Tone.GOOD
    if fault is None or not is_worse:
        return answer
    return replace(answer, verdict=fault, checks=tuple(toned(answer.checks, is_valid=False)))


def _verify_text(site: Site, connection: Connection, given: Submission) -> VerificationFacts:
    """Answer to an id or hash alone: of a certificate in full, of anything else where it is."""
    if not given.text:
        raise bad_request(words.nothing_given(), words.what_to_give())
    reading = read_search(given.text, site.network)
    if site.database.anchor is not None:
        site.check_anchor(connection)
        named = find_certificate(connection, reading)
        if named is not None:
            return _certified(site, connection, None, [named], words.no_document())
    digest = reading.document_hash
    if digest is None:
        return _find(site, connection, given.text)
    answer = _verify_document(
        site, connection, replace(given, text=""), Document("hash", digest, digest)
    )
    if answer.certificates or answer.pdf is not None:
        return answer
    for issue in issues_of_root(connection, digest, 1):
        statement = words.leads_elsewhere("pdf-batch")
        url = f"/tx/{format_hash(issue.transaction.txid)}"
        return replace(_answer(site, connection, None, statement), url=url)
    try:
        return _find(site, connection, given.text)
    except PageError:
        return answer


def _find(site: Site, connection: Connection, text: str) -> VerificationFacts:
    """Lead to the page that a text names; raises PageError where there is none."""
    found = search(site, connection, text)
    answer = _answer(site, connection, None, words.leads_elsewhere(found.kind))
    return replace(answer, url=found.url)


def _anchored(
    site: Site, connection: Connection, document: Document, file: ProvenFile
) -> VerificationFacts:
    rows = judge_file(site, connection, file)
    pdf: PdfDocumentFacts = document_facts(rows)
    answer = _answer(site, connection, document, pdf_statement(rows))
    url = f"/tx/{pdf.txid}" if pdf.height is not None else None
    checks = tuple(toned(pdf_checks(rows), is_valid=answer.as_of.online))
    return replace(answer, checks=checks, pdf=pdf, url=url)


def _answer(
    site: Site, connection: Connection, document: Document | None, statement: Statement
) -> VerificationFacts:
    as_of = site.as_of(site.tip(connection))
    return VerificationFacts(
        as_of=as_of,
        verdict=dated(statement, as_of),
        checks=(),
        subject=None,
        submitted=_submitted(document),
        certificates=(),
        pdf=None,
        url=None,
    )


def _submitted(document: Document | None) -> SubmittedFacts:
    if document is None:
        return SubmittedFacts("id", None, None, None, None, uploaded=False)
    return SubmittedFacts(
        kind=document.kind,
        name=document.name,
        size=None if document.data is None else len(document.data),
        sha256=document.digest.hex(),
        document_hash=document.document_hash.hex(),
        uploaded=document.data is not None,
    )
