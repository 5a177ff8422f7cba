"""The state of the protocol as a pure function of the best chain (section 5).

`apply_block` reads a view and returns changes; whoever keeps the records writes them, and writes
them back when the block is disconnected. Nothing here decides where records live.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from ccxx_cert.authority import watched_outputs
from ccxx_cert.codec import op_of
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.holders import holder_uses
from ccxx_cert.marks import WatchedCoin
from ccxx_cert.message_chains import broken_chains
from ccxx_cert.naked import spend_naked
from ccxx_cert.record_json import record_to_json
from ccxx_cert.records import Message
from ccxx_cert.rotation import first_root
from ccxx_cert.rules import judge
from ccxx_cert.spend import Outcome, Spend, read_spend
from ccxx_cert.state import (
    BlockChanges,
    Change,
    Credit,
    Key,
    Moment,
    ObservedBlock,
    Record,
    RegistryView,
    Verdict,
    credit_key,
    key_of,
    watched_coin_key,
)
from ccxx_cert.trust import TrustAnchor
from ccxx_core.transaction import Transaction


class Stage:
    """A view in front of another: writes stay in it, and become changes."""

    def __init__(self, behind: RegistryView) -> None:
        self._behind = behind
        self._written: dict[Key, Record | None] = {}
        self._passing: list[Credit] = []

    def get(self, key: Key) -> Record | None:
        """Return the record under a key, as written here or behind."""
        return self._written[key] if key in self._written else self._behind.get(key)

    def put(self, record: Record) -> None:
        """Write a record under its key."""
        self._written[key_of(record)] = record

    def remove(self, key: Key) -> None:
        """Write that a key has no record."""
        record = self._written.get(key)
        if isinstance(record, Credit) and self._behind.get(key) is None:
            self._passing.append(record)
        self._written[key] = None

    @property
    def passing(self) -> tuple[Credit, ...]:
        """Credit that was made and spent here, so that no change tells of it."""
        return tuple(self._passing)

    def changes(self) -> Iterator[Change]:
        """Yield what differs from the view behind."""
        for key, after in self._written.items():
            before = self._behind.get(key)
            if before != after:
                yield Change(key, before, after)


class MemoryRegistry:
    """Records in a dict: the store of tests, proofs and short-lived programs."""

    def __init__(self) -> None:
        self.records: dict[Key, Record] = {}

    def get(self, key: Key) -> Record | None:
        """Return the record under a key."""
        return self.records.get(key)

    def apply(self, changes: Iterable[Change]) -> None:
        """Write the state after a block."""
        for change in changes:
            self._write(change.key, change.after)

    def undo(self, changes: Iterable[Change]) -> None:
        """Write the state before a block."""
        for change in changes:
            self._write(change.key, change.before)

    def _write(self, key: Key, record: Record | None) -> None:
        if record is None:
            self.records.pop(key, None)
        else:
            self.records[key] = record


def apply_block(view: RegistryView, anchor: TrustAnchor, block: ObservedBlock) -> BlockChanges:
    """Return what a block that extends the view's chain changes."""
    stage = Stage(view)
    verdicts = []
    for position, tx in enumerate(block.transactions):
        verdict = apply_transaction(stage, anchor, tx, block.moment, position)
        if verdict is not None:
            verdicts.append(verdict)
    changes = tuple(stage.changes())
    return BlockChanges(block.height, block.hash, changes, tuple(verdicts), stage.passing)


def apply_transaction(
    stage: Stage, anchor: TrustAnchor, tx: Transaction, moment: Moment, position: int
) -> Verdict | None:
    """Apply one transaction of a block to a stage; None where it is not our business."""
    if tx.txid == anchor.root_outpoint.txid:
        return _register_root(stage, anchor, tx, moment, position)
    spend = read_spend(stage, anchor, tx, moment)
    if not spend.is_ours:
        _keep_watch(stage, spend, Outcome())
        return None
    outcome, refusal, detail = judge_spend(spend, stage)
    uses = tuple(holder_uses(outcome.records, stage))
    for _, credit in spend.credits:
        stage.remove(credit_key(credit.outpoint))
    for record in (*outcome.records, *uses):
        stage.put(record)
    _keep_watch(stage, spend, outcome)
    message = spend.reading.message if spend.reading else None
    return Verdict(
        txid=tx.txid,
        height=moment.height,
        position=position,
        op=op_of(message) if message is not None else None,
        refusal=refusal,
        detail=detail,
        subjects=outcome.subjects,
        destroyed=outcome.destroyed,
        lost=outcome.lost,
    )


def judge_spend(spend: Spend, view: RegistryView) -> tuple[Outcome, Refusal | None, str]:
    """Return what a spend does, and why its message does not count where it does not."""
    try:
        return judge(_message_of(spend), spend, view), None, ""
    except CertificateError as error:
        refusal, detail = error.refusal, error.detail
    outcome = spend_naked(spend, view, refusal)
    keeps_all = bool(spend.credits) and not outcome.destroyed and not outcome.lost
    if refusal is Refusal.NAKED_SPEND and keeps_all:
        return outcome, None, "refresh"
    return outcome, refusal, detail


def state_hash(records: Mapping[Key, Record]) -> bytes:
    """Return a digest (32 bytes) that equal states share, whatever order they grew in."""
    return hash_lines(record_to_json(records[key]) for key in sorted(records))


def hash_lines(lines: Iterable[str]) -> bytes:
    """Return the digest (32 bytes) of a state's records as JSON, in the order of their keys."""
    digest = sha256()
    for line in lines:
        digest.update(f"{line}\n".encode())
    return digest.digest()


def _keep_watch(stage: Stage, spend: Spend, outcome: Outcome) -> None:
    """Follow the plain coins that may give authority, and end chains whose baton was dropped."""
    for chain in broken_chains(spend, stage):
        stage.put(chain)
    for coin in spend.watched:
        stage.remove(watched_coin_key(coin.outpoint))
    known = {
        record.outpoint.vout
        for record in outcome.records
        if isinstance(record, Credit | WatchedCoin)
    }
    for coin in watched_outputs(spend, stage, known):
        stage.put(coin)


def _message_of(spend: Spend) -> Message:
    """Rules 2 and 19: return the message, or raise for why there is none to judge."""
    reading = spend.reading
    if reading is None:
        raise CertificateError(Refusal.NAKED_SPEND, "no message")
    if reading.message is None:
        raise CertificateError(reading.refusal or Refusal.MALFORMED, reading.detail)
    return reading.message


def _register_root(
    stage: Stage, anchor: TrustAnchor, tx: Transaction, moment: Moment, position: int
) -> Verdict:
    """Rule 1: the root coin becomes the first credit, if it is as the anchor says."""
    outpoint = anchor.root_outpoint
    output = tx.outputs[outpoint.vout] if outpoint.vout < len(tx.outputs) else None
    as_said = (anchor.root_height, anchor.root_value, anchor.root_script)
    is_as_said = output is not None and (moment.height, *output) == as_said
    for record in first_root(anchor) if is_as_said else ():
        stage.put(record)
    return Verdict(
        txid=tx.txid,
        height=moment.height,
        position=position,
        refusal=None if is_as_said else Refusal.ANCHOR_MISMATCH,
        detail="root coin",
        subjects=(outpoint,) if is_as_said else (),
    )
