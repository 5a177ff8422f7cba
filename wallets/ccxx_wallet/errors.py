"""What a wallet refuses, and why: one stable reason, one line that says what to do."""

from enum import StrEnum

from ccxx_core.errors import CcxxError


class Refusal(StrEnum):
    """Reasons a wallet gives for doing nothing; scripts may rely on these words."""

    NO_WALLET = "no-wallet"
    WALLET_EXISTS = "wallet-exists"
    WRONG_PASSPHRASE = "wrong-passphrase"
    DAMAGED_KEY_FILE = "damaged-key-file"
    DAMAGED_STORE = "damaged-store"
    BAD_SEED_PHRASE = "bad-seed-phrase"
    BAD_DESCRIPTOR = "bad-descriptor"
    WATCH_ONLY = "watch-only"
    NO_ANCHOR = "no-anchor"
    WRONG_ANCHOR = "wrong-anchor"
    WRONG_NETWORK = "wrong-network"
    NOT_ENOUGH_COINS = "not-enough-coins"
    UNKNOWN_COIN = "unknown-coin"
    NOT_ENOUGH_CREDIT = "not-enough-credit"
    NO_CREDIT_KEY = "no-credit-key"
    UNKNOWN_PERMIT = "unknown-permit"
    UNKNOWN_CERTIFICATE = "unknown-certificate"
    WRONG_KEY = "wrong-key"
    WRONG_TYPE_DEFINITION = "wrong-type-definition"
    BAD_FILE = "bad-file"
    BAD_LABEL = "bad-label"
    CANNOT_BUMP = "cannot-bump"
    BAD_CSV = "bad-csv"
    ALTERED = "altered"
    DIFFERENT_TRANSACTIONS = "different-transactions"
    NOTHING_TO_SIGN = "nothing-to-sign"
    INCOMPLETE = "incomplete"
    RULES = "rules"
    TOO_EARLY = "too-early"
    NO_PUBLIC_SUMMARY = "no-public-summary"
    NOT_VALID = "not-valid"
    NO_DOCUMENT = "no-document"
    WRONG_DOCUMENT = "wrong-document"
    STORE_FAILED = "store-failed"
    NOT_OUR_DRAFT = "not-our-draft"
    RESERVED = "reserved"
    NO_DRAFT = "no-draft"
    NO_JOB = "no-job"
    COIN_FIRST = "coin-first"
    INPUT_UNKNOWN = "input-unknown"
    INPUT_MISSTATED = "input-misstated"
    FEE_TOO_HIGH = "fee-too-high"
    SECOND_OPINION = "second-opinion"
    ALREADY_SENT = "already-sent"
    NOT_ACCEPTED = "not-accepted"
    FILE_EXISTS = "file-exists"
    CANNOT_WRITE = "cannot-write"
    DECLINED = "declined"
    INTERRUPTED = "interrupted"


class WalletError(CcxxError):
    """The wallet will not do what was asked; nothing was changed."""

    def __init__(self, refusal: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.refusal = refusal
        self.detail = detail
