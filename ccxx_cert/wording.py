"""The protocol in words: one short line for each thing that a transaction would do."""

from collections.abc import Iterator

from ccxx_cert.codec import op_of
from ccxx_cert.identity import certificate_id, format_outpoint
from ccxx_cert.records import (
    BatchMessage,
    ClaimMessage,
    ExpiryKind,
    IssueMessage,
    Message,
    PermitMessage,
    RecoverMessage,
    TransferMessage,
)
from ccxx_cert.spend import Outcome, Spend
from ccxx_cert.state import (
    Certificate,
    Credit,
    CreditKind,
    Permit,
    RegistryView,
    Step,
    get_certificate,
    get_permit,
)
from ccxx_cert.upkeep_wording import describe_upkeep, format_address
from ccxx_core.amount import format_amount
from ccxx_core.network import Network
from ccxx_core.opcodes import Op as Opcode
from ccxx_core.transaction import TxOutput

_NAMED_AT_MOST = 3


def describe_outcome(
    message: Message, outcome: Outcome, view: RegistryView, network: Network
) -> Iterator[str]:
    """Say what a message that counts would do."""
    certificates = [each for each in outcome.records if isinstance(each, Certificate)]
    permits = [each for each in outcome.records if isinstance(each, Permit)]
    match message:
        case PermitMessage():
            for permit in permits:
                yield from _describe_grant(permit, outcome, network)
        case (IssueMessage() | ClaimMessage()) | BatchMessage(deferred=False):
            for permit in permits:
                yield from _describe_issue(certificates, permit, network)
        case TransferMessage() | RecoverMessage():
            for certificate in certificates:
                yield from _describe_move(certificate, view, network)
        case _:
            yield from describe_upkeep(message, outcome, network)


def describe_naked(
    message: Message | None, outcome: Outcome, view: RegistryView, network: Network
) -> Iterator[str]:
    """Say what becomes of credit that is spent without a message that counts."""
    if message is not None:
        yield f"claims to be {op_of(message).name}, and does not count"
    for record in outcome.records:
        match record:
            case Certificate(ended=None):
                name = f"{certificate_id(record.id)} serial {record.serial}"
                yield f"refreshes certificate {name}, its holder stays"
            case Credit(kind=CreditKind.PERMIT | CreditKind.ROOT):
                permit = None if record.owner is None else get_permit(view, record.owner)
                whose = f"{record.kind} credit" if permit is None else _permit_name(permit)
                place = format_address(record.script_pubkey, network)
                yield f"keeps a coin of {format_amount(record.value)} CCXX of {whose} at {place}"
            case _:
                pass


def describe_destroyed(outcome: Outcome, view: RegistryView) -> Iterator[str]:
    """Say what credit would be lost."""
    for certificate_outpoint in outcome.destroyed:
        certificate = get_certificate(view, certificate_outpoint)
        serial = f" serial {certificate.serial}" if certificate else ""
        yield f"DESTROYS certificate {certificate_id(certificate_outpoint)}{serial}"
    if outcome.lost:
        yield f"LOSES {format_amount(outcome.lost)} CCXX of credit for ever"


def describe_plain_outputs(spend: Spend, outcome: Outcome, network: Network) -> Iterator[str]:
    """Say where plain coins would go."""
    coloured = {record.outpoint.vout for record in outcome.records if isinstance(record, Credit)}
    for vout, output in enumerate(spend.tx.outputs):
        if vout in coloured or output.script_pubkey[:1] == bytes([Opcode.OP_RETURN]):
            continue
        yield describe_payment(output, network)


def describe_payment(output: TxOutput, network: Network) -> str:
    """Say what a plain output pays."""
    address = format_address(output.script_pubkey, network)
    return f"pays {format_amount(output.value)} CCXX to {address}"


def format_expiry(kind: ExpiryKind, expiry: int) -> str:
    """Say an expiry as messages write it."""
    match kind:
        case ExpiryKind.NONE:
            return "none"
        case ExpiryKind.TIME:
            return f"unix time {expiry}"
        case ExpiryKind.HEIGHT:
            return f"height {expiry}"
        case ExpiryKind.SECONDS_AFTER_ISSUE:
            return f"{expiry} seconds after issue"
        case ExpiryKind.BLOCKS_AFTER_ISSUE:
            return f"{expiry} blocks after issue"
        case ExpiryKind.PERMIT:
            return "as the permit says"


def _describe_grant(permit: Permit, outcome: Outcome, network: Network) -> Iterator[str]:
    """Say what a new permit allows, to whom, and what the root keeps."""
    message = permit.message
    coins = sum(_is_credit(record, CreditKind.PERMIT) for record in outcome.records)
    yield (
        f"grants permit {message.code} “{message.title}” for {message.quantity} certificates, "
        f"{'transferable' if message.transferable else 'not transferable'}, "
        f"custody {message.custody.label}"
    )
    if message.expiry_kind is not ExpiryKind.NONE:
        yield f"expiry: {format_expiry(message.expiry_kind, message.expiry)}"
    yield f"permit script {format_address(permit.script_pubkey, network)}, {coins} coins"
    yield f"type definition {message.typedef_hash.hex()}"
    kept = sum(
        record.value
        for record in outcome.records
        if isinstance(record, Credit) and record.kind is CreditKind.ROOT
    )
    yield f"root credit left {format_amount(kept)} CCXX"


def _describe_issue(issued: list[Certificate], permit: Permit, network: Network) -> Iterator[str]:
    first, last = issued[0], issued[-1]
    name = f"permit {permit.message.code} “{permit.message.title}”"
    if first.doc_hash is not None:
        leaf = "" if first.leaf is None else f", leaf {first.leaf} of a deferred batch,"
        yield f"issues certificate serial {first.serial}{leaf} of {name}"
        yield f"document {first.doc_hash.hex()}"
    else:
        yield f"issues {len(issued)} certificates serials {first.serial} to {last.serial} of {name}"
    if first.text:
        yield f"public text “{first.text}”"
    for certificate in issued[:_NAMED_AT_MOST]:
        yield f"serial {certificate.serial} to {_holder(certificate, network)}"
    if len(issued) > _NAMED_AT_MOST:
        yield f"and {len(issued) - _NAMED_AT_MOST} more"
    if first.expires_time is not None:
        yield f"valid until unix time {first.expires_time}"
    if first.expires_height is not None:
        yield f"valid until height {first.expires_height}"


def _describe_move(certificate: Certificate, view: RegistryView, network: Network) -> Iterator[str]:
    permit = get_permit(view, certificate.permit_id)
    title = f" of permit {permit.message.code} “{permit.message.title}”" if permit else ""
    is_recovery = certificate.holding.step is Step.RECOVERED
    verb = "gives a new key to" if is_recovery else "transfers"
    yield (
        f"{verb} certificate {certificate_id(certificate.id)} serial {certificate.serial}{title}"
        f", issued as {format_outpoint(certificate.id)}"
    )
    yield f"to {_holder(certificate, network)}"


def _permit_name(permit: Permit) -> str:
    return f"permit {permit.message.code} “{permit.message.title}”"


def _holder(certificate: Certificate, network: Network) -> str:
    address = format_address(certificate.script_pubkey, network)
    if certificate.holder_key is None:
        return f"{address}, holder not declared"
    return f"{address}, holder key {certificate.holder_key.hex()}"


def _is_credit(record: object, kind: CreditKind) -> bool:
    return isinstance(record, Credit) and record.kind is kind
