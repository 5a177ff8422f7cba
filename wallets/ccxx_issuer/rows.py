"""The table of an issue of many: a CSV, one line a recipient, taken whole or refused whole."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ccxx_core.keys import is_valid_public_key
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file

MOST_ROWS = 100_000
# So many faults are told at once; the rest are counted.
_MOST_TOLD = 20
# Says what is wrong with a holder's key, None if nothing is.
KeyFault = Callable[[bytes], str | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the CSV: a holder's key and what the document says of them."""

    line: int
    holder_key: bytes
    subject: dict[str, str]


class _BadLine(Exception):
    """One line cannot be taken."""

    def __init__(self, refusal: Refusal, fault: str) -> None:
        super().__init__(fault)
        self.refusal = refusal


def read_rows(path: Path, key_column: str) -> tuple[Row, ...]:
    """Read a CSV in UTF-8 with a header.

    Raises WalletError BAD_CSV, or WRONG_KEY where keys are all that is wrong; it names every bad
    line. Cells are data only: nothing in them is ever run, or used as a file's name.
    """
    try:
        text = read_file(path).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        _check_header(reader.fieldnames or (), key_column)
        # One more than is allowed is enough to know that there are too many.
        lines = [(reader.line_num, dict(line)) for line in islice(reader, MOST_ROWS + 1)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise WalletError(
            Refusal.BAD_CSV, f"{path} is not CSV in UTF-8 ({error}); save it as such"
        ) from error
    if not 1 <= len(lines) <= MOST_ROWS:
        raise WalletError(
            Refusal.BAD_CSV,
            f"{path} has {'more' if lines else 'no'} rows; a table has 1 to {MOST_ROWS}, so"
            f" {'split it' if lines else 'add some'}",
        )
    return _whole(lines, key_column)


def check_keys(rows: Iterable[Row], fault_of: KeyFault) -> None:
    """Raise WalletError WRONG_KEY that names every line whose key cannot hold a certificate."""
    faults = [f"line {row.line}: {fault}" for row in rows if (fault := fault_of(row.holder_key))]
    if faults:
        raise WalletError(Refusal.WRONG_KEY, _told(faults))


def repeated_keys(rows: Iterable[Row]) -> list[str]:
    """Return a line for each holder's key that stands in several rows."""
    lines: dict[bytes, list[str]] = {}
    for row in rows:
        lines.setdefault(row.holder_key, []).append(str(row.line))
    repeated = [(key, found) for key, found in lines.items() if len(found) > 1]
    told = [
        f"holder key {key.hex()} is used twice, in lines {', '.join(found[:_MOST_TOLD])}: ask for a"
        " fresh key for each certificate"
        for key, found in repeated[:_MOST_TOLD]
    ]
    more = len(repeated) - _MOST_TOLD
    return [*told, f"and {more} more holder keys are used twice"] if more > 0 else told


def _whole(lines: Sequence[tuple[int, dict[str, str | None]]], key_column: str) -> tuple[Row, ...]:
    rows: list[Row] = []
    faults: list[tuple[Refusal, str]] = []
    for line, cells in lines:
        try:
            rows.append(_row(line, cells, key_column))
        except _BadLine as error:
            faults.append((error.refusal, f"line {line}: {error}"))
    if faults:
        refusals = {refusal for refusal, _ in faults}
        refusal = Refusal.BAD_CSV if Refusal.BAD_CSV in refusals else Refusal.WRONG_KEY
        raise WalletError(refusal, _told([fault for _, fault in faults]))
    return tuple(rows)


def _told(faults: Sequence[str]) -> str:
    more = len(faults) - _MOST_TOLD
    return "; ".join(faults[:_MOST_TOLD]) + (f"; and {more} more bad lines" if more > 0 else "")


def _check_header(names: Sequence[str], key_column: str) -> None:
    """Refuse a header that would lose cells: of two columns of one name only one would count."""
    if names and key_column not in names:
        raise WalletError(
            Refusal.BAD_CSV,
            f"the CSV has no column {key_column!r}, but {', '.join(names)[:200]!r}; cells are"
            " separated by commas, and --key-column names the column of the holders' keys",
        )
    for name, count in Counter(names).items():
        if count > 1 or not name.strip():
            raise WalletError(
                Refusal.BAD_CSV,
                f"the CSV's header has {name[:70]!r} {count} times; give each column a name of its"
                " own",
            )


def _row(line: int, cells: dict[str, str | None], key_column: str) -> Row:
    if None in cells or None in cells.values():
        raise _BadLine(Refusal.BAD_CSV, "not as many cells as the header has; correct it")
    subject = {name: str(value) for name, value in cells.items()}
    text = subject.pop(key_column).strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 33 or not is_valid_public_key(key):
        raise _BadLine(
            Refusal.WRONG_KEY,
            f"{text[:70]!r} is no public key of 66 hex digits; ask the holder for it",
        )
    return Row(line, key, subject)


def runs_of(positions: Iterable[int]) -> Iterator[range]:
    """Yield ascending positions as ranges without holes."""
    start = end = -1
    for position in positions:
        if position != end:
            if end > start:
                yield range(start, end)
            start = position
        end = position + 1
    if end > start:
        yield range(start, end)
