"""A small chain without a node: coins, blocks, and the registry over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ccxx_cert.custody import certificate_script, permit_script, wrap
from ccxx_cert.records import Custody, IssueMessage, Message, PermitMessage
from ccxx_cert.registry import MemoryRegistry, apply_block
from ccxx_cert.state import (
    BlockChanges,
    Certificate,
    Credit,
    CreditKind,
    ObservedBlock,
    Permit,
    Verdict,
    get_certificate,
    get_credit,
    get_permit,
)
from ccxx_cert.status import Status, certificate_status
from ccxx_cert.template import (
    Draft,
    draft_issue,
    draft_permit,
    draft_transfer,
    message_output,
)
from ccxx_cert.trust import TrustAnchor
from ccxx_core.hashes import BlockHash, Txid, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.script import p2wpkh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

ROOT_HEIGHT = 10
ROOT_VALUE = 100_000_000
GENESIS_TIME = 1_700_000_000


def key(name: str) -> bytes:
    """Return the public key of a person."""
    return PrivateKey(sha256(name.encode())).public_key


def plain_script(name: str) -> bytes:
    """Return the ordinary script of a person."""
    return p2wpkh_script(hash160(key(name)))


R, S, I = key("root"), key("system"), key("issuer")  # noqa: E741 - the protocol's own names
ROOT_SCRIPT = plain_script("K0")
PERMIT_INNER = permit_script(R, I, S)
PERMIT_SCRIPT = wrap(PERMIT_INNER)


def certificate_inner(holder: str, custody: Custody = Custody.THREE_OF_THREE) -> bytes:
    """Return the script of a certificate of the issuer."""
    return certificate_script(R, I, key(holder), custody)


@dataclass
class World:
    """A chain that grows block by block, and the registry that follows it."""

    registry: MemoryRegistry = field(default_factory=MemoryRegistry)
    height: int = ROOT_HEIGHT - 1
    inner: dict[bytes, bytes] = field(default_factory=dict)
    blocks: list[ObservedBlock] = field(default_factory=list)
    journal: list[BlockChanges] = field(default_factory=list)
    coins: int = 0
    permit_script: bytes = PERMIT_SCRIPT
    root_script: bytes = ROOT_SCRIPT

    def key(self, name: str) -> bytes:
        """Return the public key of a person."""
        return key(name)

    def certificate_inner(self, holder: str, custody: Custody = Custody.THREE_OF_THREE) -> bytes:
        """Return the script of a certificate of the issuer."""
        return certificate_inner(holder, custody)

    def plain_script(self, name: str) -> bytes:
        """Return the ordinary script of a person."""
        return plain_script(name)

    def __post_init__(self) -> None:
        self.root_tx = Transaction(
            2, (TxInput(self.plain_coin()),), (TxOutput(ROOT_VALUE, ROOT_SCRIPT),)
        )
        self.root_outpoint = OutPoint(self.root_tx.txid, 0)
        self.anchor = TrustAnchor(
            "regtest", self.root_outpoint, ROOT_VALUE, ROOT_HEIGHT, ROOT_SCRIPT, R, S
        )
        self.learn(PERMIT_INNER)
        for name in ("alice", "bob", "carol"):
            self.learn(certificate_inner(name))
        self.mine(self.root_tx)

    def learn(self, inner: bytes) -> bytes:
        """Remember a script, so that inputs can show it; return its P2WSH output script."""
        self.inner[wrap(inner)] = inner
        self.inner[wrap(inner, "p2sh")] = inner
        return wrap(inner)

    def plain_coin(self) -> OutPoint:
        """Return an outpoint that nobody has used."""
        self.coins += 1
        return OutPoint(Txid(sha256(b"plain %d" % self.coins)), 0)

    def mine(self, *txs: Transaction) -> tuple[Verdict, ...]:
        """Put transactions into the next block, and return its verdicts."""
        self.height += 1
        time = GENESIS_TIME + 150 * self.height
        block = ObservedBlock(
            self.height, BlockHash(sha256(b"%d" % self.height)), time, time - 900, txs
        )
        changes = apply_block(self.registry, self.anchor, block)
        self.registry.apply(changes.changes)
        self.blocks.append(block)
        self.journal.append(changes)
        return changes.verdicts

    def disconnect(self) -> ObservedBlock:
        """Take the last block off again."""
        self.registry.undo(self.journal.pop().changes)
        self.height -= 1
        return self.blocks.pop()

    def tx(
        self, credit: Sequence[OutPoint], outputs: Sequence[TxOutput], shown: bool = True
    ) -> Transaction:
        """Spend credit and one plain coin; witnesses show the scripts that are known."""
        inputs = [TxInput(at, witness=self._witness(at) if shown else ()) for at in credit]
        return Transaction(2, (*inputs, TxInput(self.plain_coin())), tuple(outputs))

    def tx_of(self, draft: Draft) -> Transaction:
        """Complete a draft with plain change."""
        change = TxOutput(5_000, plain_script("change"))
        return self.tx(draft.credit_inputs, (*draft.outputs, change))

    def _witness(self, at: OutPoint) -> tuple[bytes, ...]:
        credit = get_credit(self.registry, at)
        inner = self.inner.get(credit.script_pubkey) if credit else PERMIT_INNER
        return () if inner is None else (b"", inner)

    def credit(self, kind: CreditKind) -> list[Credit]:
        """Return all credit of a kind, in a fixed order."""
        found = [
            record
            for record in self.registry.records.values()
            if isinstance(record, Credit) and record.kind is kind
        ]
        return sorted(found, key=lambda credit: credit.outpoint)

    def coin_of(self, permit_id: OutPoint) -> Credit:
        """Return the first coin of a permit."""
        return next(c for c in self.credit(CreditKind.PERMIT) if c.owner == permit_id)

    def permit(self, permit_id: OutPoint) -> Permit:
        """Return a permit."""
        found = get_permit(self.registry, permit_id)
        assert found is not None
        return found

    def certificate(self, certificate_id: OutPoint) -> Certificate:
        """Return a certificate."""
        found = get_certificate(self.registry, certificate_id)
        assert found is not None
        return found

    def permit_message(self, quantity: int = 10, **changes: Any) -> PermitMessage:
        """Return the message of a transferable type."""
        return replace(
            PermitMessage(
                code="UNICDEG",
                quantity=quantity,
                typedef_hash=sha256(b"type"),
                title="MSc Digital Currency",
                transferable=True,
            ),
            **changes,
        )

    def issue_tx(
        self, permit_id: OutPoint, serial: int = 1, holder: str = "alice", **changes: Any
    ) -> Transaction:
        """Issue one certificate to a holder whose key the message declares."""
        message = IssueMessage(serial=serial, doc_hash=sha256(b"document"), tail=key(holder))
        script = self.learn(certificate_inner(holder))
        return self.tx_of(draft_issue(replace(message, **changes), script, self.coin_of(permit_id)))

    def issue(self, permit_id: OutPoint, serial: int = 1, holder: str = "alice") -> OutPoint:
        """Issue one certificate in a block of its own and return its id."""
        (verdict,) = self.mine(self.issue_tx(permit_id, serial, holder))
        assert verdict.accepted, verdict
        return verdict.subjects[1]

    def transfer_tx(self, *ids: OutPoint, holder: str = "bob") -> Transaction:
        """Transfer certificates to a holder whose key the message declares."""
        script = self.learn(certificate_inner(holder))
        certificates = [self.certificate(each) for each in ids]
        scripts = [script] * len(ids)
        return self.tx_of(draft_transfer(certificates, scripts, key(holder), sha256(b"deed")))

    def opaque_transfer_tx(self, certificate_id: OutPoint, script: bytes) -> Transaction:
        """Transfer a certificate to a script whose holder is not declared."""
        certificates = [self.certificate(certificate_id)]
        return self.tx_of(draft_transfer(certificates, [script], None, sha256(b"deed")))

    def pay(self, *scripts: bytes) -> list[OutPoint]:
        """Pay a plain coin to each script, in a block of its own."""
        tx = self.tx([], [TxOutput(10_000, script) for script in scripts])
        self.mine(tx)
        return [OutPoint(tx.txid, vout) for vout in range(len(scripts))]

    def say_tx(
        self, message: Message, spoken_from: OutPoint, change: str = "change"
    ) -> Transaction:
        """Say something by spending a plain coin."""
        outputs = (message_output(message), TxOutput(5_000, self.plain_script(change)))
        return Transaction(2, (TxInput(spoken_from), TxInput(self.plain_coin())), outputs)

    def say(self, message: Message, spoken_from: OutPoint, change: str = "change") -> Verdict:
        """Say something in a block of its own."""
        (verdict,) = self.mine(self.say_tx(message, spoken_from, change))
        return verdict

    def status(self, certificate_id: OutPoint, height: int | None = None) -> Status:
        """Return the status of a certificate, ten blocks later unless a height is given."""
        tip = self.height + 10 if height is None else height
        return certificate_status(self.registry, self.certificate(certificate_id), tip, 0)

    def grant(self, message: PermitMessage, coins: int = 1) -> OutPoint:
        """Grant a permit and return its id."""
        draft = draft_permit(message, self.permit_script, self.credit(CreditKind.ROOT), coins)
        (verdict,) = self.mine(self.tx_of(draft))
        assert verdict.accepted, verdict
        return verdict.subjects[0]


@pytest.fixture
def world() -> World:
    """A chain whose root coin is registered."""
    return World()
