"""In words: what is given back, revoked, moved to other keys, or only said."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime

from ccxx_cert.codec import op_of
from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.fields import message_fields
from ccxx_cert.identity import certificate_id, format_outpoint
from ccxx_cert.marks import MessageChain, RootState
from ccxx_cert.message_chains import broken_chains
from ccxx_cert.records import (
    BatchMessage,
    CloseMessage,
    Message,
    RekeyMessage,
    RevocationReason,
    RevokeMessage,
    RootMessage,
    SideMessage,
    StatusMessage,
    SurrenderMessage,
)
from ccxx_cert.spend import Outcome, Spend
from ccxx_cert.standing import LEAST_SINCE_TIME
from ccxx_cert.state import Batch, Certificate, Credit, Permit, RegistryView
from ccxx_core.address import encode_address
from ccxx_core.amount import format_amount
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network


def describe_upkeep(message: Message, outcome: Outcome, network: Network) -> Iterator[str]:
    """Say what a message that counts would do to what is there already."""
    match message:
        case RootMessage():
            yield from _describe_root(message, outcome, network)
        case RekeyMessage() | CloseMessage() | SurrenderMessage():
            yield from _describe_credit(message, outcome, network)
        case BatchMessage():
            last = message.serial_start + message.count - 1
            yield f"reserves serials {message.serial_start} to {last} for a deferred batch"
            yield f"Merkle root {message.merkle_root.hex()}; all credit stays with the permit"
        case RevokeMessage():
            yield from _describe_revocation(message, outcome)
        case StatusMessage() | SideMessage():
            yield from _describe_chain(outcome)
        case _:
            facts = message_fields(message)
            said = ", ".join(f"{each.name} {facts[each.name]}" for each in fields(message))
            yield f"records {op_of(message).name}: {said}"


def describe_broken_chains(spend: Spend, outcome: Outcome, view: RegistryView) -> Iterator[str]:
    """Say which chains would end because their baton is spent and not passed on."""
    passed_on = {each.id for each in outcome.records if isinstance(each, MessageChain)}
    for chain in broken_chains(spend, view):
        if chain.id not in passed_on:
            name = format_chain_name(chain.name)
            yield f"ENDS the {chain.op.name} chain {name} for ever: spends its baton"


def format_since(since: int) -> str:
    """Say a since as a REVOKE writes it: a height, or unix time from 500,000,000 on."""
    if not since:
        return "the block of this transaction"
    if since < LEAST_SINCE_TIME:
        return f"height {since}"
    return f"unix time {since} ({datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M} UTC)"


def format_chain_name(name: bytes) -> str:
    """Print the name of a status list or side chain, in hex where it is no text.

    No two names of one size look alike: only the spaces at the end are left out.
    """
    try:
        text = name.decode().rstrip(" ")
    except UnicodeDecodeError:
        text = ""
    return text if text and text.isprintable() else name.hex()


def _describe_root(message: RootMessage, outcome: Outcome, network: Network) -> Iterator[str]:
    for state in (each for each in outcome.records if isinstance(each, RootState)):
        yield f"MOVES THE ROOT to {format_address(state.script_pubkey, network)}"
        term = state.terms[-1]
        keys = f"root {term.root_key.hex()}, issuing system {term.system_key.hex()}"
        unknown = "UNKNOWN, their document is missing"
        yield f"keys of new permits: {keys if term.root_key else unknown}"
    yield f"trust anchor document {message.doc_hash.hex()}, sequence {message.seq}"
    if any(message.next_root_commitment):
        yield f"the one after must be {message.next_root_commitment.hex()}"


def _describe_credit(
    message: RekeyMessage | CloseMessage | SurrenderMessage, outcome: Outcome, network: Network
) -> Iterator[str]:
    for certificate in (each for each in outcome.records if isinstance(each, Certificate)):
        yield f"surrenders certificate {certificate_id(certificate.id)} serial {certificate.serial}"
    coins = [each for each in outcome.records if isinstance(each, Credit)]
    amount = f"{format_amount(sum(coin.value for coin in coins))} CCXX"
    where = format_address(coins[0].script_pubkey, network)
    for permit in (each for each in outcome.records if isinstance(each, Permit)):
        name = f"permit {permit.message.code} “{permit.message.title}”"
        left = permit.credit // CERTIFICATE_VALUE
        match message:
            case RekeyMessage():
                yield f"moves {amount} of {name} to new keys, for ever, at {where}"
            case CloseMessage():
                yield f"CLOSES {name}: {amount} return to the root at {where}"
            case SurrenderMessage():
                yield f"{amount} return to {name} at {where}: credit for {left} certificates"


def _describe_revocation(message: RevokeMessage, outcome: Outcome) -> Iterator[str]:
    (subject,) = outcome.records
    match subject:
        case Certificate():
            name = f"certificate {certificate_id(subject.id)} serial {subject.serial}"
        case Batch():
            name = f"all {subject.message.count} certificates of batch {format_hash(subject.txid)}"
        case Permit():
            title = f"{subject.message.code} “{subject.message.title}”"
            name = f"permit {title}, {format_outpoint(subject.id)}"
        case _:
            return
    match message.reason:
        case RevocationReason.HOLD:
            yield f"SUSPENDS {name}"
        case RevocationReason.REMOVE_FROM_HOLD:
            yield f"releases {name} from hold"
        case _:
            reason = message.reason.name.lower().replace("_", " ")
            yield f"REVOKES {name} for ever: {reason}, since {format_since(message.since)}"
    if any(message.evidence):
        yield f"evidence {message.evidence.hex()}"


def _describe_chain(outcome: Outcome) -> Iterator[str]:
    for chain in (each for each in outcome.records if isinstance(each, MessageChain)):
        what = f"{chain.op.name} {format_chain_name(chain.name)} number {chain.number}"
        yield f"publishes {what} as the {chain.by}: {chain.digest.hex()}"
        if chain.baton is not None:
            yield f"its next message must spend output {chain.baton.vout}"


def format_address(script_pubkey: bytes, network: Network) -> str:
    """Print an output script as its address, or in hex where it has none."""
    return encode_address(script_pubkey, network) or f"script {script_pubkey.hex()}"
