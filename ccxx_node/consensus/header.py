"""Rules of a block header: its work, the difficulty it must have, its time and version."""

from typing import Protocol

from ccxx_core.block import BlockHeader, bits_from_target, target_from_bits
from ccxx_core.hashes import BlockHash
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.consensus.params import MAX_FUTURE_SECONDS, ConsensusParams

# Version bits start here (BIP 9); segwit being active from the start, no lower version is valid.
LOWEST_VERSION = 0x20000000
MEDIAN_TIME_SPAN = 11

_UINT256 = (1 << 256) - 1


class ChainEntry(Protocol):
    """A header with its place in a chain: all that rules may ask about a block's past."""

    @property
    def hash(self) -> BlockHash:
        """The block's id."""

    @property
    def height(self) -> int:
        """Distance from the genesis block."""

    @property
    def version(self) -> int:
        """The header's version, signed."""

    @property
    def time(self) -> int:
        """The header's time, unix seconds."""

    @property
    def bits(self) -> int:
        """The header's compact target."""

    @property
    def median_time_past(self) -> int:
        """Median time of this block and its ten predecessors."""

    @property
    def parent(self) -> "ChainEntry | None":
        """The entry below, None for the genesis block."""

    def ancestor(self, height: int) -> "ChainEntry | None":
        """The entry of this chain at a height (itself included); None below 0 or above itself."""


def check_header(header: BlockHeader, params: ConsensusParams) -> None:
    """Check the proof of work that a header claims."""
    if not has_valid_work(header, params):
        raise ConsensusError(Reject.HIGH_HASH, "proof of work failed")


def has_valid_work(header: BlockHeader, params: ConsensusParams) -> bool:
    """Tell whether the scrypt hash meets the target, and the target the network's limit."""
    target = target_from_bits(header.bits)
    if target is None or target > params.pow_limit:
        return False
    return int.from_bytes(header.pow_hash, "little") <= target


def check_header_context(
    header: BlockHeader,
    parent: ChainEntry,
    params: ConsensusParams,
    now: int,
    checkpoint_height: int | None = None,
) -> None:
    """Check a header against the chain it extends.

    ``now`` is the adjusted time; ``checkpoint_height`` that of the highest checkpoint whose block
    is known, below which no fork may start.
    """
    height = parent.height + 1
    if header.bits != next_bits(parent, header.time, params):
        raise ConsensusError(Reject.BAD_BITS, "incorrect proof of work")
    if checkpoint_height is not None and height < checkpoint_height:
        raise ConsensusError(Reject.BAD_FORK)
    if header.time <= parent.median_time_past:
        raise ConsensusError(Reject.TIME_TOO_OLD, "block's timestamp is too early")
    if header.time > now + MAX_FUTURE_SECONDS:
        raise ConsensusError(Reject.TIME_TOO_NEW, "block timestamp too far in the future")
    if params.segwit.start_time is None:
        check_version(header, LOWEST_VERSION)


def least_version(height: int, params: ConsensusParams, *, is_segwit: bool) -> int:
    """Give the lowest version that a block may have at a height (BIP 34, 66, 65, 141)."""
    if is_segwit:
        return LOWEST_VERSION
    heights = (params.bip34_height, params.bip66_height, params.bip65_height)
    versions = [version for version, at in enumerate(heights, start=2) if height >= at]
    return max(versions, default=-(1 << 31))


def check_version(header: BlockHeader, least: int) -> None:
    """Check that a header's version is not below the least of today."""
    if header.version < least:
        shown = f"0x{header.version & 0xFFFFFFFF:08x}"
        raise ConsensusError(
            Reject.BAD_VERSION, f"rejected nVersion={shown} block", suffix=f"({shown})"
        )


def next_bits(parent: ChainEntry, time: int, params: ConsensusParams) -> int:
    """Give the compact target that the block after ``parent`` must have at this time."""
    interval = params.retarget_interval
    if (parent.height + 1) % interval:
        return _bits_between_retargets(parent, time, params)
    # The first retarget looks back one block less: genesis has no parent. All later ones take the
    # whole interval, so that nobody gains by lying about the time of its first block.
    blocks_back = interval - 1 if parent.height + 1 == interval else interval
    first = parent.ancestor(parent.height - blocks_back)
    if first is None:
        raise AssertionError(f"no ancestor {blocks_back} below height {parent.height}")
    return retarget(parent.bits, parent.time - first.time, params)


def _bits_between_retargets(parent: ChainEntry, time: int, params: ConsensusParams) -> int:
    # Where nothing retargets, all blocks have the limit: no need to look for one that has not.
    if not params.min_difficulty_blocks or not params.retargets:
        return parent.bits
    limit_bits = bits_from_target(params.pow_limit)
    if time > parent.time + params.spacing * 2:
        return limit_bits
    # The last target that was not lowered for a late block.
    entry, interval = parent, params.retarget_interval
    while entry.height % interval and entry.bits == limit_bits:
        if entry.parent is None:
            break
        entry = entry.parent
    return entry.bits


def retarget(bits: int, timespan: int, params: ConsensusParams) -> int:
    """Give the next compact target after a period that took ``timespan`` seconds."""
    if not params.retargets:
        return bits
    span = params.retarget_span
    timespan = min(max(timespan, span // 4), span * 4)
    target = target_from_bits(bits) or 0
    # Near the limit the product would need more than 256 bits, so one bit is dropped: consensus.
    shift = int(target.bit_length() > params.pow_limit.bit_length() - 1)
    target = ((target >> shift) * timespan & _UINT256) // span << shift & _UINT256
    return bits_from_target(min(target, params.pow_limit))


def median_time(times: list[int]) -> int:
    """Give the median of the times of a block and up to ten before it, in any order."""
    return sorted(times)[len(times) // 2]
