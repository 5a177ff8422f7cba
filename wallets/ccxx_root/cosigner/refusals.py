"""What the co-signer refuses, and why: reasons that clients may rely on."""

from enum import StrEnum

from ccxx_core.errors import CcxxError


class Refusal(StrEnum):
    """Reasons of the co-signer; those of the wallet (`rules`, `input-misstated`, …) come beside."""

    UNAUTHORIZED = "unauthorized"
    RATE_LIMITED = "rate-limited"
    TOO_LARGE = "too-large"
    ROLE_NOT_ALLOWED = "role-not-allowed"
    ACTION_NOT_ALLOWED = "action-not-allowed"
    NOT_YOUR_ISSUER = "not-your-issuer"
    ISSUER_PAUSED = "issuer-paused"
    OUTSIDE_HOURS = "outside-hours"
    TOO_MANY_AT_ONCE = "too-many-at-once"
    CERTIFICATES_A_DAY = "certificates-a-day"
    TRANSFERS_A_DAY = "transfers-a-day"
    VALUE_A_DAY = "value-a-day"
    FACE_VALUE_A_DAY = "face-value-a-day"
    FEE_ABOVE_POLICY = "fee-above-policy"
    APPROVAL_NEEDED = "approval-needed"
    UNKNOWN_TYPE = "type-definition-unknown"
    WAITING_TIME = "waiting-time"
    TRANSFER_LIMIT = "transfer-limit"
    SERIAL_SIGNED = "serial-signed"
    BAD_POLICY = "bad-policy"
    BAD_TOKEN = "bad-token"
    LOG_DAMAGED = "log-damaged"
    BAD_REQUEST = "bad-request"
    NODE_UNAVAILABLE = "node-unavailable"
    INTERNAL = "internal-error"


class CosignerError(CcxxError):
    """The co-signer will not do what was asked; nothing was signed."""

    def __init__(self, refusal: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.refusal = refusal
        self.detail = detail
