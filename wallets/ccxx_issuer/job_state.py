"""How far a job is, by the chain: one state for each recipient, and the report of them."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from ccxx_cert.identity import certificate_id, format_outpoint
from ccxx_cert.state import SerialUse, get_batch, get_certificate, serial_key
from ccxx_core.transaction import OutPoint
from ccxx_issuer.job import Job
from ccxx_issuer.job_documents import JobDocuments
from ccxx_issuer.job_drafting import Piece
from ccxx_wallet.files import write_atomically
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.session import has_final_txid, signatures_of

_COLUMNS = ("line", "serial", "key", "document", "certificate", "id", "state", "error")


class State(StrEnum):
    """How far one recipient is."""

    PLANNED = "planned"
    DRAFTED = "drafted"
    SIGNED = "signed"
    SENT = "sent"
    MINED = "mined"
    FAILED = "failed"


# Nothing is left to do for these.
DONE = frozenset({State.SENT, State.MINED})


@dataclass(slots=True)
class Standing:
    """What the chain and the drafts say of a job; pieces and faults are by first position.

    `drafted` are the recipients of each transaction, `pieces` only what was not sent.
    """

    job: Job
    documents: JobDocuments
    pieces: dict[int, Piece]
    live: LiveWallet
    drafted: list[range] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    _judged: dict[tuple[int, OutPoint], bool] = field(default_factory=dict)

    def taken_by(self, position: int) -> OutPoint | None:
        """Return what uses a recipient's serial, a transaction in the pool included."""
        key = serial_key(self.job.terms.permit, self.job.serial(position))
        found = self.live.ahead.get(key)
        return found.taken_by if isinstance(found, SerialUse) else None

    def is_served(self, position: int) -> bool:
        """Tell whether a recipient's serial is used, and for the recipient's own document."""
        taken = self.taken_by(position)
        return taken is not None and self._is_own(position, taken)

    def is_done(self, piece: Piece) -> bool:
        """Tell whether the serials of a piece are used by its documents: it was sent."""
        return self.is_served(piece.positions.start)

    def fault_of(self, piece: Piece) -> str:
        """Say why a piece can never be sent, nothing where it still can."""
        start = piece.positions.start
        if start not in self.faults and not self.is_done(piece):
            for position in piece.positions:
                if self._stranger(position) is not None:
                    return (
                        f"serial {self.job.serial(position)} of its batch is used by another"
                        " document; draft the others anew, with `certificate batch resume"
                        " --replace-draft`"
                    )
        return self.faults.get(start, "")

    def waiting(self) -> list[Piece]:
        """Return what was not sent and still can be."""
        pieces = [piece for piece in self.pieces.values() if not self.is_done(piece)]
        return [piece for piece in pieces if not self.fault_of(piece)]

    def undrafted(self) -> list[int]:
        """Return the positions that no transaction is for."""
        drafted = {position for positions in self.drafted for position in positions}
        every = range(len(self.job.recipients))
        return [each for each in every if each not in drafted and self.taken_by(each) is None]

    def lines(self) -> list[dict[str, Any]]:
        """Return one line of report a recipient."""
        lines: dict[int, dict[str, Any]] = {}
        for piece in self.pieces.values():
            state, fault = _state_of(piece), self.fault_of(piece)
            for leaf, position in enumerate(piece.positions):
                place = None
                if has_final_txid(piece.psbt):
                    place = OutPoint(piece.psbt.transaction.txid, leaf)
                shown = State.FAILED if fault else state
                lines[position] = self._line(position, place, shown, fault)
        for position in range(len(self.job.recipients)):
            taken = self.taken_by(position)
            if taken is not None and self._is_own(position, taken):
                lines[position] = self._line(position, taken, self._state_at(taken), "")
            elif taken is not None:
                fault = self._strangers_fault(position, taken)
                lines[position] = self._line(position, None, State.FAILED, fault)
            elif position not in lines:
                lines[position] = self._line(position, None, State.PLANNED, "")
        return [lines[position] for position in sorted(lines)]

    def _stranger(self, position: int) -> OutPoint | None:
        """Return what uses a recipient's serial for another document, if anything does."""
        taken = self.taken_by(position)
        return None if taken is None or self._is_own(position, taken) else taken

    def _is_own(self, position: int, taken: OutPoint) -> bool:
        # Neither a use nor a document ever changes: one look is enough.
        if (position, taken) not in self._judged:
            self._judged[position, taken] = self._names_document(position, taken)
        return self._judged[position, taken]

    def _names_document(self, position: int, taken: OutPoint) -> bool:
        """Tell whether a use of a recipient's serial commits to the recipient's document."""
        certificate = get_certificate(self.live.ahead, taken)
        if certificate is not None and certificate.doc_hash is not None:
            return certificate.doc_hash == self.documents.document(position).hash
        # A leaf of a deferred batch that nobody claimed is no certificate yet.
        txid = taken.txid if certificate is None else certificate.batch
        batch = None if txid is None else get_batch(self.live.ahead, txid)
        if batch is None:
            return False
        start = batch.message.serial_start - self.job.terms.serial_start
        positions = range(start, start + batch.message.count)
        if start < 0 or positions.stop > len(self.job.recipients):
            return False
        is_own = self.documents.tree(positions).root == batch.message.merkle_root
        for each in positions:
            if (use := self.taken_by(each)) is not None and use.txid == taken.txid:
                self._judged[each, use] = is_own
        return is_own

    def _strangers_fault(self, position: int, taken: OutPoint) -> str:
        return (
            f"serial {self.job.serial(position)} was used for another document in"
            f" {format_outpoint(taken)}, perhaps by this seed in another place; this recipient has"
            " no certificate: issue to the key of this line again, with a new serial"
        )

    def _state_at(self, place: OutPoint) -> State:
        certificate = get_certificate(self.live.ahead, place)
        if certificate is None or certificate.issued.height > self.live.tip_height:
            return State.SENT
        return State.MINED

    def _line(
        self, position: int, place: OutPoint | None, state: State, error: str
    ) -> dict[str, Any]:
        row = self.job.recipients[position].row
        serial = self.job.serial(position)
        return {
            "line": row.line,
            "serial": serial,
            "key": row.holder_key.hex(),
            "document": str(Path(self.job.terms.documents) / f"certificate-{serial}.json"),
            "certificate": None if place is None else format_outpoint(place),
            "id": None if place is None else certificate_id(place),
            "state": str(state),
            "error": error or None,
        }


def count_states(lines: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Return how many recipients are in each state."""
    return dict(sorted(Counter(str(line["state"]) for line in lines).items()))


def write_report(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Write the report, as CSV where the file is called so, else one JSON object a line."""
    if path.suffix.lower() == ".csv":
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, _COLUMNS)
        writer.writeheader()
        writer.writerows(lines)
        text = out.getvalue()
    else:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    write_atomically(path, text.encode())


def _state_of(piece: Piece) -> State:
    return State.SIGNED if signatures_of(piece.psbt).are_complete else State.DRAFTED
