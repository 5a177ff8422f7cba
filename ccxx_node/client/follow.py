"""Turn a node into a stream of connected and disconnected blocks.

Wallets and the explorer share this, so that reorganisations are handled once: they keep what they
know under the block it came from, and apply or undo one event at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ccxx_core.block import Block
from ccxx_core.hashes import BlockHash, parse_block_hash
from ccxx_node.client.rpc import NodeClient, RpcError

_BATCH_BLOCKS = 500
_BATCH_WEIGHT = 16_000_000
# How large blocks are is known once they are here: this many come in one answer.
_SLICE_BLOCKS = 16
_OUT_OF_RANGE = -8


@dataclass(frozen=True, slots=True)
class BlockConnected:
    """A block of the best chain, one above the last event's.

    `median_time_past` is the median time of the block and its ten ancestors, as `getblockheader`
    shows it in `mediantime`.
    """

    height: int
    hash: BlockHash
    block: Block
    median_time_past: int


@dataclass(frozen=True, slots=True)
class BlockDisconnected:
    """The known tip left the best chain: undo it."""

    height: int
    hash: BlockHash


ChainEvent = BlockConnected | BlockDisconnected


class KnownChain(Protocol):
    """All that following asks of a follower: which blocks it has applied."""

    def tip(self) -> tuple[int, BlockHash] | None:
        """Return height and hash of the last block applied, or None before the first."""

    def hash_at(self, height: int) -> BlockHash | None:
        """Return the hash of the applied block at a height, or None if there is none."""


def catch_up(client: NodeClient, known: KnownChain, start_height: int = 0) -> Iterator[ChainEvent]:
    """Yield what happened since the known tip, until the follower stands at the node's tip.

    The caller applies each event before it takes the next. A follower that knows nothing starts
    with the block at `start_height`.
    """
    batch_size = 16
    while True:
        yield from _leave_stale_branch(client, known)
        tip = known.tip()
        first = start_height if tip is None else tip[0] + 1
        batch = _fetch(client, first, batch_size)
        if not batch:
            return
        for event in batch:
            if tip is not None and event.block.header.prev_hash != tip[1]:
                # The chain was reorganised while we fetched: look for the fork again.
                break
            yield event
            tip = (event.height, event.hash)
        average = sum(event.block.weight for event in batch) // len(batch)
        batch_size = max(1, min(_BATCH_BLOCKS, _BATCH_WEIGHT // average))


def follow(
    client: NodeClient,
    known: KnownChain,
    stop: threading.Event,
    poll_seconds: float = 1.0,
    start_height: int = 0,
) -> Iterator[ChainEvent]:
    """Yield events as they happen until `stop` is set.

    `NodeError` passes through when the node goes away; the follower may call again at any time.
    """
    while not stop.is_set():
        for event in catch_up(client, known, start_height):
            yield event
            if stop.is_set():
                return
        stop.wait(poll_seconds)


def _leave_stale_branch(client: NodeClient, known: KnownChain) -> Iterator[BlockDisconnected]:
    while (tip := known.tip()) is not None:
        height, block_hash = tip
        if _hash_on_node(client, height) == block_hash:
            return
        yield BlockDisconnected(height, block_hash)
        if known.tip() == tip:
            raise RuntimeError("the follower did not apply the event before it took the next")


def _hash_on_node(client: NodeClient, height: int) -> BlockHash | None:
    try:
        return client.block_hash(height)
    except RpcError as error:
        if error.code == _OUT_OF_RANGE:
            return None
        raise


def _fetch(client: NodeClient, first: int, count: int) -> list[BlockConnected]:
    last = min(client.block_count(), first + count - 1)
    if last < first:
        return []
    try:
        hashes = client.batch([("getblockhash", (height,)) for height in range(first, last + 1)])
    except RpcError as error:
        if error.code == _OUT_OF_RANGE:
            # The chain became shorter between the two calls; the next round sees it.
            return _fetch(client, first, count)
        raise
    headers = client.batch([("getblockheader", (text,)) for text in hashes])
    blocks = _fetch_blocks(client, hashes)
    return [
        BlockConnected(
            height=first + index,
            hash=parse_block_hash(text),
            block=block,
            median_time_past=int(headers[index]["mediantime"]),
        )
        for index, (text, block) in enumerate(zip(hashes, blocks, strict=False))
    ]


def _fetch_blocks(client: NodeClient, hashes: Sequence[str]) -> list[Block]:
    """Fetch blocks in order, the first of them only where they are larger than those before."""
    blocks: list[Block] = []
    weight = 0
    for start in range(0, len(hashes), _SLICE_BLOCKS):
        calls = [("getblock", (text, 0)) for text in hashes[start : start + _SLICE_BLOCKS]]
        found = [Block.decode(bytes.fromhex(data)) for data in client.batch(calls)]
        blocks += found
        weight += sum(block.weight for block in found)
        if weight >= _BATCH_WEIGHT:
            break
    return blocks
