"""The search for a nonce: made for regtest, where every second hash will do."""

from __future__ import annotations

from dataclasses import replace

from ccxx_core.block import Block, BlockHeader, target_from_bits

_MAX_NONCE = 0xFFFFFFFF


def search_nonce(header: BlockHeader, tries: int) -> BlockHeader | None:
    """Return the header with a nonce that meets its target, or None if none of `tries` does.

    The search starts at the header's own nonce.
    """
    target = target_from_bits(header.bits)
    if target is None:
        return None
    for nonce in range(header.nonce, min(header.nonce + tries, _MAX_NONCE + 1)):
        candidate = replace(header, nonce=nonce)
        if int.from_bytes(candidate.pow_hash, "little") <= target:
            return candidate
    return None


def mine(block: Block, tries: int) -> Block | None:
    """Return the block with a nonce that meets its target, or None if none of `tries` does."""
    header = search_nonce(block.header, tries)
    return None if header is None else replace(block, header=header)
