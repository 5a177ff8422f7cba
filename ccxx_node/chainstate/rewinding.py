"""Going back to before segwit was known: blocks stored without their witnesses are of no use.

Segwit is active from the start on all our networks. Only a regtest node that was told otherwise
(``-vbparams``) and is now told better has such blocks, so nobody else pays for the search.
"""

import logging

from ccxx_node.chainstate.active_chain import ActiveChain
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.branches import Branches
from ccxx_node.chainstate.rules import Rules
from ccxx_node.chainstate.storage import Storage
from ccxx_node.consensus.block import lacks_witness

_log = logging.getLogger(__name__)


def forget_witnessless_blocks(
    storage: Storage, chain: ActiveChain, branches: Branches, rules: Rules
) -> None:
    """Disconnect and forget blocks from the first that should have witnesses and has none."""
    if rules.params.segwit.start_time is None:
        return
    first = _find_first(storage, chain, rules)
    if first is None or first.parent is None:
        return
    branches.disconnect_to(first.parent)
    for entry in (first, *storage.index.descendants(first)):
        entry.block_position = entry.undo_position = None
        entry.tx_count = entry.chain_tx_count = 0
        entry.fully_valid = False
        storage.index.touch(entry)
    _log.info("blocks without witnesses forgotten height=%d", first.height)


def _find_first(storage: Storage, chain: ActiveChain, rules: Rules) -> BlockEntry | None:
    for height in range(1, chain.height + 1):
        entry = chain.at(height)
        if entry is None or entry.parent is None or entry.block_position is None:
            continue
        if rules.context_after(entry.parent).is_segwit and lacks_witness(storage.read_block(entry)):
            return entry
    return None
