"""The chain of the unit tests on a real node: really signed, really mined, judged three times.

What `tests/unit/cert` builds without a node is built here from coins that exist. Every block goes
to a registry in memory, to a wallet's store and to an explorer's index, which must agree on every
verdict and on the whole state.
"""

import os
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import orjson
import pytest

from ccxx_cert.custody import opens
from ccxx_cert.identity import format_outpoint
from ccxx_cert.registry import MemoryRegistry, apply_block, state_hash
from ccxx_cert.state import Certificate, ObservedBlock, Verdict
from ccxx_cert.status import certificate_status
from ccxx_cert.trust import TrustAnchor
from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import BlockHash, Txid, format_hash, parse_block_hash, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.merkle import merkle_root
from ccxx_core.network import REGTEST
from ccxx_core.sighash import SIGHASH_ALL
from ccxx_core.spending import SpendingError, open_lock, unlock
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.database.store import Database
from ccxx_explorer.database.whole_state import registry_hash
from ccxx_explorer.indexer import Indexer, NodeState
from ccxx_explorer.pages.certificates import load_certificate
from ccxx_explorer.pages.transaction import load_transaction
from ccxx_explorer.question import Question
from ccxx_explorer.site import Site
from ccxx_node.client.follow import catch_up
from ccxx_node.client.rpc import NodeClient
from ccxx_node.mining.miner import mine as search_block
from ccxx_node.mining.template import WITNESS_NONCE, coinbase_script, commitment_script
from ccxx_regtest import chain_cache, faucet
from ccxx_regtest.node import RegtestNode
from ccxx_wallet.registry_store import StoredRegistry
from ccxx_wallet.scanner import Scanner
from ccxx_wallet.store import Store
from ccxx_wallet.watch import WatchedScripts

MATURITY = 5
PLAIN_VALUE = 5 * 10**8
COINS = 400
COINS_OF_EVERY_WORLD = 300
BLOCK_SECONDS = 150
_UNIT_WORLD = Path(__file__).parents[2] / "unit" / "cert" / "conftest.py"


def load_module(path: Path, name: str) -> Any:
    """Load a file of tests, which no package holds."""
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    # Dataclasses look their module up by name while they are made.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


UNIT = load_module(_UNIT_WORLD, "certificate_world_on_a_node")
KEYS: dict[bytes, PrivateKey] = {}


def key(name: str) -> bytes:
    """Return the public key of a person, and keep the private one."""
    private = PrivateKey(sha256(name.encode()))
    KEYS[private.public_key] = private
    return private.public_key


# Whoever is named from here on can sign; so can those whom the module itself names.
UNIT.key = key
for name in ("root", "system", "issuer", "K0", "bank", "the faucet of a local CCXX chain"):
    key(name)
BANK_SCRIPT: bytes = UNIT.plain_script("bank")


class Ground:
    """A node, blocks made by hand, and plain coins to spend: what all worlds stand on.

    Each world begins anew above the same blocks, so that observers have little to read.
    """

    def __init__(self, client: NodeClient, folder: Path) -> None:
        self.client = client
        self.made: dict[Txid, Transaction] = {}
        self._time = int(time.time())
        self._blocks = 0
        for _ in range(MATURITY + 12):
            # Times as far apart as in a real chain, so that median times differ, too.
            self._time += BLOCK_SECONDS
            client.call("setmocktime", self._time)
            client.call("generatetoaddress", 1, faucet.ADDRESS)
        coins = self._divide_reward(client.block_hash(1))
        self._base = client.block_count()
        self.index = folder / "base.sqlite"
        self._index_base()
        self._shared, self._untouched = coins[:COINS_OF_EVERY_WORLD], coins[COINS_OF_EVERY_WORLD:]
        self._coins = list(self._shared)

    def begin_anew(self, with_untouched_coins: bool = False) -> None:
        """Leave what the last world built.

        Its transactions wait in the pool from then on: whoever asks the pool needs coins that none
        of them spends.
        """
        if self.client.block_count() > self._base:
            self.client.call("invalidateblock", format_hash(self.client.block_hash(self._base + 1)))
        self._coins = self._untouched if with_untouched_coins else list(self._shared)

    def mine(self, txs: Sequence[Transaction], parent: BlockHash | None = None) -> Block:
        """Mine a block of these transactions in this order, on the tip or another parent."""
        on = self.client.call("getbestblockhash") if parent is None else format_hash(parent)
        tip = self.client.call("getblockheader", on)
        self._time += BLOCK_SECONDS
        self.client.call("setmocktime", self._time)
        self._blocks += 1
        script_sig = coinbase_script(tip["height"] + 1, self._blocks)
        coinbase = Transaction(
            2,
            (TxInput(NULL_OUTPOINT, script_sig, witness=(WITNESS_NONCE,)),),
            (TxOutput(0, BANK_SCRIPT), TxOutput(0, commitment_script(txs))),
        )
        transactions = (coinbase, *txs)
        root = merkle_root([tx.txid for tx in transactions])
        header = BlockHeader(
            0x20000000, parse_block_hash(on), root, self._time, int(tip["bits"], 16), 0
        )
        block = search_block(Block(header, transactions), 10_000)
        assert block is not None
        refusal = self.client.call("submitblock", block.encode().hex())
        wanted = (None,) if parent is None else (None, "inconclusive")
        assert refusal in wanted, (refusal, [tx.encode().hex() for tx in txs])
        self.made |= {tx.txid: tx for tx in transactions}
        return block

    def coin(self) -> OutPoint:
        """Return a plain coin that nobody has used."""
        return self._coins.pop()

    def output(self, outpoint: OutPoint) -> TxOutput:
        """Return an output of a transaction that was made here."""
        return self.made[outpoint.txid].outputs[outpoint.vout]

    def sign(self, tx: Transaction, inner: dict[bytes, bytes]) -> Transaction:
        """Sign whatever our keys can sign; `inner` are the scripts behind hashes."""
        bare = replace(
            tx, inputs=tuple(each._replace(script_sig=b"", witness=()) for each in tx.inputs)
        )
        inputs = tuple(
            self._unlocked(bare, index, inner) or tx_input
            for index, tx_input in enumerate(tx.inputs)
        )
        signed = replace(bare, inputs=inputs)
        self.made[signed.txid] = signed
        return signed

    def _unlocked(self, tx: Transaction, index: int, inner: dict[bytes, bytes]) -> TxInput | None:
        tx_input = tx.inputs[index]
        output = self.output(tx_input.prevout)
        script = inner.get(output.script_pubkey)
        assert script is None or opens(script, output.script_pubkey)
        try:
            lock = open_lock(output, script, script, frozenset(KEYS))
        except SpendingError:
            # No signature opens it: the input comes with what does.
            return None
        digest = lock.digest(tx, index, SIGHASH_ALL)
        signatures = {
            each: KEYS[each].sign(digest) + bytes([SIGHASH_ALL])
            for each in lock.keys
            if each in KEYS
        }
        script_sig, witness = unlock(lock, tx, index, signatures)
        return tx_input._replace(script_sig=script_sig, witness=witness)

    def _index_base(self) -> None:
        """Index what all worlds share; each explorer begins with a copy."""
        database = Database.open(self.index, REGTEST, None)
        indexer = Indexer(database)
        indexer.run(catch_up(self.client, indexer), threading.Event())
        database.close()

    def _divide_reward(self, block_hash: BlockHash) -> list[OutPoint]:
        coinbase = self.client.block(block_hash).transactions[0]
        self.made[coinbase.txid] = coinbase
        outputs = (TxOutput(PLAIN_VALUE, BANK_SCRIPT),) * COINS
        tx = self.sign(Transaction(2, (TxInput(OutPoint(coinbase.txid, 0)),), outputs), {})
        self.mine([tx])
        return [OutPoint(tx.txid, vout) for vout in range(COINS)]


class Observers:
    """A wallet's store and an explorer's index that follow one anchor from its root coin on."""

    def __init__(self, folder: Path, anchor: TrustAnchor, base: Path) -> None:
        folder.mkdir()
        self.anchor = anchor
        self.store = Store(folder / "wallet.sqlite")
        self.registry = StoredRegistry(self.store)
        self._scanner = Scanner(self.store, WatchedScripts(self.store, ()), anchor)
        self._index = folder / "index.sqlite"
        shutil.copyfile(base, self._index)
        with closing(sqlite3.connect(self._index)) as connection, connection:
            # The shared blocks hold nothing that an anchor could judge.
            wanted = (anchor.anchor_id.hex(),)
            connection.execute("update meta set value = ? where name = 'anchor'", wanted)
        self.database = Database.open(self._index, REGTEST, anchor)
        self._site = Site(self.database, lambda: NodeState(online=True, since=0))

    def follow(self, client: NodeClient) -> None:
        """Bring both to the node's tip."""
        self._scanner.catch_up(client, self.anchor.root_height, lambda *_: None)
        indexer = Indexer(self.database)
        indexer.run(catch_up(client, indexer), threading.Event())

    def wallet_verdicts(self, block: ObservedBlock) -> tuple[Verdict, ...]:
        """Return what the wallet's records say of a block that comes next."""
        return apply_block(self.registry, self.anchor, block).verdicts

    def explorer_verdict(self, tx: Transaction) -> Any:
        """Return the verdict in the JSON of a transaction's page."""
        with self.database.read() as connection:
            page = load_transaction(self._site, connection, Question(format_hash(tx.txid), {}))
        return orjson.loads(orjson.dumps(page))["verdict"]

    def explorer_status(self, certificate: Certificate) -> str:
        """Return the status in the JSON of a certificate's page."""
        question = Question(format_outpoint(certificate.id), {})
        with self.database.read() as connection:
            page = load_certificate(self._site, connection, question)
        return str(orjson.loads(orjson.dumps(page))["status"])

    def state_hashes(self) -> set[bytes]:
        """Return the hashes of both states."""
        with self.database.read() as connection:
            return {registry_hash(connection), self.registry.state_hash()}

    def close(self) -> None:
        """Close both files."""
        self.store.close()
        self.database.close()
        self._index.unlink()


class NodeWorld(UNIT.World):  # type: ignore[misc]
    """The world of the unit tests, whose blocks are those of a real node."""

    def __init__(self, ground: Ground, folder: Path) -> None:
        self.ground = ground
        self.folder = folder
        self.registry = MemoryRegistry()
        self.inner: dict[bytes, bytes] = {}
        self.blocks: list[ObservedBlock] = []
        self.journal: list[Any] = []
        self.permit_script = UNIT.PERMIT_SCRIPT
        self.root_script = UNIT.ROOT_SCRIPT
        self.observers: list[Observers] = []
        self.seen: list[Verdict] = []
        self.learn(UNIT.PERMIT_INNER)
        for name in ("alice", "bob", "carol"):
            self.learn(UNIT.certificate_inner(name))
        self.root_tx = self.sign(self.tx([], [TxOutput(UNIT.ROOT_VALUE, UNIT.ROOT_SCRIPT)]))
        self.root_outpoint = OutPoint(self.root_tx.txid, 0)
        self.anchor = TrustAnchor(
            "regtest",
            self.root_outpoint,
            UNIT.ROOT_VALUE,
            ground.client.block_count() + 1,
            UNIT.ROOT_SCRIPT,
            UNIT.R,
            UNIT.S,
        )
        self.mine(self.root_tx)

    @property
    def height(self) -> int:
        """The height of the node's tip."""
        return self.ground.client.block_count()

    def plain_coin(self) -> OutPoint:
        """Return a plain coin that exists and that nobody has used."""
        return self.ground.coin()

    def sign(self, tx: Transaction) -> Transaction:
        """Sign whatever the people of this world can sign."""
        return self.ground.sign(tx, self.inner)

    def mine(self, *txs: Transaction) -> tuple[Verdict, ...]:
        """Sign transactions and mine them in one block."""
        return self.mine_signed(*[self.sign(tx) for tx in txs])

    def mine_signed(self, *txs: Transaction) -> tuple[Verdict, ...]:
        """Mine transactions as they are; all observers must say the same of their block."""
        observers = self._observers()
        block = self.ground.mine(txs)
        expected = observers.wallet_verdicts(self._observed(block))
        verdicts = self._connect(block)
        assert verdicts == expected
        self._follow(observers)
        return verdicts

    def reorganise(self, depth: int, *blocks: Sequence[Transaction]) -> tuple[Verdict, ...]:
        """Mine a branch beside the last `depth` blocks until the node moves to it by itself."""
        observers, parent = self._observers(), self.blocks[-depth - 1].hash
        rivals = []
        for txs in blocks:
            rivals.append(self.ground.mine([self.sign(tx) for tx in txs], parent))
            parent = rivals[-1].hash
        assert self.ground.client.tip()[1] == parent
        self._give_up(depth)
        verdicts = [verdict for block in rivals for verdict in self._connect(block)]
        self._follow(observers)
        return tuple(verdicts)

    def return_to(self, blocks: Sequence[ObservedBlock]) -> None:
        """Have the node leave its branch for one that it left before."""
        fork = next(n for n, each in enumerate(self.blocks) if each.height == blocks[0].height)
        client, depth = self.ground.client, len(self.blocks) - fork
        client.call("invalidateblock", format_hash(self.blocks[fork].hash))
        self._give_up(depth)
        for block in blocks:
            self._connect(client.block(block.hash))
        self._follow(self._observers())

    def disconnect(self) -> ObservedBlock:
        """Have the node give up its last block, and everybody follow."""
        block = self.blocks[-1]
        self.ground.client.call("invalidateblock", format_hash(block.hash))
        self._give_up(1)
        self._follow(self._observers())
        return block

    def _connect(self, block: Block) -> tuple[Verdict, ...]:
        observed = self._observed(block)
        changes = apply_block(self.registry, self.anchor, observed)
        self.registry.apply(changes.changes)
        self.blocks.append(observed)
        self.journal.append(changes)
        self.seen += changes.verdicts
        return changes.verdicts

    def _observed(self, block: Block) -> ObservedBlock:
        header = self.ground.client.header(block.hash)
        return ObservedBlock(
            header["height"], block.hash, header["time"], header["mediantime"], block.transactions
        )

    def _give_up(self, depth: int) -> None:
        for _ in range(depth):
            self.registry.undo(self.journal.pop().changes)
            self.blocks.pop()

    def _follow(self, observers: Observers) -> None:
        observers.follow(self.ground.client)
        for block, changes in zip(self.blocks[-1:], self.journal[-1:], strict=True):
            check_explorer(observers, block.transactions, changes.verdicts)
        self.check_states()

    def check_states(self) -> None:
        """All three observers know the same, to the last record."""
        assert self._observers().state_hashes() == {state_hash(self.registry.records)}

    def check_pages(self) -> None:
        """The page of every certificate shows the status that the rules say."""
        tip, observers = self.blocks[-1], self._observers()
        for record in self.registry.records.values():
            if isinstance(record, Certificate):
                status = certificate_status(self.registry, record, tip.height, tip.median_time_past)
                assert observers.explorer_status(record) == status

    def _observers(self) -> Observers:
        """Return the observers of the anchor in force: one that learns more is judged anew."""
        if not self.observers or self.observers[-1].anchor != self.anchor:
            folder = self.folder / f"observers-{len(self.observers)}"
            fresh = Observers(folder, self.anchor, self.ground.index)
            fresh.follow(self.ground.client)
            self.observers.append(fresh)
        return self.observers[-1]


def check_explorer(
    observers: Observers, txs: Sequence[Transaction], verdicts: Sequence[Verdict]
) -> None:
    """The pages of a block's transactions say what the rules say."""
    wanted = {verdict.txid: verdict for verdict in verdicts}
    for tx in txs:
        shown, verdict = observers.explorer_verdict(tx), wanted.get(tx.txid)
        if verdict is None:
            assert shown is None
            continue
        named = {*verdict.subjects, *verdict.destroyed}
        assert shown["operation"] == (None if verdict.op is None else verdict.op.name)
        assert (shown["accepted"], shown["refusal"]) == (verdict.accepted, verdict.refusal)
        assert set(shown["subjects"]) == set(map(format_outpoint, named))


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """One node for all worlds, each of which has a root coin of its own.

    It is ccxx-node, or the daemon that CCXX_REFERENCE_NODE names.
    """
    folder, named = tmp_path_factory.mktemp("ground"), os.environ.get("CCXX_REFERENCE_NODE")
    daemon = Path(named) if named else None
    options = () if daemon else (f"-testmaturity={MATURITY}",)
    if daemon:
        # Other daemons let nobody spend what is younger than 5,000 blocks.
        chain_cache.copy_chain(folder / "node", lambda _: None, daemon)
    with RegtestNode(folder / "node", folder / "node.log", options, daemon) as node:
        yield Ground(node.client, folder)


@pytest.fixture(scope="session")
def new_world(ground: Ground) -> Iterator[Callable[..., NodeWorld]]:
    """Return what makes a chain whose root coin is registered; the one before it is left."""
    worlds: list[NodeWorld] = []

    def make(folder: Path, with_untouched_coins: bool = False) -> NodeWorld:
        ground.begin_anew(with_untouched_coins)
        worlds.append(NodeWorld(ground, folder))
        return worlds[-1]

    yield make
    for world in worlds:
        for observers in world.observers:
            observers.close()


@pytest.fixture
def world(new_world: Callable[..., NodeWorld], tmp_path: Path) -> Iterator[NodeWorld]:
    """A chain whose root coin is registered; at the end the explorer's pages are looked at."""
    made = new_world(tmp_path)
    yield made
    made.check_pages()


@pytest.fixture
def observe(ground: Ground) -> Iterator[Callable[[Path, TrustAnchor], Observers]]:
    """Return what makes observers that have read the whole chain by an anchor."""
    made: list[Observers] = []

    def read(folder: Path, anchor: TrustAnchor) -> Observers:
        made.append(Observers(folder, anchor, ground.index))
        made[-1].follow(ground.client)
        return made[-1]

    yield read
    for observers in made:
        observers.close()
