"""Faults of the certificate layer: bytes that do not decode, and messages that break a rule."""

from enum import StrEnum
from typing import ClassVar

from ccxx_core.errors import CcxxError, DecodeError


class NotOurs(DecodeError):
    """The payload does not begin with a magic of this codec."""

    reason: ClassVar[str] = "not ours"


class Malformed(DecodeError):
    """The payload claims to be ours, and breaks the layout of its op."""

    reason: ClassVar[str] = "malformed"


class NewerVersion(DecodeError):
    """The payload is ours, in a version that this program does not know."""

    reason: ClassVar[str] = "newer"


class Refusal(StrEnum):
    """Why a message or a spend of credit does not count; the texts are stored and stay."""

    MALFORMED = "malformed"
    NEEDS_NEWER = "needs-newer"
    NAKED_SPEND = "naked-spend"
    ANCHOR_MISMATCH = "root-coin-differs-from-anchor"
    NO_CREDIT = "no-credit-spent"
    NOT_CONSERVED = "credit-not-conserved"
    NOT_ROOT_CREDIT = "not-root-credit"
    OLD_ROOT_SCRIPT = "not-the-root-script-in-force"
    NO_PERMIT_OUTPUT = "no-permit-output"
    PERMIT_SCRIPTS_DIFFER = "permit-outputs-differ"
    PERMIT_TO_ROOT = "permit-to-root-script"
    WRONG_PERMIT_VALUE = "wrong-permit-value"
    PERMIT_COIN_NOT_WHOLE = "permit-coin-not-whole"
    NOT_ONE_PERMIT_COIN = "not-one-permit-coin"
    PERMIT_NOT_ACTIVE = "permit-not-active"
    PERMIT_REVOKED = "permit-revoked"
    PERMIT_SUSPENDED = "permit-suspended"
    PERMIT_CLOSED = "permit-closed"
    PERMIT_EXPIRED = "permit-expired"
    SCRIPT_NOT_SHOWN = "script-not-shown"
    NOT_PERMIT_SCRIPT = "not-the-permit-script"
    ROOT_DOCUMENT_UNKNOWN = "root-document-unknown"
    SERIAL_USED = "serial-used"
    TOO_FEW_OUTPUTS = "too-few-outputs"
    WRONG_CERTIFICATE_VALUE = "wrong-certificate-value"
    CHANGE_ELSEWHERE = "change-not-to-permit-script"
    WRONG_HOLDER_KEY = "holder-key-does-not-match-script"
    NOT_A_DEFERRED_BATCH = "not-a-deferred-batch"
    NO_SUCH_LEAF = "no-such-leaf"
    LEAF_CLAIMED = "leaf-claimed"
    BATCH_REVOKED = "batch-revoked"
    NOT_CERTIFICATES = "not-only-certificates"
    NOT_TRANSFERABLE = "not-transferable"
    RECOVERY_NOT_ALLOWED = "recovery-not-allowed"
    CERTIFICATE_REVOKED = "certificate-revoked"
    CERTIFICATE_SUSPENDED = "certificate-suspended"
    CERTIFICATE_NOT_VALID = "certificate-not-valid"
    CERTIFICATE_EXPIRED = "certificate-expired"
    WRONG_OUTPUT_COUNT = "not-one-output-per-certificate"
    WRONG_REFERENCE = "wrong-reference"
    NOT_ONE_PERMIT = "not-one-permit"
    NOT_PERMIT_CREDIT = "not-only-permit-credit"
    RETURNED_ELSEWHERE = "credit-returned-elsewhere"
    REKEYED_BEFORE = "rekeyed-before"
    WRONG_NEW_SCRIPT = "new-script-differs-from-message"
    NOT_ONE_ROOT_OUTPUT = "not-one-root-output"
    NOT_COMMITTED = "not-the-committed-document"
    WRONG_ROOT_DOCUMENT = "root-document-differs"
    WRONG_SEQUENCE = "wrong-sequence"
    MOVES_CREDIT = "message-must-not-move-credit"
    UNKNOWN_SUBJECT = "unknown-subject"
    NO_AUTHORITY = "no-authority"
    REVOKED_BEFORE = "revoked-before"
    NOT_SUSPENDED = "not-suspended"
    CHAIN_BEGAN_BEFORE = "chain-began-before"
    NO_BATON = "no-baton-output"
    WRONG_TYPE_DEFINITION = "type-definition-differs-from-permit"
    WRONG_DOCUMENT = "document-differs-from-certificate"


class CertificateError(CcxxError):
    """A rule of the certificate protocol is broken."""

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(f"{refusal}: {detail}" if detail else str(refusal))
        self.refusal = refusal
        self.detail = detail
