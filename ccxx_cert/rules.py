"""Which rule judges a message: the rules of section 5 that say when a message counts.

Each rule is pure: it reads a view and the spend, raises CertificateError with the first thing that
is wrong, and returns the records that it would write.
"""

from collections.abc import Callable
from typing import Any

from ccxx_cert.authority import check_moves_no_credit
from ccxx_cert.granting import grant
from ccxx_cert.handover import recover, surrender, transfer
from ccxx_cert.issuance import claim, defer_batch, issue, issue_batch
from ccxx_cert.message_chains import anchor_side_chain, publish_status
from ccxx_cert.permit_moves import close, rekey
from ccxx_cert.records import (
    BatchMessage,
    CheckMessage,
    ChunkMessage,
    ClaimMessage,
    CloseMessage,
    DataMessage,
    IdentMessage,
    IssueMessage,
    Message,
    PermitMessage,
    RecoverMessage,
    RekeyMessage,
    RevokeMessage,
    RootMessage,
    SideMessage,
    StatusMessage,
    SurrenderMessage,
    TransferMessage,
)
from ccxx_cert.revocation import revoke
from ccxx_cert.rotation import rotate
from ccxx_cert.spend import Outcome, Spend
from ccxx_cert.state import RegistryView

_Rule = Callable[[Any, Spend, RegistryView], Outcome]


def judge(message: Message, spend: Spend, view: RegistryView) -> Outcome:
    """Apply the rules of a message's op; raises CertificateError where one is broken."""
    return _RULES[type(message)](message, spend, view)


def _judge_batch(message: BatchMessage, spend: Spend, view: RegistryView) -> Outcome:
    return (defer_batch if message.deferred else issue_batch)(message, spend, view)


def _record(message: Message, spend: Spend, view: RegistryView) -> Outcome:  # noqa: ARG001
    """Record a message for whoever wants to read it: it changes nothing that is judged here."""
    check_moves_no_credit(spend)
    return Outcome()


_RULES: dict[type[Message], _Rule] = {
    RootMessage: rotate,
    PermitMessage: grant,
    RekeyMessage: rekey,
    CloseMessage: close,
    IssueMessage: issue,
    BatchMessage: _judge_batch,
    ClaimMessage: claim,
    TransferMessage: transfer,
    RecoverMessage: recover,
    SurrenderMessage: surrender,
    RevokeMessage: revoke,
    StatusMessage: publish_status,
    IdentMessage: _record,
    CheckMessage: _record,
    DataMessage: _record,
    ChunkMessage: _record,
    SideMessage: anchor_side_chain,
}
