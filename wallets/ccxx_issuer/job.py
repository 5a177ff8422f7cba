"""An issue of many as a folder in the wallet: what was agreed to, and the transactions for it.

A job is written before anything is signed and never changed: it fixes each recipient's serial, so
that whatever is killed or repeated, one recipient gets one certificate. Its PSBTs lie beside it;
how far it is, the chain says.
"""

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ccxx_cert.custody import Wrap
from ccxx_cert.identity import format_outpoint, parse_outpoint
from ccxx_core.hashes import sha256
from ccxx_core.transaction import OutPoint
from ccxx_issuer.rows import Row
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import make_private_folder, read_file, write_atomically

_TERMS, _ROWS, _DRAFTS = "job.json", "rows.jsonl", "drafts"
_UNFINISHED = ".new"
_LARGEST = 256_000_000


class Mode(StrEnum):
    """How recipients are put into transactions."""

    BATCH = "batch"
    EACH = "each"

    @property
    def action(self) -> str:
        """What one of its transactions does, in the word of the protocol."""
        return "issue" if self is Mode.EACH else "batch"


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all recipients; paths are absolute texts, the feerate satoshis per vbyte."""

    permit: OutPoint
    mode: Mode
    serial_start: int
    valid_from: str
    feerate: int
    documents: str
    out: str
    report: str
    text: str = ""
    script: Wrap = Wrap.P2WSH
    template: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One row and the random salt of its document (at least 16 bytes)."""

    row: Row
    salt: bytes


@dataclass(frozen=True, slots=True)
class Job:
    """A job in its folder; recipient i has the serial start + i."""

    folder: Path
    terms: Terms
    recipients: tuple[Recipient, ...]

    @property
    def id(self) -> str:
        """The name that commands know it by."""
        return self.folder.name

    @property
    def report(self) -> Path:
        """Where the report is written."""
        return Path(self.terms.report) if self.terms.report else self.folder / "report.jsonl"

    def serial(self, position: int) -> int:
        """Return the serial of a recipient."""
        return self.terms.serial_start + position

    def drafts(self) -> list[tuple[Path, range]]:
        """Return the files of the transactions drafted so far, parents before children.

        Each comes with the positions of its recipients, which its name tells.
        """
        found = []
        for path in sorted((self.folder / _DRAFTS).glob("*.psbt")):
            _, start, count = map(int, path.stem.split("-"))
            found.append((path, range(start, start + count)))
        return found

    def draft_file(self, number: int, positions: range) -> Path:
        """Return the file for a transaction; a higher number comes behind."""
        name = f"{number:05d}-{positions.start}-{len(positions)}.psbt"
        return self.folder / _DRAFTS / name

    @property
    def drafts_folder(self) -> Path:
        """The folder of all files that `draft_file` names."""
        return self.folder / _DRAFTS

    def count_drafts(self) -> int:
        """Return the highest number that a file has, those set aside among them."""
        numbers = [
            int(path.stem.split("-")[0]) for path in (self.folder / _DRAFTS).glob("[0-9]*-*")
        ]
        return max(numbers, default=0)


def create_job(jobs: Path, terms: Terms, recipients: Sequence[Recipient]) -> Job:
    """Write a job, all or nothing; its name is the start of what it says, hashed."""
    rows = "".join(json.dumps(_row_facts(each)) + "\n" for each in recipients).encode()
    head = json.dumps(_term_facts(terms), indent=1).encode() + b"\n"
    name = sha256(head + rows)[:4].hex()
    make_private_folder(jobs)
    unfinished = jobs / f"{name}{_UNFINISHED}"
    shutil.rmtree(unfinished, ignore_errors=True)
    make_private_folder(unfinished / _DRAFTS)
    write_atomically(unfinished / _TERMS, head, 0o600)
    write_atomically(unfinished / _ROWS, rows, 0o600)
    try:
        unfinished.rename(jobs / name)
    except OSError as error:
        raise WalletError(Refusal.CANNOT_WRITE, f"cannot make the job {name}: {error}") from error
    return Job(jobs / name, terms, tuple(recipients))


def forget_unused(job: Job) -> None:
    """Remove a job for which no transaction was ever written."""
    if not job.count_drafts():
        shutil.rmtree(job.folder, ignore_errors=True)


@contextmanager
def at_work(job: Job) -> Iterator[None]:
    """Keep other commands from working on a job; raises WalletError RESERVED if one does.

    Whoever is killed holds it no longer.
    """
    with (job.folder / ".lock").open("w") as lock:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise WalletError(
                    Refusal.RESERVED, f"another command works on job {job.id}; wait until it ends"
                ) from error
        yield


def open_job(folder: Path) -> Job:
    """Read a job; raises WalletError DAMAGED_STORE."""
    try:
        facts = json.loads(read_file(folder / _TERMS))
        lines = read_file(folder / _ROWS, limit=_LARGEST).splitlines()
        return Job(folder, _terms(facts), tuple(_recipient(json.loads(line)) for line in lines))
    except (ValueError, KeyError, TypeError) as error:
        raise WalletError(
            Refusal.DAMAGED_STORE, f"{folder} is no whole job ({error}); restore a copy of it"
        ) from error


def list_jobs(jobs: Path) -> Iterator[Job]:
    """Yield all jobs, the oldest first."""
    folders = [each.parent for each in jobs.glob(f"*/{_TERMS}") if each.parent.suffix == ""]
    for folder in sorted(folders, key=lambda each: each.stat().st_mtime_ns):
        yield open_job(folder)


def find_job(jobs: Path, name: str) -> Job:
    """Return the job of a name; raises WalletError NO_JOB."""
    found = [job for job in list_jobs(jobs) if name and job.id.startswith(name.lower())]
    if len(found) != 1:
        raise WalletError(
            Refusal.NO_JOB, f"no job of this wallet is called {name}; see `certificate batch list`"
        )
    return found[0]


def _term_facts(terms: Terms) -> dict[str, Any]:
    return {**asdict(terms), "permit": format_outpoint(terms.permit)}


def _terms(facts: dict[str, Any]) -> Terms:
    typed = {"permit": parse_outpoint(facts["permit"]), "mode": Mode(facts["mode"])}
    return Terms(**{**facts, **typed, "script": Wrap(facts["script"])})


def _row_facts(recipient: Recipient) -> dict[str, Any]:
    row = recipient.row
    facts = {"line": row.line, "key": row.holder_key.hex(), "subject": row.subject}
    return {**facts, "salt": recipient.salt.hex()}


def _recipient(facts: dict[str, Any]) -> Recipient:
    row = Row(facts["line"], bytes.fromhex(facts["key"]), facts["subject"])
    return Recipient(row, bytes.fromhex(facts["salt"]))
