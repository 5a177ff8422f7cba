"""The page of a permit, and its line in lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.expiry import permit_deadline
from ccxx_cert.identity import format_outpoint
from ccxx_cert.records import ExpiryKind, PermitMessage
from ccxx_cert.state import Permit
from ccxx_cert.status import PROVISIONAL_BELOW, Status, permit_status
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network
from ccxx_explorer.database.rows import BlockRow
from ccxx_explorer.facts import (
    AnchorFacts,
    AsOf,
    CertificateLine,
    ExpiryFacts,
    HistoryEvent,
    PermitFacts,
    PermitLine,
    Statement,
    Tone,
)
from ccxx_explorer.language import say, say_count
from ccxx_explorer.views.definition import definition_facts
from ccxx_explorer.views.expiry import ended_words, expiry_facts
from ccxx_explorer.views.powers import permit_powers
from ccxx_explorer.views.revocation import revocation_facts, revocation_words
from ccxx_explorer.views.standing import dated, tone_of_status
from ccxx_explorer.wording import format_coins, format_duration, format_time, printable


@dataclass(frozen=True, slots=True)
class PermitRows:
    """All that the page of a permit is made from; `events` are a page of its life."""

    permit: Permit
    tip: BlockRow
    definition: TypeDefinition | None
    certificates: Sequence[CertificateLine]
    events: tuple[HistoryEvent, ...]
    earlier: int | None


def permit_line(permit: Permit, tip: BlockRow) -> PermitLine:
    """Build one line of a list of permits."""
    status = permit_status(permit, tip.height, tip.median_time_past)
    return PermitLine(
        id=format_outpoint(permit.id),
        code=printable(permit.message.code),
        title=printable(permit.message.title),
        status=status,
        tone=_tone(status),
        height=permit.granted.height,
        time=permit.granted.time,
        quantity=permit.message.quantity,
        issued=permit.issued,
        transferable=permit.message.transferable,
        issuer_key=permit.issuer_key.hex() if permit.issuer_key else None,
    )


def permit_facts(rows: PermitRows, root: AnchorFacts, network: Network, as_of: AsOf) -> PermitFacts:
    """Build the page of a permit."""
    permit, tip = rows.permit, rows.tip
    message = permit.message
    status = permit_status(permit, tip.height, tip.median_time_past)
    return PermitFacts(
        id=format_outpoint(permit.id),
        as_of=as_of,
        verdict=dated(_verdict(permit, status, tip), as_of),
        status=status,
        code=printable(message.code),
        title=printable(message.title),
        quantity=message.quantity,
        issued=permit.issued,
        credit=permit.credit,
        transferable=message.transferable,
        issuer_may_revoke=message.issuer_revokes,
        root_may_revoke=message.root_revokes,
        public_summary=message.public_summary,
        recovery_allowed=message.recovery,
        custody=message.custody.label,
        typedef_hash=message.typedef_hash.hex(),
        definition=definition_facts(rows.definition),
        revocation=revocation_facts(permit.revocation),
        expiry=_expiry(message),
        address=encode_address(permit.script_pubkey, network),
        issuer_key=permit.issuer_key.hex() if permit.issuer_key else None,
        txid=format_hash(permit.id.txid),
        height=permit.granted.height,
        time=permit.granted.time,
        confirmations=tip.height - permit.granted.height + 1,
        root=root,
        powers=permit_powers(message, status),
        certificates=tuple(rows.certificates),
        history=rows.events,
        before=rows.earlier,
    )


def _tone(status: Status) -> Tone:
    """Green is kept for certificates: a permit that may be used stays calm."""
    return Tone.CALM if status is Status.VALID else tone_of_status(status)


def _expiry(message: PermitMessage) -> ExpiryFacts:
    if message.expiry_kind is ExpiryKind.SECONDS_AFTER_ISSUE:
        span = format_duration(message.expiry)
        words = say("Each certificate ends %(span)s after its issue.", span=span)
        return ExpiryFacts(None, None, words)
    if message.expiry_kind is ExpiryKind.BLOCKS_AFTER_ISSUE:
        words = say_count(
            "Each certificate ends %(count)s block after its issue.",
            "Each certificate ends %(count)s blocks after its issue.",
            message.expiry,
        )
        return ExpiryFacts(None, None, words)
    deadline = permit_deadline(message)
    return expiry_facts(deadline.time, deadline.height)


def _verdict(permit: Permit, status: Status, tip: BlockRow) -> Statement:
    title, words = _verdict_words(permit, status, tip)
    granted = say_count(
        "The root granted it for %(count)s certificate.",
        "The root granted it for %(count)s certificates.",
        permit.message.quantity,
    )
    return Statement(status, _tone(status), title, f"{granted} {words}")


def _verdict_words(permit: Permit, status: Status, tip: BlockRow) -> tuple[str, str]:
    if permit.revocation is not None:
        words = revocation_words(permit.revocation)
        if status is Status.SUSPENDED:
            return say("Suspended: no new certificates for now"), words
        return say("Revoked: no new certificates"), words
    if permit.closed is not None:
        moment = permit.closed.moment
        return say("Closed: no new certificates"), say(
            "Its credit returned to the root in block %(height)s (%(time)s).",
            height=moment.height,
            time=format_time(moment.time),
        )
    if status is Status.EXPIRED:
        deadline = permit_deadline(permit.message)
        title = say("Expired: no new certificates")
        return title, ended_words(deadline.time, deadline.height)
    return _state_words(permit, status, tip)


def _state_words(permit: Permit, status: Status, tip: BlockRow) -> tuple[str, str]:
    issued = say_count(
        "%(count)s certificate was issued so far.",
        "%(count)s certificates were issued so far.",
        permit.issued,
    )
    if status is Status.EXHAUSTED:
        return say("Exhausted: no credit is left"), issued
    if status is Status.VALID:
        left = say_count(
            "There is credit for %(count)s more (%(credit)s).",
            "There is credit for %(count)s more (%(credit)s).",
            permit.credit // CERTIFICATE_VALUE,
            credit=format_coins(permit.credit),
        )
        return say("Valid: it may issue certificates"), f"{issued} {left}"
    return say("Provisional: not final yet"), say_count(
        "It has only %(count)s confirmation of %(needed)s.",
        "It has only %(count)s confirmations of %(needed)s.",
        tip.height - permit.granted.height + 1,
        needed=PROVISIONAL_BELOW,
    )
