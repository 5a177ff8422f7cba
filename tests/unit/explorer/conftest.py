"""A chain with certificates, indexed without a node: the story that every page is asked about."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ccxx_cert.custody import certificate_script, permit_script, wrap
from ccxx_cert.identity import format_outpoint
from ccxx_cert.records import (
    BatchMessage,
    ExpiryKind,
    IssueMessage,
    PermitMessage,
    RevocationReason,
    RevokeMessage,
)
from ccxx_cert.state import Certificate, CreditKind, get_certificate, get_credit
from ccxx_cert.template import (
    Draft,
    draft_batch,
    draft_issue,
    draft_permit,
    draft_transfer,
    message_output,
)
from ccxx_cert.trust import TrustAnchor
from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import BlockHash, Txid, format_hash, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.merkle import merkle_root
from ccxx_core.network import REGTEST
from ccxx_core.script import null_data_script, p2wpkh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.database.records import RecordTables, credit_query, read_credit
from ccxx_explorer.database.rows import NewBlock
from ccxx_explorer.database.schema import outputs
from ccxx_explorer.database.store import Database
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.site import Site

ROOT_VALUE = 10_000_000_000
START = 1_700_000_000
COIN = 10_000_000


def key(name: str) -> bytes:
    """Return the public key of a person."""
    return PrivateKey(sha256(name.encode())).public_key


def plain_script(name: str) -> bytes:
    """Return the ordinary script of a person."""
    return p2wpkh_script(hash160(key(name)))


R, S, I = key("root"), key("system"), key("issuer")  # noqa: E741 - the protocol's own names
PERMIT_INNER = permit_script(R, I, S)


def holder_inner(name: str) -> bytes:
    """Return the script of a certificate that a person holds."""
    return certificate_script(
        R,
        I,
        key(name),
        PermitMessage(code="X", quantity=1, typedef_hash=bytes(32), title="X").custody,
    )


class Chain:
    """Blocks that grow on the index; every coin they spend exists."""

    def __init__(self, path: Path | str) -> None:
        self.blocks: list[NewBlock] = []
        self.plain: list[OutPoint] = []
        self.inner = {wrap(PERMIT_INNER): PERMIT_INNER}
        self.database: Database | None = None
        self.path = path
        for _ in range(3):
            self.mine()
        script = plain_script("K0")
        self.root_tx = self.spend((), (TxOutput(ROOT_VALUE, script),))
        self.anchor = TrustAnchor(
            "regtest", OutPoint(self.root_tx.txid, 0), ROOT_VALUE, len(self.blocks), script, R, S
        )
        self.database = Database.open(path, REGTEST, self.anchor)
        self.database.connect_blocks(self.blocks)
        self.mine(self.root_tx)

    def mine(self, *txs: Transaction) -> NewBlock:
        """Add a block with these transactions and index it."""
        new = self.next_block(txs)
        self.blocks.append(new)
        coinbase = new.block.transactions[0]
        self.plain += [OutPoint(coinbase.txid, vout) for vout in range(len(coinbase.outputs))]
        if self.database is not None:
            self.database.connect_blocks([new])
        return new

    def next_block(self, txs: Sequence[Transaction] = (), salt: int = 0) -> NewBlock:
        """Make the next block without adding it; `salt` makes rivals."""
        height = len(self.blocks)
        time = START + 150 * height
        spent = TxInput(
            OutPoint(Txid(bytes(32)), 0xFFFFFFFF), bytes([2, *height.to_bytes(2), salt])
        )
        coinbase = Transaction(1, (spent,), (TxOutput(COIN, plain_script("miner")),) * 8)
        transactions = (coinbase, *txs)
        header = BlockHeader(
            version=4,
            prev_hash=self.blocks[-1].hash if self.blocks else BlockHash(bytes(32)),
            merkle_root=merkle_root([tx.txid for tx in transactions]),
            time=time,
            bits=0x207FFFFF,
            nonce=0,
        )
        return NewBlock(height, header.hash, Block(header, transactions), max(START, time - 750))

    def disconnect(self) -> NewBlock:
        """Take the last block out of the index."""
        assert self.database is not None
        self.database.disconnect_tip(self.blocks[-1].hash)
        return self.blocks.pop()

    def spend(self, credit: Sequence[OutPoint], outputs: Sequence[TxOutput]) -> Transaction:
        """Spend credit and one plain coin, showing the scripts behind the credit."""
        inputs = [TxInput(at, witness=self._witness(at)) for at in credit]
        return Transaction(2, (*inputs, TxInput(self.plain.pop(0))), tuple(outputs))

    def draft(self, draft: Draft) -> Transaction:
        """Complete a draft with plain change."""
        change = TxOutput(5_000, plain_script("change"))
        return self.spend(draft.credit_inputs, (*draft.outputs, change))

    def _witness(self, at: OutPoint) -> tuple[bytes, ...]:
        assert self.database is not None
        with self.database.read() as connection:
            credit = get_credit(RecordTables(connection), at)
        inner = self.inner.get(credit.script_pubkey) if credit else None
        return () if inner is None else (b"", b"\x30", b"\x30", b"\x30", inner)

    def learn(self, name: str) -> bytes:
        """Return the output script of a holder, and remember what is behind it."""
        inner = holder_inner(name)
        self.inner[wrap(inner)] = inner
        return wrap(inner)

    def learn_from(self, certificate: Certificate) -> None:
        """Remember what is behind the script at which a certificate lies, whoever holds it."""
        for number in range(20):
            self.learn(f"holder {number}")
        assert certificate.script_pubkey in self.inner

    def coin(self, kind: CreditKind, owner: OutPoint | None = None) -> Any:
        """Return the first living credit of a kind."""
        assert self.database is not None
        alive = credit_query().where(outputs.c.spent_by.is_(None))
        oldest_first = alive.order_by(outputs.c.transaction_number, outputs.c.vout)
        with self.database.read() as connection:
            for row in connection.execute(oldest_first):
                credit = read_credit(row)
                if credit.kind is kind and credit.owner == owner:
                    return credit
        raise AssertionError(f"no credit {kind} of {owner}")

    def grant(self, **changes: Any) -> OutPoint:
        """Grant a permit in a block of its own."""
        message = PermitMessage(
            code="UNICDEG",
            quantity=1000,
            typedef_hash=sha256(b"type"),
            title="MSc Digital Currency",
            transferable=True,
            public_summary=True,
        )
        message = replace(message, **changes)
        draft = draft_permit(message, wrap(PERMIT_INNER), [self.coin(CreditKind.ROOT)], 2)
        tx = self.draft(draft)
        self.mine(tx)
        return OutPoint(tx.txid, 0)

    def issue(self, permit: OutPoint, serial: int, holder: str, **changes: Any) -> OutPoint:
        """Issue one certificate in a block of its own."""
        message = IssueMessage(serial=serial, doc_hash=sha256(b"document"), tail=key(holder))
        message = replace(message, **changes)
        coin = self.coin(CreditKind.PERMIT, permit)
        tx = self.draft(draft_issue(message, self.learn(holder), coin))
        self.mine(tx)
        return OutPoint(tx.txid, 0)

    def batch(self, permit: OutPoint, start: int, count: int) -> OutPoint:
        """Issue a batch in a block of its own; gives its first certificate."""
        message = BatchMessage(
            serial_start=start,
            count=count,
            merkle_root=sha256(b"leaves"),
            text="batch 2026-A",
            expiry_kind=ExpiryKind.PERMIT,
        )
        scripts = [self.learn(f"holder {number}") for number in range(count)]
        tx = self.draft(draft_batch(message, scripts, self.coin(CreditKind.PERMIT, permit)))
        self.mine(tx)
        return OutPoint(tx.txid, 0)

    def transfer_tx(
        self, certificate_id: OutPoint, holder: str, deed: bytes = sha256(b"deed")
    ) -> Transaction:
        """Transfer a certificate, allowed or not."""
        assert self.database is not None
        with self.database.read() as connection:
            certificate = get_certificate(RecordTables(connection), certificate_id)
        assert certificate is not None
        draft = draft_transfer([certificate], [self.learn(holder)], key(holder), deed)
        return self.draft(draft)

    def transfer(self, certificate_id: OutPoint, holder: str) -> Transaction:
        """Transfer a certificate in a block of its own."""
        tx = self.transfer_tx(certificate_id, holder)
        self.mine(tx)
        return tx

    def revoke(
        self, txid: bytes, vout: int, reason: RevocationReason, since: int = 0
    ) -> Transaction:
        """Let the issuer revoke, with a coin that it is paid in a block before."""
        script = p2wpkh_script(hash160(I))
        paid = self.spend((), (TxOutput(10_000, script),))
        self.mine(paid)
        message = RevokeMessage(txid, vout, reason, since, sha256(b"evidence"))
        outputs = (message_output(message), TxOutput(9_000, script))
        tx = Transaction(2, (TxInput(OutPoint(paid.txid, 0)),), outputs)
        self.mine(tx)
        return tx

    def say(self, payload: bytes) -> Transaction:
        """Let a stranger write something on the chain."""
        output = TxOutput(0, null_data_script(payload))
        tx = self.spend((), (output, TxOutput(1_000, plain_script("stranger"))))
        self.mine(tx)
        return tx


class Story:
    """The demonstration's story on such a chain, with the names that tests ask for."""

    def __init__(self, path: Path | str) -> None:
        self.chain = chain = Chain(path)
        self.permit = chain.grant()
        self.fixed_permit = chain.grant(
            transferable=False, code="DIPLOMA", title="Diploma", quantity=10
        )
        self.single = chain.issue(self.permit, 1, "alice")
        self.first_of_batch = chain.batch(self.permit, 100, 50)
        self.fixed = chain.issue(self.fixed_permit, 1, "carol")
        self.expiring = chain.issue(
            self.permit, 2, "dora", expiry_kind=ExpiryKind.BLOCKS_AFTER_ISSUE, expiry=1
        )
        self.transfer = chain.transfer(self.single, "bob")
        self.forced = chain.transfer(self.fixed, "mallory")
        self.hostile = chain.say("<script>alert('x')</script>\u202e\x00 evil".encode())
        for _ in range(6):
            chain.mine()
        self.recent = chain.issue(self.permit, 3, "eve", tail="<b>Zoë</b>")

    @property
    def database(self) -> Database:
        """The index of the story."""
        assert self.chain.database is not None
        return self.chain.database

    def site(self, state: NodeState | None = None) -> Site:
        """Return what the web server serves."""
        current = state or NodeState(online=True, since=START, height=len(self.chain.blocks) - 1)
        return Site(self.database, lambda: current)


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """A chain whose root coin is registered."""
    made = Chain(tmp_path / "index.sqlite")
    yield made
    assert made.database is not None
    made.database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Path | str]:
    """Give a function that names a new place for an index, in each kind of database."""
    if request.param == "postgresql":
        new_database: Callable[[], str] = request.getfixturevalue("postgresql").new_database
        return new_database
    numbers = count(1)
    return lambda: tmp_path / f"index{next(numbers)}.sqlite"


@pytest.fixture
def chain_at() -> Callable[[Path], Chain]:
    """Give a function that begins a chain with its index in a file."""
    return Chain


@pytest.fixture
def any_chain(places: Callable[[], Path | str]) -> Iterator[Chain]:
    """A chain whose root coin is registered, in each kind of database."""
    made = Chain(places())
    yield made
    assert made.database is not None
    made.database.close()


@pytest.fixture
def any_story(places: Callable[[], Path | str]) -> Iterator[Story]:
    """The whole story in each kind of database."""
    told = Story(places())
    yield told
    told.database.close()


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The whole story, told once; tests only read it."""
    told = Story(tmp_path_factory.mktemp("story") / "index.sqlite")
    yield told
    told.database.close()


@pytest.fixture
def named() -> Any:
    """Print an outpoint as pages name it."""
    return format_outpoint


@pytest.fixture
def hexed() -> Any:
    """Print an id as pages print it."""
    return format_hash


@pytest.fixture(scope="session")
def recorded_blocks(vectors: Path) -> list[NewBlock]:
    """All blocks of the chain that the reference daemon mined."""
    data = gzip.decompress((vectors / "chain" / "chain-main.blk.gz").read_bytes())
    blocks: list[NewBlock] = []
    offset = 0
    while offset < len(data):
        end = offset + 4 + int.from_bytes(data[offset : offset + 4], "little")
        block = Block.decode(data[offset + 4 : end])
        blocks.append(NewBlock(len(blocks) + 1, block.hash, block, block.header.time))
        offset = end
    return blocks
