"""The messages of CCXC version 1, one frozen dataclass an op.

Hashes, keys and references are bytes; transaction ids are in internal order, as everywhere in the
suite. A holder key is a 33-byte compressed public key, or None where none is declared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from ccxx_core.hashes import Txid


class Op(IntEnum):
    """The op byte of the header."""

    ROOT = 0x01
    PERMIT = 0x10
    REKEY = 0x11
    CLOSE = 0x12
    ISSUE = 0x20
    BATCH = 0x21
    CLAIM = 0x22
    TRANSFER = 0x30
    RECOVER = 0x31
    SURRENDER = 0x32
    REVOKE = 0x40
    STATUS = 0x41
    IDENT = 0x50
    CHECK = 0x60
    DATA = 0x70
    CHUNK = 0x71
    SIDE = 0x80


class ExpiryKind(IntEnum):
    """How the four expiry bytes are read."""

    NONE = 0
    TIME = 1
    HEIGHT = 2
    SECONDS_AFTER_ISSUE = 3
    BLOCKS_AFTER_ISSUE = 4
    PERMIT = 5

    @property
    def label(self) -> str:
        """Return the name that JSON and people see."""
        return self.name.lower()


class Custody(IntEnum):
    """Who must sign to move a certificate."""

    THREE_OF_THREE = 0
    RECOVERABLE = 1
    TWO_OF_THREE = 2

    @property
    def label(self) -> str:
        """Return the name that JSON, options and people see."""
        return ("3of3", "recoverable", "2of3")[self]


class TailKind(IntEnum):
    """What follows the fixed part of an ISSUE, and whether TRANSFER and RECOVER declare a key."""

    NONE = 0
    TEXT = 1
    KEY_EVEN = 2
    KEY_ODD = 3


class RevocationReason(IntEnum):
    """Why a certificate, batch or permit is revoked: the codes of RFC 5280, and one of ours."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION = 5
    HOLD = 6
    REMOVE_FROM_HOLD = 8
    PRIVILEGE_WITHDRAWN = 9
    ISSUED_IN_ERROR = 200


@dataclass(frozen=True, slots=True)
class RootMessage:
    """Root credit and root keys move to a new trust anchor document."""

    doc_hash: bytes
    next_root_commitment: bytes
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitMessage:
    """The root lets an issuer issue `quantity` certificates of one type."""

    code: str
    quantity: int
    typedef_hash: bytes
    title: str
    transferable: bool = False
    issuer_revokes: bool = False
    root_revokes: bool = False
    public_summary: bool = False
    recovery: bool = False
    expiry_kind: ExpiryKind = ExpiryKind.NONE
    expiry: int = 0
    custody: Custody = Custody.THREE_OF_THREE


@dataclass(frozen=True, slots=True)
class RekeyMessage:
    """Permit credit moves to a new permit script."""

    permit_ref: bytes
    new_script_hash: bytes
    doc_hash: bytes


@dataclass(frozen=True, slots=True)
class CloseMessage:
    """Permit credit returns to the root."""

    permit_ref: bytes
    note: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueMessage:
    """The issuer makes one certificate; the tail is a text, the holder's key, or nothing."""

    serial: int
    doc_hash: bytes
    expiry_kind: ExpiryKind = ExpiryKind.NONE
    expiry: int = 0
    tail: str | bytes | None = None

    @property
    def text(self) -> str:
        """Return the public summary, empty where there is none."""
        return self.tail if isinstance(self.tail, str) else ""

    @property
    def holder_key(self) -> bytes | None:
        """Return the declared holder key."""
        return self.tail if isinstance(self.tail, bytes) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchMessage:
    """The issuer makes `count` certificates whose documents are the leaves of one Merkle tree."""

    serial_start: int
    count: int
    merkle_root: bytes
    text: str = ""
    expiry_kind: ExpiryKind = ExpiryKind.NONE
    expiry: int = 0
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class ClaimMessage:
    """One leaf of a deferred batch becomes a certificate."""

    batch_txid: Txid
    leaf: int
    doc_hash: bytes


@dataclass(frozen=True, slots=True)
class TransferMessage:
    """Certificates pass to a new holder; the reference names the first of them."""

    ref: bytes
    holder_key: bytes | None
    deed_hash: bytes


@dataclass(frozen=True, slots=True)
class RecoverMessage:
    """A certificate gets a new key for the same person."""

    ref: bytes
    holder_key: bytes | None
    deed_hash: bytes


@dataclass(frozen=True, slots=True)
class SurrenderMessage:
    """The holder gives a certificate back; its credit returns to the permit."""

    ref: bytes
    note: bytes


@dataclass(frozen=True, slots=True)
class RevokeMessage:
    """A certificate, batch or permit loses its validity, or is held and released.

    A `vout` of ffff names the whole batch or permit.
    """

    txid: Txid
    vout: int
    reason: RevocationReason
    since: int
    evidence: bytes


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """A status list is published; each spends the baton of the one before."""

    list_id: bytes
    seq: int
    size: int
    list_hash: bytes
    locator: bytes


@dataclass(frozen=True, slots=True)
class IdentMessage:
    """An organisation binds a key (always the even one of its x) to a commitment."""

    org_code: str
    key: bytes
    commitment: bytes


@dataclass(frozen=True, slots=True)
class CheckMessage:
    """An organisation records an inspection."""

    org_code: str
    check_ref: bytes
    evidence: bytes


@dataclass(frozen=True, slots=True)
class DataMessage:
    """A digest of data, and where to find it."""

    asset_version: int
    data_type: int
    hash_alg: int
    locator_kind: int
    digest: bytes
    locator: bytes = b""


@dataclass(frozen=True, slots=True)
class ChunkMessage:
    """One piece of a document that is published on the chain."""

    digest_prefix: bytes
    index: int
    count: int
    piece: bytes


@dataclass(frozen=True, slots=True)
class SideMessage:
    """A block of a side chain is anchored."""

    chain_id: bytes
    side_height: int
    side_block_hash: bytes
    accumulator: bytes


Message = (
    RootMessage
    | PermitMessage
    | RekeyMessage
    | CloseMessage
    | IssueMessage
    | BatchMessage
    | ClaimMessage
    | TransferMessage
    | RecoverMessage
    | SurrenderMessage
    | RevokeMessage
    | StatusMessage
    | IdentMessage
    | CheckMessage
    | DataMessage
    | ChunkMessage
    | SideMessage
)


def custody_of_label(label: str) -> Custody:
    """Return the policy named `3of3`, `recoverable` or `2of3`; ValueError for another name."""
    labels: Sequence[str] = [policy.label for policy in Custody]
    return Custody(labels.index(label))
