"""The ends of all known branches, as ``getchaintips`` lists them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ccxx_core.hashes import BlockHash
from ccxx_node.chainstate.active_chain import ActiveChain
from ccxx_node.chainstate.block_entry import BlockEntry


class BranchStatus(StrEnum):
    """What is known about a branch, by the reference's names."""

    ACTIVE = "active"
    INVALID = "invalid"
    HEADERS_ONLY = "headers-only"
    VALID_FORK = "valid-fork"
    VALID_HEADERS = "valid-headers"


@dataclass(frozen=True, slots=True)
class ChainTip:
    """The end of a branch; ``branch_length`` blocks of it are not in the active chain."""

    height: int
    hash: BlockHash
    branch_length: int
    status: BranchStatus


def find_chain_tips(entries: Iterable[BlockEntry], chain: ActiveChain) -> list[ChainTip]:
    """Give the active tip and every other block without a known child, the highest first."""
    ends = [entry for entry in entries if not entry.children and entry not in chain]
    tips = [_describe(entry, chain) for entry in (*ends, chain.tip)]
    return sorted(tips, key=lambda tip: (-tip.height, tip.hash))


def _describe(entry: BlockEntry, chain: ActiveChain) -> ChainTip:
    length = entry.height - chain.fork_with(entry).height
    return ChainTip(entry.height, entry.hash, length, _status(entry, chain))


def _status(entry: BlockEntry, chain: ActiveChain) -> BranchStatus:
    if entry in chain:
        return BranchStatus.ACTIVE
    if entry.is_failed:
        return BranchStatus.INVALID
    if not entry.is_linked:
        return BranchStatus.HEADERS_ONLY
    return BranchStatus.VALID_FORK if entry.fully_valid else BranchStatus.VALID_HEADERS
