"""Why a transaction is not kept although it may be valid: relay policy, in the family's words."""

from __future__ import annotations

from enum import StrEnum

from ccxx_core.errors import CcxxError


class PolicyReject(StrEnum):
    """Stable reasons, as the reference daemon names them."""

    VERSION = "version"
    TX_SIZE = "tx-size"
    TX_SIZE_SMALL = "tx-size-small"
    SCRIPTSIG_SIZE = "scriptsig-size"
    SCRIPTSIG_NOT_PUSHONLY = "scriptsig-not-pushonly"
    SCRIPTPUBKEY = "scriptpubkey"
    BARE_MULTISIG = "bare-multisig"
    DUST = "dust"
    MULTI_OP_RETURN = "multi-op-return"
    NONSTANDARD_INPUTS = "bad-txns-nonstandard-inputs"
    NONSTANDARD_WITNESS = "bad-witness-nonstandard"
    TOO_MANY_SIGOPS = "bad-txns-too-many-sigops"
    COINBASE = "coinbase"
    NON_FINAL = "non-final"
    NON_BIP68_FINAL = "non-BIP68-final"
    ALREADY_IN_MEMPOOL = "txn-already-in-mempool"
    ALREADY_KNOWN = "txn-already-known"
    MISSING_INPUTS = "missing-inputs"
    MEMPOOL_CONFLICT = "txn-mempool-conflict"
    SPENDS_CONFLICTING = "bad-txns-spends-conflicting-tx"
    INSUFFICIENT_FEE = "insufficient fee"
    TOO_MANY_REPLACEMENTS = "too many potential replacements"
    REPLACEMENT_ADDS_UNCONFIRMED = "replacement-adds-unconfirmed"
    MIN_FEE_NOT_MET = "mempool min fee not met"
    RELAY_FEE_NOT_MET = "min relay fee not met"
    ABSURD_FEE = "absurdly-high-fee"
    TOO_LONG_CHAIN = "too-long-mempool-chain"
    MEMPOOL_FULL = "mempool full"


# BIP 61 codes.
REJECT_INVALID = 16
REJECT_DUPLICATE = 18
REJECT_NONSTANDARD = 64
REJECT_INSUFFICIENT_FEE = 66
REJECT_HIGH_FEE = 256

_CODES = {
    PolicyReject.COINBASE: REJECT_INVALID,
    PolicyReject.SPENDS_CONFLICTING: REJECT_INVALID,
    PolicyReject.ALREADY_IN_MEMPOOL: REJECT_DUPLICATE,
    PolicyReject.ALREADY_KNOWN: REJECT_DUPLICATE,
    PolicyReject.MEMPOOL_CONFLICT: REJECT_DUPLICATE,
    PolicyReject.INSUFFICIENT_FEE: REJECT_INSUFFICIENT_FEE,
    PolicyReject.MIN_FEE_NOT_MET: REJECT_INSUFFICIENT_FEE,
    PolicyReject.RELAY_FEE_NOT_MET: REJECT_INSUFFICIENT_FEE,
    PolicyReject.MEMPOOL_FULL: REJECT_INSUFFICIENT_FEE,
    PolicyReject.ABSURD_FEE: REJECT_HIGH_FEE,
}


class PolicyError(CcxxError):
    """This node does not want the transaction; another node may, and no peer is at fault."""

    def __init__(self, reject: PolicyReject, detail: str = "") -> None:
        """Keep the reason, and the numbers for people."""
        self.reject = reject
        self.detail = detail
        super().__init__(f"{self.reason}, {detail}" if detail else self.reason)

    @property
    def reason(self) -> str:
        """The reject string."""
        return str(self.reject)

    @property
    def code(self) -> int:
        """The reject code of BIP 61."""
        return _CODES.get(self.reject, REJECT_NONSTANDARD)
