"""What an observer knows: records of credit, permits and certificates, and how they change.

Records live under keys in any store. A block becomes a list of changes, each with the record before
and after, so that every store applies and undoes them alike.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from ccxx_cert.errors import Refusal
from ccxx_cert.marks import (
    Claim,
    HolderUse,
    Mark,
    MessageChain,
    RootState,
    WatchedCoin,
    WatchedScript,
)
from ccxx_cert.records import BatchMessage, Custody, Op, PermitMessage
from ccxx_cert.standing import Ending, Rekeying, Return, Revocation
from ccxx_cert.standing import Moment as Moment
from ccxx_core.hashes import BlockHash, Txid, sha256
from ccxx_core.transaction import OutPoint, Transaction


class RecordKind(StrEnum):
    """The kinds of records."""

    CREDIT = "credit"
    PERMIT = "permit"
    CERTIFICATE = "certificate"
    BATCH = "batch"
    SERIAL = "serial"
    CLAIM = "claim"
    ROOT = "root"
    WATCHED_SCRIPT = "watched-script"
    WATCHED_COIN = "watched-coin"
    CHAIN = "chain"
    HOLDER = "holder"


class CreditKind(StrEnum):
    """What a coloured coin stands for."""

    ROOT = "root"
    PERMIT = "permit"
    CERTIFICATE = "certificate"


class Step(StrEnum):
    """How a certificate came to lie where it lies."""

    ISSUED = "issued"
    TRANSFERRED = "transferred"
    REFRESHED = "refreshed"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Credit:
    """One unspent coloured coin; `owner` is its permit or certificate, None for root credit."""

    outpoint: OutPoint
    value: int
    script_pubkey: bytes
    kind: CreditKind
    owner: OutPoint | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    """A granted permit, named by its first output.

    `credit` is what it may still issue, in satoshis. The issuer's key is hidden in the script until
    its first certificate shows it. `root_key` and `system_key` are empty where they come from a
    trust anchor document that this observer was not given.
    """

    id: OutPoint
    message: PermitMessage
    script_pubkey: bytes
    root_key: bytes
    system_key: bytes
    granted: Moment
    credit: int
    issued: int = 0
    issuer_key: bytes | None = None
    revocation: Revocation | None = None
    rekeyed: Rekeying | None = None
    closed: Return | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """One station of a certificate's chain of custody; without a holder key it is opaque."""

    location: OutPoint
    script_pubkey: bytes
    step: Step
    moment: Moment
    holder_key: bytes | None = None
    custody: Custody | None = None
    deed_hash: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate, named for ever by its issuing outpoint.

    A single one has the hash of its document, one of a batch a leaf of the batch's tree. The expiry
    is the earlier of its own and its permit's, made absolute when it was issued. One that was
    claimed from a deferred batch has both a document and a leaf.
    """

    id: OutPoint
    permit_id: OutPoint
    serial: int
    policy: Custody
    root_key: bytes
    issuer_key: bytes
    issued: Moment
    holdings: tuple[Holding, ...]
    doc_hash: bytes | None = None
    batch: Txid | None = None
    leaf: int | None = None
    text: str = ""
    expires_time: int | None = None
    expires_height: int | None = None
    ended: Ending | None = None
    surrendered: Return | None = None
    revocation: Revocation | None = None
    needs_newer: bool = False

    @property
    def holding(self) -> Holding:
        """The latest station."""
        return self.holdings[-1]

    @property
    def location(self) -> OutPoint | None:
        """The outpoint where it lies, None once it is destroyed or surrendered."""
        return None if self.ended or self.surrendered else self.holding.location

    @property
    def script_pubkey(self) -> bytes:
        """The latest script it was paid to."""
        return self.holding.script_pubkey

    @property
    def holder_key(self) -> bytes | None:
        """The holder's key, None while custody is opaque."""
        return self.holding.holder_key


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch, named by its transaction."""

    txid: Txid
    permit_id: OutPoint
    message: BatchMessage
    issued: Moment
    revocation: Revocation | None = None


@dataclass(frozen=True, slots=True)
class SerialUse:
    """A serial of a permit is taken; the first use wins.

    `taken_by` is the certificate, or the transaction and leaf of the deferred batch.
    """

    permit_id: OutPoint
    serial: int
    taken_by: OutPoint


Record = Credit | Permit | Certificate | Batch | SerialUse | Mark


class Key(NamedTuple):
    """Where a record is kept: its kind, and bytes that are unique within the kind."""

    kind: RecordKind
    id: bytes


ROOT_KEY = Key(RecordKind.ROOT, b"")


class Change(NamedTuple):
    """One record before and after; None where it does not exist."""

    key: Key
    before: Record | None
    after: Record | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the rules say about one transaction.

    `op` is None where it carries no readable message. `subjects` are the permits and certificates
    that it made or moved, `destroyed` the certificates that it ended, `lost` the satoshis of permit
    and root credit that it turned into plain coins or fee.
    """

    txid: Txid
    height: int
    position: int
    op: Op | None = None
    refusal: Refusal | None = None
    detail: str = ""
    subjects: tuple[OutPoint, ...] = ()
    destroyed: tuple[OutPoint, ...] = ()
    lost: int = 0

    @property
    def accepted(self) -> bool:
        """Whether it did what it says."""
        return self.refusal is None


@dataclass(frozen=True, slots=True)
class ObservedBlock:
    """A block of the best chain; the median time past includes the block itself."""

    height: int
    hash: BlockHash
    time: int
    median_time_past: int
    transactions: tuple[Transaction, ...]

    @property
    def moment(self) -> Moment:
        """The block as rules see it."""
        return Moment(self.height, self.time, self.median_time_past)


@dataclass(frozen=True, slots=True)
class BlockChanges:
    """All that one block changes, and its verdicts in the order of its transactions.

    `passing` is the credit that the block both makes and spends: the state never holds it, but
    explorers remember where it lay.
    """

    height: int
    hash: BlockHash
    changes: tuple[Change, ...]
    verdicts: tuple[Verdict, ...]
    passing: tuple[Credit, ...] = ()


class RegistryView(Protocol):
    """All that the rules ask of a store."""

    def get(self, key: Key) -> Record | None:
        """Return the record under a key."""


def encode_outpoint(outpoint: OutPoint) -> bytes:
    """Return the 36 bytes under which an outpoint's records are kept."""
    return outpoint.txid + outpoint.vout.to_bytes(4, "big")


def credit_key(outpoint: OutPoint) -> Key:
    """Return the key of a coloured coin."""
    return Key(RecordKind.CREDIT, encode_outpoint(outpoint))


def permit_key(permit_id: OutPoint) -> Key:
    """Return the key of a permit."""
    return Key(RecordKind.PERMIT, encode_outpoint(permit_id))


def certificate_key(certificate_id: OutPoint) -> Key:
    """Return the key of a certificate."""
    return Key(RecordKind.CERTIFICATE, encode_outpoint(certificate_id))


def batch_key(txid: Txid) -> Key:
    """Return the key of a batch."""
    return Key(RecordKind.BATCH, txid)


def serial_key(permit_id: OutPoint, serial: int) -> Key:
    """Return the key of a serial of a permit."""
    return Key(RecordKind.SERIAL, encode_outpoint(permit_id) + serial.to_bytes(4, "big"))


def claim_key(batch: Txid, leaf: int) -> Key:
    """Return the key of a claimed leaf."""
    return Key(RecordKind.CLAIM, batch + leaf.to_bytes(4, "big"))


def watched_script_key(script_pubkey: bytes) -> Key:
    """Return the key of a watched script; scripts have any length, so its hash stands for it."""
    return Key(RecordKind.WATCHED_SCRIPT, sha256(script_pubkey))


def watched_coin_key(outpoint: OutPoint) -> Key:
    """Return the key of a watched coin."""
    return Key(RecordKind.WATCHED_COIN, encode_outpoint(outpoint))


def chain_key(chain: bytes) -> Key:
    """Return the key of a chain of messages."""
    return Key(RecordKind.CHAIN, chain)


def holder_key(public_key: bytes) -> Key:
    """Return the key of the first use of a holder's key."""
    return Key(RecordKind.HOLDER, public_key)


def key_of(record: Record) -> Key:
    """Return the key under which a record is kept."""
    match record:
        case Credit():
            return credit_key(record.outpoint)
        case Permit():
            return permit_key(record.id)
        case Certificate():
            return certificate_key(record.id)
        case Batch():
            return batch_key(record.txid)
        case SerialUse():
            return serial_key(record.permit_id, record.serial)
        case _:
            return _key_of_mark(record)


def _key_of_mark(record: Mark) -> Key:
    match record:
        case Claim():
            return claim_key(record.batch, record.leaf)
        case RootState():
            return ROOT_KEY
        case WatchedScript():
            return watched_script_key(record.script_pubkey)
        case WatchedCoin():
            return watched_coin_key(record.outpoint)
        case MessageChain():
            return chain_key(record.id)
        case HolderUse():
            return holder_key(record.holder_key)


def get_credit(view: RegistryView, outpoint: OutPoint) -> Credit | None:
    """Return the coloured coin at an outpoint."""
    record = view.get(credit_key(outpoint))
    return record if isinstance(record, Credit) else None


def get_permit(view: RegistryView, permit_id: OutPoint) -> Permit | None:
    """Return a permit."""
    record = view.get(permit_key(permit_id))
    return record if isinstance(record, Permit) else None


def get_certificate(view: RegistryView, certificate_id: OutPoint) -> Certificate | None:
    """Return a certificate."""
    record = view.get(certificate_key(certificate_id))
    return record if isinstance(record, Certificate) else None


def get_root(view: RegistryView) -> RootState | None:
    """Return the root in force, None before its coin."""
    record = view.get(ROOT_KEY)
    return record if isinstance(record, RootState) else None


def get_batch(view: RegistryView, txid: Txid) -> Batch | None:
    """Return a batch."""
    record = view.get(batch_key(txid))
    return record if isinstance(record, Batch) else None
