"""What the pool has checked, a block need not check again; whatever differs is checked."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ccxx_core.block import Block
from ccxx_core.hashes import sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.opcodes import Op
from ccxx_core.script import build_script, push_data
from ccxx_core.sighash import SIGHASH_ALL, legacy_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.rules import Rules
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.consensus.params import ConsensusParams
from ccxx_node.consensus.sigcheck import InlineVerifier, SignatureCheck
from ccxx_node.mempool.accept import Acceptor, Terms
from ccxx_node.mempool.next_block import BlockAfter
from ccxx_node.mempool.policy import Policy
from ccxx_node.mempool.pool import Mempool

MakeBlock = Callable[..., Block]

NOW = 1_700_868_523
KEY, OTHER = (PrivateKey(sha256(bytes([i]))) for i in range(2))
P2PK = build_script(KEY.public_key, Op.OP_CHECKSIG)
COINBASE_VALUE = 10_000
BIP65_HEIGHT = 4


class CountingVerifier(InlineVerifier):
    """Counts what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def submit(self, checks: list[SignatureCheck]) -> None:
        self.count += len(checks)
        super().submit(checks)


class Scene:
    """A chain with one coin that needs a signature, and a pool."""

    def __init__(self, folder: Path, params: ConsensusParams, make_block: MakeBlock) -> None:
        self.verifier = CountingVerifier()
        self.rules = Rules(replace(params, bip65_height=BIP65_HEIGHT), self.verifier)
        self.chain = Chainstate.open(folder, self.rules.params, rules=self.rules)
        self.acceptor = Acceptor(Mempool(), Policy(require_standard=False))
        self._make_block = make_block
        coinbase = self.mine(value=COINBASE_VALUE).transactions[0]
        lock = TxOutput(COINBASE_VALUE, P2PK)
        self.funding = Transaction(2, (TxInput(OutPoint(coinbase.txid, 0)),), (lock,))
        self.mine(self.funding)

    def mine(self, *transactions: Transaction, value: int = 0) -> Block:
        block = self._make_block(self.chain.tip.header, *transactions, value=value)
        self.chain.accept_block(block, NOW)
        return block

    def payment(self, key: PrivateKey = KEY) -> Transaction:
        spent = TxInput(OutPoint(self.funding.txid, 0))
        tx = Transaction(2, (spent,), (TxOutput(COINBASE_VALUE // 2, P2PK),))
        digest = legacy_sighash(tx, 0, P2PK, SIGHASH_ALL)
        script_sig = push_data(key.sign(digest) + bytes([SIGHASH_ALL]))
        return replace(tx, inputs=(spent._replace(script_sig=script_sig),))

    @property
    def next_block(self) -> BlockAfter:
        return BlockAfter(self.chain.tip, self.chain, self.rules.params, self.rules)


@pytest.fixture
def scene(tmp_path: Path, params: ConsensusParams, make_block: MakeBlock) -> Iterator[Scene]:
    scene = Scene(tmp_path, params, make_block)
    with scene.chain:
        yield scene


def test_block_does_not_verify_what_the_pool_has_verified(scene: Scene) -> None:
    tx = scene.payment()
    scene.acceptor.accept(tx, scene.next_block, Terms(NOW))

    block = scene.mine(tx)

    assert scene.chain.tip.hash == block.hash
    assert scene.verifier.count == 0


def test_transaction_that_was_only_tested_is_verified_in_its_block(scene: Scene) -> None:
    tx = scene.payment()
    scene.acceptor.test(tx, scene.next_block, Terms(NOW))

    scene.mine(tx)

    assert scene.verifier.count == 1


def test_block_with_other_flags_verifies_again(scene: Scene) -> None:
    tx = scene.payment()
    scene.acceptor.accept(tx, scene.next_block, Terms(NOW))
    scene.mine()

    scene.mine(tx)

    assert scene.chain.height == BIP65_HEIGHT
    assert scene.verifier.count == 1


def test_memory_holds_in_another_branch(scene: Scene) -> None:
    tx = scene.payment()
    scene.acceptor.accept(tx, scene.next_block, Terms(NOW))
    first = scene.mine(tx)
    scene.chain.invalidate_block(first.hash)

    second = scene.mine(tx, value=1)

    assert scene.chain.tip.hash == second.hash != first.hash
    assert scene.verifier.count == 0


def test_same_id_with_another_signature_is_verified(scene: Scene) -> None:
    scene.acceptor.accept(scene.payment(), scene.next_block, Terms(NOW))

    with pytest.raises(ConsensusError):
        scene.mine(scene.payment(OTHER))

    assert scene.verifier.count == 1


def test_refused_transaction_is_not_remembered(scene: Scene) -> None:
    forged = scene.payment(OTHER)

    with pytest.raises(ConsensusError):
        scene.acceptor.accept(forged, scene.next_block, Terms(NOW))

    assert len(scene.rules.valid_scripts) == 0
