"""What the Esplora REST interface says, field by field as its public documentation has it.

Amounts are satoshis, times are unix seconds, ids and hashes are in reversed hex. A field whose
default is None is left out where it has no value; a null that is said has no default.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraStatus:
    """Whether a transaction is in a block of the best chain, and in which."""

    confirmed: bool
    block_height: int | None = None
    block_hash: str | None = None
    block_time: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraOutput:
    """One output, or the coin that an input spends."""

    scriptpubkey: str
    scriptpubkey_asm: str
    scriptpubkey_type: str
    scriptpubkey_address: str | None = None
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraInput:
    """One input; `prevout` is null for a coinbase, and where nobody knows the coin."""

    txid: str
    vout: int
    prevout: EsploraOutput | None
    scriptsig: str
    scriptsig_asm: str
    witness: tuple[str, ...] | None = None
    is_coinbase: bool
    sequence: int
    inner_redeemscript_asm: str | None = None
    inner_witnessscript_asm: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraTransaction:
    """One transaction."""

    txid: str
    version: int
    locktime: int
    vin: tuple[EsploraInput, ...]
    vout: tuple[EsploraOutput, ...]
    size: int
    weight: int
    fee: int
    status: EsploraStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraSpend:
    """Whether an output is spent, by which input, and whether that is in a block."""

    spent: bool
    txid: str | None = None
    vin: int | None = None
    status: EsploraStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraMerkleProof:
    """The sibling hashes from a transaction up to the Merkle root of its block."""

    block_height: int
    merkle: tuple[str, ...]
    pos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraStats:
    """What a script received and spent, and in how many transactions."""

    funded_txo_count: int = 0
    funded_txo_sum: int = 0
    spent_txo_count: int = 0
    spent_txo_sum: int = 0
    tx_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraAddress:
    """One address: what it did in blocks, and what waits in the pool."""

    address: str
    chain_stats: EsploraStats
    mempool_stats: EsploraStats


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraScript:
    """One script by its hash: what it did in blocks, and what waits in the pool."""

    scripthash: str
    chain_stats: EsploraStats
    mempool_stats: EsploraStats


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraCoin:
    """One unspent output of a script."""

    txid: str
    vout: int
    status: EsploraStatus
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraBlock:
    """One block of the best chain."""

    id: str
    height: int
    version: int
    timestamp: int
    tx_count: int
    size: int
    weight: int
    merkle_root: str
    previousblockhash: str | None
    mediantime: int
    nonce: int
    bits: int
    difficulty: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraBlockStatus:
    """Whether a block is in the best chain, at which height, and which block stands on it."""

    in_best_chain: bool
    height: int | None = None
    next_best: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraPool:
    """The pool in numbers; the histogram has pairs of a fee rate (satoshis a vbyte) and vbytes."""

    count: int
    vsize: int
    total_fee: int
    fee_histogram: tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EsploraRecent:
    """One of the last transactions that entered the pool."""

    txid: str
    fee: int
    vsize: int
    value: int
