"""What `custom_api` says, in the exact shape that verifiers of PDF certificates read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpendingScript:
    """The script of an output, in hex."""

    hex: str


@dataclass(frozen=True, slots=True)
class SpendingOutput:
    """One output of a transaction; the name is the one that nodes use."""

    scriptPubKey: SpendingScript


@dataclass(frozen=True, slots=True)
class SpendingTransaction:
    """A confirmed transaction that spends from an address; `blocktime` in unix seconds."""

    txid: str
    confirmations: int
    blocktime: int
    vout: tuple[SpendingOutput, ...]
