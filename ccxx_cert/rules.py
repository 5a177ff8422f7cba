"""Which rule judges a message: the rules of section 5 that say when a message counts.

Each rule is pure: it reads a view and the spend, raises CertificateError with the first thing that
is wrong, and returns the records that it would write.
"""

from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.granting import grant
from ccxx_cert.handover import transfer
from ccxx_cert.issuance import issue, issue_batch
from ccxx_cert.records import (
    BatchMessage,
    IssueMessage,
    Message,
    PermitMessage,
    TransferMessage,
)
from ccxx_cert.spend import Outcome, Spend
from ccxx_cert.state import RegistryView


def judge(message: Message, spend: Spend, view: RegistryView) -> Outcome:
    """Apply the rules of a message's op; raises CertificateError where one is broken."""
    match message:
        case PermitMessage():
            return grant(message, spend)
        case IssueMessage():
            return issue(message, spend, view)
        case BatchMessage(deferred=False):
            return issue_batch(message, spend, view)
        case TransferMessage():
            return transfer(message, spend, view)
        case _:
            raise CertificateError(Refusal.NOT_JUDGED, "no rule for this message yet")
