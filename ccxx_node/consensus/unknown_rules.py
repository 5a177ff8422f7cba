"""Signs in block versions (BIP 9) that miners follow rules which this program does not know."""

from typing import NamedTuple

from ccxx_core.hashes import BlockHash
from ccxx_node.consensus.deployments import DeploymentCache, DeploymentState, block_version
from ccxx_node.consensus.header import LOWEST_VERSION, ChainEntry
from ccxx_node.consensus.params import ConsensusParams

_BITS = 29
_TOP_MASK = 0xE0000000
_LOOKED_AT = 100
# More than half of those looked at.
_MANY = 50
_LAST_OLD_VERSION = 4

States = tuple[DeploymentState, ...]


class UnknownRules(NamedTuple):
    """Bits of soft forks that are not ours, and how many of the last 100 versions surprise."""

    active: tuple[int, ...]
    locked_in: tuple[int, ...]
    unexpected: int

    @property
    def texts(self) -> list[str]:
        """What an operator should read."""
        texts = [f"unknown new rules activated (versionbit {bit})" for bit in self.active]
        if self.unexpected > _MANY:
            texts.append(
                "Unknown block versions being mined! It's possible unknown rules are in effect"
            )
        return texts


class UnknownRulesWatch:
    """Looks at the versions of a chain; what it found at the end of a period is kept."""

    def __init__(self, params: ConsensusParams, deployments: DeploymentCache) -> None:
        self._params = params
        self._deployments = deployments
        self._states: dict[BlockHash, States] = {}

    def look(self, tip: ChainEntry) -> UnknownRules:
        """Give what the versions up to ``tip`` say about the block after it."""
        states = self._states_after(tip)
        return UnknownRules(
            tuple(b for b, state in enumerate(states) if state is DeploymentState.ACTIVE),
            tuple(b for b, state in enumerate(states) if state is DeploymentState.LOCKED_IN),
            self._count_unexpected(tip),
        )

    def _states_after(self, tip: ChainEntry) -> States:
        window = self._params.signal_window
        pending: list[ChainEntry] = []
        entry = tip.ancestor(tip.height - (tip.height + 1) % window)
        states: States = (DeploymentState.DEFINED,) * _BITS
        while entry is not None:
            known = self._states.get(entry.hash)
            if known is not None:
                states = known
                break
            pending.append(entry)
            entry = entry.ancestor(entry.height - window)
        for entry in reversed(pending):
            states = self._next_states(states, entry)
            self._states[entry.hash] = states
        return states

    def _next_states(self, states: States, last: ChainEntry) -> States:
        if DeploymentState.DEFINED in states:
            return (DeploymentState.STARTED,) * _BITS
        counts = self._count_signals(last)
        return tuple(
            self._next_state(state, count) for state, count in zip(states, counts, strict=True)
        )

    def _next_state(self, state: DeploymentState, count: int) -> DeploymentState:
        if state is DeploymentState.STARTED:
            locks_in = count >= self._params.signal_threshold
            return DeploymentState.LOCKED_IN if locks_in else state
        return DeploymentState.ACTIVE

    def _count_signals(self, last: ChainEntry) -> list[int]:
        counts = [0] * _BITS
        entry: ChainEntry | None = last
        for _ in range(self._params.signal_window):
            if entry is None:
                break
            # Nearly all blocks signal nothing: those cost one comparison.
            if entry.version != LOWEST_VERSION and entry.version & _TOP_MASK == LOWEST_VERSION:
                surprising = entry.version & ~self._expected(entry)
                for bit in range(_BITS):
                    counts[bit] += surprising >> bit & 1
            entry = entry.parent
        return counts

    def _count_unexpected(self, tip: ChainEntry) -> int:
        count, expected = 0, self._expected(tip)
        entry: ChainEntry | None = tip
        for _ in range(_LOOKED_AT):
            if entry is None:
                break
            # What is expected is the same in all of a period, of which this is the last block.
            if (entry.height + 1) % self._params.signal_window == 0:
                expected = self._expected(entry)
            if entry.version > _LAST_OLD_VERSION:
                count += bool(entry.version & ~expected)
            entry = entry.parent
        return count

    def _expected(self, entry: ChainEntry) -> int:
        if entry.parent is None:
            return LOWEST_VERSION
        return block_version(entry.parent, self._params, self._deployments)
