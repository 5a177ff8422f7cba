"""Why a header, block or transaction breaks the rules: stable reasons, then words for people."""

from enum import StrEnum

from ccxx_core.errors import CcxxError


class Reject(StrEnum):
    """A broken rule, by the name that Bitcoin Core 0.17 gives it on the wire and in RPC answers."""

    NO_INPUTS = "bad-txns-vin-empty"
    NO_OUTPUTS = "bad-txns-vout-empty"
    TX_OVERSIZE = "bad-txns-oversize"
    NEGATIVE_OUTPUT = "bad-txns-vout-negative"
    OUTPUT_TOO_LARGE = "bad-txns-vout-toolarge"
    OUTPUT_TOTAL_TOO_LARGE = "bad-txns-txouttotal-toolarge"
    DUPLICATE_INPUT = "bad-txns-inputs-duplicate"
    COINBASE_LENGTH = "bad-cb-length"
    NULL_PREVOUT = "bad-txns-prevout-null"
    NOT_FINAL = "bad-txns-nonfinal"

    MISSING_INPUTS = "bad-txns-inputs-missingorspent"
    IMMATURE_COINBASE = "bad-txns-premature-spend-of-coinbase"
    INPUT_VALUE_RANGE = "bad-txns-inputvalues-outofrange"
    SPENDS_TOO_MUCH = "bad-txns-in-belowout"
    FEE_RANGE = "bad-txns-fee-outofrange"
    TOTAL_FEE_RANGE = "bad-txns-accumulated-fee-outofrange"
    OVERWRITES_COIN = "bad-txns-BIP30"
    MANDATORY_SCRIPT = "mandatory-script-verify-flag-failed"
    NON_MANDATORY_SCRIPT = "non-mandatory-script-verify-flag"

    HIGH_HASH = "high-hash"
    BAD_BITS = "bad-diffbits"
    TIME_TOO_OLD = "time-too-old"
    TIME_TOO_NEW = "time-too-new"
    BAD_VERSION = "bad-version"
    BAD_FORK = "bad-fork-prior-to-checkpoint"
    UNKNOWN_PARENT = "prev-blk-not-found"
    INVALID_PARENT = "bad-prevblk"
    DUPLICATE_BLOCK = "duplicate"
    TOO_SOON = "bad-block time"

    MERKLE_ROOT = "bad-txnmrklroot"
    DUPLICATE_TRANSACTION = "bad-txns-duplicate"
    BLOCK_LENGTH = "bad-blk-length"
    NO_COINBASE = "bad-cb-missing"
    SECOND_COINBASE = "bad-cb-multiple"
    TOO_MANY_SIGOPS = "bad-blk-sigops"
    COINBASE_HEIGHT = "bad-cb-height"
    COINBASE_AMOUNT = "bad-cb-amount"
    WITNESS_NONCE = "bad-witness-nonce-size"
    WITNESS_COMMITMENT = "bad-witness-merkle-match"
    UNEXPECTED_WITNESS = "unexpected-witness"
    BLOCK_WEIGHT = "bad-blk-weight"


# Reject codes of the wire (BIP 61).
INVALID = 0x10
OBSOLETE = 0x11
NONSTANDARD = 0x40
CHECKPOINT = 0x43

_CODES = {
    Reject.BAD_VERSION: OBSOLETE,
    Reject.NON_MANDATORY_SCRIPT: NONSTANDARD,
    Reject.BAD_FORK: CHECKPOINT,
    Reject.UNKNOWN_PARENT: 0,
    Reject.DUPLICATE_BLOCK: 0,
}

# The header does not commit to what these rules look at, or not alone: other bytes for the same
# block hash may be valid, so the hash must not be remembered as invalid.
_SPOILED_IN_TRANSIT = frozenset(
    {
        Reject.MERKLE_ROOT,
        Reject.DUPLICATE_TRANSACTION,
        Reject.WITNESS_NONCE,
        Reject.WITNESS_COMMITMENT,
        Reject.UNEXPECTED_WITNESS,
    }
)


class ConsensusError(CcxxError):
    """A rule is broken: which one, what goes behind its name, and the numbers for people."""

    def __init__(self, reject: Reject, detail: str = "", suffix: str = "") -> None:
        self.reject = reject
        self.detail = detail
        self.suffix = suffix
        super().__init__(f"{self.reason}, {detail}" if detail else self.reason)

    @property
    def reason(self) -> str:
        """The full reject string: two rules put the version, or how the script failed, in it."""
        return f"{self.reject}{self.suffix}"

    @property
    def code(self) -> int:
        """The reject code of BIP 61; 0 where the reference has none."""
        return _CODES.get(self.reject, INVALID)

    @property
    def may_be_corrupt(self) -> bool:
        """Whether the same block hash may still turn out valid with other bytes."""
        return self.reject in _SPOILED_IN_TRANSIT


class UntrustedMinerError(ConsensusError):
    """The trusted-miner policy refuses a block's miner.

    The answer comes from outside the chain: remember such a block as unknown, never as invalid.
    """
