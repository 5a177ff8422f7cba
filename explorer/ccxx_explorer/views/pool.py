"""The node's pool on a page: fees in bands, and each transaction with what it would do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from ccxx_cert.identity import certificate_id, format_outpoint
from ccxx_cert.records import Op
from ccxx_cert.state import Certificate, Permit, Verdict
from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network
from ccxx_core.transaction import OutPoint
from ccxx_explorer.facts.pool import FeeBand, PendingFacts, PendingLine
from ccxx_explorer.facts.status import AsOf, Statement, Tone
from ccxx_explorer.language import say
from ccxx_explorer.pool_snapshot import PendingTransaction
from ccxx_explorer.views.verdicts import attempt_words, reason_words
from ccxx_explorer.wording import printable

# Satoshis for 1,000 virtual bytes.
_BOUNDS = (0, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class PendingRows:
    """What the page of a pending certificate or permit is made from.

    `made` is the record that the rules would write at the outpoint, None where they would refuse.
    """

    outpoint: OutPoint
    pending: PendingTransaction
    verdict: Verdict
    made: Certificate | Permit | None
    permit: Permit | None


def fee_bands(transactions: Iterable[PendingTransaction]) -> tuple[FeeBand, ...]:
    """Sort transactions by what they pay; bands at either end that are empty are left out."""
    edges = [*pairwise(_BOUNDS), (_BOUNDS[-1], None)]
    counts, sizes = [0] * len(edges), [0] * len(edges)
    for each in transactions:
        if each.feerate is not None:
            band = sum(each.feerate >= bound for bound in _BOUNDS[1:])
            counts[band] += 1
            sizes[band] += each.vsize
    bands = [
        FeeBand(least, most, count, size)
        for (least, most), count, size in zip(edges, counts, sizes, strict=True)
    ]
    used = [place for place, count in enumerate(counts) if count]
    return tuple(bands[used[0] : used[-1] + 1]) if used else ()


def pending_line(pending: PendingTransaction, verdict: Verdict | None) -> PendingLine:
    """Build one line of the pool."""
    tx = pending.transaction
    return PendingLine(
        txid=format_hash(tx.txid),
        time=pending.first_seen,
        value=sum(output.value for output in tx.outputs),
        fee=pending.fee,
        feerate=pending.feerate,
        vsize=pending.vsize,
        operation=verdict.op.name if verdict is not None and verdict.op is not None else None,
        accepted=verdict.accepted if verdict is not None else None,
        meaning=outlook_words(verdict),
        tone=outlook_tone(verdict),
    )


def outlook_words(verdict: Verdict | None) -> str:
    """Say what an unconfirmed transaction would do; whether a block takes it, nobody knows."""
    if verdict is None:
        return say("Payment")
    if verdict.op is None and verdict.destroyed:
        return say("Would destroy a certificate")
    if verdict.op is None and verdict.lost:
        return say("Would destroy credit")
    if verdict.op is None and verdict.accepted:
        return say("Pending: moving credit without a change of owner")
    attempt = attempt_words(verdict.op.name if verdict.op is not None else None)
    if verdict.accepted:
        return say("Pending: %(attempt)s", attempt=attempt)
    return say("Would be refused: %(attempt)s", attempt=attempt)


def outlook_tone(verdict: Verdict | None) -> Tone:
    """Give the colour of that: red where it would be refused or would destroy something."""
    harmful = verdict is not None and (
        not verdict.accepted or verdict.destroyed or verdict.lost > 0
    )
    return Tone.BAD if harmful else Tone.CALM


def kind_of(verdict: Verdict) -> str:
    """Tell whether a transaction is about a permit or about certificates."""
    return "permit" if verdict.op is Op.PERMIT else "certificate"


def pending_facts(rows: PendingRows, as_of: AsOf, network: Network) -> PendingFacts:
    """Build the page of what an unconfirmed transaction would make at an outpoint."""
    outpoint, pending, made, permit = rows.outpoint, rows.pending, rows.made, rows.permit
    kind = kind_of(rows.verdict)
    refused = not rows.verdict.accepted or made is None
    script = pending.transaction.outputs[outpoint.vout].script_pubkey
    return PendingFacts(
        id=format_outpoint(outpoint),
        kind=kind,
        status="refused" if refused else "pending",
        as_of=as_of,
        verdict=_refusal(rows.verdict) if refused else _waiting(kind),
        url=f"/{kind}/{format_outpoint(outpoint)}",
        txid=format_hash(outpoint.txid),
        certificate_id=certificate_id(outpoint) if kind == "certificate" else None,
        first_seen=pending.first_seen,
        fee=pending.fee,
        serial=made.serial if isinstance(made, Certificate) else None,
        code=printable(permit.message.code) if permit else None,
        title=printable(permit.message.title) if permit else None,
        summary=printable(made.text) if isinstance(made, Certificate) else None,
        quantity=made.message.quantity if isinstance(made, Permit) else None,
        permit_id=format_outpoint(permit.id) if permit else None,
        address=encode_address(script, network),
    )


def confirmed_facts(outpoint: OutPoint, kind: str, as_of: AsOf) -> PendingFacts:
    """Build the page of what was pending and has its own page now."""
    words = say("What it is worth is said on its own page.")
    return PendingFacts(
        id=format_outpoint(outpoint),
        kind=kind,
        status="confirmed",
        as_of=as_of,
        verdict=Statement("confirmed", Tone.CALM, say("In a block now"), words),
        url=f"/{kind}/{format_outpoint(outpoint)}",
        txid=format_hash(outpoint.txid),
    )


def _waiting(kind: str) -> Statement:
    words = say(
        "The certificate waits in the node's pool. It may still be replaced or never be mined:"
        " rely on it only when its own page here says that it is valid."
    )
    if kind == "permit":
        words = say(
            "The permit waits in the node's pool. It may still be replaced or never be mined:"
            " rely on it only when its own page here says that it is valid."
        )
    title = say("Not in a block yet: nothing is valid before")
    return Statement("pending", Tone.WARN, title, words)


def _refusal(verdict: Verdict) -> Statement:
    return Statement(
        "refused",
        Tone.BAD,
        say("Not in a block yet, and it would not count"),
        say(
            "If the next block took its transaction, the rules would refuse it: %(reason)s.",
            reason=reason_words(verdict.refusal.value if verdict.refusal else None),
        ),
    )
