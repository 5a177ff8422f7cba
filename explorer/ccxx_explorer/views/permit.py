"""The page of a permit, and its line in lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from ccxx_explorer.database.rows import BlockRow, VerdictRow
from ccxx_explorer.facts import (
    AnchorFacts,
    AsOf,
    CertificateLine,
    ExpiryFacts,
    PermitFacts,
    PermitLine,
    Statement,
    Tone,
)
from ccxx_explorer.views.certificate import definition_facts
from ccxx_explorer.views.checks import TONES
from ccxx_explorer.views.expiry import expiry_facts, past_tense
from ccxx_explorer.views.history import history_event
from ccxx_explorer.views.revocation import revocation_facts, revocation_words
from ccxx_explorer.wording import (
    format_coins,
    format_count,
    format_duration,
    format_time,
    printable,
)


@dataclass(frozen=True, slots=True)
class PermitRows:
    """All that the page of a permit is made from."""

    permit: Permit
    tip: BlockRow
    definition: TypeDefinition | None
    certificates: Sequence[CertificateLine]
    verdicts: Sequence[VerdictRow]
    times: Mapping[int, int]


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
        verdict=_verdict(permit, status, tip),
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
        certificates=tuple(rows.certificates),
        history=tuple(history_event(verdict, rows.times) for verdict in rows.verdicts),
    )


def _tone(status: Status) -> Tone:
    """Green is kept for certificates: a permit that may be used stays calm."""
    return Tone.CALM if status is Status.VALID else TONES[status]


def _expiry(message: PermitMessage) -> ExpiryFacts:
    if message.expiry_kind is ExpiryKind.SECONDS_AFTER_ISSUE:
        words = f"each certificate ends {format_duration(message.expiry)} after its issue"
        return ExpiryFacts(None, None, words)
    if message.expiry_kind is ExpiryKind.BLOCKS_AFTER_ISSUE:
        words = f"each certificate ends {format_count(message.expiry, 'block')} after its issue"
        return ExpiryFacts(None, None, words)
    deadline = permit_deadline(message)
    return expiry_facts(deadline.time, deadline.height)


def _verdict(permit: Permit, status: Status, tip: BlockRow) -> Statement:
    title, words = _verdict_words(permit, status, tip)
    granted = f"Granted by the root for {format_count(permit.message.quantity, 'certificate')}"
    return Statement(status, _tone(status), title, f"{granted}; {words}.")


def _verdict_words(permit: Permit, status: Status, tip: BlockRow) -> tuple[str, str]:
    if permit.revocation is not None:
        title = "Suspended" if status is Status.SUSPENDED else "Revoked"
        return f"{title}: no new certificates", f"it {revocation_words(permit.revocation)}"
    if permit.closed is not None:
        moment = permit.closed.moment
        return "Closed: no new certificates", (
            f"its credit returned to the root in block {moment.height:,}"
            f" ({format_time(moment.time)})"
        )
    if status is Status.EXPIRED:
        return "Expired: no new certificates", f"it {past_tense(_expiry(permit.message).words)}"
    if status is Status.EXHAUSTED:
        issued = format_count(permit.issued, "certificate")
        return "Exhausted: no credit is left", f"issued so far: {issued}"
    if status is Status.VALID:
        left = f"{permit.credit // CERTIFICATE_VALUE:,} left ({format_coins(permit.credit)})"
        return "Valid: may issue certificates", f"{permit.issued:,} issued, credit for {left}"
    depth = format_count(tip.height - permit.granted.height + 1, "confirmation")
    return "Provisional: not final yet", f"it has {depth} of {PROVISIONAL_BELOW}"
