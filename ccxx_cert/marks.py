"""Records beside credit, permits and certificates: what the rules must remember to judge by."""

from dataclasses import dataclass

from ccxx_cert.records import Op
from ccxx_cert.standing import Authority, KeyTerm, Moment
from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint


@dataclass(frozen=True, slots=True)
class Claim:
    """A leaf of a deferred batch has become a certificate."""

    batch: Txid
    leaf: int
    certificate_id: OutPoint


@dataclass(frozen=True, slots=True)
class RootState:
    """The root in force: the script of its credit, its keys by height, and the next document.

    `commitment` is the hash of the trust anchor document that must come next, or zeros.
    """

    script_pubkey: bytes
    terms: tuple[KeyTerm, ...]
    seq: int = 0
    commitment: bytes = bytes(32)
    doc_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class WatchedScript:
    """A script whose coins may give authority; `by` is None until it is known whose it is.

    `speaker` tells issuers and permits apart: the issuer's key, the permit's script, or nothing.
    """

    script_pubkey: bytes
    by: Authority | None = None
    speaker: bytes = b""


@dataclass(frozen=True, slots=True)
class WatchedCoin:
    """An unspent plain coin at a watched script, or the baton of a chain of messages."""

    outpoint: OutPoint
    script_pubkey: bytes
    chain: bytes | None = None


@dataclass(frozen=True, slots=True)
class MessageChain:
    """A chain of STATUS or SIDE messages: what its latest says, and where its baton lies.

    `name` is the id of the list or side chain, `number` its sequence or height, `digest` the hash
    of its list or block. Without a baton the chain has ended.
    """

    op: Op
    name: bytes
    by: Authority
    speaker: bytes
    number: int
    digest: bytes
    latest: Txid
    moment: Moment
    baton: OutPoint | None

    @property
    def id(self) -> bytes:
        """What the chain is found by: a name belongs to one speaker and one op."""
        return chain_id(self.op, self.name, self.speaker)


@dataclass(frozen=True, slots=True)
class HolderUse:
    """A holder's key, the first certificate it held, and whether it held another one."""

    holder_key: bytes
    first: OutPoint
    reused: bool = False


Mark = Claim | RootState | WatchedScript | WatchedCoin | MessageChain | HolderUse


def chain_id(op: Op, name: bytes, speaker: bytes) -> bytes:
    """Return what a chain of messages is found by."""
    return bytes([op]) + name + speaker
