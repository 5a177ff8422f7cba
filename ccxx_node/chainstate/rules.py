"""The consensus rules as the chain state calls them, with what they need beside the block."""

from ccxx_core.block import Block, BlockHeader
from ccxx_core.transaction import Transaction
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.block_index import BlockIndex
from ccxx_node.consensus.block import check_block, check_block_context
from ccxx_node.consensus.coins import BlockUndo, CoinChanges
from ccxx_node.consensus.context import BlockContext, context_after
from ccxx_node.consensus.deployments import DeploymentCache, is_segwit_active
from ccxx_node.consensus.header import (
    ChainEntry,
    check_header,
    check_header_context,
    check_version,
    least_version,
)
from ccxx_node.consensus.inputs import connect_block
from ccxx_node.consensus.params import ConsensusParams
from ccxx_node.consensus.sigcheck import InlineVerifier, ScriptChecks, SignatureVerifier
from ccxx_node.consensus.subsidy import EveryMiner, MinerPolicy
from ccxx_node.consensus.valid_scripts import ValidScripts

_EVERY_MINER = EveryMiner()


class Rules:
    """One network's rules with its signature workers and trusted-miner policy."""

    def __init__(
        self,
        params: ConsensusParams,
        verifier: SignatureVerifier | None = None,
        miners: MinerPolicy = _EVERY_MINER,
        threads: int = 1,
    ) -> None:
        """Without a ``verifier`` signatures are checked in this process.

        ``threads`` compute the proof of work of headers that come together.
        """
        self.params = params
        self.deployments: DeploymentCache = {}
        self.threads = threads
        self.valid_scripts = ValidScripts()
        self._verifier = verifier or InlineVerifier()
        self._miners = miners

    def context_after(self, parent: BlockEntry) -> BlockContext:
        """Give what the rules need to know of the past of the block after ``parent``."""
        return context_after(parent, self.params, self.deployments)

    def remember_scripts(self, tx: Transaction, parent: ChainEntry) -> None:
        """Note that scripts valid under the standard flags hold in the block after ``parent``.

        A block's flags are some of the standard ones, and a flag only ever forbids more.
        """
        context = context_after(parent, self.params, self.deployments)
        self.valid_scripts.add(tx.wtxid, context.flags)

    def check_header(self, header: BlockHeader) -> None:
        """Check a header's proof of work; raises ConsensusError."""
        check_header(header, self.params)

    def check_header_context(
        self, header: BlockHeader, parent: BlockEntry, index: BlockIndex, now: int
    ) -> None:
        """Check a header against the chain it extends; raises ConsensusError."""
        known = (
            height for height, hash_ in self.params.checkpoints if index.get(hash_) is not None
        )
        check_header_context(header, parent, self.params, now, max(known, default=None))
        if self.params.segwit.start_time is not None:
            is_segwit = is_segwit_active(parent, self.params, self.deployments)
            least = least_version(parent.height + 1, self.params, is_segwit=is_segwit)
            check_version(header, least)

    def check_contents(self, block: Block, *, checks_work: bool = True) -> None:
        """Check all that can be known from the block alone; raises ConsensusError."""
        check_block(block, self.params, is_proposal=not checks_work)

    def check_context(self, block: Block, parent: BlockEntry) -> None:
        """Check what a block's height and past times demand; raises ConsensusError."""
        check_block_context(block, self.context_after(parent))

    def check_spending(self, block: Block, entry: BlockEntry, coins: CoinChanges) -> BlockUndo:
        """Check a block against the coins and apply it to them; raises ConsensusError."""
        assert entry.parent is not None
        context = self.context_after(entry.parent)
        scripts = ScriptChecks(context.flags, self._verifier, self.valid_scripts)
        return connect_block(block, context, coins, scripts, self._miners)
