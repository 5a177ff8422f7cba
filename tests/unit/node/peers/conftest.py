"""A node without sockets: a real chain and pool, peers that are only messages, a clock to set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ccxx_core.block import Block, BlockHeader
from ccxx_core.merkle import merkle_root
from ccxx_core.network import REGTEST as NETWORK
from ccxx_core.script import build_script
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.consensus.params import REGTEST
from ccxx_node.mempool.accept import Acceptor, Terms
from ccxx_node.mempool.entry import Entry
from ccxx_node.mempool.next_block import BlockAfter
from ccxx_node.mempool.policy import Policy
from ccxx_node.mempool.pool import Mempool
from ccxx_node.mempool.reorg import PoolFollower
from ccxx_node.mining.miner import mine
from ccxx_node.p2p import messages as m
from ccxx_node.p2p.addresses.address_book import AddressBook, KnownAddress
from ccxx_node.p2p.addresses.bans import BanList
from ccxx_node.p2p.addresses.endpoints import parse_endpoint, parse_host
from ccxx_node.p2p.logic.address_store import BookAddresses
from ccxx_node.p2p.logic.peer_logic import PeerLogic
from ccxx_node.p2p.options import NetworkOptions
from ccxx_node.p2p.peers.actions import Action, Ban, Disconnect, Send
from ccxx_node.p2p.peers.door import PeerOptions
from ccxx_node.p2p.peers.initial_download import InitialDownload
from ccxx_node.p2p.peers.peer import Peer, Permissions, Services
from ccxx_node.p2p.sockets.calling import Caller
from ccxx_node.p2p.sockets.choosing import Chooser
from ccxx_node.p2p.sockets.connections import Connection, Origin
from ccxx_node.p2p.sockets.switchboard import Switchboard
from ccxx_node.p2p.sockets.upload_quota import UploadQuota

ANYONE = b"\x51"
# A transaction of fewer bytes would not be taken into any pool.
LONG_ANYONE = b"\x61" * 30 + ANYONE
PARAMS = REGTEST.with_test_overrides(maturity=1, subsidy_interval=150)
FULL_NODE = Services.NETWORK | Services.WITNESS | Services.NETWORK_LIMITED


class Node:
    """Chain and pool behind peer logic; both clocks stand until a test moves them."""

    def __init__(self, chain: Chainstate) -> None:
        self.params = PARAMS
        self.chain = chain
        self.acceptor = Acceptor(Mempool(), Policy(require_standard=False))
        self._follower = PoolFollower(self.acceptor)
        self.clock = 1000.0
        self.importing = False
        self.initial_download = InitialDownload()
        self.logic: PeerLogic | None = None
        self.time = chain.tip.time + 10

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return self.clock

    def is_initial_download(self) -> bool:
        return self.initial_download.is_active(self.chain.tip, self.time)

    def is_importing(self) -> bool:
        return self.importing

    def submit_headers(self, headers: Sequence[BlockHeader]) -> list[BlockEntry]:
        return self.chain.accept_headers(headers, self.time)

    def submit_block(self, block: Block) -> None:
        events = list(self.chain.accept_block(block, self.time))
        self._follower.follow(events)
        returned = self._follower.settle(self._next_block(), self.time)
        if self.logic is not None:
            for txid in returned:
                self.logic.transaction_accepted(txid)
            self.logic.chain_changed(events)

    def submit_transaction(self, tx: Transaction) -> Entry:
        return self.acceptor.accept(tx, self._next_block(), Terms(self.time))

    def _next_block(self) -> BlockAfter:
        return BlockAfter(self.chain.tip, self.chain, self.params)


class World:
    """A node, its peers, and all that was done about them."""

    def __init__(self, node: Node, options: PeerOptions, folder: Path) -> None:
        self.node = node
        self.chain = node.chain
        self.pool = node.acceptor.pool
        rng = Random(1)
        network = NetworkOptions(folder, NETWORK.magic, NETWORK.p2p_port)
        self.book = AddressBook(bytes(32), rng)
        addresses = BookAddresses(self.book, network, options.services, node.now)
        quota = UploadQuota(0, node.now)
        self.logic = PeerLogic(node, addresses, quota, options, rng)
        node.logic = self.logic
        self.actions: list[Action] = []

    # Peers

    def connect(self, inbound: bool = True, **permissions: bool) -> Peer:
        """A connection on which nothing has been said by the other side."""
        number = len(self.logic.peers) + len(self.actions) + 1
        ip = bytes(10) + b"\xff\xff" + bytes((8, 8, number >> 8 & 255, number & 255))
        address = m.NetAddress(0, ip, 10841)
        granted = Permissions(**permissions)
        peer = Peer(number, f"peer {number}", address, inbound, self.node.time, granted)
        self.done(self.logic.connected(peer))
        return peer

    def meet(
        self, inbound: bool = True, services: Services = FULL_NODE, **permissions: bool
    ) -> Peer:
        """A connection with the handshake behind it, and compact blocks of version 2 agreed on."""
        peer = self.connect(inbound, **permissions)
        self.say(peer, self.version(services), m.Verack(), m.SendCompact(False, 2))
        return peer

    def version(self, services: Services = FULL_NODE, **changes: Any) -> m.Version:
        """What an ordinary node says first."""
        message = m.Version(70015, int(services), self.node.time, start_height=0, nonce=77)
        return replace(message, **changes)

    def say(self, peer: Peer, *messages: m.Message) -> list[m.Message]:
        """Let a peer say something; returns what it is sent."""
        start = len(self.actions)
        for message in messages:
            self.done(self.logic.receive(peer.id, message))
            self._work(peer.id)
        return self.sent(peer, start)

    def _work(self, peer_id: int) -> None:
        while self.logic.has_work(peer_id) and not self.logic.peers[peer_id].send_paused:
            self.done(self.logic.work(peer_id))

    def tick(self, peer: Peer, seconds: float = 0.1) -> list[m.Message]:
        """Let time pass; returns what a peer is sent."""
        start = len(self.actions)
        self.node.clock += seconds
        self.done(self.logic.tick())
        for peer_id in list(self.logic.peers):
            self._work(peer_id)
        return self.sent(peer, start)

    def wait(self, peer: Peer, seconds: int) -> list[m.Message]:
        """Let time pass in small steps."""
        start = len(self.actions)
        for _ in range(seconds * 2):
            self.tick(peer, 0.5)
        return self.sent(peer, start)

    def done(self, actions: Sequence[Action]) -> None:
        """Close connections as the shell would."""
        for action in actions:
            self.actions.append(action)
            if isinstance(action, Disconnect | Ban):
                self.logic.disconnected(action.peer_id)

    def sent(self, peer: Peer, start: int = 0) -> list[m.Message]:
        """What a peer was sent since some action."""
        return [
            action.message
            for action in self.actions[start:]
            if isinstance(action, Send) and action.peer_id == peer.id
        ]

    def ending(self, peer: Peer) -> Disconnect | Ban | None:
        """How a connection ended, None if it stands."""
        for action in self.actions:
            if isinstance(action, Disconnect | Ban) and action.peer_id == peer.id:
                return action
        return None

    # Blocks and transactions

    def block(
        self, parent: BlockHeader, *transactions: Transaction, name: str = "", time: int = 0
    ) -> Block:
        """Mine a block; ``name`` tells blocks with the same parent apart."""
        unlock = build_script(parent.hash[:8], name.encode() or b"-")
        coinbase = Transaction(
            1, (TxInput(NULL_OUTPOINT, unlock),), (TxOutput(0, ANYONE), TxOutput(1000, ANYONE))
        )
        everything = (coinbase, *transactions)
        root = merkle_root([tx.txid for tx in everything])
        header = BlockHeader(0x20000000, parent.hash, root, time or parent.time + 1, 0x207FFFFF, 0)
        block = mine(Block(header, everything), tries=1000)
        assert block is not None
        return block

    def branch(self, parent: BlockHeader, count: int, name: str = "") -> list[Block]:
        """Mine so many blocks, one on the other."""
        blocks: list[Block] = []
        for _ in range(count):
            blocks.append(self.block(blocks[-1].header if blocks else parent, name=name))
        return blocks

    def extend(self, count: int = 1, *transactions: Transaction) -> list[Block]:
        """Mine on our own tip."""
        blocks = []
        for _ in range(count):
            blocks.append(self.block(self.chain.tip.header, *transactions))
            self.node.submit_block(blocks[-1])
            transactions = ()
        return blocks

    def spend(self, parent: Transaction, vout: int = 0, value: int = 700) -> Transaction:
        """Spend an output that anyone can spend."""
        prevout = OutPoint(parent.txid, vout)
        return Transaction(2, (TxInput(prevout),), (TxOutput(value, LONG_ANYONE),))

    def coin(self) -> Transaction:
        """A transaction whose output 1 can be spent now, with 1000 satoshis."""
        block = self.extend(2)[0]
        return block.transactions[0]


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Give a function that makes a node as an operator wants it to be."""
    chains: list[Chainstate] = []

    def make(**options: Any) -> World:
        folder = tmp_path / str(len(chains))
        chains.append(Chainstate.open(folder / "regtest", PARAMS))
        return World(Node(chains[-1]), PeerOptions(**options), folder)

    yield make
    for chain in chains:
        chain.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A node with ten blocks and a tip of today."""
    made = make_world()
    made.extend(10)
    return made


class Calls:
    """A node that may call whom it likes, with a book that a test writes."""

    def __init__(self, world: Any, folder: Path) -> None:
        self.world = world
        self.bans = BanList(folder / "banlist.json")
        self.use(NetworkOptions(folder, NETWORK.magic, NETWORK.p2p_port))

    def use(self, options: NetworkOptions) -> None:
        """Begin anew as an operator wants it."""
        world = self.world
        self.options = options
        quota = UploadQuota(0, world.node.now)
        self.board = Switchboard(world.logic, options, self.bans, quota, world.node)
        self.caller = Caller(self.board, Random(1))
        self.chooser = Chooser(self.board, self.caller, world.book, self.bans, world.node)

    def know(self, text: str, services: int = 9) -> None:
        """Write an address into the book."""
        endpoint = parse_endpoint(text, NETWORK.p2p_port)
        source = parse_host("4.5.6.7")
        known = KnownAddress(endpoint, services, self.world.node.now(), source)
        self.world.book.add([known], self.world.node.now())

    def connect(self, text: str, *, inbound: bool = False, **permissions: bool) -> Connection:
        """Stand as if there were a connection to an address."""
        endpoint = parse_endpoint(text, NETWORK.p2p_port)
        connection = Connection(self.board, Origin(inbound))
        address = m.NetAddress(9, endpoint.ip, endpoint.port)
        peer = Peer(len(self.board.connections), str(endpoint), address, inbound, 0)
        peer.permissions = Permissions(**permissions)
        connection.peer = peer
        self.board.connections[peer.id] = connection
        return connection

    def chosen(self, *, feels: bool = False) -> str | None:
        """Return the address that would be called now."""
        known = self.chooser.choose(self.world.node.now(), feels=feels)
        return None if known is None else str(known.endpoint)


@pytest.fixture
async def calls(world: Any, tmp_path: Path) -> Calls:
    """A node within an event loop, as its parts expect."""
    return Calls(world, tmp_path)
