"""A wallet that followed any reorganisation is a wallet that read the final chain alone."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccxx_cert.custody import permit_script, wrap
from ccxx_cert.records import IssueMessage, PermitMessage
from ccxx_cert.state import Credit, CreditKind
from ccxx_cert.template import draft_issue, draft_permit
from ccxx_cert.trust import TrustAnchor
from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import BlockHash, Txid, sha256
from ccxx_core.network import REGTEST
from ccxx_core.script import build_script, p2wpkh_script
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.client.follow import BlockConnected, BlockDisconnected
from ccxx_wallet.keyring import Role
from ccxx_wallet.keystore import SeedPhrase
from ccxx_wallet.making import NewWallet, create_wallet
from ccxx_wallet.registry_store import StoredRegistry
from ccxx_wallet.scanner import Scanner
from ccxx_wallet.store import Store
from ccxx_wallet.wallet import STORE_FILE, Wallet

PHRASE = SeedPhrase("abandon " * 11 + "about")
ROOT_VALUE = 1_000_000
TABLES = ("blocks", "records", "coins")


class Chain:
    """Blocks that pay and spend coins of one wallet, and move root and permit credit."""

    def __init__(self, wallet: Wallet) -> None:
        self.wallet = wallet
        self.blocks: list[BlockConnected] = []
        self._salt = 0
        holder = wallet.first_key(Role.HOLDER).public_key
        root, issuer, system = (wallet.first_key(r).public_key for r in (
            Role.ROOT, Role.ISSUER, Role.SYSTEM))  # fmt: skip
        self.inner = permit_script(root, issuer, system)
        self.holder_script = wrap(permit_script(root, issuer, holder))
        self.root_script = wallet.first_key(Role.CREDIT).plain_script
        self.first = self._coinbase(TxOutput(ROOT_VALUE, self.root_script))
        self.anchor = TrustAnchor(
            "regtest", OutPoint(self.first.txid, 0), ROOT_VALUE, 0, self.root_script, root, system
        )

    def block(self, choices: list[int]) -> BlockConnected:
        """Make a block at the tip; each choice adds one transaction of a kind."""
        height = len(self.blocks)
        transactions = [self._coinbase(self._payment())]
        if height == 0:
            transactions.append(self.first)
        transactions += [tx for choice in choices for tx in self._transaction(choice)]
        prev = self.blocks[-1].hash if self.blocks else BlockHash(bytes(32))
        root = sha256(b"".join(tx.txid for tx in transactions))
        header = BlockHeader(1, prev, root, 1_000 + height, 0x207FFFFF, self._salt)
        block = Block(header, tuple(transactions))
        event = BlockConnected(height, block.hash, block, 1_000 + height)
        self.blocks.append(event)
        return event

    def _transaction(self, choice: int) -> Iterator[Transaction]:
        self._salt += 1
        if choice == 0:
            yield Transaction(2, (self._foreign(),), (self._payment(), self._payment()))
        elif choice == 1:
            coins = self.wallet.store.coins()
            if coins:
                yield Transaction(2, (TxInput(coins[0].outpoint),), (self._payment(),))
        elif choice == 2:
            yield from self._grant()
        else:
            yield from self._issue()

    def _grant(self) -> Iterator[Transaction]:
        coin = self._credit(CreditKind.ROOT)
        if coin is not None and coin.value >= 400_000:
            message = PermitMessage(code="T", quantity=4, typedef_hash=bytes(32), title="T")
            draft = draft_permit(message, wrap(self.inner), [coin], 2)
            yield Transaction(2, (TxInput(coin.outpoint), self._foreign()), draft.outputs)

    def _issue(self) -> Iterator[Transaction]:
        coin = self._credit(CreditKind.PERMIT)
        if coin is not None:
            message = IssueMessage(serial=self._salt, doc_hash=bytes(32))
            draft = draft_issue(message, self.holder_script, coin)
            spend = TxInput(coin.outpoint, witness=(b"", self.inner))
            yield Transaction(2, (spend, self._foreign()), draft.outputs)

    def _credit(self, kind: CreditKind) -> Credit | None:
        registry = StoredRegistry(self.wallet.store)
        owners = [None] if kind is CreditKind.ROOT else [each.id for each in registry.permits()]
        found = [coin for owner in owners for coin in registry.credits_of(owner)]
        return next((coin for coin in found if coin.kind is kind), None)

    def _payment(self) -> TxOutput:
        keys = self.wallet.store.watched_keys(Role.PLAIN)
        self._salt += 1
        if self._salt % 3 == 0:
            return TxOutput(self._salt, p2wpkh_script(bytes(20)))
        return TxOutput(self._salt, keys[self._salt % 7].plain_script)

    def _foreign(self) -> TxInput:
        return TxInput(OutPoint(Txid(sha256(self._salt.to_bytes(4, "big"))), 0))

    def _coinbase(self, output: TxOutput) -> Transaction:
        self._salt += 1
        tag = build_script(self._salt.to_bytes(4, "big"))
        return Transaction(1, (TxInput(NULL_OUTPOINT, tag),), (output,))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a new wallet: copying it is quicker than sealing a phrase for each example."""
    folder = tmp_path_factory.mktemp("template") / "wallet"
    create_wallet(folder, NewWallet("test", REGTEST, tuple(Role), PHRASE, "x")).close()
    return folder


def wallet_in(folder: Path, name: str, template: Path) -> Wallet:
    copied = Path(shutil.copytree(template, folder / name))
    return Wallet(copied, Store(copied / STORE_FILE))


def contents(wallet: Wallet) -> dict[str, list[Any]]:
    database = wallet.store._db
    return {
        table: database.execute(f"select * from {table} order by 1, 2, 3").fetchall()
        for table in TABLES
    }


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 3), st.lists(st.integers(0, 3), max_size=4)),
        min_size=1,
        max_size=8,
    )
)
def test_any_reorganisation_equals_a_fresh_scan(
    template: Path, steps: list[tuple[int, list[int]]]
) -> None:
    with TemporaryDirectory() as folder:
        followed = wallet_in(Path(folder), "followed", template)
        chain = Chain(followed)
        scanner = Scanner(followed.store, followed.watched, chain.anchor)

        for leave, choices in steps:
            with followed.store.transaction():
                for _ in range(min(leave, max(0, len(chain.blocks) - 1))):
                    gone = chain.blocks.pop()
                    scanner.apply(BlockDisconnected(gone.height, gone.hash))
                scanner.apply(chain.block(choices))
        fresh = wallet_in(Path(folder), "fresh", template)
        reader = Scanner(fresh.store, fresh.watched, chain.anchor)
        with fresh.store.transaction():
            for event in chain.blocks:
                reader.apply(event)

        assert contents(followed) == contents(fresh)
        scanner.rewind(-1)
        assert not any(contents(followed).values())
