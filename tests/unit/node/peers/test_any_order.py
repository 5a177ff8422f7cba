"""Whatever is said in whatever order, the logic answers or closes; it never fails."""

from random import Random
from typing import Any

import pytest

from ccxx_core.block import Block
from ccxx_core.hashes import BlockHash
from ccxx_node.p2p import messages as m
from ccxx_node.p2p.messages.compact_blocks import make_compact
from ccxx_node.p2p.peers.peer import Services

ALL_KINDS = (m.MSG_TX, m.MSG_BLOCK, m.MSG_FILTERED_BLOCK, m.MSG_CMPCT_BLOCK)
BLOOM = Services.NETWORK | Services.WITNESS | Services.BLOOM


class Speaker:
    """Says things that make sense one by one, with hashes that are known or made up."""

    def __init__(self, rng: Random, world: Any) -> None:
        self.rng = rng
        self.world = world
        tip = world.chain.tip.header
        self.blocks: list[Block] = [*world.branch(tip, 12), *world.branch(tip, 3, name="other")]
        self.coin = world.chain.get_block(world.chain.tip.hash).transactions[0]

    def hash(self) -> BlockHash:
        known = [block.hash for block in self.blocks]
        known += [self.world.chain.tip.hash, self.world.chain.genesis.hash]
        return self.rng.choice([*known, BlockHash(self.rng.randbytes(32))])

    def items(self) -> tuple[m.InventoryItem, ...]:
        def kind() -> int:
            return self.rng.choice(ALL_KINDS) | self.rng.choice((0, m.MSG_WITNESS_FLAG))

        return tuple(m.InventoryItem(kind(), self.hash()) for _ in range(self.rng.randrange(5)))

    def block(self) -> Block:
        return self.rng.choice(self.blocks)

    def message(self) -> m.Message:
        rng = self.rng
        start = rng.randrange(len(self.blocks))
        tx = self.world.spend(self.coin, vout=rng.randrange(3), value=rng.randrange(2000))
        return rng.choice(
            (
                self.world.version(nonce=rng.getrandbits(64)),
                m.Verack(),
                m.Ping(rng.getrandbits(64)),
                m.Pong(rng.choice((None, 0, 1))),
                m.Inv(self.items()),
                m.GetData(self.items()),
                m.NotFound(self.items()),
                m.GetHeaders((self.hash(), self.hash())[: rng.randrange(3)], self.hash()),
                m.GetBlocks((self.hash(),), self.hash()),
                m.Headers(tuple(block.header for block in self.blocks[start:])),
                m.Headers(()),
                m.BlockMessage.of(self.block()),
                m.TxMessage.of(tx),
                m.MempoolRequest(),
                m.SendHeaders(),
                m.FeeFilter(rng.choice((-1, 0, 1000, 1 << 62))),
                m.SendCompact(rng.random() < 0.5, rng.randrange(4)),
                make_compact(self.block(), rng.getrandbits(64)),
                m.GetBlockTransactions(self.hash(), (0, rng.randrange(3) + 1)),
                m.BlockTransactions(self.hash(), (tx,) * rng.randrange(3)),
                m.FilterLoad(
                    rng.randbytes(rng.randrange(40)), rng.randrange(60), 1, rng.randrange(4)
                ),
                m.FilterAdd(rng.randbytes(rng.randrange(600))),
                m.FilterClear(),
                m.GetAddr(),
                m.Addr(
                    (m.TimedAddress(rng.getrandbits(32), m.NetAddress(1, rng.randbytes(16), 1)),)
                ),
                m.Reject("tx", 16, "no", bytes(32)),
            )
        )


@pytest.mark.parametrize("seed", range(40))
def test_peers_may_say_anything_in_any_order(make_world: Any, seed: int) -> None:
    rng = Random(seed)
    world = make_world(services=rng.choice((BLOOM, BLOOM & ~Services.BLOOM)), ban_score=1000)
    world.extend(6)
    speaker = Speaker(rng, world)
    peers = [world.meet(inbound=rng.random() < 0.5) for _ in range(3)] + [world.connect()]

    for _ in range(150):
        world.say(rng.choice(peers), speaker.message())
        world.tick(peers[0], rng.choice((0.1, 0.1, 0.9)))

    for peer in peers:
        world.logic.disconnected(peer.id)
    assert not world.logic.peers
    assert not len(world.logic._conversation.download)
