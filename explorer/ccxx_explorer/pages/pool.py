"""Load the pages of the node's pool: all that waits, and what one transaction of it would make."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from ccxx_cert.identity import identity_hash
from ccxx_cert.state import get_certificate, get_permit
from ccxx_core.transaction import OutPoint
from ccxx_explorer.database import holdings
from ccxx_explorer.decode import read_payload
from ccxx_explorer.facts.pool import MempoolFacts, PendingFacts
from ccxx_explorer.foresight import foresee
from ccxx_explorer.language import say
from ccxx_explorer.pool_snapshot import PoolSnapshot
from ccxx_explorer.problems import PageError, not_found
from ccxx_explorer.question import LIST_LENGTH, Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.pool import (
    PendingRows,
    confirmed_facts,
    fee_bands,
    kind_of,
    pending_facts,
    pending_line,
)
from ccxx_explorer.views.search import Reading, read_search

_IDENTITY = 20
_MAGIC = b"CCXC"


def load_mempool(site: Site, connection: Connection, question: Question) -> MempoolFacts:
    """Load a page of the pool, newest first."""
    pool, tip = site.pool(), site.tip(connection)
    page, pages = question.page(len(pool.transactions))
    skipped = (page - 1) * LIST_LENGTH
    newest = sorted(pool.transactions.values(), key=lambda each: -each.first_seen)
    shown = newest[skipped : skipped + LIST_LENGTH]
    outlook = foresee(site, connection, (each.transaction for each in shown))
    return MempoolFacts(
        as_of=site.as_of(tip),
        known=not pool.is_stale,
        count=pool.count,
        size=pool.size,
        hidden=pool.hidden,
        fees=fee_bands(pool.transactions.values()),
        transactions=tuple(
            pending_line(each, outlook.verdicts.get(each.transaction.txid)) for each in shown
        ),
        page=page,
        pages=pages,
    )


def load_pending(site: Site, connection: Connection, question: Question) -> PendingFacts:
    """Load what a waiting transaction would make at an outpoint; `ccert1…` names one too."""
    site.check_anchor(connection)
    as_of = site.as_of(site.tip(connection))
    reading = read_search(question.id, site.network)
    confirmed = _confirmed(connection, reading)
    if confirmed is not None:
        return confirmed_facts(*confirmed, as_of)
    rows = _find(site, connection, reading)
    if rows is None:
        raise not_found(
            say("Nothing of this name is waiting."),
            say("It is named by the output that would issue it (txid:number) or by ccert1…"),
        )
    return pending_facts(rows, as_of, site.network)


def pending_outpoint(site: Site, connection: Connection, reading: Reading) -> OutPoint | None:
    """Find the output of a waiting transaction that would make what a text names."""
    rows = _find(site, connection, reading)
    return rows.outpoint if rows is not None else None


def check_not_pending(site: Site, connection: Connection, reading: Reading) -> None:
    """Raise the page's error where what is not in the index waits for a block."""
    if pending_outpoint(site, connection, reading) is not None:
        raise PageError(
            "pending",
            404,
            say("This is not in a block yet: nothing is valid before."),
            say(
                "Its transaction waits in the node's pool. What it would become is under /pending/."
            ),
        )


def _confirmed(connection: Connection, reading: Reading) -> tuple[OutPoint, str] | None:
    found = None
    if reading.identity is not None:
        found = holdings.certificate_of_identity(connection, reading.identity)
    elif reading.outpoint is not None:
        found = holdings.certificate(connection, reading.outpoint)
        if found is None and holdings.permit(connection, reading.outpoint) is not None:
            return reading.outpoint, "permit"
    return (found.id, "certificate") if found is not None else None


def _find(site: Site, connection: Connection, reading: Reading) -> PendingRows | None:
    """Find what a waiting transaction with a message of ours would make under a name."""
    pool = site.pool()
    outpoint = reading.outpoint
    if reading.identity is not None:
        outpoint = _outpoint_of(pool, reading.identity)
    if outpoint is None or pool.output_at(outpoint) is None:
        return None
    pending = pool.transactions[outpoint.txid]
    outlook = foresee(site, connection, [pending.transaction])
    verdict = outlook.verdicts.get(outpoint.txid)
    # Credit comes before the message, so an output behind it is a plain coin.
    if verdict is None or verdict.op is None or not _is_credit(pool, outpoint):
        return None
    certificate = get_certificate(outlook.registry, outpoint)
    permit_id = certificate.permit_id if certificate is not None else outpoint
    permit = get_permit(outlook.registry, permit_id)
    made = permit if kind_of(verdict) == "permit" else certificate
    if verdict.accepted and made is None:
        return None
    return PendingRows(outpoint, pending, verdict, made, permit)


def _outpoint_of(pool: PoolSnapshot, identity: bytes) -> OutPoint | None:
    """Find a waiting output by the bytes behind its printable id."""
    outpoints = (each for each in _credit_outpoints(pool))
    return next((at for at in outpoints if identity_hash(at)[:_IDENTITY] == identity), None)


def _credit_outpoints(pool: PoolSnapshot) -> Iterator[OutPoint]:
    for txid, pending in pool.transactions.items():
        for vout, output in enumerate(pending.transaction.outputs):
            if (read_payload(output.script_pubkey) or b"").startswith(_MAGIC):
                yield from (OutPoint(txid, before) for before in range(vout))


def _is_credit(pool: PoolSnapshot, outpoint: OutPoint) -> bool:
    outputs = pool.transactions[outpoint.txid].transaction.outputs
    return any(read_payload(output.script_pubkey) for output in outputs[outpoint.vout + 1 :])
