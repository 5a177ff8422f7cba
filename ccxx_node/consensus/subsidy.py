"""What a block may create, and which miners may create it."""

from collections.abc import Callable
from typing import Protocol

from ccxx_core.address import encode_address
from ccxx_core.amount import COIN
from ccxx_core.hashes import hash160
from ccxx_core.network import Network
from ccxx_core.script import ScriptKind, p2pkh_script, solve_script
from ccxx_core.transaction import Transaction
from ccxx_node.consensus.params import TRUSTED_MINERS_HEIGHT, ConsensusParams

FIRST_SUBSIDY = 30_000 * COIN
# From the fifth interval on the subsidy is small, and nothing after a parent that came too fast.
LATER_SUBSIDY = 3_500_000
LATER_INTERVAL = 4
LATER_GAP_SECONDS = 120
TEST_SUBSIDY = 50 * COIN

# How the trusted-miner list calls a coinbase that pays no address.
NO_ADDRESS = "DEF"


class MinerPolicy(Protocol):
    """Which miners are trusted, by the address that their coinbase pays."""

    def may_be_rewarded(self, miner: str, height: int) -> bool:
        """Tell whether this miner earns the later subsidy; asked from height 70000."""

    def may_mine(self, miner: str, height: int) -> bool:
        """Tell whether this miner's blocks are valid; asked above height 70000."""


class EveryMiner:
    """The policy ``off``: every miner is trusted."""

    def may_be_rewarded(self, miner: str, height: int) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def may_mine(self, miner: str, height: int) -> bool:  # noqa: ARG002
        """Always."""
        return True


def block_subsidy(
    height: int, parent_gap: int, params: ConsensusParams, is_rewarded: Callable[[], bool]
) -> int:
    """Give the satoshis that a block at this height may create.

    ``parent_gap`` is the parent's time minus the grandparent's; ``is_rewarded`` asks whether the
    miner is trusted, and is called only where that matters.
    """
    interval = height // params.subsidy_interval
    if params.test_subsidy:
        return TEST_SUBSIDY >> interval
    if interval < LATER_INTERVAL:
        return FIRST_SUBSIDY >> 4 * interval
    if parent_gap < LATER_GAP_SECONDS:
        return 0
    if height < TRUSTED_MINERS_HEIGHT or is_rewarded():
        return LATER_SUBSIDY
    return 0


def miner_address(coinbase: Transaction, network: Network) -> str:
    """Give the address that stands for a miner: the first in the first two outputs."""
    for output in coinbase.outputs[:2]:
        address = _first_address(output.script_pubkey, network)
        if address is not None:
            return address
    return NO_ADDRESS


def _first_address(script: bytes, network: Network) -> str | None:
    solved = solve_script(script)
    # The reference shows the address of a bare key, and of each key of a bare multisig.
    if solved.kind in (ScriptKind.PUBKEY, ScriptKind.MULTISIG):
        return encode_address(p2pkh_script(hash160(solved.solutions[0])), network)
    return encode_address(script, network)
