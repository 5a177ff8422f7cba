"""The pool on disk (mempool.dat), in the reference's format, version 1.

Losing the file, or finding it damaged, costs nothing but the unconfirmed transactions.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import Struct
from struct import error as StructError
from typing import NamedTuple

from ccxx_core.encoding import encode_compact_size, read_compact_size, read_slice
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid
from ccxx_core.transaction import Transaction, decode_transaction
from ccxx_node.chainstate.plain_file import replace_file
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.mempool.accept import Acceptor, NextBlock, Terms
from ccxx_node.mempool.errors import PolicyError
from ccxx_node.mempool.pool import Mempool

_log = logging.getLogger("ccxx.mempool")

_VERSION = 1
_HEAD = Struct("<QQ")
_TIMES = Struct("<qq")
_DELTA = Struct("<q")


class SavedEntry(NamedTuple):
    """One transaction, when it came in (unix time), and its fee delta in satoshis."""

    tx: Transaction
    time: int
    fee_delta: int


def encode_pool(pool: Mempool, returning: Sequence[SavedEntry] = ()) -> bytes:
    """Write all entries, parents first, and the deltas of transactions not seen yet.

    What is ``returning`` from blocks, parents first, stands before all: the pool may build on it.
    """
    kept = [pool.entries[txid] for txid in pool.sorted_ids()]
    entries = [*returning, *(SavedEntry(each.tx, each.time, each.fee_delta) for each in kept)]
    parts = [_HEAD.pack(_VERSION, len(entries))]
    parts += [e.tx.encode() + _TIMES.pack(e.time, e.fee_delta) for e in entries]
    unseen = {txid: delta for txid, delta in pool.deltas.items() if txid not in pool}
    parts.append(encode_compact_size(len(unseen)))
    parts += [txid + _DELTA.pack(delta) for txid, delta in unseen.items()]
    return b"".join(parts)


def decode_pool(data: bytes) -> tuple[list[SavedEntry], dict[Txid, int]]:
    """Read what `encode_pool` wrote; raises `DecodeError`."""
    try:
        version, count = _HEAD.unpack_from(data)
        if version != _VERSION:
            raise DecodeError(f"version {version}, want {_VERSION}")
        offset = _HEAD.size
        entries = []
        for _ in range(count):
            tx, offset = decode_transaction(data, offset)
            entries.append(SavedEntry(tx, *_TIMES.unpack_from(data, offset)))
            offset += _TIMES.size
        number, offset = read_compact_size(data, offset)
        deltas = {}
        for _ in range(number):
            txid, offset = read_slice(data, offset, 32)
            deltas[Txid(txid)] = _DELTA.unpack_from(data, offset)[0]
            offset += _DELTA.size
    except StructError:
        raise DecodeError("truncated") from None
    return entries, deltas


def save_pool(pool: Mempool, path: Path, returning: Sequence[SavedEntry] = ()) -> None:
    """Write the pool so that a crash leaves the old file or the new; OSError if it cannot be."""
    replace_file(path, encode_pool(pool, returning))


def load_pool(path: Path, acceptor: Acceptor, chain: NextBlock, now: int) -> Iterator[None]:
    """Judge every saved transaction anew and take in what still passes; gives a turn after each."""
    try:
        entries, deltas = decode_pool(path.read_bytes())
    except FileNotFoundError:
        return
    except (OSError, DecodeError) as error:
        _log.warning("mempool not loaded file=%s reason=%s", path, error)
        return
    # First, since also what is returning from blocks is judged by what it counts for.
    for txid, delta in deltas.items():
        acceptor.pool.prioritise(txid, delta)
    failed = 0
    for saved in entries:
        if saved.time + acceptor.policy.expiry_seconds <= now:
            continue
        if saved.fee_delta:
            acceptor.pool.prioritise(saved.tx.txid, saved.fee_delta)
        try:
            acceptor.accept(saved.tx, chain, Terms(saved.time))
        except (ConsensusError, PolicyError):
            failed += 1
        yield
    _log.info("mempool loaded txs=%d refused=%d", len(acceptor.pool), failed)
